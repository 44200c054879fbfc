package dashboards

import (
	"iter"
	"time"

	"github.com/prometheus/client_golang/prometheus"

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
	devices      Devices
	now          func() time.Time
	onlyAreas    bool
	up           *prometheus.Desc
	lastSeen     *prometheus.Desc
	unregistered *prometheus.Desc
	states       *prometheus.Desc
	inAreas      *prometheus.Desc
}

// NewDeviceCollector returns a collector over devices.
func NewDeviceCollector(devices Devices, now func() time.Time) *DeviceCollector {
	labels := []string{"device", "kind", "area", "site"}
	return &DeviceCollector{
		devices:      devices,
		now:          now,
		up:           prometheus.NewDesc("device_up", "1 while the device speaks as often as expected, 0 when it does not or was never seen.", labels, nil),
		lastSeen:     prometheus.NewDesc("device_last_seen_timestamp_seconds", "Event time of the device's newest reading, in Unix time. Absent for a device never seen.", labels, nil),
		unregistered: prometheus.NewDesc("unregistered_devices", "Devices that send readings and are in no register.", nil, nil),
		states:       prometheus.NewDesc("devices", "Registered devices by state.", []string{"kind", "state"}, nil),
		inAreas:      prometheus.NewDesc("area_devices", "Registered devices by commune and state, without retired ones.", []string{"area", "kind", "state"}, nil),
	}
}

// OnlyAreas leaves out what is of single devices, for fleets whose series would cost
// more than they tell. It returns the collector, and is called before the first scrape.
func (c *DeviceCollector) OnlyAreas() *DeviceCollector {
	c.onlyAreas = true
	return c
}

// Describe implements prometheus.Collector.
func (c *DeviceCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.lastSeen, c.unregistered, c.states, c.inAreas} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *DeviceCollector) Collect(ch chan<- prometheus.Metric) {
	unregistered := 0
	type group struct{ area, kind, state string }
	counts, areas := make(map[group]int), make(map[group]int)
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for s := range c.devices(c.now()) {
		if !s.Registered {
			unregistered++
			continue
		}
		kind := s.Device.Kind.String()
		counts[group{"", kind, s.State}]++
		if s.Device.Retired {
			continue
		}
		areas[group{string(s.Device.Area), kind, s.State}]++
		if c.onlyAreas {
			continue
		}
		labels := []string{string(s.Device.ID), kind, string(s.Device.Area), string(s.Device.Site)}
		up := 0.0
		if s.Up {
			up = 1
		}
		gauge(c.up, up, labels...)
		if !s.LastSeen.IsZero() {
			gauge(c.lastSeen, float64(s.LastSeen.UnixMilli())/1000, labels...)
		}
	}
	gauge(c.unregistered, float64(unregistered))
	for g, n := range counts {
		gauge(c.states, float64(n), g.kind, g.state)
	}
	for g, n := range areas {
		gauge(c.inAreas, float64(n), g.area, g.kind, g.state)
	}
}
