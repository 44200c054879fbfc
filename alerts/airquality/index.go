package airquality

import "math"

// A Column is a column of the table of breakpoints: ozone has two.
type Column uint8

// The columns.
const (
	ColumnPM25 Column = iota
	ColumnPM10
	ColumnNO2
	ColumnSO2
	ColumnCO
	ColumnO3Hour  // the mean of one hour
	ColumnO38Hour // the mean of eight
	columns
)

// MaxIndex is the highest value of the index.
const MaxIndex = 500

// levels are the values of the index at the rows of the table (Decision 1459, table 2).
var levels = [...]float64{0, 50, 100, 150, 200, 300, 400, 500}

// breakpoints are the concentrations in µg/m³ at which the index takes the value of
// the row. Neighbouring segments share their end: there is no gap between 25 and
// 25.1 as in the table of the United States. The 8-hour column of ozone ends at 400.
var breakpoints = [columns][]float64{
	ColumnPM25:    {0, 25, 50, 80, 150, 250, 350, 500},
	ColumnPM10:    {0, 50, 150, 250, 350, 420, 500, 600},
	ColumnNO2:     {0, 100, 200, 700, 1200, 2350, 3100, 3850},
	ColumnSO2:     {0, 125, 350, 550, 800, 1600, 2100, 2630},
	ColumnCO:      {0, 10_000, 30_000, 45_000, 60_000, 90_000, 120_000, 150_000},
	ColumnO3Hour:  {0, 160, 200, 300, 400, 800, 1000, 1200},
	ColumnO38Hour: {0, 100, 120, 170, 210, 400},
}

// hourColumn is where the mean of one hour, or its NowCast, of a pollutant is looked up.
var hourColumn = [...]Column{PM25: ColumnPM25, PM10: ColumnPM10, NO2: ColumnNO2, SO2: ColumnSO2, CO: ColumnCO, O3: ColumnO3Hour}

// SubIndex returns the index of one concentration in µg/m³, not rounded:
// I = (I₂−I₁)/(C₂−C₁)·(C−C₁)+I₁ on the segment that holds C, and 500 above the
// table. It is false for a negative or impossible concentration, and for 8-hour
// ozone above 400, which the Decision says to leave out.
func SubIndex(column Column, ugm3 float64) (index float64, ok bool) {
	if column >= columns || !(ugm3 >= 0) || math.IsInf(ugm3, 1) {
		return 0, false
	}
	table := breakpoints[column]
	for i := 1; i < len(table); i++ {
		if ugm3 <= table[i] {
			return (levels[i]-levels[i-1])/(table[i]-table[i-1])*(ugm3-table[i-1]) + levels[i-1], true
		}
	}
	if column == ColumnO38Hour {
		return 0, false
	}
	return MaxIndex, true
}

// Round returns the whole number that is published: half goes up. The Decision does
// not say how to round; this fits all its examples but one, which contradicts the
// Decision itself. 109.4999999999 is 109.5 in floating point, and goes up too.
func Round(index float64) int {
	const slack = 1e-9
	return int(math.Floor(index + 0.5 + slack))
}

// A Sub is the index of one pollutant.
type Sub struct {
	Pollutant Pollutant
	Index     float64 // not rounded
}

// An Index is a VN_AQI.
type Index struct {
	// Value is from 0 to 500.
	Value int
	// Main is the pollutant with the highest sub-index, which makes the Value.
	// Of equals it is the first in the order of [Pollutants].
	Main Pollutant
	// subs holds the sub-indices; NaN for a pollutant that was not there.
	subs [len(pollutants)]float64
}

// Sub returns the sub-index of one pollutant, not rounded.
func (x *Index) Sub(p Pollutant) (float64, bool) {
	if p == 0 || int(p) >= len(x.subs) || math.IsNaN(x.subs[p]) {
		return 0, false
	}
	return x.subs[p], true
}

