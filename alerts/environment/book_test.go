package environment_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/telemetry"
)

// someReading draws a reading with all that can be wrong with one.
func someReading(t *rapid.T, id telemetry.DeviceID, first time.Time, hours int) telemetry.Reading {
	at := first.Add(time.Duration(rapid.IntRange(0, hours*3600-1).Draw(t, "second")) * time.Second)
	return reading(id, at, func(e *telemetry.Environment) {
		e.PM25 = telemetry.Some(rapid.SampledFrom([]float64{10, 12.5, 12.5, 14, 14, 30.1, 200, -999, 9999, 1e4}).Draw(t, "pm25"))
		if rapid.Bool().Draw(t, "more") {
			e.NoiseDBA = telemetry.Some(rapid.SampledFrom([]float64{50, 55.5, 61, 90, 150, -999}).Draw(t, "noise"))
			e.RainMm = telemetry.Some(rapid.SampledFrom([]float64{0, 0.2, 3}).Draw(t, "rain"))
		}
		if rapid.IntRange(0, 9).Draw(t, "level") == 0 {
			e.WaterLevelM = telemetry.Some(rapid.Float64Range(-1, 3).Draw(t, "m"))
		}
	})
}

// Whatever the order in which readings arrive, once or twice, in time or late, the hours come
// out the same in the end.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		const hours = 8
		var all []telemetry.Reading
		for range rapid.IntRange(1, 120).Draw(rt, "n") {
			all = append(all, someReading(rt, "a", dawn, hours))
		}
		all = append(all, all[:rapid.IntRange(0, len(all)).Draw(rt, "again")]...)
		run := func(list []telemetry.Reading, late bool) string {
			book := fresh(t, station("a"))
			at := dawn.Add(hours * time.Hour)
			if late { // some entries come while hours are open, some long after they were closed
				at = dawn
			}
			for i := range list {
				if late {
					at = at.Add(hours * time.Hour / time.Duration(len(list)))
					at = later(at, list[i].Time)
				}
				book.Observe(at, list[i:i+1])
			}
			book.Observe(dawn.Add((hours+2)*time.Hour), nil)
			return describe(book.Hours("a", dawn, dawn.Add((hours+2)*time.Hour)))
		}
		want := run(all, false)
		seed := rapid.Uint64().Draw(rt, "seed")
		for _, late := range []bool{false, true} {
			if diff := cmp.Diff(want, run(shuffled(all, seed), late)); diff != "" {
				rt.Fatalf("late %v (-want +got):\n%s", late, diff)
			}
		}
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Neighbours see the same in whatever order their readings come.
func TestOrderDoesNotMatterAmongNeighbours(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		const hours = 3
		stations := []environment.Station{station("a"), station("b"), station("c")}
		for i := range stations {
			stations[i].At = telemetry.Point{Lat: 11.3 + float64(i)/100, Lon: 106.1}
		}
		var all []telemetry.Reading
		for at := dawn; at.Before(dawn.Add(hours * time.Hour)); at = at.Add(interval) {
			for _, s := range stations {
				v := 20.0
				if rapid.IntRange(0, 5).Draw(rt, "leap") == 0 {
					v = 220
				}
				all = append(all, dust(s.Device, at, v))
			}
		}
		run := func(list []telemetry.Reading, late bool) string {
			book := fresh(t, stations...)
			book.Observe(dawn.Add(hours*time.Hour), nil)
			for i := range list {
				if late && i == len(list)/2 {
					book.Observe(dawn.Add((hours+1)*time.Hour), nil)
				}
				book.Observe(dawn.Add(hours*time.Hour), list[i:i+1])
			}
			book.Observe(dawn.Add((hours+2)*time.Hour), nil)
			var text string
			for _, s := range stations {
				text += describe(book.Hours(s.Device, dawn, dawn.Add(hours*time.Hour)))
			}
			return text
		}
		want := run(all, false)
		if diff := cmp.Diff(want, run(shuffled(all, rapid.Uint64().Draw(rt, "seed")), rapid.Bool().Draw(rt, "late"))); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// No value with a flag enters a mean: without it the mean is the same.
func TestFlaggedNeverEnters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		bad := rapid.SampledFrom([]float64{-999, -9999, 9999, 65535, 327.67, -0.1, -50, 1501, 9000}).Draw(rt, "bad")
		which := rapid.SliceOfNDistinct(rapid.IntRange(0, 47), 1, 12, rapid.ID).Draw(rt, "which")
		spoilt := make(map[time.Time]bool)
		for _, i := range which {
			spoilt[dawn.Add(time.Duration(i)*interval)] = true
		}
		run := func(keep bool) *environment.Book {
			book := fresh(t, station("a"))
			feed(book, dawn, dawn.Add(5*time.Hour), func(at time.Time) []telemetry.Reading {
				r := dust("a", at, 30)
				if spoilt[at] {
					r.Environment.PM25 = telemetry.Opt[float64]{}
					if keep {
						r.Environment.PM25 = telemetry.Some(bad)
					}
				}
				return []telemetry.Reading{r}
			})
			return book
		}
		with, without := run(true).Hours("a", dawn, dawn.Add(4*time.Hour)), run(false).Hours("a", dawn, dawn.Add(4*time.Hour))
		flagged := 0
		for i := range with {
			a, b := with[i].Tallies[environment.PM25], without[i].Tallies[environment.PM25]
			flagged += a.Flagged
			if a.Mean != b.Mean || a.N != b.N || with[i].Index.Value != without[i].Index.Value {
				rt.Fatalf("hour %d: %+v with %v, %+v without", i, a, bad, b)
			}
		}
		if flagged != len(which) {
			rt.Fatalf("%d of %d were flagged", flagged, len(which))
		}
	})
}

