package alerts

import (
	"phusong/alerts/rules"
)

func (e *Engine) dirtyDevice(d *device) {
	if !d.dirty {
		d.dirty = true
		e.dirty.devices = append(e.dirty.devices, d)
	}
}

func (e *Engine) dirtySite(s *site) {
	if !s.dirty {
		s.dirty = true
		e.dirty.sites = append(e.dirty.sites, s)
	}
}

func (e *Engine) dirtyArea(a *area) {
	if !a.dirty {
		a.dirty = true
		e.dirty.areas = append(e.dirty.areas, a)
	}
}

func (e *Engine) dirtyOther(o *other) {
	if !o.dirty {
		o.dirty = true
		e.dirty.others = append(e.dirty.others, o)
	}
}

func (e *Engine) dirtyIncident(i *incident) {
	if !i.dirty {
		i.dirty = true
		e.dirty.incidents = append(e.dirty.incidents, i)
	}
}

// settle judges all whose facts changed, the wide before the narrow, and then what that
// means for people.
func (e *Engine) settle() {
	for {
		switch q := &e.dirty; {
		case len(q.others) > 0:
			e.settleOther(pop(&q.others))
		case len(q.areas) > 0:
			e.settleArea(pop(&q.areas))
		case len(q.sites) > 0:
			e.settleSite(pop(&q.sites))
		case len(q.devices) > 0:
			e.settleDevice(pop(&q.devices))
		case len(q.incidents) > 0:
			e.settleIncident(pop(&q.incidents))
		default:
			return
		}
	}
}

// pop takes the last: what came meanwhile is next, and no memory moves.
func pop[T any](list *[]T) T {
	n := len(*list) - 1
	v := (*list)[n]
	*list = (*list)[:n]
	return v
}

func (e *Engine) settleDevice(d *device) {
	d.dirty = false
	changed := d.values.Changed()
	if changed.Empty() {
		return
	}
	d.values.ClearChanged()
	e.judge(&d.subject, rules.ScopeDevice, changed)
}

// setShare sets the share of devices that are down; of none it is not known.
func setShare(v *rules.Values, slot rules.Slot, t tally) {
	if t.expected == 0 {
		v.Unset(slot)
		return
	}
	v.SetNumber(slot, float64(t.down)/float64(t.expected))
}

func (e *Engine) settleSite(s *site) {
	s.dirty = false
	devices := 0
	for _, d := range s.devices {
		if !d.Retired {
			devices++
		}
	}
	v := s.values
	v.SetNumber(rules.SiteDevices, float64(devices))
	v.SetNumber(rules.SiteDevicesDown, float64(s.down))
	setShare(v, rules.SiteDownShare, s.tally)
	v.SetBool(rules.SiteUplinkDown, s.uplink != nil)
	changed := v.Changed()
	if changed.Empty() {
		return
	}
	v.ClearChanged()
	e.judge(&s.subject, rules.ScopeSite, changed)
	for _, d := range s.devices {
		e.judge(&d.subject, rules.ScopeSite, changed)
	}
}

func (e *Engine) settleArea(a *area) {
	a.dirty = false
	sites, failed := 0, 0
	for _, s := range a.sites {
		if s.expected > 0 {
			sites++
			if s.down == s.expected {
				failed++
			}
		}
	}
	v := a.values
	v.SetNumber(rules.AreaDevices, float64(a.expected))
	v.SetNumber(rules.AreaDevicesSilent, float64(a.down))
	setShare(v, rules.AreaSilentShare, a.tally)
	v.SetNumber(rules.AreaSites, float64(sites))
	v.SetNumber(rules.AreaSitesFailed, float64(failed))
	v.SetBool(rules.AreaMassSilence, a.silence != nil)
	if a.silence != nil {
		v.SetInstant(rules.AreaSince, instant(a.silence.since))
	} else {
		v.Unset(rules.AreaSince)
	}
	changed := v.Changed()
	if changed.Empty() {
		return
	}
	v.ClearChanged()
	e.judge(&a.subject, rules.ScopeArea, changed)
	for _, s := range a.sites {
		e.judge(&s.subject, rules.ScopeArea, changed)
	}
	for _, d := range a.devices {
		e.judge(&d.subject, rules.ScopeArea, changed)
	}
}

