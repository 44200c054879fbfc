package simulator

import (
	"math"
	"time"
)

// A histogram counts durations in steps of three percent. The zero histogram is empty.
type histogram struct {
	counts [histogramSteps]uint32
	total  uint64
	max    time.Duration
}

// A step is the upper bits of the duration as a number: its exponent and five
// bits of its mantissa, from a microsecond to a day.
const (
	histogramShift = 52 - 5
	histogramFirst = 1023 << 5
	histogramSteps = 37 << 5
)

func (h *histogram) add(d time.Duration) {
	micros := max(float64(d)/1e3, 1)
	step := math.Float64bits(micros)>>histogramShift - histogramFirst
	h.counts[min(step, histogramSteps-1)]++
	h.total++
	h.max = max(h.max, d)
}

func (h *histogram) merge(other *histogram) {
	for i, n := range &other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// quantile returns the upper end of the step that holds the quantile.
func (h *histogram) quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(q * float64(h.total)))
	var seen uint64
	for i, n := range &h.counts {
		if seen += uint64(n); seen >= rank && n > 0 {
			end := math.Float64frombits((histogramFirst + uint64(i) + 1) << histogramShift)
			return min(time.Duration(end*1e3), h.max)
		}
	}
	return 0
}
