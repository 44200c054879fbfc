package alerts

import (
	"cmp"
	"sync"
	"time"

	"phusong/telemetry"
)

// Presence is what the device's readings and its will say about its being there.
type Presence struct {
	Kind telemetry.Kind
	Area telemetry.AreaCode
	// LastSeen is the newest event time, never in our future. Late readings do not
	// move it, nor do those from a broker's memory: they say that the device was
	// there, not that it is.
	LastSeen time.Time
	// Interval is what the device said at its birth, 0 if it did not.
	Interval time.Duration
	// Offline: the current session's end was announced at OfflineSince, and
	// nothing newer came.
	Offline      bool
	OfflineSince time.Time
	session      int64
}

// StateAt judges the presence at now, for a device that is expected to speak
// every interval; 0 takes what the device said itself.
func (p Presence) StateAt(now time.Time, interval time.Duration) State {
	switch {
	case p.LastSeen.IsZero() && !p.Offline:
		return Unknown
	case p.Offline:
		return Offline
	case now.After(p.SilentFrom(interval)):
		return Silent
	}
	return Up
}

// SilentFrom returns when the device's silence becomes an event unless it speaks,
// for the same interval as StateAt.
func (p Presence) SilentFrom(interval time.Duration) time.Time {
	return p.LastSeen.Add(patience * cmp.Or(interval, p.Interval, DefaultInterval))
}

// Picture is the live picture. It is safe for concurrent use; readings of one
// device must be observed in the order of the stream.
type Picture struct {
	mu      sync.RWMutex
	devices map[telemetry.DeviceID]Presence
}

// NewPicture returns an empty picture.
func NewPicture() *Picture {
	return &Picture{devices: make(map[telemetry.DeviceID]Presence)}
}

// Observe enters a reading.
func (p *Picture) Observe(r *telemetry.Reading) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.devices[r.Device]
	d.Kind, d.Area = r.Kind, r.Area
	if r.Kind == telemetry.KindStatus {
		d.Kind = r.Status.Class
		d.status(r)
	} else {
		d.seen(r)
	}
	p.devices[r.Device] = d
}

func (p *Presence) seen(r *telemetry.Reading) {
	if r.Flags.Has(telemetry.FlagLate | telemetry.FlagRetained) {
		return
	}
	at := r.Time
	if at.After(r.Received) {
		at = r.Received
	}
	if at.After(p.LastSeen) {
		p.LastSeen = at
	}
	if p.Offline && at.After(p.OfflineSince) {
		p.Offline = false
	}
}

// status follows the sessions: the will of an old session, which a broker may
// deliver after the device is back, ends nothing.
func (p *Presence) status(r *telemetry.Reading) {
	session, numbered := r.Status.Session.Get()
	if numbered && session < p.session {
		return
	}
	if numbered {
		p.session = session
	}
	if s, ok := r.Status.IntervalS.Get(); ok {
		p.Interval = time.Duration(s * float64(time.Second))
	}
	if r.Status.State.Or("") != telemetry.StateOffline {
		p.Offline = false
		p.seen(r)
		return
	}
	if !p.Offline {
		p.Offline, p.OfflineSince = true, r.Time
	}
}

// Presence returns what is known of a device; the zero Presence if nothing is.
func (p *Picture) Presence(id telemetry.DeviceID) Presence {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.devices[id]
}

// Each calls do for every device that was ever seen, in no order, until it
// returns false. The picture does not change meanwhile: do must be quick.
func (p *Picture) Each(do func(telemetry.DeviceID, Presence) bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for id, presence := range p.devices {
		if !do(id, presence) {
			return
		}
	}
}
