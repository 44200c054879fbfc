package airquality

import "math"

// NowCastHours is how many hourly means a NowCast looks back on.
const NowCastHours = 12

// NowCast returns the weighted mean of the last hours in µg/m³, the newest first, that
// stands for "now" in an hourly index, by Decision 1459/QĐ-TCMT: with w = max(min/max,
// 1/2) of the means that there are, Σ w^(i−1)·c_i / Σ w^(i−1). [NoValue] is a
// missing hour. It is false unless at least two of the last three are there.
//
// The Decision prints Σ (1/2)^i·c_i without division for w = 1/2. That is the same
// only when all twelve are there, and with gaps far too low; the normalised form is
// used always.
func NowCast(newestFirst []float64) (ugm3 float64, ok bool) {
	const leastWeight = 0.5
	if !recent(newestFirst) {
		return 0, false
	}
	hours := newestFirst[:min(len(newestFirst), NowCastHours)]
	low, high := math.Inf(1), 0.0
	for _, c := range hours {
		if !math.IsNaN(c) {
			low, high = min(low, c), max(high, c)
		}
	}
	weight := 1.0 // all are 0
	if high > 0 {
		weight = max(low/high, leastWeight)
	}
	var sum, weights float64
	w := 1.0
	for _, c := range hours {
		if !math.IsNaN(c) {
			sum += w * c
			weights += w
		}
		w *= weight
	}
	return sum / weights, true
}

// recent says whether two of the last three hours are there.
func recent(newestFirst []float64) bool {
	n := 0
	for _, c := range newestFirst[:min(3, len(newestFirst))] {
		if !math.IsNaN(c) {
			n++
		}
	}
	return n >= 2
}

// Mean returns the arithmetic mean of the hours that are there; false when fewer than
// needed are. [NoValue] is a missing hour.
func Mean(hours []float64, needed int) (float64, bool) {
	var sum float64
	n := 0
	for _, c := range hours {
		if !math.IsNaN(c) {
			sum += c
			n++
		}
	}
	if n == 0 || n < needed {
		return 0, false
	}
	return sum / float64(n), true
}
