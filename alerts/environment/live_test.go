package environment_test

import (
	"math"
	"testing"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/telemetry"
)

// A single leap is held back; the third reading in a row that agrees is believed.
func TestLeapsAreHeldUntilConfirmed(t *testing.T) {
	t.Parallel()
	book := fresh(t, station("a"))
	send := func(at time.Time) []telemetry.Reading { return []telemetry.Reading{dust("a", at, 20)} }
	at := dawn.Add(40 * time.Minute)
	feed(book, dawn, at, send)
	say := func(v float64) {
		book.Observe(at, []telemetry.Reading{dust("a", at, v)})
		at = at.Add(interval)
	}
	say(300)
	unknown(t, book, "a", environment.FactPM25)
	if s, _ := book.Station("a"); !s.Flags.Has(environment.Spike) {
		t.Errorf("a leap has the flags %q", s.Flags)
	}
	say(20)
	known(t, book, "a", environment.FactPM25)
	for i := range 3 {
		say(300)
		if i < 2 {
			unknown(t, book, "a", environment.FactPM25)
		}
	}
	if v := known(t, book, "a", environment.FactPM25); v < 300 {
		t.Errorf("a leap that was confirmed is %v", v)
	}
	say(310)
	if v := known(t, book, "a", environment.FactPM25); v < 310 {
		t.Errorf("the new level is %v", v)
	}
}

// What is wrong with a value by itself makes the fact unknown, and not the last good value.
func TestFlaggedValuesMakeNoFacts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		value float64
		flag  environment.Flags
	}{
		{-999, environment.Sentinel}, {-9999, environment.Sentinel}, {65535, environment.Sentinel}, {327.67, environment.Sentinel},
		{9999, environment.Sentinel}, {1501, environment.Range}, {-0.5, environment.Negative},
	} {
		book := fresh(t, station("a"))
		book.Observe(dawn, []telemetry.Reading{dust("a", dawn, 20)})
		known(t, book, "a", environment.FactPM25)
		at := dawn.Add(interval)
		book.Observe(at, []telemetry.Reading{reading("a", at, func(e *telemetry.Environment) {
			e.PM25, e.PM10 = telemetry.Some(test.value), telemetry.Some(31.0)
		})})
		unknown(t, book, "a", environment.FactPM25)
		known(t, book, "a", environment.FactPM10)
		if s, _ := book.Station("a"); s.Flags != test.flag {
			t.Errorf("%v has the flags %q, want %q", test.value, s.Flags, test.flag)
		}
		changes := book.Changes()
		if len(changes) != 1 || changes[0].Mask&(1<<environment.FactPM25) == 0 || changes[0].Mask&(1<<environment.FactFlags) == 0 {
			t.Errorf("%v changed %+v", test.value, changes)
		}
		book.Observe(at, nil)
		if len(book.Changes()) != 0 {
			t.Errorf("a tick changed %+v", book.Changes())
		}
	}
}

// Late and retained readings never touch the present, nor do older ones.
func TestThePresentIsLiveOnly(t *testing.T) {
	t.Parallel()
	book := fresh(t, station("a"))
	at := dawn.Add(time.Hour)
	book.Observe(at, []telemetry.Reading{dust("a", at, 20)})
	facts := book.Facts("a")
	for _, r := range []telemetry.Reading{dust("a", at.Add(time.Minute), 90), dust("a", at.Add(2*time.Minute), 95)} {
		r.Flags = telemetry.FlagLate
		book.Observe(at.Add(3*time.Minute), []telemetry.Reading{r})
	}
	book.Observe(at.Add(3*time.Minute), []telemetry.Reading{dust("a", at.Add(-time.Minute), 99)})
	if book.Facts("a") != facts {
		t.Error("the past changed the present")
	}
}

// A silent sensor has no present: after three intervals, 15 minutes at least, live facts are
// unknown, and the index goes with the hours.
func TestSilenceMakesFactsUnknown(t *testing.T) {
	t.Parallel()
	book := fresh(t, station("a"))
	end := dawn.Add(5 * time.Hour)
	feed(book, dawn, end, func(at time.Time) []telemetry.Reading { return []telemetry.Reading{dust("a", at, 20)} })
	known(t, book, "a", environment.FactPM25)
	for at := end; at.Before(end.Add(20 * time.Minute)); at = at.Add(time.Minute) {
		book.Observe(at, nil)
	}
	unknown(t, book, "a", environment.FactPM25)
	known(t, book, "a", environment.FactAQI)
	for at := end; at.Before(end.Add(3 * time.Hour)); at = at.Add(time.Minute) {
		book.Observe(at, nil)
	}
	unknown(t, book, "a", environment.FactAQI)
	unknown(t, book, "a", environment.FactBand)
}

