package alerts

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"phusong/alerts/rules"
	"phusong/telemetry"
)

// A Cause says what an incident is the failure of.
type Cause string

// The causes. The first six are told from who fell silent within one interval, and who
// did not.
const (
	CausePipeline Cause = "pipeline" // nearly everybody at once: our own broker, line or service
	CauseArea     Cause = "area"     // most of an area: its power, or its network
	CauseLine     Cause = "line"     // several sites of an area, wholly: the line that they share
	CauseSite     Cause = "site"     // all of one site: its uplink or its power
	CauseParent   Cause = "parent"   // an uplink or gateway, and what hangs on it
	CauseDevices  Cause = "devices"  // several devices of an area, without a pattern
	CauseDevice   Cause = "device"   // one device
	CauseRule     Cause = "rule"     // what a rule says about its subjects
)

// An Incident groups the alerts of one cause.
type Incident struct {
	ID    string
	Cause Cause
	// Name is the alert's, for CauseRule.
	Name string
	// Area, Sites and Device say where the cause is; empty for what does not apply.
	Area   telemetry.AreaCode
	Sites  []telemetry.SiteID
	Device telemetry.DeviceID
	// Since is when the first sign of it was seen, Until when it was over.
	Since, Until time.Time
	// Decided is false as long as the engine looks for who else fell with it.
	Decided bool
	// Recovering says that the cause seems gone, and who is still broken is awaited.
	Recovering bool
	// Children are the devices that fell, in the order of falling; Down counts those that
	// have not returned.
	Children []Child
	Down     int
	// Alerts are the IDs of those that fire.
	Alerts []string
	// Follows is the incident of which this is what was left.
	Follows string
}

// A Child is a device that an incident took.
type Child struct {
	Device telemetry.DeviceID
	Since  time.Time
	Back   bool
}

// incident is the engine's side of an Incident. Times are Unix ms.
type incident struct {
	seq      int64
	id       string
	cause    Cause
	name     string
	area     *area // nil for the whole fleet, or the service
	site     *site
	device   *device
	sites    []*site // those that fell wholly
	from, to int64   // the cause began in between
	since    int64
	until    int64
	decideAt int64
	decided  bool
	// recoverAt is when those still down are taken to be broken for another reason; 0
	// while nobody returned.
	recoverAt int64
	members   []member
	down      int
	peak      int // most that were down
	alerts    roll
	fresh     []*alert // not considered yet
	again     bool     // all are to be considered
	follows   string
	timer     timerID
	dirty     bool
	// everywhere: the same is said of so many places that it is of none.
	everywhere bool
	shown      Cause
}

type member struct {
	device *device
	since  int64
	down   bool
}

// reach reports whether the incident is about devices that cannot be reached.
func (i *incident) reach() bool { return i.cause != CauseRule }

// incidentBook holds the incidents.
type incidentBook struct {
	next   int64
	open   []*incident // by seq
	bySeq  map[int64]*incident
	fleet  *incident // of CausePipeline, while it is open
	closed []Incident
	// gathering are those that wait for the end of the instant; none between two entries.
	gathering []*incident
}

// maxClosed is how many incidents that are over stay to be looked at.
const maxClosed = 200

func newIncidentBook() *incidentBook { return &incidentBook{bySeq: make(map[int64]*incident)} }

// openIncident begins an incident now.
func (e *Engine) openIncident(cause Cause, a *area, follows string) *incident {
	b := e.book
	b.next++
	i := &incident{seq: b.next, cause: cause, area: a, since: e.now, follows: follows}
	where := ""
	if a != nil {
		where = string(a.Code)
	}
	i.id = shortID("i", string(cause), where, fmt.Sprint(i.since), fmt.Sprint(i.seq))
	i.timer = e.wheel.add(rankOf(rankIncident, i.seq))
	b.open = append(b.open, i)
	b.bySeq[i.seq] = i
	e.dirtyIncident(i)
	return i
}

func (e *Engine) closeIncident(i *incident) {
	if i.until != 0 {
		return
	}
	i.until = e.now
	e.book.open = without(e.book.open, i)
	delete(e.book.bySeq, i.seq)
	e.wheel.drop(i.timer)
	i.timer = 0
	if e.book.fleet == i {
		e.book.fleet = nil
		e.service.values.SetBool(rules.ServiceFleetSilent, false)
		e.dirtyOther(e.service)
	}
	if i.area != nil {
		i.area.incidents = without(i.area.incidents, i)
	}
	e.showCause(i)
	if !i.decided {
		return // nobody heard of it
	}
	e.book.closed = append(e.book.closed, e.incidentValue(i))
	if n := len(e.book.closed) - maxClosed; n > 0 {
		e.book.closed = slices.Delete(e.book.closed, 0, n)
	}
	e.tellIncident(IncidentClosed, i)
}

// list returns how many devices below the alert's subject are down, and the first names.
func (i *incident) list(about *subject) (count int, names []string) {
	var down []*device
	for _, m := range i.members {
		switch d := m.device; {
		case !m.down, d == about.device:
		case about.Scope == rules.ScopeSite && d.site != about.site, about.Scope == rules.ScopeArea && d.area != about.area:
		default:
			down = append(down, d)
		}
	}
	slices.SortFunc(down, func(a, b *device) int { return cmp.Compare(a.order, b.order) })
	for _, d := range down[:min(len(down), maxItems)] {
		names = append(names, d.label())
	}
	return len(down), names
}

// attach puts an alert into the incident of its cause, which it may be the first of.
func (e *Engine) attach(a *alert) {
	i := e.incidentFor(a)
	a.incident = i
	i.alerts.add(a, inIncident)
	i.fresh = append(i.fresh, a)
	e.dirtyIncident(i)
}

func (e *Engine) detach(a *alert) {
	i := a.incident
	i.alerts.remove(a, inIncident)
	if i.until != 0 {
		return
	}
	if i.alerts.live == 0 && (!i.reach() || i.down == 0) {
		e.closeIncident(i)
		return
	}
	if a.told() && (a.subject.Scope != rules.ScopeDevice || e.leads(i, a)) { // it may have spoken for others
		e.reconsider(i)
	}
}

// reconsider makes sure that all alerts of the incident are looked at anew.
func (e *Engine) reconsider(i *incident) {
	i.again = true
	e.dirtyIncident(i)
}

// label is the name for people.
func (d *device) label() string { return cmp.Or(d.Name, string(d.ID)) }
func (s *site) label() string   { return cmp.Or(s.Name, string(s.ID)) }
func (a *area) label() string   { return cmp.Or(a.Name, string(a.Code)) }

// incidentValue returns the incident as others see it.
func (e *Engine) incidentValue(i *incident) Incident {
	v := Incident{
		ID: i.id, Cause: i.cause, Name: i.name, Since: instant(i.since), Until: instant(i.until),
		Decided: i.decided, Recovering: i.recoverAt != 0, Down: i.down, Follows: i.follows,
	}
	if i.area != nil {
		v.Area = i.area.Code
	}
	for _, s := range i.sites {
		v.Sites = append(v.Sites, s.ID)
	}
	if i.device != nil {
		v.Device = i.device.ID
	}
	for _, m := range i.members {
		v.Children = append(v.Children, Child{Device: m.device.ID, Since: instant(m.since), Back: !m.down})
	}
	for a := range i.alerts.all() {
		v.Alerts = append(v.Alerts, a.id)
	}
	return v
}
