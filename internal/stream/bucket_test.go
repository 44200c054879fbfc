package stream_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/nats-io/nats-server/v2/server"
	"pgregory.net/rapid"

	"phusong/internal/stream"
)

func openBucket(t testing.TB, s *stream.Server, name string) *stream.Bucket {
	t.Helper()
	b, err := s.Bucket(testContext(t), name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustPut(t testing.TB, b *stream.Bucket, key, value string, revision uint64) uint64 {
	t.Helper()
	next, err := b.Put(testContext(t), key, []byte(value), revision)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// contents returns the items as "key=value", in the order of their last change.
func contents(t testing.TB, b *stream.Bucket) []string {
	t.Helper()
	var got []string
	for item, err := range b.Each(testContext(t)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s=%s", item.Key, item.Value))
	}
	return got
}

func TestBucketComparesBeforeItSets(t *testing.T) {
	t.Parallel()
	b := openBucket(t, open(t, stream.Options{Dir: t.TempDir()}), "desk")
	ctx := testContext(t)
	if _, _, err := b.Get(ctx, "a"); !errors.Is(err, stream.ErrNotFound) {
		t.Errorf("Get of a new key: %v, want ErrNotFound", err)
	}
	first := mustPut(t, b, "a", "1", 0)
	if _, err := b.Put(ctx, "a", []byte("other"), 0); !errors.Is(err, stream.ErrConflict) {
		t.Errorf("Put as new of what is there: %v, want ErrConflict", err)
	}
	second := mustPut(t, b, "a", "2", first)
	if _, err := b.Put(ctx, "a", []byte("late"), first); !errors.Is(err, stream.ErrConflict) {
		t.Errorf("Put over an old revision: %v, want ErrConflict", err)
	}
	if value, revision, err := b.Get(ctx, "a"); string(value) != "2" || revision != second || err != nil {
		t.Errorf("Get: %q, %d, %v; want 2 at %d", value, revision, err, second)
	}
	if err := b.Delete(ctx, "a", first); !errors.Is(err, stream.ErrConflict) {
		t.Errorf("Delete of an old revision: %v, want ErrConflict", err)
	}
	if err := b.Delete(ctx, "a", second); err != nil {
		t.Error(err)
	}
	if _, _, err := b.Get(ctx, "a"); !errors.Is(err, stream.ErrNotFound) {
		t.Errorf("Get of a deleted key: %v, want ErrNotFound", err)
	}
	if err := b.Delete(ctx, "a", second); !errors.Is(err, stream.ErrConflict) {
		t.Errorf("Delete twice: %v, want ErrConflict", err)
	}
	mustPut(t, b, "a", "again", 0)
	if diff := cmp.Diff([]string{"a=again"}, contents(t, b)); diff != "" {
		t.Error(diff)
	}
}

// A conflict is nobody's fault: the service must not call its stream ill.
func TestBucketConflictIsHealthy(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	b := openBucket(t, s, "desk")
	mustPut(t, b, "a", "1", 0)
	if _, err := b.Put(testContext(t), "a", []byte("2"), 0); !errors.Is(err, stream.ErrConflict) {
		t.Fatal(err)
	}
	if err := s.Healthy(); err != nil {
		t.Errorf("Healthy after a conflict: %v", err)
	}
}

func TestBucketRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	b := openBucket(t, s, "desk")
	ctx := testContext(t)
	for _, key := range []string{"", ".a", "a.", "a..b", "a b", "a.*", "a.>", "ắ", string(make([]byte, 300))} {
		if _, err := b.Put(ctx, key, []byte("x"), 0); err == nil {
			t.Errorf("Put took the key %q", key)
		}
		if _, _, err := b.Get(ctx, key); err == nil || errors.Is(err, stream.ErrNotFound) {
			t.Errorf("Get of the key %q: %v", key, err)
		}
	}
	if _, err := b.Put(ctx, "a", make([]byte, stream.MaxValue+1), 0); !errors.Is(err, stream.ErrTooLarge) {
		t.Errorf("Put of too much: %v, want ErrTooLarge", err)
	}
	if _, err := b.Put(ctx, "a", make([]byte, stream.MaxValue), 0); err != nil {
		t.Errorf("Put of the most there may be: %v", err)
	}
	if _, err := b.Put(ctx, "b", nil, 0); err == nil {
		t.Error("Put took nothing for a value")
	}
	if err := b.Delete(ctx, "a", 0); err == nil {
		t.Error("Delete of whatever is there")
	}
	if _, err := s.Bucket(ctx, "No Name"); err == nil {
		t.Error("Bucket took a bad name")
	}
}

func TestBucketIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, stream.Options{Dir: dir})
	b := openBucket(t, s, "desk")
	revision := mustPut(t, b, "area.80.case-1", "one", 0)
	mustPut(t, b, "gone", "x", 0)
	if err := b.Delete(testContext(t), "gone", revision+1); err != nil {
		t.Fatal(err)
	}
	closeServer(t, s)
	b = openBucket(t, open(t, stream.Options{Dir: dir}), "desk")
	if diff := cmp.Diff([]string{"area.80.case-1=one"}, contents(t, b)); diff != "" {
		t.Error(diff)
	}
	mustPut(t, b, "area.80.case-1", "two", revision)
}

