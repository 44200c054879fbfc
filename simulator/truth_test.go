package simulator

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uber/h3-go/v4"

	"phusong/internal/testbed"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// A perfectDetector knows nothing but readings, as they come over the wire.
type perfectDetector struct{ tests, usable, fast int }

func (p *perfectDetector) learn(t *testing.T, r *telemetry.Reading) {
	t.Helper()
	var d wire.Decoder
	r.Area, r.Device, r.Time = "80", "p", testStart
	m := d.Decode("phusong/v1/80/mobile/p/telemetry", wire.AppendPayload(nil, r))
	if len(m.Readings) != 1 {
		t.Fatalf("the reading is refused: %v", m.Rejects)
	}
	got := m.Readings[0].Mobile
	switch got.Outcome.Or("") {
	case telemetry.OutcomeFailed:
		return // says nothing about the network
	case telemetry.OutcomeOK:
		p.usable++
		if got.DownloadMbps.Or(0) >= 40 {
			p.fast++
		}
	}
	p.tests++
}

func (p *perfectDetector) verdict() Verdict {
	switch {
	case float64(p.usable) < usableShare*float64(p.tests):
		return Dead
	case float64(p.fast) < fastShare*float64(p.tests):
		return Slow
	}
	return Fine
}

// Truth and readings agree: a detector that is fed with enough tests, made anywhere
// in the cells at any daytime, reaches precision and recall 1 on every certain cell; and so
// does one on their roads, by the truth of the roads.
func TestAPerfectDetectorIsPerfect(t *testing.T) {
	t.Parallel()
	for name, onRoads := range map[string]bool{"anywhere": false, "on roads": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkPerfectDetector(t, onRoads)
		})
	}
}

func checkPerfectDetector(t *testing.T, onRoads bool) {
	t.Helper()
	s, err := ShippedScenario("dead-zone-repaired")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *Options) { o.Scenario = s })
	all, err := w.Cells()
	if err != nil {
		t.Fatal(err)
	}
	cells := sampleCells(t, w, all)
	q := CoverageQuestion{From: testStart, To: testStart.AddDate(0, 0, 7), OnRoads: onRoads}
	const tests = 500
	var truth []Coverage
	detectors := make(map[string]*perfectDetector)
	for c, err := range w.CoverageOf(t.Context(), cells, q) {
		if err != nil {
			t.Fatal(err)
		}
		truth = append(truth, c)
		if c.Certain {
			detectors[c.Cell+string(c.Operator)] = probeCell(t, w, &c, &q, tests)
		}
	}
	got := ScoreCoverage(slices.Values(truth), func(c *Coverage) Conclusion {
		if !c.Certain {
			return Conclusion{}
		}
		return Conclusion{Verdict: detectors[c.Cell+string(c.Operator)].verdict(), Enough: true}
	})
	for name, v := range map[string]VerdictScore{"dead": got.Dead, "slow": got.Slow, "fine": got.Fine} {
		if v.Precision != 1 || v.Recall != 1 {
			t.Errorf("%s: %+v, want precision and recall 1", name, v)
		}
		if v.True < 8 {
			t.Errorf("only %d cells are certainly %s: the test shows nothing", v.True, name)
		}
	}
	if got.Uncertain > len(truth)/2 {
		t.Errorf("%d of %d truths are uncertain", got.Uncertain, len(truth))
	}
}

// sampleCells takes cells from everywhere, and some from the planted dead zone.
func sampleCells(t *testing.T, w *World, all []string) []string {
	t.Helper()
	var cells []string
	zone := w.effects.all[0]
	for i, name := range all {
		center, err := h3.CellFromString(name).LatLng()
		if err != nil {
			t.Fatal(err)
		}
		inZone := project(telemetry.Point{Lat: center.Lat, Lon: center.Lng}).distance(zone.center) < zone.radius
		if i%300 == 0 || (i%5 == 0 && inZone) {
			cells = append(cells, name)
		}
	}
	return cells
}

