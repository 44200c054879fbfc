package environment

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"phusong/alerts/airquality"
	"phusong/telemetry"
)

// Options are what a book is made with.
type Options struct {
	// Stations are those of the registry.
	Stations []Station
	// Noise are the noise limits; nil takes [airquality.DefaultNoiseLimits].
	Noise airquality.NoiseLimits
	// MaxStations bounds how many sensors are kept, registered or not; 0 is 20,000.
	// Readings of further ones are counted and not judged.
	MaxStations int
}

const (
	defaultMaxStations = 20_000
	// closingsAtOnce bounds how many stations are closed with one entry of the stream, so
	// that the turn of an hour does not hold up the watcher.
	closingsAtOnce = 200
	// tidyEvery is how often stations are looked at for silence.
	tidyEvery = time.Minute
)

// A Book keeps the environment of a province. One goroutine calls Observe, Configure,
// Snapshot and Restore; all queries may be called by any.
type Book struct {
	// mu guards everything below: the writer holds it to change, readers to look.
	mu       sync.RWMutex
	options  Options
	stations map[telemetry.DeviceID]*station
	order    []*station // by device id; nil when it has to be made again
	now      time.Time
	tidied   time.Time // when it was last done
	closing  int64     // the hour up to which stations are to be closed
	cursor   int       // how far in order that has come; it may begin again at 0
	arranged bool
	counters Counters

	touched []*station // got something in the entry at hand
	again   []*station // have hours to be judged again for what a neighbour saw
	changes []Change
	row     []int32
	scratch [2][]bool
}

// Counters count what happened since the book was begun.
type Counters struct {
	Readings    int64 // of environment sensors
	TooLate     int64 // older than [Window]: to be judged from the store
	Ahead       int64 // an hour and more ahead of the stream
	Refused     int64 // of sensors beyond Options.MaxStations
	Corrections int64 // of an index that had been published
	Flagged     [16]int64
}

// A Change says which facts of a station an entry has changed: Mask has the bit 1<<fact.
type Change struct {
	Device telemetry.DeviceID
	Site   telemetry.SiteID
	Area   telemetry.AreaCode
	Mask   uint64
}

// New returns an empty book.
func New(o Options) (*Book, error) {
	if o.Noise == nil {
		o.Noise = airquality.DefaultNoiseLimits()
	}
	if err := o.Noise.Validate(); err != nil {
		return nil, err
	}
	if o.MaxStations < 0 {
		return nil, fmt.Errorf("max stations %d: write a positive number, or 0 for %d", o.MaxStations, defaultMaxStations)
	}
	o.MaxStations = cmp.Or(o.MaxStations, defaultMaxStations)
	b := &Book{options: o, stations: make(map[telemetry.DeviceID]*station)}
	if err := b.Configure(o.Stations); err != nil {
		return nil, err
	}
	return b, nil
}

// Configure takes the stations of a registry that was read anew. What was measured stays;
// stations that are not in it any more are kept as unregistered ones until they are silent for
// the whole [Window]. After an error the book is as it was.
func (b *Book) Configure(stations []Station) error {
	seen := make(map[telemetry.DeviceID]bool, len(stations))
	for i := range stations {
		id := stations[i].Device
		if err := stations[i].Water.Validate(); err != nil {
			return fmt.Errorf("station %s: %w", id, err)
		}
		if seen[id] {
			return fmt.Errorf("station %s is there twice", id)
		}
		seen[id] = true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.stations {
		s.registered = false
	}
	for i := range stations {
		s := b.station(stations[i].Device)
		if s == nil {
			b.counters.Refused++
			continue
		}
		if s.At != stations[i].At {
			s.identity.moved = false // somebody has looked at where it is
		}
		s.Station, s.registered = stations[i], true
	}
	for _, s := range b.stations {
		if !s.registered {
			s.Station = Station{Device: s.Device}
		}
	}
	b.arranged = false
	return nil
}

// station returns what is kept of a sensor, new if need be; nil when there are too many.
func (b *Book) station(id telemetry.DeviceID) *station {
	s := b.stations[id]
	if s == nil && len(b.stations) < b.options.MaxStations {
		s = newStation(id)
		s.closedTo = b.closing
		b.stations[id] = s
		b.order, b.arranged, b.cursor = nil, false, 0
	}
	return s
}

// sorted returns the stations by device id.
func (b *Book) sorted() []*station {
	if b.order == nil {
		b.order = make([]*station, 0, len(b.stations))
		for _, s := range b.stations {
			b.order = append(b.order, s)
		}
		slices.SortFunc(b.order, func(x, y *station) int { return cmp.Compare(x.Device, y.Device) })
	}
	return b.order
}

// Observe takes one entry of the stream: at is the stream's clock, which never goes back.
// Readings of other kinds than environment and status are passed over; none is a tick.
func (b *Book) Observe(at time.Time, readings []telemetry.Reading) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes = b.changes[:0]
	if at.After(b.now) {
		b.now = at.UTC()
	}
	for i := range readings {
		r := &readings[i]
		switch {
		case r.Kind == telemetry.KindEnvironment:
			b.reading(r)
		case r.Kind == telemetry.KindStatus && r.Status.Class == telemetry.KindEnvironment:
			if s := b.station(r.Device); s != nil {
				s.spoke = b.now
				before := s.place()
				s.identity.birth(r, s.At, b.now)
				b.arranged = b.arranged && s.place() == before
			}
		}
	}
	b.tidy()
	b.close()
	b.correct()
	b.report()
}

