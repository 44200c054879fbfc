package main

import (
	"fmt"
	"math"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/dashboards/reports"
)

// A sensorPeriod is what is added up of one sensor over a period.
type sensorPeriod struct {
	environment.Station
	heard           int // on how many days
	bands           []int
	mains           map[airquality.Pollutant]int
	worst           int // the highest index of a day, -1 for none
	worstDay        time.Time
	limitDays       int
	limits          map[airquality.Limit]*peak
	years           map[environment.Quantity]*mean
	noise           map[airquality.NoiseLimit]*peak
	heat            []int
	heatPeak        peak
	water           waterPeriod
	flags           map[sensorFlag]*flagged
	completeness    float64
	score           float64
	judged          int // days of which completeness and score are known
	noiseHours      int
	noiseAboveHours int
}

// A peak is how often something was measured, and above its limit, and the highest of it.
type peak struct {
	measured, above, days int
	highest               float64
	at                    time.Time
}

func (p *peak) take(v float64, at time.Time) {
	if p.measured == 0 || v > p.highest {
		p.highest, p.at = v, at
	}
	p.measured++
}

type mean struct {
	sum float64
	n   int
}

type sensorFlag struct {
	quantity environment.Quantity
	flag     environment.Flags
}

type flagged struct{ hours, values int }

func newSensorPeriod(s *environment.Station) *sensorPeriod {
	return &sensorPeriod{
		Station: *s, worst: -1, bands: make([]int, len(airquality.Bands())), heat: make([]int, airquality.HeatExtremeDanger+1),
		mains: make(map[airquality.Pollutant]int), limits: make(map[airquality.Limit]*peak), years: make(map[environment.Quantity]*mean),
		noise: make(map[airquality.NoiseLimit]*peak), flags: make(map[sensorFlag]*flagged), water: waterPeriod{levels: s.Water},
	}
}

// addDay takes the index of a day, and the limits that means of it were above.
func (s *sensorPeriod) addDay(d *environment.Day) {
	s.heard++
	if d.Indexed {
		s.bands[d.Index.Band()-airquality.Good]++
		s.mains[d.Index.Main]++
		if d.Index.Value > s.worst {
			s.worst, s.worstDay = d.Index.Value, d.Start
		}
	}
	if len(d.Exceeded) > 0 {
		s.limitDays++
	}
	for i := range d.Exceeded {
		x := &d.Exceeded[i]
		p := at(s.limits, x.Limit)
		p.days++
		p.above += x.Times
		p.take(x.Highest, x.At)
	}
}

// at returns the entry of a map, a new one if need be.
func at[K comparable, V any](m map[K]*V, key K) *V {
	if m[key] == nil {
		m[key] = new(V)
	}
	return m[key]
}

// addHour takes what the hours of a day are asked for: noise, heat, flags and yearly means.
func (s *sensorPeriod) addHour(h *environment.Hour, limits airquality.NoiseLimits) {
	if limit, ok := limits.On(s.Zone, h.Start); ok && h.Enough[environment.Noise] {
		level := h.Tallies[environment.Noise].Mean
		p := at(s.noise, limit)
		p.take(level, h.Start)
		s.noiseHours++
		if level > limit.DBA {
			p.above++
			s.noiseAboveHours++
		}
	}
	if h.Enough[environment.Temperature] && h.Enough[environment.Humidity] {
		if c, ok := airquality.HeatIndex(h.Tallies[environment.Temperature].Mean, h.Tallies[environment.Humidity].Mean); ok {
			s.heat[airquality.HeatBandOf(c)]++
			s.heatPeak.take(c, h.Start)
		}
	}
	for q := range yearly {
		if h.Enough[q] {
			m := at(s.years, q)
			m.sum += h.Tallies[q].Mean
			m.n++
		}
	}
	for _, q := range environment.Quantities() {
		s.addFlags(q, &h.Tallies[q])
	}
}

// addFlags counts each flag of an hour, and its values by the gravest.
func (s *sensorPeriod) addFlags(q environment.Quantity, t *environment.Tally) {
	values := t.Flagged
	if t.Flags.Has(environment.Drift | environment.Unit) {
		values += t.N // the whole quantity is not used
	}
	for _, f := range environment.AllFlags() {
		if !t.Flags.Has(f) {
			continue
		}
		n := at(s.flags, sensorFlag{q, f})
		n.hours++
		if f == t.Flags.Gravest() {
			n.values += values
		}
	}
}

// yearly are the quantities that have a limit for the mean of a year.
var yearly = map[environment.Quantity]airquality.Pollutant{
	environment.PM25: airquality.PM25, environment.PM10: airquality.PM10, environment.NO2: airquality.NO2, environment.SO2: airquality.SO2,
}

