package main_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/internal/testbed"
	"phusong/simulator"
	"phusong/telemetry"
)

// airWorld is a province of sensors only, with and without the faults of a story.
func airWorld(t *testing.T, seed uint64, start time.Time, story string) *simulator.World {
	t.Helper()
	o := simulator.Options{Seed: seed, Start: start, Sensors: 60, EnvironmentInterval: 5 * time.Minute, Calm: true}
	if story != "" {
		s, err := simulator.ParseScenario("story.yaml", []byte(story))
		if err != nil {
			t.Fatal(err)
		}
		o.Scenario = s
	}
	w, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func stationsOf(w *simulator.World) []environment.Station {
	var list []environment.Station
	for _, d := range w.Devices() {
		list = append(list, environment.Station{Device: d.ID, Site: d.Site, Area: d.Area, At: d.At, Interval: d.Interval})
	}
	return list
}

// play gives what the fleet sends, as entries of the stream with a tick a minute.
func play(t *testing.T, w *simulator.World, length time.Duration, entry func(at time.Time, readings []telemetry.Reading)) {
	t.Helper()
	end := w.Start().Add(length)
	tick := w.Start()
	for e := range w.Events(end) {
		for ; tick.Before(e.At); tick = tick.Add(time.Minute) {
			entry(tick, nil)
		}
		if e.Action == simulator.Publish && len(e.Readings) > 0 {
			entry(e.At, e.Readings)
		}
	}
	for ; !tick.After(end.Add(10 * time.Minute)); tick = tick.Add(time.Minute) {
		entry(tick, nil)
	}
}

// airSeasons are a dry and a wet day to begin with.
var airSeasons = []time.Time{
	time.Date(2026, 2, 3, 0, 0, 0, 0, airquality.Zone()),
	time.Date(2026, 9, 7, 0, 0, 0, 0, airquality.Zone()),
}

// The index of healthy sensors is that of the true air, but for what their calibration
// misses: 6 % is one deviation of it in this world. docs/ENVIRONMENT.md states the error.
func TestTheIndexIsThatOfTheTrueAirPlain(t *testing.T) {
	testbed.Plain(t)
	t.Parallel()
	var off []float64
	flagged, readings := 0, 0
	for i, start := range airSeasons {
		w := airWorld(t, uint64(i+1), start, "")
		book, err := environment.New(environment.Options{Stations: stationsOf(w)})
		if err != nil {
			t.Fatal(err)
		}
		const length = 40 * time.Hour
		play(t, w, length, book.Observe)
		for _, d := range w.Devices() {
			for _, h := range book.Hours(d.ID, start, start.Add(length)) {
				for _, q := range environment.Quantities() {
					if h.Tallies[q].Flagged > 0 {
						t.Logf("%s %s %s: %d of %d %s", d.ID, h.Start, q, h.Tallies[q].Flagged, h.Tallies[q].Flagged+h.Tallies[q].N, h.Tallies[q].Flags)
					}
					flagged += h.Tallies[q].Flagged
					readings += h.Tallies[q].N + h.Tallies[q].Flagged
				}
				if want, ok := trueIndex(w, d.At, start, h.Start); ok && h.Indexed {
					off = append(off, math.Abs(float64(h.Index.Value)-want))
				}
			}
		}
	}
	slices.Sort(off)
	if len(off) < 1500 {
		t.Fatalf("only %d hours have an index", len(off))
	}
	half, most := off[len(off)/2], off[len(off)*95/100]
	t.Logf("%d hours: the index is off by %.0f in the median, %.0f for 95 %%, %.0f at most; %d of %d values flagged",
		len(off), half, most, off[len(off)-1], flagged, readings)
	if half > 4 || most > 13 {
		t.Errorf("the index is off by %v in the median and %v for 95 %%", half, most)
	}
	if share := float64(flagged) / float64(readings); share > 0.0005 {
		t.Errorf("%d of %d values of healthy sensors were flagged", flagged, readings)
	}
}

// trueIndex is the hourly index of the true means at a place.
func trueIndex(w *simulator.World, at telemetry.Point, first, hour time.Time) (float64, bool) {
	if hour.Sub(first) < 11*time.Hour {
		return 0, false
	}
	var fine, coarse []float64
	var now simulator.Air
	for i := range airquality.NowCastHours {
		air := w.HourlyAir(at, hour.Add(-time.Duration(i)*time.Hour))
		if i == 0 {
			now = air
		}
		fine, coarse = append(fine, air.PM25), append(coarse, air.PM10)
	}
	in := airquality.Hourly{NO2: now.NO2, SO2: now.SO2, CO: now.CO, O3: now.O3}
	in.PM25, _ = airquality.NowCast(fine)
	in.PM10, _ = airquality.NowCast(coarse)
	x, ok := in.Index()
	return float64(x.Value), ok
}

const lyingSensors = `title: Sensors that lie
story: Sensors break after a day of good work.
expect: ["Each is found."]
events:
  - {at: 13h, for: 9h, do: smoke, where: {near: [11.34, 106.05], radius_km: 20}, pm25: 240}
  - {at: 26h, for: 18h, do: sensor_fault, where: {device: env-001}, mode: drift}
  - {at: 27h, for: 18h, do: sensor_fault, where: {device: env-019}, mode: drift}
  - {at: 26h, for: 10h, do: sensor_fault, where: {device: env-003}, mode: spikes}
  - {at: 26h, for: 10h, do: sensor_fault, where: {device: env-006}, mode: spikes}
  - {at: 26h, for: 10h, do: sensor_fault, where: {device: env-012}, mode: spikes}
  - {at: 27h, for: 6h, do: sensor_fault, where: {device: env-005}, mode: no_value}
  - {at: 27h, for: 6h, do: sensor_fault, where: {device: env-008}, mode: no_value}
  - {at: 28h, for: 8h, do: sensor_fault, where: {device: env-007}, mode: stuck}
  - {at: 28h, for: 8h, do: sensor_fault, where: {device: env-002}, mode: stuck}
  - {at: 28h, for: 8h, do: sensor_fault, where: {device: env-004}, mode: stuck}
`

// found counts values: those that were flagged and false, flagged only, and false only.
type found struct{ both, flagged, missed int }

func (f *found) precision() float64 { return float64(f.both) / float64(max(1, f.both+f.flagged)) }
func (f *found) recall() float64    { return float64(f.both) / float64(max(1, f.both+f.missed)) }

// Planted faults are flagged, and true smoke is not. What is false is known from a twin of the
// world in which nothing breaks.
func TestLyingSensorsAreFlaggedPlain(t *testing.T) {
	testbed.Plain(t)
	t.Parallel()
	modes := map[telemetry.DeviceID]string{
		"env-001": "drift", "env-019": "drift", "env-003": "spikes", "env-006": "spikes", "env-012": "spikes",
		"env-005": "no_value", "env-008": "no_value", "env-007": "stuck", "env-002": "stuck", "env-004": "stuck",
	}
	results := make(map[string]*found)
	highest := 0 // index of a healthy station
	for _, mode := range []string{"drift", "spikes", "no_value", "stuck", "healthy"} {
		results[mode] = new(found)
	}
	for i, start := range airSeasons {
		w := airWorld(t, uint64(11+i), start, lyingSensors)
		twin := airWorld(t, uint64(11+i), start, truthOnly(lyingSensors))
		const length = 46 * time.Hour
		lies, harmful := compareTwins(t, w, twin, length, modes)
		book, err := environment.New(environment.Options{Stations: stationsOf(w)})
		if err != nil {
			t.Fatal(err)
		}
		play(t, w, length, book.Observe)
		for _, d := range w.Devices() {
			mode := modes[d.ID]
			if mode == "" {
				mode = "healthy"
			}
			r := results[mode]
			for _, h := range book.Hours(d.ID, start, start.Add(length)) {
				if mode == "healthy" && h.Indexed {
					highest = max(highest, h.Index.Value)
				}
				for _, q := range environment.Quantities() {
					tally := h.Tallies[q]
					bad := tally.Flagged
					if tally.Flags.Has(environment.Drift | environment.Unit) {
						bad += tally.N // all of the hour is barred
					}
					lied, harm := lies[spoken{d.ID, q, h.Start}], harmful[spoken{d.ID, q, h.Start}]
					r.both += min(bad, lied)
					r.flagged += max(0, bad-lied)
					r.missed += max(0, harm-bad)
					if mode == "healthy" && bad > 0 || mode == "drift" && (bad > 0) != (harm > 0) {
						t.Logf("%s (%s) %s %s: %d of %d %s, %d false, %d harmful", d.ID, mode, h.Start.In(airquality.Zone()).Format("02 15h"), q, bad, tally.N+tally.Flagged, tally.Flags, lied, harm)
					}
				}
			}
		}
	}
	if highest <= 150 {
		t.Errorf("the smoke was not seen: the highest index is %d", highest)
	}
	for mode, r := range results {
		t.Logf("%-9s precision %.3f, recall %.3f: %+v", mode, r.precision(), r.recall(), *r)
	}
	for mode, want := range map[string][2]float64{"spikes": {0.9, 0.95}, "no_value": {1, 1}, "stuck": {0.98, 0.98}, "drift": {0.8, 0.6}} {
		if r := results[mode]; r.precision() < want[0] || r.recall() < want[1] {
			t.Errorf("%s: precision %.3f, recall %.3f, want %v", mode, r.precision(), r.recall(), want)
		}
	}
	if r := results["healthy"]; r.flagged > 20 {
		t.Errorf("%d values of healthy sensors were flagged", r.flagged)
	}
}

// spoken is one value that one device said, or of a whole hour.
type spoken struct {
	device   telemetry.DeviceID
	quantity environment.Quantity
	at       time.Time
}

// compare counts by station, quantity and hour the values that differ from those of a twin of
// the world in which nothing breaks; harmful are those that differ by half and more. Of a stuck
// sensor all quantities are false, though some may be right like a clock that stands.
func compareTwins(t *testing.T, w, twin *simulator.World, length time.Duration, modes map[telemetry.DeviceID]string) (lies, harmful map[spoken]int) {
	t.Helper()
	honest := make(map[spoken]float64)
	each(t, twin, length, func(s spoken, v float64) { honest[s] = v })
	lies, harmful = make(map[spoken]int), make(map[spoken]int)
	type moment struct {
		device telemetry.DeviceID
		at     time.Time
	}
	frozen := make(map[moment]bool)
	each(t, w, length, func(s spoken, v float64) {
		if modes[s.device] == "stuck" && honest[s] != v {
			frozen[moment{s.device, s.at}] = true
		}
	})
	each(t, w, length, func(s spoken, v float64) {
		was, all := honest[s], frozen[moment{s.device, s.at}]
		s.at = s.at.Truncate(time.Hour)
		if was != v || all {
			lies[s]++
		}
		if math.Abs(v-was) > 0.5*math.Abs(was) || was != v && modes[s.device] != "drift" || all {
			harmful[s]++
		}
	})
	return lies, harmful
}

// truthOnly leaves the broken sensors out of a story.
func truthOnly(story string) string {
	var kept []string
	for line := range strings.Lines(story) {
		if !strings.Contains(line, "sensor_fault") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func each(t *testing.T, w *simulator.World, length time.Duration, visit func(spoken, float64)) {
	t.Helper()
	play(t, w, length, func(_ time.Time, readings []telemetry.Reading) {
		for i := range readings {
			r := &readings[i]
			if r.Kind != telemetry.KindEnvironment {
				continue
			}
			for _, q := range environment.Quantities() {
				if v, ok := telemetry.FieldByName(r.Kind, q.String()).Float(r); ok {
					visit(spoken{r.Device, q, r.Time}, v)
				}
			}
		}
	})
}
