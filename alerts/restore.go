package alerts

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"phusong/alerts/rules"
	"phusong/telemetry"
)

// maxImage bounds a snapshot: some forty times what 100,000 devices need.
const maxImage = 4 << 30

// Restore takes over an image into an engine that has seen no entry. What is in the image
// and neither in the inventory nor in the rules any more is dropped, its alerts resolved. After
// an error, as for a format that is not this version's, the engine is fresh.
func (e *Engine) Restore(from io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(from, maxImage))
	if err != nil {
		return fmt.Errorf("alerts: reading the snapshot: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at != 0 {
		return fmt.Errorf("alerts: restoring: the engine has seen entries; only a fresh one can be restored")
	}
	if err := e.restore(data); err != nil {
		e.reset()
		e.takeInventory(e.inventory)
		e.takeMeasures()
		e.settle()
		return fmt.Errorf("alerts: restoring: %w", err)
	}
	return nil
}

func (e *Engine) restore(data []byte) error {
	body, ok := bytes.CutPrefix(data, []byte(imageFormat))
	if !ok {
		return fmt.Errorf("%w, or of another format than %q", errDamaged, imageFormat[:len(imageFormat)-1])
	}
	e.reset()
	r := &restorer{reader: reader{b: body}, engine: e, alerts: make(map[int64]*alert)}
	r.clock()
	r.tables()
	r.subjects()
	r.incidents()
	r.allAlerts()
	r.join()
	if r.err != nil {
		return r.err
	}
	if err := r.books(); err != nil {
		return err
	}
	// What the registry says now comes on top of what was; where both agree nothing changes.
	// The books know it already.
	e.takeInventory(e.inventory)
	for _, a := range r.orphans {
		e.resolve(a)
	}
	e.settle()
	e.endGathering()
	return nil
}

// restorer reads an image into a reset engine.
type restorer struct {
	reader
	engine *Engine
	moved  [rules.Scopes][4]slots // by scope and kind
	tracks []savedTrack
	alerts map[int64]*alert // those that fire, by order
	// later is done when everything that refers to other things is there.
	later []func()
	// orphans are alerts of rules that are gone.
	orphans []*alert
}

// savedTrack is a track whose rule and alert are known by name.
type savedTrack struct {
	subject *subject
	rule    string
	state   rules.State
	flaps   flaps
	order   int64 // of the alert; 0 for none
}

func (r *restorer) clock() {
	e := r.engine
	for _, v := range []*int64{&e.at, &e.now, &e.gapFrom, &e.resumed, &e.lastSign, &e.lastSecond, &e.wheel.step, &e.alerts.next, &e.book.next} {
		*v = r.num()
	}
	e.alerts.change = uint64(r.num())
	if e.at <= 0 || e.wheel.step != e.at>>wheelShift {
		r.fail()
	}
}

func (r *restorer) tables() {
	for range r.count() {
		scope, kind := r.index(int(rules.Scopes)), r.index(len(r.moved[0]))
		n := r.count()
		moved := make(slots, 0, min(n, 256))
		table := rules.TableOf(rules.Scope(scope), telemetry.Kind(kind))
		for range n {
			name, text := r.text(), r.flag()
			slot := -1
			if table != nil {
				if now, ok := table.Slot(name); ok {
					slot = int(now)
				}
			}
			moved = append(moved, movedSlot{slot: slot, text: text})
		}
		r.moved[scope][kind] = moved
	}
}

func (r *restorer) subjects() {
	e := r.engine
	var silences, uplinks []int64
	for range r.count() {
		a := e.areaOf(telemetry.AreaCode(r.text()))
		r.subject(&a.subject, 0)
		silences = append(silences, r.num())
	}
	for range r.count() {
		s := e.addSite(telemetry.SiteID(r.text()))
		r.subject(&s.subject, 0)
		uplinks = append(uplinks, r.num())
		s.hours = e.wheel.add(rankOf(rankHours, int64(s.order)))
		e.wheel.set(s.hours, r.num())
	}
	for range r.count() {
		r.device()
	}
	for range r.count() {
		s := Subject{Scope: rules.Scope(r.index(int(rules.Scopes))), ID: r.text()}
		p := Place{Area: telemetry.AreaCode(r.text()), Operator: telemetry.OperatorCode(r.text()), Zone: r.text()}
		p.At = telemetry.Point{Lat: r.float(), Lon: r.float()}
		r.subject(&e.other(s, p).subject, 0)
	}
	if len(silences) != len(e.areas) || len(uplinks) != len(e.sites) {
		r.fail() // something is there twice
		return
	}
	r.later = append(r.later, func() {
		for n, seq := range silences {
			e.areas[n].silence = r.incident(seq)
		}
		for n, seq := range uplinks {
			e.sites[n].uplink = r.incident(seq)
		}
	})
}

