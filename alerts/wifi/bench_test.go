package wifi_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

// many is a register of n access points at n/2 sites, and a book in which all are up.
func many(b *testing.B, n int) (*wifi.Book, []telemetry.DeviceID) {
	b.Helper()
	r := wifi.Register{Areas: []telemetry.Area{{Code: "25459", Parent: "80"}}}
	ids := make([]telemetry.DeviceID, n)
	for i := range n {
		ids[i] = telemetry.DeviceID(fmt.Sprintf("ap-%06d", i))
		site := telemetry.SiteID(fmt.Sprintf("site-%06d", i/2))
		if i%2 == 0 {
			at := telemetry.Point{Lat: 11 + float64(i%300)/300, Lon: 106 + float64(i/300)/300}
			r.Sites = append(r.Sites, telemetry.Site{ID: site, Category: telemetry.School, Area: "25459", Required: true, At: at})
		}
		r.Devices = append(r.Devices, telemetry.Device{ID: ids[i], Kind: telemetry.KindWiFi, Site: site, Interval: time.Minute, Capacity: 60})
	}
	book := book(b, wifi.Options{})
	book.Register(noon, r)
	for _, id := range ids {
		book.SetState(noon, id, wifi.Up, time.Time{})
	}
	return book, ids
}

func full(r *telemetry.WiFi) {
	r.Clients, r.PortalOK, r.AuthOK, r.WANUp = telemetry.Some[int64](31), telemetry.Some(true), telemetry.Some(true), telemetry.Some(true)
	r.WANLoss, r.WANLatencyMs = telemetry.Some(0.001), telemetry.Some(9.5)
	r.Radios = []telemetry.Radio{
		{Utilization: telemetry.Some(0.4), NoiseDBm: telemetry.Some(-92.0), Clients: telemetry.Some[int64](11)},
		{Utilization: telemetry.Some(0.2), NoiseDBm: telemetry.Some(-95.0), Clients: telemetry.Some[int64](20)},
	}
}

// A reading costs the same in a province as in a country.
func BenchmarkObserve(b *testing.B) {
	for _, n := range []int{5_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			book, ids := many(b, n)
			r := reading("", noon, full)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				r.Device, r.Time = ids[i%n], noon.Add(time.Duration(i)*time.Millisecond)
				book.Observe(r.Time, r)
				i++
			}
		})
	}
}

func BenchmarkBook(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	book, ids := many(b, 100_000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	// Register's lists, which the registry has anyway, are in it.
	b.Logf("%d bytes an access point", (after.HeapAlloc-before.HeapAlloc)/uint64(len(ids)))
	for name, do := range map[string]func(){
		"snapshot":     func() { book.Snapshot() },
		"write":        func() { _ = book.Snapshot()(io.Discard) },
		"targets":      func() { book.Targets() },
		"availability": func() { book.Availability(wifi.MonthOf(noon)) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				do()
			}
		})
	}
}
