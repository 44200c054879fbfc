package simulator

import (
	"math"

	"phusong/telemetry"
)

// Air is what is really in the air at a place: the true input of an air quality
// index, before any instrument erred. All in µg/m³.
type Air struct {
	PM25 float64 `json:"pm25"`
	PM10 float64 `json:"pm10"`
	NO2  float64 `json:"no2"`
	SO2  float64 `json:"so2"`
	CO   float64 `json:"co"`
	O3   float64 `json:"o3"`
}

// traffic is 0 in the dead of night and about 1 in the rush hours.
func traffic(ms int64) float64 {
	h := hourOfDay(ms)
	t := 0.08 + 0.45*bump(h, 13, 6) + 0.75*bump(h, 7, 1.6) + 0.85*bump(h, 17.5, 2)
	if weekday(ms) == 6 {
		t *= 0.7
	}
	return min(t, 1.2)
}

// air mixes what the season brings, what the traffic adds, and what weather does
// to both: rain washes, wind thins, an inversion keeps.
func (w *World) air(at vec, urban float64, x *weather, ms int64) Air {
	seed := w.options.Seed
	days := float64(ms) / float64(day)
	regional := math.Exp(0.45*wave1(key(seed, forPollution, 1), days/3) + 0.25*wave2(key(seed, forPollution, 2), at.x/12_000, at.y/12_000))
	mixing := (1 + 1.1*x.inversion) * (1 - 0.55*min(x.rain/8, 1)) / (0.75 + 0.12*x.wind)
	cars := traffic(ms) * (0.35 + 0.65*urban)
	flicker := 1 + 0.06*wave1(key(seed, forPollution, 3)+math.Float64bits(at.x), float64(ms)/float64(10*minute))

	var smoke float64
	for _, e := range w.effects.air {
		if e.Do == "smoke" && e.active(ms) {
			smoke += e.PM25 * e.swell(ms) * e.inDisc(at)
		}
	}
	fine := (13 + 19*dryness(ms) + 10*cars) * regional * mixing * flicker
	coarse := (9 + 14*dryness(ms)*(1-min(x.rain, 1)) + 9*cars) * mixing * flicker
	ozone := 28 + 95*x.sun*(0.7+0.3*regional) - 14*cars
	return Air{
		PM25: max(fine, 1) + smoke,
		PM10: max(fine+coarse, 2) + 1.2*smoke,
		NO2:  max((9+34*cars)*mixing*flicker, 1),
		SO2:  max((5+7*urban+4*cars)*mixing, 0.5),
		CO:   max((350+900*cars)*mixing, 100) + 9*smoke,
		O3:   max(ozone, 4),
	}
}

// noise returns the true equivalent level at a site in dB(A): energies of the background, the
// street, people and rain. Ten times the cars or people are 10 dB more. Schools and hospitals stand
// back from the street and are calm inside, so that they keep their stricter limit on plain days.
func (w *World) noise(s *site, x *weather, ms int64) float64 {
	energy := func(level float64) float64 { return math.Pow(10, level/10) }
	street, people := 48+6*s.urban, 25.0
	if s.Category == telemetry.School || s.Category == telemetry.Hospital {
		street, people = street-8, people-6
	}
	return 10 * math.Log10(energy(33+3*s.urban)+traffic(ms)*energy(street)+w.people(s, ms)*energy(people)+energy(26+3*min(math.Sqrt(x.rain), 5)))
}

// urban is 1 in the densest town and 0 in an empty field.
func (w *World) urban(at vec) float64 {
	var density float64
	for i := range w.communes {
		c := &w.communes[i]
		d := at.distance(c.at) / (0.6 * c.radius)
		if d < 3 {
			density = max(density, float64(c.Population)/c.SizeKm2*math.Exp(-d*d/2))
		}
	}
	return clamp(density/2000, 0, 1)
}

// waterLevel returns metres above the zero of a gauge on the Vàm Cỏ rivers: the
// season, half-daily tide that fades upstream, and the rain of the last days.
func (w *World) waterLevel(at vec, ms int64) float64 {
	const lunarHalfDay = 12.4206 * float64(hour)
	north := clamp((at.y+55_000)/110_000, 0, 1) // 0 at the estuary
	t := float64(ms)
	tide := math.Cos(2 * math.Pi * t / lunarHalfDay)
	spring := 0.8 + 0.2*math.Cos(2*math.Pi*t/(14.765*float64(day)))
	var flood float64
	for _, e := range w.effects.air {
		if e.Do == "flood" && e.active(ms) {
			flood += e.RiseM * e.swell(ms) * e.inDisc(at)
		}
	}
	return 1.1 + 0.5*yearly(ms, 10.5) + 0.85*(1-0.8*north)*tide*spring + 0.012*w.recentRain(at, ms) + flood
}