// probeCell makes tests all over a cell or its roads, each at a time of its own.
func probeCell(t *testing.T, w *World, c *Coverage, q *CoverageQuestion, tests int) *perfectDetector {
	t.Helper()
	cell, off := h3.CellFromString(c.Cell), 30.0
	var way []place
	if q.OnRoads {
		ways, err := w.ways()
		if err != nil {
			t.Fatal(err)
		}
		if way = ways[cell]; len(way) > 0 {
			off = wayStep / 2
		}
	}
	where, err := places(cell, way, 3)
	if err != nil {
		t.Fatal(err)
	}
	operator := slices.IndexFunc(operators[:], func(o telemetry.Operator) bool { return o.Code == c.Operator })
	p := new(perfectDetector)
	for n := range uint64(tests) {
		h := key(99, forTest, n)
		at := inDisc(mix(h), where[h%uint64(len(where))].at, off)
		days := q.To.Sub(q.From).Hours() / 24
		ms := dayStart(localDay(q.From.UnixMilli())+int64(unit(mix(h+1))*days)) + testsFrom + int64(unit(mix(h+2))*testsHours*float64(hour))
		ms = max(ms, q.From.UnixMilli())
		d := device{key: mix(h + 3), operator: operator}
		m := moment{at: ms, fix: fix{at: at}, sig: w.signal(operator, at, ms)}
		r := probeReading(&d, &sample{at: ms}, &m)
		p.learn(t, &r)
	}
	return p
}

// A device is heard exactly when the truth says that it can be, in every story.
func TestDevicesAreHeardWhenTheTruthSaysSo(t *testing.T) {
	t.Parallel()
	for n, name := range ScenarioNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkHearing(t, name, uint64(n), testStart)
		})
	}
}

// The same for any seed and time of the year.
func TestDevicesAreHeardWhateverTheSeedPlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	names := ScenarioNames()
	for n := range uint64(20) {
		h := key(2026, forTest, n)
		checkHearing(t, names[h%uint64(len(names))], h, testStart.Add(time.Duration(mix(h)%(365*24*60))*time.Minute))
	}
}

func checkHearing(t *testing.T, name string, seed uint64, start time.Time) {
	t.Helper()
	scenario, err := ShippedScenario(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(Options{
		Seed: seed, Start: start, AccessPoints: 300, Sensors: 40,
		WiFiInterval: 10 * time.Minute, EnvironmentInterval: 10 * time.Minute, Scenario: scenario,
	})
	if err != nil {
		t.Fatal(err)
	}
	const watch = 13 * time.Hour
	heard := make(map[telemetry.DeviceID][]time.Time)
	for e := range w.Events(start.Add(watch)) {
		if e.Action == Publish && e.Raw == nil && !e.Retained {
			heard[e.Device] = append(heard[e.Device], e.At)
		}
	}
	for at := start.Add(time.Minute); at.Before(start.Add(watch - time.Hour)); at = at.Add(47 * time.Minute) {
		checkSilence(t, w, heard, at)
	}
}

func checkSilence(t *testing.T, w *World, heard map[telemetry.DeviceID][]time.Time, at time.Time) {
	t.Helper()
	down := make(map[telemetry.DeviceID]Downtime)
	for _, d := range w.Down(at) {
		down[d.Device] = d
	}
	for i := range w.devices {
		d := &w.devices[i]
		times := heard[d.ID]
		next, _ := slices.BinarySearchFunc(times, at, time.Time.Compare)
		if truth, isDown := down[d.ID]; isDown {
			if next > 0 && !times[next-1].Before(truth.From) {
				t.Errorf("%s spoke at %v, but is down since %v (%s)", d.ID, times[next-1], truth.From, truth.Cause)
			}
			continue
		}
		due := at.Add(d.Interval)
		if (next == len(times) || times[next].After(due)) && !flapped(w, d, at, due) {
			t.Errorf("%s is up at %v and says nothing until %v", d.ID, at, due)
		}
	}
}

// flapped reports whether anything about the device changed in between.
func flapped(w *World, d *device, from, to time.Time) bool {
	a, b := from.UnixMilli(), to.UnixMilli()
	for day := localDay(a); day <= localDay(b); day++ {
		for _, o := range w.outages(d, day) {
			if (o.from > a && o.from <= b) || (o.to > a && o.to <= b) {
				return true
			}
		}
	}
	return false
}

// What sensors report is the true air, but for their calibration and noise.
func TestSensorsReportTheTrueAir(t *testing.T) {
	t.Parallel()
	s, err := ShippedScenario("smoke")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *Options) { o.Scenario = s; o.Calm = true; o.AccessPoints, o.Probes = 0, 0 })
	sums := make(map[string]float64)
	for e := range w.Events(testStart.Add(24 * time.Hour)) {
		for i := range e.Readings {
			r := &e.Readings[i]
			if r.Environment == nil || !r.Environment.PM25.Present() {
				continue
			}
			d := deviceByID(w, r.Device)
			sums[fmt.Sprint(r.Device, " ", r.Time.Truncate(time.Hour).Unix())] += r.Environment.PM25.Or(0) / d.bias / 60
		}
	}
	checked, smoky := 0, 0
	for i := range w.devices {
		d := &w.devices[i]
		for h := 1; d.suite == airStation && h < 24; h++ {
			begin := testStart.Add(time.Duration(h) * time.Hour)
			got, want := sums[fmt.Sprint(d.ID, " ", begin.Unix())], w.HourlyAir(d.At, begin).PM25
			checked++
			if want > 150 {
				smoky++
			}
			if math.Abs(got-want) > 0.03*want+0.5 {
				t.Errorf("%s at %v: the sensor says %.1f, the truth is %.1f", d.ID, begin, got, want)
			}
		}
	}
	if checked < 100 || smoky == 0 {
		t.Errorf("%d hours were checked, %d of them in smoke", checked, smoky)
	}
}

