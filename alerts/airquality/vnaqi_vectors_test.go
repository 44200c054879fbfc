package airquality

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// The vectors of VN_AQI, V1 to V25. Those marked official are the worked examples of section
// 2.3 of Decision 1459/QĐ-TCMT; the others were computed by hand from its tables.

// V2 to V5 and V8 to V13: one concentration, one sub-index.
func TestVectorsSubIndex(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		id      string
		column  Column
		ugm3    float64
		index   float64
		rounded int
	}{
		{"V2 official", ColumnO3Hour, 136.1, 42.53125, 43},
		{"V3 official", ColumnNO2, 118.7, 59.35, 59}, // the Decision prints 60, against its own formula
		{"V4 official", ColumnO38Hour, 89.3, 44.65, 45},
		{"V4 official", ColumnO3Hour, 114.6, 35.8125, 36},
		{"V5 official", ColumnNO2, 130.8, 65.4, 65},
		{"V6 official", ColumnPM25, 55.7, 109.5, 110},
		{"V8", ColumnPM25, 0, 0, 0},
		{"V8", ColumnPM25, 25, 50, 50},
		{"V8", ColumnPM25, 50, 100, 100},
		{"V8", ColumnPM25, 80, 150, 150},
		{"V8", ColumnPM25, 150, 200, 200},
		{"V8", ColumnPM25, 250, 300, 300},
		{"V8", ColumnPM25, 350, 400, 400},
		{"V8", ColumnPM25, 500, 500, 500},
		{"V8", ColumnPM25, 600, 500, 500},
		{"V9", ColumnPM25, 12, 24, 24},
		{"V9", ColumnPM25, 35.5, 71, 71},
		{"V9", ColumnPM25, 65, 125, 125},
		{"V9", ColumnPM25, 115, 175, 175},
		{"V9", ColumnPM25, 200, 250, 250},
		{"V9", ColumnPM25, 300, 350, 350},
		{"V9", ColumnPM25, 425, 450, 450},
		{"V10", ColumnPM10, 45, 45, 45},
		{"V10", ColumnPM10, 100, 75, 75},
		{"V10", ColumnPM10, 180, 115, 115},
		{"V10", ColumnPM10, 385, 250, 250},
		{"V10", ColumnPM10, 460, 350, 350},
		{"V11", ColumnNO2, 85, 42.5, 43},
		{"V11", ColumnNO2, 450, 125, 125},
		{"V11", ColumnSO2, 125, 50, 50},
		{"V11", ColumnSO2, 200, 66.666667, 67},
		{"V11", ColumnSO2, 1200, 250, 250},
		{"V12", ColumnCO, 10_000, 50, 50},
		{"V12", ColumnCO, 20_000, 75, 75},
		{"V12", ColumnCO, 37_500, 125, 125},
		{"V13", ColumnO3Hour, 180, 75, 75},
		{"V13", ColumnO3Hour, 250, 125, 125},
		{"V13", ColumnO3Hour, 600, 250, 250},
		{"V13", ColumnO38Hour, 110, 75, 75},
		{"V13", ColumnO38Hour, 145, 125, 125},
		{"V13", ColumnO38Hour, 190, 175, 175},
		{"V13", ColumnO38Hour, 305, 250, 250},
	} {
		got, ok := SubIndex(v.column, v.ugm3)
		if !ok || math.Abs(got-v.index) > 5e-7 || Round(got) != v.rounded {
			t.Errorf("%s: column %d at %v µg/m³ is %v (%d, %v), want %v (%d)", v.id, v.column, v.ugm3, got, Round(got), ok, v.index, v.rounded)
		}
	}
	if got, ok := SubIndex(ColumnO38Hour, 401); ok {
		t.Errorf("V13: 8-hour ozone of 401 µg/m³ has the index %v, want none", got)
	}
}

// V1 and V14 to V21: hours, the newest first; "-" is a missing one.
func TestVectorsNowCast(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		id, hours string
		nowcast   float64 // 0: none
		rounded   int
	}{
		{"V1 official", "20.6 19.6 22.4 20.3 16.5 19.0 16.5 19.5 23.5 20.5 24.7 26.9", 20.265765, 41},
		{"V14", "40 40 40 40 40 40 40 40 40 40 40 40", 40, 80},
		{"V15", "120 80 40 40 40 40 40 40 40 40 40 40", 90.012210, 157},
		{"V16", "30 60 120 120 120 120 120 120 120 120 120 120", 59.985348, 117},
		{"V17", "60 55 50 45 40 35 33 32 31 31 32 33", 54.808951, 108},
		{"V18", "50 - 44 42 40 41 39 38 40 42 41 40", 44.055964, 88},
		{"V19", "- - 44 42 40 41 39 38 40 42 41 40", 0, 0},
		{"V20", "90 40 - - - - - - - - - -", 73.333333, 139},
		{"V21", "- 60 30 25 25 25 25 25 25 25 25 25", 43.759160, 88},
	} {
		got, ok := NowCast(hours(t, v.hours))
		if ok != (v.nowcast != 0) || ok && math.Abs(got-v.nowcast) > 5e-7 {
			t.Errorf("%s: NowCast is %v (%v), want %v", v.id, got, ok, v.nowcast)
		}
		if !ok {
			continue
		}
		h := NoHourly()
		h.PM25 = got
		if x, ok := h.Index(); !ok || x.Value != v.rounded || x.Main != PM25 {
			t.Errorf("%s: the index is %d by %s (%v), want %d by pm25", v.id, x.Value, x.Main, ok, v.rounded)
		}
	}
}

