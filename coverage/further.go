package coverage

import (
	"cmp"
	"slices"
)

// Further says what evidence is missing where the window proves nothing.
type Further struct {
	// Tests is how many more are likely to prove something, should they turn out like
	// those there are, and be made where and when it is said below. 0 when no number in sight
	// would: the share is too close to the one that is asked for.
	Tests int `json:"tests"`
	// Days is how many days these tests take at least, since a day keeps no more than
	// TestsPerDay.
	Days int `json:"days"`
	// ToCovered and ToGap are how many tests would prove it if all of them reached
	// the target, or none did; 0 when no number in sight would.
	ToCovered int `json:"to_covered"`
	ToGap     int `json:"to_gap"`
	// Toward is what the tests so far lean to: Covered or Gap.
	Toward Verdict `json:"toward"`
	// Points are the point-hexes that lack tests for that, and how many each lacks.
	Points []PointNeed `json:"points,omitempty"`
	// Until and After are local seconds of the day: tests before the one or after the other
	// would be far enough apart from those there are. Nil when the time of day does not matter.
	Until *int `json:"until,omitempty"`
	After *int `json:"after,omitempty"`
}

// A PointNeed says how many tests a point-hex lacks.
type PointNeed struct {
	PointHex Cell `json:"point_hex"`
	Index    int  `json:"index"`
	Tests    int  `json:"tests"`
}

// inSight is how many further tests are looked ahead.
const inSight = 400

func (j *Judge) further(cell Cell, e *evidence, d *Decision) *Further {
	n, positive := e.tally.tests, e.tally.of[positiveKind]
	negative := n - positive
	f := Further{Toward: Covered}
	f.ToCovered = first(inSight, func(m int) bool { return j.coveredMiss.atAll.of(n+m) >= negative })
	f.ToGap = first(inSight, func(m int) bool {
		return j.gapAtMost.atAll.of(n+m) >= positive && j.rules.NegativesNeeded(n+m) <= negative+m
	})
	th, kind := &d.Covered, positiveKind
	if n > 0 && float64(positive) < j.rules.Share*float64(n) {
		f.Toward, th, kind = Gap, &d.Gap, negativeKind
	}
	f.Tests = f.ToCovered
	if n > 0 {
		f.Tests = j.expected(n, positive)
	}
	f.Points = j.missingPoints(cell, e, th, kind)
	var spread int
	for _, p := range f.Points {
		spread += p.Tests
	}
	if f.Tests > 0 {
		f.Tests = max(f.Tests, spread)
	}
	f.Until, f.After = j.missingHours(&e.extremes[kind], th)
	f.Days = (f.Tests + TestsPerDay - 1) / TestsPerDay
	return &f
}

// first returns the smallest m from 1 to most for which it is enough, else 0.
func first(most int, enough func(m int) bool) int {
	for m := 1; m <= most; m++ {
		if enough(m) {
			return m
		}
	}
	return 0
}

// expected is how many tests at the present share prove something; 1 when the number
// is enough already and only the spread is missing.
func (j *Judge) expected(n, positive int) int {
	if positive <= j.gapAtMost.atAll.of(n) || n-positive <= j.coveredMiss.atAll.of(n) {
		return 1
	}
	return first(inSight, func(m int) bool {
		all := n + m
		like := (2*positive*all + n) / (2 * n) // rounded to the nearest
		gap := like <= j.gapAtMost.atAll.of(all) && all-like >= j.rules.NegativesNeeded(all)
		return gap || all-like <= j.coveredMiss.atAll.of(all)
	})
}

// missingPoints picks the point-hexes that are cheapest to complete.
func (j *Judge) missingPoints(cell Cell, e *evidence, th *Thresholds, kind int) []PointNeed {
	var needs []PointNeed
	for i, p := range e.tally.points {
		lack := j.rules.TestsPerPoint - p.tests
		if p.of[kind] == 0 {
			lack = max(lack, 1)
		}
		if e.accessible.Has(i) && lack > 0 {
			needs = append(needs, PointNeed{PointHex: cell.PointHex(i), Index: i, Tests: lack})
		}
	}
	slices.SortFunc(needs, func(a, b PointNeed) int {
		return cmp.Or(cmp.Compare(a.Tests, b.Tests), cmp.Compare(a.Index, b.Index))
	})
	return needs[:min(len(needs), max(th.PointsNeeded-th.Points, 0))]
}

// missingHours says when a second set would be far enough from the first, within the
// hours that count.
func (j *Judge) missingHours(x *extremes, th *Thresholds) (until, after *int) {
	if th.Temporal() || x.n < x.size {
		return nil, nil
	}
	v := &j.rules.Validity
	if at := int(x.latest[x.size-1]) - j.rules.ApartSeconds; at >= v.FromSecond {
		until = &at
	}
	if at := int(x.earliest[x.size-1]) + j.rules.ApartSeconds; at <= v.ToSecond {
		after = &at
	}
	return until, after
}
