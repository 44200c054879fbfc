package main

import (
	"phusong/alerts/environment"
	"phusong/dashboards"
	"phusong/telemetry"
)

func (r *alertRoom) metrics() dashboards.Judgement {
	return dashboards.Judgement{
		Alerts: func() []dashboards.AlertState {
			firing := r.engine.Alerts()
			list := make([]dashboards.AlertState, len(firing))
			for i := range firing {
				a := &firing[i]
				list[i] = dashboards.AlertState{Name: a.Name, Severity: a.Severity, Area: string(a.Place.Area), Told: a.Told}
				if a.Place.Kind.IsDevice() {
					list[i].Kind = a.Place.Kind.String()
				}
			}
			return list
		},
		Incidents: func() []dashboards.IncidentState {
			open, _ := r.engine.Incidents()
			list := make([]dashboards.IncidentState, len(open))
			for i := range open {
				list[i] = dashboards.IncidentState{Cause: string(open[i].Cause), Area: string(open[i].Area), Down: open[i].Down}
			}
			return list
		},
		Counts: func() dashboards.JudgementCounts {
			c := r.engine.Counts()
			return dashboards.JudgementCounts{Changes: c.Changes, RuleFaults: c.RuleFaults, TextFaults: c.TextFaults, Rules: r.rules.Load()}
		},
	}
}

func (r *alertRoom) environmentMetrics() dashboards.Environment {
	stations, counters := r.environment.Stations(), r.environment.Counters()
	e := dashboards.Environment{Corrections: uint64(counters.Corrections), TooLate: uint64(counters.TooLate)}
	for i := range stations {
		if stations[i].Registered { // other ids come from outside and must not become series
			e.Stations = append(e.Stations, stationMetrics(&stations[i]))
		}
	}
	return e
}

func stationMetrics(s *environment.Status) dashboards.EnvironmentStation {
	fact := func(f environment.Fact) telemetry.Opt[float64] {
		if v, ok := s.Facts.Get(f); ok {
			return telemetry.Some(v)
		}
		return telemetry.Opt[float64]{}
	}
	m := dashboards.EnvironmentStation{
		Device: s.Device, Area: s.Area, Index: fact(environment.FactAQI), Indicative: !s.Reference, Limit: fact(environment.FactLimit),
		Noise: fact(environment.FactLAeq1h), NoiseExcess: fact(environment.FactNoiseOver), HeatIndex: fact(environment.FactHeatIndex),
		WaterLevel: fact(environment.FactWaterLevel), WaterAlarm: fact(environment.FactWaterAlarm),
	}
	if s.Quality.Known {
		m.Score, m.Completeness = telemetry.Some(s.Quality.Score/100), telemetry.Some(s.Quality.Completeness)
	}
	for _, f := range environment.AllFlags() {
		if s.Flags&f != 0 {
			m.Flags = append(m.Flags, f.String())
		}
	}
	return m
}
