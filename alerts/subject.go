package alerts

import (
	"time"

	"phusong/alerts/rules"
	"phusong/telemetry"
)

// A Subject names what a rule judges: a device, site or area by its id or code, an
// operator in an area, a zone, or the service.
type Subject struct {
	Scope rules.Scope
	ID    string
}

// String returns "scope id".
func (s Subject) String() string { return s.Scope.String() + " " + s.ID }

// A Place says where a subject belongs, by what is known of it; it becomes labels.
type Place struct {
	Device   telemetry.DeviceID
	Kind     telemetry.Kind // of the device
	Site     telemetry.SiteID
	Area     telemetry.AreaCode
	Operator telemetry.OperatorCode
	Zone     string
	At       telemetry.Point
}

// OperatorSubject names an operator in an area.
func OperatorSubject(operator telemetry.OperatorCode, area telemetry.AreaCode) Subject {
	return Subject{Scope: rules.ScopeOperator, ID: string(operator) + "/" + string(area)}
}

// ServiceSubject names phusong itself.
func ServiceSubject() Subject { return Subject{Scope: rules.ScopeService, ID: "phusong"} }

// subject is one subject with its facts and its alerts. It belongs to the engine.
type subject struct {
	Subject
	values *rules.Values
	tracks []track // the rules that are not at rest for it
	timer  timerID // the next instant at which time alone may change an answer
	order  int32
	device *device // the subject itself, or what it is part of; nil for none
	site   *site
	area   *area
	dirty  bool
}

// A track is one rule on its way for one subject.
type track struct {
	rule  *rules.Rule
	state rules.State
	alert *alert // the one that fires
	flaps flaps
}

// An other subject is one whose facts are given from outside: an operator in an area,
// a zone, or the service.
type other struct {
	subject
	place Place
}

// A site is a place with what stands there.
type site struct {
	subject
	telemetry.Site
	devices []*device
	hours   timerID // when it opens or closes
	tally
	uplink *incident // that says its line is down
}

// An area is a commune, or whatever devices name.
type area struct {
	subject
	telemetry.Area
	sites   []*site
	devices []*device
	tally
	incidents []*incident // open ones whose devices fell here, in the order of their beginning
	silence   *incident   // that says most of it fell silent
}

// tally counts the devices of a place that are expected to speak.
type tally struct {
	expected int // seen at least once and not retired
	down     int // of these, silent or offline
}

func milli(t time.Time) int64 { return t.UnixMilli() }

// instant is the opposite of milli; 0 is the zero time.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
