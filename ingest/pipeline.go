package ingest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// A Message is one MQTT message as it came.
type Message struct {
	Topic    string
	Payload  []byte    // owned by the pipeline from Handle on
	Retained bool      // the broker's memory, not news
	Received time.Time // must be set
	// Ack tells the broker that the message is ours. It is called once, after the
	// message is durable or refused and kept, from the goroutine of Run. It must be
	// set and must not block.
	Ack func()
}

// Options of a Pipeline. Log, DeadLetters and Ledger are required.
type Options struct {
	Log         Log
	DeadLetters Log
	Ledger      *Ledger
	Clock       Clock
	// BatchSize is how many readings go into one log entry, default 500.
	BatchSize int
	// FlushEvery is how long the first reading of a batch waits for company,
	// default 5 ms. It adds to the latency of each message.
	FlushEvery time.Duration
	// Queue is how many messages may wait to be decoded, default 4096. A full queue
	// blocks Handle, which is how the broker comes to know that we are slow.
	Queue int
	// Retry is the longest pause between attempts to append, default 1 s.
	Retry    time.Duration
	Logger   *slog.Logger
	Registry prometheus.Registerer
}

func (o *Options) setDefaults() error {
	err := cmp.Or(
		needed("Log", o.Log != nil), needed("DeadLetters", o.DeadLetters != nil), needed("Ledger", o.Ledger != nil),
		notNegative("BatchSize", o.BatchSize), notNegative("FlushEvery", o.FlushEvery),
		notNegative("Queue", o.Queue), notNegative("Retry", o.Retry),
	)
	if err == nil {
		err = cmp.Or(checkRoom("Log", o.Log), checkRoom("DeadLetters", o.DeadLetters), o.Clock.setDefaults())
	}
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	o.BatchSize = cmp.Or(o.BatchSize, 500)
	o.FlushEvery = cmp.Or(o.FlushEvery, 5*time.Millisecond)
	o.Queue = cmp.Or(o.Queue, 4096)
	o.Retry = cmp.Or(o.Retry, time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

func needed(name string, given bool) error {
	if given {
		return nil
	}
	return fmt.Errorf("%s is missing; it is required", name)
}

func notNegative[T int | time.Duration](name string, v T) error {
	if v >= 0 {
		return nil
	}
	return fmt.Errorf("%s is %v; leave it 0 for the default or make it positive", name, v)
}

// Pipeline decodes messages and makes them durable in batches.
type Pipeline struct {
	options Options
	queue   chan Message
	metrics pipelineMetrics

	// The rest belongs to the goroutine of Run.
	decoder  wire.Decoder
	spacer   spacer
	batch    batch
	instance string // tells this process' entries from those of any other
	appended uint64
	failing  bool
	// complained is when refusals were told last, and untold how many came since.
	complained time.Time
	untold     int
}

// batch is what has been decoded and is not durable yet.
type batch struct {
	readings []telemetry.Reading
	logged   int // how many of them are in the log already
	letters  []DeadLetter
	acks     []func()
	bytes    int
	// data is the next entry, of so many readings, under its id. It stays the same
	// until it is known to be in the log: an attempt whose end we did not see may
	// have put it there. No readings: it is yet to be made.
	data    []byte
	encoded int
	id      string
}

// NewPipeline checks the options and returns a pipeline that does nothing until
// Run.
func NewPipeline(o Options) (*Pipeline, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	queue := make(chan Message, o.Queue)
	return &Pipeline{
		options:  o,
		queue:    queue,
		metrics:  newPipelineMetrics(o.Registry, queue),
		instance: rand.Text(),
	}, nil
}

// Handle takes over a message. It blocks while the pipeline is full and returns
// an error only when ctx ends first: the message is then not ours. It may be
// called from several goroutines.
func (p *Pipeline) Handle(ctx context.Context, m Message) error {
	select {
	case p.queue <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run makes messages durable until ctx is done; then it makes one last attempt
// with what it holds and returns nil. What it could not make durable is not
// acknowledged, so the broker will send it again.
func (p *Pipeline) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case m := <-p.queue:
			p.decode(m)
		case <-ctx.Done():
			return p.finish(ctx)
		}
		timer.Reset(p.options.FlushEvery)
		for waiting := true; waiting && !p.full(); {
			select {
			case m := <-p.queue:
				p.decode(m)
			case <-timer.C:
				waiting = false
			case <-ctx.Done():
				waiting = false
			}
		}
		if err := p.flush(ctx); err != nil {
			return p.finish(ctx)
		}
	}
}

// lastAttempt bounds how long a stopping pipeline tries to save what it holds.
const lastAttempt = 2 * time.Second

// finish saves what had been handed over when Run was told to stop, and no more:
// messages may go on arriving for ever.
func (p *Pipeline) finish(ctx context.Context) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAttempt)
	defer cancel()
	for left := len(p.queue); left > 0 || len(p.batch.acks) > 0; {
		for ; left > 0 && !p.full(); left-- {
			p.decode(<-p.queue)
		}
		if err := p.flush(last); err != nil {
			p.options.Logger.Warn("stopped with messages that are not durable; the broker will send them again", "messages", len(p.batch.acks)+left, "error", err)
			return nil
		}
	}
	return nil
}

// full reports whether the batch should go: by count, or because the next message
// might not fit into one log entry. Records are longer than payloads by names that
// a device may leave out, hence the share.
func (p *Pipeline) full() bool {
	return len(p.batch.readings)+len(p.batch.letters) >= p.options.BatchSize || p.batch.bytes >= p.options.Log.MaxEntry()/4
}