// A book that was put away and taken up again goes on as if nothing had happened, wherever in
// the stream that was.
func TestSnapshotAnywhere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		stations := []environment.Station{station("a"), station("b")}
		stations[0].At, stations[1].At = telemetry.Point{Lat: 11.3, Lon: 106.1}, telemetry.Point{Lat: 11.31, Lon: 106.1}
		stations[1].Water = airquality.WaterLevels{Alarm: [3]float64{1, 2, 3}}
		type entry struct {
			at       time.Time
			readings []telemetry.Reading
		}
		var stream []entry
		at := dawn.Add(6 * time.Hour)
		for range rapid.IntRange(10, 80).Draw(rt, "entries") {
			at = at.Add(time.Duration(rapid.IntRange(0, 900).Draw(rt, "s")) * time.Second)
			e := entry{at: at}
			for range rapid.IntRange(0, 3).Draw(rt, "readings") {
				id := rapid.SampledFrom([]telemetry.DeviceID{"a", "b", "c"}).Draw(rt, "id")
				r := someReading(rt, id, dawn, 6)
				if rapid.IntRange(0, 3).Draw(rt, "live") > 0 {
					r.Time = at.Add(-time.Second)
				} else {
					r.Flags |= telemetry.FlagLate
				}
				r.Seq = telemetry.Some(int64(rapid.IntRange(1, 9).Draw(rt, "seq")))
				r.Area = rapid.SampledFrom([]telemetry.AreaCode{"25459", "25459", "25460"}).Draw(rt, "area")
				e.readings = append(e.readings, r)
			}
			stream = append(stream, e)
		}
		whole, parted := fresh(t, stations...), fresh(t, stations...)
		cut := rapid.IntRange(0, len(stream)-1).Draw(rt, "cut")
		var then []byte
		var write func(io.Writer) error
		for i, e := range stream {
			if i == cut {
				then, write = image(t, whole), whole.Snapshot()
				kept := image(t, parted)
				parted = fresh(t, stations...)
				if err := parted.Restore(bytes.NewReader(kept)); err != nil {
					rt.Fatal(err)
				}
				if again := image(t, parted); !bytes.Equal(kept, again) {
					rt.Fatal("a restored book has another image")
				}
			}
			whole.Observe(e.at, e.readings)
			parted.Observe(e.at, e.readings)
			if diff := cmp.Diff(append([]environment.Change{}, whole.Changes()...), append([]environment.Change{}, parted.Changes()...)); i >= cut && diff != "" {
				rt.Fatalf("entry %d changed (-whole +parted):\n%s", i, diff)
			}
		}
		if !bytes.Equal(image(t, whole), image(t, parted)) {
			rt.Fatal("the books differ in the end")
		}
		var now bytes.Buffer
		if err := write(&now); err != nil || !bytes.Equal(then, now.Bytes()) {
			rt.Fatalf("an image that was written later is another one: %v", err)
		}
	})
}

