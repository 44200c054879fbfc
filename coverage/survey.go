package coverage

import (
	"cmp"
	"math"
	"slices"

	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// A SurveyQuestion says what a plan of measurements is for.
type SurveyQuestion struct {
	// Operators to measure; empty for all that anything is known of.
	Operators []telemetry.OperatorCode
	// Areas to stay in, communes or provinces; empty for everywhere.
	Areas []telemetry.AreaCode
	// Retests come before all others.
	Retests []Retest
	// Declared coverage makes a cell more urgent; nil when none is known.
	Declared *Declared
	// Start is where the day begins; the zero Point begins at the most urgent stop.
	Start telemetry.Point
	// Stops is how many cells to visit at most; 0 is 20.
	Stops int
}

// A Retest is a cell that a case waits for, and what the tests made for it still lack.
type Retest struct {
	Cell     Cell
	Operator telemetry.OperatorCode
	Further  Further
}

// A SurveyStop is one cell of a route sheet.
type SurveyStop struct {
	Cell   Cell               `json:"cell"`
	Area   telemetry.AreaCode `json:"area,omitempty"`
	Center telemetry.Point    `json:"center"`
	// Needs is what each operator's evidence lacks there.
	Needs []SurveyNeed `json:"needs"`
	// Tests is how many to make: the most that an operator needs, since one probe can
	// measure all of them side by side.
	Tests int `json:"tests"`
	// Points are where to make them: what any operator lacks.
	Points []PointNeed `json:"points,omitempty"`
	// Residents is an estimate, KmFromLast the distance as the crow flies.
	Residents  int     `json:"residents"`
	KmFromLast float64 `json:"km_from_last"`
	// Urgency orders the stops: see docs/COVERAGE.md.
	Urgency float64 `json:"urgency"`
	Must    bool    `json:"must,omitempty"`
}

// A SurveyNeed is what the evidence on one operator lacks in a cell.
type SurveyNeed struct {
	Operator telemetry.OperatorCode `json:"operator"`
	Declared bool                   `json:"declared,omitempty"`
	Further  Further                `json:"further"`
}

const defaultStops = 20

// Survey plans where to measure next: the cells that must be visited and then the most
// urgent unproven ones, in the order of a short way. The judge is the one that made the
// assessment.
func (j *Judge) Survey(a *Assessment, q SurveyQuestion) []SurveyStop {
	if q.Stops <= 0 {
		q.Stops = defaultStops
	}
	if len(q.Operators) == 0 {
		q.Operators = a.Operators()
	}
	var stops []SurveyStop
	for _, cell := range a.candidates(&q) {
		if s, ok := j.stop(a, cell, &q); ok {
			stops = append(stops, s)
		}
	}
	slices.SortFunc(stops, func(x, y SurveyStop) int {
		if x.Must != y.Must {
			if x.Must {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.Urgency, x.Urgency), cmp.Compare(x.Cell, y.Cell))
	})
	return route(stops[:min(len(stops), q.Stops)], q.Start)
}

// candidates are the cells of the question, sorted: those of the grid, of the tests and
// those that must be.
func (a *Assessment) candidates(q *SurveyQuestion) []Cell {
	var all []Cell
	wanted := func(cell Cell) bool {
		commune, province := a.grid.places(cell)
		return len(q.Areas) == 0 || slices.Contains(q.Areas, commune) || slices.Contains(q.Areas, province)
	}
	for i := range q.Retests {
		if cell := q.Retests[i].Cell; wanted(cell) {
			all = append(all, cell)
		}
	}
	if a.grid != nil {
		for cell := range a.grid.byCell {
			if wanted(cell) {
				all = append(all, cell)
			}
		}
	}
	for i := range a.Cells {
		if wanted(a.Cells[i].Cell) {
			all = append(all, a.Cells[i].Cell)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// stop says what a cell lacks; false when it lacks nothing that tests in sight could give.
func (j *Judge) stop(a *Assessment, cell Cell, q *SurveyQuestion) (SurveyStop, bool) {
	commune, _ := a.grid.places(cell)
	s := SurveyStop{Cell: cell, Area: commune, Residents: a.residents(cell)}
	for _, operator := range q.Operators {
		further, must := q.retest(cell, operator)
		if !must {
			further = j.lacks(a, cell, operator)
		}
		if further == nil || further.Tests == 0 && !must {
			continue
		}
		s.Must = s.Must || must
		_, declared := q.Declared.Mbps(cell, operator)
		s.Needs = append(s.Needs, SurveyNeed{Operator: operator, Declared: declared, Further: *further})
		s.Urgency += urgency(s.Residents, declared, further.Tests)
		s.Tests = max(s.Tests, further.Tests)
		s.include(further.Points)
	}
	if len(s.Needs) == 0 {
		return s, false
	}
	s.Center = cell.Center()
	s.Urgency = round(s.Urgency, 4)
	return s, true
}

// retest returns what a re-test lacks.
func (q *SurveyQuestion) retest(cell Cell, operator telemetry.OperatorCode) (*Further, bool) {
	i := slices.IndexFunc(q.Retests, func(r Retest) bool { return r.Cell == cell && r.Operator == operator })
	if i < 0 {
		return nil, false
	}
	return &q.Retests[i].Further, true
}

// lacks returns what is missing, nil where a verdict is proven at present.
func (j *Judge) lacks(a *Assessment, cell Cell, operator telemetry.OperatorCode) *Further {
	if c := a.Find(cell, operator); c != nil {
		return c.Further
	}
	e := evidence{accessible: j.accessible(cell) & AllPoints}
	e.timed(&j.rules, func(func(record)) {}, 0, 0)
	d := j.rules.decide(&e)
	return j.further(cell, &e, &d)
}

// urgency grows with the residents and with a claim to be checked, and shrinks with the
// work: the logarithm, so that a town does not hide every hamlet.
func urgency(residents int, declared bool, tests int) float64 {
	u := (1 + math.Log2(1+float64(residents))) * TestsPerDay / (TestsPerDay + float64(tests))
	if declared {
		u *= 2
	}
	return u
}

// include adds point-hexes, each with the most that anybody lacks.
func (s *SurveyStop) include(points []PointNeed) {
	for _, p := range points {
		i := slices.IndexFunc(s.Points, func(o PointNeed) bool { return o.Index == p.Index })
		if i < 0 {
			s.Points = append(s.Points, p)
		} else {
			s.Points[i].Tests = max(s.Points[i].Tests, p.Tests)
		}
	}
	slices.SortFunc(s.Points, func(a, b PointNeed) int { return cmp.Compare(a.Index, b.Index) })
}

// route orders the stops by always going to the nearest, and then takes out crossings of
// the way while that shortens it.
func route(stops []SurveyStop, start telemetry.Point) []SurveyStop {
	if len(stops) == 0 {
		return stops
	}
	if start.IsZero() {
		start = stops[0].Center
	}
	at := start
	for i := range stops {
		next := i
		for n := i; n < len(stops); n++ {
			if km(at, stops[n].Center) < km(at, stops[next].Center) {
				next = n
			}
		}
		stops[i], stops[next] = stops[next], stops[i]
		at = stops[i].Center
	}
	for range stops { // each pass shortens the way or is the last
		if !uncross(stops, start) {
			break
		}
	}
	at = start
	for i := range stops {
		stops[i].KmFromLast = round(km(at, stops[i].Center), 2)
		at = stops[i].Center
	}
	return stops
}

// uncross reverses parts of the way where that shortens it (2-opt).
func uncross(stops []SurveyStop, start telemetry.Point) bool {
	place := func(i int) telemetry.Point {
		if i < 0 {
			return start
		}
		return stops[i].Center
	}
	shorter := false
	for i := range stops {
		for n := i + 1; n < len(stops); n++ {
			before, after := km(place(i-1), place(i)), km(place(i-1), place(n))
			if n+1 < len(stops) {
				before += km(place(n), place(n+1))
				after += km(place(i), place(n+1))
			}
			if after < before-1e-9 {
				slices.Reverse(stops[i : n+1])
				shorter = true
			}
		}
	}
	return shorter
}

func km(a, b telemetry.Point) float64 {
	return h3.GreatCircleDistanceKm(h3.LatLng{Lat: a.Lat, Lng: a.Lon}, h3.LatLng{Lat: b.Lat, Lng: b.Lon})
}
