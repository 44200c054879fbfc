package alerts

import (
	"maps"
	"time"

	"phusong/alerts/rules"
	"phusong/telemetry"
)

// A DeviceState is what is known of one device.
type DeviceState struct {
	Device     telemetry.Device
	Registered bool
	State      State
	Since      time.Time // of the state
	LastSeen   time.Time // newest event time of a live reading, never in our future; zero for never
	Interval   time.Duration
	Flapping   bool
	Incident   string // of its outage, "" for none
}

// A SiteState is what is known of the devices of one site.
type SiteState struct {
	Site       telemetry.Site
	Expected   int // devices that were seen and are not retired
	Down       int // of these, silent or offline
	UplinkDown bool
	Open       bool
}

// chunk is how many devices are looked at under one lock, so that a long list does not
// keep the watcher waiting.
const chunk = 512

// Devices calls do for each device that is registered or was seen, until it returns
// false. Devices that change meanwhile are seen before or after.
func (e *Engine) Devices(do func(DeviceState) bool) {
	states := make([]DeviceState, 0, chunk)
	for from := 0; ; from += chunk {
		states = e.deviceStates(states[:0], from)
		for i := range states {
			if !do(states[i]) {
				return
			}
		}
		if from+chunk >= e.deviceCount() {
			return
		}
	}
}

func (e *Engine) deviceCount() int {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return len(e.devices)
}

func (e *Engine) deviceStates(to []DeviceState, from int) []DeviceState {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, d := range e.devices[min(from, len(e.devices)):min(from+chunk, len(e.devices))] {
		if d.registered || d.state != Unknown {
			to = append(to, e.stateOf(d))
		}
	}
	return to
}

// Device returns what is known of a device, and whether anything is.
func (e *Engine) Device(id telemetry.DeviceID) (DeviceState, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	d := e.byDevice[id]
	if d == nil {
		return DeviceState{}, false
	}
	return e.stateOf(d), true
}

func (e *Engine) stateOf(d *device) DeviceState {
	s := DeviceState{
		Device: *d.Device, Registered: d.registered, State: d.state, Since: instant(d.since), LastSeen: instant(d.lastSeen),
		Interval: time.Duration(d.interval()) * time.Millisecond, Flapping: d.flapping,
	}
	if d.incident != nil {
		s.Incident = d.incident.id
	}
	if e.options.Desk != nil && d.state != Retired && e.options.Desk.Maintenance(instant(e.now), e.placeOf(&d.subject)) {
		s.State = Maintenance
	}
	return s
}

// Sites returns what is known of the devices of all sites.
func (e *Engine) Sites() []SiteState {
	e.mu.RLock()
	defer e.mu.RUnlock()
	states := make([]SiteState, 0, len(e.sites))
	for _, s := range e.sites {
		open, _ := s.values.Number(rules.SiteOpen)
		states = append(states, SiteState{Site: s.Site, Expected: s.expected, Down: s.down, UplinkDown: s.uplink != nil, Open: open != 0})
	}
	return states
}

// Alerts returns all alerts that fire, in the order of firing.
func (e *Engine) Alerts() []Alert {
	e.mu.RLock()
	defer e.mu.RUnlock()
	alerts := make([]Alert, 0, e.alerts.firing.live)
	for a := range e.alerts.firing.all() {
		alerts = append(alerts, e.value(a))
	}
	return alerts
}

// Active returns the alerts that people are to know of: those that fire and were told,
// and, for a quarter of an hour, those that were told and are over. It is for notifiers
// that send the whole truth again and again, so that nothing is lost while one is away.
func (e *Engine) Active() []Alert {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var alerts []Alert
	for a := range e.alerts.firing.all() {
		if a.told() {
			alerts = append(alerts, e.value(a))
		}
	}
	for _, a := range e.alerts.ended {
		alerts = append(alerts, e.value(a))
	}
	return alerts
}

// Incidents returns the open incidents, in the order of their beginning, and the latest
// that are over.
func (e *Engine) Incidents() (open, over []Incident) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, i := range e.book.open {
		open = append(open, e.incidentValue(i))
	}
	return open, append(over, e.book.closed...)
}

// Counts are what the engine counted since the process began.
type Counts struct {
	Readings     uint64            // entered
	Historic     uint64            // late or from a broker's memory: they touch no live alert
	Unplaced     uint64            // of devices beyond the bound on unregistered ones
	OtherKind    uint64            // of another kind than the registry says
	RuleFaults   map[string]uint64 // divisions by zero and the like, by rule
	TextFaults   uint64            // of templates; the alerts went out with a plain text
	Changes      uint64            // the number of the latest change
	At           time.Time         // of the latest entry
	Resumed      time.Time         // end of our own latest downtime
	Unregistered int
}

// Counts returns what was counted.
func (e *Engine) Counts() Counts {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return Counts{
		Readings: e.count.readings, Historic: e.count.historic, Unplaced: e.count.unplaced, OtherKind: e.count.otherKind,
		RuleFaults: maps.Clone(e.count.faults), TextFaults: e.count.templates, Changes: e.alerts.change,
		At: instant(e.at), Resumed: instant(e.resumed), Unregistered: e.unregistered,
	}
}
