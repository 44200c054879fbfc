package coverage

import (
	"fmt"
	"slices"
)

// A Verdict is what is proven about a cell and operator. Not enough evidence is a
// verdict of its own, and never the same as covered.
type Verdict uint8

// The verdicts. They are stored by number: append only.
const (
	Unproven Verdict = iota
	Covered          // proven that the share of tests which reach the target is above the rule's
	Gap              // proven that it is below, and the thresholds hold
	Dead             // proven that fewer than the usable share get service, and the thresholds hold
	verdictCount
)

var verdictNames = [verdictCount]string{"unproven", "covered", "gap", "dead"}

// Verdicts returns every verdict, in a fixed order.
func Verdicts() []Verdict { return []Verdict{Unproven, Covered, Gap, Dead} }

// String returns the name for labels and files.
func (v Verdict) String() string {
	if v < verdictCount {
		return verdictNames[v]
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

// IsBad reports whether v is a finding against the operator.
func (v Verdict) IsBad() bool { return v == Gap || v == Dead }

// MarshalText writes the name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a name.
func (v *Verdict) UnmarshalText(text []byte) error {
	i := slices.Index(verdictNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is not a verdict", text)
	}
	*v = Verdict(i)
	return nil
}

// Thresholds say how far the tests of one kind are spread, in the terms of 47 CFR
// 1.7006(e)(2)(vi), beside the proof itself.
type Thresholds struct {
	// Points are the accessible point-hexes with enough tests and one of the kind;
	// PointsNeeded is how many there must be.
	Points       int `json:"points"`
	PointsNeeded int `json:"points_needed"`
	// ApartSeconds is the time of day between the two sets; -1 when there are not two.
	ApartSeconds int `json:"apart_seconds"`
	ApartNeeded  int `json:"apart_needed"`
	// Tests are those of the kind, after the limit for a point-hex that holds too many
	// of all tests; TestsNeeded is how many there must be.
	Tests        int  `json:"tests"`
	TestsNeeded  int  `json:"tests_needed"`
	Concentrated bool `json:"concentrated,omitempty"`
}

// Geographic reports whether enough point-hexes have what they need.
func (t *Thresholds) Geographic() bool { return t.Points >= t.PointsNeeded }

// Temporal reports whether the two sets are far enough apart.
func (t *Thresholds) Temporal() bool { return t.ApartSeconds >= t.ApartNeeded }

// Testing reports whether there are enough tests of the kind.
func (t *Thresholds) Testing() bool { return t.Tests >= t.TestsNeeded }

// Hold reports whether all three do.
func (t *Thresholds) Hold() bool { return t.Geographic() && t.Temporal() && t.Testing() }

// A Decision is a verdict with everything that it was reached by.
type Decision struct {
	Verdict Verdict `json:"verdict"`
	// Rules is the ID of the rules.
	Rules string `json:"rules"`
	// Tests are those that count, in the window; Negative of them missed the target
	// and Unusable of them got no service. Unusable tests are negative, too.
	Tests    int `json:"tests"`
	Negative int `json:"negative"`
	Unusable int `json:"unusable"`
	// GapP is the probability of so few positive tests, were the share as required;
	// CoveredP that of so many, were it only just not more; DeadP that of so few usable ones,
	// were it the usable share. Below the level of the rules, it is proven. 1 without tests.
	GapP     float64 `json:"gap_p"`
	CoveredP float64 `json:"covered_p"`
	DeadP    float64 `json:"dead_p"`
	// The thresholds of the three proofs.
	Gap     Thresholds `json:"gap"`
	Dead    Thresholds `json:"dead"`
	Covered Thresholds `json:"covered"`
	// Served are those of the tests that got service, and ServedP the probability of so many,
	// were it the usable share: what ends a dead cell.
	ServedP float64    `json:"served_p"`
	Served  Thresholds `json:"served"`
}

// evidence is what a decision looks at.
type evidence struct {
	tally      tally
	extremes   [kindCount]extremes
	accessible PointSet
}

// timed fills the extremes from the same records that were tallied.
func (e *evidence) timed(r *Rules, records func(yield func(record)), target, floor int) {
	for kind := range e.extremes {
		e.extremes[kind] = extremes{size: r.setOf(kind)}
	}
	records(func(rec record) {
		for kind, is := range rec.kinds(target, floor) {
			if is {
				e.extremes[kind].add(int32(rec.second()))
			}
		}
	})
}

func (r *Rules) setOf(kind int) int {
	if kind == positiveKind {
		return r.CoveredSetOf
	}
	return r.SetOf
}

// thresholds measures the spread of the tests of one kind.
func (r *Rules) thresholds(e *evidence, kind int) Thresholds {
	counts := r.Counts // against the operator, and for the bare service that ends a dead cell
	if kind == positiveKind {
		counts = r.RebuttalCounts
	}
	t := Thresholds{
		PointsNeeded: min(e.accessible.Len(), r.SpreadPoints),
		ApartSeconds: -1,
		ApartNeeded:  r.ApartSeconds,
		TestsNeeded:  needed(counts, e.tally.tests),
	}
	for i, p := range e.tally.points {
		if e.accessible.Has(i) && p.tests >= r.TestsPerPoint && p.of[kind] >= 1 {
			t.Points++
		}
	}
	if seconds, ok := e.extremes[kind].apart(); ok {
		t.ApartSeconds = seconds
	}
	t.Tests, t.Concentrated = r.capped(e, kind, t.TestsNeeded)
	return t
}

// capped returns how many tests of the kind count towards the threshold: where one
// point-hex holds more than a share of all tests, its tests fill at most that share.
func (r *Rules) capped(e *evidence, kind, needed int) (tests int, concentrated bool) {
	var pct int
	switch a := e.accessible.Len(); {
	case a >= 4:
		pct = r.ConcentrationPct
	case a == 3:
		pct = r.ConcentrationOf3Pct
	default:
		return e.tally.of[kind], false
	}
	for _, p := range e.tally.points {
		if p.tests*100 > pct*e.tally.tests {
			return e.tally.of[kind] - p.of[kind] + min(p.of[kind], pct*needed/100), true
		}
	}
	return e.tally.of[kind], false
}

// decide weighs the evidence.
func (r *Rules) decide(e *evidence) Decision {
	n := e.tally.tests
	d := Decision{
		Tests: n, Negative: e.tally.of[negativeKind], Unusable: e.tally.of[unusableKind],
		GapP: 1, CoveredP: 1, DeadP: 1, ServedP: 1,
		Gap:     r.thresholds(e, negativeKind),
		Dead:    r.thresholds(e, unusableKind),
		Covered: r.thresholds(e, positiveKind),
		Served:  r.thresholds(e, servedKind),
	}
	if n == 0 {
		return d
	}
	positive := e.tally.of[positiveKind]
	d.GapP = LowerTail(positive, n, r.Share)
	d.CoveredP = UpperTail(positive, n, r.Share)
	d.DeadP = LowerTail(n-d.Unusable, n, r.UsableShare)
	d.ServedP = UpperTail(n-d.Unusable, n, r.UsableShare)
	switch {
	case d.DeadP < r.Level && d.Dead.Hold():
		d.Verdict = Dead
	case d.GapP < r.Level && d.Gap.Hold():
		d.Verdict = Gap
	case d.CoveredP < r.Level && d.Covered.Hold():
		d.Verdict = Covered
	}
	return d
}
