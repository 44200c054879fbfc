package ingest_test

import (
	"context"
	"errors"
	"math/bits"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"phusong/ingest"
	"phusong/internal/wire"
	"phusong/telemetry"
)

func TestWriterOptions(t *testing.T) {
	t.Parallel()
	small := newLog()
	small.max = ingest.MinEntry - 1
	for _, test := range []struct {
		name string
		with func(*ingest.WriterOptions)
		want string
	}{
		{"defaults", func(*ingest.WriterOptions) {}, ""},
		{"no source", func(o *ingest.WriterOptions) { o.Source = nil }, "Source is missing"},
		{"no store", func(o *ingest.WriterOptions) { o.Store = nil }, "Store is missing"},
		{"no dead letters", func(o *ingest.WriterOptions) { o.DeadLetters = nil }, "DeadLetters is missing"},
		{"no ledger", func(o *ingest.WriterOptions) { o.Ledger = nil }, "Ledger is missing"},
		{"no save", func(o *ingest.WriterOptions) { o.Save = nil }, "Save is missing"},
		{"batch", func(o *ingest.WriterOptions) { o.BatchSize = -1 }, "BatchSize is -1"},
		{"flush", func(o *ingest.WriterOptions) { o.FlushEvery = -1 }, "FlushEvery is -1"},
		{"parallel", func(o *ingest.WriterOptions) { o.Parallel = -1 }, "Parallel is -1"},
		{"retry", func(o *ingest.WriterOptions) { o.Retry = -time.Second }, "Retry is -1s"},
		{"dead letters without room", func(o *ingest.WriterOptions) { o.DeadLetters = small }, "max_payload"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			log := newLog()
			o := ingest.WriterOptions{
				Source: log.read(0), Store: newStore(), DeadLetters: newLog(), Ledger: ingest.NewLedger(),
				Save: func(context.Context, uint64) error { return nil },
			}
			test.with(&o)
			_, err := ingest.NewWriter(o)
			checkError(t, err, test.want)
		})
	}
}

func TestWriterMovesReadings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(o *ingest.WriterOptions) { o.BatchSize = 4 })
		all := numbered("ap-1", 20)
		for i := 0; i < len(all); i += 2 {
			d.log.put(all[i : i+2]...)
		}
		d.ledger.CarryOver(20)
		writer := start(t, d.writer.Run)
		waitFor(t, "everything stored", func() bool { return d.settled() == 10 })
		if err := writer.stop(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(keysOf(all), d.store.keys()); diff != "" {
			t.Errorf("stored keys (-want +got):\n%s", diff)
		}
		if d.store.written() != 5 {
			t.Errorf("%d writes, want 5 of 4 readings each", d.store.written())
		}
		if b := d.ledger.Balance(); b != (ingest.Balance{Received: 20, Stored: 20}) {
			t.Errorf("the ledger says %+v", b)
		}
		d.check(t)
	})
}

// A full load goes to the store in parts at the same time, and the position moves
// when all of them are there.
func TestWriterInParallel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(o *ingest.WriterOptions) { o.BatchSize, o.Parallel = 4, 3 })
		d.store.room = 3
		d.store.onWrite = func() { time.Sleep(time.Second) } // of the bubble's clock: all three are there by then
		all := numbered("ap-1", 24)
		d.store.bad[all[7].Key()] = true
		for i := 0; i < len(all); i += 2 {
			d.log.put(all[i : i+2]...)
		}
		d.ledger.CarryOver(24)
		writer := start(t, d.writer.Run)
		waitFor(t, "everything settled", func() bool { return d.settled() == 12 })
		if err := writer.stop(); err != nil {
			t.Error(err)
		}
		if most := d.store.most.Load(); most != 3 {
			t.Errorf("%d writes were under way at a time, want 3", most)
		}
		if b := d.ledger.Balance(); b != (ingest.Balance{Received: 24, Stored: 23, Rejected: 1}) {
			t.Errorf("the ledger says %+v", b)
		}
		d.check(t)
	})
}

// Readings that come one by one share a write.
func TestWriterWaitsForCompany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(o *ingest.WriterOptions) { o.FlushEvery = 50 * time.Millisecond })
		writer := start(t, d.writer.Run)
		for _, r := range numbered("ap-1", 10) {
			d.log.put(r)
			d.ledger.CarryOver(1)
			time.Sleep(10 * time.Millisecond)
		}
		waitFor(t, "everything stored", func() bool { return d.settled() == 10 })
		if err := writer.stop(); err != nil {
			t.Error(err)
		}
		if n := d.store.written(); n != 2 {
			t.Errorf("%d writes of 10 readings in 100 ms, want 2", n)
		}
		d.check(t)
	})
}

func keysOf(readings []telemetry.Reading) []telemetry.Key {
	keys := make([]telemetry.Key, 0, len(readings))
	for i := range readings {
		keys = append(keys, readings[i].Key())
	}
	return keys
}

func TestStoreAwayForAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(o *ingest.WriterOptions) { o.BatchSize = 3 })
		all := numbered("ap-1", 12)
		d.store.setDown(errDown)
		writer := start(t, d.writer.Run)
		for i, r := range all {
			d.log.put(r)
			d.ledger.CarryOver(1)
			if i == 6 {
				time.Sleep(time.Hour)
			}
		}
		if d.settled() != 0 {
			t.Errorf("with the store away the position is %d", d.settled())
		}
		if n := d.store.written(); n < 700 || n > 740 {
			t.Errorf("%d attempts in an hour, want one every 5 s", n)
		}
		back := time.Now()
		d.store.setDown(nil)
		waitFor(t, "everything stored", func() bool { return d.settled() == 12 })
		if took := time.Since(back); took > 6*time.Second {
			t.Errorf("writing again %s after the store came back", took)
		}
		if err := writer.stop(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(keysOf(all), d.store.keys()); diff != "" {
			t.Errorf("stored keys (-want +got):\n%s", diff)
		}
		d.check(t)
	})
}

func TestWriterComesBackWhenTheStoreSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		d.store.script = []error{throttle(90 * time.Second), throttle(time.Millisecond), errDown, errAfter}
		d.log.put(numbered("ap-1", 3)...)
		began := time.Now()
		start(t, d.writer.Run)
		waitFor(t, "everything stored", func() bool { return d.settled() == 1 })
		if took := time.Since(began); took < 90*time.Second || took > 92*time.Second {
			t.Errorf("stored after %s, want a little more than 90s", took)
		}
		d.check(t) // no write too soon
	})
}

func TestPositionIsSavedUntilItHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(o *ingest.WriterOptions) { o.BatchSize = 1 })
		d.saves = []outcome{failsBefore, failsAfter, failsBefore, works, failsAfter, works}
		d.log.put(wifi("ap-1", noon, 1, 1))
		d.log.put(wifi("ap-1", noon, 2, 2))
		start(t, d.writer.Run)
		waitFor(t, "the saves used up", func() bool { return d.savesLeft() == 0 })
		if d.settled() != 2 || d.store.written() != 2 {
			t.Errorf("position %d after %d writes, want 2 after 2", d.settled(), d.store.written())
		}
		d.check(t)
	})
}

func TestRefusedReadingIsSingledOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		all := numbered("ap-1", 10)
		d.store.bad[all[7].Key()] = true
		d.letters.script = []outcome{failsBefore, failsBefore}
		d.log.put(all...)
		d.ledger.CarryOver(10)
		start(t, d.writer.Run)
		waitFor(t, "everything settled", func() bool { return d.settled() == 1 })
		want := []ingest.DeadLetter{{
			ID: "1-0", Time: all[7].Received, Topic: topic("ap-1"), Payload: payload(all[7]), Size: len(payload(all[7])),
			Reason: "the store answers 422: clients: type conflict", Class: "store", Count: 1,
		}}
		if diff := cmp.Diff(want, list(t, d.letters)); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
		if b := d.ledger.Balance(); b != (ingest.Balance{Received: 10, Stored: 9, Rejected: 1}) {
			t.Errorf("the ledger says %+v", b)
		}
		d.check(t)
	})
}

func TestSplittingIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(rt, "readings")
		all := numbered("ap-1", n)
		bad := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, min(n, 12), rapid.ID).Draw(rt, "bad")
		partly := rapid.Bool().Draw(rt, "stores what comes before a bad one")
		var d *desk
		synctest.Test(t, func(t *testing.T) {
			d = newDesk(t, nil)
			d.store.partly = partly
			for _, i := range bad {
				d.store.bad[all[i].Key()] = true
			}
			d.log.put(all...)
			d.ledger.CarryOver(int64(n))
			writer := start(t, d.writer.Run)
			waitFor(t, "everything settled", func() bool { return d.settled() == 1 })
			if err := writer.stop(); err != nil {
				t.Error(err)
			}
		})
		d.check(rt)
		if b := d.ledger.Balance(); b != (ingest.Balance{Received: int64(n), Stored: int64(n - len(bad)), Rejected: int64(len(bad))}) {
			rt.Errorf("the ledger says %+v with %d bad of %d", b, len(bad), n)
		}
		if got := len(refusedByStore(d.letters)); got != len(bad) {
			rt.Errorf("%d dead letters, want %d", got, len(bad))
		}
		if got := len(d.store.keys()); got != n-len(bad) {
			rt.Errorf("%d readings stored, want %d", got, n-len(bad))
		}
		// Each bad reading condemns one batch at each of the levels of halving, which is
		// then two.
		if most := 1 + 2*len(bad)*bits.Len(uint(n)); d.store.written() > most {
			rt.Errorf("%d writes for %d bad of %d, want at most %d", d.store.written(), len(bad), n, most)
		}
	})
}

// refusedByStore returns the tags of the readings that became dead letters.
func refusedByStore(log *memoryLog) []int64 {
	var refused []int64
	var decoder wire.Decoder
	_ = ingest.ListDeadLetters(context.Background(), log, func(d ingest.DeadLetter) bool {
		if d.Class == "store" {
			refused = append(refused, tags(decoder.Decode(d.Topic, d.Payload).Readings)...)
		}
		return true
	})
	return refused
}

