package coverage

import (
	"slices"
)

// A Standing is the verdict that holds on a day: the last that was proven and has not
// been refuted since.
type Standing struct {
	Verdict Verdict `json:"verdict"`
	// Since is the day on which it became so; the first day of the year that is looked at
	// when it was so already.
	Since Day `json:"since"`
	// Proven is the last day on which the window of that day proved it.
	Proven Day `json:"proven"`
}

// dayEvidence are the tests of one day that count.
type dayEvidence struct {
	day     Day
	tally   tally
	records []record
}

// stand walks through the last ValidDays days and lets proofs change the verdict.
// It looks only at days on which the window's content changes. What it returns is
// a function of the tests and the day, so that late tests, restarts and the moments at
// which somebody looked make no difference. The evidence of the last window comes with it.
func (j *Judge) stand(days []dayEvidence, today Day, t terms, accessible PointSet) (Standing, evidence) {
	r := &j.rules
	first := today - Day(r.ValidDays)
	state := Standing{Since: first}
	e := evidence{accessible: accessible}
	low, high := 0, 0
	for i, d := range changeDays(days, first, today, Day(t.window)) {
		for ; high < len(days) && days[high].day <= d.day; high++ {
			e.tally.plus(&days[high].tally, +1)
		}
		for ; low < high && days[low].day <= d.day-Day(t.window); low++ {
			e.tally.plus(&days[low].tally, -1)
		}
		if i > 0 && d.day > first && state.Verdict != Unproven && state.Proven == d.before {
			state.Proven = d.day - 1 // nothing changed in between
		}
		proof, refuted := j.prove(&e, days[low:high], t, state.Verdict)
		state.step(proof, refuted, d.day)
		if d.day == today {
			e.timed(r, recordsOf(days[low:high]), t.target, r.Validity.FloorDBm)
		}
	}
	return state, e
}

// step applies the proof of a day. Only proof changes a verdict: that of another, or, of
// a dead cell, that most attempts get service.
func (s *Standing) step(proof Verdict, refuted bool, day Day) {
	next := s.Verdict
	switch {
	case proof == Gap && s.Verdict == Dead && !refuted:
		return // a dead cell is a gap as well
	case proof != Unproven:
		next = proof
		s.Proven = day
	case refuted:
		next = Unproven
	}
	if next != s.Verdict {
		s.Verdict, s.Since = next, day
	}
}

// prove returns what the tally proves, and whether it refutes the verdict that stands.
func (j *Judge) prove(e *evidence, days []dayEvidence, t terms, standing Verdict) (proof Verdict, refuted bool) {
	n := e.tally.tests
	if n == 0 {
		return Unproven, false
	}
	gap := e.tally.of[positiveKind] <= j.gapAtMost.of(n)
	covered := e.tally.of[negativeKind] <= j.coveredMiss.of(n)
	dead := e.tally.of[servedKind] <= j.deadAtMost.of(n)
	served := standing == Dead && e.tally.of[unusableKind] <= j.servedMiss.of(n)
	if !gap && !covered && !dead && !served {
		return Unproven, false
	}
	e.timed(&j.rules, recordsOf(days), t.target, j.rules.Validity.FloorDBm)
	holds := func(proven bool, kind int) bool {
		if !proven {
			return false
		}
		th := j.rules.thresholds(e, kind)
		return th.Hold()
	}
	refuted = holds(served, servedKind)
	switch {
	case holds(dead, unusableKind):
		return Dead, refuted
	case holds(gap, negativeKind):
		return Gap, refuted
	case holds(covered, positiveKind):
		return Covered, refuted
	}
	return Unproven, refuted
}

func recordsOf(days []dayEvidence) func(func(record)) {
	return func(yield func(record)) {
		for i := range days {
			for _, r := range days[i].records {
				yield(r)
			}
		}
	}
}

// A changeDay is one on which the window gains or loses tests, and the one before it.
type changeDay struct{ day, before Day }

// changeDays returns the days from first to last on which something changes, and
// both ends.
func changeDays(days []dayEvidence, first, last, window Day) []changeDay {
	all := []Day{first, last}
	for i := range days {
		for _, d := range [...]Day{days[i].day, days[i].day + window} {
			if d > first && d < last {
				all = append(all, d)
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	changes := make([]changeDay, len(all))
	for i, d := range all {
		changes[i].day = d
		if i > 0 {
			changes[i].before = all[i-1]
		}
	}
	return changes
}

// A criticalValue finds the largest k for which P(X ≤ k) is below the level, by the
// number of tests: -1 for none. It remembers, because it is asked often.
type criticalValue struct {
	share, level float64
	known        []int
}

func (c *criticalValue) of(n int) int {
	for len(c.known) <= n {
		m := len(c.known)
		k := -1
		if m > 0 {
			k = c.known[m-1]
		}
		for k < m && LowerTail(k+1, m, c.share) < c.level {
			k++
		}
		c.known = append(c.known, k)
	}
	return c.known[n]
}
