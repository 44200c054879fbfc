package environment

import (
	"math"
	"slices"
	"time"

	"phusong/alerts/airquality"
	"phusong/telemetry"
)

// A Station is what the registry knows of an environment sensor.
type Station struct {
	Device telemetry.DeviceID
	Site   telemetry.SiteID
	Area   telemetry.AreaCode
	At     telemetry.Point
	// Interval is the time between readings; 0 takes what the device says at its birth.
	// Without either, completeness is not known and one reading makes an hour.
	Interval time.Duration
	// Reference says that it is an automatic station under quality control: its index is
	// VN_AQI proper, and others are compared with it. Of all others it is indicative.
	Reference bool
	// Zone is the noise zone it stands in.
	Zone airquality.NoiseZone
	// Water are the alarm levels of a gauge.
	Water airquality.WaterLevels
}

// StationOf returns what a registry says of a sensor; site may be nil. Schools and hospitals
// are special zones by the rule; places of worship are too, and not a category of ours.
// Whether it is a reference station, and its water levels, are for the caller to say.
func StationOf(d *telemetry.Device, site *telemetry.Site) Station {
	s := Station{Device: d.ID, Site: d.Site, Area: d.Area, At: d.At, Interval: d.Interval}
	if site != nil && (site.Category == telemetry.School || site.Category == telemetry.Hospital) {
		s.Zone = airquality.SpecialZone
	}
	return s
}

// A station is all that the book keeps of one sensor. The writer owns it; readers look at
// it under the book's lock.
type station struct {
	Station
	registered bool
	// first and heard are when its first and last reading came, by the stream's clock; spoke
	// when anything did.
	first, heard, spoke time.Time
	// columns are the quantities that it has ever sent, in the order in which they
	// appeared; column is the inverse, −1 for none.
	columns []Quantity
	column  [quantities]int8
	// hours are a ring. They are changed only after own has returned them, since a snapshot
	// shares those that there were when it was taken, which ended an epoch.
	hours [windowHours]*hour
	epoch int
	// closedTo is the last hour that was closed.
	closedTo int64
	// suspects are the quantities under suspicion since an hour.
	suspects [quantities]suspect
	identity identity
	live     live
	facts    Facts
	changed  uint64
	touched  bool // is in the book's list of touched stations
	overdue  bool // has a closed hour that is to be judged again before the entry is done
	tooLate  int64

	// stood is where it stood when neighbours were last looked for.
	stood telemetry.Point
	// near are the other stations within reach, the nearest first; listeners those that
	// have this one among theirs.
	near, listeners []*station
	reference       *station
}

func newStation(id telemetry.DeviceID) *station {
	s := &station{Station: Station{Device: id}}
	for q := range s.column {
		s.column[q] = -1
	}
	return s
}

func (s *station) stride() int { return 1 + len(s.columns) }

// hour returns the hour with that number, nil when nothing was heard in it.
func (s *station) hour(n int64) *hour {
	if h := s.hours[mod(n)]; h != nil && h.number == n {
		return h
	}
	return nil
}

func mod(n int64) int { return int((n%windowHours + windowHours) % windowHours) }

// own returns the hour with that number to be changed; nil when nothing was heard in it.
func (s *station) own(n int64) *hour {
	h := s.hour(n)
	if h == nil || h.epoch == s.epoch {
		return h
	}
	mine := *h
	mine.epoch, mine.shared = s.epoch, true
	s.hours[mod(n)] = &mine
	return &mine
}

// make returns the hour with that number to be changed, in place of one that left the window.
func (s *station) make(n int64) *hour {
	if h := s.own(n); h != nil {
		return h
	}
	h := &hour{number: n, epoch: s.epoch, aqi: -1, was: -1}
	for q := range h.differ {
		h.differ[q] = float32(math.NaN())
	}
	s.hours[mod(n)] = h
	return h
}

// perHour returns how many readings an hour should have; 0 when that is not known.
func (s *station) perHour() float64 {
	interval := s.Interval
	if interval == 0 {
		interval = s.identity.interval
	}
	if interval <= 0 {
		return 0
	}
	return min(float64(time.Hour)/float64(interval), float64(slotsPerHour))
}

