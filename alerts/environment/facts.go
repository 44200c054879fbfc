package environment

import (
	"math"

	"phusong/alerts/airquality"
)

// A Fact is one thing that rules may ask of a station.
type Fact uint8

// The facts. Their order is part of the snapshot: append only. Those of the first
// quantities are the values of the last reading; the others say over which time they are.
const (
	// FactPM25 to FactUV are the live values, in the order of the quantities. They are not
	// known while the value has a flag, when it leapt and no second reading has confirmed it,
	// and when the station has been silent for three of its intervals.
	FactPM25 = Fact(PM25) + iota
	FactPM10
	FactNO2
	FactSO2
	FactCO
	FactO3
	FactNoise
	FactTemperature
	FactHumidity
	FactPressure
	FactRain
	FactWaterLevel
	FactWind
	FactUV
	FactBattery
	FactHeatIndex  // °C, from the last reading
	FactHeatBand   // 0 to 4
	FactWaterRise  // m/h over the last hour
	FactWaterAlarm // 0 to 3
	FactFastRise   // 1 when the water rises faster than the gauge's limit
	FactRain1h     // mm in the last 60 minutes
	FactRain24h    // mm in the last 24 closed hours and since
	FactAQI        // VN_AQI of the last closed hour
	FactBand       // 1 to 6
	FactMain       // the pollutant that makes the index, 1 to 6 in the order of package airquality
	FactLimit      // the highest share of a limit of QCVN 05:2023 that a running mean has reached
	FactLAeq1h     // dB(A) of the last closed hour
	FactNoiseOver  // how far that is above the limit of zone and hour, dB
	FactScore      // 0 to 100, see [Status]
	FactComplete   // 0 to 1 over the last 24 closed hours
	FactIndicative // 1 unless a reference station
	FactFlags      // flags of the last reading and of the suspicions, as their bits; 0 is none
	facts
)

// The facts and the quantities that have the same number are the same thing.
var _ = [1]struct{}{}[Fact(quantities)-FactBattery]

var factNames = [facts]string{
	FactBattery: "battery_v", FactHeatIndex: "heat_index_c", FactHeatBand: "heat_band",
	FactWaterRise: "water_rise_m_per_h", FactWaterAlarm: "water_alarm", FactFastRise: "water_fast_rise",
	FactRain1h: "rain_1h_mm", FactRain24h: "rain_24h_mm",
	FactAQI: "aqi", FactBand: "aqi_band", FactMain: "aqi_main", FactLimit: "limit_ratio",
	FactLAeq1h: "laeq_1h_dba", FactNoiseOver: "noise_excess_db",
	FactScore: "score", FactComplete: "completeness", FactIndicative: "indicative", FactFlags: "quality_flags",
}

// AllFacts returns every fact, in a fixed order.
func AllFacts() []Fact {
	all := make([]Fact, facts)
	for f := range all {
		all[f] = Fact(f)
	}
	return all
}

// String returns the name for rules: "pm25_ugm3", "aqi", "water_rise_m_per_h".
func (f Fact) String() string {
	switch {
	case f < FactBattery:
		return Quantity(f).String()
	case f < facts:
		return factNames[f]
	}
	return ""
}

// Facts are what is known of a station now. The zero Facts know nothing.
type Facts struct {
	values [facts]float64
	known  uint64
}

// Get returns a fact and whether it is known.
func (f *Facts) Get(x Fact) (float64, bool) {
	if x >= facts || f.known&(1<<x) == 0 {
		return 0, false
	}
	return f.values[x], true
}

// set takes a fact, and notes in changed when it differs from what was known.
func (s *station) set(x Fact, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		s.forget(x)
		return
	}
	if s.facts.known&(1<<x) != 0 && s.facts.values[x] == v {
		return
	}
	s.facts.values[x] = v
	s.facts.known |= 1 << x
	s.changed |= 1 << x
}

// forget makes a fact unknown.
func (s *station) forget(x Fact) {
	if s.facts.known&(1<<x) != 0 {
		s.facts.known &^= 1 << x
		s.facts.values[x] = 0
		s.changed |= 1 << x
	}
}

// setIf sets the fact, or forgets it.
func (s *station) setIf(x Fact, v float64, known bool) {
	if known {
		s.set(x, v)
	} else {
		s.forget(x)
	}
}

// hourFacts brings the facts of the hours up to date after hour n was closed.
func (s *station) hourFacts(n int64, noise airquality.NoiseLimits) {
	in := s.hourly(n)
	x, ok := in.Index()
	ok = ok && (s.column[PM25] >= 0 || s.column[PM10] >= 0)
	s.setIf(FactAQI, float64(x.Value), ok)
	s.setIf(FactBand, float64(x.Band()), ok)
	s.setIf(FactMain, float64(x.Main), ok)
	share, ok := s.highestShare(n)
	s.setIf(FactLimit, share, ok)
	level, ok := s.mean(n, Noise)
	s.setIf(FactLAeq1h, level, ok)
	limit, known := noise.On(s.Zone, hourStart(n))
	s.setIf(FactNoiseOver, level-limit.DBA, ok && known)
	q := s.quality(n)
	s.setIf(FactScore, q.Score, q.Known)
	s.setIf(FactComplete, q.Completeness, q.Known)
	indicative := 1.0
	if s.Reference {
		indicative = 0
	}
	s.set(FactIndicative, indicative)
}

// highestShare returns the highest of the running means that end with hour n over its limit.
func (s *station) highestShare(n int64) (float64, bool) {
	var highest float64
	some := false
	for q := PM25; q <= O3; q++ {
		if s.column[q] < 0 {
			continue
		}
		for _, period := range [...]airquality.Period{airquality.Hour1, airquality.Hours8, airquality.Hours24} {
			limit, ok := airquality.LimitOn(q.pollutant(), period, hourStart(n+1).Add(-1))
			if !ok {
				continue
			}
			if v, ok := s.running(n, q, period); ok {
				highest, some = max(highest, v/limit.Ugm3), true
			}
		}
	}
	return highest, some
}