// reading takes one reading.
func (b *Book) reading(r *telemetry.Reading) {
	b.counters.Readings++
	s := b.station(r.Device)
	if s == nil {
		b.counters.Refused++
		return
	}
	if s.heard.IsZero() {
		s.first = b.now
	}
	s.heard, s.spoke = b.now, b.now
	b.touch(s)
	n, newest := hourOf(r.Time), hourOf(b.now)
	switch {
	case n <= newest+1-windowHours: // one hour of the ring is kept for clocks a little ahead
		b.counters.TooLate++
		s.tooLate++
		return
	case n > newest+1:
		b.counters.Ahead++ // the ingest bounds clocks; this is not its reading
		return
	}
	flags := s.identity.see(r, b.now)
	s.widen(r.Environment)
	if len(s.columns) > 0 {
		b.row = s.fill(b.row, r.Environment, flags, r.Time)
		if s.make(n).add(s, b.row) && n <= s.closedTo {
			s.overdue = true
		}
	}
	if !r.Flags.Has(telemetry.FlagLate|telemetry.FlagRetained) && s.present(b.row, r, flags) {
		b.count(s.live.flags)
	}
}

// count counts readings by flag.
func (b *Book) count(f Flags) {
	for ; f != 0; f &= f - 1 {
		b.counters.Flagged[f.first()]++
	}
}

func (b *Book) touch(s *station) {
	if !s.touched {
		s.touched = true
		b.touched = append(b.touched, s)
	}
}

// report makes the list of changes.
func (b *Book) report() {
	slices.SortFunc(b.touched, func(x, y *station) int { return cmp.Compare(x.Device, y.Device) })
	for _, s := range b.touched {
		s.touched = false
		if s.changed != 0 {
			b.changes = append(b.changes, Change{Device: s.Device, Site: s.Site, Area: s.Area, Mask: s.changed})
			s.changed = 0
		}
	}
	b.touched = b.touched[:0]
}

// Changes returns which facts the last Observe has changed, by device id. It is for the
// writer, and valid until the next Observe.
func (b *Book) Changes() []Change { return b.changes }

// ensure returns an hour, judged anew if readings came since it was; nil when nothing was
// heard in it.
func (b *Book) ensure(s *station, n int64) *hour {
	h := s.hour(n)
	if h != nil && (h.dirty || len(h.tallies) != len(s.columns)) {
		h = s.own(n)
		s.judge(h, h.believed, &b.scratch)
	}
	return h
}

// tidy looks for silent stations once a minute, drops those that are nobody's, and finds the
// neighbours of new ones.
func (b *Book) tidy() {
	if b.now.Sub(b.tidied) < tidyEvery {
		return
	}
	b.tidied = b.now
	gone := false
	for _, s := range b.sorted() {
		s.expire(b.now)
		if s.changed != 0 {
			b.touch(s)
		}
		if !s.registered && b.now.Sub(s.spoke) > Window {
			delete(b.stations, s.Device)
			gone = true
		}
	}
	if gone {
		b.order, b.arranged, b.cursor = nil, false, 0
	}
	if !b.arranged {
		b.arrange()
	}
}
