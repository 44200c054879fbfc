package main

import (
	"cmp"
	"slices"
	"time"

	"phusong/coverage"
	"phusong/dashboards"
	"phusong/telemetry"
)

// zoneKinds are the names of the zones of bad cells, for people and labels.
var zoneKinds = map[coverage.Verdict]string{coverage.Dead: "dead", coverage.Gap: "slow"}

// figures are what /metrics says of coverage. Series that are known are there from the
// beginning, at 0.
func (c *coverageRoom) figures() dashboards.CoverageFigures {
	var f dashboards.CoverageFigures
	operators := make(map[telemetry.OperatorCode]*dashboards.CoverageOperator)
	of := func(code telemetry.OperatorCode) *dashboards.CoverageOperator {
		if operators[code] == nil {
			operators[code] = newOperatorFigures(code)
		}
		return operators[code]
	}
	for _, code := range c.rules.Validity.Operators {
		of(code)
	}
	if s := c.Latest(); s != nil {
		f.Judged, f.Areas = s.At, areaFigures(s.Areas)
		for i := range s.Zones.Open {
			z := &s.Zones.Open[i]
			zones := of(z.Operator).Zones
			n := zones[zoneKinds[z.Verdict]]
			zones[zoneKinds[z.Verdict]] = dashboards.ZoneFigures{Zones: n.Zones + 1, Km2: n.Km2 + z.AreaKm2}
		}
		for i := range s.Assessment.Cells {
			cell := &s.Assessment.Cells[i]
			if o := of(cell.Operator); cell.Summary.Last.After(o.LastTest) {
				o.LastTest = cell.Summary.Last
			}
		}
	}
	for code, states := range c.cases.Count() {
		for state, n := range states {
			of(code).Cases[string(state)] = n
		}
	}
	for _, p := range c.Live(time.Now()) {
		if o := operators[p.Operator]; o != nil { // what devices say makes no label
			o.Live[p.State.String()]++
		}
	}
	for _, o := range operators {
		f.Operators = append(f.Operators, *o)
	}
	slices.SortFunc(f.Operators, func(a, b dashboards.CoverageOperator) int { return cmp.Compare(a.Operator, b.Operator) })
	for k, n := range c.Tests() {
		t := dashboards.CoverageTests{Operator: k.Operator, Tests: n}
		if k.Reason != coverage.Counts {
			t.Reason = k.Reason.String()
		}
		f.Tests = append(f.Tests, t)
	}
	return f
}

func newOperatorFigures(code telemetry.OperatorCode) *dashboards.CoverageOperator {
	o := &dashboards.CoverageOperator{
		Operator: code, Zones: make(map[string]dashboards.ZoneFigures), Cases: make(map[string]int), Live: make(map[string]int),
	}
	for _, kind := range zoneKinds {
		o.Zones[kind] = dashboards.ZoneFigures{}
	}
	for _, state := range []coverage.CaseState{
		coverage.CaseOpen, coverage.CaseSent, coverage.CaseAnswered, coverage.CaseRetest, coverage.CaseDisputed, coverage.CaseClosed,
	} {
		o.Cases[string(state)] = 0
	}
	for _, state := range []coverage.LiveState{coverage.LiveUnknown, coverage.LiveUp, coverage.LiveDown} {
		o.Live[state.String()] = 0
	}
	return o
}

func areaFigures(reports []coverage.AreaReport) []dashboards.CoverageArea {
	areas := make([]dashboards.CoverageArea, len(reports))
	for i := range reports {
		r := &reports[i]
		a := dashboards.CoverageArea{
			Operator: r.Operator, Area: r.Area, Cells: map[string]int{"untested": r.Untested},
			Tests: r.Yardsticks.Tests, Transfers: r.Yardsticks.Transfers, MeanMbps: r.Yardsticks.MeanMbps,
			OnTarget: r.Yardsticks.OnTarget, Available: r.Yardsticks.Available,
		}
		for _, v := range coverage.Verdicts() {
			a.Cells[v.String()] = r.Cells[v]
		}
		areas[i] = a
	}
	return areas
}
