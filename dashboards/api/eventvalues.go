package api

import (
	"time"

	"phusong/telemetry"
)

// The data of events; docs/API.md says when each is sent. Those of "device" are a [Device],
// those of "maintenance" a [Window].
type (
	// An AlertEvent is a step in the life of an alert.
	AlertEvent struct {
		Change string    `json:"change" enum:"fired,told,held,acknowledged,renewed,resolved"`
		At     time.Time `json:"at"`
		Alert  Alert     `json:"alert"`
	}
	// An IncidentEvent is a step in the life of an incident.
	IncidentEvent struct {
		Change   string    `json:"change" enum:"opened,changed,closed"`
		At       time.Time `json:"at"`
		Incident Incident  `json:"incident"`
	}
	// A HandlingEvent says that somebody worked on an alert.
	HandlingEvent struct {
		Alert    string   `json:"alert"`
		Action   string   `json:"action" enum:"acknowledge,release,assign,comment"`
		Who      string   `json:"who"`
		Handling Handling `json:"handling"`
	}
	// A CoverageEvent says that the map was judged anew and differs.
	CoverageEvent struct {
		Day string    `json:"day" format:"date"`
		At  time.Time `json:"at"`
	}
	// A CaseEvent says that a gap case changed.
	CaseEvent struct {
		ID       string                 `json:"id"`
		State    string                 `json:"state" enum:"open,sent,answered,retest,disputed,closed"`
		Operator telemetry.OperatorCode `json:"operator"`
	}
	// A LostEvent says why events were missed, and what to do.
	LostEvent struct {
		Reason string `json:"reason"`
	}
)

// describeEvents adds the schemas of what the stream of events carries.
func (s *server) describeEvents() {
	schemaOf[AlertEvent](s)
	schemaOf[IncidentEvent](s)
	schemaOf[HandlingEvent](s)
	schemaOf[CoverageEvent](s)
	schemaOf[CaseEvent](s)
	schemaOf[LostEvent](s)
}
