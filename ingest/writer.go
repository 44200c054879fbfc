package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// A Store keeps readings. When Write returns nil the whole batch is durable.
// Writing a reading twice is the same as once. After an error that wraps
// telemetry.ErrRejected nothing would be gained by writing the same batch again;
// some of it may have been stored. After any other error the batch is written
// again, no sooner than the error's RetryAfter() if it has that method. Write is
// called by up to WriterOptions.Parallel goroutines at a time, with different
// readings, and does not keep the batch.
type Store interface {
	Write(ctx context.Context, batch []telemetry.Reading) error
}

// WriterOptions of a Writer. Source, Store, DeadLetters, Ledger and Save are required.
type WriterOptions struct {
	// Source is open at the first entry that is not in the store yet.
	Source      Source
	Store       Store
	DeadLetters Log
	Ledger      *Ledger
	// Tracker knows the readings just before the first entry of Source; see Warm.
	Tracker *Tracker
	// Save makes the position durable: every entry up to seq is settled.
	Save func(ctx context.Context, seq uint64) error
	// BatchSize is about how many readings go to the store at once, default 2000.
	BatchSize int
	// FlushEvery is how long the first reading of a batch waits for company, default
	// 50 ms. A write costs the same for one reading as for a hundred, and nobody
	// waits for the store: alerts read the log.
	FlushEvery time.Duration
	// Parallel is how many writes of BatchSize may be under way, default 1. More help
	// where the store is another machine's, or another core's.
	Parallel int
	// Retry is the longest pause between attempts to write, default 5 s.
	Retry    time.Duration
	Logger   *slog.Logger
	Registry prometheus.Registerer
}

