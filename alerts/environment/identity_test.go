package environment_test

import (
	"testing"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/telemetry"
)

// One device that sends for two areas in turn is named, from the first return on; one that
// was registered anew elsewhere is not.
func TestOneSensorForTwoSites(t *testing.T) {
	t.Parallel()
	run := func(area func(i int) telemetry.AreaCode) (environment.Status, int) {
		book := fresh(t, environment.Station{Device: "a", Interval: interval})
		i := 0
		feed(book, dawn, dawn.Add(2*time.Hour), func(at time.Time) []telemetry.Reading {
			r := dust("a", at, 20)
			r.Area = area(i)
			i++
			return []telemetry.Reading{r}
		})
		s, _ := book.Station("a")
		flagged := 0
		for _, h := range book.Hours("a", dawn, dawn.Add(time.Hour)) {
			flagged += h.Tallies[environment.PM25].Flagged
		}
		return s, flagged
	}
	s, flagged := run(func(i int) telemetry.AreaCode { return []telemetry.AreaCode{"25459", "25460"}[i%2] })
	if !s.Flags.Has(environment.TwoPlaces) || flagged != 10 {
		t.Errorf("in turn: flags %q, %d flagged", s.Flags, flagged)
	}
	s, flagged = run(func(i int) telemetry.AreaCode { return []telemetry.AreaCode{"25459", "25460"}[min(i/6, 1)] })
	if s.Flags != 0 || flagged != 0 {
		t.Errorf("moved once: flags %q, %d flagged", s.Flags, flagged)
	}
}

// Two devices under one id are known by their numbers; a restart is not.
func TestTwoSendersUnderOneID(t *testing.T) {
	t.Parallel()
	run := func(seq func(i int) int64) environment.Status {
		book := fresh(t, station("a"))
		i := 0
		feed(book, dawn, dawn.Add(50*time.Minute), func(at time.Time) []telemetry.Reading {
			r := dust("a", at, 20)
			r.Seq = telemetry.Some(seq(i))
			i++
			return []telemetry.Reading{r}
		})
		s, _ := book.Station("a")
		return s
	}
	if s := run(func(i int) int64 { return int64(i/2 + 1000*(i%2)) }); !s.Flags.Has(environment.TwoSenders) {
		t.Errorf("two senders have the flags %q", s.Flags)
	}
	if s := run(func(i int) int64 { return int64(i % 5) }); s.Flags != 0 {
		t.Errorf("a restart now and then has the flags %q", s.Flags)
	}
}

// A sensor that says it is elsewhere than it is registered is not used, until it is back or the
// registry says so too.
func TestASensorThatMoves(t *testing.T) {
	t.Parallel()
	home := telemetry.Point{Lat: 11.3, Lon: 106.1}
	away := telemetry.Point{Lat: 11.31, Lon: 106.1}
	s := station("a")
	s.At = home
	book := fresh(t, s)
	at := dawn
	says := func(p telemetry.Point) environment.Flags {
		r := telemetry.NewReading(telemetry.KindStatus)
		r.Area, r.Device, r.Time = "25459", "a", at
		r.Status.Class, r.Status.State = telemetry.KindEnvironment, telemetry.Some(telemetry.StateBirth)
		r.Status.Lat, r.Status.Lon = telemetry.Some(p.Lat), telemetry.Some(p.Lon)
		at = at.Add(interval)
		book.Observe(at, []telemetry.Reading{r, dust("a", at, 20)})
		st, _ := book.Station("a")
		return st.Flags
	}
	near := telemetry.Point{Lat: home.Lat + 0.003, Lon: home.Lon}
	for i, want := range []struct {
		at   telemetry.Point
		flag environment.Flags
	}{{home, 0}, {near, 0}, {away, environment.Moved}, {away, environment.Moved}, {home, 0}, {away, environment.Moved}} {
		if got := says(want.at); got != want.flag {
			t.Errorf("step %d: flags %q, want %q", i, got, want.flag)
		}
	}
	s.At = away
	if err := book.Configure([]environment.Station{s}); err != nil {
		t.Fatal(err)
	}
	if got := says(away); got != 0 {
		t.Errorf("registered anew: flags %q", got)
	}
}

