package main

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"phusong/alerts"
	"phusong/alerts/environment"
	"phusong/alerts/rules"
	"phusong/alerts/wifi"
	"phusong/simulator"
	"phusong/telemetry"
)

// An alarmJudge lets the alert engine watch the readings of a world, with the default
// rules and without a broker in between, and keeps what people would have been told.
type alarmJudge struct {
	engine   *alerts.Engine
	devices  map[telemetry.DeviceID]telemetry.Device
	at       time.Time // of the entry that is being gathered
	readings []telemetry.Reading
	notices  []*notice
	byID     map[string]*notice
}

// A notice is one message to people: all that was told in the name of one incident.
type notice struct {
	From     time.Time    `json:"from"`
	Cause    alerts.Cause `json:"cause"`
	Names    []string     `json:"alerts"`   // in the order of telling
	Severity string       `json:"severity"` // the gravest
	// Fault is the kind of the fault that explains it, "" for none.
	Fault string          `json:"fault,omitempty"`
	alarm simulator.Alarm // the first
	said  []saying
}

// A saying is one alert that people were told of.
type saying struct {
	name  string
	alarm simulator.Alarm
}

// entrySpan is how many readings' time one entry of the stream holds: a tick a second.
const entrySpan = time.Second

func newAlarmJudge(world *simulator.World) (*alarmJudge, error) {
	set, err := loadRules(nil)
	if err != nil {
		return nil, err
	}
	points, err := wifi.New(wifi.Options{})
	if err != nil {
		return nil, err
	}
	air, err := environment.New(environment.Options{})
	if err != nil {
		return nil, err
	}
	j := &alarmJudge{devices: make(map[telemetry.DeviceID]telemetry.Device), byID: make(map[string]*notice), at: world.Start()}
	for _, d := range world.Devices() {
		j.devices[d.ID] = d
	}
	j.engine, err = alerts.New(alerts.Options{
		Inventory: inventoryFrom(world.Devices(), world.Sites(), world.Areas()), Rules: set, WiFi: points, Environment: air, Changed: j.changed,
	})
	return j, err
}

// watch enters the readings as entries of a second each, until the end.
func (j *alarmJudge) watch(readings iter.Seq2[*telemetry.Reading, error], until time.Time) error {
	for r, err := range readings {
		if err != nil {
			return err
		}
		j.pass(r.Received)
		j.readings = append(j.readings, *r)
	}
	j.pass(until)
	return nil
}

// pass ends the entries before an instant.
func (j *alarmJudge) pass(now time.Time) {
	for !now.Before(j.at.Add(entrySpan)) {
		j.at = j.at.Add(entrySpan)
		j.engine.Observe(j.at, j.readings)
		j.readings = nil
	}
}

var severityOrder = []string{"", "info", "warning", "critical"}

func (j *alarmJudge) changed(c alerts.Change) {
	if c.Kind != alerts.AlertTold || c.Alert.Name == "Watchdog" {
		return
	}
	a := c.Alert
	p := j.byID[a.Labels["incident"]]
	if p == nil {
		p = &notice{From: c.At, Cause: alerts.Cause(a.Annotations["cause"]), alarm: j.alarm(c)}
		j.byID[a.Labels["incident"]] = p
		j.notices = append(j.notices, p)
	}
	p.said = append(p.said, saying{a.Name, j.alarm(c)})
	if !slices.Contains(p.Names, a.Name) {
		p.Names = append(p.Names, a.Name)
	}
	if slices.Index(severityOrder, a.Severity) > slices.Index(severityOrder, p.Severity) {
		p.Severity = a.Severity
	}
}

// alarm says what the notice is about, as far as it names it: a device, or one of those that
// its incident took.
func (j *alarmJudge) alarm(c alerts.Change) simulator.Alarm {
	a := c.Alert
	alarm := simulator.Alarm{From: c.At, Device: a.Place.Device, Site: a.Place.Site, Area: a.Place.Area, Operator: a.Place.Operator}
	if a.Subject.Scope == rules.ScopeService {
		return alarm
	}
	if alarm.Device == "" {
		for _, d := range j.devices { // any will do, of those below
			if d.Kind != telemetry.KindMobile && (a.Subject.Scope == rules.ScopeSite && d.Site == a.Place.Site || a.Subject.Scope == rules.ScopeArea && d.Area == a.Place.Area) &&
				(alarm.Device == "" || d.ID < alarm.Device) {
				alarm.Device = d.ID
			}
		}
	}
	return alarm
}

// alarms returns the notices that call for action: warnings and worse.
func (j *alarmJudge) alarms() []simulator.Alarm {
	var list []simulator.Alarm
	for _, p := range j.notices {
		if p.urgent() {
			list = append(list, p.alarm)
		}
	}
	return list
}

// isAbout reports whether the notice is about the fault: at its time, and on something that
// it touches.
func (p *notice) isAbout(f *simulator.Fault, q simulator.AlarmQuestion) bool {
	return isAbout(p.alarm, f, q)
}

func isAbout(a simulator.Alarm, f *simulator.Fault, q simulator.AlarmQuestion) bool {
	return simulator.ScoreAlarms([]simulator.Fault{*f}, []simulator.Alarm{a}, q).Right == 1
}

// explain names for each notice the fault that it is about.
func explain(notices []*notice, faults []simulator.Fault, q simulator.AlarmQuestion) {
	for _, p := range notices {
		for i := range faults {
			if p.isAbout(&faults[i], q) {
				p.Fault = faults[i].Kind
				break
			}
		}
	}
}

// urgent reports whether somebody is to act on the notice.
func (p *notice) urgent() bool { return p.Severity == "warning" || p.Severity == "critical" }

// printNotices writes what people would have been told, and what was really the case.
func printNotices(w io.Writer, notices []*notice) error {
	if len(notices) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TOLD AT\tCAUSE\tALERTS\tSEVERITY\tABOUT\tBECAUSE OF")
	for _, p := range notices {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", p.From.Format("01-02 15:04:05"), p.Cause, strings.Join(p.Names, ", "), p.Severity,
			cmp.Or(string(p.alarm.Device), string(p.alarm.Site), string(p.alarm.Area), "phusong"), cmp.Or(p.Fault, "-"))
	}
	fmt.Fprintln(table)
	return table.Flush()
}
