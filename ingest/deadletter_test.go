package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/ingest"
)

func letter(topic, payload string) ingest.DeadLetter {
	return ingest.DeadLetter{Time: noon, Topic: topic, Payload: []byte(payload), Size: len(payload), Reason: "because", Class: "payload", Count: 1}
}

// keep appends each group of letters as one entry.
func keep(t testing.TB, log *memoryLog, groups ...[]ingest.DeadLetter) {
	t.Helper()
	for _, group := range groups {
		before := len(log.held())
		if _, err := ingest.AppendLetters(t.Context(), log, group); err != nil {
			t.Fatal(err)
		}
		if n := len(log.held()) - before; n != 1 {
			t.Fatalf("%d letters made %d entries, want 1", len(group), n)
		}
	}
}

func TestDeadLettersRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		log := newLog()
		log.max = ingest.MinEntry
		var want []ingest.DeadLetter
		for range rapid.IntRange(1, 20).Draw(rt, "letters") {
			d := letter(rapid.String().Draw(rt, "topic"), string(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(rt, "payload")))
			d.Payload = bytes.Repeat(d.Payload, rapid.IntRange(1, 500).Draw(rt, "times"))
			d.Size = len(d.Payload)
			d.Reason = rapid.String().Draw(rt, "reason")
			want = append(want, d)
		}
		if rest, err := ingest.AppendLetters(t.Context(), log, slices.Clone(want)); err != nil || len(rest) > 0 {
			rt.Fatalf("%d left, error %v", len(rest), err)
		}
		got := list(t, log)
		for i := range got {
			if got[i].ID == "" || slices.ContainsFunc(got[:i], func(d ingest.DeadLetter) bool { return d.ID == got[i].ID }) {
				rt.Errorf("letter %d has the id %q", i, got[i].ID)
			}
			got[i].ID = ""
		}
		// cmp takes its time over long payloads, so it has the word only in case.
		if !reflect.DeepEqual(want, got) {
			rt.Errorf("listed (-want +got):\n%s", cmp.Diff(want, got))
		}
		log.check(rt)
	})
}

func TestWhatDoesNotFitIsClipped(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*ingest.MinEntry)
	for _, test := range []struct {
		name      string
		letter    ingest.DeadLetter
		truncated bool
	}{
		{"payload", letter("t", long), true},
		{"payload of bytes that are no text", letter("t", strings.Repeat("\xff\x00", ingest.MinEntry)), true},
		{"topic", letter(long, "p"), false},
		{"topic of bytes that are no text", letter(strings.Repeat("\xff", ingest.MinEntry), "p"), false},
		{"topic in escapes", letter(strings.Repeat("\x01", ingest.MinEntry), long), true},
		{"topic cut within a letter", letter(strings.Repeat("ủ", ingest.MinEntry), "p"), false},
		{"invalid topic", letter("phusong/\xff\xfe/x", "p"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			log := newLog()
			log.max = ingest.MinEntry
			keep(t, log, []ingest.DeadLetter{test.letter})
			got := list(t, log)[0]
			if got.Size != test.letter.Size || got.Truncated() != test.truncated || !bytes.HasPrefix(test.letter.Payload, got.Payload) {
				t.Errorf("%d of %d bytes are kept, truncated is %v", len(got.Payload), got.Size, got.Truncated())
			}
			if test.truncated && len(got.Payload) < ingest.MinEntry/2 {
				t.Errorf("only %d bytes are kept where %d fit", len(got.Payload), ingest.MinEntry)
			}
			if got.Topic == "" || strings.ContainsRune(got.Topic, 0xfffd) {
				t.Errorf("the topic became %.20q", got.Topic)
			}
			log.check(t)
		})
	}
}

func TestLettersFillEntriesAndNoMore(t *testing.T) {
	t.Parallel()
	log := newLog()
	log.max = ingest.MinEntry
	letters := slices.Repeat([]ingest.DeadLetter{letter("t", strings.Repeat("x", ingest.MinEntry/10))}, 30)
	if _, err := ingest.AppendLetters(t.Context(), log, letters); err != nil {
		t.Fatal(err)
	}
	log.check(t) // no entry too long
	if n := len(log.held()); n > 6 {
		t.Errorf("%d entries for 30 letters of which 7 fit into one", n)
	}
	if n := len(list(t, log)); n != 30 {
		t.Errorf("%d letters, want 30", n)
	}
}

