package environment

import (
	"cmp"
	"math"
	"slices"
	"time"

	"phusong/alerts/airquality"
)

// The times of the book.
const (
	// Window is how far back readings are kept, and how late one may come to correct
	// its hour: yesterday's index with the eight hours before it, and a day to spare.
	Window = windowHours * time.Hour
	// Settle is how long after its end an hour is judged for the first time.
	Settle = 5 * time.Minute

	windowHours = 72
	hourMs      = int64(time.Hour / time.Millisecond)
	// slotMs: of the readings of one slot the earliest counts. It bounds an hour to
	// 360 readings.
	slotMs       = 10_000
	slotsPerHour = int(hourMs / slotMs)
)

// A Tally is what the readings of one quantity come to in one hour.
type Tally struct {
	// Mean is the arithmetic mean of the readings without flags; of noise the
	// equivalent level, of rain the sum. It has no meaning when N is 0.
	Mean float64
	// N counts the readings without flags; Flagged the others.
	N, Flagged int
	// Flags are those that readings of the hour have, and those of the hour itself.
	Flags Flags
}

// An hour holds the readings of one station in one hour, and what they come to.
type hour struct {
	number int64 // hours since 1970
	// rows are the readings by time: for each the milliseconds into the hour, then one
	// value for each column of the station.
	rows []int32
	// epoch is the station's when the hour was made or copied: one of an earlier epoch
	// belongs to a snapshot too. shared rows do, and are copied before they are changed.
	epoch  int
	shared bool
	// dirty hours got a reading since they were judged.
	dirty bool
	// tallies are by column; those of a judged hour.
	tallies []Tally
	// leaps are the columns with excursions, before the neighbours were asked;
	// believed are those of them that the neighbours saw too.
	leaps, believed uint16
	// stuckFirst and stuckLast say whether the first and the last reading are stuck: what
	// the hours before and after may depend on.
	stuckFirst, stuckLast bool
	// barred are the quantities that were under suspicion of drift or a wrong unit when
	// the hour was closed, and why.
	barred [quantities]Flags
	// differ is what the hour's means were compared with others when it was closed.
	differ [gases]float32
	// published hours have been closed. aqi is the index, −1 for none. An index that was
	// corrected has in was what was published first, and when it changed last.
	published bool
	corrected bool
	aqi, was  int16
	changed   time.Time
}

func hourOf(t time.Time) int64 {
	ms := t.UnixMilli()
	n := ms / hourMs
	if ms%hourMs < 0 {
		n--
	}
	return n
}

func hourStart(n int64) time.Time { return time.UnixMilli(n * hourMs).UTC() }

// count returns the number of readings; stride is the length of a row.
func (h *hour) count(stride int) int { return len(h.rows) / stride }

// add enters a reading. Of two in one slot the earlier stays, or of the same time the one
// with the smaller values: the result does not depend on who came first. It reports
// whether anything changed.
func (h *hour) add(s *station, row []int32) bool {
	stride := len(row)
	n := h.count(stride)
	slot := row[0] / slotMs
	// Readings come in order as a rule: look from the end.
	i := n
	for i > 0 && h.rows[(i-1)*stride]/slotMs > slot {
		i--
	}
	if i > 0 && h.rows[(i-1)*stride]/slotMs == slot {
		old := h.rows[(i-1)*stride : i*stride]
		if s.compare(old, row) <= 0 {
			return false
		}
		h.unshare()
		copy(h.rows[(i-1)*stride:], row)
		h.dirty = true
		return true
	}
	h.unshare()
	h.rows = slices.Insert(h.rows, i*stride, row...)
	h.dirty = true
	return true
}

// compare orders two readings by time and then by their values, quantity by quantity: the
// order of the columns is that in which they appeared, and says nothing.
func (s *station) compare(a, b []int32) int {
	if a[0] != b[0] {
		return cmp.Compare(a[0], b[0])
	}
	for _, c := range s.column {
		if c >= 0 && a[1+c] != b[1+c] {
			return cmp.Compare(a[1+c], b[1+c])
		}
	}
	return 0
}

// unshare makes the rows the hour's alone.
func (h *hour) unshare() {
	if h.shared {
		h.rows, h.shared = slices.Clone(h.rows), false
	}
}

// tally sums one column; skip reports whether a usable value is to be left out, and why.
func (h *hour) tally(q Quantity, column, stride int, skip func(row int) Flags) Tally {
	var t Tally
	var sum int64
	for i := range h.count(stride) {
		v := h.rows[i*stride+1+column]
		switch {
		case v == absent:
			continue
		case !usable(v):
			t.Flagged++
			t.Flags |= 1 << (v - flagged)
			continue
		}
		if f := skip(i); f != 0 {
			t.Flagged++
			t.Flags |= f
			continue
		}
		t.N++
		if q == Noise {
			sum += energy(v)
		} else {
			sum += int64(v)
		}
	}
	if t.N == 0 {
		return t
	}
	switch q {
	case Noise:
		t.Mean = airquality.Level(float64(sum) / float64(t.N) / energyUnit)
	case Rain:
		t.Mean = float64(sum) / thousandths
	default:
		t.Mean = float64(sum) / thousandths / float64(t.N)
	}
	return t
}

// energyUnit makes energies whole numbers without losing what is quiet: 0 dB is ten.
// 360 readings of 140 dB do not overflow.
const energyUnit = 10

func energy(v int32) int64 { return int64(math.Round(airquality.Energy(decode(v)) * energyUnit)) }
