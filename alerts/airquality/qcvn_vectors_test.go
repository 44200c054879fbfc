package airquality

import (
	"math"
	"testing"
	"time"
)

// QCVN 05:2023/BTNMT, table 1, without dust that no sensor of ours measures.
func TestVectorsLimits(t *testing.T) {
	t.Parallel()
	in2025 := time.Date(2025, 12, 31, 23, 59, 59, 0, zone)
	in2026 := in2025.Add(time.Second)
	for _, v := range []struct {
		pollutant              Pollutant
		hour, eight, day, year float64 // 0: there is none
	}{
		{SO2, 350, 0, 125, 50},
		{CO, 30_000, 10_000, 0, 0},
		{NO2, 200, 0, 100, 40},
		{O3, 200, 120, 0, 0},
		{PM10, 0, 0, 100, 50},
		{PM25, 0, 0, 50, 25},
	} {
		for period, want := range map[Period]float64{Hour1: v.hour, Hours8: v.eight, Hours24: v.day, Year: v.year} {
			got, ok := LimitOn(v.pollutant, period, in2025)
			if got.Ugm3 != want || ok != (want != 0) || ok && got.Basis == "" {
				t.Errorf("%s over %s in 2025: %v, want %v", v.pollutant, period, got.Ugm3, want)
			}
			if v.pollutant == PM25 && period == Hours24 {
				want = 45 // from 1 January 2026
			}
			if got, ok := LimitOn(v.pollutant, period, in2026); got.Ugm3 != want || ok != (want != 0) {
				t.Errorf("%s over %s in 2026: %v, want %v", v.pollutant, period, got.Ugm3, want)
			}
			if got, ok := LimitOn(v.pollutant, period, inForce.Add(-time.Second)); ok {
				t.Errorf("%s over %s has the limit %v before the rule was in force", v.pollutant, period, got.Ugm3)
			}
		}
	}
	for _, l := range limits {
		if same, ok := LimitOn(l.Pollutant, l.Period, l.From); !ok || same != l {
			t.Errorf("%+v does not hold on its first day: %+v", l, same)
		}
	}
}

// A mole of gas fills 24.45 l at 25 °C and 760 mmHg, as the usual tables round it.
func TestVectorsConversion(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		pollutant Pollutant
		molarMass float64
	}{{O3, 48.00}, {NO2, 46.01}, {SO2, 64.07}, {CO, 28.01}} {
		got, ok := FromPPB(v.pollutant, 100, Standard())
		if want := 100 * v.molarMass / 24.45; !ok || math.Abs(got/want-1) > 0.001 {
			t.Errorf("100 ppb of %s are %v µg/m³, want %v", v.pollutant, got, want)
		}
		hot := Conditions{TemperatureC: 35, PressureHPa: 1000}
		thin, _ := FromPPB(v.pollutant, 100, hot)
		if !(thin < got) || math.Abs(ToStandard(thin, hot)-got) > 1e-9 {
			t.Errorf("%s at 35 °C and 1000 hPa: %v µg/m³, at standard %v and not %v", v.pollutant, thin, ToStandard(thin, hot), got)
		}
	}
	for _, p := range []Pollutant{0, PM25, PM10, O3 + 1} {
		if got, ok := FromPPB(p, 100, Standard()); ok {
			t.Errorf("ppb of %s became %v µg/m³", p, got)
		}
	}
	if got, ok := FromPPB(O3, 100, Conditions{}); ok {
		t.Errorf("conditions that are not given made %v µg/m³", got)
	}
}
