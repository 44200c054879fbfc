package ingest_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"phusong/ingest"
	"phusong/telemetry"
)

// A story is a log as devices and brokers fill it, and where the writer is killed.
type story struct {
	entries [][]telemetry.Reading
	tags    []int64 // what is in it, each once, sorted
	bad     []int64 // of these, what the store refuses
	kills   []int   // after how many calls of its dependencies each writer dies
	store   []error // what becomes of the first writes
	letters []outcome
	saves   []outcome
	batch   int
	writers int // at a time
}

func drawStory(t *rapid.T) story {
	s := story{batch: rapid.IntRange(1, 12).Draw(t, "batch size"), writers: rapid.IntRange(1, 3).Draw(t, "writers")}
	var sent []telemetry.Reading
	received := noon
	readings := rapid.Int64Range(1, 40).Draw(t, "readings")
	for next := int64(0); next < readings; {
		var entry []telemetry.Reading
		for range rapid.IntRange(1, 5).Draw(t, "in entry") {
			received = received.Add(time.Millisecond)
			if len(sent) > 0 && rapid.IntRange(0, 3).Draw(t, "again") == 0 {
				// The broker sends again what it sent just before.
				entry = append(entry, deliver(rapid.SampledFrom(sent[max(0, len(sent)-10):]).Draw(t, "which"), received))
				continue
			}
			r := drawReading(t, next)
			next++
			s.tags = append(s.tags, tag(&r))
			sent = append(sent, r)
			entry = append(entry, deliver(r, received))
		}
		s.entries = append(s.entries, entry)
		if rapid.IntRange(0, 5).Draw(t, "entry is there twice") == 0 {
			s.entries = append(s.entries, entry)
		}
	}
	s.bad = rapid.SliceOfNDistinct(rapid.SampledFrom(s.tags), 0, 2, rapid.ID).Draw(t, "bad")
	s.kills = rapid.SliceOfN(rapid.IntRange(1, 25), 0, 6).Draw(t, "kills")
	s.store = rapid.SliceOfN(rapid.SampledFrom([]error{nil, nil, errDown, errAfter, throttle(time.Minute)}), 0, 10).Draw(t, "store")
	fates := rapid.SliceOfN(rapid.SampledFrom([]outcome{works, failsBefore, failsAfter}), 0, 5)
	s.letters, s.saves = fates.Draw(t, "letters"), fates.Draw(t, "saves")
	return s
}

// drawReading returns a reading as the device sends it: by its own clock, without
// one, or with one that stands still.
func drawReading(t *rapid.T, tag int64) telemetry.Reading {
	device := rapid.SampledFrom([]string{"ap-1", "ap-2"}).Draw(t, "device")
	switch rapid.IntRange(0, 3).Draw(t, "clock") {
	case 0:
		r := wifi(device, time.Time{}, tag, tag)
		r.Flags = telemetry.FlagNoTime
		return r
	case 1:
		r := wifi(device, time.Time{}, -1, tag)
		r.DeviceTime, r.Flags = time.Unix(5, 0).UTC(), telemetry.FlagClockBehind
		return r
	default:
		return wifi(device, noon.Add(time.Duration(tag)*time.Second), tag, tag)
	}
}

// deliver returns r as it is when received then.
func deliver(r telemetry.Reading, received time.Time) telemetry.Reading {
	r.Received = received
	if r.TimeAssigned() {
		r.Time = received
	}
	return r
}

// Whenever the writer dies, and whatever fails meanwhile, in the end each reading
// is in the store once, or a dead letter, and the audit finds it so.
func TestWriterDiesAnywhere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		var d *desk
		var report *ingest.AuditReport
		synctest.Test(t, func(t *testing.T) {
			d = s.set(t)
			for _, calls := range append(s.kills, 0) {
				d.live(t, &s, calls)
			}
			report = d.audit(t)
		})
		s.judge(rt, d, report)
	})
}

func (s *story) set(t *testing.T) *desk {
	d := newDesk(t, nil)
	for _, entry := range s.entries {
		d.log.put(entry...)
		for i := range entry {
			if slices.Contains(s.bad, tag(&entry[i])) {
				d.store.bad[entry[i].Key()] = true
			}
		}
	}
	d.store.script, d.letters.script, d.saves = slices.Clone(s.store), slices.Clone(s.letters), slices.Clone(s.saves)
	return d
}

// live runs one writer from the saved position until it has called so often, or
// for 0 until it has settled everything.
func (d *desk) live(t *testing.T, s *story, calls int) {
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	var left atomic.Int64
	left.Store(int64(calls))
	count := func() {
		if left.Add(-1) == 0 {
			kill()
		}
	}
	if calls == 0 {
		count = func() {}
	}
	tracker := ingest.NewTracker()
	if err := ingest.Warm(ctx, tracker, d.log.read(0), d.settled()); err != nil {
		t.Fatal(err)
	}
	d.ledger = ingest.NewLedger()
	for i, entry := range s.entries {
		if uint64(i+1) > d.settled() {
			d.ledger.CarryOver(int64(len(entry)))
		}
	}
	d.hire(t, func(o *ingest.WriterOptions) { o.Tracker, o.BatchSize, o.Parallel = tracker, s.batch, s.writers })
	d.store.room = int32(s.writers)
	d.source.onRead, d.store.onWrite, d.letters.onAppend, d.onSave = count, count, count, count
	done := make(chan error, 1)
	go func() { done <- d.writer.Run(ctx) }()
	if calls == 0 {
		waitFor(t, "everything settled", func() bool { return d.settled() == d.log.end() && d.ledger.Balance().Waiting() == 0 })
		kill()
	} else {
		// What has nothing left to do is killed while it waits.
		time.AfterFunc(time.Hour, kill)
	}
	if err := <-done; err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func (d *desk) audit(t *testing.T) *ingest.AuditReport {
	t.Helper()
	d.store.setDown(nil)
	report, err := ingest.Audit(t.Context(), ingest.AuditOptions{
		Source: d.log.read(0), Last: d.log.end(), Position: d.settled(), Store: d.store, DeadLetters: d.letters,
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func (s *story) judge(t *rapid.T, d *desk, report *ingest.AuditReport) {
	d.check(t)
	want := slices.DeleteFunc(slices.Clone(s.tags), func(tag int64) bool { return slices.Contains(s.bad, tag) })
	if got := d.store.tags(); !slices.Equal(got, want) {
		t.Errorf("the store holds %v, want %v each once", got, want)
	}
	refused := refusedByStore(d.letters)
	for _, tag := range s.bad {
		if !slices.Contains(refused, tag) {
			t.Errorf("reading %d was refused and is no dead letter", tag)
		}
	}
	if b := d.ledger.Balance(); b.Difference() != 0 || b.Waiting() != 0 {
		t.Errorf("the ledger says %+v", b)
	}
	if !report.Balanced() || report.Waiting != 0 || report.Old != 0 {
		t.Errorf("the audit says %+v", report)
	}
	if sum := report.Stored + report.Repeated + report.Refused; sum != report.InLog {
		t.Errorf("the audit's parts make %d of %d", sum, report.InLog)
	}
}
