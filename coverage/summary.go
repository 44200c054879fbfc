package coverage

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// A Summary describes the tests of the window. It explains a verdict and makes none.
type Summary struct {
	// MeanMbps is the mean download of the transfers that ran, as i-Speed computes it;
	// Transfers is how many there were.
	MeanMbps  float64 `json:"mean_mbps"`
	Transfers int     `json:"transfers"`
	// P20, P50 and P80 are the downloads that at least that share of all attempts did not exceed,
	// where an attempt that got nothing counts as 0.
	P20Mbps float64 `json:"p20_mbps"`
	P50Mbps float64 `json:"p50_mbps"`
	P80Mbps float64 `json:"p80_mbps"`
	// MeanUploadMbps and P50LatencyMs are of the tests that measured them; 0 for none.
	MeanUploadMbps float64 `json:"mean_upload_mbps"`
	P50LatencyMs   float64 `json:"p50_latency_ms"`
	// Results count how the tests ended, Signals the classes of RSRP and SINR, by their names.
	Results [resultCount]int `json:"results"`
	RSRP    [classCount]int  `json:"rsrp"`
	SINR    [classCount]int  `json:"sinr"`
	// Devices, Days and Hours are how many different ones the tests come from.
	Devices int `json:"devices"`
	Days    int `json:"days"`
	Hours   int `json:"hours"`
	// First and Last are the times of the first and the last test.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// FullDays are days with more tests than are kept.
	FullDays int `json:"full_days"`
	// Struck tests were taken out by a gap case.
	Struck int `json:"struck"`
	// Invalid counts the tests that do not count, by reason, as far as they are kept.
	Invalid [reasonCount]int `json:"invalid"`
}

// summarizer holds what is needed to make a summary, to be used again.
type summarizer struct {
	rates     []int
	latencies []float64
	devices   []uint32
}

// summarize describes the evidence of a window. s are all buckets of the cell.
func (z *summarizer) summarize(c clock, s *series, days []dayEvidence, from, to Day) Summary {
	z.rates, z.latencies, z.devices = z.rates[:0], z.latencies[:0], z.devices[:0]
	var out Summary
	var hours uint32
	var sum, uploads int
	var uploadSum float64
	for i := range days {
		first, last := math.MaxInt, -1
		for _, r := range days[i].records {
			second := r.second()
			first, last = min(first, second), max(last, second)
			hours |= 1 << (second / 3600)
			z.devices = append(z.devices, r.device())
			z.rates = append(z.rates, r.rate())
			if r.result() == Transferred {
				sum += r.rate()
				out.Transfers++
			}
			if u := r.upload(); u > 0 {
				uploadSum += u
				uploads++
			}
			if l := r.latency(); l > 0 {
				z.latencies = append(z.latencies, l)
			}
			out.Results[r.result()]++
			out.RSRP[r.rsrpClass()]++
			out.SINR[r.sinr()]++
		}
		if last >= 0 {
			out.Days++
			if out.First.IsZero() {
				out.First = c.join(days[i].day, first)
			}
			out.Last = c.join(days[i].day, last)
		}
	}
	out.MeanMbps = ratio(float64(sum)/rateSteps, out.Transfers)
	out.MeanUploadMbps = round(ratio(uploadSum, uploads), 2)
	slices.Sort(z.rates)
	out.P20Mbps, out.P50Mbps, out.P80Mbps = quantile(z.rates, 20), quantile(z.rates, 50), quantile(z.rates, 80)
	slices.Sort(z.latencies)
	if n := len(z.latencies); n > 0 {
		out.P50LatencyMs = round(z.latencies[rank(n, 50)], 1)
	}
	slices.Sort(z.devices)
	out.Devices = len(slices.Compact(z.devices))
	out.Hours = bits.OnesCount32(hours)
	s.describeRest(&out, from, to)
	return out
}

// describeRest counts what is kept and does not count.
func (s *series) describeRest(out *Summary, from, to Day) {
	for i := range s.days {
		b := &s.days[i]
		if b.day < from || b.day > to {
			continue
		}
		if b.full() {
			out.FullDays++
		}
		for _, r := range b.records {
			switch {
			case !r.counts():
				out.Invalid[r.reason()]++
			case s.isStruck(b.day, r):
				out.Struck++
			}
		}
	}
}

func (r record) rsrpClass() Class {
	dBm, known := r.rsrp()
	if !known {
		return ClassUnknown
	}
	return rsrpClass(dBm, technologies[r.technology()])
}

// rank is the place of a percentile among n sorted values: the first that at least
// that share of the values does not exceed.
func rank(n, percent int) int { return max((percent*n+99)/100-1, 0) }

func quantile(sorted []int, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[rank(len(sorted), percent)]) / rateSteps
}

func ratio(sum float64, n int) float64 {
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func round(v float64, places int) float64 {
	scale := math.Pow10(places)
	return math.Round(v*scale) / scale
}