// A snapshot is of the instant at which it was taken, whatever happens while it is written.
func TestSnapshotIsConsistent(t *testing.T) {
	t.Parallel()
	book := fresh(t, station("a"))
	send := func(at time.Time) []telemetry.Reading { return []telemetry.Reading{dust("a", at, 40)} }
	feed(book, dawn, dawn.Add(3*time.Hour), send)
	before := image(t, book)
	write := book.Snapshot()
	feed(book, dawn.Add(3*time.Hour), dawn.Add(6*time.Hour), send)
	late := dust("a", dawn.Add(time.Minute), 900)
	book.Observe(dawn.Add(6*time.Hour), []telemetry.Reading{late})
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, out.Bytes()) {
		t.Error("the image changed after it was taken")
	}
}

func TestDamagedSnapshotsAreRefused(t *testing.T) {
	t.Parallel()
	book := fresh(t, station("a"))
	feed(book, dawn, dawn.Add(2*time.Hour), func(at time.Time) []telemetry.Reading { return []telemetry.Reading{dust("a", at, 40)} })
	good := image(t, book)
	rapid.Check(t, func(rt *rapid.T) {
		bad := bytes.Clone(good)
		switch rapid.IntRange(0, 2).Draw(rt, "how") {
		case 0:
			bad = bad[:rapid.IntRange(0, len(bad)-1).Draw(rt, "length")]
		case 1:
			bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "at")] ^= byte(1 << rapid.IntRange(0, 7).Draw(rt, "bit"))
		case 2:
			bad[len("phusong environment ")]++ // another version
		}
		other := fresh(t, station("a"))
		empty := image(t, other)
		if err := other.Restore(bytes.NewReader(bad)); !errors.Is(err, environment.ErrDamaged) {
			rt.Fatalf("%v", err)
		}
		if !bytes.Equal(empty, image(t, other)) {
			rt.Fatal("a damaged snapshot left its traces")
		}
	})
}

func FuzzRestore(f *testing.F) {
	book := fresh(f, station("a"))
	feed(book, dawn, dawn.Add(70*time.Minute), func(at time.Time) []telemetry.Reading { return []telemetry.Reading{dust("a", at, 40)} })
	f.Add(image(f, book))
	f.Fuzz(func(t *testing.T, data []byte) {
		other := fresh(t)
		if err := other.Restore(bytes.NewReader(data)); err == nil && !bytes.Equal(data, image(t, other)) {
			t.Error("what was restored is another book")
		}
	})
}

