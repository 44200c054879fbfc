package simulator

import (
	"math"
	"strings"
	"testing"
	"time"

	"phusong/telemetry"
)

func TestTheInventoryIsSound(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{
		demoOptions(1), demoOptions(2),
		{Start: testStart, AccessPoints: 1}, {Start: testStart, Probes: 1}, {Start: testStart, Sensors: 1}, {Start: testStart, AccessPoints: 3000, Probes: 7, Sensors: 500},
	} {
		w, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		areas := make(map[telemetry.AreaCode]bool)
		for _, a := range w.Areas() {
			areas[a.Code] = true
		}
		sites := make(map[telemetry.SiteID]telemetry.Site)
		for _, s := range w.Sites() {
			if _, err := telemetry.ParseSiteID(string(s.ID)); err != nil || sites[s.ID].ID != "" || !areas[s.Area] || s.Name == "" || s.At.Validate() != nil {
				t.Errorf("site %+v is not sound", s)
			}
			sites[s.ID] = s
		}
		checkDevices(t, w, &o, areas, sites)
	}
}

func checkDevices(t *testing.T, w *World, o *Options, areas map[telemetry.AreaCode]bool, sites map[telemetry.SiteID]telemetry.Site) {
	t.Helper()
	counts := make(map[telemetry.Kind]int)
	devices := make(map[telemetry.DeviceID]telemetry.Device)
	for _, d := range w.Devices() {
		if _, err := telemetry.ParseDeviceID(string(d.ID)); err != nil || devices[d.ID].ID != "" || !areas[d.Area] || d.Interval <= 0 || d.Name == "" {
			t.Errorf("device %+v is not sound", d)
		}
		if roams := d.Site == ""; roams != d.At.IsZero() || (!roams && sites[d.Site].Area != d.Area) {
			t.Errorf("device %+v is in no place, or in two", d)
		}
		devices[d.ID] = d
		counts[d.Kind]++
	}
	for id, d := range devices {
		if d.Parent != "" && (devices[d.Parent].Site != d.Site || devices[d.Parent].Parent != "") {
			t.Errorf("%s hangs on %+v", id, devices[d.Parent])
		}
	}
	if counts[telemetry.KindWiFi] != o.AccessPoints || counts[telemetry.KindMobile] != o.Probes || counts[telemetry.KindEnvironment] != o.Sensors {
		t.Errorf("got %v, want %d, %d, %d", counts, o.AccessPoints, o.Probes, o.Sensors)
	}
}

func TestTheDemoHasSomethingOfEverything(t *testing.T) {
	t.Parallel()
	w, err := New(demoOptions(1))
	if err != nil {
		t.Fatal(err)
	}
	categories := make(map[telemetry.Category]int)
	for _, s := range w.Sites() {
		categories[s.Category]++
	}
	for _, c := range telemetry.Categories() {
		if categories[c] < 10 {
			t.Errorf("there are %d sites of category %s", categories[c], c)
		}
	}
	operators, driving, suites, shared := make(map[int]int), 0, make(map[suite]int), 0
	for i := range w.devices {
		switch d := &w.devices[i]; d.Kind {
		case telemetry.KindMobile:
			operators[d.operator]++
			if d.drives {
				driving++
			}
		case telemetry.KindEnvironment:
			suites[d.suite]++
		}
	}
	for i := range w.uplinks {
		if len(w.uplinks[i].sites) > 1 {
			shared++
		}
	}
	if len(operators) != 3 || driving < 15 || driving > 30 || len(suites) != 3 || shared < 10 {
		t.Errorf("operators %v, %d driving probes, suites %v, %d shared uplinks", operators, driving, suites, shared)
	}
}

func TestRoadsLeadEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	f := newFinder(w.roads)
	for to := range int32(len(w.roads.nodes)) {
		var length float64
		here := int32(0)
		for _, e := range f.path(nil, 0, to) {
			length += w.roads.edges[e].length
			here = w.roads.edges[e].other(here)
		}
		if straight := w.roads.nodes[0].distance(w.roads.nodes[to]); here != to || length < straight-1 {
			t.Fatalf("the way to settlement %d ends in %d after %.0f m of %.0f", to, here, length, straight)
		}
	}
}

