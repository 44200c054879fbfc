package coverage

import (
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// world yields the tests of probes that drive around a province, day after day.
func world(probes, days, perDay int, each func(*telemetry.Reading)) {
	r := reading()
	ids := make([]telemetry.DeviceID, probes)
	for p := range ids {
		ids[p] = telemetry.DeviceID(fmt.Sprintf("probe-%d", p))
	}
	for day := range days {
		for n := range perDay {
			for p := range probes {
				h := draw(uint32(p)<<16|uint32(n), Day(day))
				r.Device = ids[p]
				r.Time = local(1, 6, 0, 0).AddDate(0, 0, day).Add(time.Duration(n) * 16 * time.Hour / time.Duration(perDay)).UTC()
				r.Received = r.Time
				r.Mobile.DownloadMbps = telemetry.Some(float64(h % 100))
				// Each probe has its own road and drives it up and down.
				r.Mobile.Lat = telemetry.Some(tayNinh.Lat + float64(p%8)*0.05 + float64(n%40)*0.001)
				r.Mobile.Lon = telemetry.Some(tayNinh.Lon + float64(p/8)*0.05 + float64(h>>8%10)*0.0001)
				each(&r)
			}
		}
	}
}

// The index is what a test cannot be cheaper than; BenchmarkObserve must take at most three
// times as long.
func BenchmarkH3Index(b *testing.B) {
	i := 0
	for b.Loop() {
		i++
		_, _ = h3.LatLngToCell(h3.LatLng{Lat: tayNinh.Lat + float64(i%1000)*1e-4, Lng: tayNinh.Lon}, PointHexResolution)
	}
}

func BenchmarkObserve(b *testing.B) {
	var readings []telemetry.Reading
	world(40, 30, 60, func(r *telemetry.Reading) {
		mobile := *r.Mobile
		copied := *r
		copied.Mobile = &mobile
		readings = append(readings, copied)
	})
	m := newMap(b)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if i == len(readings) {
			i, m = 0, newMap(b)
		}
		m.Observe(&readings[i])
		i++
	}
}

// BenchmarkMemory reports bytes for each operator, cell and day with data: of driving
// probes, and of days that are full.
func BenchmarkMemory(b *testing.B) {
	for _, v := range []struct {
		name                 string
		probes, days, perDay int
	}{{"driving", 40, 60, 60}, {"full", 8, 60, 1900}} {
		b.Run(v.name, func(b *testing.B) {
			for b.Loop() {
				before := heap()
				m := newMap(b)
				world(v.probes, v.days, v.perDay, func(r *telemetry.Reading) { m.Observe(r) })
				size := m.Size()
				b.ReportMetric(float64(heap()-before)/float64(size.Days), "B/cell-day")
				b.ReportMetric(float64(size.Tests)/float64(size.Days), "tests/cell-day")
				runtime.KeepAlive(m)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// province is a map of 30,000 cells, each with a survey of one operator.
func province(b *testing.B) *Map {
	b.Helper()
	m := newMap(b)
	r := reading()
	for n := range 30_000 {
		for i := range 20 {
			r.Time = local(1+i%5, 7+i%14, i, 0).UTC()
			r.Received = r.Time
			r.Mobile.Lat = telemetry.Some(tayNinh.Lat + float64(n/150)*0.01 + float64(i%4)*0.001)
			r.Mobile.Lon = telemetry.Some(tayNinh.Lon + float64(n%150)*0.01 + float64(i%3)*0.001)
			r.Mobile.DownloadMbps = telemetry.Some(float64((n*7 + i*13) % 90))
			m.Observe(&r)
		}
	}
	return m
}

func BenchmarkProvince(b *testing.B) {
	m := province(b)
	now := local(6, 23, 0, 0)
	b.Run("assess all", func(b *testing.B) {
		for b.Loop() {
			if _, err := newJudge(b, m.rules).Assess(b.Context(), m.View(), now); err != nil {
				b.Fatal(err)
			}
		}
	})
	j := newJudge(b, m.rules)
	a, err := j.Assess(b.Context(), m.View(), now)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("assess again", func(b *testing.B) {
		r := reading()
		for n := 0; b.Loop(); n++ {
			r.Time = local(6, 6, 0, n%50_000).UTC()
			m.Observe(&r)
			if _, err := j.Assess(b.Context(), m.View(), now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("GeoJSON", func(b *testing.B) {
		var room []byte
		for b.Loop() {
			room = a.AppendCells(room[:0], CellFilter{})
		}
		b.ReportMetric(float64(len(a.Cells)), "cells")
		b.ReportMetric(float64(len(room))/1e6, "MB")
	})
	b.Run("view", func(b *testing.B) {
		for b.Loop() {
			m.View()
		}
	})
	b.Run("encode", func(b *testing.B) {
		v := m.View()
		for b.Loop() {
			if err := v.Encode(io.Discard, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("zones", func(b *testing.B) {
		for b.Loop() {
			var z Zones
			if _, err := z.Update(a); err != nil {
				b.Fatal(err)
			}
		}
	})
}
