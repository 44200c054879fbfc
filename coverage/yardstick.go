package coverage

import "phusong/telemetry"

// Yardsticks are what Vietnamese documents measure networks by. They are numbers of their
// own: none of them enters a verdict, and no verdict says that one of them is missed.
type Yardsticks struct {
	// Tests are those that count in the window, Transfers those of them that ran.
	Tests     int `json:"tests"`
	Transfers int `json:"transfers"`
	// MeanMbps is the mean download of the transfers: Decision 1110/QĐ-BTTTT asks for at
	// least the target on average, down to the commune, by i-Speed. MeanMet compares it.
	MeanMbps float64 `json:"mean_mbps"`
	MeanMet  bool    `json:"mean_met"`
	// OnTarget is the share of all tests that reach the target.
	OnTarget float64 `json:"on_target"`
	// Available is the share of attempts that got service (QCVN 81: at least 95 %).
	Available float64 `json:"available"`
	// FiveG is the ministry's set for 5G, over the transfers on 5G.
	FiveG FiveG `json:"five_g"`
}

// FiveG compares with the indicators for 5G: mean download 100 Mbit/s, mean upload 50,
// 30 Mbit/s in 95 % of the samples, mean latency 50 ms, of 1500 samples.
type FiveG struct {
	Transfers      int     `json:"transfers"`
	MeanMbps       float64 `json:"mean_mbps"`
	MeanUploadMbps float64 `json:"mean_upload_mbps"`
	MeanLatencyMs  float64 `json:"mean_latency_ms"`
	Above30        float64 `json:"above_30"`
	// Enough says that there are the 1500 samples without which the set says nothing, and Met that
	// there are and every indicator is reached.
	Enough bool `json:"enough"`
	Met    bool `json:"met"`
}

const (
	fiveGSamples  = 1500
	fiveGMean     = 100
	fiveGUpload   = 50
	fiveGFloor    = 30 * rateSteps
	fiveGShare    = 0.95
	fiveGLatency  = 50
	fiveGNonAlone = "5g-nsa"
	fiveGAlone    = "5g-sa"
)

type areaKey struct {
	area     telemetry.AreaCode
	operator plmn
}

// yardstickSum adds up what yardsticks need.
type yardstickSum struct {
	tests, transfers, steps, onTarget, usable int
	target                                    int

	five struct {
		transfers, steps, above int
		uploads, latencies      int
		upload, latency         float64
	}
}

// yardsticks adds up the tests of the windows, by commune and province.
func (a *Assessment) yardsticks(v *View) map[areaKey]yardstickSum {
	sums := make(map[areaKey]yardstickSum)
	var records []record
	for i := range a.Cells {
		c := &a.Cells[i]
		k := key{c.Cell, plmnOf(c.Operator)}
		s := v.series[k]
		commune, province := a.grid.places(c.Cell)
		if s == nil || commune == "" {
			continue
		}
		records = records[:0]
		for n := range s.days {
			if b := &s.days[n]; b.day >= c.From && b.day <= c.To {
				records = s.appendCounted(records, b)
			}
		}
		target := int(rateToSteps(c.TargetMbps))
		for _, area := range [...]telemetry.AreaCode{commune, province} {
			if area == "" {
				continue
			}
			sum := sums[areaKey{area, k.operator}]
			sum.target = max(sum.target, target)
			for _, r := range records {
				sum.add(r, target, a.rules.Validity.FloorDBm)
			}
			sums[areaKey{area, k.operator}] = sum
		}
	}
	return sums
}

func (s *yardstickSum) add(r record, target, floor int) {
	s.tests++
	if r.usable(floor) {
		s.usable++
	}
	if r.result() != Transferred {
		return
	}
	s.transfers++
	s.steps += r.rate()
	if r.positive(target) {
		s.onTarget++
	}
	if t := technologies[r.technology()]; t != fiveGNonAlone && t != fiveGAlone {
		return
	}
	f := &s.five
	f.transfers++
	f.steps += r.rate()
	if r.rate() >= fiveGFloor {
		f.above++
	}
	if u := r.upload(); u > 0 {
		f.uploads++
		f.upload += u
	}
	if l := r.latency(); l > 0 {
		f.latencies++
		f.latency += l
	}
}

func (s *yardstickSum) yardsticks(r *Rules) Yardsticks {
	target := s.target
	if target == 0 {
		target = int(rateToSteps(r.TargetMbps))
	}
	y := Yardsticks{
		Tests: s.tests, Transfers: s.transfers,
		MeanMbps:  round(ratio(float64(s.steps)/rateSteps, s.transfers), 2),
		MeanMet:   s.transfers > 0 && s.steps >= target*s.transfers,
		OnTarget:  round(ratio(float64(s.onTarget), s.tests), 4),
		Available: round(ratio(float64(s.usable), s.tests), 4),
	}
	f := &s.five
	y.FiveG = FiveG{
		Transfers:      f.transfers,
		MeanMbps:       round(ratio(float64(f.steps)/rateSteps, f.transfers), 2),
		MeanUploadMbps: round(ratio(f.upload, f.uploads), 2),
		MeanLatencyMs:  round(ratio(f.latency, f.latencies), 1),
		Above30:        round(ratio(float64(f.above), f.transfers), 4),
		Enough:         f.transfers >= fiveGSamples,
	}
	g := &y.FiveG
	g.Met = g.Enough && g.MeanMbps >= fiveGMean && g.MeanUploadMbps >= fiveGUpload &&
		f.latencies > 0 && g.MeanLatencyMs <= fiveGLatency && g.Above30 >= fiveGShare
	return y
}
