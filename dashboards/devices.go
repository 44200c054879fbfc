package dashboards

import (
	"iter"
	"time"

	"phusong/telemetry"
)

// A DeviceState is what the live picture knows of one device at an instant.
type DeviceState struct {
	Device telemetry.Device
	// Registered is false for a device that sends readings and is in no register.
	Registered bool
	// State is its name: up, late, silent, offline, unknown or retired.
	State    string
	Up       bool
	LastSeen time.Time // zero if never
}

// Devices lists every device that is registered or was seen, as of now. It may
// be called concurrently.
type Devices func(now time.Time) iter.Seq[DeviceState]

// DeviceCollector exports the state of every registered device at the moment of
// the scrape. Devices that nobody registered are only counted: their ids come
// from outside and must not become series. A retired device has no series.
type DeviceCollector struct {
	collector
	devices   Devices
	now       func() time.Time
	onlyAreas bool

	up, lastSeen, unregistered, states, inAreas *family
}

// NewDeviceCollector returns a collector over devices.
func NewDeviceCollector(devices Devices, now func() time.Time) *DeviceCollector {
	labels := []string{"device", "kind", "area", "site"}
	c := &DeviceCollector{devices: devices, now: now}
	c.up = c.gauge("device_up", "1 while the device speaks as often as expected, 0 when it does not or was never seen.", labels...)
	c.lastSeen = c.gauge("device_last_seen_timestamp_seconds", "Event time of the device's newest reading, in Unix time. Absent for a device never seen.", labels...)
	c.unregistered = c.gauge("unregistered_devices", "Devices that send readings and are in no register.")
	c.states = c.gauge("devices", "Registered devices by state.", "kind", "state")
	c.inAreas = c.gauge("area_devices", "Registered devices by commune and state, without retired ones.", "area", "kind", "state")
	c.walk = c.put
	return c
}

// OnlyAreas leaves out what is of single devices, for fleets whose series would cost
// more than they tell. It returns the collector, and is called before the first scrape.
func (c *DeviceCollector) OnlyAreas() *DeviceCollector {
	c.onlyAreas = true
	return c
}

func (c *DeviceCollector) put(to series) {
	unregistered := 0
	type group struct{ area, kind, state string }
	counts, areas := make(map[group]int), make(map[group]int)
	for s := range c.devices(c.now()) {
		if !s.Registered {
			unregistered++
			continue
		}
		kind, area := s.Device.Kind.String(), string(s.Device.Area)
		counts[group{"", kind, s.State}]++
		if s.Device.Retired {
			continue
		}
		areas[group{area, kind, s.State}]++
		if c.onlyAreas {
			continue
		}
		id, site, up := string(s.Device.ID), string(s.Device.Site), 0.0
		if s.Up {
			up = 1
		}
		to.put(c.up, up, id, kind, area, site)
		if !s.LastSeen.IsZero() {
			to.put(c.lastSeen, unixSeconds(s.LastSeen), id, kind, area, site)
		}
	}
	to.put(c.unregistered, float64(unregistered))
	for g, n := range counts {
		to.put(c.states, float64(n), g.kind, g.state)
	}
	for g, n := range areas {
		to.put(c.inAreas, float64(n), g.area, g.kind, g.state)
	}
}
