package alerts

import (
	"iter"
	"slices"

	"phusong/alerts/rules"
)

// severities in the order of gravity.
var severities = [...]string{"info", "warning", "critical"}

func gravity(a *alert) int { return slices.Index(severities[:], a.rule.Severity) + 1 }

// toldGravity is that of an alert people were told of, else 0.
func toldGravity(a *alert) int {
	if !a.told() {
		return 0
	}
	return gravity(a)
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
	gravest := 0 // of what is told and goes on
	for a := range i.alerts.all() {
		gravest = max(gravest, toldGravity(a))
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
		case e.explained(i, a, gravest, speakers):
			e.consider(i, a, Explained)
		default:
			e.consider(i, a, NotQuiet)
			gravest = max(gravest, toldGravity(a))
		}
	}
}

// consider tells people, unless there is a reason not to.
func (e *Engine) consider(i *incident, a *alert, quiet Quiet) {
	if a.muted {
		quiet = Muted
	}
	if quiet == NotQuiet {
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

// explained reports whether an alert that people were told of says the same, and more: of a site or an
// area, whatever is as grave; of a device, the cause's or its site's.
func (e *Engine) explained(i *incident, a *alert, gravest int, speakers []*alert) bool {
	if a.subject.Scope == rules.ScopeSite || a.subject.Scope == rules.ScopeArea {
		return gravity(a) <= gravest
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
