package environment

import (
	"math"
	"slices"
	"time"
)

// When a value that repeats itself to the last digit is stuck. A whole reading of many
// quantities never repeats; one of few, or a single quantity of a coarse instrument in calm
// weather, does for a while.
const (
	manyQuantities = 4
	repeatsOfMany  = 6
	repeatsOfFew   = 12
	repeatsOfOne   = 24
	stuckOfAll     = 25 * time.Minute
	stuckOfOne     = 3 * time.Hour
	// repeatGap breaks a repetition: what happened in between is not known.
	repeatGap = 3 * time.Hour
)

// A spot is one reading: an hour of the window and a row of it.
type spot struct {
	h   *hour
	row int
}

func (s *station) time(p spot) int64 {
	return p.h.number*hourMs + int64(p.h.rows[p.row*s.stride()])
}

func (s *station) value(p spot, column int) int32 {
	return p.h.rows[p.row*s.stride()+1+column]
}

// step returns the reading after p, or before it; false at the end of the window.
func (s *station) step(p spot, by int) (spot, bool) {
	p.row += by
	for n := p.h.number; ; {
		if p.row >= 0 && p.row < p.h.count(s.stride()) {
			return p, true
		}
		n += int64(by)
		next := s.hour(n)
		if next == nil {
			if d := n - p.h.number; d > int64(repeatGap/time.Hour)+1 || d < -int64(repeatGap/time.Hour)-1 {
				return spot{}, false
			}
			continue
		}
		if by > 0 {
			p = spot{next, 0}
		} else {
			p = spot{next, next.count(s.stride()) - 1}
		}
		n = next.number
	}
}

// alike compares two readings for repetition: in one column, or with column −1 in all
// lively ones.
func (s *station) alike(a, b spot, column int) bool {
	if column >= 0 {
		return s.value(a, column) == s.value(b, column)
	}
	for c, q := range s.columns {
		if table[q].lively && s.value(a, c) != s.value(b, c) {
			return false
		}
	}
	return true
}

// run returns how many readings in a row up to p and from p on, p included once, are the
// same, and over which time. It stops counting at enough.
func (s *station) run(p spot, column, enough int, span time.Duration) (n int, lasted time.Duration) {
	n = 1
	first, last := s.time(p), s.time(p)
	for _, by := range [...]int{-1, 1} {
		at := p
		for n < enough || time.Duration(last-first)*time.Millisecond < span {
			next, ok := s.step(at, by)
			if !ok || !s.alike(p, next, column) {
				break
			}
			t := s.time(next)
			if d := t - s.time(at); d > int64(repeatGap/time.Millisecond) || -d > int64(repeatGap/time.Millisecond) {
				break
			}
			at = next
			first, last = min(first, t), max(last, t)
			n++
		}
	}
	return n, time.Duration(last-first) * time.Millisecond
}

// stuckRows marks the rows of an hour whose value in the column is stuck; column −1 asks
// for whole readings.
func (s *station) stuckRows(h *hour, column int, marks []bool) {
	n := h.count(s.stride())
	for i := 0; i < n; {
		p := spot{h, i}
		end := i + 1
		for end < n && s.alike(p, spot{h, end}, column) {
			end++
		}
		// One that both begins and ends in the hour is as long as it is here.
		if inside := i > 0 && end < n; (!inside || end-i >= repeatsOfMany) && s.stuck(p, column) {
			for j := i; j < end; j++ {
				marks[j] = true
			}
		}
		i = end
	}
}

// stuck reports whether the reading is one of a repetition that is too long.
func (s *station) stuck(p spot, column int) bool {
	lively := s.canStick(p, column)
	if lively == 0 {
		return false
	}
	need, span := repeatsOfOne, stuckOfOne
	if column < 0 {
		need, span = repeatsOfFew, stuckOfAll
		if lively >= manyQuantities {
			need = repeatsOfMany
		}
	}
	n, lasted := s.run(p, column, need, span)
	return n >= need && lasted >= span
}

