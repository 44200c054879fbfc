package simulator

import (
	"math"
	"slices"
	"time"

	"phusong/telemetry"
)

// endOfTime is the end of what has none.
const endOfTime = math.MaxInt64

// A Fault is one thing that is really wrong for a while, with all it touches. It is
// what an alarm can be right about.
type Fault struct {
	// Kind is that of the scenario's event, or reboot.
	Kind string    `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"` // zero: it does not end
	// Devices, Sites and Area are what it touches; Operator and Center with RadiusKm for
	// faults of a mobile network or of the air.
	Devices  []telemetry.DeviceID   `json:"devices,omitempty"`
	Sites    []telemetry.SiteID     `json:"sites,omitempty"`
	Area     telemetry.AreaCode     `json:"area,omitempty"`
	Operator telemetry.OperatorCode `json:"operator,omitempty"`
	Center   telemetry.Point        `json:"center,omitzero"`
	RadiusKm float64                `json:"radius_km,omitempty"`
	// Scenario says that the scenario made it, and not everyday life.
	Scenario bool `json:"scenario"`
}

// Faults returns all that is wrong at some time from one instant to before another,
// in the order of its beginning.
func (w *World) Faults(from, to time.Time) []Fault {
	var found []Fault
	a, b := from.UnixMilli(), to.UnixMilli()
	for _, e := range w.effects.all {
		if e.from < b && e.to > a {
			found = append(found, w.scenarioFault(e))
		}
	}
	if !w.options.Calm {
		for d := localDay(a) - 1; d <= localDay(b); d++ {
			found = append(found, w.everydayFaults(d)...)
		}
	}
	found = slices.DeleteFunc(found, func(f Fault) bool {
		return !f.From.Before(to) || (!f.To.IsZero() && !f.To.After(from))
	})
	slices.SortStableFunc(found, func(x, y Fault) int { return x.From.Compare(y.From) })
	return found
}

func (w *World) scenarioFault(e *effect) Fault {
	f := Fault{Kind: e.Do, From: instant(e.from), Scenario: true, RadiusKm: e.Where.RadiusKm}
	if e.to < endOfTime {
		f.To = instant(e.to)
	}
	if e.Where.Near != nil {
		f.Center = telemetry.Point{Lat: e.Where.Near[0], Lon: e.Where.Near[1]}
	}
	if e.operator >= 0 {
		f.Operator = operators[e.operator].Code
	}
	if e.commune >= 0 {
		f.Area = w.communes[e.commune].Code
	}
	for i := range w.devices {
		if d := &w.devices[i]; w.touches(e, d) {
			f.Devices = append(f.Devices, d.ID)
		}
	}
	for _, i := range e.sites {
		f.Sites = append(f.Sites, w.sites[i].ID)
	}
	return f
}

// touches reports whether the device feels the effect, or measures what it does.
func (w *World) touches(e *effect, d *device) bool {
	switch happeningKinds[e.Do].targets {
	case toAll:
		return true
	case toCommune:
		return d.commune == e.commune && !d.drives
	case toDevices:
		return slices.Contains(w.effects.devices[d.index], e) ||
			d.parent >= 0 && e.Do == "stolen" && slices.Contains(w.effects.devices[d.parent], e)
	case toSites:
		if d.site < 0 || d.Kind == telemetry.KindMobile {
			return false
		}
		if e.Do == "crowd" && slices.ContainsFunc(e.sites, func(i int) bool { return w.sites[i].uplink == w.sites[d.site].uplink }) {
			return true // it fills the line that they share
		}
		return slices.Contains(w.effects.sites[d.site], e) || slices.Contains(w.effects.uplinks[w.sites[d.site].uplink], e)
	case toMasts: // a probe that stands near them loses its network
		const reachKm = 5
		return d.Kind == telemetry.KindMobile && !d.drives && d.at.distance(e.center) < e.radius+1000*reachKm && (e.operator < 0 || d.operator == e.operator)
	case toDisc:
		kind := telemetry.KindEnvironment
		if e.Do == "dead_zone" || e.Do == "slow_zone" {
			kind = telemetry.KindMobile
		}
		return d.Kind == kind && !d.drives && d.at.distance(e.center) < e.radius && (e.operator < 0 || kind != telemetry.KindMobile || d.operator == e.operator)
	}
	return false
}

// everydayFaults returns those that begin on a local day.
func (w *World) everydayFaults(d int64) []Fault {
	var found []Fault
	add := func(kind string, subject uint64, p purpose, perDay float64, least, most int64, touched func(*device) bool) {
		from, to, ok := chanceOutage(subject, p, d, perDay, least, most)
		if !ok {
			return
		}
		f := Fault{Kind: kind, From: instant(from), To: instant(to)}
		for i := range w.devices {
			if touched(&w.devices[i]) {
				f.Devices = append(f.Devices, w.devices[i].ID)
				if s := w.devices[i].Site; s != "" && !slices.Contains(f.Sites, s) {
					f.Sites = append(f.Sites, s)
				}
			}
		}
		if len(f.Devices) > 0 {
			found = append(found, f)
		}
	}
	for c := range w.communes {
		add("power_cut", w.communes[c].key, forPowerCut, powerCutsPerDay, leastPowerCut, mostPowerCut, func(d *device) bool { return d.commune == c && !d.drives })
	}
	for u := range w.uplinks {
		add("uplink_cut", w.uplinks[u].key, forOutage, uplinkCutsPerDay, leastUplinkCut, mostUplinkCut, func(d *device) bool {
			return d.site >= 0 && d.Kind != telemetry.KindMobile && w.sites[d.site].uplink == u
		})
	}
	for i := range w.devices {
		add("reboot", w.devices[i].key, forReboot, rebootsPerDay, leastReboot, mostReboot, func(d *device) bool { return d.index == i || d.parent == i })
	}
	return found
}
