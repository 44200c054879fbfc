package rules

import (
	"strings"
	"time"

	"phusong/telemetry"
)

// A Rule is one alert of a rule file, checked and compiled. It does not change, and
// may be asked by several goroutines at once, each with a Frame of its own.
type Rule struct {
	File  string // where it was read
	Line  int
	Group string
	// Alert is the name; Scope says what it judges; Kind is the kind of device, 0 for
	// devices of all kinds and for other scopes.
	Alert string
	Scope Scope
	Kind  telemetry.Kind
	Expr  string
	// For is how long the expression must be true before the alert fires, KeepFiring how
	// long it goes on when it is no longer, KeepUnknown how long an alert outlives
	// knowledge; 0 there means for as long as it takes.
	For, KeepFiring, KeepUnknown time.Duration
	// Labels are what the file says; the engine adds alertname and what names the subject.
	Labels map[string]string
	// Severity is the label of that name: info, warning or critical.
	Severity string
	// Runbook is the name of the page in docs/runbooks, without its suffix.
	Runbook string

	id    string
	expr  *expression
	texts texts
}

// ID identifies the rule through changes of its files: name, scope and labels. State
// is kept by it. Two rules with one ID are refused, since their alerts could not be
// told apart.
func (r *Rule) ID() string { return r.id }

// Touches reports whether the rule uses one of the slots, of a table of the scope.
func (r *Rule) Touches(scope Scope, slots Mask) bool { return r.expr.uses[scope].Overlaps(slots) }

// Uses returns the slots that the rule uses of a table of the scope.
func (r *Rule) Uses(scope Scope) Mask { return r.expr.uses[scope] }

// UsesAge reports whether time alone can change the answer, see [Frame.Recheck].
func (r *Rule) UsesAge() bool { return r.expr.ages }

// Applies reports whether the rule judges subjects with the table.
func (r *Rule) Applies(t *Table) bool {
	return t.scope == r.Scope && (r.Kind == 0 || t.kind == r.Kind)
}

// Eval asks the rule. Firing says whether its alert is out, which the expression may
// use for hysteresis. A Fault comes with an answer that it made unknown, or that did
// not depend on it: count it by rule.
func (r *Rule) Eval(f *Frame, firing bool) (Truth, Fault) { return r.expr.ask(f, firing) }

func identity(alert string, scope Scope, labels []labelPair) string {
	var b strings.Builder
	b.WriteString(alert)
	b.WriteByte('/')
	b.WriteString(scope.String())
	for _, l := range labels {
		b.WriteByte('/')
		b.WriteString(l.name)
		b.WriteByte('=')
		b.WriteString(l.value)
	}
	return b.String()
}
