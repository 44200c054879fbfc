package wifi

import (
	"sync"
	"time"

	"phusong/telemetry"
)

// maxGap is how long the stream may say nothing, not even a tick, before what
// happened meanwhile counts as unknown: we did not look.
const maxGap = 2 * time.Minute

// Book is the state of the public Wi-Fi. One goroutine writes (Register, SetState,
// Observe, Advance, Snapshot, Restore); any may read at the same time, and what it
// is given is its own.
//
// A reading costs the same however many access points there are; only the turn of
// a month, a gap in the stream and a new register visit them all.
type Book struct {
	options Options

	mu       sync.RWMutex // guards what follows; writers hold it only while they compute
	register Register
	now      int64 // ms, of the stream; 0 before the first entry
	month    Month
	points   []accessPoint // by id
	sites    []site        // by id
	pointAt  map[telemetry.DeviceID]int32
	siteAt   map[telemetry.SiteID]int32
	areas    map[telemetry.AreaCode]area
	crowds   crowds
	problems problemBook
	saved    *image // restored, and waiting for the register
}

// New returns an empty book. It fails when an option cannot be, naming it.
func New(o Options) (*Book, error) {
	o, err := o.settle()
	if err != nil {
		return nil, err
	}
	return &Book{
		options: o, crowds: newCrowds(&o),
		pointAt: make(map[telemetry.DeviceID]int32), siteAt: make(map[telemetry.SiteID]int32), areas: make(map[telemetry.AreaCode]area),
	}, nil
}

// Changes says what a reading or a state changed of what rules may ask for.
type Changes struct {
	// Device: the facts of the access point may be other ones. False for a device
	// that is no registered access point.
	Device bool
	// Site is where it stands, if anywhere; Verdict says that the site's verdict
	// or its reason changed.
	Site    telemetry.SiteID
	Verdict bool
}

// Observe enters one reading of the stream's entry at the instant at. Readings
// that are late or from the broker's memory change nothing of what is live; their
// sketches of users count, which belong to a month and not to an instant.
func (b *Book) Observe(at time.Time, r *telemetry.Reading) Changes {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(at.UnixMilli())
	if r.Kind != telemetry.KindWiFi && (r.Kind != telemetry.KindStatus || r.Status.Class != telemetry.KindWiFi) {
		return Changes{}
	}
	i, ok := b.pointAt[r.Device]
	if !ok {
		b.problems.add(problemUnregistered, "")
		return Changes{}
	}
	a := &b.points[i]
	if a.State == Retired {
		return Changes{}
	}
	b.look(a, r)
	if r.Kind == telemetry.KindWiFi {
		if text, ok := r.WiFi.UsersSketch.Get(); ok {
			b.takeSketch(a, text)
		}
	}
	if r.Flags.Has(telemetry.FlagLate | telemetry.FlagRetained) {
		return Changes{}
	}
	if r.Kind == telemetry.KindStatus {
		b.place(a, r.Status)
		return Changes{Device: true, Site: b.siteOf(a)}
	}
	return b.live(a, r.WiFi, min(r.Time.UnixMilli(), at.UnixMilli()))
}

// live enters what an access point says of now. What is older than what it said
// before is out of order, and what is older than the patience for silence is from
// before it was back: neither says anything of now.
func (b *Book) live(a *accessPoint, r *telemetry.WiFi, at int64) Changes {
	const patience = 3 // intervals, as for silence
	if a.State != Up || at < a.Seen || b.now-at > patience*a.interval {
		return Changes{}
	}
	if a.site >= 0 && a.Seen > 0 {
		b.sites[a.site].Users.count(&a.known, min(at-a.Seen, patience*a.interval), b.options.MinMbps)
	}
	return b.update(a, b.now, func() { a.take(&b.options, r, at) })
}

// SetState enters what the engine judges of a device's being there, at the instant
// at of the stream. Since is when the device came to be so, where that is known and
// earlier: silence is noticed late. It counts from then, but planned work counts from
// at, whatever the device was then, and what work and our own deafness hid counts from when
// they are over. Devices that are no registered access point are ignored.
func (b *Book) SetState(at time.Time, device telemetry.DeviceID, s State, since time.Time) Changes {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(at.UnixMilli())
	i, ok := b.pointAt[device]
	if !ok || s >= states {
		return Changes{}
	}
	a := &b.points[i]
	if a.State == s || (a.State == Retired) != (s == Retired) {
		return Changes{} // whether it is retired, the register says
	}
	from := b.now
	if hidden := a.State == Maintenance || a.State == Blind; !since.IsZero() && !hidden && s != Maintenance {
		from = min(from, since.UnixMilli())
	}
	return b.update(a, from, func() {
		a.State = s
		if s != Up {
			a.forget()
			a.Seen = 0
		}
	})
}

