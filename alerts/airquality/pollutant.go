package airquality

import "fmt"

// A Pollutant is one of the six that VN_AQI knows.
type Pollutant uint8

// The pollutants. The zero Pollutant is none of them.
const (
	PM25 Pollutant = iota + 1
	PM10
	NO2
	SO2
	CO
	O3
)

var pollutants = [...]struct {
	label, symbol string
	molarMass     float64 // g/mol; 0 for what is no gas
}{
	PM25: {label: "pm25", symbol: "PM2.5"},
	PM10: {label: "pm10", symbol: "PM10"},
	NO2:  {label: "no2", symbol: "NO₂", molarMass: 46.01},
	SO2:  {label: "so2", symbol: "SO₂", molarMass: 64.07},
	CO:   {label: "co", symbol: "CO", molarMass: 28.01},
	O3:   {label: "o3", symbol: "O₃", molarMass: 48.00},
}

// Pollutants returns all of them, in a fixed order.
func Pollutants() []Pollutant { return []Pollutant{PM25, PM10, NO2, SO2, CO, O3} }

// String returns the name for labels and tables: "pm25", "o3"; "" for none.
func (p Pollutant) String() string {
	if int(p) < len(pollutants) {
		return pollutants[p].label
	}
	return fmt.Sprintf("Pollutant(%d)", uint8(p))
}

// Symbol returns the name as people write it: "PM2.5", "O₃"; "" for none.
func (p Pollutant) Symbol() string {
	if int(p) < len(pollutants) {
		return pollutants[p].symbol
	}
	return ""
}

// Conditions are the temperature and pressure at which a volume of gas is meant.
type Conditions struct {
	TemperatureC float64
	PressureHPa  float64
}

// Standard returns the conditions to which QCVN 05:2023 refers: 25 °C and 760 mmHg.
func Standard() Conditions { return Conditions{TemperatureC: 25, PressureHPa: 1013.25} }

// gasConstant is R in J/(mol·K), exact since 2019.
const gasConstant = 8.31446261815324

// molarVolume is the volume of a mole of ideal gas in litres: 24.465 at Standard.
func (c Conditions) molarVolume() float64 {
	const zero = 273.15
	return gasConstant * (c.TemperatureC + zero) / c.PressureHPa * 10
}

// FromPPB converts a gas from parts per billion by volume to µg/m³ at the stated
// conditions: ppb · M / V with V = R·T/p. It is false for what is no gas, and for
// conditions that no place on Earth has. Limits and indices want [Standard].
func FromPPB(p Pollutant, ppb float64, at Conditions) (ugm3 float64, ok bool) {
	if int(p) >= len(pollutants) || pollutants[p].molarMass == 0 {
		return 0, false
	}
	if !(at.TemperatureC > -90 && at.TemperatureC < 70 && at.PressureHPa > 300 && at.PressureHPa < 1100) {
		return 0, false
	}
	return ppb * pollutants[p].molarMass / at.molarVolume(), true
}

// ToStandard converts a concentration that was measured at the stated conditions to
// that of the same air at [Standard], as QCVN 05:2023 asks for gases.
func ToStandard(ugm3 float64, at Conditions) float64 {
	return ugm3 * at.molarVolume() / Standard().molarVolume()
}
