package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/ingest"
	"phusong/internal/stream"
	"phusong/telemetry"
)

// A room judges what the stream says. All its methods are called by the watcher's
// goroutine alone; what others read of it must be safe beside them.
type room interface {
	// Observe takes one entry of the stream: at is the stream's own clock and never
	// goes back, readings are the entry's, none for a tick, and are not kept. The same
	// entries make the same state, bit for bit.
	Observe(at time.Time, readings []telemetry.Reading)
	// Snapshot returns how to write the state as it is now. It is quick; what it
	// returns may run on another goroutine while the room goes on.
	Snapshot() func(io.Writer) error
	// Restore fills a fresh room from what a snapshot wrote. After an error the room is
	// still fresh.
	Restore(r io.Reader) error
}

// errNoImage is what Restore returns of a room that keeps no image of itself and is
// rebuilt from the store at every start.
var errNoImage = errors.New("the room keeps no image")

// A tenant is a room with what the watcher needs to know of it.
type tenant struct {
	name string // of its image: lower-case letters
	room room
	// rebuild begins to fill the fresh room with what the store holds, for want of an
	// image. The entries that are not in the store follow through Observe; some that are
	// may come again. Its error costs what the store knew, and not the start.
	rebuild func(context.Context) error
}

// rooms lists who watches the stream. To move in, add a line.
func (s *service) rooms() []tenant {
	return []tenant{
		{"alerts", s.judgement, s.seedEngine},
		{"coverage", s.coverage, func(context.Context) error { return nil }}, // its Run sees to it
	}
}

// snapshotEvery is how often the watcher keeps an image of its rooms: what a restart
// reads again is so much of the stream.
const snapshotEvery = time.Minute

// A watcher is the one reader of the stream for all who judge it. It keeps an image of
// their rooms with the position up to which they have read, so that a restart goes
// on where it was.
type watcher struct {
	log     *slog.Logger
	tenants []tenant
	after   []uint64 // what each tenant has seen up to, from its image or the store
	source  ingest.Source
	image   imageFile
	every   time.Duration

	// The rest belongs to the goroutine of Run, but for what is counted.
	last    imageHead  // of the newest entry that any room has seen
	saved   time.Time  // when the last image was begun
	pending chan error // of the image that is being written; nil when none is

	counted watcherCounts
}

// watcherCounts are for the metrics. Times are Unix milliseconds.
type watcherCounts struct {
	position, missed, failures, imagePosition atomic.Uint64
	clock, imageTime                          atomic.Int64
}

// watcherOptions say what a watcher reads and where it keeps its image.
type watcherOptions struct {
	Tenants []tenant
	Image   imageFile
	// Stored is the position that the store has reached: where a room goes on that was
	// rebuilt from it.
	Stored uint64
	Log    watchedLog
	// Open returns a reader that begins at an entry.
	Open   func(ctx context.Context, from uint64) (ingest.Source, error)
	Every  time.Duration
	Logger *slog.Logger
}

// watchedLog is what the watcher asks of the stream at its start.
type watchedLog interface {
	State(ctx context.Context) (stream.State, error)
	Entry(ctx context.Context, seq uint64) (stream.Entry, error)
}

// newWatcher restores the rooms from the image, and rebuilds those of which there is
// none.
func newWatcher(ctx context.Context, o watcherOptions) (*watcher, error) {
	w := &watcher{
		log: o.Logger, tenants: o.Tenants, after: make([]uint64, len(o.Tenants)), image: o.Image, every: o.Every,
		saved: time.Now(),
	}
	image, err := w.openImage(ctx, o.Log)
	if err != nil {
		return nil, err
	}
	if image != nil {
		defer image.Close()
		w.last = image.head
		w.counted.imageTime.Store(image.head.Saved.UnixMilli())
		w.counted.imagePosition.Store(image.head.Position)
	}
	from := w.last.Position
	for i, t := range w.tenants {
		if w.after[i] = w.fill(ctx, t, image); w.after[i] == 0 {
			w.after[i] = o.Stored
			from = min(from, o.Stored)
		}
	}
	if image == nil {
		from = o.Stored
	}
	w.counted.position.Store(from)
	if w.source, err = o.Open(ctx, from+1); err != nil {
		return nil, err
	}
	return w, nil
}

// openImage returns the image, nil when there is none that fits the stream.
func (w *watcher) openImage(ctx context.Context, log watchedLog) (*image, error) {
	image, err := w.image.open()
	if err == nil && image != nil {
		err = fits(ctx, image.head, log)
	}
	if err == nil {
		return image, nil
	}
	if image != nil {
		image.Close()
	}
	if !errors.Is(err, errBadImage) {
		return nil, err
	}
	w.log.Warn("the watcher's image is of no use; what it held is rebuilt from the store", "file", string(w.image), "error", err)
	return nil, nil
}

// fits returns an error that wraps errBadImage when the stream is not the one that the
// image was made beside, or has lost what comes after it.
func fits(ctx context.Context, head imageHead, log watchedLog) error {
	state, err := log.State(ctx)
	if err != nil {
		return fmt.Errorf("looking at the stream: %w", err)
	}
	switch {
	case head.Position > state.Last:
		return fmt.Errorf("%w: it is of entry %d, and the stream ends at %d: the stream was replaced", errBadImage, head.Position, state.Last)
	case head.Position+1 < state.First:
		return fmt.Errorf("%w: it is of entry %d, and the stream begins at %d by now", errBadImage, head.Position, state.First)
	}
	entry, err := log.Entry(ctx, head.Position)
	switch {
	case errors.Is(err, stream.ErrNotFound): // it was trimmed
		return nil
	case err != nil:
		return fmt.Errorf("looking at the stream: %w", err)
	case !entry.Time.Equal(head.Entry):
		return fmt.Errorf("%w: its entry %d is of %s, and that of the stream of %s: the stream was replaced", errBadImage, head.Position, head.Entry, entry.Time)
	}
	return nil
}