// Of many who read, think and write, none loses what another has written.
func TestBucketCountsWithManyWriters(t *testing.T) {
	t.Parallel()
	b := openBucket(t, open(t, stream.Options{Dir: t.TempDir()}), "desk")
	ctx := testContext(t)
	const writers, each = 4, 20
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for done := 0; done < each; {
				var count int
				value, revision, err := b.Get(ctx, "count")
				if err == nil {
					_, err = fmt.Sscan(string(value), &count)
				}
				if err != nil && !errors.Is(err, stream.ErrNotFound) {
					t.Error(err)
					return
				}
				_, err = b.Put(ctx, "count", fmt.Append(nil, count+1), revision)
				if err == nil {
					done++
				} else if !errors.Is(err, stream.ErrConflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	if diff := cmp.Diff([]string{fmt.Sprintf("count=%d", writers*each)}, contents(t, b)); diff != "" {
		t.Error(diff)
	}
}

// watch collects what Watch yields, as text, until stop items came.
func watch(t testing.TB, b *stream.Bucket, items chan<- string) (cancel func()) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for item, err := range b.Watch(ctx) {
			switch {
			case err != nil:
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				return
			case item.Key == "":
				items <- "-"
			case item.Deleted:
				items <- item.Key + " gone"
			default:
				items <- item.Key + "=" + string(item.Value)
			}
		}
	}()
	return func() {
		stop()
		<-done
	}
}

func receive(t testing.TB, items <-chan string, n int) []string {
	t.Helper()
	ctx := testContext(t)
	var got []string
	for range n {
		select {
		case item := <-items:
			got = append(got, item)
		case <-ctx.Done():
			t.Fatalf("after %q nothing came", got)
		}
	}
	return got
}

func TestBucketWatch(t *testing.T) {
	t.Parallel()
	b := openBucket(t, open(t, stream.Options{Dir: t.TempDir()}), "desk")
	items := make(chan string, 16)
	defer watch(t, b, items)()
	if diff := cmp.Diff([]string{"-"}, receive(t, items, 1)); diff != "" {
		t.Error(diff)
	}
	one := mustPut(t, b, "a", "1", 0)
	mustPut(t, b, "b", "1", 0)
	two := mustPut(t, b, "a", "2", one)
	if diff := cmp.Diff([]string{"a=1", "b=1", "a=2"}, receive(t, items, 3)); diff != "" {
		t.Error(diff)
	}
	if err := b.Delete(testContext(t), "a", two); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a gone"}, receive(t, items, 1)); diff != "" {
		t.Error(diff)
	}
	later := make(chan string, 16)
	defer watch(t, b, later)()
	if diff := cmp.Diff([]string{"b=1", "a gone", "-"}, receive(t, later, 3)); diff != "" {
		t.Error(diff)
	}
}

