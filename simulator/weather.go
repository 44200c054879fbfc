package simulator

import "math"

// weather is the state of the air at one place and instant, before any
// instrument looked at it.
type weather struct {
	temperature float64 // °C
	humidity    float64 // %
	pressure    float64 // hPa
	rain        float64 // mm/h
	wind        float64 // m/s
	uv          float64 // UV index
	sun         float64 // 0 at night to 1 under a clear sky at noon
	inversion   float64 // 0 to 1: how firmly a lid of warm air holds the smoke down
}

// weather follows the climate of the South: hot the whole year, wet from May to
// October with storms in the afternoon, dry with still nights from December on.
func (w *World) weather(at vec, ms int64) weather {
	seed := w.options.Seed
	days := float64(ms) / float64(day)
	slow := wave1(key(seed, forWeather, 0), days/4)
	local := wave2(key(seed, forWeather, 1), at.x/20_000, at.y/20_000)
	rain := w.rain(at, ms)
	cloud := clamp(0.35-0.3*dryness(ms)+0.3*wave1(key(seed, forWeather, 2), days*3)+min(rain, 5)*0.1, 0, 0.95)
	sun := max(0, daily(ms, 12)-0.05) / 0.95 * (1 - 0.75*cloud)

	x := weather{rain: rain, sun: sun}
	x.temperature = 27.4 + 1.4*yearly(ms, 4.5) + 4.6*daily(ms, 14)*(1-0.4*cloud) + 1.2*slow + 0.5*local - 3.5*min(rain/10, 1)
	x.humidity = clamp(76-3.6*(x.temperature-27.4)-8*dryness(ms)+5*slow+20*min(rain/5, 1), 30, 100)
	x.pressure = 1009.5 + 1.6*math.Cos(4*math.Pi*(hourOfDay(ms)-10)/24) + 1.5*yearly(ms, 1.5) + 2*slow
	x.wind = max(0.1, 1.6+1.4*max(0, daily(ms, 15))+0.8*wave1(key(seed, forWeather, 3), days*24)+0.35*min(rain, 20))
	x.uv = 12 * math.Pow(sun, 1.3)
	x.inversion = w.inversion(ms)
	return x
}

// dryness is 1 in the middle of the dry season and 0 in that of the wet one.
func dryness(ms int64) float64 { return 0.5 + 0.5*yearly(ms, 2.0) }

// inversion is strongest before sunrise on some nights of the dry season.
func (w *World) inversion(ms int64) float64 {
	night := localDay(ms + 12*hour)
	strength := unit(key(w.options.Seed, forPollution, uint64(night))) * (0.3 + 0.7*dryness(ms))
	return clamp(2*strength-0.7, 0, 1) * bump(hourOfDay(ms), 4, 4.5)
}

// stormGrid is the size of the squares that have at most one storm a day.
const stormGrid = 15_000.0

// A storm is one afternoon's cloudburst.
type storm struct {
	center   vec
	radius   float64 // metres, one deviation of a bell
	from, to int64
	peak     float64 // mm/h
}

// stormIn draws the storm of one square on one day.
func (w *World) stormIn(i, j, d int64, perDay float64) (storm, bool) {
	h := key2(w.options.Seed, forRain, uint64(d), uint64(i)<<32^uint64(uint32(j)))
	if !chance(h, perDay) {
		return storm{}, false
	}
	from := dayStart(d) + 12*hour
	a, b, c := mix(h), mix(h+1), mix(h+2)
	from += int64(between(a, 0, 8) * float64(hour))
	length := int64(between(mix(a), 0.5, 2.5) * float64(hour))
	share := unit(b)
	return storm{
		center: vec{(float64(i) + unit(c)) * stormGrid, (float64(j) + unit(mix(c))) * stormGrid},
		radius: between(mix(b), 3000, 7000),
		from:   from,
		to:     from + length,
		peak:   5 + 60*share*share,
	}, true
}

// storms calls visit with the storms that can reach the place on a day.
func (w *World) storms(at vec, d int64, visit func(*storm)) {
	perDay := 0.42 * (1 - dryness(dayStart(d)))
	if perDay < 0.01 {
		return // in the depth of the dry season nobody needs to look
	}
	i, j := int64(math.Floor(at.x/stormGrid)), int64(math.Floor(at.y/stormGrid))
	for di := int64(-1); di <= 1; di++ {
		for dj := int64(-1); dj <= 1; dj++ {
			if s, ok := w.stormIn(i+di, j+dj, d, perDay); ok {
				visit(&s)
			}
		}
	}
}

// rain returns mm/h.
func (w *World) rain(at vec, ms int64) float64 {
	var sum float64
	for _, e := range w.effects.air {
		if e.Do == "rain" && e.active(ms) {
			sum += e.MmPerH * e.swell(ms) * e.inDisc(at)
		}
	}
	if hourOfDay(ms) < 12 {
		return sum // no storm begins before noon or outlives midnight: see stormIn
	}
	w.storms(at, localDay(ms), func(s *storm) {
		if ms >= s.from && ms < s.to {
			phase := float64(ms-s.from) / float64(s.to-s.from)
			rise := math.Sin(math.Pi * phase)
			sum += s.peak * rise * rise * s.reach(at)
		}
	})
	if sum < 0.05 {
		return 0
	}
	return sum
}

// reach is the share of the storm's intensity that falls at a place.
func (s *storm) reach(at vec) float64 {
	d := at.distance(s.center) / s.radius
	return math.Exp(-d * d / 2)
}

// total is what falls at a place over the whole storm, in mm.
func (s *storm) total(at vec) float64 {
	return s.peak / 2 * float64(s.to-s.from) / float64(hour) * s.reach(at)
}

// recentRain is the rain of the last four days at a place in mm, fading as it runs off.
func (w *World) recentRain(at vec, ms int64) float64 {
	var sum float64
	today := localDay(ms)
	for back := range int64(4) {
		w.storms(at, today-back, func(s *storm) {
			if age := ms - s.to; age > 0 {
				sum += s.total(at) * math.Exp(-float64(age)/float64(36*hour)) * min(1, float64(age)/float64(3*hour))
			}
		})
	}
	return sum
}
