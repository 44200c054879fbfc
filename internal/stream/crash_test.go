package stream_test

import (
	"bufio"
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"phusong/internal/stream"
)

// childDir tells a copy of this test binary that it is the one to be killed.
const childDir = "PHUSONG_STREAM_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		appendForEver(dir)
	}
	os.Exit(m.Run())
}

// appendForEver prints the number of each entry that was acknowledged, until
// somebody kills it.
func appendForEver(dir string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx := context.Background()
	s, err := stream.Open(ctx, stream.Options{Dir: dir})
	if err != nil {
		fail(err)
	}
	l, err := s.Log(ctx, stream.LogOptions{Name: "readings", MaxBytes: 1 << 30})
	if err != nil {
		fail(err)
	}
	st, err := l.State(ctx)
	if err != nil {
		fail(err)
	}
	type ack struct {
		seq uint64
		err error
	}
	acks := make(chan ack)
	for worker := range 4 {
		go func() {
			for i := 0; ; i++ {
				data := selfChecking(fmt.Sprintf("%d/%d/%d/", st.Last, worker, i), 200+4000*worker)
				seq, err := l.Append(ctx, "", []byte(data), i)
				acks <- ack{seq, err}
			}
		}()
	}
	var saved uint64
	for a := range acks {
		if a.err != nil {
			fail(a.err)
		}
		fmt.Println(a.seq)
		if a.seq%10 == 0 && a.seq > saved { // the workers' answers may overtake each other
			saved = a.seq
			if err := l.SavePosition(ctx, "store", a.seq); err != nil {
				fail(err)
			}
			fmt.Println("position", a.seq)
		}
		if a.seq%70 == 0 {
			if err := l.Trim(ctx, time.Now(), "store"); err != nil {
				fail(err)
			}
		}
	}
}

// selfChecking returns about n bytes that tell whether they are whole.
func selfChecking(start string, n int) string {
	body := start + strings.Repeat("~", n)
	return fmt.Sprintf("%s%08x", body, crc32.ChecksumIEEE([]byte(body)))
}

func isWhole(data string) bool {
	if len(data) < 8 {
		return false
	}
	body, sum := data[:len(data)-8], data[len(data)-8:]
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body))) == sum
}

func TestNothingAcknowledgedIsLostWhenKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acknowledged []uint64
	var position uint64
	for round := range 3 {
		seqs, pos := killAfter(t, dir, 300)
		acknowledged = append(acknowledged, seqs...)
		position = max(position, pos)

		s := open(t, stream.Options{Dir: dir})
		l := openLog(t, s, stream.LogOptions{Name: "readings"})
		checkAll(t, l, acknowledged)
		pos, err := l.Position(testContext(t), "store")
		if err != nil || pos < position {
			t.Errorf("round %d: position %d, %v; %d was saved", round, pos, err, position)
		}
		st, err := l.State(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if st.First > pos+1 {
			t.Errorf("round %d: trimmed up to %d, but read only up to %d", round, st.First-1, pos)
		}
		closeServer(t, s)
	}
}

// killAfter runs the child on dir, kills it without warning once it has told of
// n acknowledged entries, and returns all it told.
func killAfter(t *testing.T, dir string, n int) (seqs []uint64, position uint64) {
	t.Helper()
	child := exec.CommandContext(testContext(t), os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		word, number, isPosition := strings.Cut(lines.Text(), " ")
		if !isPosition {
			number = word
		}
		seq, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			break // the last line may be cut
		}
		if isPosition {
			position = max(position, seq)
			continue
		}
		seqs = append(seqs, seq)
		if len(seqs) == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait()
	if len(seqs) < n {
		t.Fatalf("the child stopped by itself after %d entries", len(seqs))
	}
	return seqs, position
}

// checkAll reads l from its beginning and wants every acknowledged entry that
// was not trimmed whole, and every other one too.
func checkAll(t *testing.T, l *stream.Log, acknowledged []uint64) {
	t.Helper()
	st, err := l.State(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	have := make(map[uint64]bool)
	r := openReader(t, l, 1)
	for last := st.First - 1; last < st.Last; {
		e, err := r.Next(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if e.Seq != last+1 {
			t.Fatalf("entry %d after %d", e.Seq, last)
		}
		if !isWhole(string(e.Data)) {
			t.Fatalf("entry %d is damaged", e.Seq)
		}
		last = e.Seq
		have[e.Seq] = true
	}
	for _, seq := range acknowledged {
		if seq >= st.First && !have[seq] {
			t.Errorf("entry %d was acknowledged and is not there", seq)
		}
	}
}