func hours(t *testing.T, text string) []float64 {
	t.Helper()
	var list []float64
	for f := range strings.FieldsSeq(text) {
		c := NoValue()
		if f != "-" {
			var err error
			if c, err = strconv.ParseFloat(f, 64); err != nil {
				t.Fatal(err)
			}
		}
		list = append(list, c)
	}
	return list
}

// V6, V7 and V22 to V25: days.
func TestVectorsDay(t *testing.T) {
	t.Parallel()
	none := NoValue()
	for _, v := range []struct {
		id   string
		day  Daily
		subs map[Pollutant]int
		main Pollutant // none: no index
		band Band
	}{
		{
			"V6 official", Daily{PM25: 55.7, PM10: none, NO2: none, SO2: none, CO: none, O3: none, O38Hour: none},
			map[Pollutant]int{PM25: 110}, PM25, Poor,
		},
		{
			"V22", Daily{PM25: 38, PM10: 95, O3: 172, O38Hour: 118, NO2: 60, SO2: 40, CO: 4000},
			map[Pollutant]int{PM25: 76, PM10: 73, O3: 95, NO2: 30, SO2: 16, CO: 20}, O3, Moderate,
		},
		{
			"V23", Daily{PM25: 18, PM10: 40, O3: 500, O38Hour: 410, NO2: 60, SO2: none, CO: none},
			map[Pollutant]int{PM25: 36, PM10: 40, O3: 225, NO2: 30}, O3, VeryBad,
		},
		{
			"V24", Daily{PM25: 92.4, PM10: 160, NO2: 130, SO2: 90, CO: 12_000, O38Hour: 40, O3: 60},
			map[Pollutant]int{PM25: 159, PM10: 105, NO2: 65, SO2: 36, CO: 55, O3: 20}, PM25, Bad,
		},
		{"V25", Daily{PM25: none, PM10: none, NO2: 60, O3: 100, SO2: none, CO: none, O38Hour: none}, nil, 0, 0},
	} {
		x, ok := v.day.Index()
		if ok != (v.main != 0) || x.Main != v.main {
			t.Errorf("%s: the index is %d by %s (%v)", v.id, x.Value, x.Main, ok)
			continue
		}
		for _, p := range Pollutants() {
			got, has := x.Sub(p)
			want, wanted := v.subs[p]
			if has != wanted || has && Round(got) != want {
				t.Errorf("%s: %s has %v (%v), want %d (%v)", v.id, p, got, has, want, wanted)
			}
		}
		if ok && (x.Value != v.subs[v.main] || x.Band() != v.band) {
			t.Errorf("%s: the index is %d, %s", v.id, x.Value, x.Band())
		}
	}
}

// V7 is the Decision's example of ozone: 31 hours from 18:00 of the day before.
func TestVectorOzoneDay(t *testing.T) {
	t.Parallel()
	list := hours(t, `15.7 14.2 17.7 18.9 19.3 15.7 19.7 22.6 27.1 29.0 31.9 25.3 34.7 35.2 41.6 45.7
		49.2 55.8 69.6 78.3 91.5 97.7 81.2 71.8 43.5 34.3 21.5 20.5 19.4 20.4 21.3`)
	if len(list) != 31 {
		t.Fatalf("%d hours", len(list))
	}
	var running []float64
	for i := 7; i < len(list); i++ {
		mean, ok := Mean(list[i-7:i+1], 8)
		if !ok {
			t.Fatalf("no mean of the hours %d to %d", i-7, i)
		}
		running = append(running, mean)
	}
	highest, hour := 0.0, 0
	for i, m := range running {
		if m > highest {
			highest, hour = m, i+1
		}
	}
	if len(running) != 24 || math.Abs(running[0]-17.975) > 1e-9 || math.Abs(highest-74.3875) > 1e-9 || hour != 17 {
		t.Errorf("%d running means, the first %v, the highest %v at %d:00", len(running), running[0], highest, hour)
	}
	day := NoDaily()
	day.PM25, day.O3, day.O38Hour = 0, 97.7, highest
	x, ok := day.Index()
	if v, _ := x.Sub(O3); !ok || math.Abs(v-37.19375) > 1e-9 || x.Value != 37 {
		t.Errorf("ozone has %v, the index is %d", v, x.Value)
	}
	eight, _ := SubIndex(ColumnO38Hour, highest)
	one, _ := SubIndex(ColumnO3Hour, 97.7)
	if math.Abs(eight-37.19375) > 1e-9 || math.Abs(one-30.53125) > 1e-9 {
		t.Errorf("8 hours give %v, one gives %v", eight, one)
	}
}
