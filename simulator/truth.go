package simulator

import (
	"slices"
	"time"

	"phusong/telemetry"
)

// A Downtime says that a device is really not working, and why.
type Downtime struct {
	Device telemetry.DeviceID `json:"device"`
	Site   telemetry.SiteID   `json:"site,omitempty"`
	Area   telemetry.AreaCode `json:"area"`
	Cause  Cause              `json:"cause"`
	// Dark devices do nothing; others measure, and send later.
	Dark bool      `json:"dark"`
	From time.Time `json:"from"`
	// To is zero when it has no end.
	To time.Time `json:"to,omitzero"`
}

// Down returns the devices that cannot be heard at an instant, one line for each
// cause, in the order of the fleet. Vehicles that are parked at night are among them.
func (w *World) Down(at time.Time) []Downtime {
	ms := at.UnixMilli()
	var found []Downtime
	for i := range w.devices {
		d := &w.devices[i]
		for _, o := range w.outages(d, localDay(ms)) {
			if o.covers(ms) {
				found = append(found, d.downtime(&o))
			}
		}
	}
	return found
}

func (d *device) downtime(o *outage) Downtime {
	t := Downtime{Device: d.ID, Site: d.Site, Area: d.Area, Cause: o.cause, Dark: o.dark, From: instant(o.from)}
	if o.to < endOfTime {
		t.To = instant(o.to)
	}
	return t
}

// A SiteState says how a site's Wi-Fi really does, in the words that operators use.
type SiteState string

// The states of a site.
const (
	SiteWorking   SiteState = "working"
	SitePartly    SiteState = "partly"     // some access points are down
	SiteFailed    SiteState = "failed"     // they are up, and nobody can log in
	SiteNoService SiteState = "no service" // all are down or cut off
)

// A SiteTruth is the state of one site that has Wi-Fi.
type SiteTruth struct {
	Site   telemetry.SiteID `json:"site"`
	State  SiteState        `json:"state"`
	Causes []Cause          `json:"causes,omitempty"`
}

// SiteStates returns how each site with access points does at an instant, in the
// order of the fleet.
func (w *World) SiteStates(at time.Time) []SiteTruth {
	ms := at.UnixMilli()
	down := make([]int, len(w.sites))
	causes := make([][]Cause, len(w.sites))
	portal := make([]bool, len(w.sites))
	for i := range w.devices {
		d := &w.devices[i]
		if d.Kind != telemetry.KindWiFi {
			continue
		}
		portal[d.site] = w.portalDown(d, ms)
		isDown := false
		for _, o := range w.outages(d, localDay(ms)) {
			if o.covers(ms) {
				isDown = true
				if !slices.Contains(causes[d.site], o.cause) {
					causes[d.site] = append(causes[d.site], o.cause)
				}
			}
		}
		if isDown {
			down[d.site]++
		}
	}
	var all []SiteTruth
	for i := range w.sites {
		if s := &w.sites[i]; s.aps > 0 {
			all = append(all, SiteTruth{Site: s.ID, State: stateOf(s.aps, down[i], portal[i]), Causes: causes[i]})
		}
	}
	return all
}

func stateOf(aps, down int, portalDown bool) SiteState {
	switch {
	case down == aps:
		return SiteNoService
	case portalDown:
		return SiteFailed
	case down > 0:
		return SitePartly
	}
	return SiteWorking
}

// Air returns what is really in the air at a place: the true input of an air
// quality index.
func (w *World) Air(at telemetry.Point, t time.Time) Air {
	place, ms := project(at), t.UnixMilli()
	x := w.weather(place, ms)
	return w.air(place, w.urban(place), &x, ms)
}

// HourlyAir returns the mean over the hour that begins at t.
func (w *World) HourlyAir(at telemetry.Point, t time.Time) Air {
	const samples = 30
	var sum Air
	for i := range samples {
		a := w.Air(at, t.Add((2*time.Duration(i)+1)*time.Hour/(2*samples)))
		sum.PM25 += a.PM25 / samples
		sum.PM10 += a.PM10 / samples
		sum.NO2 += a.NO2 / samples
		sum.SO2 += a.SO2 / samples
		sum.CO += a.CO / samples
		sum.O3 += a.O3 / samples
	}
	return sum
}

// WaterLevel returns the true level at a gauge's place in metres above its zero.
func (w *World) WaterLevel(at telemetry.Point, t time.Time) float64 {
	return w.waterLevel(project(at), t.UnixMilli())
}

// Service is what an operator really offers at a place and instant, outdoors.
type Service struct {
	Attached     bool // a phone finds the network
	Usable       bool // and data get through
	Technology   string
	RSRPdBm      float64
	SINRdB       float64
	DownloadMbps float64 // the median of tests
}

// Service answers for one of [World.Operators]; the zero Service for any other.
func (w *World) Service(operator telemetry.OperatorCode, at telemetry.Point, t time.Time) Service {
	o := slices.IndexFunc(operators[:], func(o telemetry.Operator) bool { return o.Code == operator })
	if o < 0 {
		return Service{}
	}
	s := w.signal(o, project(at), t.UnixMilli())
	return Service{
		Attached: s.attached, Usable: s.service, Technology: s.technology,
		RSRPdBm: s.rsrp, SINRdB: s.sinr, DownloadMbps: s.download,
	}
}

// Operators returns the networks that have masts in this world.
func (w *World) Operators() []telemetry.Operator { return slices.Clone(operators[:]) }
