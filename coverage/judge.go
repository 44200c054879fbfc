package coverage

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"phusong/telemetry"
)

// A Judge turns what a map holds into verdicts. It remembers the cells that have not
// changed, and nothing that a verdict depends on. A Judge is for one goroutine.
type Judge struct {
	rules      Rules
	id         string
	accessible func(Cell) PointSet

	// How many tests of a kind prove something, at the level of the rules and at the one for a
	// change at once.
	gapAtMost, coveredMiss, deadAtMost, servedMiss critical

	cache   map[key]judged
	days    []dayEvidence
	records []record
	summary summarizer
}

type judged struct {
	series *series
	day    Day
	cell   CellVerdict
}

// NewJudge returns a judge by these rules. accessible says which point-hexes of a cell
// people can get to (a road, claimed coverage); nil takes all of them for accessible.
func NewJudge(rules Rules, accessible func(Cell) PointSet) (*Judge, error) {
	if err := rules.Check(); err != nil {
		return nil, err
	}
	if accessible == nil {
		accessible = func(Cell) PointSet { return AllPoints }
	}
	return &Judge{
		rules: rules, id: rules.ID(), accessible: accessible,
		gapAtMost:   criticalOf(&rules, rules.Share),
		deadAtMost:  criticalOf(&rules, rules.UsableShare),
		coveredMiss: criticalOf(&rules, 1-rules.Share),
		servedMiss:  criticalOf(&rules, 1-rules.UsableShare),
		cache:       make(map[key]judged),
	}, nil
}

// A CellVerdict is all that can be said about one cell and operator on one day.
type CellVerdict struct {
	Cell     Cell                   `json:"cell"`
	Operator telemetry.OperatorCode `json:"operator"`
	Area     telemetry.AreaCode     `json:"area,omitempty"`
	// Standing is the verdict that holds; Decision is what the present window proves.
	Standing
	Decision Decision `json:"decision"`
	Summary  Summary  `json:"summary"`
	// TargetMbps applied to the tests from From to To.
	TargetMbps float64 `json:"target_mbps"`
	From       Day     `json:"from"`
	To         Day     `json:"to"`
	// Further is what is missing where the window proves nothing, else nil.
	Further    *Further               `json:"further,omitempty"`
	Accessible PointSet               `json:"accessible"`
	Points     [PointHexes]PointCount `json:"points"`
}

// A PointCount counts the tests of one point-hex in the window.
type PointCount struct {
	Tests    int `json:"tests"`
	Negative int `json:"negative"`
	Unusable int `json:"unusable"`
}

// An Assessment is the judgement of a whole map on one day. It does not change.
type Assessment struct {
	Day   Day    `json:"day"`
	Rules string `json:"rules"`
	// Cells are by cell and operator.
	Cells []CellVerdict `json:"cells"`

	rules Rules
	grid  *Grid
	clock clock
}

// Assess judges everything in the view on the day of now. Tests of later days do not
// count yet, and what a later repair superseded counts still. The view must be of a map
// under the same rules of validity. It is given up when ctx is done.
func (j *Judge) Assess(ctx context.Context, v *View, now time.Time) (*Assessment, error) {
	if id := intakeID(&j.rules.Validity); id != v.validityID {
		return nil, fmt.Errorf("judging a map: %w", ErrOtherRules)
	}
	today, _ := v.clock.split(now)
	a := &Assessment{Day: today, Rules: j.id, rules: j.rules, grid: v.grid, clock: v.clock}
	a.Cells = make([]CellVerdict, 0, len(v.series))
	for _, k := range v.keys() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a.Cells = append(a.Cells, j.cell(v, k, today))
	}
	if len(j.cache) > len(v.series) {
		j.forget(v)
	}
	return a, nil
}

// forget drops what the map has dropped.
func (j *Judge) forget(v *View) {
	for k := range j.cache {
		if v.series[k] == nil {
			delete(j.cache, k)
		}
	}
}