// What an unregistered sensor says at its birth is remembered until its first reading.
func TestBirthBeforeTheFirstReading(t *testing.T) {
	t.Parallel()
	book := fresh(t)
	r := telemetry.NewReading(telemetry.KindStatus)
	r.Area, r.Device, r.Time = "25459", "a", dawn
	r.Status.Class, r.Status.State = telemetry.KindEnvironment, telemetry.Some(telemetry.StateBirth)
	r.Status.IntervalS = telemetry.Some(interval.Seconds())
	book.Observe(dawn, []telemetry.Reading{r})
	for at := dawn; at.Before(dawn.Add(time.Hour)); at = at.Add(time.Minute) {
		book.Observe(at, nil)
	}
	if n := len(book.Stations()); n != 0 {
		t.Errorf("%d stations have been heard", n)
	}
	from := dawn.Add(time.Hour)
	feed(book, from, from.Add(3*time.Hour), func(at time.Time) []telemetry.Reading { return []telemetry.Reading{dust("a", at, 20)} })
	if s, ok := book.Station("a"); !ok || s.Registered || !s.Quality.Known || s.Quality.Completeness != 1 {
		t.Errorf("%v %+v", ok, s.Quality)
	}
}

// A clock that was so wrong that the ingest replaced the time spoils the reading.
func TestWrongClocks(t *testing.T) {
	t.Parallel()
	for flag, want := range map[telemetry.Flags]environment.Flags{
		telemetry.FlagClockAhead: environment.Clock, telemetry.FlagClockBehind: environment.Clock, telemetry.FlagNoTime: 0,
	} {
		book := fresh(t, station("a"))
		r := dust("a", dawn, 20)
		r.Flags = flag
		book.Observe(dawn, []telemetry.Reading{r})
		if s, _ := book.Station("a"); s.Flags != want {
			t.Errorf("%s: flags %q, want %q", flag, s.Flags, want)
		}
	}
	// What claims to be hours ahead cannot have come through the ingest, and is counted only.
	book := fresh(t, station("a"))
	book.Observe(dawn, []telemetry.Reading{dust("a", dawn.Add(5*time.Hour), 20)})
	if c := book.Counters(); c.Ahead != 1 {
		t.Errorf("%+v", c)
	}
}

// province is a reference station and some sensors around it.
func province(n int) []environment.Station {
	list := []environment.Station{{Device: "ref", At: telemetry.Point{Lat: 11.3, Lon: 106.1}, Interval: interval, Reference: true}}
	for i := range n {
		s := station(telemetry.DeviceID([]string{"a", "b", "c", "d", "e"}[i]))
		s.At = telemetry.Point{Lat: 11.3 + float64(i+1)/50, Lon: 106.1}
		list = append(list, s)
	}
	return list
}

// air is what all of a province measure, each with a factor of its own.
func air(id telemetry.DeviceID, at time.Time, gas, fine float64) telemetry.Reading {
	rhythm := 1 + 0.3*float64(at.In(airquality.Zone()).Hour()%6)/6
	return reading(id, at, func(e *telemetry.Environment) {
		e.PM25 = telemetry.Some(wobble(30*fine*rhythm, at))
		e.NO2 = telemetry.Some(wobble(40*gas*rhythm, at))
		e.O3 = telemetry.Some(wobble(80*gas*rhythm, at.Add(interval)))
		e.SO2 = telemetry.Some(wobble(30*rhythm, at.Add(2*interval)))
	})
}

// A sensor that sends ppb for µg/m³ is named, by two gases that are each off by their own
// factor; one that is off by the same in one gas only is not.
func TestUnitsMixedUp(t *testing.T) {
	t.Parallel()
	book := fresh(t, province(3)...)
	feed(book, dawn, dawn.Add(20*time.Hour), func(at time.Time) []telemetry.Reading {
		list := []telemetry.Reading{air("ref", at, 1, 1), air("a", at, 1, 1), air("b", at, 0.52, 1), air("c", at, 1, 1)}
		list[3].Environment.NO2 = telemetry.Some(list[3].Environment.NO2.Or(0) * 0.53)
		return list
	})
	s, _ := book.Station("b")
	named := map[environment.Quantity]bool{}
	for _, x := range s.Suspicions {
		named[x.Quantity] = x.Flag == environment.Unit
	}
	if !named[environment.NO2] || !named[environment.O3] || len(named) != 2 {
		t.Errorf("ppb: %+v", s.Suspicions)
	}
	unknown(t, book, "b", environment.FactNO2)
	known(t, book, "b", environment.FactPM25)
	for _, id := range []telemetry.DeviceID{"ref", "a", "c"} {
		if s, _ := book.Station(id); len(s.Suspicions) != 0 {
			t.Errorf("%s: %+v", id, s.Suspicions)
		}
	}
}

