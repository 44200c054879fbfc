package ingest_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"phusong/ingest"
	"phusong/telemetry"
)

// A delivery is one message of a schedule.
type delivery struct {
	wait     time.Duration // before it is handed over
	good     []int64       // tags of its readings
	bad      int           // elements that are refused
	whole    bool          // the message is broken as a whole
	timeless bool
}

// A schedule is what happens to a pipeline in one run of the property.
type schedule struct {
	options      ingest.Options
	forgetful    bool
	log, letters []outcome
	deliveries   []delivery
	stop         time.Duration // after the first delivery; 0 for when all is acknowledged
}

func drawSchedule(t *rapid.T) schedule {
	s := schedule{
		options: ingest.Options{
			BatchSize:  rapid.IntRange(1, 10).Draw(t, "batch size"),
			Queue:      rapid.IntRange(1, 5).Draw(t, "queue"),
			FlushEvery: time.Duration(rapid.IntRange(1, 30).Draw(t, "flush")) * time.Millisecond,
		},
		forgetful: rapid.Bool().Draw(t, "forgetful"),
	}
	// Hanging appends end with the context only, so they come with a stop.
	fates := []outcome{works, works, failsBefore, failsAfter}
	if rapid.Bool().Draw(t, "stops early") {
		s.stop = time.Duration(rapid.IntRange(1, 500).Draw(t, "stop")) * time.Millisecond
		fates = append(fates, hangsBefore, hangsAfter)
	}
	s.log = rapid.SliceOfN(rapid.SampledFrom(fates), 0, 20).Draw(t, "log")
	s.letters = rapid.SliceOfN(rapid.SampledFrom(fates), 0, 20).Draw(t, "letters")
	next := int64(0)
	for range rapid.IntRange(1, 30).Draw(t, "messages") {
		d := delivery{
			wait:     time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 7, 40}).Draw(t, "wait")) * time.Millisecond,
			bad:      rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "bad"),
			whole:    rapid.SampledFrom([]bool{false, false, false, false, true}).Draw(t, "whole"),
			timeless: rapid.Bool().Draw(t, "timeless"),
		}
		for range rapid.IntRange(1, 4).Draw(t, "good") {
			if !d.whole {
				d.good = append(d.good, next)
			}
			next++
		}
		s.deliveries = append(s.deliveries, d)
	}
	return s
}

func (d *delivery) payload(now time.Time) []byte {
	if d.whole {
		return []byte(`[{"clients":1},`)
	}
	var elements []string
	for _, tag := range d.good {
		at := now
		if d.timeless {
			at = time.Time{}
		}
		elements = append(elements, string(payload(wifi("ap-1", at, tag, tag))))
	}
	for range d.bad {
		elements = append(elements, `{"clients":-1}`)
	}
	return []byte("[" + strings.Join(elements, ",") + "]")
}

// refused is how many dead letters the message makes.
func (d *delivery) refused() int {
	if d.whole {
		return 1
	}
	return d.bad
}

// The heart of it: whatever the log does, a message is acknowledged at most once
// and not before all of it is durable; what is durable is there once and in order;
// and unless the pipeline is stopped, everything is acknowledged in the end.
func TestNothingIsAcknowledgedBeforeItIsDurable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSchedule(rt)
		var outcome trial
		synctest.Test(t, func(t *testing.T) { outcome.run(t, &s) })
		outcome.judge(rt, &s)
	})
}

// trial is one run of a schedule and what was seen of it.
type trial struct {
	police
	*post
	acks    []int // by delivery
	taken   int   // deliveries that Handle took over
	refused int   // dead letters of acknowledged deliveries
}