func (j *Judge) cell(v *View, k key, today Day) CellVerdict {
	s := v.series[k]
	if known, ok := j.cache[k]; ok && known.series == s && known.day == today {
		return known.cell
	}
	c := j.judge(v, k, s, today)
	j.cache[k] = judged{series: s, day: today, cell: c}
	return c
}

func (j *Judge) judge(v *View, k key, s *series, today Day) CellVerdict {
	if s.from > today { // what superseded the tests was still to come
		then := *s
		then.from = 0
		s = &then
	}
	operator := k.operator.code()
	commune, province := v.grid.places(k.cell)
	t := j.rules.termsFor(commune, province, operator)
	from := today - Day(t.window) + 1
	c := CellVerdict{
		Cell: k.cell, Operator: operator, Area: commune,
		TargetMbps: float64(t.target) / rateSteps, From: from, To: today,
		Accessible: j.accessible(k.cell) & AllPoints,
	}
	days := j.gather(s, today, t)
	standing, e := j.stand(days, today, t, c.Accessible)
	c.Standing = standing
	c.Decision = j.rules.decide(&e)
	c.Decision.Rules = j.id
	if c.Decision.Verdict == Unproven {
		c.Further = j.further(k.cell, &e, &c.Decision)
	}
	for i, p := range e.tally.points {
		c.Points[i] = PointCount{Tests: p.tests, Negative: p.of[negativeKind], Unusable: p.of[unusableKind]}
	}
	inWindow, _ := slices.BinarySearchFunc(days, from, func(d dayEvidence, f Day) int { return cmp.Compare(d.day, f) })
	c.Summary = j.summary.summarize(v.clock, s, days[inWindow:], from, today)
	return c
}

// gather collects the tests that count of all days that a verdict can depend on. The
// result is valid until the next call.
func (j *Judge) gather(s *series, today Day, t terms) []dayEvidence {
	j.days, j.records = j.days[:0], j.records[:0]
	oldest := today - Day(j.rules.ValidDays+t.window) + 1
	total := 0
	for i := range s.days {
		total += len(s.days[i].records)
	}
	j.records = slices.Grow(j.records, total) // the slices below must not move
	for i := range s.days {
		b := &s.days[i]
		if b.day < oldest || b.day > today {
			continue
		}
		from := len(j.records)
		j.records = s.appendCounted(j.records, b)
		d := dayEvidence{day: b.day, records: j.records[from:]}
		for _, r := range d.records {
			d.tally.add(r, t.target, j.rules.Validity.FloorDBm)
		}
		if len(d.records) > 0 {
			j.days = append(j.days, d)
		}
	}
	return j.days
}

// Find returns the verdict on a cell and operator, nil when nothing is known.
func (a *Assessment) Find(cell Cell, operator telemetry.OperatorCode) *CellVerdict {
	i, ok := slices.BinarySearchFunc(a.Cells, key{cell, plmnOf(operator)}, func(c CellVerdict, k key) int {
		return cmp.Or(cmp.Compare(c.Cell, k.cell), cmp.Compare(plmnOf(c.Operator), k.operator))
	})
	if !ok {
		return nil
	}
	return &a.Cells[i]
}

// Operators returns those that anything is known of, by code.
func (a *Assessment) Operators() []telemetry.OperatorCode {
	seen := make(map[telemetry.OperatorCode]bool)
	var all []telemetry.OperatorCode
	for i := range a.Cells {
		if o := a.Cells[i].Operator; !seen[o] {
			seen[o] = true
			all = append(all, o)
		}
	}
	slices.Sort(all)
	return all
}

// Positive returns how many tests of the window reached the target.
func (d *Decision) Positive() int { return d.Tests - d.Negative }

// Exact returns the one-sided bounds of the share of tests that reach the target.
func (d *Decision) Exact(level float64) Interval { return ClopperPearson(d.Positive(), d.Tests, level) }

// Shown returns the Wilson interval of that share, for display.
func (d *Decision) Shown() Interval {
	w := Wilson(d.Positive(), d.Tests, Z90)
	return Interval{Lower: math.Floor(w.Lower*1e4) / 1e4, Upper: math.Ceil(w.Upper*1e4) / 1e4}
}