// canStick returns how many quantities of the reading could not well repeat: 0 when a
// repetition means nothing.
func (s *station) canStick(p spot, column int) int {
	one := func(c int) int {
		t, v := &table[s.columns[c]], s.value(p, c)
		if !t.lively || !usable(v) || t.still != nil && t.still(decode(v)) {
			return 0
		}
		return 1
	}
	if column >= 0 {
		return one(column)
	}
	n := 0
	for c := range s.columns {
		n += one(c)
	}
	if n < 2 {
		return 0 // of one quantity its own rule decides
	}
	return n
}

// The surroundings of a reading: as many before it and after it, within a time. Of a sensor
// that sends once an hour they are too few: what it says is a mean, and may well peak.
const (
	besides    = 4
	within     = 90 * time.Minute
	leastAside = 3 // fewer than these say nothing
)

// leaps reports whether a reading is an excursion from those around it: farther from
// their median than the quantity's leap, than its multiple of the median, and than six
// deviations as their median absolute deviation has it.
func (s *station) leaps(p spot, column int) bool {
	t := &table[s.columns[column]]
	v := s.value(p, column)
	if t.leap == 0 || !usable(v) {
		return false
	}
	var around [2 * besides]float64
	n := 0
	for _, by := range [...]int{-1, 1} {
		at := p
		for found := 0; found < besides; {
			next, ok := s.step(at, by)
			if !ok || time.Duration(abs(s.time(next)-s.time(p)))*time.Millisecond > within {
				break
			}
			at = next
			if w := s.value(next, column); usable(w) {
				around[n] = decode(w)
				n++
				found++
			}
		}
	}
	return n >= leastAside && excursion(t, decode(v), around[:n])
}

// excursion compares a value with those around it, which it reorders.
func excursion(t *quantity, v float64, around []float64) bool {
	const deviations, normal = 6, 1.4826 // of a normal distribution, one deviation in medians
	middle := median(around)
	far := math.Abs(v - middle)
	if far <= max(t.leap, t.double*math.Abs(middle)) {
		return false
	}
	for i := range around {
		around[i] = math.Abs(around[i] - middle)
	}
	return far > deviations*normal*median(around)
}

// level reports whether the readings of a column that surround those of the hour, and these
// themselves, are all so near to one another that none can be an excursion.
func (s *station) level(h *hour, column int) bool {
	t := &table[s.columns[column]]
	if t.leap == 0 {
		return true
	}
	low, high := int32(math.MaxInt32), int32(math.MinInt32)
	for n := h.number - besideHours; n <= h.number+besideHours; n++ {
		near := s.hour(n)
		if near == nil {
			continue
		}
		for i := 1 + column; i < len(near.rows); i += s.stride() {
			if v := near.rows[i]; usable(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	return int64(high)-int64(low) <= int64(t.leap*thousandths)
}

// median reorders the values. Of an even number it is the mean of the two in the middle.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func abs(v int64) int64 { return max(v, -v) }

// judge tallies an hour from its readings. Excursions of the columns in believed are not
// held to be spikes.
func (s *station) judge(h *hour, believed uint16, scratch *[2][]bool) {
	stride := s.stride()
	n := h.count(stride)
	for i := range scratch {
		scratch[i] = slices.Grow(scratch[i][:0], n)[:n]
	}
	whole, one := scratch[0], scratch[1]
	clear(whole)
	s.stuckRows(h, -1, whole)
	h.dirty, h.leaps, h.believed = false, 0, believed
	h.stuckFirst, h.stuckLast = n > 0 && whole[0], n > 0 && whole[n-1]
	h.tallies = make([]Tally, len(s.columns)) // anew: a snapshot may hold those before
	for c, q := range s.columns {
		copy(one, whole)
		s.stuckRows(h, c, one)
		if n > 0 {
			h.stuckFirst, h.stuckLast = h.stuckFirst || one[0], h.stuckLast || one[n-1]
		}
		level := s.level(h, c)
		h.tallies[c] = h.tally(q, c, stride, func(row int) Flags {
			if one[row] {
				return Stuck
			}
			if level || !s.leaps(spot{h, row}, c) {
				return 0
			}
			h.leaps |= 1 << q
			if believed&(1<<q) != 0 {
				return 0
			}
			return Spike
		})
	}
}
