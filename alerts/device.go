package alerts

import (
	"cmp"
	"time"

	"phusong/alerts/rules"
	"phusong/telemetry"
)

// DefaultInterval is assumed of a device of which neither the registry nor its
// birth gives one.
const DefaultInterval = 5 * time.Minute

// Patience: after one and a half intervals a reading is missing and the device is
// late; after three it is silent, since one lost message, or two, is no outage.
const (
	lateNum, lateDen = 3, 2
	patience         = 3
)

// A device flaps when it fell flapFalls times within flapWindow, until it has not
// fallen for flapCalm.
const (
	flapFalls  = 4
	flapWindow = time.Hour
	flapCalm   = 30 * time.Minute
)

// flaps remembers the latest times at which something was raised, in Unix ms.
type flaps struct {
	times [flapFalls]int64
}

// raise notes one more at an instant and reports whether they are too many.
func (f *flaps) raise(at int64) bool {
	copy(f.times[:], f.times[1:])
	f.times[flapFalls-1] = at
	return f.times[0] != 0 && at-f.times[0] <= flapWindow.Milliseconds()
}

// calmAt is when the flapping ends unless there is another raise.
func (f *flaps) calmAt() int64 { return f.times[flapFalls-1] + flapCalm.Milliseconds() }

// device is one device in the live picture. Times are Unix ms, 0 for never.
type device struct {
	subject
	*telemetry.Device // the registry's, never changed; its own when it is in none
	registered        bool
	flapping          bool
	maintained        bool // work on it is announced; asked for the Wi-Fi book
	state             State
	parent            *device
	children          []*device
	since             int64 // when the state began
	heard             int64 // the latest sign of life, by the stream's clock
	lastSeen          int64 // the newest event time of a live reading, never in our future
	birth             int64 // interval by its own word, in ms
	session           int64
	live              timerID // its next step towards silence
	calm              timerID // end of flapping; 0 until it ever flapped
	rate              int64   // its part of the fleet's, 0 when it is down
	flaps             flaps
	incident          *incident // which its outage belongs to
	member            int32     // its number there
}

// interval is how often the device is expected to speak, in ms.
func (d *device) interval() int64 {
	return cmp.Or(d.Interval.Milliseconds(), d.birth, DefaultInterval.Milliseconds())
}

// roams reports whether the device has no place of its own: nobody can say what its
// silence means.
func (d *device) roams() bool { return d.Site == "" && d.At.IsZero() }

// observe enters a live reading.
func (e *Engine) observe(d *device, r *telemetry.Reading) {
	if r.Kind == telemetry.KindStatus {
		e.observeStatus(d, r)
		return
	}
	if d.Kind != r.Kind {
		if d.registered || !r.Kind.IsDevice() {
			e.count.otherKind++
			return // the topic says one thing and the registry another
		}
		d.Kind = r.Kind
		e.rekind(d)
	}
	if d.state == Offline && milli(r.Time) <= d.since {
		return // from before the end of its session
	}
	e.alive(d, milli(r.Time))
	d.values.ObserveReading(r)
	if r.Kind == telemetry.KindEnvironment {
		e.environmentFacts(d)
	}
}

// observeStatus follows the sessions: the will of an old session, which a broker may
// deliver after the device is back, ends nothing.
func (e *Engine) observeStatus(d *device, r *telemetry.Reading) {
	session, numbered := r.Status.Session.Get()
	if numbered && session < d.session {
		return
	}
	newer := numbered && session > d.session
	if numbered {
		d.session = session
	}
	if s, ok := r.Status.IntervalS.Get(); ok {
		d.birth = int64(s * 1000)
		d.values.SetDuration(rules.DeviceInterval, time.Duration(d.interval())*time.Millisecond)
	}
	switch {
	case r.Status.State.Or("") != telemetry.StateOffline && d.state == Offline && !newer && milli(r.Time) <= d.since:
		// a birth of the session that has ended, overtaken on its way
	case r.Status.State.Or("") != telemetry.StateOffline:
		e.alive(d, milli(r.Time))
	case d.Retired:
	case !d.state.Down(): // a will after silence is the same outage
		e.fall(d, Offline, e.now)
	}
}