// Without any neighbour, carbon monoxide in ppm is known by what outdoor air cannot be.
func TestPPMWithoutNeighbours(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64]environment.Flags{0.6: environment.Unit, 600: 0} {
		book := fresh(t, station("a"))
		feed(book, dawn, dawn.Add(8*time.Hour), func(at time.Time) []telemetry.Reading {
			return []telemetry.Reading{reading("a", at, func(e *telemetry.Environment) { e.CO = telemetry.Some(wobble(value, at)) })}
		})
		s, _ := book.Station("a")
		var got environment.Flags
		for _, x := range s.Suspicions {
			got |= x.Flag
		}
		if got != want {
			t.Errorf("CO of %v: %q, want %q", value, got, want)
		}
	}
}

// Drift against the nearest reference: found, barred from the index, and forgiven when it is over.
// All of the air rising together is no drift.
func TestDrift(t *testing.T) {
	t.Parallel()
	book := fresh(t, province(4)...)
	start := dawn.Add(24 * time.Hour)
	repaired := start.Add(20 * time.Hour)
	var barred time.Time
	feed(book, dawn, repaired.Add(12*time.Hour), func(at time.Time) []telemetry.Reading {
		drift, haze := 1.0, 1.0
		if at.After(start) && at.Before(repaired) {
			drift = 1 + 0.08*at.Sub(start).Hours()
			haze = 1 + 0.05*at.Sub(start).Hours() // everywhere
		}
		list := []telemetry.Reading{air("ref", at, 1, haze), air("a", at, 1, haze*drift), air("b", at, 1, haze), air("c", at, 1, haze*1.2), air("d", at, 1, haze)}
		s, _ := book.Station("a")
		if len(s.Suspicions) > 0 && barred.IsZero() {
			barred = at
			if x := s.Suspicions[0]; len(s.Suspicions) != 1 || x.Quantity != environment.PM25 || x.Flag != environment.Drift {
				t.Errorf("%+v", s.Suspicions)
			}
		}
		return list
	})
	if late := barred.Sub(start); barred.IsZero() || late > 14*time.Hour || late < 4*time.Hour {
		t.Errorf("barred %v after it began", late)
	}
	for _, h := range book.Hours("a", barred, barred.Add(2*time.Hour)) {
		if h.Enough[environment.PM25] || h.Tallies[environment.PM25].Flags != environment.Drift {
			t.Errorf("%s: %+v", h.Start, h.Tallies[environment.PM25])
		}
	}
	for _, s := range book.Stations() {
		if len(s.Suspicions) != 0 {
			t.Errorf("in the end %s is under suspicion: %+v", s.Device, s.Suspicions)
		}
	}
}

// A spike that half of the neighbours saw too is no spike.
func TestNeighboursConfirmALeap(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		with map[telemetry.DeviceID]bool
		want int
	}{
		{"alone", map[telemetry.DeviceID]bool{"a": true}, 1},
		{"with half", map[telemetry.DeviceID]bool{"a": true, "b": true, "c": true}, 0},
	} {
		book := fresh(t, province(3)...)
		leap := dawn.Add(90 * time.Minute)
		feed(book, dawn, dawn.Add(3*time.Hour), func(at time.Time) []telemetry.Reading {
			var list []telemetry.Reading
			for _, id := range []telemetry.DeviceID{"ref", "a", "b", "c"} {
				v := 30.0
				if test.with[id] && at.Equal(leap) {
					v = 300
				}
				list = append(list, dust(id, at, v))
			}
			return list
		})
		for id := range test.with {
			h := book.Hours(id, dawn.Add(time.Hour), dawn.Add(2*time.Hour))
			if got := h[0].Tallies[environment.PM25].Flagged; got != test.want {
				t.Errorf("%s: %d of %s were flagged, want %d", test.name, got, id, test.want)
			}
		}
	}
}
