package environment_test

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/telemetry"
)

// ozone are the 31 hours of the example of Decision 1459, from 18:00 (called by the end) of the
// day before, as our hours: the first begins at 17:00.
const ozone = `15.7 14.2 17.7 18.9 19.3 15.7 19.7 22.6 27.1 29.0 31.9 25.3 34.7 35.2 41.6 45.7
	49.2 55.8 69.6 78.3 91.5 97.7 81.2 71.8 43.5 34.3 21.5 20.5 19.4 20.4 21.3`

// hourly feeds one reading an hour from an instant on.
func hourly(t *testing.T, book *environment.Book, from time.Time, list string, fill func(e *telemetry.Environment, v float64)) {
	t.Helper()
	at := from.Add(30 * time.Minute)
	for f := range strings.FieldsSeq(list) {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			t.Fatal(err)
		}
		book.Observe(at, []telemetry.Reading{reading("a", at, func(e *telemetry.Environment) { fill(e, v) })})
		at = at.Add(time.Hour)
	}
	book.Observe(at.Add(-30*time.Minute+environment.Settle), nil)
}

// The example of the Decision (V7), through the book: the first of the 24 running means of the
// day begins on the day before.
func TestDayOfTheDecision(t *testing.T) {
	t.Parallel()
	book := fresh(t, environment.Station{Device: "a", Area: "25459", Interval: time.Hour, Reference: true})
	hourly(t, book, dawn.Add(-7*time.Hour), ozone, func(e *telemetry.Environment, v float64) {
		e.O3, e.PM25 = telemetry.Some(v), telemetry.Some(1.0+v/100)
	})
	day, ok := book.Day("a", dawn.Add(20*time.Hour))
	if !ok || !day.Indexed || day.Indicative || !day.Start.Equal(dawn) {
		t.Fatalf("%v %+v", ok, day)
	}
	if math.Abs(day.Inputs.O38Hour-74.3875) > 1e-9 || day.Inputs.O3 != 97.7 || day.Index.Value != 37 || day.Index.Main != airquality.O3 {
		t.Errorf("8 hours %v, one %v, index %d by %s", day.Inputs.O38Hour, day.Inputs.O3, day.Index.Value, day.Index.Main)
	}
	if day.Hours[environment.O3] != 24 || len(day.Exceeded) != 0 {
		t.Errorf("%d hours, exceeded %+v", day.Hours[environment.O3], day.Exceeded)
	}
	if other, ok := book.Day("a", dawn.Add(-4*24*time.Hour)); ok {
		t.Errorf("a day before the window: %+v", other)
	}
}

// What a day exceeded, how loud it was, and how much it rained.
func TestDayExceeded(t *testing.T) {
	t.Parallel()
	book := fresh(t, environment.Station{Device: "a", Area: "25459", Interval: time.Hour})
	list := strings.Repeat("10 ", 7) + strings.Repeat("60 ", 24)
	i := 0
	hourly(t, book, dawn.Add(-7*time.Hour), list, func(e *telemetry.Environment, v float64) {
		local := i - 7
		e.PM25 = telemetry.Some(v + float64(i%3)/10)
		e.NO2 = telemetry.Some(100 + float64(i%3))
		if local == 8 || local == 9 {
			e.NO2 = telemetry.Some(220 + float64(i))
		}
		e.NoiseDBA = telemetry.Some(50 + float64(i%2))
		if local >= 6 && local < 21 {
			e.NoiseDBA = telemetry.Some(70 + float64(i%2))
		}
		e.RainMm = telemetry.Some(0.5)
		i++
	})
	day, ok := book.Day("a", dawn)
	if !ok || len(day.Exceeded) != 3 {
		t.Fatalf("%v %+v", ok, day.Exceeded)
	}
	fine, hour, all := day.Exceeded[0], day.Exceeded[1], day.Exceeded[2]
	if l := fine.Limit; l.Pollutant != airquality.PM25 || l.Period != airquality.Hours24 || l.Ugm3 != 45 || math.Abs(fine.Highest-60.1) > 0.01 || !fine.At.Equal(dawn.Add(24*time.Hour)) {
		t.Errorf("%+v", fine)
	}
	if l := hour.Limit; l.Pollutant != airquality.NO2 || l.Period != airquality.Hour1 || hour.Times != 2 || hour.Highest != 236 || !hour.At.Equal(dawn.Add(10*time.Hour)) {
		t.Errorf("%+v", hour)
	}
	if l := all.Limit; l.Pollutant != airquality.NO2 || l.Period != airquality.Hours24 || all.Times == 0 {
		t.Errorf("%+v", all)
	}
	if day.DayLAeq < 70 || day.DayLAeq > 71 || day.NightLAeq < 50 || day.NightLAeq > 51 || day.RainMm != 12 {
		t.Errorf("day %v, night %v dB(A), %v mm", day.DayLAeq, day.NightLAeq, day.RainMm)
	}
	if v := known(t, book, "a", environment.FactLimit); v < 1.3 || v > 1.34 { // 60.1/45
		t.Errorf("the highest share of a limit is %v", v)
	}
}

// Queries may come from anywhere while the stream goes on.
func TestQueriesBesideTheWriter(t *testing.T) {
	t.Parallel()
	book := fresh(t, province(3)...)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, s := range book.Stations() {
					book.Facts(s.Device)
					book.Hours(s.Device, dawn, dawn.Add(24*time.Hour))
					book.Day(s.Device, dawn)
				}
				book.Counters()
			}
		})
	}
	feed(book, dawn, dawn.Add(12*time.Hour), func(at time.Time) []telemetry.Reading {
		if at.Minute() == 0 {
			write := book.Snapshot()
			readers.Go(func() { _ = write(discard{}) })
		}
		return []telemetry.Reading{air("ref", at, 1, 1), air("a", at, 1, 1), air("b", at, 1, 1), air("c", at, 1, 1)}
	})
	close(done)
	readers.Wait()
	if n := len(book.Stations()); n != 4 {
		t.Errorf("%d stations", n)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// A configuration that cannot be is refused, with the station named.
func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	bad := station("a")
	bad.Water.Alarm = [3]float64{3, 2, 1}
	for name, o := range map[string]environment.Options{
		"water":    {Stations: []environment.Station{bad}},
		"twice":    {Stations: []environment.Station{station("a"), station("a")}},
		"stations": {MaxStations: -1},
		"noise":    {Noise: airquality.NoiseLimits{{}}},
	} {
		if _, err := environment.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		} else if (name == "water" || name == "twice") && !strings.Contains(err.Error(), "station a") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
