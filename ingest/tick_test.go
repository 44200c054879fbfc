package ingest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/ingest"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// A silent log ticks, one that is written to does not, and one that fails is not
// waited for.
func TestTicker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newLog()
		ticker := ingest.NewTicker(log, time.Second)
		running := start(t, ticker.Run)
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		if n := log.end(); n != 3 {
			t.Fatalf("%d ticks in 3.5 s of silence, want 3", n)
		}
		reading := numbered("ap-1", 1)
		data := wire.AppendRecords(nil, reading)
		for range 4 { // at 3.5 s, 4.5 s, 5.5 s and 6.5 s
			if _, err := ticker.Append(t.Context(), "", data, 1); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := log.end(); n != 7 {
			t.Errorf("the log has %d entries, want the 3 ticks and 4 readings", n)
		}
		log.mu.Lock()
		log.down = true
		log.mu.Unlock()
		time.Sleep(3 * time.Second)
		log.repair()
		time.Sleep(2 * time.Second)
		if err := running.stop(); err != nil {
			t.Error(err)
		}
		for _, e := range log.held() {
			if got := len(decodeEntry(e)); got != e.Count {
				t.Errorf("entry %d holds %d readings and says %d", e.Seq, got, e.Count)
			}
		}
		if n := log.end(); n < 9 {
			t.Errorf("%d entries: it does not tick again after a failure", n)
		}
		log.check(t)
	})
}

// A tick that hangs ends with the ticker.
func TestTickerStopsWhileItTicks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newLog()
		log.script = []outcome{hangsBefore}
		running := start(t, ingest.NewTicker(log, time.Second).Run)
		time.Sleep(1500 * time.Millisecond)
		if err := running.stop(); err != nil {
			t.Error(err)
		}
	})
}

// Ticks cost the store nothing, and the position moves on now and then, so that they
// can be trimmed.
func TestWriterPassesOverTicks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		all := numbered("ap-1", 3)
		d.log.put(all[0])
		d.ledger.CarryOver(3)
		writer := start(t, d.writer.Run)
		waitFor(t, "the first", func() bool { return d.settled() == 1 })
		for range 130 {
			d.log.put()
			time.Sleep(time.Second)
		}
		if at := d.settled(); at != 121 {
			t.Errorf("after 130 ticks the position is %d, want that of the 120th", at)
		}
		d.log.put(all[1])
		waitFor(t, "the second", func() bool { return d.settled() == 132 })
		d.log.put()
		d.log.put(all[2])
		d.log.put()
		waitFor(t, "the third", func() bool { return d.settled() >= 134 })
		if err := writer.stop(); err != nil {
			t.Error(err)
		}
		if n := d.store.written(); n != 3 {
			t.Errorf("%d writes, want 3", n)
		}
		if b := d.ledger.Balance(); b != (ingest.Balance{Received: 3, Stored: 3}) {
			t.Errorf("the ledger says %+v", b)
		}
		want := &ingest.AuditReport{InLog: 3, Stored: 3}
		if diff := cmp.Diff(want, d.audit(t)); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}
		d.check(t)
	})
}

// What a broker sends again is recognised although ticks stand between.
func TestWarmPassesOverTicks(t *testing.T) {
	t.Parallel()
	log := newLog()
	all := numbered("ap-1", 2)
	log.put(all[0])
	for range 5 {
		log.put()
	}
	last := log.put(all[1])
	tracker := ingest.NewTracker()
	if err := ingest.Warm(t.Context(), tracker, log.read(0), last); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if !tracker.Observe(&all[i]).Repeated {
			t.Errorf("reading %d is new to the tracker", i)
		}
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	log := newLog()
	all := numbered("ap-1", 4)
	log.put(all[0], all[1])
	log.add("", []byte("?"), 1)
	log.add("", wire.AppendRecords(nil, all[:1]), 2) // says more than it holds
	log.put()
	log.put(all[2], all[3])
	source := log.read(0)
	source.broken = errors.New("the disk is gone")
	got := make(map[uint64][]int64)
	do := func(e ingest.Entry, readings []telemetry.Reading) error {
		got[e.Seq] = tags(readings)
		return nil
	}
	err := ingest.Follow(t.Context(), source, do)
	checkError(t, err, "the disk is gone")
	want := map[uint64][]int64{1: {0, 1}, 2: {}, 3: {}, 4: {}, 5: {2, 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("followed (-want +got):\n%s", diff)
	}
}

// Who follows can say that it is enough.
func TestFollowEndsWithItsError(t *testing.T) {
	t.Parallel()
	log := newLog()
	log.put(numbered("ap-1", 1)...)
	enough := errors.New("enough")
	err := ingest.Follow(t.Context(), log.read(0), func(ingest.Entry, []telemetry.Reading) error { return enough })
	if !errors.Is(err, enough) {
		t.Errorf("it ended with %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = ingest.Follow(ctx, log.read(1), func(ingest.Entry, []telemetry.Reading) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v, want that of the context", err)
	}
	if !slices.Equal(tags(log.readings()), []int64{0}) {
		t.Error("following changed the log")
	}
}