func (r *restorer) device() {
	e := r.engine
	id := telemetry.DeviceID(r.text())
	kind := telemetry.Kind(r.num())
	code := telemetry.AreaCode(r.text())
	interval := time.Duration(r.num()) * time.Millisecond
	registered := r.flag()
	if !kind.IsDevice() || e.byDevice[id] != nil {
		r.fail()
		return
	}
	d := e.addDevice(&telemetry.Device{ID: id, Kind: kind, Area: code, Interval: interval})
	d.registered = registered
	d.area = e.areaOf(code)
	r.subject(&d.subject, kind)
	d.state = State(r.index(int(states)))
	d.flapping, d.maintained = r.flag(), r.flag()
	var live, calm int64
	for _, v := range []*int64{&d.since, &d.heard, &d.lastSeen, &d.birth, &d.session, &live, &calm} {
		*v = r.num()
	}
	e.wheel.set(d.live, live)
	if d.state.there() {
		e.setRate(d, rateOf(d))
	}
	r.flapsInto(&d.flaps)
	if d.flaps != (flaps{}) && (calm != 0 || d.flapping) {
		d.calm = e.wheel.add(rankOf(rankCalm, int64(d.order)))
		e.wheel.set(d.calm, calm)
	}
	seq := r.num()
	d.member = int32(r.num())
	r.later = append(r.later, func() {
		if d.incident = r.incident(seq); d.incident != nil && (d.member < 0 || int(d.member) >= len(d.incident.members) || d.incident.members[d.member].device != d) {
			r.fail()
		}
	})
}

func (r *restorer) flapsInto(f *flaps) {
	for n := range f.times {
		f.times[n] = r.num()
	}
}

func (r *restorer) subject(s *subject, kind telemetry.Kind) {
	if int(kind) >= len(r.moved[0]) {
		r.fail()
		return
	}
	r.values(s.values, r.moved[s.Scope][kind])
	if at := r.num(); at != 0 {
		s.timer = r.engine.wheel.add(s.rank())
		r.engine.wheel.set(s.timer, at)
	}
	for range r.count() {
		t := savedTrack{subject: s, rule: r.text()}
		state, err := rules.DecodeState(r.take(rules.StateSize))
		if err != nil {
			r.fail()
			return
		}
		t.state = state
		r.flapsInto(&t.flaps)
		t.order = r.num()
		r.tracks = append(r.tracks, t)
	}
}

func (r *restorer) incident(seq int64) *incident {
	if seq == 0 {
		return nil
	}
	i := r.engine.book.bySeq[seq]
	if i == nil {
		r.fail()
	}
	return i
}

func (r *restorer) incidents() {
	b := r.engine.book
	for range r.count() {
		i := r.readIncident()
		if r.err != nil {
			return
		}
		if b.bySeq[i.seq] != nil || i.seq <= 0 || i.seq > b.next {
			r.fail()
			return
		}
		b.open = append(b.open, i)
		b.bySeq[i.seq] = i
		if i.reach() && i.area != nil {
			i.area.incidents = append(i.area.incidents, i)
		}
	}
	b.fleet = r.incident(r.num())
	for range r.count() {
		b.closed = append(b.closed, r.closed())
	}
}

// at reads a place that writeIncident wrote; -1 for none.
func (r *restorer) at(n int) int { return r.index(n+1) - 1 }

func (r *restorer) readIncident() *incident {
	e := r.engine
	i := &incident{id: r.text(), cause: Cause(r.text()), name: r.text(), follows: r.text(), shown: Cause(r.text())}
	var timer, down, peak int64
	for _, v := range []*int64{&i.seq, &i.from, &i.to, &i.since, &i.decideAt, &i.recoverAt, &timer, &down, &peak} {
		*v = r.num()
	}
	i.down, i.peak = int(down), int(peak)
	i.decided, i.everywhere = r.flag(), r.flag()
	if n := r.at(len(e.areas)); n >= 0 && r.err == nil {
		i.area = e.areas[n]
	}
	if n := r.at(len(e.sites)); n >= 0 && r.err == nil {
		i.site = e.sites[n]
	}
	if n := r.at(len(e.devices)); n >= 0 && r.err == nil {
		i.device = e.devices[n]
	}
	for range r.count() {
		if n := r.index(len(e.sites)); r.err == nil {
			i.sites = append(i.sites, e.sites[n])
		}
	}
	for range r.count() {
		n, since, isDown := r.index(len(e.devices)), r.num(), r.flag()
		if r.err == nil {
			i.members = append(i.members, member{device: e.devices[n], since: since, down: isDown})
		}
	}
	i.timer = e.wheel.add(rankOf(rankIncident, i.seq))
	e.wheel.set(i.timer, timer)
	var orders []int64
	for range r.count() {
		orders = append(orders, r.num())
	}
	r.later = append(r.later, func() {
		for _, order := range orders {
			a := r.alerts[order]
			if a == nil || a.incident != i {
				r.fail()
				return
			}
			i.alerts.add(a, inIncident)
		}
	})
	return i
}

