package coverage

import (
	"fmt"
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