// alive enters a sign of life.
func (e *Engine) alive(d *device, eventTime int64) {
	e.lastSign = e.now
	d.heard = e.now
	if seen := min(eventTime, e.now); seen > d.lastSeen {
		d.lastSeen = seen
		d.values.SetNumber(rules.DeviceLastSeen, float64(seen)/1000)
	}
	if d.state == Up || d.Retired {
		return
	}
	e.rise(d)
}

// lateAt and silentAt are when the device's silence turns into a state. After our own
// downtime everybody gets the full patience again.
func (e *Engine) lateAt(d *device) int64 {
	return max(d.heard, e.resumed) + d.interval()*lateNum/lateDen
}

func (e *Engine) silentAt(d *device) int64 { return max(d.heard, e.resumed) + d.interval()*patience }

// wakeDevice is the device's timer: time has passed without its speaking, perhaps.
func (e *Engine) wakeDevice(d *device, at int64) {
	if !d.state.there() {
		return
	}
	late, silent := e.lateAt(d), e.silentAt(d)
	switch {
	case at < late:
		e.wheel.set(d.live, late)
	case at < silent:
		if d.state == Up {
			e.setState(d, Late, late)
		}
		e.wheel.set(d.live, silent)
	default:
		e.fall(d, Silent, silent)
	}
}

// fall: the device is silent or offline since an instant.
func (e *Engine) fall(d *device, s State, at int64) {
	if !d.state.there() { // never seen: there was nothing that could fall
		d.heard = max(d.heard, at)
		e.expect(d, 1)
	}
	e.setRate(d, 0)
	e.setState(d, s, at)
	e.wheel.set(d.live, 0)
	e.countDown(d, 1)
	if d.flaps.raise(at) && !d.flapping && !d.roams() {
		d.flapping = true
		d.values.SetBool(rules.DeviceFlapping, true)
	}
	if d.flapping {
		e.setCalm(d)
	}
	e.enterOutage(d)
}

// rise: the device speaks.
func (e *Engine) rise(d *device) {
	was := d.state
	e.setState(d, Up, e.now)
	e.wheel.set(d.live, e.lateAt(d))
	switch was {
	case Unknown:
		e.expect(d, 1)
		e.setRate(d, rateOf(d))
	case Silent, Offline:
		e.countDown(d, -1)
		e.setRate(d, rateOf(d))
		e.leaveOutage(d)
	default:
	}
}

// rateOf is how many signs of life the device gives per thousand million seconds: a
// whole number, so that the sum over all does not depend on the order of adding.
func rateOf(d *device) int64 { return 1_000_000_000_000 / max(1, d.interval()) }

func (e *Engine) setRate(d *device, rate int64) {
	e.rate += rate - d.rate
	d.rate = rate
}

func (e *Engine) setCalm(d *device) {
	if d.calm == 0 {
		d.calm = e.wheel.add(rankOf(rankCalm, int64(d.order)))
	}
	e.wheel.set(d.calm, d.flaps.calmAt())
}

// calmed ends the flapping when there was no fall for long enough.
func (e *Engine) calmed(d *device, at int64) {
	if calm := d.flaps.calmAt(); at < calm {
		e.wheel.set(d.calm, calm)
		return
	}
	d.flapping = false
	d.values.SetBool(rules.DeviceFlapping, false)
	e.dirtyDevice(d)
}

// setState changes the state and all facts that follow from it.
func (e *Engine) setState(d *device, s State, at int64) {
	d.state, d.since = s, at
	d.values.SetText(rules.DeviceState, s.String())
	d.values.SetInstant(rules.DeviceSince, instant(at))
	for _, child := range d.children {
		child.values.SetText(rules.DeviceParentState, s.String())
		e.dirtyDevice(child)
	}
	e.dirtyDevice(d)
	if e.at != 0 {
		e.presence(d)
	}
}

// expect counts a device as one that should speak.
func (e *Engine) expect(d *device, n int) {
	if d.site != nil {
		d.site.expected += n
		e.dirtySite(d.site)
	}
	d.area.expected += n
	e.dirtyArea(d.area)
}

func (e *Engine) countDown(d *device, n int) {
	if d.site != nil {
		d.site.down += n
		e.dirtySite(d.site)
	}
	d.area.down += n
	e.dirtyArea(d.area)
}
