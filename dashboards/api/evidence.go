package api

import (
	"time"

	"phusong/telemetry"
)

// CellEvidence is all that is known of one cell and operator but its tests; see
// docs/COVERAGE.md.
type CellEvidence struct {
	Day        string                 `json:"day" format:"date"`
	Rules      string                 `json:"rules"`
	Cell       string                 `json:"cell"`
	Operator   telemetry.OperatorCode `json:"operator"`
	Area       telemetry.AreaCode     `json:"area,omitempty"`
	Lat        float64                `json:"lat"`
	Lon        float64                `json:"lon"`
	Standing   Standing               `json:"standing"`
	Decision   Decision               `json:"decision"`
	Summary    Summary                `json:"summary"`
	TargetMbps float64                `json:"target_mbps" doc:"of the tests from from to to"`
	From       string                 `json:"from" format:"date"`
	To         string                 `json:"to" format:"date"`
	Further    *Further               `json:"further,omitempty" doc:"what is missing, where the window proves nothing"`
	Accessible int                    `json:"accessible" doc:"bit i: people can get to point-hex i"`
	Points     []PointCount           `json:"points" doc:"by point-hex"`
}

// A Standing is the verdict that holds.
type Standing struct {
	Verdict string `json:"verdict" enum:"covered,gap,dead,unproven"`
	Since   string `json:"since" format:"date"`
	Proven  string `json:"proven" format:"date"`
}

// A Decision is what the tests of the window prove, and by what.
type Decision struct {
	Verdict  string     `json:"verdict" enum:"covered,gap,dead,unproven"`
	Rules    string     `json:"rules"`
	Tests    int        `json:"tests"`
	Negative int        `json:"negative"`
	Unusable int        `json:"unusable"`
	GapP     float64    `json:"gap_p"`
	CoveredP float64    `json:"covered_p"`
	DeadP    float64    `json:"dead_p"`
	Gap      Thresholds `json:"gap"`
	Dead     Thresholds `json:"dead"`
	Covered  Thresholds `json:"covered"`
	ServedP  float64    `json:"served_p"`
	Served   Thresholds `json:"served"`
}

// Thresholds say how far the tests of one kind are spread.
type Thresholds struct {
	Points       int  `json:"points"`
	PointsNeeded int  `json:"points_needed"`
	ApartSeconds int  `json:"apart_seconds" doc:"-1: there are not two sets"`
	ApartNeeded  int  `json:"apart_needed"`
	Tests        int  `json:"tests"`
	TestsNeeded  int  `json:"tests_needed"`
	Concentrated bool `json:"concentrated,omitempty"`
}

// A Summary describes the tests of the window.
type Summary struct {
	MeanMbps       float64        `json:"mean_mbps"`
	Transfers      int            `json:"transfers"`
	P20Mbps        float64        `json:"p20_mbps"`
	P50Mbps        float64        `json:"p50_mbps"`
	P80Mbps        float64        `json:"p80_mbps"`
	MeanUploadMbps float64        `json:"mean_upload_mbps"`
	P50LatencyMs   float64        `json:"p50_latency_ms"`
	Results        map[string]int `json:"results" doc:"transferred, no_service, no_connection, no_transfer"`
	RSRP           map[string]int `json:"rsrp" doc:"good, fair, poor, very_weak, none, unknown"`
	SINR           map[string]int `json:"sinr"`
	Devices        int            `json:"devices"`
	Days           int            `json:"days"`
	Hours          int            `json:"hours"`
	First          time.Time      `json:"first,omitzero"`
	Last           time.Time      `json:"last,omitzero"`
	FullDays       int            `json:"full_days"`
	Struck         int            `json:"struck"`
	Invalid        map[string]int `json:"invalid" doc:"tests that do not count, by reason"`
}

// Further says what evidence is missing.
type Further struct {
	Tests     int         `json:"tests"`
	Days      int         `json:"days"`
	ToCovered int         `json:"to_covered"`
	ToGap     int         `json:"to_gap"`
	Toward    string      `json:"toward" enum:"covered,gap,dead,unproven"`
	Points    []PointNeed `json:"points,omitempty"`
	Until     *int        `json:"until,omitempty" doc:"local second of the day before which tests would be far enough apart"`
	After     *int        `json:"after,omitempty"`
}

// A PointNeed says how many tests a point-hex lacks.
type PointNeed struct {
	PointHex string `json:"point_hex"`
	Index    int    `json:"index"`
	Tests    int    `json:"tests"`
}

// A PointCount counts the tests of one point-hex in the window.
type PointCount struct {
	Tests    int `json:"tests"`
	Negative int `json:"negative"`
	Unusable int `json:"unusable"`
}