func TestProbesDriveAndDoNotJump(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Probes = 30 })
	for i := range w.devices {
		d := &w.devices[i]
		if !d.drives {
			continue
		}
		var r route
		last, _ := w.drive(d, &r, w.start)
		var traveled float64
		const step = 20 * second
		for ms := w.start + step; ms < w.start+2*day; ms += step {
			at, speed := w.drive(d, &r, ms)
			if moved := at.distance(last) / float64(step/second) * 3.6; moved > 90 || speed < 0 || speed > 110 {
				t.Fatalf("%s moves at %.0f km/h, its meter says %.0f, %v after the start", d.ID, moved, speed, time.Duration(ms-w.start)*time.Millisecond)
			}
			traveled += at.distance(last)
			last = at
		}
		if km := traveled / 1000; km < 150 || km > 1800 {
			t.Errorf("%s drives %.0f km in two days", d.ID, km)
		}
	}
}

func TestTheClimateIsThatOfTheSouth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	at := project(telemetry.Point{Lat: 11.2, Lon: 106.1})
	rain := make(map[time.Month]float64)
	dust := make(map[time.Month]float64)
	warmest, coldest := -100.0, 100.0
	const step = 20 * minute
	for ms := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli(); ms < time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli(); ms += step {
		x := w.weather(at, ms)
		air := w.air(at, 0.5, &x, ms)
		month := instant(ms).Month()
		rain[month] += x.rain * float64(step) / float64(hour)
		dust[month] += air.PM25 / (30 * 72)
		warmest, coldest = max(warmest, x.temperature), min(coldest, x.temperature)
		if night := hourOfDay(ms) < 5 || hourOfDay(ms) > 19; (night && x.uv != 0) || x.humidity < 30 || x.humidity > 100 || x.wind <= 0 || air.PM25 <= 0 || air.PM10 < air.PM25 || x.pressure < 990 || x.pressure > 1025 {
			t.Fatalf("at %v: %+v %+v", instant(ms), x, air)
		}
	}
	year := 0.0
	for _, mm := range rain {
		year += mm
	}
	if year < 900 || year > 3200 || rain[time.September] < 5*rain[time.February] {
		t.Errorf("%.0f mm of rain in the year, %.0f in September and %.0f in February", year, rain[time.September], rain[time.February])
	}
	if dust[time.January] < 1.3*dust[time.August] || dust[time.January] > 90 {
		t.Errorf("PM2.5 is %.0f in January and %.0f in August", dust[time.January], dust[time.August])
	}
	if coldest < 14 || coldest > 24 || warmest < 33 || warmest > 41 {
		t.Errorf("temperatures are %.1f to %.1f °C", coldest, warmest)
	}
}

func TestTheTideFadesUpstream(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	swing := func(at telemetry.Point) float64 {
		low, high := math.Inf(1), math.Inf(-1)
		for m := range 26 * 60 {
			level := w.WaterLevel(at, testStart.Add(time.Duration(m)*time.Minute))
			low, high = min(low, level), max(high, level)
		}
		return high - low
	}
	sea, source := swing(telemetry.Point{Lat: 10.49, Lon: 106.64}), swing(telemetry.Point{Lat: 11.6, Lon: 105.85})
	if sea < 1 || sea > 2.5 || source > sea/2 {
		t.Errorf("the tide is %.2f m at the sea and %.2f m at the source", sea, source)
	}
}

func TestCrowdsFollowOpeningHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.AccessPoints = 300 })
	for i := range w.sites {
		s := &w.sites[i]
		if !strings.HasPrefix(string(s.ID), "office-") {
			continue
		}
		at := func(hours float64) float64 { return w.people(s, w.start+int64(hours*float64(hour))) } // from Monday, 7:00
		if busy, night, sunday := at(2), at(18), at(6*24+2); busy < 8 || night > busy/10 || sunday > busy/10 {
			t.Errorf("%s holds %.0f people on Monday morning, %.0f at night and %.0f on Sunday", s.ID, busy, night, sunday)
		}
	}
}