// update changes an access point and judges it and its site again. What is new
// counts from the instant from.
func (b *Book) update(a *accessPoint, from int64, change func()) Changes {
	var s *site
	if a.site >= 0 {
		s = &b.sites[a.site]
		s.add(a, -1)
	}
	change()
	a.Verdict, a.Reason = a.judge()
	a.Tally.change(from, a.slot())
	if s == nil {
		return Changes{Device: true}
	}
	s.add(a, 1)
	changed := s.rejudge(from)
	if changed && b.options.Judged != nil {
		b.options.Judged(s.ID, s.Verdict, s.Reason, time.UnixMilli(from).UTC())
	}
	return Changes{Device: true, Site: s.ID, Verdict: changed}
}

// rejudge reports whether the site's verdict or reason changed.
func (s *site) rejudge(from int64) bool {
	verdict, reason := s.judge()
	if verdict == s.Verdict && reason == s.Reason {
		return false
	}
	if verdict != s.Verdict {
		s.Since = max(from, s.Tally.Since)
	}
	s.Verdict, s.Reason = verdict, reason
	s.Tally.change(from, s.slot())
	return true
}

func (b *Book) siteOf(a *accessPoint) telemetry.SiteID {
	if a.site < 0 {
		return ""
	}
	return b.sites[a.site].ID
}

// Advance moves the book's clock to the instant of an entry without readings.
func (b *Book) Advance(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(at.UnixMilli())
}

// Restart begins to add up anew at an instant of the stream: times, user minutes and users of
// before are forgotten, and what is known of the present stays. So a report that begins in
// the middle of a month knows who was there when it began.
func (b *Book) Restart(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(at.UnixMilli())
	for t := range b.tallies() {
		*t = tally{Slot: t.Slot, Since: b.now}
	}
	for i := range b.sites {
		b.sites[i].Users, b.sites[i].Past = minutes{}, nil
	}
	for i := range b.points {
		b.points[i].Sketch = 0
	}
	b.crowds = newCrowds(&b.options)
}

// Now returns the instant of the newest entry; zero before the first.
func (b *Book) Now() time.Time {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.now == 0 {
		return time.Time{}
	}
	return time.UnixMilli(b.now).UTC()
}

// advance moves the clock, which never goes back.
func (b *Book) advance(at int64) {
	switch {
	case b.now == 0:
		b.now, b.month = at, monthAt(at)
		b.begin()
		return
	case at <= b.now:
		return
	case at-b.now > maxGap.Milliseconds():
		b.skip(at)
	}
	b.turnUntil(at)
	b.now = at
}

// begin starts every clock that was registered before the first entry.
func (b *Book) begin() {
	for t := range b.tallies() {
		t.Since = max(t.Since, b.now)
	}
	for i := range b.sites {
		b.sites[i].Since = max(b.sites[i].Since, b.now)
	}
}

// skip counts the time until at as unknown, and goes on with what was before it.
func (b *Book) skip(at int64) {
	was := make([]slot, 0, len(b.points)+len(b.sites))
	for t := range b.tallies() {
		was = append(was, t.Slot)
		if t.Slot < nowhere {
			t.change(b.now, slot(Unknown))
		}
	}
	b.turnUntil(at)
	n := 0
	for t := range b.tallies() {
		t.change(at, was[n])
		n++
	}
}

// turnUntil ends every month that is over at the instant.
func (b *Book) turnUntil(at int64) {
	for end := b.month.End().UnixMilli(); at >= end; end = b.month.End().UnixMilli() {
		for t := range b.tallies() {
			t.turn(b.month, end)
		}
		for i := range b.sites {
			b.sites[i].turn(b.month)
		}
		b.month++
		b.crowds.turn(b.month)
	}
}

func (s *site) turn(month Month) {
	if s.Users == (minutes{}) {
		return
	}
	s.Past = remember(s.Past, monthMinutes{month, s.Users})
	s.Users = minutes{}
}

// tallies yields every clock, in a fixed order.
func (b *Book) tallies() func(yield func(*tally) bool) {
	return func(yield func(*tally) bool) {
		for i := range b.points {
			if !yield(&b.points[i].Tally) {
				return
			}
		}
		for i := range b.sites {
			if !yield(&b.sites[i].Tally) {
				return
			}
		}
	}
}