func deviceByID(w *World, id telemetry.DeviceID) *device {
	i := slices.IndexFunc(w.devices, func(d device) bool { return d.ID == id })
	return &w.devices[i]
}

func TestSitesFailAsTheTruthSays(t *testing.T) {
	t.Parallel()
	s, err := ParseScenario("s.yaml", []byte(`title: t
story: s
events:
  - {at: 1h, for: 1h, do: power_cut, where: {area: "25459"}}
  - {at: 3h, for: 1h, do: portal_down, where: {category: school}}
  - {at: 5h, do: stolen, where: {kind: wifi, first: 1}}
`))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *Options) { o.Scenario, o.Calm, o.AccessPoints = s, true, 300 })
	count := func(h float64) map[SiteState]int {
		n := make(map[SiteState]int)
		for _, site := range w.SiteStates(instant(testStart.UnixMilli() + int64(h*float64(hour)))) {
			n[site.State]++
		}
		return n
	}
	all := count(0.5)[SiteWorking]
	for _, c := range []struct {
		hour  float64
		state SiteState
	}{{1.5, SiteNoService}, {3.5, SiteFailed}} {
		if n := count(c.hour); n[c.state] == 0 || n[c.state]+n[SiteWorking] != all {
			t.Errorf("after %v h: %v, want some %q and the others working", c.hour, n, c.state)
		}
	}
	if n := count(4.5); n[SiteWorking] != all {
		t.Errorf("in between: %v, want all working", n)
	}
	if n := count(6); n[SiteWorking] != all-1 {
		t.Errorf("after the theft: %v, want one site not working", n)
	}
}

func TestFaultsNameWhatTheyTouch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.AccessPoints = 300 })
	faults := w.Faults(testStart, testStart.AddDate(0, 0, 5))
	kinds := make(map[string]int)
	for _, f := range faults {
		kinds[f.Kind]++
		middle := f.From.Add(f.To.Sub(f.From) / 2)
		down := make(map[telemetry.DeviceID]bool)
		for _, d := range w.Down(middle) {
			down[d.Device] = true
		}
		for _, id := range f.Devices {
			if !down[id] {
				t.Errorf("%s touches %s, which is up at %v", f.Kind, id, middle)
			}
		}
	}
	if kinds["reboot"] == 0 || kinds["uplink_cut"] == 0 {
		t.Errorf("five days of everyday life hold %v", kinds)
	}
	if !slices.IsSortedFunc(faults, func(a, b Fault) int { return a.From.Compare(b.From) }) {
		t.Error("faults are not in the order of time")
	}
}

func TestCoverageQuestionsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for want, c := range map[string]struct {
		cell string
		q    CoverageQuestion
	}{
		"From must come before To": {"8865a4d8d1fffff", CoverageQuestion{}},
		"not an H3 cell":           {"nonsense", CoverageQuestion{From: testStart, To: testStart.Add(time.Hour)}},
	} {
		for _, err := range w.CoverageOf(t.Context(), []string{c.cell}, c.q) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error that says %q", err, want)
			}
		}
	}
}

func TestScoreAlarms(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return testStart.Add(time.Duration(minutes) * time.Minute) }
	faults := []Fault{
		{Kind: "uplink_cut", From: at(10), To: at(40), Devices: []telemetry.DeviceID{"a", "b"}, Sites: []telemetry.SiteID{"s"}},
		{Kind: "reboot", From: at(50), To: at(51), Devices: []telemetry.DeviceID{"c"}},
		{Kind: "dead_zone", From: at(0), Operator: "45204", Center: telemetry.Point{Lat: 11, Lon: 106.2}, RadiusKm: 3},
		{Kind: "power_cut", From: at(60), To: at(90), Area: "25459", Devices: []telemetry.DeviceID{"d"}},
	}
	alarms := []Alarm{
		{From: at(13), Site: "s"},   // right, after 3 minutes
		{From: at(12), Device: "b"}, // right, after 2 minutes
		{From: at(43), Device: "a"}, // right: within the grace
		{From: at(52), Device: "c"}, // right, though nobody had to find it
		{From: at(58), Device: "d"}, // false: too early
		{From: at(30), Operator: "45204", At: telemetry.Point{Lat: 11.01, Lon: 106.2}}, // right
		{From: at(30), Operator: "45201", At: telemetry.Point{Lat: 11.01, Lon: 106.2}}, // false: another network
		{From: at(30), Operator: "45204", At: telemetry.Point{Lat: 11.2, Lon: 106.2}},  // false: elsewhere
		{From: at(120), Device: "x"}, // false: nothing was wrong
	}
	got := ScoreAlarms(faults, alarms, AlarmQuestion{From: at(0), To: at(720), Least: 5 * time.Minute, Grace: 5 * time.Minute})
	want := AlarmScore{
		Faults: 3, Found: 2, Alarms: 9, Right: 5, Precision: 5.0 / 9, Recall: 2.0 / 3, FalsePerDay: 8,
		MedianDetection: 2 * time.Minute, P90Detection: 30 * time.Minute,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestScoreCoverage(t *testing.T) {
	t.Parallel()
	truth := []Coverage{
		{Cell: "1", Verdict: Dead, Certain: true}, {Cell: "2", Verdict: Dead, Certain: true},
		{Cell: "3", Verdict: Slow, Certain: true}, {Cell: "4", Verdict: Fine, Certain: true},
		{Cell: "5", Verdict: Fine, Certain: true}, {Cell: "6", Verdict: Fine},
	}
	concluded := map[string]Conclusion{
		"1": {Dead, true}, "2": {Slow, true}, "3": {Dead, false}, "4": {Fine, true}, "5": {Enough: true}, "6": {Dead, true},
	}
	got := ScoreCoverage(slices.Values(truth), func(c *Coverage) Conclusion { return concluded[c.Cell] })
	want := CoverageScore{
		Dead:    VerdictScore{True: 2, Enough: 2, Found: 1, Concluded: 2, Right: 1, Precision: 0.5, Recall: 0.5},
		Slow:    VerdictScore{True: 1, Concluded: 1, Recall: 1},
		Fine:    VerdictScore{True: 2, Enough: 2, Found: 1, Concluded: 1, Right: 1, Precision: 1, Recall: 0.5},
		Bad:     VerdictScore{True: 3, Enough: 2, Found: 2, Concluded: 3, Right: 2, Precision: 2. / 3, Recall: 1},
		Unknown: 1, Uncertain: 1,
		Table: map[Verdict]map[Verdict]int{Dead: {Dead: 1, Slow: 1}, Slow: {Dead: 1}, Fine: {Fine: 1, "": 1}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
