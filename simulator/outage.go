package simulator

import (
	"slices"

	"phusong/telemetry"
)

// A Cause says why a device or a site is really not working.
type Cause string

// The causes.
const (
	CausePower   Cause = "power cut"
	CauseUplink  Cause = "uplink cut"
	CauseReboot  Cause = "reboot"
	CauseOffDuty Cause = "off duty" // the vehicle of a driving probe is parked
	CauseStolen  Cause = "stolen"
	CauseBattery Cause = "battery flat"
	CauseBroker  Cause = "broker unreachable"
	CauseParent  Cause = "parent down" // the device through which it reaches the Internet
)

// An outage is a time in which a device is dark (does nothing at all) or cut off
// (measures, keeps what it measured, and sends it later).
type outage struct {
	from, to int64 // to is not included
	cause    Cause
	dark     bool
	clean    bool // the device says goodbye first
}

func (o *outage) covers(ms int64) bool { return ms >= o.from && ms < o.to }

// How often the faults of everyday life happen, per day, and how long they last.
const (
	uplinkCutsPerDay = 0.008
	powerCutsPerDay  = 0.004
	rebootsPerDay    = 0.02

	leastPowerCut, mostPowerCut   = 20 * minute, 3 * hour
	leastUplinkCut, mostUplinkCut = 3 * minute, 4 * hour
	leastReboot, mostReboot       = minute, 3 * minute
)

// outages returns what keeps the device from its work on one local day, in order.
// It is nil on most days of most devices.
func (w *World) outages(d *device, day int64) []outage {
	var found []outage
	if !w.options.Calm {
		found = w.everydayOutages(d, day)
	}
	if d.drives {
		found = append(found, offDuty(d, day)...)
	}
	if d.parent >= 0 {
		found = w.parentOutages(found, &w.devices[d.parent], day)
	}
	found = w.scenarioOutages(found, d)
	if found == nil {
		return nil
	}
	from, to := dayStart(day), dayStart(day+1)
	found = slices.DeleteFunc(found, func(o outage) bool { return o.to <= from || o.from >= to })
	slices.SortStableFunc(found, func(a, b outage) int { return int(clamp(float64(a.from-b.from), -1, 1)) })
	return found
}

// everydayOutages includes those that began the day before.
func (w *World) everydayOutages(d *device, day int64) []outage {
	var found []outage
	for _, day := range [...]int64{day - 1, day} {
		if from, to, ok := chanceOutage(w.communes[d.commune].key, forPowerCut, day, powerCutsPerDay, leastPowerCut, mostPowerCut); ok && !d.drives {
			found = append(found, outage{from: from, to: to + d.comeback(from), cause: CausePower, dark: true})
		}
		if from, to, ok := w.uplinkOutage(d, day); ok {
			found = append(found, outage{from: from, to: to + d.comeback(from), cause: CauseUplink})
		}
		if from, to, ok := chanceOutage(d.key, forReboot, day, rebootsPerDay, leastReboot, mostReboot); ok {
			found = append(found, outage{from: from, to: to, cause: CauseReboot, dark: true})
		}
	}
	return found
}

// scenarioOutages appends what the scenario does to the device, on whatever day.
func (w *World) scenarioOutages(found []outage, d *device) []outage {
	x := &w.effects
	if len(x.all) == 0 {
		return found
	}
	add := func(e *effect, cause Cause, dark bool, comeback int64) {
		o := outage{from: e.from, to: e.to, cause: cause, dark: dark}
		if e.to < endOfTime {
			o.to += comeback
		}
		found = append(found, o)
	}
	for _, e := range x.fleet {
		add(e, CauseBroker, false, d.comeback(e.from))
	}
	for _, e := range x.commune[d.commune] {
		if !d.drives {
			add(e, CausePower, true, d.comeback(e.from))
		}
	}
	for _, e := range x.devices[d.index] {
		switch e.Do {
		case "stolen":
			add(e, CauseStolen, true, 0)
		case "battery_flat":
			add(e, CauseBattery, true, 0)
		}
	}
	if d.site >= 0 && d.Kind != telemetry.KindMobile {
		for _, e := range x.uplinks[w.sites[d.site].uplink] {
			if e.Do == "uplink_cut" {
				add(e, CauseUplink, false, d.comeback(e.from))
			}
		}
	}
	return found
}

// parentOutages appends when the device is cut off because its gateway alone is dark.
// What they share, such as the power, is found for each by itself.
func (w *World) parentOutages(found []outage, gateway *device, day int64) []outage {
	for _, o := range w.outages(gateway, day) {
		if o.cause == CauseReboot || o.cause == CauseStolen {
			o.cause, o.dark = CauseParent, false
			found = append(found, o)
		}
	}
	return found
}

func (w *World) uplinkOutage(d *device, day int64) (from, to int64, ok bool) {
	if d.site < 0 || d.Kind == telemetry.KindMobile {
		return 0, 0, false // probes use the network they test
	}
	line := &w.uplinks[w.sites[d.site].uplink]
	return chanceOutage(line.key, forOutage, day, uplinkCutsPerDay, leastUplinkCut, mostUplinkCut)
}

// comeback is how much later than its neighbours a device returns after an outage
// that they shared, so that they do not all connect at the same instant.
func (d *device) comeback(outage int64) int64 {
	return int64(between(key(d.key, forOutage, uint64(outage)), float64(2*second), float64(25*second)))
}

// chanceOutage draws whether something fails on a day, when, and for how long;
// short outages are more frequent than long ones.
func chanceOutage(subject uint64, p purpose, day int64, perDay float64, least, most int64) (from, to int64, ok bool) {
	h := key(subject, p, uint64(day))
	if !chance(h, perDay) {
		return 0, 0, false
	}
	h = mix(h)
	from = dayStart(day) + int64(unit(h)*float64(24*hour))
	share := unit(mix(h))
	length := float64(least) + share*share*share*float64(most-least)
	return from, from + int64(length), true
}

// offDuty returns when the vehicle of a driving probe is parked and its probe off.
func offDuty(d *device, today int64) []outage {
	begin, end := duty(d, today)
	midnight := dayStart(today)
	var found []outage
	if begin > 0 {
		found = append(found, outage{from: midnight, to: midnight + begin, cause: CauseOffDuty, dark: true, clean: true})
	}
	if end < day {
		found = append(found, outage{from: midnight + end, to: midnight + day, cause: CauseOffDuty, dark: true, clean: true})
	}
	return found
}
