package alerts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/alerts"
	"phusong/alerts/rules"
	"phusong/telemetry"
)

// A stage plays devices to an engine: an entry of the stream each second, as the
// service writes it.
type stage struct {
	t       testing.TB
	engine  *alerts.Engine
	at      time.Time
	devices []*actor
	changes []alerts.Change
	desk    *desk
	// deaf says that the devices live and nothing of them arrives.
	deaf bool
	// each is called with each entry before the engine sees it.
	each func(at time.Time, readings []telemetry.Reading)
}

// An actor is a device on stage.
type actor struct {
	telemetry.Device
	gone    bool
	session int64
	phase   time.Duration
	shape   func(*telemetry.Reading)
}

// desk says what a test wants said.
type desk struct {
	maintenance  func(at time.Time, p alerts.Place) bool
	acknowledged map[string]time.Time // until when
}

func (d *desk) Maintenance(at time.Time, p alerts.Place) bool {
	return d.maintenance != nil && d.maintenance(at, p)
}

func (d *desk) Acknowledged(at time.Time, id string) bool { return at.Before(d.acknowledged[id]) }

const presence = `
groups:
- name: presence
  rules:
  - {alert: DeviceDown, scope: device, expr: 'device.state in ["silent", "offline"] and not device.roams', labels: {severity: warning}, annotations: {summary: "{{ .Name }}"}}
  - {alert: SiteDown, expr: 'site.uplink_down', labels: {severity: critical}, annotations: {summary: "{{ .Name }} {{ .Count }}: {{ .List }}"}}
  - {alert: AreaDown, expr: 'area.mass_silence', labels: {severity: critical}, annotations: {summary: "{{ .Name }} {{ .Count }}: {{ .List }}"}}
  - {alert: FleetDown, expr: 'service.fleet_silent', labels: {severity: critical}, annotations: {summary: "phusong"}}
  - {alert: PortalDown, expr: 'not wifi.portal_ok', labels: {severity: warning}, annotations: {summary: "{{ .Name }}"}}
  - {alert: Hot, expr: 'wifi.temperature_c > 60', for: 5m, keep_firing_for: 2m, labels: {severity: warning}, annotations: {summary: "{{ .Name }}"}}
`

