package main

import (
	"maps"
	"slices"
	"time"

	"phusong/coverage"
	"phusong/dashboards/reports"
	"phusong/internal/registry"
	"phusong/telemetry"
)

// findings are the tests of the store, folded and judged on the day of the inquiry.
type findings struct {
	q     *inquiry
	grid  *coverage.Grid
	judge *coverage.Judge
	view  *coverage.View
	all   *coverage.Assessment
	// Of the area and operators asked for: how many tests were read, how many of them
	// count, how many radio samples there were, and why tests do not count.
	tests, counting, samples int
	invalid                  map[invalidKey]int
	roads                    bool
}

type invalidKey struct {
	operator telemetry.OperatorCode
	reason   string
}

// find reads the tests and judges them. It shows how many it has read.
func (q *inquiry) find(p *process) (*findings, error) {
	f := &findings{q: q, invalid: make(map[invalidKey]int)}
	m, err := f.prepare()
	if err != nil {
		return nil, err
	}
	err = withStore(p.ctx, &q.config, func(s store) error {
		return f.read(p, s, m)
	})
	if err != nil {
		return nil, err
	}
	f.view = m.View()
	f.all, err = f.judge.Assess(p.ctx, f.view, q.begin(q.to+1).Add(-time.Second))
	return f, err
}

// prepare makes the land as it was on the day, the empty map and the judge.
func (f *findings) prepare() (*coverage.Map, error) {
	land, err := newCoverageLand(f.q.register, f.q.begin(f.q.to))
	if err != nil {
		return nil, err
	}
	f.grid, f.roads = land.grid, land.roads != nil
	if f.judge, err = coverage.NewJudge(f.q.rules, land.roads.Accessible); err != nil {
		return nil, err
	}
	return land.newMap(f.q.rules, f.q.zone)
}

func (f *findings) read(p *process, s coverageStore, m *coverage.Map) error {
	bar := newCountBar(p.stderr, "reading tests")
	defer bar.Close() // it only draws
	query := telemetry.Query{Kind: telemetry.KindMobile, From: f.q.begin(f.q.from), To: f.q.begin(f.q.to + 1)}
	for r, err := range s.Readings(p.ctx, query) {
		if err != nil {
			return err
		}
		_ = bar.Add(1) // it only draws
		f.count(&r, m.Observe(&r))
	}
	return nil
}

// count keeps account of a reading that belongs to the area and operators asked for.
func (f *findings) count(r *telemetry.Reading, o coverage.Observation) {
	operator := o.Operator
	if len(f.q.operators) > 0 && !slices.Contains(f.q.operators, operator) {
		return
	}
	commune := o.Area
	if commune == "" {
		commune = r.Area // where the device says it belongs
	}
	if !f.inArea(commune) {
		return
	}
	switch o.Reason {
	case coverage.NoTest:
		f.samples++
		return
	case coverage.Counts:
		f.counting++
	default:
		f.invalid[invalidKey{operator, o.Reason.String()}]++
	}
	f.tests++
}

// inArea reports whether a commune or province belongs to the area asked for.
func (f *findings) inArea(code telemetry.AreaCode) bool { return f.q.inArea(code) }

func (f *findings) wants(operator telemetry.OperatorCode, commune telemetry.AreaCode) bool {
	return (len(f.q.operators) == 0 || slices.Contains(f.q.operators, operator)) && f.inArea(commune)
}

func (f *findings) scope() reports.Scope {
	q := f.q
	s := reports.Scope{
		Operators: q.operators, From: q.from.String(), To: q.to.String(), Day: q.to.String(),
		Rules: q.rules.ID(), TargetMbps: q.rules.TargetMbps, Roads: f.roads,
	}
	if q.area.Code != "" {
		s.Area = f.place(q.area.Code)
	}
	return s
}

// place names an area as people know it.
func (f *findings) place(code telemetry.AreaCode) reports.Place { return placeOf(f.q.register, code) }

func placeOf(r *registry.Registry, code telemetry.AreaCode) reports.Place {
	a, ok := r.Area(code)
	if !ok {
		return reports.Place{Code: code}
	}
	p := reports.Place{Code: code, Name: a.Name}
	if a.Type != "" {
		p.Name = a.Type + " " + a.Name
	}
	if parent, ok := r.Area(a.Parent); ok {
		p.Parent = parent.Name
	}
	return p
}

func (f *findings) invalidRows() []reports.InvalidRow {
	var rows []reports.InvalidRow
	for key, n := range maps.All(f.invalid) { // the report puts them in order
		rows = append(rows, reports.InvalidRow{Operator: key.operator, Reason: key.reason, Tests: n})
	}
	return rows
}

// cellRow is the verdict on a cell with its evidence.
func (f *findings) cellRow(c *coverage.CellVerdict) reports.CellRow {
	r := cellRow(c, f.q.rules.Share, f.q.zone)
	if c.Area != "" {
		r.Place = f.place(c.Area)
	}
	if f.grid != nil {
		r.Residents = int(f.grid.Population(c.Cell) + 0.5)
	}
	return r
}

// cellRow is a row without place and residents. Share is what the rules ask of covered cells.
func cellRow(c *coverage.CellVerdict, share float64, zone *time.Location) reports.CellRow {
	d, s := &c.Decision, &c.Summary
	shown := d.Shown()
	r := reports.CellRow{
		Cell: c.Cell.String(), Center: c.Cell.Center(), Outline: c.Cell.Outline(), Operator: c.Operator,
		Verdict: c.Verdict.String(), WindowProof: d.Verdict.String(), TargetMbps: c.TargetMbps,
		Tests: d.Tests, Negative: d.Negative, Unusable: d.Unusable, ShareLower: shown.Lower, ShareUpper: shown.Upper,
		GapP: d.GapP, CoveredP: d.CoveredP, DeadP: d.DeadP,
		MeanMbps: s.MeanMbps, P20Mbps: s.P20Mbps, P50Mbps: s.P50Mbps, P80Mbps: s.P80Mbps, UploadMbps: s.MeanUploadMbps, LatencyMs: s.P50LatencyMs,
		Transfers: s.Transfers, Devices: s.Devices, Days: s.Days, Hours: s.Hours, Further: -1,
	}
	if c.Verdict != coverage.Unproven {
		r.Since, r.Proven = c.Since.String(), c.Proven.String()
	}
	if !s.Last.IsZero() {
		r.Last = s.Last.In(zone).Format("2006-01-02 15:04")
	}
	if c.Further != nil {
		r.Further = c.Further.Tests
	}
	t := leaning(d, share)
	r.Points, r.PointsNeeded, r.ApartSeconds, r.ApartNeeded = t.Points, t.PointsNeeded, t.ApartSeconds, t.ApartNeeded
	r.OfKind, r.OfKindNeeded = t.Tests, t.TestsNeeded
	return r
}

// leaning returns the thresholds of what the tests of the window lean to.
func leaning(d *coverage.Decision, share float64) *coverage.Thresholds {
	switch {
	case d.Verdict == coverage.Dead, 2*d.Unusable > d.Tests:
		return &d.Dead
	case d.Verdict == coverage.Gap, float64(d.Positive()) < share*float64(d.Tests):
		return &d.Gap
	}
	return &d.Covered
}
