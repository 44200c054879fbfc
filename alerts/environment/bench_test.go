package environment_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"phusong/alerts/environment"
	"phusong/telemetry"
)

// crowd is a province of air stations with neighbours.
func crowd(n int) []environment.Station {
	list := make([]environment.Station, n)
	for i := range list {
		list[i] = station(telemetry.DeviceID(fmt.Sprintf("s-%05d", i)))
		list[i].At = telemetry.Point{Lat: 10.5 + float64(i%50)/40, Lon: 105.8 + float64(i/50)/40}
	}
	return list
}

// fullReading has what a station of the best kind measures.
func fullReading(id telemetry.DeviceID, at time.Time) telemetry.Reading {
	return reading(id, at, func(e *telemetry.Environment) {
		for i, v := range []*telemetry.Opt[float64]{&e.PM25, &e.PM10, &e.NO2, &e.SO2, &e.CO, &e.O3, &e.NoiseDBA, &e.TemperatureC, &e.HumidityPct} {
			*v = telemetry.Some(wobble([]float64{30, 45, 40, 10, 700, 60, 55, 28, 70}[i], at.Add(time.Duration(i)*interval)))
		}
	})
}

// BenchmarkObserve is the cost of one reading, the closing of hours included, with a thousand
// stations that have run for the whole window. It also tells the memory of a station.
func BenchmarkObserve(b *testing.B) {
	const n = 1000
	stations := crowd(n)
	book := fresh(b, stations...)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	at := dawn
	batch := make([]telemetry.Reading, n)
	round := func() {
		for i := range batch {
			batch[i] = fullReading(stations[i].Device, at)
		}
		book.Observe(at, batch)
		for s := range 10 {
			book.Observe(at.Add(time.Duration(s)*time.Second), nil)
		}
		at = at.Add(interval)
	}
	for range int(environment.Window / interval) {
		round()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ResetTimer()
	for done := 0; done < b.N; done += n {
		round()
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n/1024, "KiB/station")
}

// BenchmarkSnapshot is what the watcher pays for an image of a thousand stations.
func BenchmarkSnapshot(b *testing.B) {
	stations := crowd(1000)
	book := fresh(b, stations...)
	feed(book, dawn, dawn.Add(environment.Window), func(at time.Time) []telemetry.Reading {
		batch := make([]telemetry.Reading, len(stations))
		for i := range batch {
			batch[i] = fullReading(stations[i].Device, at)
		}
		return batch
	})
	b.Run("take", func(b *testing.B) {
		for b.Loop() {
			book.Snapshot()
		}
	})
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			if err := book.Snapshot()(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
}
