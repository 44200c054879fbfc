package environment

import (
	"cmp"
	"slices"
	"time"

	"phusong/alerts/airquality"
	"phusong/telemetry"
)

// A Quality says how much of what a sensor owed has come, and could be used.
type Quality struct {
	// Score is from 0 to 100: of the readings that the sensor owed in the last 24 closed
	// hours, the percentage that could be used; the mean over its quantities.
	Score float64
	// Completeness is the share, 0 to 1, that came at all.
	Completeness float64
	// Known is false while the sensor's interval is not known, or in its first hour.
	Known bool
}

// quality returns that of the 24 hours up to n.
func (s *station) quality(n int64) Quality {
	const span = 24
	expected := s.perHour()
	from := max(n-span+1, hourOf(s.first)+1)
	if expected == 0 || s.heard.IsZero() || n < from || len(s.columns) == 0 {
		return Quality{}
	}
	owed := expected * float64(n-from+1)
	var score, complete float64
	for _, q := range s.columns {
		used, came := 0, 0
		for m := from; m <= n; m++ {
			h := s.hour(m)
			t, ok := h.of(s, q)
			if !ok {
				continue
			}
			came += t.N + t.Flagged
			if h.barred[q] == 0 {
				used += t.N
			}
		}
		score += min(1, float64(used)/owed)
		complete += min(1, float64(came)/owed)
	}
	each := float64(len(s.columns))
	return Quality{Score: 100 * score / each, Completeness: complete / each, Known: true}
}

// A Status is what is known of a station now.
type Status struct {
	Station
	// Registered is false for a sensor that the registry does not have.
	Registered bool
	// LastSeen is the event time of the newest live reading.
	LastSeen   time.Time
	Quantities []Quantity // that it has sent
	Facts      Facts
	// Flags are those of the last reading and of the suspicions.
	Flags Flags
	// Suspicions are the quantities that are barred now, why, and since when.
	Suspicions []Suspicion
	// Hour is the start of the last closed hour; Index its VN_AQI when Indexed.
	Hour    time.Time
	Index   airquality.Index
	Indexed bool
	Quality Quality
	// TooLate counts its readings that were older than [Window].
	TooLate int64
}

// A Suspicion says that a quantity of a station is not used.
type Suspicion struct {
	Quantity Quantity
	Flag     Flags
	Since    time.Time // the start of the hour from which on
}

// Stations returns the status of all stations that have been heard, by device id.
func (b *Book) Stations() []Status {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make([]Status, 0, len(b.stations))
	for _, s := range b.stations {
		if !s.heard.IsZero() {
			all = append(all, s.status())
		}
	}
	slices.SortFunc(all, func(x, y Status) int { return cmp.Compare(x.Device, y.Device) })
	return all
}

// Station returns the status of one; false for one that has not been heard.
func (b *Book) Station(id telemetry.DeviceID) (Status, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := b.stations[id]
	if s == nil || s.heard.IsZero() {
		return Status{}, false
	}
	return s.status(), true
}

// Facts returns what is known of a station now; the zero Facts of one never heard.
func (b *Book) Facts(id telemetry.DeviceID) Facts {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if s := b.stations[id]; s != nil {
		return s.facts
	}
	return Facts{}
}

// Counters returns what has been counted.
func (b *Book) Counters() Counters {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.counters
}

func (s *station) status() Status {
	st := Status{
		Station: s.Station, Registered: s.registered, LastSeen: s.live.last,
		Quantities: slices.Clone(s.columns), Facts: s.facts,
		Hour: hourStart(s.closedTo), Quality: s.quality(s.closedTo), TooLate: s.tooLate,
	}
	flags, _ := s.facts.Get(FactFlags)
	st.Flags = Flags(flags)
	for q := range s.suspects {
		if p := &s.suspects[q]; p.flag != 0 {
			st.Suspicions = append(st.Suspicions, Suspicion{Quantity: Quantity(q), Flag: p.flag, Since: hourStart(p.since)})
		}
	}
	in := s.hourly(s.closedTo)
	st.Index, st.Indexed = in.Index()
	return st
}

// An Hour is one closed hour of a station.
type Hour struct {
	Start time.Time
	// Tallies are by quantity; one that was not measured has no readings.
	Tallies [quantities]Tally
	// Enough says of which quantities there were enough readings for a mean that counts.
	Enough [quantities]bool
	// Inputs are what the index is made of: NowCast of dust, means of gases.
	Inputs  airquality.Hourly
	Index   airquality.Index
	Indexed bool
	// Corrected says that the index was published differently at first: as Was, or as none
	// when that is negative; it changed last at Changed, by the stream's clock.
	Corrected bool
	Was       int
	Changed   time.Time
	// Indicative says that the station is not a reference station.
	Indicative bool
}

// Hours returns the closed hours of a station that begin from one instant on and before
// another, oldest first. Hours without readings, and older than [Window], are not there.
func (b *Book) Hours(id telemetry.DeviceID, from, to time.Time) []Hour {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := b.stations[id]
	if s == nil {
		return nil
	}
	var list []Hour
	for n := max(hourOf(from.Add(time.Hour-1)), s.closedTo-windowHours+1); n <= s.closedTo && hourStart(n).Before(to); n++ {
		if h := s.hour(n); h != nil && h.published {
			list = append(list, s.export(h))
		}
	}
	return list
}

