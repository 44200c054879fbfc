package simulator

import (
	"fmt"
	"strings"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// A device is one member of the fleet: what does not change about it.
type device struct {
	telemetry.Device
	index    int
	key      uint64
	at       vec   // of one that stands
	parent   int   // index of the device through which it reaches the Internet; -1 for none
	site     int   // index; -1 for one that roams
	commune  int   // where it stands, or where it is at home
	interval int64 // between readings
	phase    int64 // its readings are taken at phase modulo interval
	topics   [3]string

	operator int     // of a probe's SIM, index into operators
	drives   bool    // a probe in a vehicle
	suite    suite   // of a sensor
	bias     float64 // of a sensor: what its calibration missed, as a factor
}

// A suite says what a sensor measures.
type suite uint8

const (
	airStation suite = iota
	weatherStation
	waterGauge
)

// The indexes of a device's topics.
const (
	topicTelemetry = iota
	topicStatus
	topicBirth
)

func (w *World) buildDevices() {
	o := &w.options
	w.devices = make([]device, 0, o.AccessPoints+o.Probes+o.Sensors)
	w.buildAccessPoints()
	w.buildProbes()
	w.buildSensors()
}

// buildAccessPoints gives each site one, then more to those that want more, in
// rounds, until all are placed. The first of a site is the parent of the others:
// they reach the Internet through it.
func (w *World) buildAccessPoints() {
	left := w.options.AccessPoints
	for round := 0; left > 0; round++ {
		for i := range w.sites {
			s := &w.sites[i]
			if left > 0 && (round == 0 || round < s.kind.aps || round >= 3) {
				s.aps++
				left--
			}
		}
	}
	for i := range w.sites {
		gateway := len(w.devices)
		for n := range w.sites[i].aps {
			d := w.newDevice(telemetry.KindWiFi, i, fmt.Sprintf("ap-%s-%d", w.sites[i].ID, n+1))
			d.Name = fmt.Sprintf("AP %d %s", n+1, w.sites[i].Name)
			d.Capacity, d.Model = 64, "Simulated AP 2x2"
			if n > 0 {
				d.parent, d.Parent = gateway, w.devices[gateway].ID
			}
			w.devices = append(w.devices, d)
		}
	}
}

// buildProbes makes two of five stand at sites and lets the others drive. SIMs go
// round, so that every operator is tested everywhere.
func (w *World) buildProbes() {
	for n := range w.options.Probes {
		operator := n % len(operators)
		i := int(key(w.options.Seed, forSite, uint64(n)) % uint64(len(w.sites)))
		d := w.newDevice(telemetry.KindMobile, i, fmt.Sprintf("probe-%03d", n+1))
		d.Name = fmt.Sprintf("%s %d", operators[operator].Name, n+1)
		d.Model, d.operator = "Simulated Probe 4G/5G", operator
		if n/len(operators)%5 >= 2 {
			d.drives, d.site = true, -1
			d.Site, d.At = "", telemetry.Point{}
		}
		w.devices = append(w.devices, d)
	}
}

// gaugeAlarms are the levels in metres, and gaugeRise the rise in m/h, of which whoever installs a
// gauge in this world would be warned: the tide of the season's highest water stays below.
var gaugeAlarms = [3]float64{2.8, 3.3, 3.8}

const gaugeRise = 0.8

// buildSensors spreads the sensors evenly over the sites: half measure air, a
// quarter weather, a quarter water.
func (w *World) buildSensors() {
	for n := range w.options.Sensors {
		i := n * len(w.sites) / w.options.Sensors
		d := w.newDevice(telemetry.KindEnvironment, i, fmt.Sprintf("env-%03d", n+1))
		d.suite = [...]suite{airStation, weatherStation, airStation, waterGauge}[n%4]
		d.Name = [...]string{"Không khí ", "Thời tiết ", ""}[d.suite] + w.sites[i].Name
		d.Model = [...]string{"Simulated Air Station", "Simulated Weather Station", "Simulated Water Gauge"}[d.suite]
		if d.suite == waterGauge {
			river, bank := w.terrain.nearestBank(d.at)
			d.Name = fmt.Sprintf("Mực nước %s %d", river, n+1)
			d.WaterAlarms, d.WaterRise = gaugeAlarms, gaugeRise
			d.At = bank.point()
			d.at = project(d.At)
		}
		d.bias = 1 + 0.06*normal(mix(d.key))
		w.devices = append(w.devices, d)
	}
}

func (w *World) newDevice(k telemetry.Kind, at int, id string) device {
	s := &w.sites[at]
	interval := w.options.interval(k)
	d := device{
		Device: telemetry.Device{
			ID: telemetry.DeviceID(id), Kind: k,
			Site: s.ID, Area: s.Area, At: s.At, Interval: interval,
		},
		index:    len(w.devices),
		key:      key(w.options.Seed, forDevice, uint64(len(w.devices))),
		at:       s.at,
		site:     at,
		parent:   -1,
		commune:  s.commune,
		interval: millis(interval),
	}
	d.phase = int64(unit(key(d.key, forPhase, 0)) * float64(d.interval))
	for i, channel := range [...]wire.Channel{wire.Telemetry, wire.Status, wire.Birth} {
		d.topics[i] = wire.Topic{Area: d.Area, Kind: k, Device: d.ID, Channel: channel}.String()
	}
	return d
}

// nextTick returns the first instant after ms at which the device takes a reading.
func (d *device) nextTick(ms int64) int64 {
	return (floorDiv(ms-d.phase, d.interval)+1)*d.interval + d.phase
}

// A sample is what a device keeps of one measurement until it can send it: when,
// and its counters. The rest follows from the world, so that a long backlog of a
// large fleet fits into memory.
type sample struct {
	at, seq int64
	boot    int64  // when the device came up
	rx, tx  int64  // bytes since then
	users   string // the sketch, in the first of its hour
}

// firmware is the version that the device announces; a few lag behind.
func (d *device) firmware() string {
	return strings.Split("2.4.1 2.4.1 2.4.1 2.3.9", " ")[mix(d.key)%4]
}
