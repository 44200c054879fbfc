package influx_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"phusong/internal/influx"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// fleet makes the readings that access points send: about eleven fields each,
// everybody once a minute.
type fleet struct{ devices, sent int }

func (f *fleet) batch(n int) []telemetry.Reading {
	batch := make([]telemetry.Reading, n)
	for i := range batch {
		round, place := f.sent/f.devices, f.sent%f.devices
		r := telemetry.NewReading(telemetry.KindWiFi)
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
		batch[i] = r
		f.sent++
	}
	return batch
}

func BenchmarkEncode(b *testing.B) {
	s, err := influx.Open(influx.Options{URL: "http://127.0.0.1:1", Bucket: "b"})
	if err != nil {
		b.Fatal(err)
	}
	f := &fleet{devices: 500}
	batch := f.batch(1000)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		lines, err := s.Encode(batch)
		if err != nil {
			b.Fatal(err)
		}
		n = len(lines)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch)), "ns/reading")
	b.ReportMetric(float64(n)/float64(len(batch)), "B/reading")
}

// BenchmarkWrite writes to a real server; cpu-ns is what this side of it costs.
func BenchmarkWrite(b *testing.B) {
	server := testbed.InfluxDB(b, testbed.InfluxDBOptions{WithoutFlux: true})
	for i, plain := range []bool{false, true} {
		b.Run(fmt.Sprintf("gzip=%v", !plain), func(b *testing.B) {
			database := fmt.Sprintf("bench%d_%d", i, b.N)
			server.CreateDatabase(database)
			s, err := influx.Open(influx.Options{URL: server.URL(), Bucket: database + "/autogen", NoGzip: plain})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			f := &fleet{devices: 500}
			b.ReportAllocs()
			var used time.Duration
			for b.Loop() {
				b.StopTimer()
				batch := f.batch(1000)
				b.StartTimer()
				before := cpu(b)
				if err := s.Write(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				used += cpu(b) - before
			}
			readings := float64(b.N) * 1000
			b.ReportMetric(float64(used.Nanoseconds())/readings, "cpu-ns/reading")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/readings, "ns/reading")
		})
	}
}

// cpu returns the processor time of this process.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
