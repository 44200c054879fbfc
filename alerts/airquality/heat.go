package airquality

import "math"

// HeatIndex returns the temperature that the air feels like, in °C, from its temperature
// in °C and relative humidity in %: the regression of Rothfusz (US National Weather
// Service) with its two corrections, and the simple form where that gives less than
// 80 °F. It is false for a temperature or humidity that is not of this world.
func HeatIndex(temperatureC, humidityPct float64) (float64, bool) {
	if !(temperatureC > -60 && temperatureC < 70 && humidityPct >= 0 && humidityPct <= 105) {
		return 0, false
	}
	t, r := temperatureC*1.8+32, min(humidityPct, 100)
	return (heatIndexF(t, r) - 32) / 1.8, true
}

// heatIndexF is the heat index in °F.
func heatIndexF(t, r float64) float64 {
	simple := 0.5 * (t + 61 + 1.2*(t-68) + 0.094*r)
	if mean := (simple + t) / 2; mean < 80 {
		return mean
	}
	hi := -42.379 + 2.04901523*t + 10.14333127*r - 0.22475541*t*r -
		6.83783e-3*t*t - 5.481717e-2*r*r +
		1.22874e-3*t*t*r + 8.5282e-4*t*r*r - 1.99e-6*t*t*r*r
	switch {
	case r < 13 && t >= 80 && t <= 112:
		hi -= (13 - r) / 4 * math.Sqrt((17-math.Abs(t-95))/17)
	case r > 85 && t >= 80 && t <= 87:
		hi += (r - 85) / 10 * (87 - t) / 5
	}
	return hi
}

// A HeatBand says how much care a heat index asks for.
type HeatBand uint8

// The heat bands, cut at 27, 32, 41 and 54 °C as the national forecast centre does.
const (
	NoHeat HeatBand = iota
	HeatCaution
	HeatExtremeCaution
	HeatDanger
	HeatExtremeDanger
)

var heatBands = [...]struct {
	from  float64
	label string
	name  Text
}{
	NoHeat:             {math.Inf(-1), "none", Text{"Bình thường", "None"}},
	HeatCaution:        {27, "caution", Text{"Cẩn trọng", "Caution"}},
	HeatExtremeCaution: {32, "extreme_caution", Text{"Đặc biệt cẩn trọng", "Extreme caution"}},
	HeatDanger:         {41, "danger", Text{"Nguy hiểm", "Danger"}},
	HeatExtremeDanger:  {54, "extreme_danger", Text{"Đặc biệt nguy hiểm", "Extreme danger"}},
}

// HeatBandOf returns the band of a heat index in °C.
func HeatBandOf(heatIndexC float64) HeatBand {
	b := NoHeat
	for i := range heatBands {
		if heatIndexC >= heatBands[i].from {
			b = HeatBand(i)
		}
	}
	return b
}

// String returns the band's name for labels.
func (b HeatBand) String() string {
	if int(b) < len(heatBands) {
		return heatBands[b].label
	}
	return ""
}

// Name returns what the band is called.
func (b HeatBand) Name() Text {
	if int(b) < len(heatBands) {
		return heatBands[b].name
	}
	return Text{}
}