func TestListStopsWhenTold(t *testing.T) {
	t.Parallel()
	log := newLog()
	keep(t, log, []ingest.DeadLetter{letter("a", "1"), letter("b", "2")}, []ingest.DeadLetter{letter("c", "3")})
	var got []string
	err := ingest.ListDeadLetters(t.Context(), log, func(d ingest.DeadLetter) bool {
		got = append(got, d.ID+" "+d.Topic)
		return len(got) < 2
	})
	if diff := cmp.Diff([]string{"1-0 a", "1-1 b"}, got); err != nil || diff != "" {
		t.Errorf("error %v, listed (-want +got):\n%s", err, diff)
	}
}

func TestDamagedLettersDoNotHideTheOthers(t *testing.T) {
	t.Parallel()
	log := newLog()
	keep(t, log, []ingest.DeadLetter{letter("a", "1")})
	log.add("", []byte("half a"), 3)
	keep(t, log, []ingest.DeadLetter{letter("b", "2")})
	got := list(t, log)
	if len(got) != 3 || got[0].Topic != "a" || got[2].Topic != "b" {
		t.Fatalf("listed %+v", got)
	}
	if d := got[1]; d.Count != 3 || string(d.Payload) != "half a" || !strings.Contains(d.Reason, "entry 2 of the dead letters cannot be read") {
		t.Errorf("the damaged entry is listed as %+v", d)
	}
	// Nobody can replay it, and it stays.
	n, err := ingest.ReplayDeadLetters(t.Context(), log, all, func(context.Context, []ingest.DeadLetter) error { return nil })
	if n != 2 || err != nil {
		t.Errorf("replayed %d, error %v", n, err)
	}
	if left := list(t, log); len(left) != 1 || left[0].Count != 3 {
		t.Errorf("left are %+v", left)
	}
}

func all(*ingest.DeadLetter) bool { return true }

