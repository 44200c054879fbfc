package api

import (
	"time"

	"phusong/dashboards/tiles"
	"phusong/telemetry"
)

// The values are what goes over the wire; their fields mean what docs/API.md says.

// A Site is a site with its verdict.
type Site struct {
	ID         telemetry.SiteID   `json:"id"`
	Name       string             `json:"name"`
	Category   telemetry.Category `json:"category" enum:"school,hospital,residential,tourism,office"`
	Area       telemetry.AreaCode `json:"area"`
	Lat        float64            `json:"lat"`
	Lon        float64            `json:"lon"`
	Required   bool               `json:"required"`
	Verdict    string             `json:"verdict" enum:"working,partly,failed,no service,unknown"`
	Reason     string             `json:"reason,omitempty" enum:"no access point,not yet heard,not hearing,maintenance,silent,offline,uplink down,portal down,login fails,uplink lossy,uplink laggy" doc:"of a verdict that is not working; it is the one of most access points"`
	Since      time.Time          `json:"since,omitzero" doc:"of the verdict"`
	Clients    int64              `json:"clients"`
	Expected   int                `json:"expected" doc:"devices that were seen and are not retired"`
	Down       int                `json:"down"`
	UplinkDown bool               `json:"uplink_down"`
	Open       bool               `json:"open"`
}

// A Device is a device and what is known of it.
type Device struct {
	ID         telemetry.DeviceID `json:"id"`
	Kind       string             `json:"kind" enum:"wifi,mobile,environment"`
	Name       string             `json:"name,omitempty"`
	Site       telemetry.SiteID   `json:"site,omitempty"`
	Area       telemetry.AreaCode `json:"area,omitempty"`
	Lat        float64            `json:"lat,omitempty"`
	Lon        float64            `json:"lon,omitempty"`
	Parent     telemetry.DeviceID `json:"parent,omitempty"`
	Model      string             `json:"model,omitempty"`
	Registered bool               `json:"registered"`
	State      string             `json:"state" enum:"unknown,up,late,silent,offline,retired,maintenance"`
	Since      time.Time          `json:"since,omitzero"`
	LastSeen   time.Time          `json:"last_seen,omitzero"`
	IntervalS  float64            `json:"interval_s"`
	Flapping   bool               `json:"flapping,omitempty"`
	Incident   string             `json:"incident,omitempty"`
}

// An Area is an administrative unit without its outline.
type Area struct {
	Code       telemetry.AreaCode `json:"code"`
	Name       string             `json:"name"`
	Type       string             `json:"type"`
	Parent     telemetry.AreaCode `json:"parent,omitempty"`
	Population int                `json:"population,omitempty"`
	SizeKm2    float64            `json:"size_km2,omitempty"`
	Lat        float64            `json:"lat,omitempty"`
	Lon        float64            `json:"lon,omitempty"`
}

// An Alert is one rule failing for one subject, and what people do about it.
type Alert struct {
	ID           string                 `json:"id"`
	Name         string                 `json:"name"`
	Severity     string                 `json:"severity" enum:"critical,warning,info"`
	Scope        string                 `json:"scope" enum:"device,site,area,operator,zone,service"`
	Subject      string                 `json:"subject"`
	Area         telemetry.AreaCode     `json:"area,omitempty"`
	Site         telemetry.SiteID       `json:"site,omitempty"`
	Device       telemetry.DeviceID     `json:"device,omitempty"`
	Operator     telemetry.OperatorCode `json:"operator,omitempty"`
	Zone         string                 `json:"zone,omitempty"`
	Lat          float64                `json:"lat,omitempty"`
	Lon          float64                `json:"lon,omitempty"`
	Since        time.Time              `json:"since,omitzero"`
	Fired        time.Time              `json:"fired,omitzero"`
	ToldAt       time.Time              `json:"told_at,omitzero"`
	Resolved     time.Time              `json:"resolved,omitzero"`
	Told         bool                   `json:"told"`
	Quiet        string                 `json:"quiet,omitempty" enum:"gathering,explained,maintenance" doc:"why people are not told"`
	Acknowledged bool                   `json:"acknowledged"`
	Renewed      int                    `json:"renewed,omitempty"`
	Flapping     bool                   `json:"flapping,omitempty"`
	Incident     string                 `json:"incident,omitempty"`
	Annotations  map[string]string      `json:"annotations,omitempty"`
	Handling     *Handling              `json:"handling,omitempty"`
}

// A Handling is what people do about an alert.
type Handling struct {
	AcknowledgedBy    string    `json:"acknowledged_by,omitempty"`
	AcknowledgedUntil time.Time `json:"acknowledged_until,omitzero"`
	Assignee          string    `json:"assignee,omitempty"`
}

// A Step is one line of a history.
type Step struct {
	At    time.Time `json:"at"`
	What  string    `json:"what" enum:"fired,told,held,acknowledged,renewed,resolved,released,assigned,commented,raised,changed,muted,unmuted"`
	Who   string    `json:"who,omitempty" doc:"empty for what the rules did"`
	Text  string    `json:"text,omitempty"`
	Until time.Time `json:"until,omitzero"`
	To    string    `json:"to,omitempty"`
}