func (r *restorer) closed() Incident {
	v := Incident{
		ID: r.text(), Cause: Cause(r.text()), Name: r.text(), Area: telemetry.AreaCode(r.text()), Device: telemetry.DeviceID(r.text()), Follows: r.text(),
		Decided: true,
	}
	v.Since, v.Until = instant(r.num()), instant(r.num())
	for range r.count() {
		v.Sites = append(v.Sites, telemetry.SiteID(r.text()))
	}
	for range r.count() {
		c := Child{Device: telemetry.DeviceID(r.text()), Since: instant(r.num()), Back: r.flag()}
		v.Children = append(v.Children, c)
	}
	return v
}

func (r *restorer) allAlerts() {
	b := r.engine.alerts
	for range r.count() {
		a := r.alert()
		if r.err != nil || a.resolved != 0 || a.incident == nil || r.alerts[a.order] != nil {
			r.fail()
			return
		}
		r.alerts[a.order] = a
		b.firing.add(a, inBook)
	}
	for range r.count() {
		if a := r.alert(); r.err == nil {
			b.ended = append(b.ended, a)
		}
	}
}

func (r *restorer) alert() *alert {
	e := r.engine
	a := &alert{id: r.text()}
	ruleID, name, severity := r.text(), r.text(), r.text()
	a.quiet = Quiet(r.text())
	incidentID, cause := r.text(), Cause(r.text())
	if a.rule = r.rule(ruleID); a.rule == nil {
		a.rule = &rules.Rule{Alert: name, Severity: severity}
	}
	scope, order := rules.Scope(r.num()), r.num()
	if a.subject = r.find(scope, order); a.subject == nil {
		r.fail()
		return a
	}
	var renewed, seq int64
	for _, v := range []*int64{&a.order, &a.since, &a.fired, &a.toldAt, &a.resolved, &renewed, &seq} {
		*v = r.num()
	}
	a.renewed = int(renewed)
	a.muted, a.acknowledged, a.flapping = r.flag(), r.flag(), r.flag()
	a.labels, a.annotations = nilIfEmpty(r.texts()), nilIfEmpty(r.texts())
	if a.incident = e.book.bySeq[seq]; a.incident == nil && a.resolved != 0 {
		a.incident = &incident{seq: seq, id: incidentID, cause: cause} // it is over
	}
	return a
}

func nilIfEmpty(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

// rule returns the rule of that id, nil when it is gone.
func (r *restorer) rule(id string) *rules.Rule {
	if set := r.engine.set; set != nil {
		if i, ok := set.Index(id); ok {
			return set.Rules()[i]
		}
	}
	return nil
}

func (r *restorer) find(scope rules.Scope, order int64) *subject {
	e := r.engine
	switch {
	case order < 0:
	case scope == rules.ScopeDevice && order < int64(len(e.devices)):
		return &e.devices[order].subject
	case scope == rules.ScopeSite && order < int64(len(e.sites)):
		return &e.sites[order].subject
	case scope == rules.ScopeArea && order < int64(len(e.areas)):
		return &e.areas[order].subject
	case scope > rules.ScopeArea && order < int64(len(e.others)) && e.others[order].Scope == scope:
		return &e.others[order].subject
	}
	return nil
}

// join puts together what refers to each other.
func (r *restorer) join() {
	for _, do := range r.later {
		if r.err != nil {
			return
		}
		do()
	}
	held := 0
	for i := range r.tracks {
		saved := &r.tracks[i]
		t := track{rule: r.rule(saved.rule), state: saved.state, flaps: saved.flaps}
		if saved.order != 0 {
			a := r.alerts[saved.order]
			if a == nil || a.subject != saved.subject {
				r.fail()
				return
			}
			held++
			t.alert = a
		}
		switch {
		case t.rule != nil && t.rule.Applies(saved.subject.values.Table()):
			saved.subject.tracks = append(saved.subject.tracks, t)
		case t.alert != nil:
			r.orphans = append(r.orphans, t.alert)
		}
	}
	if r.err == nil && held != len(r.alerts) {
		r.fail() // an alert that nothing would ever resolve
	}
}

// books restores the books of the measures.
func (r *restorer) books() error {
	e := r.engine
	if image := r.bytes(); e.options.WiFi != nil && len(image) > 0 {
		if err := e.options.WiFi.Restore(bytes.NewReader(image)); err != nil {
			return err
		}
	}
	if image := r.bytes(); e.options.Environment != nil && len(image) > 0 {
		if err := e.options.Environment.Restore(bytes.NewReader(image)); err != nil {
			return err
		}
	}
	if r.err == nil && len(r.b) != 0 {
		r.fail()
	}
	return r.err
}
