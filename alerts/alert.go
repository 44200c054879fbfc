package alerts

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"phusong/alerts/rules"
)

// A Quiet says why people are not told of an alert that fires.
type Quiet string

// The reasons. None of them stops the judging, and what was told once is told to the end.
const (
	NotQuiet  Quiet = ""            // it is told
	Gathering Quiet = "gathering"   // a cause is being looked for: see [Incident].
	Explained Quiet = "explained"   // another alert of its incident says the cause
	Muted     Quiet = "maintenance" // somebody announced work there
)

// An Alert is one rule failing for one subject, from when it fires until it is resolved.
// Its maps are shared and must not be changed.
type Alert struct {
	// ID is one alert's for ever: the same stream gives the same.
	ID       string
	Name     string // the rule's
	Severity string
	Subject  Subject
	Place    Place
	// Labels identify the alert and never change while it lives. Annotations say the rest:
	// texts in both languages, values, map link, runbook.
	Labels, Annotations map[string]string
	// Since is when the rule became true, Fired when the alert fired, ToldAt when people
	// were to be told of it, Resolved when it ended; the zero time for what has not been.
	Since, Fired, ToldAt, Resolved time.Time
	// Told says that people were told; if not, Quiet says why.
	Told  bool
	Quiet Quiet
	// Acknowledged says that somebody has it in hand. Renewed counts how often it was said
	// anew because that expired.
	Acknowledged bool
	Renewed      int
	// Flapping says that it comes and goes, and is held until it has been calm.
	Flapping bool
	// Incident is the ID of the incident that it belongs to.
	Incident string
}

// alert is the engine's side of an Alert. Times are Unix ms.
type alert struct {
	id       string
	order    int64 // of firing
	rule     *rules.Rule
	subject  *subject
	incident *incident

	since, fired, toldAt, resolved int64
	muted                          bool
	acknowledged, flapping         bool
	quiet                          Quiet
	renewed                        int
	labels, annotations            map[string]string

	places [2]int // in the rolls that it is on
}

func (a *alert) told() bool { return a.toldAt != 0 }

// The rolls that an alert is on.
const (
	inBook = iota
	inIncident
)

// A roll is a list of alerts in the order of adding, from which any can be removed at
// little cost.
type roll struct {
	alerts []*alert // nil where one was removed
	live   int
}

func (r *roll) add(a *alert, which int) {
	a.places[which] = len(r.alerts)
	r.alerts = append(r.alerts, a)
	r.live++
}

func (r *roll) remove(a *alert, which int) {
	r.alerts[a.places[which]] = nil
	r.live--
	if len(r.alerts) < 32 || r.live > len(r.alerts)/2 {
		return
	}
	kept := make([]*alert, 0, r.live)
	for other := range r.all() {
		other.places[which] = len(kept)
		kept = append(kept, other)
	}
	r.alerts = kept
}

func (r *roll) all() iter.Seq[*alert] {
	alerts := r.alerts
	return func(yield func(*alert) bool) {
		for _, a := range alerts {
			if a != nil && !yield(a) {
				return
			}
		}
	}
}

// alertBook holds the alerts that fire, and those that people have yet to be told are over.
type alertBook struct {
	next   int64
	firing roll
	ended  []*alert // told and resolved, in the order of ending
	change uint64   // number of the last change
}

func newAlertBook() *alertBook { return &alertBook{} }

// resolvedFor is how long a resolved alert stays in Active, so that a notifier that was
// away still hears of it.
const resolvedFor = 15 * time.Minute

// raise: a rule fires for a subject.
func (e *Engine) raise(s *subject, t *track) {
	often := t.flaps.raise(e.now)
	if t.alert != nil { // it flaps, and was never said to be over
		return
	}
	e.alerts.next++
	a := &alert{
		order: e.alerts.next, rule: t.rule, subject: s,
		since: t.state.ActiveAt, fired: e.now, flapping: often, quiet: Gathering,
	}
	a.id = shortID("a", t.rule.ID(), s.String(), fmt.Sprint(a.fired), fmt.Sprint(a.order))
	t.alert = a
	e.alerts.firing.add(a, inBook)
	a.muted = e.muted(a)
	e.attach(a)
	e.tell(AlertFired, a)
}

// clear: the rule is over for the subject.
func (e *Engine) clear(s *subject, t *track) {
	a := t.alert
	if a == nil {
		return
	}
	if a.flapping {
		e.schedule(s, t.flaps.calmAt())
		return
	}
	t.alert = nil
	e.resolve(a)
}

// resolve ends an alert. Whoever was told of it is told that it is over.
func (e *Engine) resolve(a *alert) {
	a.resolved = e.now
	e.alerts.firing.remove(a, inBook)
	if a.told() {
		e.annotate(a)
		e.alerts.ended = append(e.alerts.ended, a)
	}
	e.detach(a)
	e.tell(AlertResolved, a)
}

// forgetResolved drops alerts that have been over for long enough.
func (e *Engine) forgetResolved() {
	n := 0
	for n < len(e.alerts.ended) && e.now-e.alerts.ended[n].resolved > resolvedFor.Milliseconds() {
		n++
	}
	e.alerts.ended = slices.Delete(e.alerts.ended, 0, n)
}