func (r *trial) run(t *testing.T, s *schedule) {
	r.post = newPost(t, func(o *ingest.Options) {
		s.options.Log, s.options.DeadLetters, s.options.Ledger = o.Log, o.DeadLetters, o.Ledger
		*o = s.options
	})
	r.log.script, r.log.forgetful = slices.Clone(s.log), s.forgetful
	r.letters.script = slices.Clone(s.letters)
	r.acks = make([]int, len(s.deliveries))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if s.stop > 0 {
		context.AfterFunc(ctx, func() { r.log.repair(); r.letters.repair() }) // the last attempt may succeed
		time.AfterFunc(s.stop, cancel)
	}
	var work sync.WaitGroup
	work.Go(func() {
		if err := r.pipeline.Run(ctx); err != nil {
			r.fault("Run returned %v", err)
		}
	})
	work.Go(func() {
		for i := range s.deliveries {
			time.Sleep(s.deliveries[i].wait)
			m := ingest.Message{
				Topic: topic("ap-1"), Payload: s.deliveries[i].payload(time.Now()), Received: time.Now(),
				Ack: func() { r.acknowledge(i, &s.deliveries[i]) },
			}
			if r.pipeline.Handle(ctx, m) != nil {
				return
			}
			r.taken++
		}
	})
	if s.stop == 0 {
		time.Sleep(time.Hour)
		cancel()
	}
	work.Wait()
}

// acknowledge is the ack of delivery i: all of it must be durable by now.
func (r *trial) acknowledge(i int, d *delivery) {
	if r.acks[i]++; r.acks[i] > 1 {
		r.fault("message %d was acknowledged %d times", i, r.acks[i])
	}
	durable := tags(r.log.readings())
	for _, tag := range d.good {
		if !slices.Contains(durable, tag) {
			r.fault("message %d was acknowledged before its reading %d was in the log", i, tag)
		}
	}
	if b := r.ledger.Balance(); b.Difference() != 0 {
		r.fault("the ledger is out of balance: %+v", b)
	}
	r.refused += d.refused()
	letters := 0
	for _, e := range r.letters.held() {
		letters += e.Count
	}
	if letters < r.refused {
		r.fault("message %d was acknowledged with %d dead letters durable, want at least %d", i, letters, r.refused)
	}
}

func (r *trial) judge(t *rapid.T, s *schedule) {
	r.check(t)
	r.log.check(t)
	r.letters.check(t)
	logged := tags(r.log.readings())
	once := slices.Compact(slices.Clone(logged))
	if !slices.IsSorted(once) && !s.forgetful {
		t.Errorf("the log is out of order: %v", logged)
	}
	if len(once) != len(logged) && !s.forgetful {
		t.Errorf("the log holds a reading twice: %v", logged)
	}
	for i := range r.taken {
		if s.stop == 0 && r.acks[i] != 1 {
			t.Errorf("message %d was acknowledged %d times", i, r.acks[i])
		}
	}
	if s.stop == 0 && r.taken != len(s.deliveries) {
		t.Errorf("%d of %d messages were taken over", r.taken, len(s.deliveries))
	}
	r.judgeLedger(t, s)
	r.judgeKeys(t)
}

func (r *trial) judgeLedger(t *rapid.T, s *schedule) {
	b := r.ledger.Balance()
	if b.Difference() != 0 || b.InHand < 0 {
		t.Errorf("the ledger is out of balance: %+v", b)
	}
	if s.stop > 0 {
		return
	}
	var want ingest.Balance
	for i := range s.deliveries {
		want.InLog += int64(len(s.deliveries[i].good))
		want.Rejected += int64(s.deliveries[i].refused())
	}
	want.Received = want.InLog + want.Rejected
	if b != want {
		t.Errorf("the ledger says %+v, want %+v", b, want)
	}
}

// judgeKeys wants different keys for different readings.
func (r *trial) judgeKeys(t *rapid.T) {
	readings := r.log.readings()
	seen := make(map[telemetry.Key]int64)
	for i := range readings {
		key, tag := readings[i].Key(), tag(&readings[i])
		if other, ok := seen[key]; ok && other != tag {
			t.Errorf("readings %d and %d share the key %v", other, tag, key)
		}
		seen[key] = tag
	}
}
