package ingest

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/telemetry"
)

// A Ledger counts readings on their way. Every movement is one call that takes
// from one account and gives to others under one lock, so the balance holds
// whenever it is read. It counts since the start of the process; what was found
// waiting in the log at the start counts as received and waiting.
type Ledger struct {
	mu       sync.Mutex
	balance  Balance
	reasons  map[string]int64
	flags    [8]int64
	received *prometheus.Desc
	stored   *prometheus.Desc
	rejected *prometheus.Desc
	waiting  *prometheus.Desc
	flagged  *prometheus.Desc
}

// A Balance is the state of the accounts at one instant.
type Balance struct {
	Received int64 `json:"received"`
	Stored   int64 `json:"stored"`
	Rejected int64 `json:"rejected"`
	// InHand are decoded and not yet in the log; InLog are in the log and not yet
	// in the store.
	InHand int64 `json:"in_hand"`
	InLog  int64 `json:"in_log"`
}

// Waiting is what was received and is neither stored nor rejected yet.
func (b Balance) Waiting() int64 { return b.InHand + b.InLog }

// Difference is 0 when the ledger balances.
func (b Balance) Difference() int64 { return b.Received - b.Stored - b.Rejected - b.Waiting() }

// NewLedger returns an empty ledger. It is a prometheus.Collector.
func NewLedger() *Ledger {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &Ledger{
		reasons:  make(map[string]int64),
		received: desc("readings_received_total", "Readings taken from the broker, from replayed dead letters, or found waiting at the start. A message that could not be taken apart counts as one."),
		stored:   desc("readings_stored_total", "Readings that are in the store."),
		rejected: desc("readings_rejected_total", "Readings that went to the dead letters, by the field or part that was wrong.", "reason"),
		waiting:  desc("readings_waiting", "Readings received and neither stored nor rejected yet."),
		flagged:  desc("readings_flagged_total", "Readings accepted with a flag.", "flag"),
	}
}

// Balance returns the accounts as they stand.
func (l *Ledger) Balance() Balance {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.balance
}

// CarryOver enters what waits in the log at the start.
func (l *Ledger) CarryOver(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.balance.Received += n
	l.balance.InLog += n
}

// receive: n readings or broken messages are in hand.
func (l *Ledger) receive(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.balance.Received += int64(n)
	l.balance.InHand += int64(n)
}

// log: the readings in hand are in the log.
func (l *Ledger) log(readings []telemetry.Reading) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.balance.InHand -= int64(len(readings))
	l.balance.InLog += int64(len(readings))
	for i := range readings {
		for bit, f := 0, readings[i].Flags; f != 0; bit, f = bit+1, f>>1 {
			l.flags[bit] += int64(f & 1)
		}
	}
}

// refuse: the dead letters are kept, and are no longer in hand.
func (l *Ledger) refuse(letters []DeadLetter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.balance.InHand -= int64(len(letters))
	l.balance.Rejected += int64(len(letters))
	for i := range letters {
		l.reasons[letters[i].Class]++
	}
}

// settle: of what was in the log, some is in the store and the rest refused. More
// than what waited can come out of the log when an entry is in it twice, because
// an attempt to append it had succeeded unseen; the surplus was received there.
func (l *Ledger) settle(inLog, stored int, refused []DeadLetter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.balance.InLog -= int64(inLog)
	l.balance.Stored += int64(stored)
	for i := range refused {
		l.balance.Rejected += int64(refused[i].Count)
		l.reasons[refused[i].Class] += int64(refused[i].Count)
	}
	if surplus := -l.balance.Waiting(); surplus > 0 {
		l.balance.Received += surplus
		l.balance.InLog += surplus
	}
}

// Describe implements prometheus.Collector.
func (l *Ledger) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{l.received, l.stored, l.rejected, l.waiting, l.flagged} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. All series are of one instant.
func (l *Ledger) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	balance, flags := l.balance, l.flags
	reasons := maps.Clone(l.reasons)
	l.mu.Unlock()
	counter := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	counter(l.received, balance.Received)
	counter(l.stored, balance.Stored)
	ch <- prometheus.MustNewConstMetric(l.waiting, prometheus.GaugeValue, float64(balance.Waiting()))
	for reason, n := range reasons {
		counter(l.rejected, n, reason)
	}
	for bit, n := range flags {
		if name := telemetry.Flags(1 << bit).String(); name != "" {
			counter(l.flagged, n, name)
		}
	}
}

// class names the part of a reading that a rejection is about: a field, the topic
// or the payload as a whole. The set is bounded, so it can label a metric.
func class(err error) string {
	var rejected *telemetry.RejectedError
	if errors.As(err, &rejected) && rejected.Field != "" {
		return rejected.Field
	}
	return "payload"
}

// String writes the balance as one line for people.
func (b Balance) String() string {
	return fmt.Sprintf("received %d = stored %d + rejected %d + waiting %d", b.Received, b.Stored, b.Rejected, b.Waiting())
}
