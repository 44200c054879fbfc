package api

import (
	"context"
	"errors"
	"time"

	"phusong/telemetry"
)

// Errors that a source's errors wrap, so that the client is told what to do.
var (
	ErrNotFound = errors.New("there is no such thing")
	ErrRefused  = errors.New("refused")         // as it was asked for, it must not be done
	ErrNotReady = errors.New("not ready yet")   // ask again later
	ErrConflict = errors.New("changed at once") // somebody else was faster; ask again
)

// All methods of the sources may be called at the same time by several goroutines; what
// they return belongs to the caller, except where it is said not to change.

// Places are what is where.
type Places interface {
	// Areas, Sites and Devices are in any order. Areas must not be changed.
	Areas() []telemetry.Area
	Sites() []Site
	Devices() []Device
	Device(id telemetry.DeviceID) (Device, bool)
	// SiteName returns "" for what is no site.
	SiteName(id telemetry.SiteID) string
	// Area returns an area by its code.
	Area(code telemetry.AreaCode) (telemetry.Area, bool)
	// AreaOf returns where a device or a site is, whichever is not empty.
	AreaOf(device telemetry.DeviceID, site telemetry.SiteID) (telemetry.AreaCode, bool)
	Targets() []Target
}

// An AlertAct is something that somebody does about an alert.
type AlertAct struct {
	Action        string // acknowledge, release, assign or comment
	ID            string // the same again changes nothing
	At, Until     time.Time
	Who, Text, To string
}

// Alerts are what is wrong.
type Alerts interface {
	Firing() []Alert
	// Find returns an alert that fires or is in the history. The error may wrap ErrNotFound.
	Find(ctx context.Context, id string) (Alert, error)
	// History returns all that happened to an alert, oldest first.
	History(ctx context.Context, id string) ([]Step, error)
	Incidents() []Incident
	// Act returns the handling afterwards. The error may wrap ErrRefused.
	Act(ctx context.Context, alert string, act AlertAct) (Handling, error)
	// Windows returns the windows that are not over at that instant; of the zero time, all that
	// are kept.
	Windows(at time.Time) []Window
	Announce(ctx context.Context, w Window, who string, at time.Time) (Window, error)
	// Extend moves the end of a window, EndWindow ends it.
	Extend(ctx context.Context, id, who string, at, until time.Time) (Window, error)
	EndWindow(ctx context.Context, id, who string, at time.Time) (Window, error)
}

// A SurveyQuestion says what a plan of measurements is for.
type SurveyQuestion struct {
	Operators []telemetry.OperatorCode
	Areas     []telemetry.AreaCode
	Start     telemetry.Point
	Stops     int
}

// Coverage is the map of mobile coverage.
type Coverage interface {
	// Layer returns the map as it was on a day, such as 2026-11-03; the latest for "". It
	// does not change, and is the same until another judgement. The error may wrap
	// ErrNotReady, and ErrNotFound for a day that cannot be asked.
	Layer(ctx context.Context, day string) (*CellLayer, error)
	// Zones are the zones that were open on a day, as in Layer.
	Zones(ctx context.Context, day string) (*ZoneLayer, error)
	// Days says which days can be asked.
	Days() (Days, error)
	// Cell returns the evidence on one cell. The error may wrap ErrNotFound or ErrRefused.
	Cell(cell string, operator telemetry.OperatorCode) (CellEvidence, error)
	// CellTests returns the tests of the window of one cell, those that do not count too;
	// errors are as of Cell.
	CellTests(cell string, operator telemetry.OperatorCode) ([]CellTest, error)
	// CellHistory is as Cell.
	CellHistory(cell string, operator telemetry.OperatorCode) (CellHistory, error)
	Survey(q SurveyQuestion) ([]SurveyStop, error)
}

// A CaseAct is something that somebody does to a gap case.
type CaseAct struct {
	Action     string // send, answer, retest, dispute, close, reopen or comment
	At         time.Time
	Who, Note  string
	Due        time.Time
	Answer     string
	Strikes    []Strike
	Resolution string
	From       string // the day from which tests count, of a repair
}

// Cases are the gap cases.
type Cases interface {
	CaseReviews
	Cases() []Case
	Case(ctx context.Context, id string) (Case, error)
	// Dossier returns what was sent, as JSON.
	Dossier(ctx context.Context, id string) ([]byte, error)
	// AreasOf returns the communes that a new case would be about.
	AreasOf(zone string, operator telemetry.OperatorCode, cells []string) ([]telemetry.AreaCode, error)
	Open(ctx context.Context, zone string, operator telemetry.OperatorCode, cells []string, act CaseAct) (Case, error)
	Act(ctx context.Context, id string, act CaseAct) (Case, error)
}

// Readings are what is stored.
type Readings interface {
	Series(ctx context.Context, q telemetry.SeriesQuery) ([]telemetry.Sample, error)
	// Latest returns the newest reading of a device, nil when there is none.
	Latest(ctx context.Context, d *Device) (*Latest, error)
	// Letters returns at most limit refused messages after one, oldest first.
	Letters(ctx context.Context, after string, limit int) ([]Letter, error)
	// Replay processes refused messages again, and says how many of all are left. After an
	// error it says what was done before it.
	Replay(ctx context.Context, q Replay) (Replayed, error)
}

// A Replay says which refused messages are processed again.
type Replay struct {
	IDs []string // none are all
	// Limit is the most that are processed, 0 is no limit.
	Limit int
	// Before leaves out what was refused since. Of IDs it bounds nothing.
	Before time.Time
}
