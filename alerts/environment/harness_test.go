package environment_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/telemetry"
)

// page is docs/ENVIRONMENT.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/ENVIRONMENT.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// dawn is the first hour of the tests: midnight of a local day.
var dawn = time.Date(2026, 3, 10, 0, 0, 0, 0, airquality.Zone())

const interval = 5 * time.Minute

func fresh(t testing.TB, stations ...environment.Station) *environment.Book {
	t.Helper()
	book, err := environment.New(environment.Options{Stations: stations})
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// station is a registered station that sends every five minutes.
func station(id telemetry.DeviceID) environment.Station {
	return environment.Station{Device: id, Area: "25459", Interval: interval}
}

// reading makes one with the quantities that fill sets.
func reading(id telemetry.DeviceID, at time.Time, fill func(e *telemetry.Environment)) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindEnvironment)
	r.Area, r.Device, r.Time, r.Received = "25459", id, at.UTC(), at.UTC()
	fill(r.Environment)
	return r
}

// wobble is a value that is never twice the same in a row.
func wobble(v float64, at time.Time) float64 {
	return v + float64(at.Unix()/int64(interval/time.Second)%7)/10
}

// dust makes a reading of PM2.5 and PM10 that wobbles.
func dust(id telemetry.DeviceID, at time.Time, fine float64) telemetry.Reading {
	return reading(id, at, func(e *telemetry.Environment) {
		e.PM25 = telemetry.Some(wobble(fine, at))
		e.PM10 = telemetry.Some(wobble(1.5*fine, at.Add(interval)))
	})
}

// feed observes what send returns for each interval of a time, with ticks between.
func feed(book *environment.Book, from, to time.Time, send func(at time.Time) []telemetry.Reading) {
	for at := from; at.Before(to); at = at.Add(interval) {
		book.Observe(at, send(at))
		book.Observe(at.Add(interval/2), nil)
	}
}

// image returns the bytes of a snapshot.
func image(t testing.TB, book *environment.Book) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := book.Snapshot()(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func known(t *testing.T, book *environment.Book, id telemetry.DeviceID, f environment.Fact) float64 {
	t.Helper()
	facts := book.Facts(id)
	v, ok := facts.Get(f)
	if !ok {
		t.Errorf("%s of %s is not known", f, id)
	}
	return v
}

func unknown(t *testing.T, book *environment.Book, id telemetry.DeviceID, f environment.Fact) {
	t.Helper()
	facts := book.Facts(id)
	if v, ok := facts.Get(f); ok {
		t.Errorf("%s of %s is known: %v", f, id, v)
	}
}

func shuffled[T any](list []T, seed uint64) []T {
	list = append([]T(nil), list...)
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

func describe(hours []environment.Hour) string {
	var text bytes.Buffer
	for _, h := range hours {
		fmt.Fprintf(&text, "%s index %d %v, now %.6f %.6f", h.Start.In(airquality.Zone()).Format("02 15h"), h.Index.Value, h.Indexed, h.Inputs.PM25, h.Inputs.PM10)
		for q, tally := range h.Tallies {
			if tally.N+tally.Flagged > 0 {
				fmt.Fprintf(&text, " %s %.6f of %d, %d %q", environment.Quantity(q), tally.Mean, tally.N, tally.Flagged, tally.Flags)
			}
		}
		fmt.Fprintln(&text)
	}
	return text.String()
}
