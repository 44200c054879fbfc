package alerts

import (
	"time"

	"phusong/alerts/rules"
)

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
	if s.Scope == rules.ScopeZone || s.Scope == rules.ScopeOperator {
		return e.sameOperator(a)
	}
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

// sameOperator returns the incident of the same name and operator that began within the
// hour. A month of drive tests proves dozens of zones at once, and they are one letter to
// that operator; an outage seen in several communes is one call to its desk.
func (e *Engine) sameOperator(a *alert) *incident {
	operator := e.placeOf(a.subject).Operator
	for _, i := range e.book.open {
		if i.reach() || i.name != a.rule.Alert || e.now-i.since > alikeWithin.Milliseconds() {
			continue
		}
		for first := range i.alerts.all() {
			if e.placeOf(first.subject).Operator == operator {
				return i
			}
			break
		}
	}
	return nil
}

// firingAt returns the incident of CauseRule of another alert at the site, if one fires.
func firingAt(s *site) *incident {
	if s == nil {
		return nil
	}
	if i := s.inRule(); i != nil {
		return i
	}
	for _, d := range s.devices {
		if i := d.inRule(); i != nil {
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
