package airquality

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// QCVN 26:2010/BTNMT by zone and hour, before and after it was replaced.
func TestVectorsNoiseLimits(t *testing.T) {
	t.Parallel()
	table := DefaultNoiseLimits()
	if err := table.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		zone NoiseZone
		hour int
		dba  float64
	}{
		{SpecialZone, 6, 55}, {SpecialZone, 20, 55}, {SpecialZone, 21, 45}, {SpecialZone, 0, 45}, {SpecialZone, 5, 45},
		{CommonZone, 6, 70}, {CommonZone, 20, 70}, {CommonZone, 21, 55}, {CommonZone, 0, 55}, {CommonZone, 5, 55},
	} {
		for year, replaced := range map[int]bool{2024: false, 2026: true} {
			l, ok := table.On(v.zone, time.Date(year, 3, 4, v.hour, 30, 0, 0, zone))
			if !ok || l.DBA != v.dba || l.Replaced != replaced {
				t.Errorf("%s at %d:30 in %d: %v (replaced: %v), want %v", v.zone, v.hour, year, l.DBA, l.Replaced, v.dba)
			}
		}
	}
	if l, ok := table.On(CommonZone, time.Date(2009, 1, 1, 12, 0, 0, 0, zone)); ok {
		t.Errorf("a limit of %v before there was one", l.DBA)
	}
}

func TestNoiseTableIsChecked(t *testing.T) {
	t.Parallel()
	good := NoiseLimit{Zone: CommonZone, FromHour: 6, ToHour: 21, DBA: 60, From: day(2025, 11, 14), Basis: "a rule"}
	for name, spoil := range map[string]func(l *NoiseLimit){
		"hours":    func(l *NoiseLimit) { l.ToHour = 25 },
		"empty":    func(l *NoiseLimit) { l.ToHour = l.FromHour },
		"limit":    func(l *NoiseLimit) { l.DBA = math.NaN() },
		"basis":    func(l *NoiseLimit) { l.Basis = "" },
		"zone":     func(l *NoiseLimit) { l.Zone = 7 },
		"backward": func(l *NoiseLimit) { l.Until = l.From },
	} {
		l := good
		spoil(&l)
		if err := (NoiseLimits{l}).Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	night := good
	night.FromHour, night.ToHour = 20, 6
	if err := (NoiseLimits{good, night}).Validate(); err == nil {
		t.Error("two limits for the hour from 20:00 were accepted")
	}
	night.FromHour = 21
	if err := (NoiseLimits{good, night}).Validate(); err != nil {
		t.Error(err)
	}
}

// Two equal sources are 3 dB louder than one; silence for as long takes 3 dB off.
func TestVectorsLAeq(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		levels []float64
		want   float64
	}{
		{[]float64{60}, 60},
		{[]float64{60, 60, 60}, 60},
		{[]float64{60, 70}, 67.403627}, // and not 65
		{[]float64{50, 80}, 76.994040},
		{[]float64{40, 40, 40, 90}, 83.979530},
	} {
		if got, ok := LAeq(v.levels...); !ok || math.Abs(got-v.want) > 1e-6 {
			t.Errorf("LAeq of %v is %v, want %v", v.levels, got, v.want)
		}
	}
	if got, ok := LAeq(); ok {
		t.Errorf("LAeq of nothing is %v", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		levels := rapid.SliceOfN(rapid.Float64Range(20, 120), 1, 30).Draw(t, "levels")
		got, _ := LAeq(levels...)
		var sum float64
		for _, l := range levels {
			sum += l
		}
		if got < sum/float64(len(levels))-1e-9 {
			t.Fatalf("LAeq %v is below the arithmetic mean of %v", got, levels)
		}
	})
}
