package main

import (
	"math"
	"strconv"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/dashboards/reports"
)

// A waterPeriod follows a gauge through a period by the facts that alarms are made from.
type waterPeriod struct {
	levels   airquality.WaterLevels
	measured bool
	highest  float64
	at       time.Time
	most     airquality.WaterAlarm // the highest that was reached
	alarm    airquality.WaterAlarm // the last that was known
	known    bool                  // the level is known now
	since    time.Time             // up to here all time is counted
	reached  [3]int
	lasted   [3]time.Duration // at each alarm and above
	fastest  float64
	rises    int
	risen    bool // the rise was ever known
	fast     bool
}

// look takes the facts of an instant. Time in which the level is not known is at no alarm.
func (w *waterPeriod) look(at time.Time, f environment.Facts) {
	if w.known {
		for i := range w.alarm {
			w.lasted[i] += at.Sub(w.since)
		}
	}
	w.since = at
	level, known := f.Get(environment.FactWaterLevel)
	if w.known = known; !known {
		return
	}
	if !w.measured || level > w.highest {
		w.measured, w.highest, w.at = true, level, at
	}
	alarm := w.levels.At(level)
	for i := w.alarm; i < alarm; i++ {
		w.reached[i]++
	}
	w.alarm, w.most = alarm, max(w.most, alarm)
	if rise, ok := f.Get(environment.FactWaterRise); ok && (!w.risen || rise > w.fastest) {
		w.risen, w.fastest = true, rise
	}
	fast, ok := f.Get(environment.FactFastRise)
	if ok && fast == 1 && !w.fast {
		w.rises++
	}
	w.fast = ok && fast == 1
}

func (w *waterPeriod) row(who reports.Sensor) reports.EnvironmentWater {
	row := reports.EnvironmentWater{
		Sensor: who, AlarmsM: w.levels.Alarm, HighestM: w.highest, At: instantText(w.at), Alarm: alarmName(w.most), Reached: w.reached,
		FastestMPerH: math.NaN(), FastRises: w.rises, RiseLimitMPerH: w.levels.RiseMPerH,
	}
	if w.risen {
		row.FastestMPerH = w.fastest
	}
	for i, d := range w.lasted {
		row.HoursAt[i] = d.Hours()
	}
	return row
}

func alarmName(a airquality.WaterAlarm) reports.Name {
	if a == 0 {
		return reports.Name{}
	}
	return nameOf(strconv.Itoa(int(a)), a.Name())
}

// An areaSum adds up the sensors of an area.
type areaSum struct {
	sums           reports.EnvironmentArea
	mains          map[airquality.Pollutant]int
	most           airquality.WaterAlarm
	complete, good float64
	judged         int
}

func newAreaSum() *areaSum {
	return &areaSum{sums: reports.EnvironmentArea{AirDays: make([]int, len(airquality.Bands()))}, mains: make(map[airquality.Pollutant]int)}
}

func (a *areaSum) add(s *sensorPeriod) {
	r := &a.sums
	r.Stations++
	if s.heard > 0 {
		r.Heard++
	}
	for b, n := range s.bands {
		r.AirDays[b] += n
		if !s.Reference {
			r.IndicativeDays += n
		}
	}
	for p, n := range s.mains {
		a.mains[p] += n
	}
	r.LimitDays += s.limitDays
	r.NoiseHours += s.noiseHours
	r.NoiseAbove += s.noiseAboveHours
	r.HeatHours += s.heatPeak.measured
	for b := airquality.HeatDanger; b <= airquality.HeatExtremeDanger; b++ {
		r.HeatDanger += s.heat[b]
	}
	a.most = max(a.most, s.water.most)
	if s.judged > 0 {
		a.complete += s.completeness / float64(s.judged)
		a.good += s.score / float64(s.judged)
		a.judged++
	}
}

func (a *areaSum) row(place reports.Place) reports.EnvironmentArea {
	r := a.sums
	r.Place, r.Main, r.WaterAlarm = place, mainOf(a.mains), alarmName(a.most)
	r.Completeness, r.Score = math.NaN(), math.NaN()
	if a.judged > 0 {
		r.Completeness, r.Score = a.complete/float64(a.judged), a.good/float64(a.judged)
	}
	return r
}
