package airquality

import (
	"slices"
	"time"
)

// A Period is what a limit's concentration is a mean of.
type Period uint8

// The averaging periods.
const (
	Hour1 Period = iota + 1
	Hours8
	Hours24
	Year
)

var periodNames = [...]string{Hour1: "1h", Hours8: "8h", Hours24: "24h", Year: "1y"}

// String returns the period's name for labels: "1h", "24h"; "" for none.
func (p Period) String() string {
	if int(p) < len(periodNames) {
		return periodNames[p]
	}
	return ""
}

// Hours returns the length of the period, and how many of its hours must have a mean
// for the period to have one: three quarters, rounded up.
func (p Period) Hours() (all, needed int) {
	switch p {
	case Hour1:
		return 1, 1
	case Hours8:
		return 8, 6
	case Hours24:
		return 24, 18
	case Year:
		return 8760, 6570
	}
	return 0, 0
}

// A Limit is a concentration that the mean over the period shall not exceed.
type Limit struct {
	Pollutant Pollutant
	Period    Period
	Ugm3      float64
	// From is the first local day on which the limit holds; Until the first on which it
	// does not any more, zero if it still does.
	From, Until time.Time
	// Basis is the rule that says so.
	Basis string
}

const (
	qcvn05    = "QCVN 05:2023/BTNMT"
	qcvn05now = "QCVN 05:2023/BTNMT, 2026"
)

// The days on which limits change: QCVN 05:2023 came into force on 12 September 2023,
// its stricter daily limit of PM2.5 on 1 January 2026.
var (
	inForce  = day(2023, 9, 12)
	stricter = day(2026, 1, 1)
)

// limits are those of QCVN 05:2023/BTNMT, table 1 (Circular 01/2023/TT-BTNMT).
var limits = []Limit{
	{SO2, Hour1, 350, inForce, time.Time{}, qcvn05},
	{SO2, Hours24, 125, inForce, time.Time{}, qcvn05},
	{SO2, Year, 50, inForce, time.Time{}, qcvn05},
	{CO, Hour1, 30_000, inForce, time.Time{}, qcvn05},
	{CO, Hours8, 10_000, inForce, time.Time{}, qcvn05},
	{NO2, Hour1, 200, inForce, time.Time{}, qcvn05},
	{NO2, Hours24, 100, inForce, time.Time{}, qcvn05},
	{NO2, Year, 40, inForce, time.Time{}, qcvn05},
	{O3, Hour1, 200, inForce, time.Time{}, qcvn05},
	{O3, Hours8, 120, inForce, time.Time{}, qcvn05},
	{PM10, Hours24, 100, inForce, time.Time{}, qcvn05},
	{PM10, Year, 50, inForce, time.Time{}, qcvn05},
	{PM25, Hours24, 50, inForce, stricter, qcvn05},
	{PM25, Hours24, 45, stricter, time.Time{}, qcvn05now},
	{PM25, Year, 25, inForce, time.Time{}, qcvn05},
}

// Limits returns the table of limits. The caller may change it.
func Limits() []Limit { return slices.Clone(limits) }

// LimitOn returns the limit that holds for a mean whose period ends at t; false when there is
// none, as for 8-hour PM2.5, or for any time before the rule was in force.
func LimitOn(p Pollutant, period Period, t time.Time) (Limit, bool) {
	for _, l := range limits {
		if l.Pollutant == p && l.Period == period && !t.Before(l.From) && (l.Until.IsZero() || t.Before(l.Until)) {
			return l, true
		}
	}
	return Limit{}, false
}

// zone is Việt Nam's: UTC+7 without summer time since 1975. A fixed zone needs no
// database of zones on the machine.
var zone = time.FixedZone("+07", 7*60*60)

// Zone returns the time zone in which days and hours of the rules are meant.
func Zone() *time.Location { return zone }

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, zone)
}