// say tells people of an alert that nobody was told of.
func (e *Engine) say(a *alert) {
	a.toldAt, a.quiet = e.now, NotQuiet
	a.labels = e.labelsOf(a)
	e.annotate(a)
	e.tell(AlertTold, a)
}

// askDesk asks what people said about the alerts that fire.
func (e *Engine) askDesk() {
	if e.options.Desk == nil {
		return
	}
	now := instant(e.now)
	for a := range e.alerts.firing.all() {
		if muted := e.muted(a); muted != a.muted {
			a.muted = muted
			e.reconsider(a.incident)
		}
		switch ack := e.options.Desk.Acknowledged(now, a.id); {
		case ack && !a.acknowledged:
			a.acknowledged = true
			e.tell(AlertAcknowledged, a)
		case !ack && a.acknowledged:
			a.acknowledged = false
			a.renewed++
			e.annotate(a)
			e.tell(AlertRenewed, a)
		}
	}
}

func (e *Engine) muted(a *alert) bool {
	return e.options.Desk != nil && e.options.Desk.Maintenance(instant(e.now), e.placeOf(a.subject))
}

// placeOf says where a subject belongs.
func (e *Engine) placeOf(s *subject) Place {
	switch s.Scope {
	case rules.ScopeDevice:
		d := s.device
		return Place{Device: d.ID, Kind: d.Kind, Site: d.Site, Area: d.Area, At: d.At}
	case rules.ScopeSite:
		return Place{Site: s.site.ID, Area: s.site.Area, At: s.site.At}
	case rules.ScopeArea:
		return Place{Area: s.area.Code, At: s.area.Center}
	}
	return e.others[s.order].place
}

// labelsOf returns what identifies an alert for ever. The incident is the one in which
// people were told of it.
func (e *Engine) labelsOf(a *alert) map[string]string {
	labels := maps.Clone(a.rule.Labels)
	if labels == nil {
		labels = make(map[string]string)
	}
	p := e.placeOf(a.subject)
	kind := ""
	if p.Kind != 0 {
		kind = p.Kind.String()
	}
	for name, value := range map[string]string{
		"alertname": a.rule.Alert, "severity": a.rule.Severity, "incident": a.incident.id,
		"device": string(p.Device), "kind": kind, "site": string(p.Site), "area": string(p.Area),
		"operator": string(p.Operator), "zone": p.Zone,
	} {
		if value != "" {
			labels[name] = value
		}
	}
	return labels
}

// maxItems bounds how many names an alert about many lists.
const maxItems = 20

// annotate writes what people read, of now.
func (e *Engine) annotate(a *alert) {
	e.look(a.subject)
	e.frame.Now = float64(e.now) / 1000
	p := e.placeOf(a.subject)
	about := rules.Subject{At: p.At, Since: instant(a.since), Frame: &e.frame, Zone: p.Zone, Operator: p.Operator.Name()}
	about.Device, about.Site, about.Area = e.namesOf(a.subject)
	about.Count, about.Items = a.incident.list(a.subject)
	notes, err := a.rule.Annotations(&about, e.options.RunbookURL)
	if err != nil {
		e.count.templates++ // a plain text stands in its place
	}
	notes["cause"] = string(a.incident.cause)
	if e.options.AlertURL != "" {
		notes["ack_url"] = e.options.AlertURL + a.id
	}
	if a.renewed > 0 {
		notes["reminder"] = strconv.Itoa(a.renewed)
	}
	if a.flapping {
		notes["flapping"] = "true"
	}
	a.annotations = notes
}

// namesOf returns the names for people of what the subject is and belongs to.
func (e *Engine) namesOf(s *subject) (device, site, area string) {
	if s.Scope == rules.ScopeDevice {
		device = s.device.label()
		if s.device.site != nil {
			site = s.device.site.label()
		}
		return device, site, s.device.area.label()
	}
	if s.Scope == rules.ScopeSite {
		return "", s.site.label(), s.site.area.label()
	}
	if s.area != nil {
		return "", "", s.area.label()
	}
	if a := e.byArea[e.placeOf(s).Area]; a != nil {
		area = a.label()
	}
	return "", "", area
}

// shortID makes a short text of what identifies a thing.
func shortID(kind string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return kind + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

// value returns the alert as others see it.
func (e *Engine) value(a *alert) Alert {
	v := Alert{
		ID: a.id, Name: a.rule.Alert, Severity: a.rule.Severity, Subject: a.subject.Subject, Place: e.placeOf(a.subject),
		Labels: a.labels, Annotations: a.annotations,
		Since: instant(a.since), Fired: instant(a.fired), ToldAt: instant(a.toldAt), Resolved: instant(a.resolved),
		Told: a.told(), Quiet: a.quiet, Acknowledged: a.acknowledged, Renewed: a.renewed, Flapping: a.flapping,
	}
	if a.incident != nil {
		v.Incident = a.incident.id
	}
	return v
}