// Subs returns the sub-indices that there are, in the order of [Pollutants].
func (x *Index) Subs() []Sub {
	var found []Sub
	for _, p := range Pollutants() {
		if v, ok := x.Sub(p); ok {
			found = append(found, Sub{Pollutant: p, Index: v})
		}
	}
	return found
}

// Band returns the band of the value.
func (x *Index) Band() Band { return BandOf(x.Value) }

// NoValue stands for a mean that there is none of.
func NoValue() float64 { return math.NaN() }

// Hourly holds what the index of one hour is made of, in µg/m³; [NoValue] for what
// is not there. The zero Hourly holds zeros: begin with [NoHourly].
type Hourly struct {
	// PM25 and PM10 are the NowCast of the last twelve hours: see [NowCast].
	PM25, PM10 float64
	// The gases are the mean of the hour.
	NO2, SO2, CO, O3 float64
}

// NoHourly returns an Hourly without any value.
func NoHourly() Hourly {
	n := NoValue()
	return Hourly{PM25: n, PM10: n, NO2: n, SO2: n, CO: n, O3: n}
}

// Index returns the VN_AQI of the hour. It is false without both PM2.5 and PM10:
// the Decision gives no index then.
func (h *Hourly) Index() (Index, bool) {
	x := noIndex()
	for p, c := range map6(h.PM25, h.PM10, h.NO2, h.SO2, h.CO, h.O3) {
		x.take(Pollutant(p), hourColumn[p], c)
	}
	return x, x.settle()
}

// Daily holds what the index of one day is made of, in µg/m³; [NoValue] for what is
// not there. Begin with [NoDaily]. A day is the hours that end at 01:00 to 24:00.
type Daily struct {
	// PM25 and PM10 are the mean of the day.
	PM25, PM10 float64
	// NO2, SO2, CO and O3 are the largest mean of one hour.
	NO2, SO2, CO, O3 float64
	// O38Hour is the largest of the 24 running means of eight hours; the first of
	// them begins on the day before.
	O38Hour float64
}

// NoDaily returns a Daily without any value.
func NoDaily() Daily {
	n := NoValue()
	return Daily{PM25: n, PM10: n, NO2: n, SO2: n, CO: n, O3: n, O38Hour: n}
}

// Index returns the VN_AQI of the day. It is false without both PM2.5 and PM10.
func (d *Daily) Index() (Index, bool) {
	x := noIndex()
	for p, c := range map6(d.PM25, d.PM10, d.NO2, d.SO2, d.CO, d.O3) {
		x.take(Pollutant(p), hourColumn[p], c)
	}
	x.take(O3, ColumnO38Hour, d.O38Hour)
	return x, x.settle()
}

// map6 lines concentrations up under their pollutants; the entry of none is empty.
func map6(pm25, pm10, no2, so2, co, o3 float64) [len(pollutants)]float64 {
	return [...]float64{0: NoValue(), PM25: pm25, PM10: pm10, NO2: no2, SO2: so2, CO: co, O3: o3}
}

func noIndex() (x Index) {
	for i := range x.subs {
		x.subs[i] = NoValue()
	}
	return x
}

// take enters the sub-index of a concentration; of two the larger stays.
func (x *Index) take(p Pollutant, column Column, ugm3 float64) {
	if p == 0 {
		return
	}
	if v, ok := SubIndex(column, ugm3); ok && !(v <= x.subs[p]) {
		x.subs[p] = v
	}
}

// settle finds the highest, and says whether dust was among them.
func (x *Index) settle() bool {
	highest := -1.0
	for _, p := range Pollutants() {
		if v := x.subs[p]; v > highest {
			highest, x.Main = v, p
		}
	}
	_, fine := x.Sub(PM25)
	_, coarse := x.Sub(PM10)
	if !fine && !coarse {
		*x = noIndex()
		return false
	}
	x.Value = Round(highest)
	return true
}
