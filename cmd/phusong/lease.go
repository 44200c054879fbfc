package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"phusong/internal/stream"
)

// Of several services on one NATS cluster one works, and the others stand by. The
// one that works renews a lease; who sees for leaseFor that nobody did takes it. Time
// is measured by each for itself, from what it saw: clocks need not agree.
const (
	leaseEvery = time.Second
	leaseFor   = 5 * time.Second
	// leaseHold is how long the holder goes on without having renewed: less than
	// leaseFor, so that it has stopped when another begins.
	leaseHold = 3 * time.Second

	leaseBucket = "lease"
	leaseKey    = "service"
)

var errLeaseLost = errors.New("another phusong may have taken over")

// leaseStore is what a lease asks of a bucket.
type leaseStore interface {
	Get(ctx context.Context, key string) (value []byte, revision uint64, err error)
	Put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error)
	Delete(ctx context.Context, key string, revision uint64) error
}

// A lease says that this process is the one that works.
type lease struct {
	store    leaseStore
	self     string
	log      *slog.Logger
	revision uint64
	renewed  time.Time
}

func newLease(store leaseStore, log *slog.Logger) *lease {
	host, _ := os.Hostname()
	return &lease{store: store, self: host + "/" + rand.Text(), log: log}
}

// acquire returns nil when the lease is ours, and the error of ctx else.
func (l *lease) acquire(ctx context.Context) error {
	tick := time.NewTicker(leaseEvery / 2)
	defer tick.Stop()
	var seen uint64
	var since time.Time
	holder := ""
	for {
		value, revision, err := l.store.Get(ctx, leaseKey)
		now := time.Now()
		free := errors.Is(err, stream.ErrNotFound)
		switch {
		case err != nil && !free: // the cluster is away: whoever holds the lease may go on for a while
			since = now
		case revision != seen || since.IsZero():
			seen, since = revision, now
			if holder != string(value) && !free {
				holder = string(value)
				l.log.Info("standing by: another phusong works", "holder", holder)
			}
		}
		if free || err == nil && now.Sub(since) >= leaseFor {
			began := time.Now()
			if l.revision, err = l.store.Put(ctx, leaseKey, []byte(l.self), revision); err == nil {
				l.renewed = began
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hold renews the lease until ctx is done, then gives it up. It returns errLeaseLost
// when it could not be renewed in time.
func (l *lease) hold(ctx context.Context) error {
	tick := time.NewTicker(leaseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			l.release(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
		}
		if err := l.renew(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (l *lease) renew(ctx context.Context) error {
	asking, cancel := context.WithDeadline(ctx, l.renewed.Add(leaseHold))
	defer cancel()
	for {
		began := time.Now()
		revision, err := l.store.Put(asking, leaseKey, []byte(l.self), l.revision)
		if err == nil {
			l.revision, l.renewed = revision, began
			return nil
		}
		// After a cluster that did not answer the value may have been set.
		value, now, getErr := l.store.Get(asking, leaseKey)
		if getErr == nil && string(value) != l.self || errors.Is(getErr, stream.ErrNotFound) {
			return fmt.Errorf("%w: the lease is %s's", errLeaseLost, value)
		}
		if getErr == nil {
			l.revision = now
		}
		select {
		case <-time.After(leaseEvery / 10):
		case <-asking.Done():
			return fmt.Errorf("%w: the lease could not be renewed for %s: %w", errLeaseLost, leaseHold, err)
		}
	}
}

// release lets another begin at once.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaseEvery)
	defer cancel()
	if err := l.store.Delete(ctx, leaseKey, l.revision); err != nil {
		l.log.Warn("the lease ends by itself", "after", leaseFor, "error", err)
	}
}
