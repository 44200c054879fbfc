package coverage

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/telemetry"
)

// square is a polygon around a point, half a side of degrees.
func square(center telemetry.Point, side float64) telemetry.Polygon {
	h := side / 2
	return telemetry.Polygon{{
		{Lat: center.Lat - h, Lon: center.Lon - h}, {Lat: center.Lat - h, Lon: center.Lon + h},
		{Lat: center.Lat + h, Lon: center.Lon + h}, {Lat: center.Lat + h, Lon: center.Lon - h},
		{Lat: center.Lat - h, Lon: center.Lon - h},
	}}
}

// twoCommunes lie side by side, 0.06 degrees wide; tayNinh is in the middle of the first.
func twoCommunes() []telemetry.Area {
	east := telemetry.Point{Lat: tayNinh.Lat, Lon: tayNinh.Lon + 0.06}
	return []telemetry.Area{
		{Code: "80", Name: "Tây Ninh", Type: "Tỉnh"},
		{Code: "25460", Parent: "80", Population: 10_000, Outline: []telemetry.Polygon{square(east, 0.06)}},
		{Code: "25459", Parent: "80", Population: 50_000, Outline: []telemetry.Polygon{square(tayNinh, 0.06)}},
	}
}

func newGrid(t testing.TB, areas []telemetry.Area) *Grid {
	t.Helper()
	g, err := NewGrid(areas)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func gridMap(t testing.TB, g *Grid) *Map {
	t.Helper()
	m, err := NewMap(Options{Rules: DefaultRules(), Zone: hcm, Grid: g})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGrid(t *testing.T) {
	t.Parallel()
	g := newGrid(t, twoCommunes())
	all := 0
	for _, a := range g.Communes() {
		cells := g.CellsOf(a.Code)
		all += len(cells)
		residents := 0.0
		for _, c := range cells {
			if g.AreaOf(c) != a.Code {
				t.Errorf("cell %s of %s says %s", c, a.Code, g.AreaOf(c))
			}
			residents += g.Population(c)
		}
		if math.Abs(residents-float64(a.Population)) > 1e-6 {
			t.Errorf("%s has %v residents in its cells", a.Code, residents)
		}
	}
	if all != g.Len() || all < 100 {
		t.Errorf("%d cells in communes, %d in the grid", all, g.Len())
	}
	// No place inside is outside, up to the border; on it the centres decide.
	for lat := -0.0299; lat < 0.03; lat += 0.002 {
		for lon := -0.0299; lon < 0.09; lon += 0.002 {
			cell, _, _ := CellAt(telemetry.Point{Lat: tayNinh.Lat + lat, Lon: tayNinh.Lon + lon})
			if g.AreaOf(cell) == "" {
				t.Fatalf("%v, %v is outside", lat, lon)
			}
		}
	}
	if far, _, _ := CellAt(telemetry.Point{Lat: 12, Lon: 107}); g.AreaOf(far) != "" || g.Population(far) != 0 {
		t.Error("a place far away is inside")
	}
	if a, ok := g.Area("80"); !ok || a.Name != "Tây Ninh" {
		t.Errorf("the province is %+v", a)
	}
	if _, ok := g.Area("99999"); ok || g.CellsOf("99999") != nil {
		t.Error("a commune that does not exist")
	}
	// The order of the list does not matter, a code twice does.
	turned := twoCommunes()
	slices.Reverse(turned)
	if diff := cmp.Diff(g.cells, newGrid(t, turned).cells); diff != "" {
		t.Errorf("in another order:\n%s", diff)
	}
	if _, err := NewGrid(append(turned, turned[0])); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a commune twice: %v", err)
	}
}

// A hole belongs to nobody, except that cells which touch the land do.
func TestGridWithAHole(t *testing.T) {
	t.Parallel()
	area := twoCommunes()[2]
	area.Outline[0] = append(area.Outline[0], square(tayNinh, 0.04)[0])
	g := newGrid(t, []telemetry.Area{area, {Code: "25461", Population: 5}})
	cell, _, _ := CellAt(tayNinh)
	if g.AreaOf(cell) != "" || len(g.CellsOf("25461")) != 0 {
		t.Errorf("the hole is of %q", g.AreaOf(cell))
	}
}

func TestTestsOutside(t *testing.T) {
	t.Parallel()
	m := gridMap(t, newGrid(t, twoCommunes()))
	for name, p := range map[string]telemetry.Point{"swapped": {Lat: tayNinh.Lon - 20, Lon: tayNinh.Lat}, "abroad": {Lat: 48, Lon: 11}} {
		r := reading(at(p))
		if o := m.Observe(&r); o.Reason != Outside || o.Changed {
			t.Errorf("%s: %+v", name, o)
		}
	}
	r := reading(at(telemetry.Point{Lat: tayNinh.Lon, Lon: tayNinh.Lat}))
	if o := m.Observe(&r); o.Reason != NoPosition {
		t.Errorf("a latitude of 106: %+v", o)
	}
	r = reading()
	if o := m.Observe(&r); o.Reason != Counts || o.Area != "25459" {
		t.Errorf("inside: %+v", o)
	}
}

// Communes and the province are judged by the share of their parts, and measured by the
// national yardsticks, which are numbers of their own.
func TestAreaReports(t *testing.T) {
	t.Parallel()
	g := newGrid(t, twoCommunes())
	m := gridMap(t, g)
	paint := func(cells []Cell, tests int, change func(int, *telemetry.Reading)) {
		for _, cell := range cells {
			for n := range tests {
				r := reading(at(cell.PointHex(n%PointHexes).Center()), when(local(1, 7+n%14, n/14, 0)), mbps(100))
				r.Mobile.Technology = telemetry.Some("5g-sa")
				change(n, &r)
				m.Observe(&r)
			}
		}
	}
	west, east := g.CellsOf("25459"), g.CellsOf("25460")
	enough := (4*len(west) + 6) / 7
	paint(west[:enough-1], 20, slow)
	paint(east, 29, func(int, *telemetry.Reading) {})
	report := func() map[telemetry.AreaCode]AreaReport {
		v := m.View()
		a, err := newJudge(t, m.rules).Assess(t.Context(), v, local(10, 23, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		byArea := make(map[telemetry.AreaCode]AreaReport)
		for _, r := range a.Areas(v) {
			byArea[r.Area] = r
		}
		return byArea
	}
	got := report()
	if v := got["25459"].Verdict; v != Unproven {
		t.Errorf("with one cell too few the west is %s", v)
	}
	paint(west[enough-1:enough], 20, dead)
	got = report()
	w, e, p := got["25459"], got["25460"], got["80"]
	if w.Verdict != Gap || w.Cells != [verdictCount]int{Gap: enough - 1, Dead: 1} || w.Untested != len(west)-enough || w.All != len(west) {
		t.Errorf("the west: %+v", w)
	}
	if e.Verdict != Covered || e.Cells[Covered] != len(east) || e.Residents[Covered] != 10_000 {
		t.Errorf("the east: %+v", e)
	}
	if p.Verdict != Unproven || p.Communes != [verdictCount]int{Covered: 1, Gap: 1} || p.All != len(west)+len(east) {
		t.Errorf("the province: %+v", p)
	}
	if y := w.Yardsticks; y.MeanMbps != 12 || y.MeanMet || y.OnTarget != 0 || y.Available >= 1 || y.FiveG.Transfers != y.Transfers || y.Tests-y.Transfers != 20 {
		t.Errorf("the west by yardsticks: %+v", y)
	}
	if y := e.Yardsticks; y.MeanMbps != 100 || !y.MeanMet || y.OnTarget != 1 || y.Available != 1 {
		t.Errorf("the east by yardsticks: %+v", y)
	}
	// Upload is 12 Mbit/s: one indicator is missed.
	if f := e.Yardsticks.FiveG; !f.Enough || f.Met || f.Above30 != 1 || math.Abs(f.MeanUploadMbps-12) > 0.05 {
		t.Errorf("the east by the indicators of 5G: %+v", f)
	}
	// A mean above the target says nothing about the share: this is why both are there.
	mean := (12*float64(w.Yardsticks.Transfers) + 100*float64(e.Yardsticks.Transfers)) / float64(p.Yardsticks.Transfers)
	if y := p.Yardsticks; math.Abs(y.MeanMbps-mean) > 0.01 || !y.MeanMet {
		t.Errorf("the province by yardsticks: %+v, want a mean of %v", y, mean)
	}
}

func TestDeclaredCoverage(t *testing.T) {
	t.Parallel()
	d := NewDeclared()
	if err := d.AddPolygon("45204", square(tayNinh, 0.03), 50); err != nil {
		t.Fatal(err)
	}
	cell, _, _ := CellAt(tayNinh)
	if v, ok := d.Mbps(cell, "45204"); !ok || v != 50 {
		t.Errorf("inside: %v, %v", v, ok)
	}
	if _, ok := d.Mbps(cell, "45201"); ok {
		t.Error("another operator has declared it")
	}
	// As many square kilometres as the polygon has are declared.
	var declared float64
	for _, c := range d.cells {
		declared += c.km2
	}
	if want := 0.03 * 111.2 * 0.03 * 111.2 * math.Cos(tayNinh.Lat*math.Pi/180); math.Abs(declared/want-1) > 0.02 {
		t.Errorf("%v km² of %v", declared, want)
	}
	if err := d.AddPolygon("45204", nil, 50); err == nil {
		t.Error("a polygon of nothing")
	}
	var none *Declared
	if _, ok := none.Mbps(cell, "45204"); ok {
		t.Error("nothing declares something")
	}
}

// A raster of 100 m adds up to cells; which are declared when half of them is.
func TestDeclaredRaster(t *testing.T) {
	t.Parallel()
	var raster strings.Builder
	raster.WriteString("\ufeffoperator;reference;lat;lon;dl_normal;ul_normal\n")
	const step = 100 / 111_195.0
	for i := -20; i < 20; i++ {
		for n := -20; n < 20; n++ {
			fmt.Fprintf(&raster, "45204;x;%.6f;%.6f;%d;0\n", tayNinh.Lat+float64(i)*step, tayNinh.Lon+float64(n)*step/math.Cos(tayNinh.Lat*math.Pi/180), 25_000_000)
		}
	}
	d := NewDeclared()
	rows, err := d.ReadCSV(strings.NewReader(raster.String()), 100)
	if err != nil || rows != 1600 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	cell, _, _ := CellAt(tayNinh)
	if v, ok := d.Mbps(cell, "45204"); !ok || v != 25 {
		t.Errorf("in the middle: %v, %v", v, ok)
	}
	for _, n := range cell.Neighbors() {
		if _, ok := d.Mbps(n, "45204"); !ok {
			t.Errorf("neighbour %s is not declared", n)
		}
	}
	d = NewDeclared()
	if rows, err := d.ReadCSV(strings.NewReader("Operator,raster,dl_normal\n45204,"+cell.String()+",4e7\n45204,"+cell.PointHex(2).String()+",0\n"), 0); err != nil || rows != 2 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	if v, ok := d.Mbps(cell, "45204"); !ok || v != 40 {
		t.Errorf("by index: %v, %v", v, ok)
	}
	for text, want := range map[string]string{
		"":                                       "EOF",
		"operator;raster\n":                      "line 1: the columns operator and dl_normal",
		"operator;dl_normal\n":                   "line 1: the place",
		"operator;dl_normal;lat;lon":             "side of a raster cell",
		"operator;raster;dl_normal\n45204;x;5\n": "line 2: raster",
		"operator;raster;dl_normal\nViettel;x;5\n":                      "line 2: operator",
		"operator;raster;dl_normal\n45204;x;fast\n":                     "line 2: dl_normal",
		"operator;raster;dl_normal\n45204;" + cell.String() + ";-1\n":   "line 2: dl_normal",
		"operator;raster;dl_normal\n45204;" + cell.String() + ";1;2\n":  "line 2",
		"operator;raster;dl_normal\n45204;862830807ffffff;5000000000\n": "resolution 8 or finer",
	} {
		if _, err := NewDeclared().ReadCSV(strings.NewReader(text), 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
}

// What is declared and proven missing comes first, and in each kind the most residents.
func TestCompareDeclared(t *testing.T) {
	t.Parallel()
	g := newGrid(t, twoCommunes())
	m := gridMap(t, g)
	west, east := g.CellsOf("25459"), g.CellsOf("25460")
	d := NewDeclared()
	declare := func(cell Cell) { d.add("45204", cell, cell.AreaKm2(), 45) }
	measure := func(cell Cell, tests int, change func(int, *telemetry.Reading)) {
		for n := range tests {
			r := reading(at(cell.PointHex(n%PointHexes).Center()), when(local(1, 7+n%14, n/14, 0)))
			change(n, &r)
			m.Observe(&r)
		}
	}
	measure(east[0], 20, slow)
	measure(west[0], 20, slow)
	measure(west[1], 20, dead)
	measure(west[2], 5, slow)
	measure(west[3], 29, fast)
	measure(west[4], 29, fast)
	measure(west[5], 20, dead)
	for _, c := range []Cell{east[0], west[0], west[1], west[2], west[3], west[6]} {
		declare(c)
	}
	d.add("45204", west[7], 0.3*west[7].AreaKm2(), 45) // less than half
	var got []string
	for _, x := range assess(t, m, local(10, 23, 0, 0)).Compare(d) {
		name := "east"
		if g.AreaOf(x.Cell) == "25459" {
			name = fmt.Sprintf("west %d", slices.Index(west, x.Cell))
		}
		got = append(got, fmt.Sprintf("%s %s", name, x.Kind))
	}
	want := []string{
		"west 1 declared_dead", "west 0 declared_gap", "east declared_gap", "west 2 declared_unproven",
		"west 6 declared_untested", "west 4 undeclared_covered", "west 3 declared_covered", "west 5 undeclared_measured",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSurvey(t *testing.T) {
	t.Parallel()
	g := newGrid(t, twoCommunes())
	m := gridMap(t, g)
	j := newJudge(t, m.rules)
	cell, _, _ := CellAt(tayNinh)
	survey(m, 1, 10, fast)
	other := reading(func(r *telemetry.Reading) {
		r.Mobile.Operator, r.Mobile.SIMOperator = telemetry.Some("45201"), telemetry.Some("45201")
	})
	m.Observe(&other)
	plan := func(q SurveyQuestion) []SurveyStop {
		a, err := j.Assess(t.Context(), m.View(), local(3, 23, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		return j.Survey(a, q)
	}
	stops := plan(SurveyQuestion{})
	if len(stops) != 20 {
		t.Fatalf("%d stops", len(stops))
	}
	i := slices.IndexFunc(stops, func(s SurveyStop) bool { return s.Cell == cell })
	if i < 0 {
		t.Fatal("the cell that lacks the fewest tests is not among them")
	}
	if s := stops[i]; len(s.Needs) != 2 || s.Tests != s.Needs[0].Further.Tests || s.Tests < 28 || s.Needs[1].Further.Tests != 19 || s.Area != "25459" {
		t.Errorf("that cell: %+v", s)
	}
	for _, s := range stops {
		if s.Area != "25459" {
			t.Errorf("a stop in %s, where fewer people live", s.Area)
		}
	}
	// Asked for the east, it stays there; a declared cell comes first, but for the re-test of a case,
	// which asks for its own tests even where all is proven.
	east := g.CellsOf("25460")
	d := NewDeclared()
	d.add("45204", east[5], 1, 40)
	stops = plan(SurveyQuestion{Areas: []telemetry.AreaCode{"25460"}, Operators: []telemetry.OperatorCode{"45204"}, Declared: d, Stops: 2, Retests: []Retest{
		{east[7], "45204", Further{Tests: 25}}, {east[8], "45201", Further{Tests: 5}}, {cell, "45204", Further{Tests: 5}},
	}})
	if len(stops) == 2 && stops[1].Must { // they are in the order of the way
		slices.Reverse(stops)
	}
	if len(stops) != 2 || stops[0].Cell != east[7] || !stops[0].Must || stops[0].Tests != 25 || stops[1].Cell != east[5] || stops[1].Must {
		t.Errorf("stops %+v, want the re-test %s and then %s", stops, east[7], east[5])
	}
	// What is proven needs no visit.
	survey(m, 2, 29, fast)
	for _, s := range plan(SurveyQuestion{Operators: []telemetry.OperatorCode{"45204"}, Stops: 1000}) {
		if s.Cell == cell {
			t.Errorf("a proven cell is to be visited: %+v", s)
		}
	}
}

// The way is no longer than going to the nearest each time, and visits every stop.
func TestRoute(t *testing.T) {
	t.Parallel()
	cells := land(t)
	var stops []SurveyStop
	for _, c := range cells {
		stops = append(stops, SurveyStop{Cell: c, Center: c.Center()})
	}
	length := func(stops []SurveyStop) (sum float64) {
		for _, s := range stops {
			sum += s.KmFromLast
		}
		return sum
	}
	got := route(slices.Clone(stops), tayNinh)
	seen := make(map[Cell]bool)
	for _, s := range got {
		seen[s.Cell] = true
	}
	// 37 cells about 0.92 km apart: a perfect way is 36 steps.
	if total := length(got); len(seen) != len(cells) || total > 36*0.98*1.15 {
		t.Errorf("%d of %d cells in %.1f km", len(seen), len(cells), total)
	}
	if got := route(nil, telemetry.Point{}); len(got) != 0 {
		t.Errorf("no stops make %v", got)
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	l, err := NewLive(LiveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	validity := DefaultValidity()
	minute := func(n int) time.Time { return local(3, 23, n, 0) } // at night, too
	step := func(n int, change ...func(*telemetry.Reading)) (LiveState, bool) {
		r := reading(append([]func(*telemetry.Reading){when(minute(n))}, change...)...)
		p, changed := l.Observe(&r, &validity)
		return p.State, changed
	}
	failed := func(r *telemetry.Reading) { r.Mobile.Outcome = telemetry.Some(telemetry.OutcomeFailed) }
	for _, s := range []struct {
		name    string
		minute  int
		change  []func(*telemetry.Reading)
		state   LiveState
		changed bool
	}{
		{"one good attempt", 0, nil, LiveUnknown, false},
		{"two", 2, nil, LiveUp, true},
		{"one without service", 4, []func(*telemetry.Reading){noService}, LiveUp, false},
		{"the same again", 4, []func(*telemetry.Reading){noService}, LiveUp, false},
		{"two", 6, []func(*telemetry.Reading){noService}, LiveUp, false},
		{"a failed test says nothing", 7, []func(*telemetry.Reading){failed}, LiveUnknown, false},
		{"three, too short", 8, []func(*telemetry.Reading){noService}, LiveUp, false},
		{"five minutes", 9, []func(*telemetry.Reading){noService}, LiveDown, true},
		{"late news", 10, []func(*telemetry.Reading){func(r *telemetry.Reading) { r.Flags = telemetry.FlagLate }}, LiveUnknown, false},
		{"one good", 11, nil, LiveDown, false},
		{"a relapse", 12, []func(*telemetry.Reading){noService}, LiveDown, false},
		{"good", 13, nil, LiveDown, false},
		{"and good", 14, nil, LiveUp, true},
		{"on a foreign network", 15, []func(*telemetry.Reading){func(r *telemetry.Reading) { r.Mobile.Operator = telemetry.Some("45201") }}, LiveUnknown, false},
	} {
		if state, changed := step(s.minute, s.change...); state != s.state || changed != s.changed {
			t.Errorf("%s: %s, changed %v; want %s, %v", s.name, state, changed, s.state, s.changed)
		}
	}
	want := []LiveProbe{{Device: "probe-1", Operator: "45204", State: LiveUp, Since: minute(13).UTC(), Last: minute(14).UTC()}}
	if diff := cmp.Diff(want, l.Probes(minute(15))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := l.Probes(minute(75)); got[0].State != LiveUnknown {
		t.Errorf("after an hour of silence it is %s", got[0].State)
	}
	l.Forget(minute(15))
	if got := l.Probes(minute(15)); len(got) != 0 {
		t.Errorf("forgotten probes: %v", got)
	}
	if _, err := NewLive(LiveOptions{For: 2 * time.Hour}); err == nil {
		t.Error("it waits for longer than it remembers")
	}
}
