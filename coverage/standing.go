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
	return j.walk(days, today, t, accessible, func(Turn) {})
}

// walk is stand, and tells of each turn on the way.
func (j *Judge) walk(days []dayEvidence, today Day, t terms, accessible PointSet, turned func(Turn)) (Standing, evidence) {
	r := &j.rules
	first := today - Day(r.ValidDays)
	w := walk{Standing: Standing{Since: first}, first: first, hold: Day(r.HoldDays), turned: turned}
	e := evidence{accessible: accessible}
	low, high := 0, 0
	changes := changeDays(days, first, today, Day(t.window))
	for i, day := range changes {
		for ; high < len(days) && days[high].day <= day; high++ {
			e.tally.plus(&days[high].tally, +1)
		}
		for ; low < high && days[low].day <= day-Day(t.window); low++ {
			e.tally.plus(&days[low].tally, -1)
		}
		until := today
		if i+1 < len(changes) {
			until = changes[i+1] - 1
		}
		w.pass(j.prove(&e, days[low:high], t, w.Verdict), day, until)
		if day == today {
			e.timed(r, recordsOf(days[low:high]), t.target, r.Validity.FloorDBm)
		}
	}
	return w.Standing, e
}

// A claim is something that a window may prove.
type claim uint8

const (
	claimGap claim = iota
	claimDead
	claimCovered
	claimServed // most attempts get service: what ends a dead cell
	claimCount
)

// A proof says how well something is proven.
type proof uint8

const (
	notProven proof = iota
	proven          // at the level of the rules
	certain         // at the level for a change at once
)

// A walk is the state of a verdict on its way through the days.
type walk struct {
	Standing
	first, hold Day
	since       [claimCount]Day // from when on each claim was proven without a gap; 0 for not
	turned      func(Turn)
}

// pass goes from one day to another, both included, on all of which the same is proven. A proof
// counts from the day on which it is certain, or has held for long enough. On the first day
// of all nobody knows since when it has, and it counts.
func (w *walk) pass(proofs [claimCount]proof, from, until Day) {
	var counts [claimCount]Day // from when on, after until for not
	var turns []Day
	for c, p := range proofs {
		counts[c] = until + 1
		if p == notProven {
			w.since[c] = 0
			continue
		}
		if w.since[c] == 0 {
			w.since[c] = from
			if from == w.first {
				w.since[c] -= w.hold
			}
		}
		counts[c] = max(from, w.since[c]+w.hold-1)
		if p == certain {
			counts[c] = from
		}
		if counts[c] <= until {
			turns = append(turns, counts[c])
		}
	}
	slices.Sort(turns)
	for _, day := range slices.Compact(turns) {
		w.turn(func(c claim) bool { return counts[c] <= day }, day)
	}
	switch {
	case w.Verdict == Dead && proofs[claimDead] != notProven,
		w.Verdict == Gap && proofs[claimGap] != notProven,
		w.Verdict == Covered && proofs[claimCovered] != notProven:
		w.Proven = until
	}
}

// turn applies the proofs that count on a day. Only proof changes a verdict: that of another, or,
// of a dead cell, that most attempts get service. A dead cell is a gap as well, and stays dead
// when it is only proven to be that.
func (w *walk) turn(counts func(claim) bool, day Day) {
	next := w.Verdict
	switch {
	case counts(claimDead):
		next = Dead
	case counts(claimGap) && (w.Verdict != Dead || counts(claimServed)):
		next = Gap
	case counts(claimGap):
	case counts(claimCovered):
		next = Covered
	case counts(claimServed) && w.Verdict == Dead:
		next = Unproven
	}
	if next != w.Verdict {
		w.Verdict, w.Since = next, day
		w.turned(Turn{Day: day, Verdict: next})
	}
}

// A Turn is a day on which the standing verdict became another.
type Turn struct {
	Day     Day
	Verdict Verdict
}

// History returns the turns of a verdict in the year before an assessment, the first first.
// Before them the cell was unproven. The view must be the one that was assessed.
func (j *Judge) History(v *View, c *CellVerdict) []Turn {
	var turns []Turn
	s := v.series[key{c.Cell, plmnOf(c.Operator)}]
	if s == nil {
		return nil
	}
	commune, province := v.grid.places(c.Cell)
	t := j.rules.termsFor(commune, province, c.Operator)
	j.walk(j.gather(s, c.To, t), c.To, t, c.Accessible, func(turn Turn) { turns = append(turns, turn) })
	return turns
}

// prove returns what the window proves. That a cell is not dead is only asked of one that
// stands as dead.
func (j *Judge) prove(e *evidence, days []dayEvidence, t terms, standing Verdict) (proofs [claimCount]proof) {
	n := e.tally.tests
	if n == 0 {
		return proofs
	}
	proofs[claimGap] = j.gapAtMost.proof(n, e.tally.of[positiveKind])
	proofs[claimDead] = j.deadAtMost.proof(n, e.tally.of[servedKind])
	proofs[claimCovered] = j.coveredMiss.proof(n, e.tally.of[negativeKind])
	if standing == Dead {
		proofs[claimServed] = j.servedMiss.proof(n, e.tally.of[unusableKind])
	}
	if proofs == [claimCount]proof{} {
		return proofs
	}
	e.timed(&j.rules, recordsOf(days), t.target, j.rules.Validity.FloorDBm)
	for c, kind := range [claimCount]int{claimGap: negativeKind, claimDead: unusableKind, claimCovered: positiveKind, claimServed: servedKind} {
		if proofs[c] == notProven {
			continue
		}
		if th := j.rules.thresholds(e, kind); !th.Hold() {
			proofs[c] = notProven
		}
	}
	return proofs
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

// changeDays returns the days from first to last on which the window gains or loses tests, and
// both ends.
func changeDays(days []dayEvidence, first, last, window Day) []Day {
	all := []Day{first, last}
	for i := range days {
		for _, d := range [...]Day{days[i].day, days[i].day + window} {
			if d > first && d < last {
				all = append(all, d)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// critical tells how well k of n tests prove that a share is below the one that is asked for.
type critical struct{ atAll, atOnce criticalValue }

func criticalOf(r *Rules, share float64) critical {
	return critical{
		atAll:  criticalValue{share: share, level: r.Level},
		atOnce: criticalValue{share: share, level: r.AtOnceLevel},
	}
}

func (c *critical) proof(n, k int) proof {
	switch {
	case k <= c.atOnce.of(n):
		return certain
	case k <= c.atAll.of(n):
		return proven
	}
	return notProven
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
