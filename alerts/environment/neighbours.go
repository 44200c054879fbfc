package environment

import (
	"cmp"
	"math"
	"slices"

	"phusong/alerts/airquality"
	"phusong/telemetry"
)

// Who is near enough to be asked.
const (
	nearMetres      = 25_000.0
	referenceMetres = 30_000.0
	mostNear        = 16 // of whatever they measure
)

// arrange finds the neighbours of all stations from where they stand now. It takes
// O(n log n), more where many stand together, and is done once a minute at most.
func (b *Book) arrange() {
	for _, s := range b.sorted() {
		s.stood = s.place()
	}
	b.link()
	b.arranged = true
}

// link finds the neighbours from where the stations stood when they were arranged.
func (b *Book) link() {
	all := b.sorted()
	byLat := slices.Clone(all)
	slices.SortStableFunc(byLat, func(x, y *station) int { return cmp.Compare(x.stood.Lat, y.stood.Lat) })
	for _, s := range all {
		s.near, s.listeners, s.reference = nil, nil, nil
	}
	const degrees = referenceMetres / 111_195
	for i, s := range byLat {
		if s.stood.IsZero() {
			continue
		}
		var reach []*station
		for _, by := range [...]int{-1, 1} {
			for j := i + by; j >= 0 && j < len(byLat); j += by {
				other := byLat[j]
				if math.Abs(other.stood.Lat-s.stood.Lat) > degrees {
					break
				}
				if !other.stood.IsZero() && metres(s.stood, other.stood) <= referenceMetres {
					reach = append(reach, other)
				}
			}
		}
		s.settle(reach)
	}
	for _, s := range all {
		for _, other := range s.near {
			other.listeners = append(other.listeners, s)
		}
	}
}

// settle picks the neighbours and the reference of a station from those within reach.
func (s *station) settle(reach []*station) {
	slices.SortFunc(reach, func(x, y *station) int {
		return cmp.Or(cmp.Compare(metres(s.stood, x.stood), metres(s.stood, y.stood)), cmp.Compare(x.Device, y.Device))
	})
	for _, other := range reach {
		if other.Reference && s.reference == nil {
			s.reference = other
		}
		if len(s.near) < mostNear && metres(s.stood, other.stood) <= nearMetres {
			s.near = append(s.near, other)
		}
	}
}

// place is where the station stands: as the registry has it, or else as it said itself.
func (s *station) place() telemetry.Point {
	if !s.At.IsZero() {
		return s.At
	}
	return s.identity.at
}

// seen returns the quantities of which half and more of the neighbours that measured them in
// the hour had an excursion too.
func (b *Book) seen(s *station, n int64) uint16 {
	var mask uint16
	h := s.hour(n)
	for q := range quantities {
		if h.leaps&(1<<q) == 0 {
			continue
		}
		asked, agree := 0, 0
		for _, other := range s.near {
			if other.column[q] < 0 {
				continue
			}
			o := b.ensure(other, n)
			if t, ok := o.of(other, q); !ok || t.N+t.Flagged == 0 {
				continue
			}
			asked++
			if o.leaps&(1<<q) != 0 {
				agree++
			}
		}
		if agree > 0 && 2*agree >= asked {
			mask |= 1 << q
		}
	}
	return mask
}

// A suspect is a quantity that has been under suspicion since an hour.
type suspect struct {
	flag  Flags
	since int64
	// base is the usual difference from the neighbours, before it began to drift.
	base float64
}

// How suspicion of drift begins and ends. Differences are logarithms of ratios.
var (
	departed  = math.Log(1.5)  // from the usual relation to the neighbours: drift
	returned  = math.Log(1.25) // back: no suspicion any more
	disagrees = math.Log(2.5)  // from a reference station, whatever is usual
	nearUnit  = math.Log(1.12) // from the factor of another unit
)

const (
	recentHours  = 6  // whose median is "now"
	recentNeeded = 4  // of them
	usualHours   = 48 // before them, whose median is "usual"
	usualNeeded  = 12
	slowHours    = 4 // a rise to be drift takes at least this from a quarter to three quarters
	thousandFold = 300
)

// suspicion decides about drift and units when hour n is closed. What it decides
// stands: it is made of what had arrived by then.
func (b *Book) suspicion(s *station, n int64) {
	if len(s.near) == 0 && s.reference == nil {
		b.alone(s, n)
		return
	}
	var units [quantities]bool
	matching := 0
	for q := range gases {
		if s.column[q] < 0 {
			continue
		}
		d := s.differences(n, q)
		recent, ok := middle(d[:recentHours], recentNeeded)
		if !ok {
			continue // nobody to ask: what was decided stays
		}
		b.drifts(s, n, q, d[:], recent)
		if f := ppbFactor(q); f != 0 && math.Abs(recent-math.Log(f)) < nearUnit && steady(d[:]) {
			units[q] = true
			matching++
		}
		if recent < -math.Log(thousandFold) && steady(d[:]) {
			s.suspect(q, Unit, n, 0)
		}
	}
	for q := range units {
		// One gas may well be half of what the neighbours have; not each by its own factor.
		if units[q] && matching >= 2 {
			s.suspect(Quantity(q), Unit, n, 0)
		}
	}
}

// suspect begins a suspicion, unless there is one of the same kind.
func (s *station) suspect(q Quantity, f Flags, n int64, base float64) {
	if s.suspects[q].flag == f {
		return
	}
	s.suspects[q] = suspect{flag: f, since: n, base: base}
	s.forget(Fact(q))
}