// A watch outlives the server, as a cluster's would be restarted one by one.
func TestBucketWatchSurvivesTheServer(t *testing.T) {
	t.Parallel()
	o := server.Options{StoreDir: t.TempDir()}
	srv := startNATS(t, o)
	o.Port = port(srv)
	b := openBucket(t, open(t, stream.Options{URLs: []string{srv.ClientURL()}}), "desk")
	revision := mustPut(t, b, "a", "1", 0)
	items := make(chan string, 16)
	defer watch(t, b, items)()
	if diff := cmp.Diff([]string{"a=1", "-"}, receive(t, items, 2)); diff != "" {
		t.Error(diff)
	}
	stopNATS(srv)
	startNATS(t, o)
	ctx := testContext(t)
	for {
		_, err := b.Put(ctx, "a", []byte("2"), revision)
		if err == nil || errors.Is(err, stream.ErrConflict) { // it may have been set by a try that was not answered
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"a=2"}, receive(t, items, 1)); diff != "" {
		t.Error(diff)
	}
}

// The tools of NATS read and write it as a bucket of theirs.
func TestBucketIsOneOfNATS(t *testing.T) {
	t.Parallel()
	srv := startNATS(t, server.Options{StoreDir: t.TempDir()})
	b := openBucket(t, open(t, stream.Options{URLs: []string{srv.ClientURL()}}), "desk")
	mustPut(t, b, "a", "1", 0)
	ctx := testContext(t)
	kv, err := adminOf(t, srv).js.KeyValue(ctx, "phusong-desk")
	if err != nil {
		t.Fatal(err)
	}
	entry, err := kv.Get(ctx, "a")
	if err != nil || string(entry.Value()) != "1" {
		t.Fatalf("Get: %v, %v", entry, err)
	}
	if err := kv.Delete(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Get(ctx, "a"); !errors.Is(err, stream.ErrNotFound) {
		t.Errorf("Get after their Delete: %v, want ErrNotFound", err)
	}
}

// TestBucketBehavesLikeItsModel does the same to a bucket and to a map.
func TestBucketBehavesLikeItsModel(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	var buckets atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		b := openBucket(t, s, fmt.Sprint("bucket-", buckets.Add(1)))
		type value struct {
			text     string
			revision uint64
		}
		model := make(map[string]value)
		ctx := testContext(t)
		keys := rapid.SampledFrom([]string{"a", "b", "c.d", "c.e"})
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				key, text := keys.Draw(rt, "key"), rapid.StringN(1, 9, -1).Draw(rt, "text")
				known := model[key].revision + rapid.Uint64Range(0, 1).Draw(rt, "wrong")
				revision, err := b.Put(ctx, key, []byte(text), known)
				if known != model[key].revision {
					if !errors.Is(err, stream.ErrConflict) {
						rt.Fatalf("Put at %d: %v, want ErrConflict", known, err)
					}
					return
				}
				if err != nil {
					rt.Fatal(err)
				}
				model[key] = value{text, revision}
			},
			"delete": func(rt *rapid.T) {
				key := keys.Draw(rt, "key")
				if model[key].revision == 0 {
					return
				}
				if err := b.Delete(ctx, key, model[key].revision); err != nil {
					rt.Fatal(err)
				}
				delete(model, key)
			},
			"get": func(rt *rapid.T) {
				key := keys.Draw(rt, "key")
				got, revision, err := b.Get(ctx, key)
				want, there := model[key]
				if there == errors.Is(err, stream.ErrNotFound) || string(got) != want.text || revision != want.revision {
					rt.Fatalf("Get %s: %q, %d, %v; want %q, %d", key, got, revision, err, want.text, want.revision)
				}
			},
		})
		got, want := map[string]string{}, map[string]string{}
		for item, err := range b.Each(ctx) {
			if err != nil {
				rt.Fatal(err)
			}
			got[item.Key] = string(item.Value)
		}
		for key, v := range model {
			want[key] = v.text
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatal(diff)
		}
	})
}
