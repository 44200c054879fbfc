package airquality

import (
	"math"
	"testing"
)

func TestVectorsHeatIndex(t *testing.T) {
	t.Parallel()
	for _, v := range []struct{ c, humidity, want float64 }{
		{20, 60, 19.811}, {26, 70, 26.242}, {28, 90, 34.003}, {30, 60, 32.832}, {30, 75, 36.300},
		{32, 70, 40.409}, {34, 60, 42.177}, {35, 65, 47.581}, {37, 55, 48.472}, {38, 60, 54.961},
		{40, 50, 54.768},
		{(90 - 32) / 1.8, 60, (99.678 - 32) / 1.8}, // 90 °F at 60 % feel like 99.68 °F
	} {
		got, ok := HeatIndex(v.c, v.humidity)
		if !ok || math.Abs(got-v.want) > 0.0006 {
			t.Errorf("%.1f °C at %v %% feel like %.4f °C, want %.4f", v.c, v.humidity, got, v.want)
		}
	}
	for _, v := range [][2]float64{{-999, 60}, {30, -999}, {30, 106}, {math.NaN(), 60}, {30, math.NaN()}} {
		if got, ok := HeatIndex(v[0], v[1]); ok {
			t.Errorf("%v feel like %v °C", v, got)
		}
	}
}

func TestVectorsHeatBands(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		c    float64
		want HeatBand
		vi   string
	}{
		{26.9, NoHeat, "Bình thường"}, {27, HeatCaution, "Cẩn trọng"}, {31.9, HeatCaution, "Cẩn trọng"},
		{32, HeatExtremeCaution, "Đặc biệt cẩn trọng"}, {40.9, HeatExtremeCaution, "Đặc biệt cẩn trọng"},
		{41, HeatDanger, "Nguy hiểm"}, {53.9, HeatDanger, "Nguy hiểm"}, {54, HeatExtremeDanger, "Đặc biệt nguy hiểm"},
	} {
		if got := HeatBandOf(v.c); got != v.want || got.Name().Vietnamese != v.vi {
			t.Errorf("%v °C is %s, want %s", v.c, got, v.want)
		}
	}
}
