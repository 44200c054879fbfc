package coverage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phusong/telemetry"
)

var tayNinh = telemetry.Point{Lat: 11.3103, Lon: 106.0986}

// hcm is fixed, so that no test depends on the machine's tables.
var hcm = time.FixedZone("Asia/Ho_Chi_Minh", 7*3600)

// local returns an instant of November 2026 by Vietnamese clocks.
func local(day, hour, minute, second int) time.Time {
	return time.Date(2026, 11, day, hour, minute, second, 0, hcm)
}

func newMap(t testing.TB) *Map {
	t.Helper()
	m, err := NewMap(Options{Rules: DefaultRules(), Zone: hcm})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newJudge(t testing.TB, rules Rules) *Judge {
	t.Helper()
	j, err := NewJudge(rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// reading returns a test that counts: 45 Mbit/s, in the open, at noon.
func reading(change ...func(*telemetry.Reading)) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindMobile)
	r.Area, r.Device, r.Time = "25459", "probe-1", local(3, 12, 0, 0).UTC()
	r.Received = r.Time.Add(time.Second)
	*r.Mobile = telemetry.Mobile{
		Operator: telemetry.Some("45204"), SIMOperator: telemetry.Some("45204"), Technology: telemetry.Some("4g"),
		Outcome: telemetry.Some(telemetry.OutcomeOK), DownloadMbps: telemetry.Some(45.0), UploadMbps: telemetry.Some(12.0),
		LatencyMs: telemetry.Some(38.0), RSRPdBm: telemetry.Some(-92.0), SINRdB: telemetry.Some(11.0),
		Lat: telemetry.Some(tayNinh.Lat), Lon: telemetry.Some(tayNinh.Lon), AccuracyM: telemetry.Some(6.0),
		Indoor: telemetry.Some(false), DurationS: telemetry.Some(10.0), Bytes: telemetry.Some(int64(56_000_000)),
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func at(p telemetry.Point) func(*telemetry.Reading) {
	return func(r *telemetry.Reading) {
		r.Mobile.Lat, r.Mobile.Lon = telemetry.Some(p.Lat), telemetry.Some(p.Lon)
	}
}

func when(t time.Time) func(*telemetry.Reading) {
	return func(r *telemetry.Reading) { r.Time, r.Received = t.UTC(), t.UTC().Add(time.Second) }
}

func by(device telemetry.DeviceID) func(*telemetry.Reading) {
	return func(r *telemetry.Reading) { r.Device = device }
}

func mbps(v float64) func(*telemetry.Reading) {
	return func(r *telemetry.Reading) { r.Mobile.DownloadMbps = telemetry.Some(v) }
}

// noService makes the test one of a probe that found no network.
func noService(r *telemetry.Reading) {
	m := r.Mobile
	*m = telemetry.Mobile{
		SIMOperator: m.SIMOperator, Outcome: telemetry.Some(telemetry.OutcomeNoService),
		Lat: m.Lat, Lon: m.Lon, AccuracyM: m.AccuracyM, Indoor: m.Indoor,
	}
}

// setsApart is the temporal threshold in its simplest form.
func setsApart(times []int32, size int) (int, bool) {
	sorted := slices.Sorted(slices.Values(times))
	if len(sorted) < 2*size {
		return 0, false
	}
	return max(int(sorted[len(sorted)-size]-sorted[size-1]), 0), true
}

// anyReading draws one of few devices, places and slots, so that they collide.
func anyReading(t *rapid.T, label string) telemetry.Reading {
	d := rapid.IntRange(0, 3).Draw(t, label+" device")
	cell := rapid.IntRange(0, 1).Draw(t, label+" place")
	second := rapid.IntRange(0, 400).Draw(t, label+" second") * 7
	day := rapid.IntRange(1, 3).Draw(t, label+" day")
	rate := rapid.IntRange(0, 80).Draw(t, label+" rate")
	kind := rapid.IntRange(0, 5).Draw(t, label+" kind")
	r := reading(by(telemetry.DeviceID(fmt.Sprintf("probe-%d", d))), mbps(float64(rate)),
		when(local(day, 8, 0, second)), at(telemetry.Point{Lat: tayNinh.Lat + float64(cell)*0.05, Lon: tayNinh.Lon}))
	switch kind {
	case 0:
		noService(&r)
	case 1:
		r.Mobile.Indoor = telemetry.Some(true)
	}
	return r
}