func TestReplay(t *testing.T) {
	t.Parallel()
	groups := func() [][]ingest.DeadLetter {
		half := letter("long", "12345")
		half.Size = 1000
		return [][]ingest.DeadLetter{
			{letter("a", "1"), letter("b", "2"), letter("c", "3")},
			{letter("d", "4")},
			{half, letter("", "no topic"), letter("e", "5")},
		}
	}
	only := func(ids ...string) func(*ingest.DeadLetter) bool {
		return func(d *ingest.DeadLetter) bool { return slices.Contains(ids, d.ID) }
	}
	for _, test := range []struct {
		name    string
		pick    func(*ingest.DeadLetter) bool
		handled []string // topics
		left    []string // id and topic
	}{
		{"all that can be", all, []string{"a", "b", "c", "d", "e"}, []string{"3-0 long", "3-1 "}},
		{"none", only(), nil, []string{"1-0 a", "1-1 b", "1-2 c", "2-0 d", "3-0 long", "3-1 ", "3-2 e"}},
		{"some; the others keep their ids", only("1-1", "2-0"), []string{"b", "d"}, []string{"3-0 long", "3-1 ", "3-2 e", "1-0 a", "1-2 c"}},
		{"not a part of a payload", only("3-0"), nil, []string{"1-0 a", "1-1 b", "1-2 c", "2-0 d", "3-0 long", "3-1 ", "3-2 e"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			log := newLog()
			keep(t, log, groups()...)
			var handled []string
			n, err := ingest.ReplayDeadLetters(t.Context(), log, test.pick, func(_ context.Context, letters []ingest.DeadLetter) error {
				for _, d := range letters {
					handled = append(handled, d.Topic)
				}
				return nil
			})
			if n != len(test.handled) || err != nil {
				t.Errorf("replayed %d, error %v", n, err)
			}
			if diff := cmp.Diff(test.handled, handled); diff != "" {
				t.Errorf("handled (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.left, names(t, log)); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
		})
	}
}

// names returns the id and topic of each dead letter.
func names(t *testing.T, log ingest.Letters) []string {
	t.Helper()
	var left []string
	for _, d := range list(t, log) {
		left = append(left, d.ID+" "+d.Topic)
	}
	return left
}

// An id as listed yesterday must find the same letter after others were replayed
// today, more than once.
func TestIDsSurviveReplaysOfOthers(t *testing.T) {
	t.Parallel()
	log := newLog()
	var group []ingest.DeadLetter
	for i := range 5 {
		group = append(group, letter(fmt.Sprint("topic-", i), "x"))
	}
	keep(t, log, group)
	for _, i := range []int{3, 0, 4, 2, 1} {
		id := fmt.Sprint("1-", i)
		n, err := ingest.ReplayDeadLetters(t.Context(), log, func(d *ingest.DeadLetter) bool { return d.ID == id },
			func(_ context.Context, letters []ingest.DeadLetter) error {
				if len(letters) != 1 || letters[0].Topic != fmt.Sprint("topic-", i) {
					t.Errorf("the id %s found %+v", id, letters)
				}
				return nil
			})
		if n != 1 || err != nil {
			t.Fatalf("replaying %s: %d, %v", id, n, err)
		}
	}
	if left := names(t, log); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

func TestReplayThatFailsKeepsTheLetters(t *testing.T) {
	t.Parallel()
	group := []ingest.DeadLetter{letter("a", "1"), letter("b", "2")}
	first := func(d *ingest.DeadLetter) bool { return d.Topic == "a" }
	for _, test := range []struct {
		name    string
		handle  error
		append  []outcome
		deletes []outcome
		left    []string
	}{
		{"the handler fails", errors.New("no"), nil, nil, []string{"1-0 a", "1-1 b"}},
		{"what stays cannot be appended", nil, []outcome{failsBefore}, nil, []string{"1-0 a", "1-1 b"}},
		{"what stays is appended, and then comes the crash", nil, []outcome{failsAfter}, nil, []string{"1-0 a", "1-1 b", "1-1 b"}},
		{"the old entry cannot be deleted", nil, nil, []outcome{failsBefore}, []string{"1-0 a", "1-1 b", "1-1 b"}},
		{"it was deleted all the same", nil, nil, []outcome{failsAfter}, []string{"1-1 b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			log := newLog()
			keep(t, log, slices.Clone(group)) // what is kept is clipped in place
			log.script, log.deletes = test.append, test.deletes
			_, err := ingest.ReplayDeadLetters(t.Context(), log, first, func(context.Context, []ingest.DeadLetter) error { return test.handle })
			if err == nil {
				t.Error("the failure is not reported")
			}
			if diff := cmp.Diff(test.left, names(t, log)); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
		})
	}
}

// Through the pipeline, as the service does it: what was mended becomes a reading,
// what is still wrong a dead letter anew, and nothing is replayed for ever.
func TestReplayThroughThePipeline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, nil)
		start(t, p.pipeline.Run)
		keep(t, p.letters, []ingest.DeadLetter{
			letter(topic("ap-1"), `{"rx_bytes":1}`), letter(topic("ap-1"), `{"rx_bytes":-1}`), letter("elsewhere/\xff", `{}`),
		})
		handle := func(_ context.Context, letters []ingest.DeadLetter) error {
			var acks []chan time.Time
			for _, d := range letters {
				acks = append(acks, p.send(t, d.Topic, d.Payload))
			}
			for _, acked := range acks {
				<-acked
			}
			return nil
		}
		n, err := ingest.ReplayDeadLetters(t.Context(), p.letters, all, handle)
		if n != 3 || err != nil {
			t.Fatalf("replayed %d, error %v", n, err)
		}
		if got := tags(p.log.readings()); !slices.Equal(got, []int64{1}) {
			t.Errorf("the log holds %v, want 1", got)
		}
		if diff := cmp.Diff([]string{"2-0 " + topic("ap-1"), "2-1 elsewhere/?"}, names(t, p.letters)); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
		if b := p.ledger.Balance(); b != (ingest.Balance{Received: 3, Rejected: 2, InLog: 1}) {
			t.Errorf("the ledger says %+v", b)
		}
	})
}