func (o *WriterOptions) setDefaults() error {
	err := cmp.Or(
		needed("Source", o.Source != nil), needed("Store", o.Store != nil), needed("DeadLetters", o.DeadLetters != nil),
		needed("Ledger", o.Ledger != nil), needed("Save", o.Save != nil),
		notNegative("BatchSize", o.BatchSize), notNegative("FlushEvery", o.FlushEvery),
		notNegative("Parallel", o.Parallel), notNegative("Retry", o.Retry),
	)
	if err == nil {
		err = checkRoom("DeadLetters", o.DeadLetters)
	}
	if err != nil {
		return fmt.Errorf("ingest writer: %w", err)
	}
	o.BatchSize = cmp.Or(o.BatchSize, 2000)
	o.FlushEvery = cmp.Or(o.FlushEvery, 50*time.Millisecond)
	o.Parallel = cmp.Or(o.Parallel, 1)
	o.Retry = cmp.Or(o.Retry, 5*time.Second)
	if o.Tracker == nil {
		o.Tracker = NewTracker()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Writer moves readings from the log to the store.
type Writer struct {
	options WriterOptions
	metrics writerMetrics

	failing atomic.Bool // an outage has been told

	// The rest belongs to the goroutine of Run.
	decoder wire.Decoder
	load    load
	idle    int // rounds without a reading since the position was saved
}

// load is what one round of the writer moves.
type load struct {
	readings []telemetry.Reading
	last     uint64 // the newest entry in it
	count    int    // readings by the entries' own count
	letters  []DeadLetter
	oldest   time.Time
}

// NewWriter checks the options and returns a writer that does nothing until Run.
func NewWriter(o WriterOptions) (*Writer, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	return &Writer{options: o, metrics: newWriterMetrics(o.Registry)}, nil
}

// Run moves readings until ctx is done, and returns nil. While the store fails it
// retries; the log grows meanwhile. Its error means that the log cannot be read.
func (w *Writer) Run(ctx context.Context) error {
	for {
		if err := w.collect(ctx); err != nil {
			return endedBy(ctx, err)
		}
		if err := w.settle(ctx); err != nil {
			return endedBy(ctx, err)
		}
	}
}

// endedBy returns nil when err is only ctx's way to say that it is time to stop.
func endedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// collect waits for one entry and takes what else comes within FlushEvery, up to
// what may be under way at once. A damaged one is the last of its load: it may be
// long, and what it says about itself cannot be trusted to bound anything.
func (w *Writer) collect(ctx context.Context) error {
	w.load = load{readings: w.load.readings[:0]}
	e, err := w.options.Source.Next(ctx)
	if err != nil {
		return fmt.Errorf("reading the stream: %w", err)
	}
	w.take(e)
	company, cancel := context.WithTimeout(ctx, w.options.FlushEvery)
	defer cancel()
	for w.load.count < w.options.BatchSize*w.options.Parallel && len(w.load.letters) == 0 {
		e, ok := w.options.Source.TryNext()
		if !ok {
			if e, err = w.options.Source.Next(company); err != nil {
				break // it was long enough; what else is wrong, the next round says
			}
		}
		w.take(e)
	}
	return ctx.Err()
}

// take decodes one entry into the load.
func (w *Writer) take(e Entry) {
	l := &w.load
	l.last = e.Seq
	l.count += e.Count
	first := len(l.readings)
	decoded, err := w.decoder.DecodeRecords(l.readings, e.Data)
	if err != nil || len(decoded)-first != e.Count {
		if err == nil {
			err = fmt.Errorf("it holds %d readings and says %d", len(decoded)-first, e.Count)
		}
		// Nothing we wrote can look like this, so the disk or a newer version did it.
		// Keep it where people look, rather than stop for ever.
		l.letters = append(l.letters, damagedEntry(e, "the stream", err))
		return
	}
	kept := decoded[:first]
	for i := first; i < len(decoded); i++ {
		seen := w.options.Tracker.Observe(&decoded[i])
		w.observe(seen)
		if seen.Redundant {
			continue
		}
		if l.oldest.IsZero() || decoded[i].Received.Before(l.oldest) {
			l.oldest = decoded[i].Received
		}
		kept = append(kept, decoded[i])
	}
	l.readings = kept
}

func damagedEntry(e Entry, log string, err error) DeadLetter {
	return DeadLetter{
		Time: e.Time, Payload: e.Data, Size: len(e.Data), Count: e.Count, Class: "stream",
		Reason: fmt.Sprintf("entry %d of %s cannot be read: %v", e.Seq, log, err),
	}
}

func (w *Writer) observe(seen Observation) {
	if seen.Repeated {
		w.metrics.duplicates.Inc()
	}
	if seen.Missing > 0 {
		w.metrics.gaps.Inc()
		w.metrics.missing.Add(float64(seen.Missing))
	}
}

// idleRounds is after how many rounds that held no reading the position is saved
// nevertheless, so that the log can be trimmed. Saving costs a write to the disk,
// and a restart reads so many ticks again at no cost.
const idleRounds = 60

// settle writes the load, keeps what the store refuses, and moves the position.
func (w *Writer) settle(ctx context.Context) error {
	l := &w.load
	if l.count == 0 && len(l.letters) == 0 {
		if w.idle++; w.idle < idleRounds {
			return nil
		}
		return w.save(ctx)
	}
	start := time.Now()
	if err := w.writeAll(ctx); err != nil {
		return err
	}
	w.metrics.seconds.Observe(time.Since(start).Seconds())
	if len(l.letters) > 0 {
		rest := l.letters
		err := w.retry(ctx, w.streamFails, func() (err error) {
			rest, err = appendLetters(ctx, w.options.DeadLetters, rest)
			return err
		})
		if err != nil {
			return err
		}
		w.options.Logger.Warn("readings refused after they were accepted; see phusong deadletters list", "count", len(l.letters), "first_reason", l.letters[0].Reason)
	}
	if err := w.save(ctx); err != nil {
		return err
	}
	refused := 0
	for i := range l.letters {
		refused += l.letters[i].Count
	}
	w.options.Ledger.settle(l.count, l.count-refused, l.letters)
	if !l.oldest.IsZero() {
		w.metrics.latency.Observe(max(0, time.Since(l.oldest).Seconds()))
	}
	return nil
}

// save makes the position of the load durable.
func (w *Writer) save(ctx context.Context) error {
	w.idle = 0
	return w.retry(ctx, w.streamFails, func() error { return w.options.Save(ctx, w.load.last) })
}

// writeAll stores the load's readings, in parts of BatchSize at the same time, and
// adds what the store refuses to its dead letters.
func (w *Writer) writeAll(ctx context.Context) error {
	// Nearly even parts: a small last one would be a write of its own.
	n := min(w.options.Parallel, 1+(len(w.load.readings)-1)/w.options.BatchSize)
	refused := make([][]DeadLetter, max(n, 0))
	group, ctx := errgroup.WithContext(ctx)
	for i := range n {
		part := w.load.readings[i*len(w.load.readings)/n : (i+1)*len(w.load.readings)/n]
		group.Go(func() (err error) {
			refused[i], err = w.write(ctx, part)
			return err
		})
	}
	err := group.Wait()
	w.load.letters = append(w.load.letters, slices.Concat(refused...)...)
	return err
}

// write stores the batch and returns what the store refuses; it halves a refused
// batch until the bad reading is alone.
func (w *Writer) write(ctx context.Context, batch []telemetry.Reading) ([]DeadLetter, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	var refusal error
	err := w.retry(ctx, w.storeFails, func() error {
		err := w.options.Store.Write(ctx, batch)
		if errors.Is(err, telemetry.ErrRejected) {
			refusal = err
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case refusal == nil:
		return nil, nil
	case len(batch) == 1:
		r := &batch[0]
		letter := newDeadLetter(r.Received, wire.ReadingTopic(r).String(), wire.AppendPayload(nil, r), refusal)
		letter.Class = classStore
		return []DeadLetter{letter}, nil
	}
	half := len(batch) / 2
	first, err := w.write(ctx, batch[:half])
	if err != nil {
		return nil, err
	}
	second, err := w.write(ctx, batch[half:])
	return append(first, second...), err
}

func (w *Writer) storeFails(err error) {
	w.options.Logger.Error("the store does not take readings; they wait in the stream", "error", err)
}

func (w *Writer) streamFails(err error) {
	w.options.Logger.Error("the stream keeps neither dead letters nor the store's position; readings wait", "error", err)
}

// retry repeats do until it succeeds or ctx ends. Of an outage it tells once.
func (w *Writer) retry(ctx context.Context, tell func(error), do func() error) error {
	err := retry(ctx, w.options.Retry, do, func(err error) {
		w.metrics.errors.Inc()
		if !w.failing.Swap(true) {
			tell(err)
		}
	})
	if err == nil && w.failing.Swap(false) {
		w.options.Logger.Info("writing again")
	}
	return err
}