// An Incident groups the alerts of one cause.
type Incident struct {
	ID         string             `json:"id"`
	Cause      string             `json:"cause" enum:"pipeline,area,line,site,parent,devices,device,rule"`
	Name       string             `json:"name,omitempty"`
	Area       telemetry.AreaCode `json:"area,omitempty"`
	Sites      []telemetry.SiteID `json:"sites"`
	Device     telemetry.DeviceID `json:"device,omitempty"`
	Since      time.Time          `json:"since,omitzero"`
	Until      time.Time          `json:"until,omitzero"`
	Decided    bool               `json:"decided"`
	Recovering bool               `json:"recovering"`
	Children   int                `json:"children" doc:"devices that fell with it"`
	Down       int                `json:"down" doc:"of these, not back yet"`
	Alerts     []string           `json:"alerts"`
	Follows    string             `json:"follows,omitempty"`
}

// A Window is announced work.
type Window struct {
	ID     string             `json:"id,omitempty" maxLength:"64"`
	Device telemetry.DeviceID `json:"device,omitempty" maxLength:"64"`
	Site   telemetry.SiteID   `json:"site,omitempty" maxLength:"64"`
	Area   telemetry.AreaCode `json:"area,omitempty" maxLength:"5"`
	Owner  string             `json:"owner" minLength:"1" maxLength:"200"`
	Reason string             `json:"reason" minLength:"1" maxLength:"2000"`
	From   time.Time          `json:"from"`
	Until  time.Time          `json:"until"`
	Weekly []Slot             `json:"weekly,omitempty" maxItems:"50"`
	Zone   string             `json:"zone,omitempty" maxLength:"64"`
	Open   bool               `json:"open,omitempty" readOnly:"true"`
}

// A Slot is a span of each week by local clocks.
type Slot struct {
	Day        int `json:"day" minimum:"0" maximum:"6" doc:"0 is Sunday"`
	FromMinute int `json:"from_minute" minimum:"0" maximum:"1439"`
	Minutes    int `json:"minutes" minimum:"1" maximum:"1440"`
}

// A Case is a gap case without its evidence, which is the dossier.
type Case struct {
	ID         string                 `json:"id"`
	Operator   telemetry.OperatorCode `json:"operator"`
	Zone       string                 `json:"zone,omitempty" doc:"that it was opened on"`
	Zones      []string               `json:"zones" doc:"open zones that it is about: that one, and those all of whose cells are among its own"`
	Cells      []string               `json:"cells"`
	Areas      []telemetry.AreaCode   `json:"areas"`
	State      string                 `json:"state" enum:"open,sent,answered,retest,disputed,closed"`
	Round      int                    `json:"round"`
	Due        time.Time              `json:"due,omitzero"`
	Overdue    bool                   `json:"overdue"`
	Hash       string                 `json:"hash,omitempty" doc:"SHA-256 of what was sent"`
	Answer     string                 `json:"answer,omitempty" enum:"concedes,contests"`
	Strikes    []Strike               `json:"strikes,omitempty"`
	Resolution string                 `json:"resolution,omitempty" enum:"repaired,rebutted,restored,withdrawn"`
	Trail      []TrailEntry           `json:"trail"`
}

// A Strike is one test taken out of the evidence.
type Strike struct {
	Cell   string `json:"cell" maxLength:"20"`
	Test   string `json:"test" maxLength:"64"`
	Reason string `json:"reason" maxLength:"40" enum:"outage,device,event,load,throttled,roaming,fault"`
	Note   string `json:"note,omitempty" maxLength:"2000"`
}

// A TrailEntry is one line of the audit trail of a case.
type TrailEntry struct {
	At       time.Time `json:"at"`
	Actor    string    `json:"actor"`
	Action   string    `json:"action"`
	From     string    `json:"from,omitempty" enum:"open,sent,answered,retest,disputed,closed"`
	To       string    `json:"to" enum:"open,sent,answered,retest,disputed,closed"`
	Note     string    `json:"note,omitempty"`
	Evidence string    `json:"evidence,omitempty"`
	Chain    string    `json:"chain"`
}

// A Target is how many of the required sites of an area and category work.
type Target struct {
	Area     telemetry.AreaCode `json:"area" doc:"empty: everywhere"`
	Category telemetry.Category `json:"category" doc:"empty: all"`
	Required int                `json:"required"`
	Working  int                `json:"working"`
	ByState  map[string]int     `json:"by_state"`
}

// A Letter is a refused message.
type Letter struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time"`
	Topic   string    `json:"topic"`
	Payload []byte    `json:"payload" doc:"base64; the beginning when shorter than size"`
	Size    int       `json:"size"`
	Reason  string    `json:"reason"`
	Class   string    `json:"class"`
	Count   int       `json:"count"`
}

// A Point is one step of a series.
type Point struct {
	Time  time.Time `json:"time"`
	Value float64   `json:"value"`
}

// Days are those on which the coverage map can be asked, both included.
type Days struct {
	First string `json:"first" format:"date"`
	Last  string `json:"last" format:"date" doc:"the present day"`
}

// A CellLayer is the coverage map as it was judged for one day. It does not change.
type CellLayer struct {
	// Version is another one for another judgement.
	Version    string
	Day, Rules string
	Cells      []CellFeature
	Tiles      *tiles.Map
}

// A CellFeature is one cell of one operator, and its GeoJSON feature.
type CellFeature struct {
	Operator telemetry.OperatorCode
	Area     telemetry.AreaCode
	Verdict  string
	Center   telemetry.Point
	GeoJSON  []byte
}

// A ZoneLayer are the dead and slow zones that were open on one day. It does not change.
type ZoneLayer struct {
	Day   string
	Zones []ZoneFeature
}

// A ZoneFeature is a dead or slow zone, and its GeoJSON feature.
type ZoneFeature struct {
	ID       string
	Operator telemetry.OperatorCode
	Verdict  string
	Areas    []telemetry.AreaCode
	GeoJSON  []byte
}
