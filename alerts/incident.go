package alerts

import (
	"cmp"
	"fmt"
	"iter"
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
	gravest    int // of what was told, see severities
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

// severities in the order of gravity.
var severities = [...]string{"info", "warning", "critical"}

func gravity(a *alert) int { return slices.Index(severities[:], a.rule.Severity) + 1 }

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
	if a.told() { // it may have spoken for others
		e.reconsider(i)
	}
}

// reconsider makes sure that all alerts of the incident are looked at anew.
func (e *Engine) reconsider(i *incident) {
	i.again = true
	e.dirtyIncident(i)
}

// incidentFor finds the incident of an alert that fires now.
func (e *Engine) incidentFor(a *alert) *incident {
	s := a.subject
	switch {
	case s.Scope == rules.ScopeService && s.ID == ServiceSubject().ID && e.book.fleet != nil:
		return e.book.fleet
	case s.Scope == rules.ScopeDevice && s.device.incident != nil:
		return s.device.incident
	case s.Scope == rules.ScopeSite || s.Scope == rules.ScopeArea:
		if i := e.outageBelow(s); i != nil {
			return i
		}
	}
	if i := e.alike(a); i != nil {
		return i
	}
	i := e.openIncident(CauseRule, s.area, "")
	i.name, i.site, i.shown = a.rule.Alert, s.site, CauseRule
	if s.site != nil {
		i.sites = []*site{s.site}
	}
	if s.Scope == rules.ScopeDevice {
		i.device = s.device
	}
	e.gather(i, a.rule)
	return i
}

// mostCompany is how long an alert that was not urgent anyhow waits for others of its name.
const mostCompany = time.Minute

// gather waits for others with the same cause: to the end of what happens at this instant,
// or half as long again as the rule itself waited.
func (e *Engine) gather(i *incident, r *rules.Rule) {
	wait := min(r.For/2, mostCompany)
	if wait == 0 {
		e.book.gathering = append(e.book.gathering, i)
		return
	}
	i.decideAt = e.now + wait.Milliseconds()
	e.wheel.set(i.timer, i.decideAt)
}

// endGathering decides the incidents that waited for what else happens at this instant.
func (e *Engine) endGathering() {
	for len(e.book.gathering) > 0 {
		for _, i := range e.book.gathering {
			e.decide(i)
		}
		e.book.gathering = e.book.gathering[:0]
		e.settle()
	}
}

// decideRule says an incident of CauseRule, together with those of the same name that were
// not said yet, when they are too many to be a coincidence.
func (e *Engine) decideRule(i *incident) {
	whole, parts := i, []*incident(nil)
	for _, other := range e.book.open {
		switch {
		case other == i || other.reach() || other.name != i.name:
		case other.everywhere:
			whole = other
		case !other.decided:
			parts = append(parts, other)
		}
	}
	if whole != i {
		parts = append(parts, i)
	}
	if whole.everywhere || len(parts)+1 >= alikeSites && i.site != nil {
		whole.spread()
		for _, part := range parts {
			whole.since = min(whole.since, part.since)
			for a := range part.alerts.all() {
				e.move(a, whole)
			}
			e.closeIncident(part)
		}
	}
	if !whole.decided {
		whole.decided, whole.decideAt = true, 0
		e.tellIncident(IncidentOpened, whole)
	}
	e.reconsider(whole)
}

// spread says that the incident is of no one place.
func (i *incident) spread() {
	i.everywhere = true
	i.area, i.site, i.sites, i.device = nil, nil, nil, nil
}

// outageBelow returns the outage that took most devices of a site or area, if any.
func (e *Engine) outageBelow(s *subject) *incident {
	var best *incident
	most := 0
	if e.book.fleet != nil {
		return e.book.fleet
	}
	for _, i := range s.area.incidents {
		n := 0
		for _, m := range i.members {
			if m.down && m.device.area == s.area && (s.Scope == rules.ScopeArea || m.device.site == s.site) {
				n++
			}
		}
		if n > most {
			best, most = i, n
		}
	}
	return best
}

// alikeWithin is how close in time alerts of one name begin that have one cause;
// alikeSites from how many places on they have it wherever they are.
const (
	alikeWithin = time.Hour
	alikeSites  = 4
)

// alike returns an open incident of CauseRule that has the same cause as the alert: at the
// same site; of the same name in the same area; or of the same name anywhere, when that
// is said of many places within a short time.
func (e *Engine) alike(a *alert) *incident {
	s := a.subject
	if i := firingAt(s.site); i != nil {
		return i
	}
	var same *incident
	many := 0
	for _, i := range e.book.open {
		if i.reach() {
			continue
		}
		if i.name != a.rule.Alert || s.Scope > rules.ScopeArea {
			continue
		}
		if s.area != nil && i.area == s.area {
			return i
		}
		if i.everywhere || e.now-i.since <= alikeWithin.Milliseconds() {
			many++
			if same == nil || !same.everywhere && (i.everywhere || i.alerts.live > same.alerts.live) {
				same = i
			}
		}
	}
	if many >= alikeSites || same != nil && same.everywhere {
		same.spread()
		return same
	}
	return nil
}

// firingAt returns the incident of CauseRule of another alert at the site, if one fires.
func firingAt(s *site) *incident {
	if s == nil {
		return nil
	}
	if i := s.subject.inRule(); i != nil {
		return i
	}
	for _, d := range s.devices {
		if i := d.subject.inRule(); i != nil {
			return i
		}
	}
	return nil
}

// inRule returns the incident of CauseRule of an alert of the subject.
func (s *subject) inRule() *incident {
	for n := range s.tracks {
		if a := s.tracks[n].alert; a != nil && a.incident != nil && !a.incident.reach() {
			return a.incident
		}
	}
	return nil
}

