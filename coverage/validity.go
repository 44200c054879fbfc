package coverage

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"phusong/telemetry"
)

// Validity says which tests count. A map is filled under one Validity, and what it
// left out cannot be called back: another Validity needs the map to be rebuilt from
// the store. Durations are in whole seconds.
type Validity struct {
	// From and To bound the local time of day, both included.
	FromSecond int `json:"from_second"`
	ToSecond   int `json:"to_second"`
	// Zone names the time zone of that local time (IANA), for the reader and the version.
	Zone string `json:"zone"`
	// MinDurationS and MaxDurationS bound the download measurement; a shorter one counts when
	// it moved EnoughBytes.
	MinDurationS float64 `json:"min_duration_s"`
	MaxDurationS float64 `json:"max_duration_s"`
	EnoughBytes  int64   `json:"enough_bytes"`
	// MaxAccuracyM is the largest error of position, for probes without a registered place.
	MaxAccuracyM float64 `json:"max_accuracy_m"`
	// MaxAgeDays is how old a test may be when it arrives.
	MaxAgeDays int `json:"max_age_days"`
	// FloorDBm is the RSRP below which there is no service; GoodDBm is where a transfer that
	// fails can no longer be blamed on the signal.
	FloorDBm int `json:"floor_dbm"`
	GoodDBm  int `json:"good_dbm"`
	// Stated lists what a test must say about itself to count: "duration_s", "accuracy_m",
	// "indoor". What is stated and wrong never counts.
	Stated []string `json:"stated"`
	// Operators are the networks that tests may be of; empty for any.
	Operators []telemetry.OperatorCode `json:"operators"`
}

// What Validity.Stated may list.
const (
	StateDuration = "duration_s"
	StateAccuracy = "accuracy_m"
	StateIndoor   = "indoor"
)

// DefaultValidity follows 47 CFR 1.7006(c)(1): outdoors, 06:00 to 22:00, 5 to 30
// seconds or 1,000 MB; with a position within 50 m, and the networks of Việt Nam.
func DefaultValidity() Validity {
	v := Validity{
		FromSecond: 6 * 3600, ToSecond: 22 * 3600, Zone: "Asia/Ho_Chi_Minh",
		MinDurationS: 5, MaxDurationS: 30, EnoughBytes: 1_000_000_000,
		MaxAccuracyM: 50, MaxAgeDays: 365,
		FloorDBm: -120, GoodDBm: -95,
		Stated: []string{StateDuration, StateAccuracy, StateIndoor},
	}
	for _, o := range telemetry.Operators() {
		if o.Active {
			v.Operators = append(v.Operators, o.Code)
		}
	}
	return v
}

func (v *Validity) check() error {
	switch {
	case v.FromSecond < 0 || v.ToSecond >= secondsPerDay || v.FromSecond >= v.ToSecond:
		return errors.New("from_second, to_second: give a span within one day")
	case !(v.MinDurationS >= 0 && v.MinDurationS <= v.MaxDurationS):
		return errors.New("min_duration_s: give at most max_duration_s")
	case v.EnoughBytes <= 0:
		return errors.New("enough_bytes: give a number of bytes, such as 1000000000")
	case !(v.MaxAccuracyM > 0):
		return errors.New("max_accuracy_m: give metres above 0")
	case v.MaxAgeDays < 1 || v.MaxAgeDays > maxDays:
		return errors.New("max_age_days: give 1 to 3660")
	case v.FloorDBm > v.GoodDBm:
		return errors.New("floor_dbm: give at most good_dbm")
	}
	if v.Zone == "" {
		return errors.New("zone: name the time zone of the hours, such as Asia/Ho_Chi_Minh")
	}
	for _, s := range v.Stated {
		if s != StateDuration && s != StateAccuracy && s != StateIndoor {
			return fmt.Errorf("stated: %q is none of duration_s, accuracy_m, indoor", s)
		}
	}
	return nil
}

// A Reason says why a test does not count. The zero Reason is that it does. They are
// stored by number: append only.
type Reason uint8

// The reasons, in the order in which they are looked for.
const (
	Counts          Reason = iota // nothing is wrong with it
	NoTest                        // a radio sample: nothing was transferred
	NoClock                       // the device did not know the time
	TooOld                        // it arrived too long after it was made
	UnknownOperator               // not one of the networks
	Roaming                       // the SIM is of another network
	NoPosition                    // neither the test nor the registry says where
	Inaccurate                    // the position is too uncertain, or its error is not stated
	Outside                       // not in the area of the map
	Indoor                        // made inside a building, or not said to be outside
	Hours                         // at night
	Duration                      // too short, too long, or not said
	FailedTest                    // the test failed, not the network
	Implausible                   // values that no network could cause
	reasonCount
)

var reasonNames = [reasonCount]string{
	"", "no_test", "no_clock", "too_old", "unknown_operator", "roaming", "no_position", "inaccurate",
	"outside", "indoor", "hours", "duration", "failed_test", "implausible",
}

// Reasons returns every reason for which a test may not count, for tables and counters.
func Reasons() []Reason {
	all := make([]Reason, 0, reasonCount-1)
	for r := NoTest; r < reasonCount; r++ {
		all = append(all, r)
	}
	return all
}

