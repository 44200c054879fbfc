package desk_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"

	"phusong/alerts/desk"
	"phusong/internal/stream"
)

// memory is a bucket that keeps the contract strictly, and can be told to fail.
type memory struct {
	mu       sync.Mutex
	items    map[string]desk.Item
	revision uint64
	changes  []desk.Item
	wake     chan struct{}
	// before is called with each Put, without the lock: what it does happens in between.
	before func(key string)
	// fail makes the next Put end with the error, after its effect when effective.
	fail      error
	effective bool
}

func newMemory() *memory {
	return &memory{items: make(map[string]desk.Item), wake: make(chan struct{})}
}

func (m *memory) Get(_ context.Context, key string) ([]byte, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	item, ok := m.items[key]
	if !ok {
		return nil, 0, desk.ErrNotFound
	}
	return bytes.Clone(item.Value), item.Revision, nil
}

func (m *memory) Put(_ context.Context, key string, value []byte, revision uint64) (uint64, error) {
	if m.before != nil {
		m.before(key)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil && !m.effective {
		err := m.fail
		m.fail = nil
		return 0, err
	}
	if m.items[key].Revision != revision {
		return 0, desk.ErrConflict
	}
	m.change(desk.Item{Key: key, Value: bytes.Clone(value)})
	if m.fail != nil {
		err := m.fail
		m.fail = nil
		return 0, err
	}
	return m.revision, nil
}

func (m *memory) Delete(_ context.Context, key string, revision uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.items[key].Revision != revision || revision == 0 {
		return desk.ErrConflict
	}
	m.change(desk.Item{Key: key, Deleted: true})
	return nil
}

func (m *memory) change(item desk.Item) {
	m.revision++
	item.Revision = m.revision
	if item.Deleted {
		delete(m.items, item.Key)
	} else {
		m.items[item.Key] = item
	}
	m.changes = append(m.changes, item)
	close(m.wake)
	m.wake = make(chan struct{})
}

func (m *memory) Watch(ctx context.Context) iter.Seq2[desk.Item, error] {
	return func(yield func(desk.Item, error) bool) {
		m.mu.Lock()
		var now []desk.Item
		for _, item := range m.items {
			now = append(now, item)
		}
		at := len(m.changes)
		m.mu.Unlock()
		slices.SortFunc(now, func(a, b desk.Item) int { return int(a.Revision) - int(b.Revision) })
		for _, item := range append(now, desk.Item{}) {
			if !yield(item, nil) {
				return
			}
		}
		for {
			m.mu.Lock()
			news, wake := m.changes[at:], m.wake
			at = len(m.changes)
			m.mu.Unlock()
			for _, item := range news {
				if !yield(item, nil) {
					return
				}
			}
			if len(news) > 0 {
				continue
			}
			select {
			case <-wake:
			case <-ctx.Done():
				yield(desk.Item{}, ctx.Err())
				return
			}
		}
	}
}

func (m *memory) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.items)
}

// jetStream is the real bucket in the desk's words.
type jetStream struct{ *stream.Bucket }

func translated(err error) error {
	switch {
	case errors.Is(err, stream.ErrNotFound):
		return errors.Join(desk.ErrNotFound, err)
	case errors.Is(err, stream.ErrConflict):
		return errors.Join(desk.ErrConflict, err)
	}
	return err
}

func (j jetStream) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	value, revision, err := j.Bucket.Get(ctx, key)
	return value, revision, translated(err)
}

func (j jetStream) Put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	next, err := j.Bucket.Put(ctx, key, value, revision)
	return next, translated(err)
}

func (j jetStream) Delete(ctx context.Context, key string, revision uint64) error {
	return translated(j.Bucket.Delete(ctx, key, revision))
}

func (j jetStream) Watch(ctx context.Context) iter.Seq2[desk.Item, error] {
	return func(yield func(desk.Item, error) bool) {
		for item, err := range j.Bucket.Watch(ctx) {
			if !yield(desk.Item(item), err) {
				return
			}
		}
	}
}

// buckets are those that every behaviour is tested on.
func buckets(t *testing.T, test func(t *testing.T, b desk.Bucket)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, newMemory())
	})
	t.Run("JetStream", func(t *testing.T) {
		t.Parallel()
		server, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := server.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		b, err := server.Bucket(t.Context(), "desk")
		if err != nil {
			t.Fatal(err)
		}
		test(t, jetStream{b})
	})
}