// decode adds one message to the batch.
func (p *Pipeline) decode(m Message) {
	received := m.Received.UTC().Truncate(time.Millisecond)
	decoded := p.decoder.Decode(m.Topic, m.Payload)
	p.metrics.messages.Inc()
	p.metrics.unknown.Add(float64(decoded.Unknown))
	p.options.Ledger.receive(len(decoded.Readings) + len(decoded.Rejects))
	for i := range decoded.Readings {
		r := &decoded.Readings[i]
		r.Received = received
		if m.Retained {
			r.Flags |= telemetry.FlagRetained
		}
		if r.Kind == telemetry.KindStatus && !r.Seq.Present() {
			r.Seq = telemetry.Some(r.Status.Number())
		}
		p.options.Clock.settle(r)
		p.spacer.space(r)
	}
	for _, reject := range decoded.Rejects {
		p.batch.letters = append(p.batch.letters, newDeadLetter(received, m.Topic, reject.Payload, reject.Err))
	}
	p.batch.readings = append(p.batch.readings, decoded.Readings...)
	p.batch.acks = append(p.batch.acks, m.Ack)
	p.batch.bytes += len(m.Payload)
}

// flush makes the batch durable and acknowledges it, however often it must try.
// Its error means that ctx ended; the batch is then still there.
func (p *Pipeline) flush(ctx context.Context) error {
	b := &p.batch
	start := time.Now()
	if err := p.appendReadings(ctx); err != nil {
		return err
	}
	if len(b.letters) > 0 {
		if err := p.appendLetters(ctx); err != nil {
			return err
		}
	}
	for _, ack := range b.acks {
		ack()
	}
	clear(b.acks)
	b.acks, b.bytes = b.acks[:0], 0
	p.metrics.appendSeconds.Observe(time.Since(start).Seconds())
	return nil
}

// appendReadings appends the batch, in several entries where one is not enough:
// a message may hold ten thousand readings.
func (p *Pipeline) appendReadings(ctx context.Context) error {
	b := &p.batch
	for b.logged < len(b.readings) {
		if b.encoded == 0 {
			p.encode(b.readings[b.logged:])
		}
		err := p.persist(ctx, func() error {
			_, err := p.options.Log.Append(ctx, b.id, b.data, b.encoded)
			return err
		})
		if err != nil {
			return err
		}
		p.options.Ledger.log(b.readings[b.logged : b.logged+b.encoded])
		p.metrics.batch.Observe(float64(b.encoded))
		b.logged += b.encoded
		b.encoded = 0
	}
	b.readings, b.logged = b.readings[:0], 0
	return nil
}

// encode makes the next entry of as many of the readings as it holds.
func (p *Pipeline) encode(readings []telemetry.Reading) {
	n := min(len(readings), 2*p.options.BatchSize)
	b := &p.batch
	for {
		b.data = wire.AppendRecords(b.data[:0], readings[:n])
		if n == 1 || len(b.data) <= p.options.Log.MaxEntry() {
			break
		}
		n = (n + 1) / 2
	}
	p.appended++
	b.encoded, b.id = n, p.instance+"-"+strconv.FormatUint(p.appended, 10)
}

// appendLetters makes the batch's dead letters durable.
func (p *Pipeline) appendLetters(ctx context.Context) error {
	b := &p.batch
	rest := b.letters
	err := p.persist(ctx, func() (err error) {
		rest, err = appendLetters(ctx, p.options.DeadLetters, rest)
		return err
	})
	kept := b.letters[:len(b.letters)-len(rest)]
	if len(kept) > 0 {
		p.options.Ledger.refuse(kept)
		p.logRefused(kept)
	}
	b.letters = slices.Delete(b.letters, 0, len(kept))
	return err
}

// persist repeats do until it succeeds or ctx ends.
func (p *Pipeline) persist(ctx context.Context, do func() error) error {
	err := retry(ctx, p.options.Retry, do, func(err error) {
		p.metrics.appendErrors.Inc()
		if !p.failing {
			p.options.Logger.Error("the stream does not take readings; the broker has to wait", "error", err)
		}
		p.failing = true
	})
	if err == nil && p.failing {
		p.failing = false
		p.options.Logger.Info("the stream takes readings again")
	}
	return err
}

// complainEvery is how often refusals are told: a device gone mad must not fill
// the log as well.
const complainEvery = time.Minute

// logRefused tells the first refusal at once, and then the sum now and again. The
// metrics and the dead letters have them all.
func (p *Pipeline) logRefused(letters []DeadLetter) {
	p.untold += len(letters)
	if now := time.Now(); now.Sub(p.complained) >= complainEvery {
		latest := &letters[len(letters)-1]
		p.options.Logger.Warn("readings refused; see phusong deadletters list", "count", p.untold, "latest_topic", latest.Topic, "latest_reason", latest.Reason)
		p.complained, p.untold = now, 0
	}
}

// retry calls do until it returns nil, pausing longer each time up to most, or as
// long as the error's RetryAfter asks, or until ctx ends, whose error it returns.
// It reports each failure.
func retry(ctx context.Context, most time.Duration, do func() error, report func(error)) error {
	pause := min(10*time.Millisecond, most)
	for {
		err := do()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		report(err)
		wait := pause
		var throttle interface{ RetryAfter() time.Duration }
		if errors.As(err, &throttle) {
			wait = max(wait, throttle.RetryAfter())
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause = min(2*pause, most)
	}
}
