package stream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/stream"
)

func TestDirectoryBelongsToOneServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, stream.Options{Dir: dir})
	if _, err := stream.Open(testContext(t), stream.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("second Open of one directory: %v", err)
	}
	closeServer(t, s)
	open(t, stream.Options{Dir: dir})
}

func TestUnusableDirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "jetstream"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"below a file": filepath.Join(file, "x"), "a file in it": taken} {
		if _, err := stream.Open(testContext(t), stream.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "stream") {
			t.Errorf("%s: Open: %v", name, err)
		}
	}
}

// nats-server 2.15 deletes a stream that it cannot recover. This test makes a
// recovery fail and wants everything back once the cause is gone.
func TestFailedRecoveryCostsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, stream.Options{Dir: dir})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	for i := range 3 {
		mustAppend(t, l, fmt.Sprint("e", i+1))
	}
	if err := l.SavePosition(testContext(t), "store", 1); err != nil {
		t.Fatal(err)
	}
	closeServer(t, s)

	// A file where the server wants a directory.
	obstacle := filepath.Join(dir, "jetstream", "$G", "streams", "phusong-readings", "obs")
	if err := os.RemoveAll(obstacle); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := stream.Open(testContext(t), stream.Options{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), "phusong-readings") {
			t.Fatalf("Open with a stream that cannot be recovered: %v", err)
		}
	}
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	l = openLog(t, open(t, stream.Options{Dir: dir}), stream.LogOptions{Name: "readings"})
	if diff := cmp.Diff([]string{"1=e1", "2=e2", "3=e3"}, take(t, openReader(t, l, 1), 3)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if pos, err := l.Position(testContext(t), "store"); pos != 1 || err != nil {
		t.Errorf("Position: %d, %v; want 1", pos, err)
	}
}

// A start that died between the loss and the repair leaves its guard behind.
func TestGuardOfDeadStartIsUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, stream.Options{Dir: dir})
	mustAppend(t, openLog(t, s, stream.LogOptions{Name: "readings"}), "e1")
	closeServer(t, s)
	if err := os.MkdirAll(filepath.Join(dir, "guard"), 0o700); err != nil {
		t.Fatal(err)
	}
	live := filepath.Join(dir, "jetstream", "$G", "streams", "phusong-readings")
	if err := os.Rename(live, filepath.Join(dir, "guard", "phusong-readings")); err != nil {
		t.Fatal(err)
	}
	l := openLog(t, open(t, stream.Options{Dir: dir}), stream.LogOptions{Name: "readings"})
	if diff := cmp.Diff([]string{"1=e1"}, take(t, openReader(t, l, 1), 1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "guard")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the guard is still there: %v", err)
	}
}

func TestCloseWaitsForAppendsAndEndsReaders(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	r := openReader(t, l, 1)
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := r.Next(context.Background()); err != nil {
				ended <- err
				return
			}
		}
	}()
	var wg sync.WaitGroup
	results := make(chan error, 8)
	busy := make(chan struct{}, 8)
	for range cap(results) {
		wg.Go(func() {
			for first := true; ; first = false {
				_, err := l.Append(context.Background(), "", []byte("x"), 1)
				if err != nil {
					results <- err
					return
				}
				if first {
					busy <- struct{}{}
				}
			}
		})
	}
	for range cap(busy) {
		<-busy
	}
	closeServer(t, s)
	wg.Wait()
	for range cap(results) {
		if err := <-results; !errors.Is(err, stream.ErrClosed) {
			t.Errorf("Append during Close: %v, want ErrClosed", err)
		}
	}
	if err := <-ended; !errors.Is(err, stream.ErrClosed) {
		t.Errorf("Next during Close: %v, want ErrClosed", err)
	}
	if err := s.Healthy(); !errors.Is(err, stream.ErrClosed) {
		t.Errorf("Healthy after Close: %v, want ErrClosed", err)
	}
	closeServer(t, s) // a second time does nothing
}

func TestLogLimitsCanChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, stream.Options{Dir: dir})
	l := openLog(t, s, stream.LogOptions{Name: "readings", MaxBytes: 1 << 20})
	for range 20 {
		mustAppend(t, l, strings.Repeat("x", 1000))
	}
	// Smaller than what is in it: nothing may go.
	l = openLog(t, s, stream.LogOptions{Name: "readings", MaxBytes: 10 << 10})
	st, err := l.State(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if st.Entries != 20 || st.MaxBytes != 10<<10 {
		t.Errorf("after shrinking: %+v, want 20 entries", st)
	}
	if _, err := l.Append(testContext(t), "", []byte("x"), 1); !errors.Is(err, stream.ErrFull) {
		t.Errorf("Append: %v, want ErrFull", err)
	}
	closeServer(t, s)
	l = openLog(t, open(t, stream.Options{Dir: dir}), stream.LogOptions{Name: "readings", MaxBytes: 1 << 20})
	if seq := mustAppend(t, l, "x"); seq != 21 {
		t.Errorf("after growing: number %d, want 21", seq)
	}
}

func TestManyServersInOneProcess(t *testing.T) {
	t.Parallel()
	for i := range 3 {
		l := openLog(t, open(t, stream.Options{Dir: t.TempDir()}), stream.LogOptions{Name: "readings"})
		want := fmt.Sprint("server ", i)
		mustAppend(t, l, want)
		if diff := cmp.Diff([]string{"1=" + want}, take(t, openReader(t, l, 1), 1)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	dir := t.TempDir()
	if _, err := stream.Open(ctx, stream.Options{Dir: dir}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open: %v, want the context's error", err)
	}
	open(t, stream.Options{Dir: dir}) // and it has left nothing behind
}
