package dashboards

import "phusong/telemetry"

// Environment is what is known of the sensors at an instant.
type Environment struct {
	Stations []EnvironmentStation
	// Corrections are indices that a late reading changed after they had been shown,
	// TooLate readings that were too old for that.
	Corrections, TooLate uint64
}

// EnvironmentStation is what is known of one sensor. A value that is absent is not
// known, or not trusted.
type EnvironmentStation struct {
	Device telemetry.DeviceID
	Area   telemetry.AreaCode
	// Index is the VN_AQI of the last closed hour; Indicative that the sensor is no
	// reference station.
	Index      telemetry.Opt[float64]
	Indicative bool
	// Limit is the highest running mean as share of its limit in QCVN 05:2023.
	Limit telemetry.Opt[float64]
	// Noise is the LAeq of the last closed hour in dB(A), NoiseExcess how far it is above
	// the limit of zone and hour.
	Noise, NoiseExcess telemetry.Opt[float64]
	HeatIndex          telemetry.Opt[float64] // °C
	WaterLevel         telemetry.Opt[float64] // m
	WaterAlarm         telemetry.Opt[float64] // 0 to 3
	// Score and Completeness are shares of what the sensor owed in the last day.
	Score, Completeness telemetry.Opt[float64]
	// Flags are the names of the quality flags that hold; each is one of a dozen.
	Flags []string
}

// EnvironmentCollector exports the sensors at the moment of the scrape.
type EnvironmentCollector struct {
	collector
	environment func() Environment
	onlyAreas   bool

	index, limit, noise, excess, heat, water, alarm    *family
	score, completeness, flagged, worst, flaggedInArea *family
	corrections, tooLate                               *family
}

// NewEnvironmentCollector returns a collector over environment, which may be called
// concurrently and answers as of now.
func NewEnvironmentCollector(environment func() Environment) *EnvironmentCollector {
	c := &EnvironmentCollector{environment: environment}
	station := []string{"device", "area"}
	c.index = c.gauge("air_quality_index", "VN_AQI of the last closed hour. indicative is yes unless the sensor is a reference station.", "device", "area", "indicative")
	c.limit = c.gauge("air_limit_ratio", "Highest running mean of a pollutant as share of its limit in QCVN 05:2023; above 1 is an exceedance.", station...)
	c.noise = c.gauge("noise_level_decibels", "Energy mean (LAeq) of the last closed hour, A-weighted.", station...)
	c.excess = c.gauge("noise_excess_decibels", "How far that is above the limit of zone and hour; negative below.", station...)
	c.heat = c.gauge("heat_index_celsius", "Heat index of temperature and humidity.", station...)
	c.water = c.gauge("water_level_meters", "Water level at the gauge.", station...)
	c.alarm = c.gauge("water_alarm_level", "Alarm level (bao dong) that the water has reached, 0 to 3.", station...)
	c.score = c.gauge("sensor_score_ratio", "Share of the readings owed in the last day that came and could be used.", station...)
	c.completeness = c.gauge("sensor_completeness_ratio", "Share of the readings owed in the last day that came.", station...)
	c.flagged = c.gauge("sensor_flagged", "1 for each quality flag that holds at a sensor now.", "device", "area", "flag")
	c.corrections = c.counter("air_quality_corrections_total", "Indices that a late reading changed after they had been shown.")
	c.tooLate = c.counter("sensor_readings_too_late_total", "Readings of sensors that came too late for their hour's index.")
	c.worst = c.gauge("area_air_quality_index", "Highest VN_AQI of the last closed hour in the commune.", "area")
	c.flaggedInArea = c.gauge("area_sensors_flagged", "Sensors of the commune at which a quality flag holds now.", "area", "flag")
	c.walk = c.put
	return c
}

// OnlyAreas leaves out what is of single sensors. It returns the collector, and is
// called before the first scrape.
func (c *EnvironmentCollector) OnlyAreas() *EnvironmentCollector {
	c.onlyAreas = true
	return c
}

func (c *EnvironmentCollector) put(to series) {
	now := c.environment()
	worst := make(map[telemetry.AreaCode]float64)
	type flagged struct {
		area telemetry.AreaCode
		flag string
	}
	flags := make(map[flagged]int)
	for i := range now.Stations {
		s := &now.Stations[i]
		if index, ok := s.Index.Get(); ok {
			worst[s.Area] = max(worst[s.Area], index)
		}
		for _, flag := range s.Flags {
			flags[flagged{s.Area, flag}]++
		}
		if !c.onlyAreas {
			c.putStation(to, s)
		}
	}
	for area, index := range worst {
		to.put(c.worst, index, string(area))
	}
	for f, n := range flags {
		to.put(c.flaggedInArea, float64(n), string(f.area), f.flag)
	}
	to.put(c.corrections, float64(now.Corrections))
	to.put(c.tooLate, float64(now.TooLate))
}

func (c *EnvironmentCollector) putStation(to series, s *EnvironmentStation) {
	device, area := string(s.Device), string(s.Area)
	known := func(f *family, v telemetry.Opt[float64], labels ...string) {
		if x, ok := v.Get(); ok {
			to.put(f, x, labels...)
		}
	}
	indicative := "no"
	if s.Indicative {
		indicative = "yes"
	}
	known(c.index, s.Index, device, area, indicative)
	for _, value := range []struct {
		of *family
		is telemetry.Opt[float64]
	}{
		{c.limit, s.Limit}, {c.noise, s.Noise}, {c.excess, s.NoiseExcess}, {c.heat, s.HeatIndex},
		{c.water, s.WaterLevel}, {c.alarm, s.WaterAlarm}, {c.score, s.Score}, {c.completeness, s.Completeness},
	} {
		known(value.of, value.is, device, area)
	}
	for _, flag := range s.Flags {
		to.put(c.flagged, 1, device, area, flag)
	}
}