// drifts begins or ends the suspicion of drift, and ends that of a unit.
func (b *Book) drifts(s *station, n int64, q Quantity, d []float64, recent float64) {
	p := &s.suspects[q]
	switch p.flag {
	case Drift:
		if math.Abs(recent-p.base) < returned {
			*p = suspect{}
		}
		return
	case Unit:
		if math.Abs(recent) < returned {
			*p = suspect{}
		}
		return
	}
	usual, known := middle(d[recentHours:], usualNeeded)
	away := recent - usual
	switch {
	case s.Reference:
		// It is what others are compared with.
	case known && math.Abs(away) > departed && slow(d, usual, away) && !b.company(s, n, q, away):
		s.suspect(q, Drift, n, usual)
	case !known && s.reference != nil && math.Abs(recent) > disagrees && steady(d):
		s.suspect(q, Drift, n, 0)
	}
}

// compare enters in an hour that is being closed the logarithm of the station's mean over
// that of its reference, or over the median of its neighbours; NaN where one is missing.
func (b *Book) compare(s *station, h *hour) {
	for q := range gases {
		h.differ[q] = float32(math.NaN())
		mine, ok := s.raw(h.number, q)
		if !ok {
			continue
		}
		if others, ok := b.others(s, h.number, q); ok {
			floor := table[q].floor
			h.differ[q] = float32(math.Log((mine + floor) / (others + floor)))
		}
	}
}

// differences returns what compare entered in the hours up to n, the newest first.
func (s *station) differences(n int64, q Quantity) (d [recentHours + usualHours]float64) {
	for i := range d {
		d[i] = math.NaN()
		if h := s.hour(n - int64(i)); h != nil && h.published {
			d[i] = float64(h.differ[q])
		}
	}
	return d
}

// company reports whether a third of the neighbours depart from what is usual for them too,
// half as much and more: then it is the air that changes, and not the instrument.
func (b *Book) company(s *station, n int64, q Quantity, away float64) bool {
	asked, with := 0, 0
	for _, o := range s.near {
		if o.column[q] < 0 || o.suspects[q].flag != 0 {
			continue
		}
		d := o.differences(min(n, o.closedTo), q)
		recent, ok1 := middle(d[:recentHours], recentNeeded)
		usual, ok2 := middle(d[recentHours:], usualNeeded)
		if !ok1 || !ok2 {
			continue
		}
		asked++
		if 2*math.Abs(recent-usual) > math.Abs(away) {
			with++
		}
	}
	return with > 0 && 3*with >= asked
}

// raw is the mean of an hour whether the quantity is barred or not.
func (s *station) raw(n int64, q Quantity) (float64, bool) {
	t, ok := s.hour(n).of(s, q)
	return t.Mean, ok && s.enough(t.N)
}

// others returns what the reference has, or the median of two neighbours and more.
func (b *Book) others(s *station, n int64, q Quantity) (float64, bool) {
	ask := func(o *station) (float64, bool) {
		if o.column[q] < 0 || o.suspects[q].flag != 0 {
			return 0, false
		}
		b.ensure(o, n)
		return o.mean(n, q)
	}
	if s.reference != nil {
		if v, ok := ask(s.reference); ok {
			return v, true
		}
	}
	var values [mostNear]float64
	found := 0
	for _, o := range s.near {
		if v, ok := ask(o); ok {
			values[found] = v
			found++
		}
	}
	if found < 2 {
		return 0, false
	}
	return median(values[:found]), true
}

// middle returns the median of the numbers that there are, if they are enough.
func middle(d []float64, needed int) (float64, bool) {
	var room [usualHours]float64
	n := 0
	for _, v := range d {
		if !math.IsNaN(v) {
			room[n] = v
			n++
		}
	}
	if n < needed {
		return 0, false
	}
	return median(room[:n]), true
}

// steady reports whether the differences of the last twelve hours are all about the same.
func steady(d []float64) bool {
	low, high, n := math.Inf(1), math.Inf(-1), 0
	for _, v := range d[:2*recentHours] {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
			n++
		}
	}
	return n >= 10 && high-low < math.Log(1.5)
}

// slow reports whether the departure from the usual took hours, as an instrument's drift
// does and a cloud of smoke does not: on the median of three hours, from the last one
// below a quarter of it to the first after that above three quarters.
func slow(d []float64, usual, away float64) bool {
	quarter := -1
	for i := range recentHours + usualHours - 3 {
		e, ok := middle(d[i:i+3], 2)
		if ok && (e-usual)/away < 0.25 {
			quarter = i
			break
		}
	}
	if quarter < 0 {
		return false // it has been so for as long as we know: that is usual
	}
	three := quarter
	for three >= 0 {
		if e, ok := middle(d[three:three+3], 2); ok && (e-usual)/away > 0.75 {
			break
		}
		three--
	}
	return three >= 0 && quarter-three >= slowHours
}

// ppbFactor is what a concentration in µg/m³ becomes when it is sent as ppb: 0 for what is
// no gas, and for carbon monoxide, where it is too near 1 to tell.
func ppbFactor(q Quantity) float64 {
	p := q.pollutant()
	if p == 0 || q == CO {
		return 0
	}
	one, ok := airquality.FromPPB(p, 1, airquality.Standard())
	if !ok {
		return 0
	}
	return 1 / one
}

// alone judges the units of a station without neighbours by what is possible at all: no
// outdoor air holds less than 20 µg/m³ of carbon monoxide for an hour, but 0.3 ppm is common.
func (b *Book) alone(s *station, n int64) {
	const leastCO = 20
	low := 0
	for i := range int64(recentHours) {
		if v, ok := s.raw(n-i, CO); ok && v > 0 && v < leastCO {
			low++
		}
	}
	switch {
	case low == recentHours:
		s.suspect(CO, Unit, n, 0)
	case low == 0 && s.suspects[CO].flag == Unit:
		s.suspects[CO] = suspect{}
	}
}