// enough reports whether an hour with n readings has a mean: at least three quarters of
// those that it should have.
func (s *station) enough(n int) bool {
	const share = 0.75
	return n > 0 && float64(n) >= share*s.perHour()
}

// widen makes room for quantities that the station had not sent before.
func (s *station) widen(body *telemetry.Environment) {
	var fresh []Quantity
	for q := range quantities {
		if s.column[q] < 0 && table[q].at(body).Present() {
			s.column[q] = int8(len(s.columns) + len(fresh))
			fresh = append(fresh, q)
		}
	}
	if len(fresh) == 0 {
		return
	}
	old := s.stride()
	s.columns = append(slices.Clip(s.columns), fresh...)
	for _, h := range &s.hours {
		if h == nil {
			continue
		}
		h = s.own(h.number)
		rows := make([]int32, 0, h.count(old)*s.stride())
		for i := range h.count(old) {
			rows = append(rows, h.rows[i*old:(i+1)*old]...)
			for range fresh {
				rows = append(rows, absent)
			}
		}
		h.rows, h.shared = rows, false
		h.tallies = append(slices.Clip(h.tallies), make([]Tally, len(s.columns)-len(h.tallies))...)
	}
}

// fill writes a reading as a row.
func (s *station) fill(row []int32, body *telemetry.Environment, reading Flags, t time.Time) []int32 {
	row = append(row[:0], int32(t.UnixMilli()-hourOf(t)*hourMs))
	for _, q := range s.columns {
		row = append(row, q.read(body, reading))
	}
	return row
}

// tally returns what a judged hour's readings of a quantity come to.
func (h *hour) of(s *station, q Quantity) (Tally, bool) {
	if h == nil || s.column[q] < 0 || int(s.column[q]) >= len(h.tallies) {
		return Tally{}, false
	}
	t := h.tallies[s.column[q]]
	t.Flags |= h.barred[q]
	return t, true
}

// mean returns the mean of a quantity in an hour of the station: false when the hour has
// too few readings without flags, or when the quantity is barred.
func (s *station) mean(n int64, q Quantity) (float64, bool) {
	h := s.hour(n)
	t, ok := h.of(s, q)
	if !ok || h.barred[q] != 0 || !s.enough(t.N) {
		return 0, false
	}
	return t.Mean, true
}

// means returns the means of the hours that end with n, the newest first, as the
// functions of package airquality want them.
func (s *station) means(n int64, q Quantity, hours int, room []float64) []float64 {
	room = room[:0]
	for i := range int64(hours) {
		v, ok := s.mean(n-i, q)
		if !ok {
			v = airquality.NoValue()
		}
		room = append(room, v)
	}
	return room
}

// running returns the running mean over a period that ends with hour n.
func (s *station) running(n int64, q Quantity, p airquality.Period) (float64, bool) {
	var room [24]float64
	all, needed := p.Hours()
	return airquality.Mean(s.means(n, q, all, room[:]), needed)
}

// hourly returns what the index of hour n is made of.
func (s *station) hourly(n int64) airquality.Hourly {
	var room [airquality.NowCastHours]float64
	in := airquality.NoHourly()
	for q, to := range map4(&in) {
		if v, ok := s.mean(n, q); ok {
			*to = v
		}
	}
	if v, ok := airquality.NowCast(s.means(n, PM25, airquality.NowCastHours, room[:])); ok {
		in.PM25 = v
	}
	if v, ok := airquality.NowCast(s.means(n, PM10, airquality.NowCastHours, room[:])); ok {
		in.PM10 = v
	}
	return in
}

// map4 yields the gases of an hourly index, in a fixed order.
func map4(in *airquality.Hourly) func(yield func(Quantity, *float64) bool) {
	return func(yield func(Quantity, *float64) bool) {
		_ = yield(NO2, &in.NO2) && yield(SO2, &in.SO2) && yield(CO, &in.CO) && yield(O3, &in.O3)
	}
}

// index returns the hourly VN_AQI of hour n, −1 for none.
func (s *station) index(n int64) int16 {
	if s.column[PM25] < 0 && s.column[PM10] < 0 {
		return -1
	}
	in := s.hourly(n)
	if x, ok := in.Index(); ok {
		return int16(x.Value)
	}
	return -1
}
