package alerts

import "time"

// A ChangeKind says what changed.
type ChangeKind string

// The kinds of changes.
const (
	AlertFired        ChangeKind = "fired"        // a rule fires; whether people are told is another change
	AlertTold         ChangeKind = "told"         // people are to be told
	AlertHeld         ChangeKind = "held"         // people are not told, for the reason in Quiet
	AlertAcknowledged ChangeKind = "acknowledged" // somebody has it in hand
	AlertRenewed      ChangeKind = "renewed"      // the acknowledgement expired: people are to be told again
	AlertResolved     ChangeKind = "resolved"     // it is over; people are to be told if they were told before
	IncidentOpened    ChangeKind = "opened"       // an incident's cause is known
	IncidentChanged   ChangeKind = "changed"      // more is known of its cause
	IncidentClosed    ChangeKind = "closed"
)

// A Change is one step in the life of an alert or incident. The same stream gives the
// same changes with the same numbers, so that who keeps them can tell repetitions.
type Change struct {
	Number uint64
	At     time.Time // event time
	Kind   ChangeKind
	// Alert or Incident is what changed, as it is after the change; the other is nil.
	Alert    *Alert
	Incident *Incident
}

func (e *Engine) tell(kind ChangeKind, a *alert) {
	e.alerts.change++
	if e.options.Changed != nil {
		v := e.value(a)
		e.options.Changed(Change{Number: e.alerts.change, At: instant(e.now), Kind: kind, Alert: &v})
	}
}

func (e *Engine) tellIncident(kind ChangeKind, i *incident) {
	e.alerts.change++
	if e.options.Changed != nil {
		v := e.incidentValue(i)
		e.options.Changed(Change{Number: e.alerts.change, At: instant(e.now), Kind: kind, Incident: &v})
	}
}
