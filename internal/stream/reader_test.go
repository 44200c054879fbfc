package stream_test

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"

	"phusong/internal/stream"
)

// said is what the server says about a request.
func said(reply, status, description string, more ...string) *nats.Msg {
	m := &nats.Msg{Subject: reply, Header: nats.Header{"Status": {status}, "Description": {description}}}
	for i := 0; i+1 < len(more); i += 2 {
		m.Header.Set(more[i], more[i+1])
	}
	return m
}

func readNext(t *testing.T, r *stream.Reader, want string) {
	t.Helper()
	if e, err := r.Next(testContext(t)); err != nil || string(e.Data) != want {
		t.Fatalf("read %q, %v; want %q", e.Data, err, want)
	}
}

// The server says that a request is done with when the reader has asked again already. The reader has one
// request open at a time all the same: more of them would bring more than there is room for.
func TestAReaderAsksOnceAtATime(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	const n = 300 // one request asks for 256
	for i := range n {
		mustAppend(t, l, fmt.Sprint(i))
	}
	r := openReader(t, l, 1)
	_, first := r.Request()
	for i := range n {
		readNext(t, r, fmt.Sprint(i))
	}
	asked := func(want int) {
		t.Helper()
		if e, ok := r.TryNext(); ok {
			t.Fatalf("there is an entry %q", e.Data)
		}
		if number, _ := r.Request(); number != want {
			t.Fatalf("%d requests for %d entries, want %d", number, n, want)
		}
	}
	asked(2)
	for _, late := range []*nats.Msg{said(first, "409", "Batch Completed"), said(first, "408", "Request Timeout"), said(first, "409", "Message Size Exceeds MaxBytes")} {
		if r.Hear(late) {
			t.Error("a word of the server is taken for an entry")
		}
		asked(2)
	}
	_, second := r.Request()
	r.Hear(said(second, "408", "Request Timeout"))
	asked(3)
	mustAppend(t, l, "one more")
	readNext(t, r, "one more")
}

// What was lost on the way is noticed where nothing follows that would show the hole.
func TestAReaderMissesTheLastEntries(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	r := openReader(t, l, 1)
	mustAppend(t, l, "one")
	readNext(t, r, "one")
	_, reply := r.Request()
	for _, tt := range []struct {
		sent     string
		attached bool
	}{{"1", true}, {"", true}, {"3", false}} {
		r.Hear(said(reply, "100", "Idle Heartbeat", "Nats-Last-Consumer", tt.sent))
		if number, _ := r.Request(); (number > 0) != tt.attached {
			t.Errorf("one entry has arrived and the consumer has sent %q: attached %v, want %v", tt.sent, number > 0, tt.attached)
		}
	}
	mustAppend(t, l, "two")
	readNext(t, r, "two")
}