func (e *Engine) settleOther(o *other) {
	o.dirty = false
	changed := o.values.Changed()
	if changed.Empty() {
		return
	}
	o.values.ClearChanged()
	e.judge(&o.subject, o.Scope, changed)
	if o != e.service || !e.usesService(changed) {
		return
	}
	for _, other := range e.others {
		if other != o {
			e.judge(&other.subject, rules.ScopeService, changed)
		}
	}
	for _, a := range e.areas {
		e.judge(&a.subject, rules.ScopeService, changed)
	}
	for _, s := range e.sites {
		e.judge(&s.subject, rules.ScopeService, changed)
	}
	for _, d := range e.devices {
		e.judge(&d.subject, rules.ScopeService, changed)
	}
}

// usesService reports whether a rule of another scope looks at those facts.
func (e *Engine) usesService(changed rules.Mask) bool {
	if e.set == nil {
		return false
	}
	for _, r := range e.set.Rules() {
		if r.Scope != rules.ScopeService && r.Touches(rules.ScopeService, changed) {
			return true
		}
	}
	return false
}

// judge asks the subject's rules that use one of the facts that changed.
func (e *Engine) judge(s *subject, scope rules.Scope, changed rules.Mask) {
	if e.set == nil || !e.counts(s) {
		return
	}
	all := e.set.Rules()
	framed := false
	for _, i := range e.set.For(s.values.Table()) {
		r := all[i]
		if !r.Touches(scope, changed) {
			continue
		}
		if !framed {
			e.look(s)
			framed = true
		}
		e.ask(s, r)
	}
}

// counts reports whether people want to hear of the subject.
func (e *Engine) counts(s *subject) bool {
	return s.Scope != rules.ScopeDevice || s.device.registered || e.anyDevice
}

// look fills the frame with what the subject's rules may see.
func (e *Engine) look(s *subject) {
	f := &e.frame
	f.Now = float64(e.now) / 1000
	f.Values = [rules.Scopes]*rules.Values{rules.ScopeService: e.service.values}
	f.Values[s.Scope] = s.values
	if s.site != nil {
		f.Values[rules.ScopeSite] = s.site.values
	}
	if s.area != nil {
		f.Values[rules.ScopeArea] = s.area.values
	}
}

// ask asks one rule about the subject in the frame and takes the answer on.
func (e *Engine) ask(s *subject, r *rules.Rule) {
	t := s.track(r)
	truth, fault := r.Eval(&e.frame, t != nil && t.state.Firing())
	if fault != rules.NoFault {
		e.count.faults[r.ID()]++
	}
	if again := e.frame.Recheck; again > 0 {
		e.schedule(s, int64(again*1000))
	}
	if t == nil {
		if truth != rules.True {
			return
		}
		s.tracks = append(s.tracks, track{rule: r})
		t = &s.tracks[len(s.tracks)-1]
	}
	e.take(s, t, t.state.Step(r, truth, instant(e.now)))
}

// track returns the rule's track, nil when the rule is at rest.
func (s *subject) track(r *rules.Rule) *track {
	for i := range s.tracks {
		if s.tracks[i].rule == r {
			return &s.tracks[i]
		}
	}
	return nil
}

// take acts on what a step of a rule's state brought.
func (e *Engine) take(s *subject, t *track, change rules.Transition) {
	if at := t.state.Deadline(t.rule); !at.IsZero() {
		e.schedule(s, milli(at))
	}
	switch change {
	case rules.Fired:
		e.raise(s, t)
	case rules.Resolved:
		e.clear(s, t)
	}
	s.prune(e.now)
}

// prune forgets tracks that are at rest and have nothing to remember.
func (s *subject) prune(now int64) {
	for i := len(s.tracks) - 1; i >= 0; i-- {
		t := &s.tracks[i]
		if t.state.Phase == rules.Inactive && t.alert == nil && now-t.flaps.times[flapFalls-1] > flapWindow.Milliseconds() {
			s.tracks = append(s.tracks[:i], s.tracks[i+1:]...)
		}
	}
	if len(s.tracks) == 0 {
		s.tracks = nil
	}
}

