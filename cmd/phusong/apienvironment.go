package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/dashboards/api"
	"phusong/telemetry"
)

// apiEnvironment gives the API what the environment sensors measured.
type apiEnvironment struct{ s *service }

func (e apiEnvironment) Stations() []api.Station {
	all := e.s.judgement.environment.Stations()
	list := make([]api.Station, len(all))
	for i := range all {
		list[i] = e.station(&all[i])
	}
	return list
}

func (e apiEnvironment) station(s *environment.Status) api.Station {
	v := api.Station{
		ID: s.Device, Site: s.Site, Area: s.Area, Lat: s.At.Lat, Lon: s.At.Lon, Registered: s.Registered, Reference: s.Reference,
		LastSeen: s.LastSeen, Quantities: []string{}, Hour: s.Hour, Facts: make(map[string]float64),
		Flags: splitNames(s.Flags.String()), Suspicions: []api.Suspicion{}, NoiseZone: s.Zone.String(), WaterM: []float64{},
	}
	if d, ok := e.s.judgement.engine.Device(s.Device); ok {
		v.Name = d.Device.Name
	}
	if s.Indexed {
		v.AirIndex = airIndexValue(&s.Index)
	}
	for _, q := range s.Quantities {
		v.Quantities = append(v.Quantities, q.String())
	}
	for _, f := range environment.AllFacts() {
		switch f {
		case environment.FactFlags, environment.FactMain, environment.FactBand, environment.FactAQI, environment.FactIndicative:
			continue // said in words
		}
		if x, ok := s.Facts.Get(f); ok {
			v.Facts[f.String()] = x
		}
	}
	for _, x := range s.Suspicions {
		v.Suspicions = append(v.Suspicions, api.Suspicion{Quantity: x.Quantity.String(), Flag: x.Flag.String(), Since: x.Since})
	}
	if s.Water.Alarm != [3]float64{} {
		v.WaterM = s.Water.Alarm[:]
	}
	return v
}

// splitNames splits names joined by commas; none are an empty list.
func splitNames(joined string) []string {
	if joined == "" {
		return []string{}
	}
	return strings.Split(joined, ",")
}

func airIndexValue(x *airquality.Index) api.AirIndex {
	v := api.AirIndex{Index: x.Value, Band: x.Band().String(), Main: x.Main.String(), Subs: make(map[string]float64)}
	for _, sub := range x.Subs() {
		v.Subs[sub.Pollutant.String()] = sub.Index
	}
	return v
}

// storyDays is how many days a station's story looks back.
const storyDays = 3

func (e apiEnvironment) Station(id telemetry.DeviceID) (api.StationStory, error) {
	book := e.s.judgement.environment
	s, ok := book.Station(id)
	if !ok {
		return api.StationStory{}, fmt.Errorf("no environment sensor %s has been heard: %w", id, api.ErrNotFound)
	}
	story := api.StationStory{Station: e.station(&s), Hours: hourValues(book.Hours(id, s.Hour.Add(-storyDays*24*time.Hour), s.Hour.Add(time.Hour))), Days: []api.StationDay{}}
	for n := range storyDays {
		if d, ok := book.Day(id, s.Hour.AddDate(0, 0, -n)); ok {
			story.Days = append(story.Days, dayValue(&d))
		}
	}
	return story, nil
}

// hourValues gives hours, oldest first, with the means of a day that end with each.
func hourValues(hours []environment.Hour) []api.StationHour {
	list := make([]api.StationHour, len(hours))
	for i := range hours {
		h := &hours[i]
		v := api.StationHour{Start: h.Start, Means: make(map[string]float64), NowCast: make(map[string]float64), Mean24h: make(map[string]float64), Flagged: make(map[string]int)}
		if h.Indexed {
			v.AirIndex = airIndexValue(&h.Index)
		}
		if h.Corrected {
			v.Was, v.Changed = h.Was, h.Changed
		}
		for _, q := range environment.Quantities() {
			if t := h.Tallies[q]; t.Flagged > 0 {
				v.Flagged[q.String()] = t.Flagged
			}
			if h.Enough[q] {
				v.Means[q.String()] = h.Tallies[q].Mean
			}
			if q <= environment.O3 {
				putNumber(v.Mean24h, q.String(), mean24h(hours[:i+1], q))
			}
		}
		putNumber(v.NowCast, airquality.PM25.String(), h.Inputs.PM25)
		putNumber(v.NowCast, airquality.PM10.String(), h.Inputs.PM10)
		list[i] = v
	}
	return list
}