// fill restores a room and returns the position it is at, or rebuilds it and returns 0.
func (w *watcher) fill(ctx context.Context, t tenant, image *image) uint64 {
	if image != nil {
		err := image.restore(t)
		if err == nil {
			return image.head.Position
		}
		if !errors.Is(err, errNoImage) {
			w.log.Warn("a room could not be restored from its image; it is rebuilt from the store", "room", t.name, "error", err)
		}
	}
	if err := t.rebuild(ctx); err != nil {
		w.log.Warn("the store does not tell what a room needs to know; it fills with what arrives", "room", t.name, "error", err)
	}
	return 0
}

// Run lets the rooms see the stream until ctx is done, and then keeps a last image. Its
// error means that the stream cannot be read.
func (w *watcher) Run(ctx context.Context) error {
	err := ingest.Follow(ctx, w.source, func(e ingest.Entry, readings []telemetry.Reading) error {
		w.observe(e, readings)
		w.saveNowAndThen()
		return nil
	})
	if w.pending != nil {
		w.tell(<-w.pending)
	}
	if w.whole() {
		w.tell(w.save()())
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("following the stream: %w", err)
}

// observe shows one entry to the rooms that have not seen it.
func (w *watcher) observe(e ingest.Entry, readings []telemetry.Reading) {
	if before := w.counted.position.Load(); before > 0 && e.Seq > before+1 {
		w.counted.missed.Add(e.Seq - before - 1)
		w.log.Error("the stream was trimmed before the watcher came to it; restart the service to rebuild from the store what it judges",
			"missing_entries", e.Seq-before-1)
		w.image.remove() // it must not be gone on from at the next start
	}
	if e.Time.After(w.last.Clock) {
		w.last.Clock = e.Time
	}
	for i, t := range w.tenants {
		if e.Seq > w.after[i] {
			t.room.Observe(w.last.Clock, readings)
		}
	}
	if e.Seq > w.last.Position {
		w.last.Position, w.last.Entry = e.Seq, e.Time
	}
	w.counted.position.Store(e.Seq)
	w.counted.clock.Store(w.last.Clock.UnixMilli())
}

// whole reports whether one position says where all rooms are: those that were rebuilt
// may have to catch up first, and after a hole none is what the stream would make it.
func (w *watcher) whole() bool {
	return w.last.Position > 0 && w.counted.position.Load() >= w.last.Position && w.counted.missed.Load() == 0
}

// saveNowAndThen begins an image when one is due and the one before is written. It
// does not wait for the disk.
func (w *watcher) saveNowAndThen() {
	if time.Since(w.saved) < w.every || !w.whole() {
		return
	}
	if w.pending != nil {
		select {
		case err := <-w.pending:
			w.tell(err)
			w.pending = nil
		default:
			return
		}
	}
	w.saved = time.Now()
	pending, write := make(chan error, 1), w.save()
	go func() { pending <- write() }()
	w.pending = pending
}

// save takes an image of all rooms and returns how to write it.
func (w *watcher) save() func() error {
	head := w.last
	head.Saved = time.Now()
	parts := make([]imagePart, len(w.tenants))
	for i, t := range w.tenants {
		parts[i] = imagePart{t.name, t.room.Snapshot()}
	}
	return func() error {
		if err := w.image.write(head, parts); err != nil {
			return err
		}
		w.counted.imageTime.Store(head.Saved.UnixMilli())
		w.counted.imagePosition.Store(head.Position)
		return nil
	}
}

// tell says that an image could not be written.
func (w *watcher) tell(err error) {
	if err == nil {
		return
	}
	w.counted.failures.Add(1)
	w.log.Error("the watcher's image could not be kept; it is tried again, and a restart reads so much more of the stream", "error", err)
}

// register adds the watcher's metrics.
func (w *watcher) register(to prometheus.Registerer) {
	seconds := func(ms *atomic.Int64) func() float64 {
		return func() float64 { return float64(ms.Load()) / 1000 }
	}
	number := func(n *atomic.Uint64) func() float64 {
		return func() float64 { return float64(n.Load()) }
	}
	for _, g := range []struct {
		name, help string
		value      func() float64
	}{
		{"watch_position", "Number of the stream's entry that judgement has come to.", number(&w.counted.position)},
		{"watch_clock_timestamp_seconds", "Time of that entry, in Unix time. It moves every second, with or without readings.", seconds(&w.counted.clock)},
		{"watch_image_timestamp_seconds", "When the image was taken that a restart would go on from, in Unix time. 0 for none.", seconds(&w.counted.imageTime)},
		{"watch_image_position", "Number of the entry that this image is of.", number(&w.counted.imagePosition)},
	} {
		to.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help}, g.value))
	}
	for _, c := range []struct {
		name, help string
		value      func() float64
	}{
		{"watch_image_errors_total", "Images that could not be written; each is tried again.", number(&w.counted.failures)},
		{"watch_missed_entries_total", "Entries that were trimmed from the stream before they were judged.", number(&w.counted.missed)},
	} {
		to.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: c.name, Help: c.help}, c.value))
	}
}