func ruleSet(t testing.TB, text string) *rules.Set {
	t.Helper()
	set, err := rules.Parse(rules.File{Name: "test.yml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

var noonThere = time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC) // a Tuesday, 12:00 in Việt Nam

func newStage(t testing.TB, inv alerts.Inventory, o alerts.Options) *stage {
	t.Helper()
	s := &stage{t: t, at: noonThere, desk: &desk{acknowledged: make(map[string]time.Time)}}
	o.Inventory, o.Desk = inv, s.desk
	if o.Rules == nil {
		o.Rules = ruleSet(t, presence)
	}
	o.Changed = func(c alerts.Change) { s.changes = append(s.changes, c) }
	engine, err := alerts.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.engine = engine
	for i, d := range inv.Devices {
		s.devices = append(s.devices, &actor{Device: d, session: 1, phase: time.Duration(i) * 7 * time.Second % max(d.Interval, time.Second)})
	}
	return s
}

// town returns areas with sites with access points, the first of each the parent of the
// others, and a sensor at each site.
func town(areas, sites, points int) alerts.Inventory {
	var inv alerts.Inventory
	for a := range areas {
		code := telemetry.AreaCode(fmt.Sprintf("2545%d", a))
		inv.Areas = append(inv.Areas, telemetry.Area{Code: code, Name: fmt.Sprintf("Phường %d", a)})
		for s := range sites {
			id := telemetry.SiteID(fmt.Sprintf("site-%d-%d", a, s))
			at := telemetry.Point{Lat: 11 + float64(a)/10, Lon: 106 + float64(s)/100}
			inv.Sites = append(inv.Sites, telemetry.Site{ID: id, Name: "Trạm " + string(id), Category: telemetry.Hospital, Area: code, At: at, Required: true})
			for p := range points {
				d := telemetry.Device{ID: telemetry.DeviceID(fmt.Sprintf("ap-%d-%d-%d", a, s, p)), Kind: telemetry.KindWiFi, Site: id, Area: code, At: at, Interval: time.Minute}
				if p > 0 {
					d.Parent = telemetry.DeviceID(fmt.Sprintf("ap-%d-%d-0", a, s))
				}
				inv.Devices = append(inv.Devices, d)
			}
			inv.Devices = append(inv.Devices, telemetry.Device{ID: telemetry.DeviceID(fmt.Sprintf("env-%d-%d", a, s)), Kind: telemetry.KindEnvironment, Site: id, Area: code, At: at, Interval: time.Minute})
		}
	}
	return inv
}

// play lets time pass, second by second.
func (s *stage) play(d time.Duration) {
	for end := s.at.Add(d); s.at.Before(end); {
		s.at = s.at.Add(time.Second)
		var readings []telemetry.Reading
		for _, a := range s.devices {
			if a.gone || s.deaf || s.at.Add(-a.phase).UnixMilli()%a.Interval.Milliseconds() != 0 {
				continue
			}
			readings = append(readings, a.reading(s.at))
		}
		s.enter(readings...)
	}
}

func (s *stage) enter(readings ...telemetry.Reading) {
	if s.each != nil {
		s.each(s.at, readings)
	}
	s.engine.Observe(s.at, readings)
}

func (a *actor) reading(at time.Time) telemetry.Reading {
	r := telemetry.NewReading(a.Kind)
	r.Area, r.Device, r.Time, r.Received = a.Area, a.ID, at, at
	if a.Kind == telemetry.KindWiFi {
		r.WiFi.Clients = telemetry.Some(int64(7))
		r.WiFi.PortalOK = telemetry.Some(true)
	}
	if a.shape != nil {
		a.shape(&r)
	}
	return r
}

// cut ends the devices' lives; told says that the broker publishes their wills.
func (s *stage) cut(told bool, match func(*actor) bool) (n int) {
	var wills []telemetry.Reading
	for _, a := range s.devices {
		if !match(a) || a.gone {
			continue
		}
		a.gone = true
		n++
		if told {
			wills = append(wills, a.status(s.at, telemetry.StateOffline))
		}
	}
	s.enter(wills...)
	return n
}

// back brings devices back to life, in new sessions.
func (s *stage) back(match func(*actor) bool) {
	var births []telemetry.Reading
	for _, a := range s.devices {
		if match(a) && a.gone {
			a.gone = false
			a.session++
			births = append(births, a.status(s.at, telemetry.StateOnline))
		}
	}
	s.enter(births...)
}

func (a *actor) status(at time.Time, state string) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindStatus)
	r.Area, r.Device, r.Time, r.Received = a.Area, a.ID, at, at
	r.Status.Class, r.Status.State, r.Status.Session = a.Kind, telemetry.Some(state), telemetry.Some(a.session)
	return r
}

func (s *stage) actor(id telemetry.DeviceID) *actor {
	i := slices.IndexFunc(s.devices, func(a *actor) bool { return a.ID == id })
	if i < 0 {
		s.t.Fatalf("there is no device %s", id)
	}
	return s.devices[i]
}

func (s *stage) state(id telemetry.DeviceID) alerts.State {
	d, ok := s.engine.Device(id)
	if !ok {
		s.t.Fatalf("device %s is not known", id)
	}
	return d.State
}

// told returns what people were told, "+name subject" when it began and "-" when it ended.
func (s *stage) told() []string {
	var lines []string
	for _, c := range s.changes {
		switch {
		case c.Kind == alerts.AlertTold:
			lines = append(lines, "+"+c.Alert.Name+" "+c.Alert.Subject.ID)
		case c.Kind == alerts.AlertRenewed:
			lines = append(lines, "!"+c.Alert.Name+" "+c.Alert.Subject.ID)
		case c.Kind == alerts.AlertResolved && c.Alert.Told:
			lines = append(lines, "-"+c.Alert.Name+" "+c.Alert.Subject.ID)
		}
	}
	return lines
}

// messages returns the incidents in whose name people were told, in order: with one
// message for each, as deploy/alertmanager.yml groups them.
func (s *stage) messages() []string {
	var ids []string
	for _, c := range s.changes {
		if c.Kind == alerts.AlertTold && !slices.Contains(ids, c.Alert.Labels["incident"]) {
			ids = append(ids, c.Alert.Labels["incident"])
		}
	}
	return ids
}

func all(*actor) bool { return true }

func at(prefix string) func(*actor) bool {
	return func(a *actor) bool {
		return strings.HasPrefix(string(a.ID), prefix) || string(a.Site) == prefix || string(a.Area) == prefix
	}
}

func only(id telemetry.DeviceID) func(*actor) bool { return func(a *actor) bool { return a.ID == id } }