// settleIncident decides for each alert of the incident whether people are told.
func (e *Engine) settleIncident(i *incident) {
	i.dirty = false
	if i.until != 0 {
		return
	}
	if e.showCause(i) {
		e.dirtyIncident(i) // first what the rules make of the cause
		return
	}
	fresh := i.fresh
	i.fresh = nil
	if !i.again {
		e.considerAll(i, slices.Values(fresh))
	}
	// Whoever was told now may speak for others.
	for i.again {
		i.again = false
		e.considerAll(i, i.alerts.all())
	}
}

// considerAll decides for each of some alerts whether people are told: those about the very cause
// first.
func (e *Engine) considerAll(i *incident, alerts iter.Seq[*alert]) {
	for a := range alerts {
		if a.resolved == 0 && !a.told() && i.recoverAt == 0 && e.leads(i, a) && !e.saidOf(i, a) {
			e.consider(i, a, NotQuiet)
		}
	}
	var speakers []*alert
	for a := range i.alerts.all() {
		if a.told() && (a.subject.Scope != rules.ScopeDevice || e.leads(i, a)) {
			speakers = append(speakers, a)
		}
	}
	awaited := e.leadAwaited(i, len(speakers) > 0)
	for a := range alerts {
		if a.resolved != 0 || a.told() {
			continue
		}
		switch {
		case !i.decided, awaited:
			e.consider(i, a, Gathering)
		case i.recoverAt != 0:
			e.consider(i, a, Explained) // the cause is gone, and this may return any moment
		case e.explained(i, a, speakers):
			e.consider(i, a, Explained)
		default:
			e.consider(i, a, NotQuiet)
		}
	}
}

// consider tells people, unless there is a reason not to.
func (e *Engine) consider(i *incident, a *alert, quiet Quiet) {
	if a.muted {
		quiet = Muted
	}
	if quiet == NotQuiet {
		i.gravest = max(i.gravest, gravity(a))
		e.say(a)
		if a.subject.Scope != rules.ScopeDevice || e.leads(i, a) {
			i.again = i.again || i.alerts.live > 1
		}
		return
	}
	if a.quiet != quiet {
		a.quiet = quiet
		e.tell(AlertHeld, a)
	}
}

// leads reports whether the alert is about the very cause of the incident.
func (e *Engine) leads(i *incident, a *alert) bool {
	if !i.decided {
		return false
	}
	s := a.subject
	switch i.cause {
	case CausePipeline:
		return s.Scope == rules.ScopeService
	case CauseArea:
		return s.Scope == rules.ScopeArea && s.area == i.area
	case CauseLine, CauseSite:
		return s.Scope == rules.ScopeSite && slices.Contains(i.sites, s.site)
	case CauseParent:
		return s.Scope == rules.ScopeDevice && s.device == i.device
	default:
		return false
	}
}

// saidOf reports whether something as grave is told of the alert's subject.
func (e *Engine) saidOf(i *incident, a *alert) bool {
	for n := range a.subject.tracks {
		other := a.subject.tracks[n].alert
		if other != nil && other != a && other.incident == i && other.told() && gravity(other) >= gravity(a) {
			return true
		}
	}
	return false
}

// leadAwaited reports whether a rule about the very cause is pending, and has the incident
// woken when that will have fired.
func (e *Engine) leadAwaited(i *incident, spoken bool) bool {
	if !i.decided || spoken || i.recoverAt != 0 {
		return false
	}
	var roots []*subject
	switch i.cause {
	case CausePipeline:
		roots = append(roots, &e.service.subject)
	case CauseArea:
		roots = append(roots, &i.area.subject)
	case CauseLine, CauseSite:
		for _, s := range i.sites {
			roots = append(roots, &s.subject)
		}
	case CauseParent:
		roots = append(roots, &i.device.subject)
	}
	for _, root := range roots {
		for n := range root.tracks {
			t := &root.tracks[n]
			if deadline := t.state.Deadline(t.rule); t.state.Phase == rules.Pending && !deadline.IsZero() {
				e.wheel.set(i.timer, milli(deadline)+1000)
				return true
			}
		}
	}
	return false
}

// explained reports whether an alert that people were told of says the same, and more.
func (e *Engine) explained(i *incident, a *alert, speakers []*alert) bool {
	if (a.subject.Scope == rules.ScopeSite || a.subject.Scope == rules.ScopeArea) && gravity(a) <= i.gravest {
		return true // a consequence, no graver than what was told
	}
	for _, lead := range speakers {
		s := lead.subject
		switch {
		case e.leads(i, lead) && e.covers(i, s, a.subject):
			return true
		case s.Scope == rules.ScopeSite && a.subject.Scope == rules.ScopeDevice && a.subject.site == s.site && gravity(lead) >= gravity(a):
			return true // the site's says it for its devices
		}
	}
	return false
}

// covers reports whether what is said of the lead's subject is said of another's, too.
func (e *Engine) covers(i *incident, lead, s *subject) bool {
	switch i.cause {
	case CausePipeline, CauseArea:
		return true
	case CauseLine, CauseSite:
		return s.site == lead.site
	case CauseParent:
		for d := s.device; d != nil; d = d.parent {
			if d == lead.device {
				return true
			}
		}
	}
	return false
}

// label is the name for people.
func (d *device) label() string { return cmp.Or(d.Name, string(d.ID)) }
func (s *site) label() string   { return cmp.Or(s.Name, string(s.Site.ID)) }
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
		v.Sites = append(v.Sites, s.Site.ID)
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
