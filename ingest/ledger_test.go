package ingest_test

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"phusong/ingest"
	"phusong/telemetry"
)

// The accounts balance at every instant, however many move readings at once.
func TestLedgerBalancesUnderLoad(t *testing.T) {
	t.Parallel()
	const movers, rounds = 4, 500
	ledger := ingest.NewLedger()
	var movement, watch sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		watch.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if b := ledger.Balance(); b.Difference() != 0 || b.Waiting() < 0 {
					t.Errorf("out of balance: %+v", b)
					return
				}
			}
		})
	}
	for mover := range movers {
		movement.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(mover)))
			for range rounds {
				moveThrough(ledger, 1+random.IntN(5), random.IntN(3), random.IntN(2))
			}
		})
	}
	movement.Wait()
	close(done)
	watch.Wait()
	b := ledger.Balance()
	if b.InHand != 0 || b.InLog != 0 || b.Received != b.Stored+b.Rejected || b.Received < movers*rounds {
		t.Errorf("after all movements: %+v", b)
	}
}

// moveThrough moves so many good and bad readings all the way; of the good ones
// the store refuses some.
func moveThrough(l *ingest.Ledger, good, bad, refused int) {
	l.Receive(good + bad)
	l.LogAll(make([]telemetry.Reading, good))
	l.Refuse(make([]ingest.DeadLetter, bad))
	letters := make([]ingest.DeadLetter, refused)
	for i := range letters {
		letters[i].Count = 1
	}
	l.Settle(good, good-refused, letters)
}

func TestLedgerMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	ledger := ingest.NewLedger()
	registry.MustRegister(ledger)
	ledger.CarryOver(10)
	ledger.Receive(7)
	readings := make([]telemetry.Reading, 4)
	readings[0].Flags = telemetry.FlagLate | telemetry.FlagRetained
	readings[1].Flags = telemetry.FlagLate
	readings[2].Flags = telemetry.FlagNoTime
	ledger.LogAll(readings)
	ledger.Refuse([]ingest.DeadLetter{{Class: "clients", Count: 1}, {Class: "topic", Count: 1}})
	ledger.Settle(9, 3, []ingest.DeadLetter{{Class: "store", Count: 1}, {Class: "stream", Count: 5}})

	b := ledger.Balance()
	if diff := cmp.Diff(ingest.Balance{Received: 17, Stored: 3, Rejected: 8, InHand: 1, InLog: 5}, b); diff != "" {
		t.Errorf("balance (-want +got):\n%s", diff)
	}
	if got, want := b.String(), "received 17 = stored 3 + rejected 8 + waiting 6"; got != want {
		t.Errorf("written as %q, want %q", got, want)
	}
	err := testutil.GatherAndCompare(registry, strings.NewReader(`
		# HELP readings_flagged_total Readings accepted with a flag.
		# TYPE readings_flagged_total counter
		readings_flagged_total{flag="clock_ahead"} 0
		readings_flagged_total{flag="clock_behind"} 0
		readings_flagged_total{flag="late"} 2
		readings_flagged_total{flag="no_time"} 1
		readings_flagged_total{flag="retained"} 1
		# HELP readings_received_total Readings taken from the broker, from replayed dead letters, or found waiting at the start. A message that could not be taken apart counts as one.
		# TYPE readings_received_total counter
		readings_received_total 17
		# HELP readings_rejected_total Readings that went to the dead letters, by the field or part that was wrong.
		# TYPE readings_rejected_total counter
		readings_rejected_total{reason="clients"} 1
		readings_rejected_total{reason="store"} 1
		readings_rejected_total{reason="stream"} 5
		readings_rejected_total{reason="topic"} 1
		# HELP readings_stored_total Readings that are in the store.
		# TYPE readings_stored_total counter
		readings_stored_total 3
		# HELP readings_waiting Readings received and neither stored nor rejected yet.
		# TYPE readings_waiting gauge
		readings_waiting 6
	`))
	if err != nil {
		t.Error(err)
	}
	lint(t, registry)
}

// The writer may settle an entry before the pipeline has heard that it is in the
// log; and an entry may be there twice. Neither leaves anything waiting for ever.
func TestLedgerBalancesWhenTheLogHoldsAnEntryTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, func(o *ingest.Options) { o.BatchSize = 2 })
		p.log.forgetful = true
		p.log.script = []outcome{failsAfter, failsAfter, works, failsAfter}
		d := &desk{log: p.log, letters: p.letters, store: newStore(), ledger: p.ledger}
		d.hire(t, nil)
		start(t, d.writer.Run)
		start(t, p.pipeline.Run)
		var acks []chan time.Time
		for _, r := range numbered("ap-1", 6) {
			acks = append(acks, p.send(t, topic("ap-1"), payload(r)))
		}
		for _, acked := range acks {
			<-acked
		}
		waitFor(t, "everything settled", func() bool { return d.settled() == p.log.end() })
		synctest.Wait()
		if n := len(p.log.readings()); n != 12 {
			t.Fatalf("the log holds %d readings; the test needs it to hold 6 of them twice", n)
		}
		if got := len(d.store.keys()); got != 6 {
			t.Errorf("%d readings are stored, want 6", got)
		}
		b := p.ledger.Balance()
		if b.Difference() != 0 || b.InHand != 0 || b.InLog != 0 {
			t.Errorf("the ledger says %+v, want nothing waiting", b)
		}
		d.check(t)
	})
}
