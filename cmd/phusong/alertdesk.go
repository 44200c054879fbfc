package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"phusong/alerts"
	"phusong/alerts/desk"
	"phusong/internal/registry"
	"phusong/internal/stream"
)

// alertDesk is what people said about alerts, as the engine asks for it.
type alertDesk struct {
	*desk.Desk
	registry func() *registry.Registry
	log      *slog.Logger
}

const (
	// deskBucketName is where replicas share what people do with alerts.
	deskBucketName = "desk"
	// deskLoad bounds how long a start waits for the bucket.
	deskLoad = 30 * time.Second
	// deskRetry is the pause after the bucket has broken off.
	deskRetry = time.Second
	// deskKeeps is how long what nobody touches any more is kept.
	deskKeeps = 400 * 24 * time.Hour
	// deskTidies is how often what is older goes.
	deskTidies = 6 * time.Hour
)

// openDesk opens the shared bucket and takes in what is there: a desk that knew nothing would
// have everything told anew that is in hand.
func openDesk(ctx context.Context, server *stream.Server, reg func() *registry.Registry, log *slog.Logger) (*alertDesk, error) {
	bucket, err := server.Bucket(ctx, deskBucketName)
	if err != nil {
		return nil, fmt.Errorf("opening the desk: %w", err)
	}
	d, err := desk.New(desk.Options{Bucket: deskBucket{bucket}, Logger: log})
	if err != nil {
		return nil, err
	}
	loading, cancel := context.WithTimeout(ctx, deskLoad)
	defer cancel()
	if err := d.Load(loading); err != nil {
		return nil, fmt.Errorf("opening the desk: %w", err)
	}
	return &alertDesk{Desk: d, registry: reg, log: log}, nil
}

var _ alerts.Desk = (*alertDesk)(nil)

// errNoAct says that there is no such thing to do with an alert.
var errNoAct = errors.New("nobody can do that with an alert")

// do carries out what somebody does with an alert; to and until are for those acts
// that have them.
func (d *alertDesk) do(ctx context.Context, id, action string, act desk.Act, to string, until time.Time) (desk.Handling, error) {
	switch action {
	case "acknowledge":
		return d.Acknowledge(ctx, id, act, until)
	case "release":
		return d.Release(ctx, id, act)
	case "assign":
		return d.Assign(ctx, id, act, to)
	case "comment":
		return d.Comment(ctx, id, act)
	}
	return desk.Handling{}, errNoAct
}

// Maintenance reports whether work is announced for the device, its site, its commune or
// its province.
func (d *alertDesk) Maintenance(at time.Time, p alerts.Place) bool {
	return d.Muted(at, deskSubject(d.registry(), p))
}

// deskSubject is a place in the desk's words.
func deskSubject(reg *registry.Registry, p alerts.Place) desk.Subject {
	subject := desk.Subject{Device: p.Device, Site: p.Site, Area: p.Area}
	if a, ok := reg.Area(p.Area); ok {
		subject.Province = a.Parent
	}
	return subject
}

// Run follows the bucket until ctx is done, again after it has broken off, and lets go of
// what is old.
func (d *alertDesk) Run(ctx context.Context) error {
	tidied := make(chan struct{})
	go func() {
		defer close(tidied)
		d.tidy(ctx)
	}()
	defer func() { <-tidied }()
	for {
		err := d.Desk.Run(ctx)
		if ctx.Err() != nil {
			return nil
		}
		d.log.Warn("the desk does not hear of changes; it tries again", "error", err)
		select {
		case <-time.After(deskRetry):
		case <-ctx.Done():
			return nil
		}
	}
}

func (d *alertDesk) tidy(ctx context.Context) {
	tick := time.NewTicker(deskTidies)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			if _, err := d.Prune(ctx, now.Add(-deskKeeps)); err != nil && ctx.Err() == nil {
				d.log.Warn("what is old at the desk stays for now", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// deskBucket is a bucket of the stream in the desk's words. The packages do not know
// each other.
type deskBucket struct{ *stream.Bucket }

func (b deskBucket) Get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	value, revision, err = b.Bucket.Get(ctx, key)
	return value, revision, inDeskWords(err)
}

func (b deskBucket) Put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	next, err := b.Bucket.Put(ctx, key, value, revision)
	return next, inDeskWords(err)
}

func (b deskBucket) Delete(ctx context.Context, key string, revision uint64) error {
	return inDeskWords(b.Bucket.Delete(ctx, key, revision))
}

func (b deskBucket) Watch(ctx context.Context) iter.Seq2[desk.Item, error] {
	return func(yield func(desk.Item, error) bool) {
		for item, err := range b.Bucket.Watch(ctx) {
			if !yield(desk.Item(item), err) {
				return
			}
		}
	}
}

func inDeskWords(err error) error {
	switch {
	case errors.Is(err, stream.ErrNotFound):
		return fmt.Errorf("%w: %w", desk.ErrNotFound, err)
	case errors.Is(err, stream.ErrConflict):
		return fmt.Errorf("%w: %w", desk.ErrConflict, err)
	}
	return err
}
