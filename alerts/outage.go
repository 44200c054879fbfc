package alerts

import (
	"slices"
	"time"

	"phusong/telemetry"
)

// An Outage is what a device's absence looks like to us: it fell silent, or its
// end was announced.
type Outage struct {
	Device telemetry.DeviceID
	State  State // Silent or Offline
	// Since is when we could say so: for silence the end of our patience.
	Since time.Time
}

// Watch tells the outages in a sequence of readings, as somebody would have seen
// them who looked at the picture all the time. Its time is that of the readings.
// It is not safe for concurrent use.
type Watch struct {
	picture  *Picture
	interval func(telemetry.DeviceID) time.Duration
	found    func(Outage)
	out      map[telemetry.DeviceID]bool // outages already told
}

// NewWatch returns a watch that tells found about each outage, in the order in
// which it learns of them. interval is the registry's for a device, 0 if unknown.
func NewWatch(interval func(telemetry.DeviceID) time.Duration, found func(Outage)) *Watch {
	return &Watch{picture: NewPicture(), interval: interval, found: found, out: make(map[telemetry.DeviceID]bool)}
}

// Observe enters the next reading, received no earlier than those before it.
func (w *Watch) Observe(r *telemetry.Reading) {
	w.Look(r.Device, r.Received)
	w.picture.Observe(r)
	w.Look(r.Device, r.Received)
}

// Finish tells the outages that began before now and are not over.
func (w *Watch) Finish(now time.Time) {
	var ids []telemetry.DeviceID
	w.picture.Each(func(id telemetry.DeviceID, _ Presence) bool {
		ids = append(ids, id)
		return true
	})
	slices.Sort(ids) // the same readings, the same words
	for _, id := range ids {
		w.Look(id, now)
	}
}

// Look judges one device at now.
func (w *Watch) Look(id telemetry.DeviceID, now time.Time) {
	presence := w.picture.Presence(id)
	interval := w.interval(id)
	state := presence.StateAt(now, interval)
	bad := state == Silent || state == Offline
	if bad && !w.out[id] {
		o := Outage{Device: id, State: state, Since: presence.OfflineSince}
		if state == Silent {
			o.Since = presence.SilentFrom(interval)
		}
		w.found(o)
	}
	w.out[id] = bad
}