// schedule makes sure that the subject is looked at no later than after an instant.
func (e *Engine) schedule(s *subject, at int64) {
	if s.timer == 0 {
		s.timer = e.wheel.add(s.rank())
	}
	if old := e.wheel.at(s.timer); old == 0 || at < old {
		e.wheel.set(s.timer, at)
	}
}

func (s *subject) rank() uint64 {
	kind := uint64(rankOther)
	switch s.Scope {
	case rules.ScopeDevice:
		kind = rankDevice
	case rules.ScopeSite:
		kind = rankSite
	case rules.ScopeArea:
		kind = rankArea
	}
	return rankOf(kind, int64(s.order))
}

// expire is the subject's timer: time alone may have changed answers.
func (e *Engine) expire(s *subject) {
	now := instant(e.now)
	for i := len(s.tracks) - 1; i >= 0; i-- {
		if i >= len(s.tracks) {
			continue // pruned with another
		}
		t := &s.tracks[i]
		deadline := t.state.Deadline(t.rule)
		switch {
		case !deadline.IsZero() && !deadline.After(now):
			e.take(s, t, t.state.Expire(t.rule, now))
		case !deadline.IsZero():
			e.schedule(s, milli(deadline))
		}
	}
	e.calmAlerts(s)
	if e.set == nil || !e.counts(s) {
		return
	}
	framed := false
	for _, i := range e.set.For(s.values.Table()) {
		if r := e.set.Rules()[i]; r.UsesAge() {
			if !framed {
				e.look(s)
				framed = true
			}
			e.ask(s, r)
		}
	}
}

// silence ends all alerts of a subject that is not judged any more.
func (e *Engine) silence(s *subject) {
	for i := range s.tracks {
		if a := s.tracks[i].alert; a != nil {
			e.resolve(a)
		}
	}
	s.tracks = nil
	e.wheel.set(s.timer, 0)
}

// SetRules judges by other rules from now on. Alerts of rules that are still there go
// on, by [rules.Rule.ID]; those of rules that are gone are resolved.
func (e *Engine) SetRules(set *rules.Set) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.set = set
	e.eachSubject(func(s *subject) {
		kept := s.tracks[:0]
		for _, t := range s.tracks {
			i, ok := -1, false
			if set != nil {
				i, ok = set.Index(t.rule.ID())
			}
			if !ok || !set.Rules()[i].Applies(s.values.Table()) {
				if t.alert != nil {
					e.resolve(t.alert)
				}
				continue
			}
			t.rule = set.Rules()[i]
			if t.alert != nil {
				t.alert.rule = t.rule
			}
			kept = append(kept, t)
		}
		s.tracks = kept
		if e.at == 0 || set == nil || !e.counts(s) {
			return
		}
		e.look(s)
		for _, i := range set.For(s.values.Table()) {
			e.ask(s, set.Rules()[i])
		}
	})
	e.settle()
	e.endGathering()
}

// eachSubject visits all in a fixed order.
func (e *Engine) eachSubject(do func(*subject)) {
	for _, o := range e.others {
		do(&o.subject)
	}
	for _, a := range e.areas {
		do(&a.subject)
	}
	for _, s := range e.sites {
		do(&s.subject)
	}
	for _, d := range e.devices {
		do(&d.subject)
	}
}

// calmAlerts ends alerts that flapped and have been quiet for long enough.
func (e *Engine) calmAlerts(s *subject) {
	for i := len(s.tracks) - 1; i >= 0; i-- {
		t := &s.tracks[i]
		if t.alert == nil || !t.alert.flapping || t.state.Firing() {
			continue
		}
		if calm := t.flaps.calmAt(); e.now < calm {
			e.schedule(s, calm)
			continue
		}
		a := t.alert
		t.alert = nil
		e.resolve(a)
	}
	s.prune(e.now)
}