// A sensor that repeats itself is found: six whole readings of many quantities, 24 of one.
func TestStuck(t *testing.T) {
	t.Parallel()
	many := func(at, as time.Time) telemetry.Reading {
		return reading("a", at, func(e *telemetry.Environment) {
			e.TemperatureC, e.HumidityPct = telemetry.Some(wobble(28, as)), telemetry.Some(wobble(70, as))
			e.PressureHPa, e.WindMs = telemetry.Some(wobble(1009, as)), telemetry.Some(wobble(2, as))
			e.RainMm = telemetry.Some(0.0)
		})
	}
	t.Run("many", func(t *testing.T) {
		t.Parallel()
		book := fresh(t, station("a"))
		freeze := dawn.Add(time.Hour)
		feed(book, dawn, dawn.Add(3*time.Hour), func(at time.Time) []telemetry.Reading {
			as := at
			if at.After(freeze) {
				as = freeze
			}
			if at.Equal(freeze.Add(4 * interval)) {
				known(t, book, "a", environment.FactTemperature)
			}
			return []telemetry.Reading{many(at, as)}
		})
		unknown(t, book, "a", environment.FactTemperature)
		unknown(t, book, "a", environment.FactHeatIndex)
		book.Observe(dawn.Add(3*time.Hour+environment.Settle), nil)
		for i, h := range book.Hours("a", dawn, dawn.Add(3*time.Hour)) {
			tally := h.Tallies[environment.Temperature]
			if i == 0 && tally.Flagged != 0 || i > 0 && (tally.N != 0 || tally.Flags != environment.Stuck) {
				t.Errorf("hour %d: %+v", i, tally)
			}
		}
	})
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		book := fresh(t, station("a"))
		feed(book, dawn, dawn.Add(8*time.Hour), func(at time.Time) []telemetry.Reading {
			r := many(at, at)
			if at.After(dawn.Add(2 * time.Hour)) {
				r.Environment.HumidityPct = telemetry.Some(55.5)
			}
			return []telemetry.Reading{r}
		})
		unknown(t, book, "a", environment.FactHumidity)
		known(t, book, "a", environment.FactTemperature)
		for i, h := range book.Hours("a", dawn.Add(3*time.Hour), dawn.Add(7*time.Hour)) {
			if tally := h.Tallies[environment.Humidity]; tally.Flags != environment.Stuck || tally.N != 0 {
				t.Errorf("hour %d: %+v", i+3, tally)
			}
		}
	})
	t.Run("calm", func(t *testing.T) {
		t.Parallel()
		// No wind, fog and no rain for hours are weather.
		book := fresh(t, station("a"))
		feed(book, dawn, dawn.Add(8*time.Hour), func(at time.Time) []telemetry.Reading {
			r := many(at, at)
			r.Environment.HumidityPct, r.Environment.WindMs = telemetry.Some(100.0), telemetry.Some(0.0)
			return []telemetry.Reading{r}
		})
		for _, f := range []environment.Fact{environment.FactHumidity, environment.FactWind, environment.FactRain} {
			known(t, book, "a", f)
		}
	})
}

// Heat, noise against its limit, and rain, as facts.
func TestDerivedFacts(t *testing.T) {
	t.Parallel()
	s := station("a")
	s.Zone = airquality.SpecialZone
	book := fresh(t, s)
	from := dawn.Add(21 * time.Hour) // night: 45 dB(A) in a special zone
	feed(book, from, from.Add(70*time.Minute), func(at time.Time) []telemetry.Reading {
		return []telemetry.Reading{reading("a", at, func(e *telemetry.Environment) {
			e.TemperatureC, e.HumidityPct = telemetry.Some(35.0), telemetry.Some(65.0)
			e.NoiseDBA = telemetry.Some(60.0)
			if at.Minute() == 0 {
				e.NoiseDBA = telemetry.Some(70.0)
			}
			e.RainMm = telemetry.Some(0.4)
		})}
	})
	if v := known(t, book, "a", environment.FactHeatIndex); math.Abs(v-47.581) > 0.001 {
		t.Errorf("heat index %v", v)
	}
	if v := known(t, book, "a", environment.FactHeatBand); v != float64(airquality.HeatDanger) {
		t.Errorf("heat band %v", v)
	}
	want, _ := airquality.LAeq(70, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60)
	if v := known(t, book, "a", environment.FactLAeq1h); math.Abs(v-want) > 0.001 {
		t.Errorf("LAeq %v, want %v", v, want)
	}
	if v := known(t, book, "a", environment.FactNoiseOver); math.Abs(v-(want-45)) > 0.001 {
		t.Errorf("%v dB above the limit, want %v", v, want-45)
	}
	if v := known(t, book, "a", environment.FactRain1h); math.Abs(v-4.8) > 1e-9 {
		t.Errorf("%v mm in the last hour", v)
	}
	if v := known(t, book, "a", environment.FactRain24h); math.Abs(v-14*0.4) > 1e-9 {
		t.Errorf("%v mm in 24 hours", v)
	}
}

