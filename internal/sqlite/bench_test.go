package sqlite_test

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"phusong/internal/sqlite"
	"phusong/telemetry"
)

// fleet makes the readings that access points send: about eleven fields each,
// everybody once a minute.
type fleet struct {
	devices int
	radios  bool
	sent    int
}

func (f *fleet) batch(n int) []telemetry.Reading {
	batch := make([]telemetry.Reading, n)
	start := time.Date(2025, 11, 21, 0, 0, 0, 0, time.UTC)
	for i := range batch {
		round, place := f.sent/f.devices, f.sent%f.devices
		r := telemetry.NewReading(telemetry.KindWiFi)
		// In an order that is not that of the names.
		r.Device = telemetry.DeviceID(fmt.Sprintf("ap-25459-%05d", place*7%f.devices))
		r.Area = "25459"
		r.Time = start.Add(time.Duration(round)*time.Minute + time.Duration(place)*time.Minute/time.Duration(f.devices)).Truncate(time.Millisecond)
		r.Received = r.Time.Add(35 * time.Millisecond)
		r.Seq = telemetry.Some(int64(round))
		w := r.WiFi
		w.Clients = telemetry.Some(int64(f.sent % 50))
		w.RxBytes, w.TxBytes = telemetry.Some(int64(f.sent)*10_007), telemetry.Some(int64(f.sent)*33_331)
		w.WANUp, w.PortalOK = telemetry.Some(true), telemetry.Some(true)
		w.WANLatencyMs, w.WANLoss = telemetry.Some(float64(f.sent%37)*1.7), telemetry.Some(0.01)
		w.UptimeS = telemetry.Some(int64(f.sent))
		w.CPU, w.Memory = telemetry.Some(float64(f.sent%91)/91), telemetry.Some(0.43)
		w.TemperatureC = telemetry.Some(float64(f.sent%71) * 0.7)
		if f.radios {
			w.Radios = []telemetry.Radio{
				{Band: telemetry.Some("2.4"), Channel: telemetry.Some(int64(6)), Utilization: telemetry.Some(0.41), NoiseDBm: telemetry.Some(-95.0), Clients: telemetry.Some(int64(11))},
				{Band: telemetry.Some("5"), Channel: telemetry.Some(int64(44)), Utilization: telemetry.Some(0.2), NoiseDBm: telemetry.Some(-97.0), Clients: telemetry.Some(int64(21))},
			}
		}
		batch[i] = r
		f.sent++
	}
	return batch
}

func openForBench(b *testing.B) (*sqlite.Store, string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "phusong.db")
	s, err := sqlite.Open(b.Context(), sqlite.Options{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s, path
}

// cpu returns the processor time of this process.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkWrite(b *testing.B) {
	for _, c := range []struct {
		devices, batch int
		radios         bool
	}{{500, 1000, false}, {500, 1000, true}, {500, 100, false}, {20_000, 1000, false}} {
		b.Run(fmt.Sprintf("devices=%d/batch=%d/radios=%v", c.devices, c.batch, c.radios), func(b *testing.B) {
			s, _ := openForBench(b)
			f := &fleet{devices: c.devices, radios: c.radios}
			for range 60 { // so that the index by device is at work
				if err := s.Write(b.Context(), f.batch(1000)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			var used time.Duration
			for b.Loop() {
				b.StopTimer()
				batch := f.batch(c.batch)
				b.StartTimer()
				before := cpu(b)
				if err := s.Write(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				used += cpu(b) - before
			}
			readings := float64(b.N * c.batch)
			b.ReportMetric(float64(used.Nanoseconds())/readings, "cpu-ns/reading")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/readings, "ns/reading")
		})
	}
}