// A CellTest is one test made in a cell.
type CellTest struct {
	ID         string    `json:"id" doc:"the local day and second, and a short hash of the device"`
	At         time.Time `json:"at"`
	PointHex   int       `json:"point_hex"`
	Counts     bool      `json:"counts"`
	Reason     string    `json:"reason,omitempty" enum:"no_test,no_clock,too_old,unknown_operator,roaming,no_position,inaccurate,outside,indoor,hours,duration,failed_test,implausible" doc:"why it does not count"`
	Result     string    `json:"result,omitempty" enum:"transferred,no_service,no_connection,no_transfer" doc:"of one that counts, as the following"`
	Reached    bool      `json:"reached" doc:"the target"`
	Mbps       float64   `json:"mbps"`
	RSRPdBm    *int      `json:"rsrp_dbm,omitempty"`
	Technology string    `json:"technology,omitempty"`
	UploadMbps float64   `json:"upload_mbps,omitempty"`
	LatencyMs  float64   `json:"latency_ms,omitempty"`
	InVehicle  bool      `json:"in_vehicle,omitempty"`
}

// A CellHistory says how the evidence on one cell and operator came together, and where in
// the cell it is from.
type CellHistory struct {
	Turns     []Turn                   `json:"turns" doc:"how the verdict came about; before the first it was unproven"`
	Days      []DayCount               `json:"days" doc:"those of the window with tests"`
	Hours     []HourCount              `json:"hours" doc:"local hours of the day with tests, over all days of the window"`
	Outline   [][2]float64             `json:"outline" doc:"of the cell, closed; longitude before latitude"`
	Points    [][][2]float64           `json:"points" doc:"the outlines of its point-hexes, by their number"`
	Operators []telemetry.OperatorCode `json:"operators" doc:"those with tests in the cell"`
}

// A Turn is a day on which the verdict became another.
type Turn struct {
	Day     string `json:"day" format:"date"`
	Verdict string `json:"verdict" enum:"covered,gap,dead,unproven"`
}

// A DayCount is what was measured on one day.
type DayCount struct {
	Day string `json:"day" format:"date"`
	TestCount
}

// An HourCount is what was measured in one hour of the day, over all days of the window.
type HourCount struct {
	Hour int `json:"hour" minimum:"0" maximum:"23"`
	TestCount
}

// A TestCount counts tests.
type TestCount struct {
	Tests    int     `json:"tests" doc:"that count"`
	Reached  int     `json:"reached" doc:"of these, reached the target"`
	MeanMbps float64 `json:"mean_mbps" doc:"of those that transferred"`
	Invalid  int     `json:"invalid" doc:"tests that do not count"`
}

// A SurveyPlan is a route sheet.
type SurveyPlan struct {
	Stops []SurveyStop `json:"stops"`
}

// A SurveyStop is one cell of a route sheet.
type SurveyStop struct {
	Cell       string             `json:"cell"`
	Area       telemetry.AreaCode `json:"area,omitempty"`
	Lat        float64            `json:"lat"`
	Lon        float64            `json:"lon"`
	Needs      []SurveyNeed       `json:"needs"`
	Tests      int                `json:"tests"`
	Points     []PointNeed        `json:"points,omitempty"`
	Residents  int                `json:"residents" doc:"estimate"`
	KmFromLast float64            `json:"km_from_last"`
	Urgency    float64            `json:"urgency"`
	Must       bool               `json:"must,omitempty" doc:"a case waits for it"`
}

// A SurveyNeed is what the evidence on one operator lacks.
type SurveyNeed struct {
	Operator telemetry.OperatorCode `json:"operator"`
	Declared bool                   `json:"declared,omitempty" doc:"the operator declares coverage there"`
	Further  Further                `json:"further"`
}

// A Dossier is the evidence as it was sent. Its bytes are frozen, and a test compares
// them with what stands here.
type Dossier struct {
	Day      string                 `json:"day" format:"date"`
	Operator telemetry.OperatorCode `json:"operator"`
	Rules    map[string]any         `json:"rules"`
	Cells    []DossierCell          `json:"cells"`
}

// A DossierCell is the evidence on one cell.
type DossierCell struct {
	Cell       string             `json:"cell"`
	Area       telemetry.AreaCode `json:"area,omitempty"`
	Standing   Standing           `json:"standing"`
	TargetMbps float64            `json:"target_mbps"`
	From       string             `json:"from" format:"date"`
	To         string             `json:"to" format:"date"`
	Accessible int                `json:"accessible"`
	Decision   Decision           `json:"decision"`
	Tests      []DossierTest      `json:"tests"`
}

// A DossierTest is one test of the evidence.
type DossierTest struct {
	ID         string  `json:"id"`
	PointHex   int     `json:"point_hex"`
	Result     string  `json:"result" enum:"transferred,no_service,no_connection,no_transfer"`
	Mbps       float64 `json:"mbps"`
	RSRPdBm    *int    `json:"rsrp_dbm,omitempty"`
	Technology string  `json:"technology,omitempty"`
	UploadMbps float64 `json:"upload_mbps,omitempty"`
	LatencyMs  float64 `json:"latency_ms,omitempty"`
	InVehicle  bool    `json:"in_vehicle,omitempty"`
}