// String returns the name for labels and files; "" for Counts.
func (r Reason) String() string {
	if r < reasonCount {
		return reasonNames[r]
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// MarshalText writes the name.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// A Result is how a test that counts ended.
type Result uint8

// The results. They are stored by number: append only.
const (
	Transferred  Result = iota // the download ran, at the rate that is given
	NoService                  // not attached to any network
	NoConnection               // attached, and no data connection came up
	NoTransfer                 // connected at a weak signal, and nothing came through
	resultCount
)

var resultNames = [resultCount]string{"transferred", "no_service", "no_connection", "no_transfer"}

// String returns the name for files.
func (r Result) String() string {
	if r < resultCount {
		return resultNames[r]
	}
	return fmt.Sprintf("Result(%d)", uint8(r))
}

// MarshalText writes the name.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a name.
func (r *Result) UnmarshalText(text []byte) error {
	i := slices.Index(resultNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is not a result", text)
	}
	*r = Result(i)
	return nil
}

// attempt is what Validity makes of a reading: a place, a time, a network and an
// end, or the reason why it does not count. What could not be found is zero.
type attempt struct {
	reason   Reason
	result   Result
	operator telemetry.OperatorCode
	at       telemetry.Point
	day      Day
	second   int // of that day, local
}

// examine judges one reading. fixed is the registered position of a probe that does
// not move, the zero Point for one that does.
func (v *Validity) examine(r *telemetry.Reading, fixed telemetry.Point, c clock) (a attempt) {
	m := r.Mobile
	if r.Kind != telemetry.KindMobile || m == nil {
		return attempt{reason: NoTest}
	}
	a.operator = operatorOf(m)
	a.at = fixed
	if lat, ok := m.Lat.Get(); ok && fixed.IsZero() {
		a.at = telemetry.Point{Lat: lat, Lon: m.Lon.Or(0)}
	}
	a.day, a.second = c.split(r.Time)
	a.reason = v.reason(r, m, &a, fixed)
	if a.reason == Counts {
		a.result, a.reason = v.result(m)
	}
	return a
}

// operatorOf is the network that a test is about: the serving one, or that of the SIM
// when none was serving.
func operatorOf(m *telemetry.Mobile) telemetry.OperatorCode {
	sim, isSIM := m.SIMOperator.Get()
	serving, isServing := m.Operator.Get()
	if isSIM && (!isServing || m.Outcome.Or("") == telemetry.OutcomeNoService) {
		return telemetry.OperatorCode(sim)
	}
	return telemetry.OperatorCode(serving)
}

func (v *Validity) reason(r *telemetry.Reading, m *telemetry.Mobile, a *attempt, fixed telemetry.Point) Reason {
	switch {
	case !m.Outcome.Present():
		return NoTest
	case r.TimeAssigned():
		return NoClock
	case !r.Received.IsZero() && r.Received.Sub(r.Time) > time.Duration(v.MaxAgeDays)*24*time.Hour:
		return TooOld
	case a.operator == "" || len(v.Operators) > 0 && !slices.Contains(v.Operators, a.operator):
		return UnknownOperator
	case roams(m):
		return Roaming
	case a.at.IsZero() || a.at.Validate() != nil:
		return NoPosition
	case fixed.IsZero() && !v.accurate(m):
		return Inaccurate
	case m.Indoor.Or(!m.Indoor.Present() && v.states(StateIndoor)):
		return Indoor
	case a.second < v.FromSecond || a.second > v.ToSecond:
		return Hours
	}
	return Counts
}

// roams reports whether the SIM was served by another network than its own.
func roams(m *telemetry.Mobile) bool {
	serving, isServing := m.Operator.Get()
	sim, isSIM := m.SIMOperator.Get()
	return isServing && isSIM && serving != sim && m.Outcome.Or("") != telemetry.OutcomeNoService
}

func (v *Validity) states(field string) bool { return slices.Contains(v.Stated, field) }

func (v *Validity) accurate(m *telemetry.Mobile) bool {
	accuracy, ok := m.AccuracyM.Get()
	if !ok {
		return !v.states(StateAccuracy)
	}
	return accuracy <= v.MaxAccuracyM
}

// result says how the test ended. A transfer that failed tells of the network only
// where the signal was too weak to expect better and nothing else got through:
// everything else is as well a server that was busy or an app that was stopped.
func (v *Validity) result(m *telemetry.Mobile) (Result, Reason) {
	switch m.Outcome.Or("") {
	case telemetry.OutcomeNoService:
		return NoService, Counts
	case telemetry.OutcomeNoConnection:
		return NoConnection, Counts
	}
	rate, ok := m.DownloadMbps.Get()
	if ok && !(rate >= 0 && rate <= maxRate) {
		return 0, Implausible
	}
	if m.Outcome.Or("") == telemetry.OutcomeFailed || rate == 0 {
		if signal, known := m.RSRPdBm.Get(); known && signal < float64(v.GoodDBm) && !uplinkWorked(m) {
			return NoTransfer, Counts
		}
		return 0, FailedTest
	}
	if !v.longEnough(m) {
		return 0, Duration
	}
	return Transferred, Counts
}

func uplinkWorked(m *telemetry.Mobile) bool {
	return m.UploadMbps.Or(0) > 0 || m.LatencyMs.Present() && m.Loss.Or(0) < 1
}

func (v *Validity) longEnough(m *telemetry.Mobile) bool {
	duration, ok := m.DurationS.Get()
	enough := m.Bytes.Or(0) >= v.EnoughBytes
	if !ok {
		return enough || !v.states(StateDuration)
	}
	return duration <= v.MaxDurationS && (duration >= v.MinDurationS || enough)
}
