package environment

import (
	"slices"
	"time"

	"phusong/alerts/airquality"
	"phusong/telemetry"
)

// live is the present of a station: what its facts are made of between two hours.
type live struct {
	last time.Time // event time of the newest live reading
	// recent are the last usable values of each quantity, the newest last; held counts
	// the readings in a row that leapt away from them, and leapt is the last of those.
	recent [quantities]ring
	held   [quantities]uint8
	leapt  [quantities]int32
	flags  Flags
}

// A ring is the last few values of a quantity.
type ring struct {
	v [besides]int32
	n uint8
}

func (r *ring) push(v int32) {
	if int(r.n) < len(r.v) {
		r.v[r.n] = v
		r.n++
		return
	}
	copy(r.v[:], r.v[1:])
	r.v[len(r.v)-1] = v
}

// patience is how many intervals may pass before a live value is not the present any more;
// leastPatience holds for fast sensors, and for those whose interval is not known.
const (
	patience      = 3
	leastPatience = 15 * time.Minute
)

// freshFor returns how long after its last reading a station's live facts hold.
func (s *station) freshFor() time.Duration {
	if n := s.perHour(); n > 0 {
		return max(leastPatience, time.Duration(patience*float64(time.Hour)/n))
	}
	return 2 * leastPatience
}

// present takes a live reading, which row holds, into the facts. It is false for one that is
// not newer than the last.
func (s *station) present(row []int32, r *telemetry.Reading, reading Flags) bool {
	l := &s.live
	if !r.Time.After(l.last) {
		return false
	}
	if r.Time.Sub(l.last) > s.freshFor() {
		l.recent, l.held = [quantities]ring{}, [quantities]uint8{} // the past is no yardstick any more
	}
	l.last, l.flags = r.Time, reading
	for c, q := range s.columns {
		if v := row[1+c]; v != absent {
			s.presentValue(q, v)
		}
	}
	if v, ok := r.Environment.BatteryV.Get(); ok && reading == 0 {
		s.setIf(FactBattery, v, !sentinel(v))
	}
	s.repeats(r.Time)
	s.derive(r.Time)
	return true
}

// presentValue takes one value. A value that leaps is held back until as many readings in a
// row as the quantity asks for agree with it.
func (s *station) presentValue(q Quantity, v int32) {
	l := &s.live
	if !usable(v) {
		l.flags |= 1 << (v - flagged)
		s.forget(Fact(q))
		return
	}
	if s.suspects[q].flag != 0 {
		l.flags |= s.suspects[q].flag
		s.forget(Fact(q))
		return
	}
	if s.leapsNow(q, v) {
		if l.held[q] > 0 && apart(l.leapt[q], v) {
			l.held[q] = 0
		}
		l.held[q]++
		l.leapt[q] = v
		if int(l.held[q]) < table[q].confirm {
			l.flags |= Spike
			s.forget(Fact(q))
			return
		}
		l.recent[q] = ring{} // it is the new level
	}
	l.held[q] = 0
	l.recent[q].push(v)
	s.set(Fact(q), decode(v))
}

// leapsNow compares a value with those before it.
func (s *station) leapsNow(q Quantity, v int32) bool {
	t, r := &table[q], &s.live.recent[q]
	if t.leap == 0 || r.n < leastAside {
		return false
	}
	var around [besides]float64
	for i := range r.n {
		around[i] = decode(r.v[i])
	}
	return excursion(t, decode(v), around[:r.n])
}

// apart reports whether two leaps do not confirm each other: one is more than half as
// much again as the other.
func apart(a, b int32) bool {
	x, y := max(abs(int64(a)), 1), max(abs(int64(b)), 1)
	return max(x, y)*2 > min(x, y)*3
}

// repeats forgets the facts of quantities that are stuck now.
func (s *station) repeats(t time.Time) {
	h := s.hour(hourOf(t))
	if h == nil || len(h.rows) == 0 {
		return
	}
	p := spot{h, h.count(s.stride()) - 1}
	before, ok := s.step(p, -1)
	if !ok {
		return
	}
	whole := s.alike(p, before, -1) && s.stuck(p, -1)
	for c, q := range s.columns {
		if whole || s.alike(p, before, c) && s.stuck(p, c) {
			s.live.flags |= Stuck
			s.forget(Fact(q))
		}
	}
}

