package environment

import (
	"math"

	"phusong/alerts/airquality"
	"phusong/telemetry"
)

// A Quantity is something that a sensor measures and that is judged.
type Quantity uint8

// The quantities. Their order is part of the snapshot: append only.
const (
	PM25 Quantity = iota
	PM10
	NO2
	SO2
	CO
	O3
	Noise
	Temperature
	Humidity
	Pressure
	Rain
	WaterLevel
	Wind
	UV
	quantities

	// gases are the first quantities, those of the index; dust is one of them here.
	gases = O3 + 1
)

// A quantity is what is known of one: how it is read, and which values are plausible.
type quantity struct {
	field string // its name on the wire
	at    func(*telemetry.Environment) telemetry.Opt[float64]
	// low and high bound what can be outdoors in Việt Nam, both included. They are
	// narrower than the limits of the wire, which are those of any instrument.
	low, high float64
	// leap and double describe an excursion: how far, and by which multiple of its
	// surroundings, a reading must differ from those before and after it. 0: such a
	// reading is quite normal.
	leap, double float64
	// confirm is how many readings in a row must agree before a leap is believed live.
	confirm int
	// lively quantities never repeat to the last digit for hours.
	lively bool
	// still are values that may well be repeated: an instrument's end of scale, or zero.
	still func(v float64) bool
	// drifts says that it is compared with its neighbours; floor is added to both
	// sides, so that two small numbers are not far apart.
	drifts bool
	floor  float64
}

func zero(v float64) bool { return v == 0 }

var table = [quantities]quantity{
	PM25:        {field: "pm25_ugm3", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.PM25 }, high: 1_500, leap: 30, double: 1, confirm: 3, lively: true, drifts: true, floor: 3},
	PM10:        {field: "pm10_ugm3", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.PM10 }, high: 3_000, leap: 40, double: 1, confirm: 3, lively: true, drifts: true, floor: 5},
	NO2:         {field: "no2_ugm3", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.NO2 }, high: 4_000, leap: 60, double: 1, confirm: 3, lively: true, still: zero, drifts: true, floor: 5},
	SO2:         {field: "so2_ugm3", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.SO2 }, high: 8_000, leap: 80, double: 1, confirm: 3, lively: true, still: zero, drifts: true, floor: 5},
	CO:          {field: "co_ugm3", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.CO }, high: 150_000, leap: 2_000, double: 1, confirm: 3, lively: true, still: zero, drifts: true, floor: 100},
	O3:          {field: "o3_ugm3", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.O3 }, high: 1_200, leap: 80, double: 1, confirm: 3, lively: true, still: zero, drifts: true, floor: 10},
	Noise:       {field: "noise_dba", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.NoiseDBA }, low: 15, high: 140, lively: true},
	Temperature: {field: "temperature_c", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.TemperatureC }, low: -10, high: 50, leap: 5, confirm: 2, lively: true},
	Humidity:    {field: "humidity_pct", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.HumidityPct }, low: 1, high: 105, lively: true, still: func(v float64) bool { return v >= 99 }},
	Pressure:    {field: "pressure_hpa", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.PressureHPa }, low: 650, high: 1_070, leap: 10, confirm: 2, lively: true},
	Rain:        {field: "rain_mm", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.RainMm }, high: 250},
	WaterLevel:  {field: "water_level_m", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.WaterLevelM }, low: -50, high: 500, leap: 0.5, confirm: 2, lively: true},
	Wind:        {field: "wind_ms", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.WindMs }, high: 80, lively: true, still: zero},
	UV:          {field: "uv_index", at: func(e *telemetry.Environment) telemetry.Opt[float64] { return e.UVIndex }, high: 20, still: zero},
}

// Quantities returns all of them, in a fixed order.
func Quantities() []Quantity {
	all := make([]Quantity, quantities)
	for q := range all {
		all[q] = Quantity(q)
	}
	return all
}

// String returns the name that the quantity has on the wire: "pm25_ugm3".
func (q Quantity) String() string {
	if q < quantities {
		return table[q].field
	}
	return ""
}

// pollutant returns which of the pollutants q is; 0 for none.
func (q Quantity) pollutant() airquality.Pollutant {
	switch q {
	case PM25:
		return airquality.PM25
	case PM10:
		return airquality.PM10
	case NO2:
		return airquality.NO2
	case SO2:
		return airquality.SO2
	case CO:
		return airquality.CO
	case O3:
		return airquality.O3
	}
	return 0
}

// Values are kept in thousandths, as whole numbers: sums of whole numbers do not depend on
// the order in which they are made. What is no value says so in the same place.
const (
	thousandths = 1000
	absent      = math.MinInt32     // the reading does not have it
	flagged     = math.MinInt32 + 1 // plus the index of its flag
	least       = math.MinInt32 + 1 + 32
)

func usable(v int32) bool { return v >= least }

func encode(v float64) int32 { return int32(math.Round(v * thousandths)) }

func decode(v int32) float64 { return float64(v) / thousandths }

// read returns the value of q in a body as it is kept: with the first flag that the
// value has by itself, or that its reading has.
func (q Quantity) read(body *telemetry.Environment, reading Flags) int32 {
	v, ok := table[q].at(body).Get()
	if !ok {
		return absent
	}
	if f := q.check(v) | reading; f != 0 {
		return flagged + int32(f.first())
	}
	return encode(v)
}

// check returns what is wrong with a value by itself.
func (q Quantity) check(v float64) Flags {
	t := &table[q]
	switch {
	case sentinel(v):
		return Sentinel
	case v < 0 && t.low == 0:
		return Negative
	case !(v >= t.low && v <= t.high):
		return Range
	}
	return 0
}

// sentinel reports whether a number is one that loggers and sensors write for "no
// value": besides those of the wire, ends of the scales of 16-bit numbers.
func sentinel(v float64) bool {
	switch v {
	case 9_999, 99_999, 65_535, 6_553.5, 655.35, 32_767, 3_276.7, 327.67:
		return true
	}
	return telemetry.Sentinel(v)
}
