package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"phusong/coverage"
	"phusong/internal/registry"
	"phusong/internal/sqlite"
	"phusong/telemetry"
)

// drives yields the tests of 40 probes that drive around the land for some days, in
// batches for a store.
func drives(b *testing.B, tests int, until time.Time, each func([]telemetry.Reading) error) {
	b.Helper()
	const probes, batch = 40, 5000
	from := until.AddDate(0, 0, -80)
	step := 79 * 24 * time.Hour / time.Duration(tests/probes)
	var readings []telemetry.Reading
	for n := range tests {
		probe, at := n%probes, n/probes
		r := telemetry.NewReading(telemetry.KindMobile)
		r.Area, r.Device, r.Seq = "25459", telemetry.DeviceID(fmt.Sprintf("probe-%02d", probe)), telemetry.Some(int64(at))
		r.Time = from.Add(time.Duration(at) * step).UTC().Truncate(time.Millisecond)
		r.Received = r.Time.Add(time.Second)
		*r.Mobile = telemetry.Mobile{
			Operator: telemetry.Some(string(viettel)), SIMOperator: telemetry.Some(string(viettel)), Technology: telemetry.Some("4g"),
			Outcome: telemetry.Some(telemetry.OutcomeOK), DownloadMbps: telemetry.Some(float64(n * 7919 % 100)), UploadMbps: telemetry.Some(12.0),
			LatencyMs: telemetry.Some(38.0), RSRPdBm: telemetry.Some(-92.0), SINRdB: telemetry.Some(11.0),
			Lat: telemetry.Some(11.21 + float64(probe%8)*0.022 + float64(at%40)*0.0005), Lon: telemetry.Some(106.01 + float64(probe/8)*0.035 + float64(at%60)*0.0005),
			AccuracyM: telemetry.Some(6.0), Indoor: telemetry.Some(false), DurationS: telemetry.Some(10.0), Bytes: telemetry.Some(int64(56_000_000)),
		}
		if readings = append(readings, r); len(readings) == batch || n == tests-1 {
			if err := each(readings); err != nil {
				b.Fatal(err)
			}
			readings = readings[:0]
		}
	}
}

// A million tests come out of SQLite and into the map, as at a start without an image.
func BenchmarkCoverageReplay(b *testing.B) {
	const tests = 1_000_000
	dir := b.TempDir()
	store, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(dir, "phusong.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	now := time.Now()
	drives(b, tests, now, func(batch []telemetry.Reading) error { return store.Write(b.Context(), batch) })
	c := DefaultConfig()
	room, err := newCoverageRoom(coverageOptions{
		Config: &c.Coverage, Registry: func() *registry.Registry { return new(registry.Registry) }, Store: store, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	var fold *coverage.Map
	busy := ownCPU()
	for b.Loop() {
		var n int
		if fold, n, err = room.fromStore(b.Context(), room.land, now); err != nil || n != tests {
			b.Fatalf("%d readings, %v", n, err)
		}
	}
	size := fold.Size()
	if size.Tests < tests/3 {
		b.Errorf("the map keeps %+v: too few to mean anything", size)
	}
	b.ReportMetric(float64(size.Tests), "kept")
	b.ReportMetric((ownCPU()-busy)/float64(b.N), "cpu-s/million")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
}