// Water: the alarm of its level, the rate of its rise, and no alarm from an echo.
func TestWater(t *testing.T) {
	t.Parallel()
	s := station("a")
	s.Water = airquality.WaterLevels{Alarm: [3]float64{2, 2.5, 3}, RiseMPerH: 0.5}
	book := fresh(t, s)
	level := func(at time.Time) float64 {
		if d := at.Sub(dawn.Add(2 * time.Hour)).Hours(); d > 0 {
			return 1 + 0.6*d
		}
		return 1
	}
	tell := func(at time.Time, m float64) []telemetry.Reading {
		return []telemetry.Reading{reading("a", at, func(e *telemetry.Environment) { e.WaterLevelM = telemetry.Some(m + wobble(0, at)/100) })}
	}
	feed(book, dawn, dawn.Add(2*time.Hour), func(at time.Time) []telemetry.Reading { return tell(at, level(at)) })
	if v := known(t, book, "a", environment.FactWaterRise); math.Abs(v) > 0.01 {
		t.Errorf("calm water rises by %v m/h", v)
	}
	at := dawn.Add(2 * time.Hour)
	book.Observe(at, tell(at, 9)) // a boat under the sensor
	unknown(t, book, "a", environment.FactWaterAlarm)
	at = at.Add(interval)
	book.Observe(at, tell(at, 1))
	if a, v := known(t, book, "a", environment.FactWaterAlarm), known(t, book, "a", environment.FactWaterRise); a != 0 || math.Abs(v) > 0.02 {
		t.Errorf("after the boat: alarm %v, %v m/h", a, v)
	}
	feed(book, at.Add(interval), dawn.Add(4*time.Hour), func(at time.Time) []telemetry.Reading { return tell(at, level(at)) })
	if a, v, fast := known(t, book, "a", environment.FactWaterAlarm), known(t, book, "a", environment.FactWaterRise), known(t, book, "a", environment.FactFastRise); a != 1 || math.Abs(v-0.6) > 0.02 || fast != 1 {
		t.Errorf("in the flood: alarm %v, %v m/h, fast %v", a, v, fast)
	}
}

// Facts have names of their own, and those of quantities are the names of the wire.
func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range environment.AllFacts() {
		if f.String() == "" || seen[f.String()] {
			t.Errorf("fact %d is called %q", f, f)
		}
		seen[f.String()] = true
	}
	for _, q := range environment.Quantities() {
		if telemetry.FieldByName(telemetry.KindEnvironment, q.String()) == nil {
			t.Errorf("%q is not a field of the wire", q)
		}
	}
	for _, f := range environment.AllFlags() {
		if n := f.Name(); f.String() == "" || n.Vietnamese == "" || n.English == "" {
			t.Errorf("flag %d has no name", f)
		}
	}
	for _, f := range environment.AllFlags() {
		if got := (f | environment.Spike).Gravest(); got != f {
			t.Errorf("of %s and spike the gravest is %q", f, got)
		}
	}
	if got := environment.Flags(0).Gravest(); got != 0 {
		t.Errorf("of none the gravest is %q", got)
	}
	if got := (environment.Drift | environment.Sentinel).String(); got != "sentinel,drift" {
		t.Errorf("two flags are %q", got)
	}
}

// The category of the site decides the noise zone.
func TestStationOf(t *testing.T) {
	t.Parallel()
	d := telemetry.Device{ID: "a", Kind: telemetry.KindEnvironment, Site: "s", Area: "25459", At: telemetry.Point{Lat: 11, Lon: 106}, Interval: interval}
	for _, category := range telemetry.Categories() {
		s := environment.StationOf(&d, &telemetry.Site{ID: "s", Category: category})
		want := airquality.CommonZone
		if category == telemetry.School || category == telemetry.Hospital {
			want = airquality.SpecialZone
		}
		if s.Zone != want || s.Device != d.ID || s.At != d.At || s.Interval != d.Interval || s.Area != d.Area || s.Site != d.Site {
			t.Errorf("%s: %+v", category, s)
		}
	}
	if s := environment.StationOf(&d, nil); s.Zone != airquality.CommonZone || s.Device != "a" {
		t.Errorf("without a site: %+v", s)
	}
}