// putNumber enters what is a number.
func putNumber(into map[string]float64, key string, v float64) {
	if !math.IsNaN(v) {
		into[key] = v
	}
}

// mean24h is the mean of the 24 hours that end with the last one.
func mean24h(hours []environment.Hour, q environment.Quantity) float64 {
	all, needed := airquality.Hours24.Hours()
	end := hours[len(hours)-1].Start
	var means []float64
	for i := len(hours) - 1; i >= 0 && end.Sub(hours[i].Start) < time.Duration(all)*time.Hour; i-- {
		if hours[i].Enough[q] {
			means = append(means, hours[i].Tallies[q].Mean)
		}
	}
	if v, ok := airquality.Mean(means, needed); ok {
		return v
	}
	return airquality.NoValue()
}

func dayValue(d *environment.Day) api.StationDay {
	v := api.StationDay{Day: d.Start.Format(time.DateOnly), RainMm: d.RainMm, DustHours: d.Hours[environment.PM25], Exceeded: []api.Exceedance{}, DayDBA: numberOrNil(d.DayLAeq), NightDBA: numberOrNil(d.NightLAeq)}
	if d.Indexed {
		v.AirIndex = airIndexValue(&d.Index)
	}
	for i := range d.Exceeded {
		x := &d.Exceeded[i]
		v.Exceeded = append(v.Exceeded, api.Exceedance{AirLimit: airLimitValue(&x.Limit), Highest: x.Highest, At: x.At, Times: x.Times})
	}
	return v
}

// numberOrNil returns nil for what is no number.
func numberOrNil(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

func airLimitValue(l *airquality.Limit) api.AirLimit {
	return api.AirLimit{Pollutant: l.Pollutant.String(), Period: l.Period.String(), Ugm3: l.Ugm3, Basis: l.Basis}
}

func textValue(t airquality.Text) api.Text { return api.Text{Vi: t.Vietnamese, En: t.English} }

func (apiEnvironment) Scale(at time.Time) api.Scale {
	s := api.Scale{Indicative: textValue(airquality.Indicative()), Flags: make(map[string]api.Text), Limits: []api.AirLimit{}, Noise: []api.NoiseLimit{}}
	for _, b := range airquality.Bands() {
		everyone, atRisk := b.Advice()
		s.Bands = append(s.Bands, api.AirBand{Band: b.String(), UpTo: b.UpTo(), Color: b.Color(), Name: textValue(b.Name()), Everyone: textValue(everyone), AtRisk: textValue(atRisk)})
	}
	for b := airquality.NoHeat; b <= airquality.HeatExtremeDanger; b++ {
		s.Heat = append(s.Heat, textValue(b.Name()))
	}
	for a := range airquality.WaterAlarm(4) {
		s.Water = append(s.Water, textValue(a.Name()))
	}
	for _, p := range airquality.Pollutants() {
		for period := airquality.Hour1; period <= airquality.Year; period++ {
			if l, ok := airquality.LimitOn(p, period, at); ok {
				s.Limits = append(s.Limits, airLimitValue(&l))
			}
		}
	}
	for _, l := range airquality.DefaultNoiseLimits() {
		if at.Before(l.From) || !l.Until.IsZero() && !at.Before(l.Until) {
			continue
		}
		s.Noise = append(s.Noise, api.NoiseLimit{Zone: l.Zone.String(), FromHour: l.FromHour, ToHour: l.ToHour, DBA: l.DBA, Basis: l.Basis, Replaced: l.Replaced})
	}
	for _, f := range environment.AllFlags() {
		s.Flags[f.String()] = textValue(f.Name())
	}
	return s
}
