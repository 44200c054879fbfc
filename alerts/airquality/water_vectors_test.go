package airquality

import (
	"math"
	"testing"
)

func TestVectorsWater(t *testing.T) {
	t.Parallel()
	levels := WaterLevels{Alarm: [3]float64{2, 2.5, 3}, RiseMPerH: 0.3}
	if err := levels.Validate(); err != nil {
		t.Fatal(err)
	}
	for level, want := range map[float64]WaterAlarm{1.99: 0, 2: 1, 2.49: 1, 2.5: 2, 3: 3, 9: 3, -1: 0} {
		if got := levels.At(level); got != want {
			t.Errorf("%v m is alarm %d, want %d", level, got, want)
		}
	}
	if got := (&WaterLevels{Alarm: [3]float64{0, 2.5, 0}}).At(9); got != 2 {
		t.Errorf("with one level only the alarm is %d", got)
	}
	if !levels.Fast(0.3) || levels.Fast(0.29) || (&WaterLevels{}).Fast(9) {
		t.Error("the limit of the rise is not kept")
	}
	for a, want := range []string{"Dưới báo động", "Báo động I", "Báo động II", "Báo động III"} {
		if got := WaterAlarm(a).Name().Vietnamese; got != want {
			t.Errorf("alarm %d is %q", a, got)
		}
	}
	for _, bad := range []WaterLevels{{Alarm: [3]float64{2, 1, 3}}, {Alarm: [3]float64{2, 2, 3}}, {RiseMPerH: -1}, {RiseMPerH: math.NaN()}, {Alarm: [3]float64{math.NaN()}}} {
		if bad.Validate() == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestVectorsSlope(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		hours, values []float64
		want          float64
		ok            bool
	}{
		{[]float64{0, 1}, []float64{1, 1.5}, 0.5, true},
		{[]float64{0, 0.5, 1}, []float64{2, 1.9, 1.8}, -0.2, true},
		{[]float64{0, 0.25, 0.5, 0.75}, []float64{1, 1.2, 1.1, 1.3}, 0.32, true},
		{[]float64{1}, []float64{1}, 0, false},
		{[]float64{1, 1}, []float64{1, 2}, 0, false},
		{[]float64{1, 2}, []float64{1}, 0, false},
	} {
		if got, ok := Slope(v.hours, v.values); ok != v.ok || math.Abs(got-v.want) > 1e-12 {
			t.Errorf("%v over %v: %v (%v), want %v", v.values, v.hours, got, ok, v.want)
		}
	}
}

func TestVectorsRain(t *testing.T) {
	t.Parallel()
	for mm, want := range map[float64]RainClass{0: NoRain, 0.2: LightRain, 15.9: LightRain, 16: ModerateRain, 50: ModerateRain, 50.1: HeavyRain, 100: HeavyRain, 100.1: VeryHeavyRain} {
		if got := RainClassOf(mm); got != want || got.Name().Vietnamese == "" || got.Name().English == "" || got.String() == "" {
			t.Errorf("%v mm are %s, want %s", mm, got, want)
		}
	}
}
