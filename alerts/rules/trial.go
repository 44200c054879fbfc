package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"phusong/telemetry"
)

// A trial plays series of facts to rules and keeps the alerts: what the engine does,
// for a few subjects and in one place.
type trial struct {
	set      *Set
	interval time.Duration
	series   []series
	subjects []*trialSubject
	faults   []string
}

type trialSubject struct {
	scope  Scope
	labels map[string]string // by which it is known, and where it belongs
	kind   telemetry.Kind
	values *Values
	series []*series
	frame  Frame
	states map[int]*State // by rule
}

// trialAlert is one firing alert.
type trialAlert struct {
	labels, annotations map[string]string
}

// newTrial finds the subjects that the series speak of.
func newTrial(set *Set, interval time.Duration, all []series) (*trial, error) {
	t := &trial{set: set, interval: interval, series: all}
	byKey := make(map[string]*trialSubject)
	for i := range all {
		s := &all[i]
		key := s.key()
		subject := byKey[key]
		if subject == nil {
			subject = &trialSubject{scope: s.scope(), labels: make(map[string]string), states: make(map[int]*State)}
			byKey[key] = subject
			t.subjects = append(t.subjects, subject)
		}
		for name, value := range s.labels {
			if old, ok := subject.labels[name]; ok && old != value {
				return nil, fmt.Errorf("series %s: %s is %q here and %q in another series of the same subject", s.name, name, value, old)
			}
			subject.labels[name] = value
		}
		if kind := s.kindOf(); kind != 0 {
			if subject.kind != 0 && subject.kind != kind {
				return nil, fmt.Errorf("series %s: %s is already a %s device", s.name, s.labels["device"], subject.kind)
			}
			subject.kind = kind
		}
		subject.series = append(subject.series, s)
	}
	t.connect(byKey)
	return t, nil
}

// key tells subjects apart.
func (s *series) key() string {
	scope := s.scope()
	key := scope.String() + " " + s.labels[subjectLabel[scope]]
	if scope == ScopeOperator {
		key += " " + s.labels["area"]
	}
	return key
}

// connect gives each subject the facts of what it belongs to.
func (t *trial) connect(byKey map[string]*trialSubject) {
	for _, s := range t.subjects {
		s.values = TableOf(s.scope, s.kind).NewValues()
		if s.kind != 0 {
			s.values.SetText(DeviceKind, s.kind.String())
			s.labels["kind"] = s.kind.String()
		}
		s.frame.Values[s.scope] = s.values
	}
	for _, s := range t.subjects {
		site := byKey["site "+s.labels["site"]]
		if site != nil && s.labels["area"] == "" && site.labels["area"] != "" {
			s.labels["area"] = site.labels["area"]
		}
		for scope, other := range map[Scope]*trialSubject{
			ScopeSite: site, ScopeArea: byKey["area "+s.labels["area"]], ScopeService: byKey["service "],
		} {
			if other != nil && scope != s.scope && slices.Contains(s.scope.Sees(), scope) {
				s.frame.Values[scope] = other.values
			}
		}
	}
}

// run plays until end and calls at for each of the instants, which are in order.
func (t *trial) run(step time.Duration, instants []time.Duration, at func(time.Duration)) {
	for _, now := range t.ticks(step, instants) {
		t.feed(now)
		for _, s := range t.subjects {
			t.judge(s, now)
		}
		if slices.Contains(instants, now) {
			at(now)
		}
	}
}

// ticks are the instants at which something happens: samples, evaluations, questions.
func (t *trial) ticks(step time.Duration, instants []time.Duration) []time.Duration {
	end := slices.Max(instants)
	ticks := slices.Clone(instants)
	for _, every := range []time.Duration{step, t.interval} {
		for now := time.Duration(0); now <= end; now += every {
			ticks = append(ticks, now)
		}
	}
	slices.Sort(ticks)
	return slices.Compact(ticks)
}

// feed sets the facts that have a sample at now.
func (t *trial) feed(now time.Duration) {
	if now%t.interval != 0 {
		return
	}
	i := int(now / t.interval)
	for _, subject := range t.subjects {
		for _, s := range subject.series {
			if i >= len(s.points) {
				continue
			}
			slot := subject.values.table.names[s.name]
			switch p := s.points[i]; p.kind {
			case stale:
				subject.values.Unset(slot)
			case aNumber:
				subject.values.SetNumber(slot, p.x)
			case aText:
				subject.values.SetText(slot, p.text)
			}
		}
	}
}

// judge asks the rules about a subject, after the deadlines that have passed.
func (t *trial) judge(s *trialSubject, now time.Duration) {
	clock := time.Unix(0, 0).UTC().Add(now)
	s.frame.Now = now.Seconds()
	for _, i := range t.set.For(s.values.table) {
		rule := t.set.rules[i]
		state := s.states[i]
		if state == nil {
			state = new(State)
			s.states[i] = state
		}
		if deadline := state.Deadline(rule); !deadline.IsZero() && deadline.Before(clock) {
			state.Expire(rule, deadline)
		}
		answer, fault := rule.Eval(&s.frame, state.Firing())
		if fault != NoFault {
			t.faults = append(t.faults, fmt.Sprintf("%s at %v: %s", rule.Alert, now, fault))
		}
		state.Step(rule, answer, clock)
	}
}

// firing returns the alerts of the name that are out, in the order of their labels.
func (t *trial) firing(name string) []trialAlert {
	var alerts []trialAlert
	for _, s := range t.subjects {
		for i, state := range s.states {
			if rule := t.set.rules[i]; rule.Alert == name && state.Firing() {
				alerts = append(alerts, s.alert(rule, state))
			}
		}
	}
	sortAlerts(alerts)
	return alerts
}

func sortAlerts(alerts []trialAlert) {
	slices.SortFunc(alerts, func(a, b trialAlert) int { return cmp.Compare(labelString(a.labels), labelString(b.labels)) })
}

func (s *trialSubject) alert(rule *Rule, state *State) trialAlert {
	labels := maps.Clone(rule.Labels)
	maps.Copy(labels, s.labels)
	subject := &Subject{
		Device: s.labels["device"], Site: s.labels["site"], Area: s.labels["area"], Operator: telemetry.OperatorCode(s.labels["operator"]).Name(),
		Zone: s.labels["zone"], Since: state.Since(), Frame: &s.frame,
	}
	annotations, err := rule.Annotations(subject, "runbooks")
	if err != nil {
		annotations["error"] = err.Error()
	}
	return trialAlert{labels: labels, annotations: annotations}
}

// labelString writes labels as Prometheus does.
func labelString(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, fmt.Sprintf("%s=%q", name, labels[name]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
