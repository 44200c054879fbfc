package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Options say what a Desk is plugged into.
type Options struct {
	// Bucket keeps everything. Required.
	Bucket Bucket
	// Changed is told after anything has changed, by this desk or another. It must not block
	// and not call the desk. nil tells nobody.
	Changed func()
	// Logger is told of values that cannot be read. nil discards.
	Logger *slog.Logger
}

// A Desk is one replica's view of what people do with alerts. Its methods may be called by any
// goroutine; Run must be running for it to know anything.
type Desk struct {
	options Options
	ready   chan struct{}

	mu       sync.RWMutex
	handled  map[string]known[Handling] // by alert
	calendar Calendar
	seen     uint64 // the last revision that the bucket told of
	isReady  bool
}

type known[T any] struct {
	value    T
	revision uint64
}

// New returns a desk that knows nothing yet.
func New(o Options) (*Desk, error) {
	if o.Bucket == nil {
		return nil, errors.New("desk: Options.Bucket is nil: give it the shared bucket")
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Desk{
		options: o, ready: make(chan struct{}), handled: make(map[string]known[Handling]), calendar: emptyCalendar(),
	}, nil
}

// Load takes in what the bucket holds now, so that the first questions have true answers. Run
// goes on from there.
func (d *Desk) Load(ctx context.Context) error {
	err := d.follow(ctx, true)
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// Run follows the bucket until ctx is done. It returns nil then, and else the bucket's error,
// after which it may be called again.
func (d *Desk) Run(ctx context.Context) error { return d.follow(ctx, false) }

func (d *Desk) follow(ctx context.Context, onlyOnce bool) error {
	earlier := d.revisions()
	for item, err := range d.options.Bucket.Watch(ctx) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("desk: following the bucket: %w", err)
		}
		if item.Key == "" {
			d.settle(earlier)
			earlier = nil
			if onlyOnce {
				return nil
			}
		} else {
			delete(earlier, item.Key)
			d.heard(item)
		}
		d.options.Changed()
	}
	return nil
}

// revisions lists what is known from an earlier Run.
func (d *Desk) revisions() map[string]uint64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make(map[string]uint64)
	for id, k := range d.handled {
		all[alertKey(id)] = k.revision
	}
	for id, k := range d.calendar.windows {
		all[windowKey(id)] = k.revision
	}
	return all
}

// settle is told that the bucket has told all that it holds. What was known before and is not
// among it went while nobody listened.
func (d *Desk) settle(gone map[string]uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, revision := range gone {
		if d.revisionOf(key) == revision {
			d.drop(key)
		}
	}
	if !d.isReady {
		d.isReady = true
		close(d.ready)
	}
}

// Ready is closed when the desk knows what the bucket held when Load or Run began.
func (d *Desk) Ready() <-chan struct{} { return d.ready }

// heard follows what the bucket tells.
func (d *Desk) heard(item Item) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = max(d.seen, item.Revision)
	if item.Revision > d.revisionOf(item.Key) {
		d.apply(item)
	}
}

// wrote takes in our own writing before the bucket tells of it. Where it has, somebody may have
// deleted the key since.
func (d *Desk) wrote(key string, value []byte, revision uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if revision > d.seen && revision > d.revisionOf(key) {
		d.apply(Item{Key: key, Value: value, Revision: revision})
	}
}

func (d *Desk) revisionOf(key string) uint64 {
	switch id, kind := idOf(key); kind {
	case alertKeys:
		return d.handled[id].revision
	case windowKeys:
		return d.calendar.windows[id].revision
	}
	return 0
}

func (d *Desk) apply(item Item) {
	id, kind := idOf(item.Key)
	d.drop(item.Key)
	if item.Deleted {
		return
	}
	var err error
	switch kind {
	case alertKeys:
		var h *Handling
		if h, err = decode[Handling](item.Key, item.Value); err == nil {
			d.handled[id] = known[Handling]{*h, item.Revision}
		}
	case windowKeys:
		var w *Window
		if w, err = decode[Window](item.Key, item.Value); err == nil {
			if err = w.locate(); err == nil {
				d.calendar.put(id, known[Window]{*w, item.Revision})
			}
		}
	}
	if err != nil {
		// Better no answer than an old one: whoever was silenced by it is called.
		d.options.Logger.Error("a value of the desk cannot be read; it is as if it were not there", "key", item.Key, "error", err)
	}
}

// drop forgets a key.
func (d *Desk) drop(key string) {
	switch id, kind := idOf(key); kind {
	case alertKeys:
		delete(d.handled, id)
	case windowKeys:
		d.calendar.drop(id)
	}
}

// Acknowledged reports whether somebody has the alert in hand at that instant.
func (d *Desk) Acknowledged(at time.Time, alert string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	k, ok := d.handled[alert]
	return ok && k.value.Acknowledged(at)
}

// Muted reports whether work is announced for the subject at that instant.
func (d *Desk) Muted(at time.Time, subject Subject) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.calendar.Muted(at, subject)
}

// NextChange returns when, after that instant, an acknowledgement or a window ends or a window
// opens; the zero time when nothing does.
func (d *Desk) NextChange(after time.Time) (next time.Time) {
	consider := func(t time.Time) {
		if t.After(after) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, k := range d.handled {
		if a := k.value.Acknowledgement; a != nil {
			consider(a.Until)
		}
	}
	for _, k := range d.calendar.windows {
		consider(k.value.Next(after))
	}
	return next
}

// Handling returns what is known of an alert; its zero value with the id for one that nobody
// touched. The caller must not change its slices.
func (d *Desk) Handling(alert string) Handling {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if k, ok := d.handled[alert]; ok {
		return k.value
	}
	return Handling{Alert: alert}
}

// Windows returns the windows that have not ended at that instant, by their beginning; the
// zero time returns all that are kept.
func (d *Desk) Windows(at time.Time) []Window {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var all []Window
	for _, k := range d.calendar.windows {
		if at.IsZero() || at.Before(k.value.Until) {
			all = append(all, k.value)
		}
	}
	slices.SortFunc(all, func(a, b Window) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.ID, b.ID)) })
	return all
}