// write writes the rows of the sensor.
func (s *sensorPeriod) write(e *environmentPeriod, r *reports.Environment) {
	who := reports.Sensor{ID: string(s.Device), Place: e.q.place(s.Area), At: s.At, Reference: s.Reference}
	if s.Reference {
		r.References++
	}
	if s.heard > 0 {
		r.Heard++
	}
	row := reports.EnvironmentSensor{
		Sensor: who, Days: int(e.q.to-e.q.from) + 1, DaysHeard: s.heard, AirDays: s.bands, Main: mainOf(s.mains), Worst: s.worst,
		LimitDays: s.limitDays, Completeness: math.NaN(), Score: math.NaN(),
	}
	if s.worst >= 0 {
		row.WorstDay = s.worstDay.Format(time.DateOnly)
	}
	if s.judged > 0 {
		row.Completeness, row.Score = s.completeness/float64(s.judged), s.score/float64(s.judged)
	}
	r.Sensors = append(r.Sensors, row)
	s.writeLimits(who, e.to, r)
	for limit, p := range s.noise {
		hours := fmt.Sprintf("%02d-%02d", limit.FromHour, limit.ToHour)
		r.Noise = append(r.Noise, reports.EnvironmentNoise{
			Sensor: who, Zone: zoneName(limit.Zone), Hours: reports.Name{Key: hours, Text: reports.Words{Vi: hours + " giờ", En: hours + " h"}},
			LimitDBA: limit.DBA, Basis: limit.Basis, Replaced: limit.Replaced, HoursMeasured: p.measured, Above: p.above, HighestDBA: p.highest, At: instantText(p.at),
		})
	}
	if s.heatPeak.measured > 0 {
		r.Heat = append(r.Heat, reports.EnvironmentHeat{Sensor: who, Hours: s.heatPeak.measured, ByBand: s.heat, HighestC: s.heatPeak.highest, At: instantText(s.heatPeak.at)})
	}
	if s.water.measured {
		r.Water = append(r.Water, s.water.row(who))
	}
	for key, n := range s.flags {
		r.Flags = append(r.Flags, reports.EnvironmentFlag{
			Sensor: who, Quantity: key.quantity.String(), Flag: nameOf(key.flag.String(), key.flag.Name()), Hours: n.hours, Values: n.values,
		})
	}
}

// writeLimits writes the limits that were exceeded; that of a year only when the period has
// enough hours of one.
func (s *sensorPeriod) writeLimits(who reports.Sensor, to time.Time, r *reports.Environment) {
	row := func(l airquality.Limit) reports.EnvironmentLimit {
		return reports.EnvironmentLimit{
			Sensor: who, Pollutant: reports.Name{Key: l.Pollutant.String(), Text: reports.Words{Vi: l.Pollutant.Symbol(), En: l.Pollutant.Symbol()}},
			Period: periodName(l.Period), LimitUgm3: l.Ugm3, Basis: l.Basis,
		}
	}
	for limit, p := range s.limits {
		x := row(limit)
		x.Days, x.Times, x.HighestUgm3, x.At = p.days, p.above, p.highest, instantText(p.at)
		r.Limits = append(r.Limits, x)
	}
	_, needed := airquality.Year.Hours()
	for q, m := range s.years {
		limit, ok := airquality.LimitOn(yearly[q], airquality.Year, to.Add(-time.Second))
		if average := m.sum / float64(m.n); ok && m.n >= needed && average > limit.Ugm3 {
			x := row(limit)
			x.Times, x.HighestUgm3 = 1, average
			r.Limits = append(r.Limits, x)
		}
	}
}

var periodTexts = map[airquality.Period]reports.Words{
	airquality.Hour1: {Vi: "1 giờ", En: "1 hour"}, airquality.Hours8: {Vi: "8 giờ", En: "8 hours"},
	airquality.Hours24: {Vi: "24 giờ", En: "24 hours"}, airquality.Year: {Vi: "năm", En: "year"},
}

func periodName(p airquality.Period) reports.Name {
	return reports.Name{Key: p.String(), Text: periodTexts[p]}
}

func zoneName(z airquality.NoiseZone) reports.Name {
	words := reports.Words{Vi: "thông thường", En: "common"}
	if z == airquality.SpecialZone {
		words = reports.Words{Vi: "đặc biệt", En: "special"}
	}
	return reports.Name{Key: z.String(), Text: words}
}

// mainOf is the pollutant that most often was the main one; of equals the first.
func mainOf(days map[airquality.Pollutant]int) (main reports.Name) {
	most := 0
	for _, p := range airquality.Pollutants() {
		if days[p] > most {
			most = days[p]
			main = reports.Name{Key: p.String(), Text: reports.Words{Vi: p.Symbol(), En: p.Symbol()}}
		}
	}
	return main
}