// derive makes the facts that follow from others.
func (s *station) derive(t time.Time) {
	temperature, ok1 := s.facts.Get(FactTemperature)
	humidity, ok2 := s.facts.Get(FactHumidity)
	heat, ok := airquality.HeatIndex(temperature, humidity)
	ok = ok && ok1 && ok2
	s.setIf(FactHeatIndex, heat, ok)
	s.setIf(FactHeatBand, float64(airquality.HeatBandOf(heat)), ok)
	if s.column[WaterLevel] >= 0 {
		s.water(t)
	}
	if s.column[Rain] >= 0 {
		s.rain(t)
	}
	var suspicions Flags
	for q := range s.suspects {
		suspicions |= s.suspects[q].flag
	}
	s.set(FactFlags, float64(s.live.flags|suspicions))
}

// water makes the facts of a gauge. Of a level that is not trusted nothing follows.
func (s *station) water(t time.Time) {
	level, ok := s.facts.Get(FactWaterLevel)
	s.setIf(FactWaterAlarm, float64(s.Water.At(level)), ok)
	rise, known := s.rise(t)
	known = known && ok
	s.setIf(FactWaterRise, rise, known)
	fast := 0.0
	if s.Water.Fast(rise) {
		fast = 1
	}
	s.setIf(FactFastRise, fast, known && s.Water.RiseMPerH > 0)
}

// rise returns the slope of the water level over the hour up to t in m/h, from readings
// that span at least half of it.
func (s *station) rise(t time.Time) (float64, bool) {
	column := int(s.column[WaterLevel])
	var hours, levels []float64
	first, last := t, time.Time{}
	s.eachBack(t, time.Hour, func(p spot) {
		if v := s.value(p, column); usable(v) {
			at := time.UnixMilli(s.time(p))
			hours = append(hours, at.Sub(t).Hours())
			levels = append(levels, decode(v))
			if at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		}
	})
	if last.Sub(first) < 30*time.Minute {
		return 0, false
	}
	slices.Reverse(hours)
	slices.Reverse(levels)
	hours, levels = calm(hours, levels)
	return airquality.Slope(hours, levels)
}

// calm leaves out levels that leap away from the median of the others: one echo from a
// passing boat would turn the slope.
func calm(hours, levels []float64) (h, l []float64) {
	middle := median(slices.Clone(levels))
	off := make([]float64, len(levels))
	for i, v := range levels {
		off[i] = max(v-middle, middle-v)
	}
	most := max(table[WaterLevel].leap, 6*median(slices.Clone(off)))
	for i := range levels {
		if off[i] <= most {
			h, l = append(h, hours[i]), append(l, levels[i])
		}
	}
	return h, l
}

// rain sums what fell in the last 60 minutes, and in this hour and the 23 before it.
func (s *station) rain(t time.Time) {
	column := int(s.column[Rain])
	var lastHour int64
	some := false
	s.eachBack(t, time.Hour, func(p spot) {
		if v := s.value(p, column); usable(v) {
			lastHour += int64(v)
			some = true
		}
	})
	s.setIf(FactRain1h, float64(lastHour)/thousandths, some)
	var sum int64
	for n := hourOf(t); n > hourOf(t)-24; n-- {
		h := s.hour(n)
		if h == nil {
			continue
		}
		if tally, ok := h.of(s, Rain); ok && h.published && !h.dirty {
			sum += int64(encode(tally.Mean))
			some = some || tally.N > 0
			continue
		}
		for i := range h.count(s.stride()) {
			if v := s.value(spot{h, i}, column); usable(v) {
				sum += int64(v)
				some = true
			}
		}
	}
	s.setIf(FactRain24h, float64(sum)/thousandths, some)
}

// eachBack visits the readings of the time up to t, the newest first.
func (s *station) eachBack(t time.Time, span time.Duration, visit func(spot)) {
	from, to := t.Add(-span).UnixMilli(), t.UnixMilli()
	for n := hourOf(t); n >= hourOf(t.Add(-span)); n-- {
		h := s.hour(n)
		if h == nil {
			continue
		}
		for i := h.count(s.stride()) - 1; i >= 0; i-- {
			if ms := s.time(spot{h, i}); ms > from && ms <= to {
				visit(spot{h, i})
			}
		}
	}
}

// expire forgets the live facts of a station that has been silent.
func (s *station) expire(now time.Time) {
	if s.live.last.IsZero() || now.Sub(s.live.last) <= s.freshFor() {
		return
	}
	for x := FactPM25; x <= FactRain24h; x++ {
		s.forget(x)
	}
}
