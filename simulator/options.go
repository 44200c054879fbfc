package simulator

import (
	"fmt"
	"time"

	"phusong/telemetry"
)

// Options say which world to make. Two worlds of equal options are equal.
type Options struct {
	// Seed chooses among the possible worlds.
	Seed uint64
	// Start is when the devices come up, in event time. It is kept to the millisecond.
	Start time.Time
	// History is how far the devices' memories reach back: at Start each uploads
	// what it measured since Start minus History, as after a long outage. 0 is none.
	History time.Duration
	// HistoryInterval is the time between the readings of access points and sensors in
	// that memory. 0 is five minutes.
	HistoryInterval time.Duration
	// AccessPoints, Probes and Sensors are the numbers of devices of the three kinds.
	AccessPoints, Probes, Sensors int
	// WiFiInterval, MobileInterval and EnvironmentInterval are the times between
	// readings. 0 is a minute, and five minutes for the environment.
	WiFiInterval, MobileInterval, EnvironmentInterval time.Duration
	// KeepAlive is the MQTT keepalive the devices ask for: a broker notices a vanished
	// device after one and a half of it. 0 is 30 seconds.
	KeepAlive time.Duration
	// ConnectWithin is the time over which devices that come up together spread their
	// connections, as well-made firmware does. 0 is ten seconds.
	ConnectWithin time.Duration
	// Scenario is the story that happens on top of everyday life; nil is none.
	Scenario *Scenario
	// Users lets access points count their users: once an hour each sends a sketch of
	// who was there since the month began. It makes those readings long.
	Users bool
	// Calm leaves out the faults of everyday life (reboots, uplinks that fail, power cuts):
	// only what the scenario says happens.
	Calm bool
}

// most devices of one world: the largest that was ever measured, with room.
const maxDevices = 1_000_000

// settle fills in the defaults and names the first field that cannot be.
func (o Options) settle() (Options, error) {
	if o.Start.IsZero() {
		return o, fmt.Errorf("simulator: Start is not set; give the instant at which the devices come up")
	}
	o.Start = o.Start.UTC().Truncate(time.Millisecond)
	for _, n := range []struct {
		name  string
		count int
	}{{"AccessPoints", o.AccessPoints}, {"Probes", o.Probes}, {"Sensors", o.Sensors}} {
		if n.count < 0 || n.count > maxDevices {
			return o, fmt.Errorf("simulator: %s is %d; it must be 0 to %d", n.name, n.count, maxDevices)
		}
	}
	if o.AccessPoints+o.Probes+o.Sensors == 0 {
		return o, fmt.Errorf("simulator: there are no devices; set AccessPoints, Probes or Sensors")
	}
	for _, d := range []struct {
		name            string
		value           *time.Duration
		least, fallback time.Duration
	}{
		{"History", &o.History, 0, 0},
		{"HistoryInterval", &o.HistoryInterval, time.Second, 5 * time.Minute},
		{"WiFiInterval", &o.WiFiInterval, time.Second, time.Minute},
		{"MobileInterval", &o.MobileInterval, time.Second, time.Minute},
		{"EnvironmentInterval", &o.EnvironmentInterval, time.Second, 5 * time.Minute},
		{"KeepAlive", &o.KeepAlive, time.Second, 30 * time.Second},
		{"ConnectWithin", &o.ConnectWithin, time.Millisecond, 10 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
		if *d.value < d.least || *d.value > 366*24*time.Hour {
			return o, fmt.Errorf("simulator: %s is %v; it must be %v to 366 days", d.name, *d.value, d.least)
		}
	}
	return o, nil
}

func (o *Options) interval(k telemetry.Kind) time.Duration {
	switch k {
	case telemetry.KindWiFi:
		return o.WiFiInterval
	case telemetry.KindMobile:
		return o.MobileInterval
	default:
		return o.EnvironmentInterval
	}
}
