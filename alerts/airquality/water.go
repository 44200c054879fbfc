package airquality

import (
	"fmt"
	"math"
)

// A WaterAlarm is the level of alarm of a river: báo động I to III.
type WaterAlarm uint8

// WaterLevels are the alarm levels of one gauge in metres above its zero; 0 and less is
// none. They are set by the authorities gauge by gauge (for the national network by
// Decision 05/2020/QĐ-TTg), so there are no defaults. RiseMPerH is how fast the water
// may rise before it is a matter of its own, in metres an hour.
type WaterLevels struct {
	Alarm     [3]float64
	RiseMPerH float64
}

// Validate says what is wrong with the levels.
func (l *WaterLevels) Validate() error {
	last := math.Inf(-1)
	for i, m := range l.Alarm {
		if math.IsNaN(m) || math.IsInf(m, 0) || m > 0 && m <= last {
			return fmt.Errorf("water alarm %d is at %v m, alarm %d at %v m: each must be above the one before", i+1, m, i, last)
		}
		if m > 0 {
			last = m
		}
	}
	if !(l.RiseMPerH >= 0) {
		return fmt.Errorf("a rise of %v m/h cannot be a limit; write a positive number, or 0 for none", l.RiseMPerH)
	}
	return nil
}

// At returns the highest alarm whose level the water has reached; 0 for none.
func (l *WaterLevels) At(levelM float64) WaterAlarm {
	var a WaterAlarm
	for i, m := range l.Alarm {
		if m > 0 && levelM >= m {
			a = WaterAlarm(i + 1)
		}
	}
	return a
}

// Fast reports whether the water rises faster than it may.
func (l *WaterLevels) Fast(riseMPerH float64) bool {
	return l.RiseMPerH > 0 && riseMPerH >= l.RiseMPerH
}

// Name returns what the alarm is called.
func (a WaterAlarm) Name() Text {
	if a < 1 || a > 3 {
		return Text{"Dưới báo động", "Below alarm"}
	}
	n := "III"[:a]
	return Text{"Báo động " + n, "Alarm " + n}
}

// Slope returns the least-squares slope of values over hours, for instance a rate of
// rise in m/h. It is false with fewer than two distinct hours.
func Slope(hours, values []float64) (perHour float64, ok bool) {
	n := float64(len(hours))
	if len(hours) < 2 || len(hours) != len(values) {
		return 0, false
	}
	var meanT, meanV float64
	for i := range hours {
		meanT += hours[i] / n
		meanV += values[i] / n
	}
	var tt, tv float64
	for i := range hours {
		d := hours[i] - meanT
		tt += d * d
		tv += d * (values[i] - meanV)
	}
	if tt <= 0 {
		return 0, false
	}
	return tv / tt, true
}

// A RainClass is a class of rain by its amount in 24 hours.
type RainClass uint8

// The rain classes of Vietnamese weather forecasts.
const (
	NoRain RainClass = iota
	LightRain
	ModerateRain
	HeavyRain
	VeryHeavyRain
)

var rainClasses = [...]struct {
	label string
	name  Text
}{
	NoRain:        {"none", Text{"Không mưa", "No rain"}},
	LightRain:     {"light", Text{"Mưa nhỏ", "Light rain"}},
	ModerateRain:  {"moderate", Text{"Mưa vừa", "Moderate rain"}},
	HeavyRain:     {"heavy", Text{"Mưa to", "Heavy rain"}},
	VeryHeavyRain: {"very_heavy", Text{"Mưa rất to", "Very heavy rain"}},
}

// RainClassOf returns the class of an amount of rain in mm over 24 hours: moderate from
// 16, heavy above 50, very heavy above 100.
func RainClassOf(mm24h float64) RainClass {
	switch {
	case mm24h > 100:
		return VeryHeavyRain
	case mm24h > 50:
		return HeavyRain
	case mm24h >= 16:
		return ModerateRain
	case mm24h > 0:
		return LightRain
	}
	return NoRain
}

// String returns the class's name for labels.
func (c RainClass) String() string {
	if int(c) < len(rainClasses) {
		return rainClasses[c].label
	}
	return ""
}

// Name returns what the class is called.
func (c RainClass) Name() Text {
	if int(c) < len(rainClasses) {
		return rainClasses[c].name
	}
	return Text{}
}