func (s *station) export(h *hour) Hour {
	out := Hour{Start: hourStart(h.number), Inputs: s.hourly(h.number), Indicative: !s.Reference}
	for q := range quantities {
		if t, ok := h.of(s, q); ok {
			out.Tallies[q] = t
			_, out.Enough[q] = s.mean(h.number, q)
		}
	}
	out.Index, out.Indexed = out.Inputs.Index()
	if h.corrected {
		out.Corrected, out.Was, out.Changed = true, int(h.was), h.changed
	}
	return out
}

// A Day is one local day of a station.
type Day struct {
	Start time.Time
	// Inputs are what the daily index is made of.
	Inputs  airquality.Daily
	Index   airquality.Index
	Indexed bool
	// Hours counts the hours of the day that had enough readings, by quantity.
	Hours [quantities]int
	// DayLAeq is the equivalent level from 6 to 21 h, NightLAeq that of the other hours of
	// the calendar day; NaN when fewer than three quarters of the hours are there.
	DayLAeq, NightLAeq float64
	// RainMm is the rain that was measured.
	RainMm float64
	// Exceeded are the limits of QCVN 05:2023 that a mean of the day was above.
	Exceeded   []Exceedance
	Indicative bool
}

// An Exceedance says how often a limit was exceeded.
type Exceedance struct {
	Limit airquality.Limit
	// Highest is the highest mean, which ended at At; Times counts the means above the limit.
	Highest float64
	At      time.Time
	Times   int
}

// Day returns the local day that holds t: false when the station was not heard then, or when
// the day, or the eight hours before it, are older than [Window]. The index of a day that
// has not ended is that of its hours so far. The mean of 24 hours needs 18.
func (b *Book) Day(id telemetry.DeviceID, t time.Time) (Day, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := b.stations[id]
	local := t.In(airquality.Zone())
	start := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, airquality.Zone())
	first := hourOf(start)
	if s == nil || first-7 <= s.closedTo-windowHours {
		return Day{}, false
	}
	return s.day(first)
}

func (s *station) day(first int64) (Day, bool) {
	d := Day{Start: hourStart(first).In(airquality.Zone()), Inputs: airquality.NoDaily(), Indicative: !s.Reference}
	last := min(first+23, s.closedTo)
	heard := false
	for n := first; n <= last; n++ {
		h := s.hour(n)
		heard = heard || h != nil && len(h.rows) > 0
		for q := range quantities {
			if _, ok := s.mean(n, q); ok {
				d.Hours[q]++
			}
		}
		if t, ok := h.of(s, Rain); ok && t.N > 0 {
			d.RainMm += t.Mean
		}
	}
	if !heard {
		return Day{}, false
	}
	var room [24]float64
	top := func(q Quantity, p airquality.Period) float64 {
		highest := airquality.NoValue()
		for n := first; n <= last; n++ {
			if v, ok := s.running(n, q, p); ok && !(v <= highest) {
				highest = v
			}
		}
		return highest
	}
	dust := func(q Quantity) float64 {
		_, needed := airquality.Hours24.Hours()
		v, ok := airquality.Mean(s.means(first+23, q, 24, room[:]), needed)
		if !ok {
			return airquality.NoValue()
		}
		return v
	}
	d.Inputs.PM25, d.Inputs.PM10 = dust(PM25), dust(PM10)
	d.Inputs.NO2, d.Inputs.SO2 = top(NO2, airquality.Hour1), top(SO2, airquality.Hour1)
	d.Inputs.CO, d.Inputs.O3 = top(CO, airquality.Hour1), top(O3, airquality.Hour1)
	d.Inputs.O38Hour = top(O3, airquality.Hours8)
	d.Index, d.Indexed = d.Inputs.Index()
	d.DayLAeq, d.NightLAeq = s.noise(first, 6, 21), s.noise(first, 21, 6)
	d.Exceeded = s.exceeded(first, last)
	return d, true
}

// noise returns the equivalent level over the hours of a local day from one to before another.
func (s *station) noise(first, from, to int64) float64 {
	var sum float64
	n, all := 0, 0
	for i := range int64(24) {
		in := i >= from && i < to
		if from > to {
			in = i >= from || i < to
		}
		if !in {
			continue
		}
		all++
		if v, ok := s.mean(first+i, Noise); ok {
			sum += airquality.Energy(v)
			n++
		}
	}
	if n == 0 || 4*n < 3*all {
		return airquality.NoValue()
	}
	return airquality.Level(sum / float64(n))
}

// exceeded returns the limits that a mean which ended in the hours was above.
func (s *station) exceeded(first, last int64) []Exceedance {
	var list []Exceedance
	for q := PM25; q <= O3; q++ {
		for _, period := range [...]airquality.Period{airquality.Hour1, airquality.Hours8, airquality.Hours24} {
			var x Exceedance
			for n := first; n <= last; n++ {
				limit, ok := airquality.LimitOn(q.pollutant(), period, hourStart(n+1).Add(-1))
				if !ok {
					continue
				}
				v, ok := s.running(n, q, period)
				if !ok || v <= limit.Ugm3 {
					continue
				}
				x.Limit = limit
				x.Times++
				if v > x.Highest {
					x.Highest, x.At = v, hourStart(n+1)
				}
			}
			if x.Times > 0 {
				list = append(list, x)
			}
		}
	}
	return list
}
