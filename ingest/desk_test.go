package ingest_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"phusong/ingest"
)

// desk is a writer with what it is plugged into.
type desk struct {
	police
	log, letters *memoryLog
	store        *memoryStore
	ledger       *ingest.Ledger
	writer       *ingest.Writer
	source       *memorySource
	onSave       func()

	saving   sync.Mutex
	saves    []outcome // what becomes of the saves to come
	position uint64
}

// settled returns the saved position.
func (d *desk) settled() uint64 {
	d.saving.Lock()
	defer d.saving.Unlock()
	return d.position
}

// savesLeft is how many saves have their outcome planned.
func (d *desk) savesLeft() int {
	d.saving.Lock()
	defer d.saving.Unlock()
	return len(d.saves)
}

// newDesk makes a writer that begins after the entry position; with changes the
// options that are not about its surroundings.
func newDesk(t testing.TB, with func(*ingest.WriterOptions)) *desk {
	t.Helper()
	d := &desk{log: newLog(), letters: newLog(), store: newStore(), ledger: ingest.NewLedger()}
	d.hire(t, with)
	return d
}

// hire makes a new writer on the same surroundings, as a restart does.
func (d *desk) hire(t testing.TB, with func(*ingest.WriterOptions)) {
	t.Helper()
	d.source = d.log.read(d.position)
	o := ingest.WriterOptions{Source: d.source, Store: d.store, DeadLetters: d.letters, Ledger: d.ledger, Save: d.save}
	if with != nil {
		with(&o)
	}
	var err error
	if d.writer, err = ingest.NewWriter(o); err != nil {
		t.Fatal(err)
	}
}

// save keeps the position, after checking that all up to it is settled.
func (d *desk) save(ctx context.Context, seq uint64) error {
	if d.onSave != nil {
		d.onSave()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.saving.Lock()
	defer d.saving.Unlock()
	if seq < d.position {
		d.fault("the position goes back from %d to %d", d.position, seq)
	}
	d.checkSettled(seq)
	do := works
	if len(d.saves) > 0 {
		do, d.saves = d.saves[0], d.saves[1:]
	}
	if do == failsBefore {
		return errDown
	}
	d.position = seq
	if do == failsAfter {
		return errDown
	}
	return nil
}

// checkSettled wants every reading up to the entry seq in the store or among the
// dead letters. Repetitions with another time are there under their first key, so
// the tag counts.
func (d *desk) checkSettled(seq uint64) {
	stored := d.store.tags()
	refused := refusedByStore(d.letters)
	for _, e := range d.log.held() {
		if e.Seq > seq || e.Data[0] != '[' {
			continue
		}
		for _, r := range decodeEntry(e) {
			if _, found := slices.BinarySearch(stored, tag(&r)); !found && !slices.Contains(refused, tag(&r)) {
				d.fault("the position %d was saved and reading %d of entry %d is nowhere", seq, tag(&r), e.Seq)
			}
		}
	}
}

func (d *desk) check(t reporter) {
	t.Helper()
	d.police.check(t)
	d.log.check(t)
	d.letters.check(t)
	d.store.check(t)
}

// waitFor runs the bubble's clock on until done, for a day at most.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 24 * 3600 * 10 {
		synctest.Wait()
		if done() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("a day later: %s is not so", what)
}
