package main

import (
	"context"
	"time"

	"phusong/alerts"
	"phusong/alerts/rules"
)

// vitalsEvery is how often the service tells judgement how it does itself.
const vitalsEvery = 5 * time.Second

// rejectedOver is the time over which the share of refused messages is counted.
const rejectedOver = 5 * time.Minute

// vitals is how the service did when it was last looked at.
type vitals struct {
	storeAway, stalled time.Time // since when; zero for not
	stored             int64
	past               []vitalCount // of the last rejectedOver
	faults             map[string]vitalFault
}

// vitalFault is how often a rule had no answer, and when that was last.
type vitalFault struct {
	count uint64
	rose  time.Time
}

// faultsOver is for how long a rule counts as faulty.
const faultsOver = time.Hour

// faulty counts the rules, and as one more the texts, that had a fault within the last
// hour.
func (v *vitals) faulty(now time.Time, byRule map[string]uint64, texts uint64) (n int) {
	if v.faults == nil {
		v.faults = make(map[string]vitalFault)
	}
	note := func(name string, count uint64) {
		f := v.faults[name]
		if count > f.count {
			f = vitalFault{count, now}
			v.faults[name] = f
		}
		if !f.rose.IsZero() && now.Sub(f.rose) < faultsOver {
			n++
		}
	}
	for name, count := range byRule {
		note(name, count)
	}
	note("", texts)
	return n
}

type vitalCount struct {
	at                 time.Time
	received, rejected int64
}

// tellVitals gives the engine what the stream cannot tell of us, until ctx is done.
func (s *service) tellVitals(ctx context.Context) error {
	tick := time.NewTicker(vitalsEvery)
	defer tick.Stop()
	var v vitals
	for failing := false; ; {
		now := time.Now()
		fill := s.lookAtVitals(ctx, &v, now)
		err := s.judgement.engine.Give(alerts.ServiceSubject(), alerts.Place{}, fill)
		if err != nil && !failing {
			s.log.Error("how the service does cannot be judged", "error", err)
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// since keeps the instant at which something began to hold.
func since(began *time.Time, holds bool, now time.Time) time.Duration {
	switch {
	case !holds:
		*began = time.Time{}
		return 0
	case began.IsZero():
		*began = now
	}
	return now.Sub(*began)
}

// lookAtVitals looks, and returns how to tell.
func (s *service) lookAtVitals(ctx context.Context, v *vitals, now time.Time) func(*rules.Values) {
	balance := s.ledger.Balance()
	asking, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	away := since(&v.storeAway, s.store.Ping(asking) != nil, now)
	stalled := since(&v.stalled, balance.Waiting() > 0 && balance.Stored == v.stored, now)
	v.stored = balance.Stored
	used, usedKnown := s.streamUsed(asking)
	lag := now.Sub(time.UnixMilli(s.watcher.counted.clock.Load()))
	free, freeKnown := diskFree(s.config.Data)
	share, shareKnown := v.rejectedShare(now, balance.Received, balance.Rejected)
	skew, skewKnown := s.judgement.skew.median(now)
	counts := s.judgement.engine.Counts()
	faulty := v.faulty(now, counts.RuleFaults, counts.TextFaults)
	var failing time.Duration
	if at := s.delivery.failingSince(); !at.IsZero() {
		failing = now.Sub(at)
	}
	return func(to *rules.Values) {
		to.SetDuration(rules.ServiceStalled, stalled)
		to.SetDuration(rules.ServiceLag, lag)
		to.SetNumber(rules.ServiceLedgerDifference, float64(balance.Difference()))
		to.SetDuration(rules.ServiceStoreAway, away)
		to.SetNumber(rules.ServiceStoreWaiting, float64(balance.InLog))
		to.SetBool(rules.ServiceBrokerConnected, s.client.Connected())
		to.SetBool(rules.ServiceRulesBroken, s.judgement.broken.Load())
		to.SetDuration(rules.ServiceNotifierFailing, failing)
		to.SetNumber(rules.ServiceRuleFaults, float64(faulty))
		setIf(to, rules.ServiceClockSkew, skew.Seconds(), skewKnown)
		setIf(to, rules.ServiceStreamUsed, used, usedKnown)
		setIf(to, rules.ServiceDiskFree, free, freeKnown)
		setIf(to, rules.ServiceRejectedShare, share, shareKnown)
	}
}

func setIf(to *rules.Values, slot rules.Slot, v float64, known bool) {
	if known {
		to.SetNumber(slot, v)
	} else {
		to.Unset(slot)
	}
}

// rejectedShare is which part of what came in the last minutes was refused; not known
// where nothing came.
func (v *vitals) rejectedShare(now time.Time, received, rejected int64) (float64, bool) {
	v.past = append(v.past, vitalCount{now, received, rejected})
	for len(v.past) > 1 && now.Sub(v.past[0].at) > rejectedOver {
		v.past = v.past[1:]
	}
	first := v.past[0]
	if received <= first.received {
		return 0, false
	}
	return float64(rejected-first.rejected) / float64(received-first.received), true
}

// streamUsed is which part of the stream's limit is in use.
func (s *service) streamUsed(ctx context.Context) (float64, bool) {
	state, err := s.readings.State(ctx)
	if err != nil || state.MaxBytes <= 0 {
		return 0, false
	}
	return float64(state.Bytes) / float64(state.MaxBytes), true
}