func TestDamagedEntryIsKeptAndPassed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		good := numbered("ap-1", 3)
		d.log.put(good[0])
		d.log.add("", []byte(`{"half a`), 42)
		d.log.put(good[1])
		d.log.add("", []byte(record(&good[2])), 2) // it says two and holds one
		d.log.put(good[2])
		d.ledger.CarryOver(1 + 42 + 1 + 2 + 1)
		start(t, d.writer.Run)
		waitFor(t, "everything settled", func() bool { return d.settled() == 5 })
		if diff := cmp.Diff(keysOf(good), d.store.keys()); diff != "" {
			t.Errorf("stored keys (-want +got):\n%s", diff)
		}
		letters := list(t, d.letters)
		if len(letters) != 2 {
			t.Fatalf("%d dead letters, want 2", len(letters))
		}
		for i, want := range []struct {
			count  int
			reason string
		}{{42, "entry 2 of the stream cannot be read"}, {2, "it holds 1 readings and says 2"}} {
			if l := letters[i]; l.Count != want.count || l.Class != "stream" || !strings.Contains(l.Reason, want.reason) {
				t.Errorf("letter %d is %+v, want one for %d with %q", i, l, want.count, want.reason)
			}
		}
		if b := d.ledger.Balance(); b != (ingest.Balance{Received: 47, Stored: 3, Rejected: 44}) {
			t.Errorf("the ledger says %+v", b)
		}
	})
}

// Entries that lie about their size must not fill the memory before they are
// settled.
func TestDamagedEntriesDoNotPileUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		for range 50 {
			d.log.add("", []byte("?"), 0)
		}
		most, before := 0, 0
		d.letters.onAppend = func() {
			most = max(most, int(d.source.last)-before)
			before = int(d.source.last)
		}
		start(t, d.writer.Run)
		waitFor(t, "everything settled", func() bool { return d.settled() == 50 })
		if most > 1 {
			t.Errorf("%d damaged entries were in memory at once", most)
		}
	})
}

func TestWriterEnds(t *testing.T) {
	t.Parallel()
	t.Run("with the log", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		d.source.broken = errors.New("the disk is gone")
		err := d.writer.Run(t.Context())
		checkError(t, err, "reading the stream: the disk is gone")
	})
	t.Run("with its context, while the store is away", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, nil)
			d.store.setDown(throttle(time.Hour))
			d.log.put(numbered("ap-1", 1)...)
			d.ledger.CarryOver(1)
			writer := start(t, d.writer.Run)
			synctest.Wait()
			began := time.Now()
			if err := writer.stop(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > 0 {
				t.Errorf("stopping took %s", took)
			}
			if b := d.ledger.Balance(); d.settled() != 0 || b != (ingest.Balance{Received: 1, InLog: 1}) {
				t.Errorf("position %d, ledger %+v", d.settled(), b)
			}
		})
	})
}

// A store that refuses while the stream refuses dead letters: nothing may move on.
func TestPositionWaitsForTheDeadLetter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		all := numbered("ap-1", 3)
		d.store.bad[all[1].Key()] = true
		d.letters.down = true
		d.log.put(all...)
		start(t, d.writer.Run)
		time.Sleep(time.Hour)
		synctest.Wait()
		if d.settled() != 0 {
			t.Fatalf("the position is %d and the dead letter is nowhere", d.settled())
		}
		d.letters.repair()
		waitFor(t, "everything settled", func() bool { return d.settled() == 1 })
		d.check(t)
	})
}

func TestWriterMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		d := newDesk(t, func(o *ingest.WriterOptions) { o.Registry = registry })
		d.store.script = []error{errDown}
		d.log.put(wifi("ap-1", noon, 1, 1), wifi("ap-1", noon.Add(time.Second), 5, 5), wifi("ap-1", noon, 1, 1))
		start(t, d.writer.Run)
		waitFor(t, "everything settled", func() bool { return d.settled() == 1 })
		if err := testutil.GatherAndCompare(registry, strings.NewReader(`
			# HELP readings_duplicate_total Readings that a device or the broker sent again.
			# TYPE readings_duplicate_total counter
			readings_duplicate_total 1
			# HELP sequence_gaps_total Times that a device's sequence number skipped.
			# TYPE sequence_gaps_total counter
			sequence_gaps_total 1
			# HELP sequence_missing_total Readings that devices numbered and we have not seen in their place. Backlog may still bring them.
			# TYPE sequence_missing_total counter
			sequence_missing_total 3
			# HELP store_write_errors_total Failed attempts to write to the store; each is tried again.
			# TYPE store_write_errors_total counter
			store_write_errors_total 1
		`), "readings_duplicate_total", "sequence_gaps_total", "sequence_missing_total", "store_write_errors_total"); err != nil {
			t.Error(err)
		}
		lint(t, registry)
	})
}
