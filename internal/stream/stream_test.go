package stream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/stream"
	"phusong/internal/testbed"
)

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testbed.Patience)
	t.Cleanup(cancel)
	return ctx
}

// testLogger shows what the server said when the test fails.
func testLogger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func open(t testing.TB, o stream.Options) *stream.Server {
	t.Helper()
	if o.Logger == nil {
		o.Logger = testLogger(t)
	}
	s, err := stream.Open(testContext(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeServer(t, s) })
	return s
}

func closeServer(t testing.TB, s *stream.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testbed.Patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func openLog(t testing.TB, s *stream.Server, o stream.LogOptions) *stream.Log {
	t.Helper()
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	l, err := s.Log(testContext(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustAppend(t testing.TB, l *stream.Log, data string) uint64 {
	t.Helper()
	seq, err := l.Append(testContext(t), "", []byte(data), len(data))
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func openReader(t testing.TB, l *stream.Log, from uint64) *stream.Reader {
	t.Helper()
	r, err := l.Reader(testContext(t), from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// take reads n entries and returns them as "number=data".
func take(t testing.TB, r *stream.Reader, n int) []string {
	t.Helper()
	ctx := testContext(t)
	var got []string
	for range n {
		e, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		got = append(got, fmt.Sprintf("%d=%s", e.Seq, e.Data))
	}
	return got
}

func TestLogKeepsOrderCountAndTime(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	before := time.Now()
	for _, data := range []string{"a", "bb", "ccc"} {
		mustAppend(t, l, data)
	}
	r := openReader(t, l, 0)
	for i, want := range []stream.Entry{
		{Seq: 1, Count: 1, Data: []byte("a")},
		{Seq: 2, Count: 2, Data: []byte("bb")},
		{Seq: 3, Count: 3, Data: []byte("ccc")},
	} {
		got, err := r.Next(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if got.Time.Before(before.Add(-time.Millisecond)) || got.Time.After(time.Now()) {
			t.Errorf("entry %d: Time %s is not between append and now", i, got.Time)
		}
		got.Time = time.Time{}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entry %d (-want +got):\n%s", i, diff)
		}
	}
	if e, ok := r.TryNext(); ok {
		t.Errorf("TryNext after the last entry returned %d", e.Seq)
	}
	if err := s.Healthy(); err != nil {
		t.Errorf("Healthy: %v", err)
	}
}

func TestReaderStartsAnywhereAndWaits(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	for i := range 5 {
		mustAppend(t, l, fmt.Sprint("e", i+1))
	}
	if diff := cmp.Diff([]string{"4=e4", "5=e5"}, take(t, openReader(t, l, 4), 2)); diff != "" {
		t.Errorf("from the middle (-want +got):\n%s", diff)
	}

	tail := openReader(t, l, 6) // not appended yet
	got := make(chan string)
	go func() {
		e, err := tail.Next(testContext(t))
		got <- fmt.Sprintf("%d=%s %v", e.Seq, e.Data, err)
	}()
	mustAppend(t, l, "e6")
	if diff := cmp.Diff("6=e6 <nil>", <-got); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}

	ctx, cancel := context.WithCancelCause(context.Background())
	stopped := errors.New("stopped")
	cancel(stopped)
	if _, err := tail.Next(ctx); !errors.Is(err, stopped) {
		t.Errorf("Next with an ended context: %v, want its cause", err)
	}
	// An interrupted wait loses nothing.
	mustAppend(t, l, "e7")
	if diff := cmp.Diff([]string{"7=e7"}, take(t, tail, 1)); diff != "" {
		t.Errorf("after an interrupted wait (-want +got):\n%s", diff)
	}

	if _, err := l.Reader(testContext(t), 100); !errors.Is(err, stream.ErrBeyondEnd) {
		t.Errorf("Reader far beyond the end: %v, want ErrBeyondEnd", err)
	}
}

func TestReaderSteppingOverManyRequestsAndHoles(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	const n = 700 // several requests of the reader
	var want []string
	for i := 1; i <= n; i++ {
		mustAppend(t, l, fmt.Sprint("e", i))
	}
	for i := uint64(1); i <= n; i++ {
		if i%7 == 0 {
			if err := l.Delete(testContext(t), i); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want = append(want, fmt.Sprintf("%d=e%d", i, i))
	}
	if diff := cmp.Diff(want, take(t, openReader(t, l, 1), len(want))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var listed []string
	for e, err := range l.Entries(testContext(t), 0) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, fmt.Sprintf("%d=%s", e.Seq, e.Data))
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("Entries (-want +got):\n%s", diff)
	}
}

func TestTryNextTakesWhatHasArrived(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	const n = 600
	for i := range n {
		mustAppend(t, l, fmt.Sprint(i))
	}
	r := openReader(t, l, 1)
	seen, waits := uint64(0), 0
	for seen < n {
		e, err := r.Next(testContext(t))
		waits++
		for ok := err == nil; ok; e, ok = r.TryNext() {
			if e.Seq != seen+1 {
				t.Fatalf("entry %d after %d", e.Seq, seen)
			}
			seen = e.Seq
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if waits == n {
		t.Errorf("each of %d entries had to be waited for: TryNext returned none", n)
	}
}

func TestLargestEntry(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	big := strings.Repeat("x", l.MaxEntry())
	if _, err := l.Append(testContext(t), "", []byte(big+"x"), 1); !errors.Is(err, stream.ErrTooLarge) {
		t.Errorf("one byte too much: %v, want ErrTooLarge", err)
	}
	if err := s.Healthy(); err != nil {
		t.Errorf("a refused entry made the server unhealthy: %v", err)
	}
	all := []string{"small", big, "small again", big}
	for i, data := range all {
		testbed.Eventually(t, testbed.Patience, func() error { // a busy disk takes its time
			_, err := l.Append(testContext(t), fmt.Sprint(i), []byte(data), 1)
			return err
		})
	}
	r := openReader(t, l, 1)
	for i, want := range all {
		e, err := r.Next(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if string(e.Data) != want {
			t.Errorf("entry %d has %d bytes, want %d", i, len(e.Data), len(want))
		}
	}
	testbed.Eventually(t, testbed.Patience, func() error {
		e, err := l.Entry(testContext(t), 2)
		if err == nil && string(e.Data) != big {
			t.Errorf("Entry(2) has %d bytes", len(e.Data))
		}
		return err
	})
}

func TestPositionsSurviveReopening(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, stream.Options{Dir: dir})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	for i := range 3 {
		mustAppend(t, l, fmt.Sprint("e", i+1))
	}
	if pos, err := l.Position(testContext(t), "store"); pos != 0 || err != nil {
		t.Errorf("never saved: %d, %v; want 0", pos, err)
	}
	for _, seq := range []uint64{1, 2} {
		if err := l.SavePosition(testContext(t), "store", seq); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.SavePosition(testContext(t), "watch", 3); err != nil {
		t.Fatal(err)
	}
	closeServer(t, s)

	l = openLog(t, open(t, stream.Options{Dir: dir}), stream.LogOptions{Name: "readings"})
	for name, want := range map[string]uint64{"store": 2, "watch": 3, "other": 0} {
		if pos, err := l.Position(testContext(t), name); pos != want || err != nil {
			t.Errorf("%s: %d, %v; want %d", name, pos, err, want)
		}
	}
	if diff := cmp.Diff([]string{"3=e3"}, take(t, openReader(t, l, 3), 1)); diff != "" {
		t.Errorf("resumed (-want +got):\n%s", diff)
	}
}

func TestFullLogRefusesAndKeeps(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "readings", MaxBytes: 64 << 10})
	data := strings.Repeat("x", 1000)
	var last uint64
	var err error
	for err == nil {
		var seq uint64
		if seq, err = l.Append(testContext(t), "", []byte(data), 1); err == nil {
			last = seq
		}
	}
	if !errors.Is(err, stream.ErrFull) {
		t.Fatalf("Append on a full log: %v, want ErrFull", err)
	}
	if err := s.Healthy(); !errors.Is(err, stream.ErrFull) {
		t.Errorf("Healthy with a full log: %v, want ErrFull", err)
	}
	st, err := l.State(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if st.First != 1 || st.Last != last || st.Entries != last || st.Bytes > st.MaxBytes || st.MaxBytes != 64<<10 {
		t.Errorf("State %+v after %d acknowledged entries", st, last)
	}
	if err := l.SavePosition(testContext(t), "store", 10); err != nil {
		t.Fatal(err)
	}
	if err := l.Trim(testContext(t), time.Now(), "store"); err != nil {
		t.Fatal(err)
	}
	if err := s.Healthy(); err != nil {
		t.Errorf("Healthy after Trim: %v", err)
	}
	if seq := mustAppend(t, l, data); seq != last+1 {
		t.Errorf("first entry after Trim has number %d, want %d", seq, last+1)
	}
}

func TestDropOldest(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "dead-letters", MaxBytes: 16 << 10, WhenFull: stream.DropOldest})
	for range 40 {
		mustAppend(t, l, strings.Repeat("x", 1000))
	}
	st, err := l.State(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if st.First < 20 || st.Last != 40 || st.Entries != st.Last-st.First+1 {
		t.Errorf("State %+v: want the newest few of 40", st)
	}
}

func TestTrimNeverTakesWhatIsNotRead(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	keep := time.Hour
	l := openLog(t, s, stream.LogOptions{Name: "readings", Keep: keep})
	for i := range 6 {
		mustAppend(t, l, fmt.Sprint("e", i+1))
	}
	save := func(name string, seq uint64) {
		t.Helper()
		if err := l.SavePosition(testContext(t), name, seq); err != nil {
			t.Fatal(err)
		}
	}
	at := func(seq uint64) time.Time {
		t.Helper()
		e, err := l.Entry(testContext(t), seq)
		if err != nil {
			t.Fatal(err)
		}
		return e.Time
	}
	later := time.Now().Add(24 * time.Hour)
	save("store", 5)
	for _, step := range []struct {
		name    string
		now     time.Time
		readers []string
		first   uint64
	}{
		{"one reader never saved", later, []string{"store", "watch"}, 1},
		{"all entries are young", time.Now(), []string{"store"}, 1},
		{"exactly as old as Keep", at(3).Add(keep), []string{"store"}, 3},
		{"a moment older than Keep", at(3).Add(keep + 1), []string{"store"}, 4},
		{"old, but not all read", later, []string{"store"}, 6},
		{"again", later, []string{"store"}, 6},
		{"by age alone", later, nil, 7},
		{"empty", later, nil, 7},
	} {
		if err := l.Trim(testContext(t), step.now, step.readers...); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		st, err := l.State(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if st.First != step.first || st.Last != 6 {
			t.Errorf("%s: left %d..%d, want %d..6", step.name, st.First, st.Last, step.first)
		}
	}
	if seq := mustAppend(t, l, "e7"); seq != 7 {
		t.Errorf("numbers went on at %d, want 7", seq)
	}
}

func TestEntryAndDelete(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "dead-letters"})
	for i := range 3 {
		mustAppend(t, l, fmt.Sprint("e", i+1))
	}
	if err := l.Delete(testContext(t), 2); err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{0, 2, 4} {
		if _, err := l.Entry(testContext(t), seq); !errors.Is(err, stream.ErrNotFound) {
			t.Errorf("Entry(%d): %v, want ErrNotFound", seq, err)
		}
		if err := l.Delete(testContext(t), seq); !errors.Is(err, stream.ErrNotFound) {
			t.Errorf("Delete(%d): %v, want ErrNotFound", seq, err)
		}
	}
	if e, err := l.Entry(testContext(t), 3); err != nil || string(e.Data) != "e3" {
		t.Errorf("Entry(3): %q, %v", e.Data, err)
	}
}

// A caller that did not hear the answer appends again under the same id.
func TestAppendAgainUnderOneIDAddsNothing(t *testing.T) {
	t.Parallel()
	l := openLog(t, open(t, stream.Options{Dir: t.TempDir()}), stream.LogOptions{Name: "readings", MaxBytes: 1 << 20})
	for _, step := range []struct {
		id   string
		want uint64
	}{{"a", 1}, {"a", 1}, {"b", 2}, {"", 3}, {"", 4}, {"a", 1}} {
		<-time.After(150 * time.Millisecond) // longer than JetStream's shortest memory of ids
		seq, err := l.Append(testContext(t), step.id, []byte("x"), 1)
		if err != nil || seq != step.want {
			t.Fatalf("append under id %q: got entry %d, %v; want %d", step.id, seq, err, step.want)
		}
	}
	if n, err := l.Count(testContext(t), 2); err != nil || n != 3 {
		t.Errorf("records from entry 2 on: %d, %v; want 3", n, err)
	}
}
