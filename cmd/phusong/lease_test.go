package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"phusong/internal/stream"
)

// memoryBucket is a bucket of one key that can be away.
type memoryBucket struct {
	mu       sync.Mutex
	value    []byte
	revision uint64
	away     bool
}

var errAway = errors.New("the cluster is away")

func (b *memoryBucket) Get(context.Context, string) ([]byte, uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.away:
		return nil, 0, errAway
	case b.value == nil:
		return nil, 0, stream.ErrNotFound
	}
	return b.value, b.revision, nil
}

func (b *memoryBucket) Put(_ context.Context, _ string, value []byte, revision uint64) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.away:
		return 0, errAway
	case b.value == nil && revision != 0, b.value != nil && revision != b.revision:
		return 0, stream.ErrConflict
	}
	b.value, b.revision = value, b.revision+1
	return b.revision, nil
}

func (b *memoryBucket) Delete(_ context.Context, _ string, revision uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away || revision != b.revision {
		return stream.ErrConflict
	}
	b.value = nil
	return nil
}

func (b *memoryBucket) set(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

// At no instant do two hold the lease: who cannot renew it has stopped before another
// may take it, and one that stops in order leaves it free.
func TestLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bucket := new(memoryBucket)
		quiet := slog.New(slog.DiscardHandler)
		one, two := newLease(bucket, quiet), newLease(bucket, quiet)
		if err := one.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		lost := make(chan time.Time, 1)
		go func() {
			if err := one.hold(t.Context()); errors.Is(err, errLeaseLost) {
				lost <- time.Now()
			}
		}()
		taken := make(chan time.Time, 1)
		go func() {
			if two.acquire(t.Context()) == nil {
				taken <- time.Now()
			}
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(lost)+len(taken) > 0 {
			t.Fatal("the lease changed hands while its holder renewed it")
		}
		bucket.set(true)
		began := time.Now()
		stopped := <-lost
		if took := stopped.Sub(began); took > leaseHold {
			t.Errorf("the holder went on for %s without renewing", took)
		}
		bucket.set(false)
		began = time.Now()
		next := <-taken
		if took := next.Sub(began); took < leaseFor-leaseEvery || took > leaseFor+leaseEvery {
			t.Errorf("the other took the lease after %s, want about %s", took, leaseFor)
		}
		holding, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- two.hold(holding) }()
		time.Sleep(10 * time.Second)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		began = time.Now()
		if err := newLease(bucket, quiet).acquire(t.Context()); err != nil || time.Since(began) > 0 {
			t.Errorf("after an orderly end the lease was taken after %s, error %v; want at once", time.Since(began), err)
		}
	})
}

// A holder that another has replaced is told at its next renewal.
func TestLeaseOfAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bucket := new(memoryBucket)
		l := newLease(bucket, slog.New(slog.DiscardHandler))
		if err := l.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := bucket.Put(t.Context(), leaseKey, []byte("another"), l.revision); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := l.hold(t.Context()); !errors.Is(err, errLeaseLost) || time.Since(began) > leaseEvery {
			t.Errorf("hold ended after %s with %v", time.Since(began), err)
		}
	})
}