// A late reading corrects its hour and those whose index looks back on it, says what they
// were, and leaves the facts alone.
func TestLateReadingsCorrect(t *testing.T) {
	t.Parallel()
	book := fresh(t, station("a"))
	send := func(at time.Time) []telemetry.Reading { return []telemetry.Reading{dust("a", at, 40)} }
	gap := dawn.Add(4 * time.Hour)
	feed(book, dawn, gap, send)
	feed(book, gap.Add(time.Hour), gap.Add(3*time.Hour), send)
	book.Observe(gap.Add(3*time.Hour+environment.Settle), nil)
	facts := book.Facts("a")
	before := book.Hours("a", dawn, gap.Add(3*time.Hour))
	var backlog []telemetry.Reading
	for at := gap; at.Before(gap.Add(time.Hour)); at = at.Add(interval) {
		r := dust("a", at, 160)
		r.Flags |= telemetry.FlagLate
		backlog = append(backlog, r)
	}
	told := gap.Add(3*time.Hour + 10*time.Minute)
	book.Observe(told, backlog)
	if changes := book.Changes(); len(changes) != 0 || book.Facts("a") != facts {
		t.Errorf("late readings changed facts: %v", changes)
	}
	after := book.Hours("a", dawn, gap.Add(3*time.Hour))
	if len(before) != 7 || len(after) != 7 {
		t.Fatalf("%d hours before, %d after", len(before), len(after))
	}
	for i, h := range after {
		inGap, past := h.Start.Equal(gap), h.Start.Before(gap)
		if h.Corrected == past {
			t.Errorf("%s: corrected %v", h.Start, h.Corrected)
		}
		if h.Corrected && (!h.Changed.Equal(told) || h.Was != before[i].Index.Value || h.Index.Value <= h.Was) {
			t.Errorf("%s: %d became %d at %s", h.Start, h.Was, h.Index.Value, h.Changed)
		}
		if n := h.Tallies[environment.PM25].N; inGap && (n != 12 || before[i].Tallies[environment.PM25].N != 0) {
			t.Errorf("%s has %d readings, had %d", h.Start, n, before[i].Tallies[environment.PM25].N)
		}
	}
	if c := book.Counters(); c.Corrections != 3 {
		t.Errorf("%d corrections were counted", c.Corrections)
	}
	tooLate := dust("a", told.Add(-environment.Window-time.Hour), 100)
	book.Observe(told, []telemetry.Reading{tooLate})
	if s, _ := book.Station("a"); s.TooLate != 1 || book.Counters().TooLate != 1 {
		t.Errorf("%d readings were too late", s.TooLate)
	}
}

// Three quarters of the readings make an hour, and 18 hours a day.
func TestCompleteness(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		each int // readings of an hour
		want bool
	}{{12, true}, {9, true}, {8, false}, {1, false}} {
		book := fresh(t, station("a"))
		feed(book, dawn, dawn.Add(26*time.Hour), func(at time.Time) []telemetry.Reading {
			if at.Minute() >= 5*test.each {
				return nil
			}
			return []telemetry.Reading{dust("a", at, 40)}
		})
		hours := book.Hours("a", dawn, dawn.Add(24*time.Hour))
		if len(hours) != 24 {
			t.Fatalf("%d hours", len(hours))
		}
		for _, h := range hours[2:] {
			if h.Enough[environment.PM25] != test.want || h.Indexed != test.want {
				t.Errorf("%d of 12: %s enough %v, indexed %v", test.each, h.Start, h.Enough[environment.PM25], h.Indexed)
			}
		}
		day, ok := book.Day("a", dawn.Add(3*time.Hour))
		if !ok || day.Indexed != test.want {
			t.Errorf("%d of 12: a day %v, indexed %v", test.each, ok, day.Indexed)
		}
		s, _ := book.Station("a")
		share := float64(test.each) / 12
		if !s.Quality.Known || math.Abs(s.Quality.Completeness-share) > 0.001 || math.Abs(s.Quality.Score-100*share) > 0.1 {
			t.Errorf("%d of 12: quality %+v", test.each, s.Quality)
		}
	}
}

// What an unregistered sensor sends is judged too, up to a number of them, and forgotten when
// it has been silent for the window.
func TestUnregisteredSensorsAreBounded(t *testing.T) {
	t.Parallel()
	book, err := environment.New(environment.Options{MaxStations: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []telemetry.DeviceID{"a", "b", "c"} {
		book.Observe(dawn, []telemetry.Reading{dust(id, dawn, 20)})
	}
	if n, c := len(book.Stations()), book.Counters(); n != 2 || c.Refused != 1 {
		t.Errorf("%d stations, %d refused", n, c.Refused)
	}
	book.Observe(dawn.Add(environment.Window+2*time.Minute), nil)
	if n := len(book.Stations()); n != 0 {
		t.Errorf("%d stations after the window", n)
	}
}
