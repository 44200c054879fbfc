package airquality

import (
	"fmt"
	"math"
	"time"
)

// Energy returns 10^(L/10), the energy of a level in dB, which may be added and averaged.
func Energy(db float64) float64 { return math.Pow(10, db/10) }

// Level returns the level in dB of an energy: the inverse of [Energy]. −Inf for none.
func Level(energy float64) float64 { return 10 * math.Log10(energy) }

// LAeq returns the equivalent level of levels that lasted equally long:
// 10·log10(mean of 10^(L/10)). Levels in dB are never averaged arithmetically. It is
// false without any.
func LAeq(db ...float64) (float64, bool) {
	if len(db) == 0 {
		return 0, false
	}
	var sum float64
	for _, l := range db {
		sum += Energy(l)
	}
	return Level(sum / float64(len(db))), true
}

// A NoiseZone says how quiet a place has to be.
type NoiseZone uint8

// The zones.
const (
	// CommonZone is where people live, stay or work: houses, hotels, offices.
	CommonZone NoiseZone = iota
	// SpecialZone is within health care, schools, libraries, churches, temples.
	SpecialZone
)

var noiseZoneNames = [...]string{CommonZone: "common", SpecialZone: "special"}

// String returns the zone's name for labels.
func (z NoiseZone) String() string {
	if int(z) < len(noiseZoneNames) {
		return noiseZoneNames[z]
	}
	return fmt.Sprintf("NoiseZone(%d)", uint8(z))
}

// A NoiseLimit is the highest LAeq in dB(A) in a zone, from one hour of the local day
// to before another; the hours may run over midnight.
type NoiseLimit struct {
	Zone             NoiseZone
	FromHour, ToHour int
	DBA              float64
	// From is the first local day on which it holds; Until the first on which it does
	// not, zero if it still does.
	From, Until time.Time
	Basis       string
	// Replaced says that a newer rule is in force of which we do not know the
	// figures, so that this one is only a yardstick, and must be shown as such.
	Replaced bool
}

// contains says whether the hour of the local day is one of the limit's.
func (l *NoiseLimit) contains(hour int) bool {
	if l.FromHour <= l.ToHour {
		return hour >= l.FromHour && hour < l.ToHour
	}
	return hour >= l.FromHour || hour < l.ToHour
}

// NoiseLimits is a dated table. Provinces give their own when the rule changes.
type NoiseLimits []NoiseLimit

// DefaultNoiseLimits returns the figures of QCVN 26:2010/BTNMT (Circular 39/2010). It has been
// replaced by QCVN 26:2025/BNNMT (Circular 01/2025/TT-BNNMT), in force from 14 November
// 2025, whose table we could not read: from that day on the limits here are marked as
// replaced, and a province should put the new ones in its configuration.
func DefaultNoiseLimits() NoiseLimits {
	const basis = "QCVN 26:2010/BTNMT"
	began, replaced := day(2010, 12, 16), day(2025, 11, 14)
	var table NoiseLimits
	for _, l := range []NoiseLimit{
		{Zone: SpecialZone, FromHour: 6, ToHour: 21, DBA: 55},
		{Zone: SpecialZone, FromHour: 21, ToHour: 6, DBA: 45},
		{Zone: CommonZone, FromHour: 6, ToHour: 21, DBA: 70},
		{Zone: CommonZone, FromHour: 21, ToHour: 6, DBA: 55},
	} {
		l.Basis = basis
		l.From, l.Until = began, replaced
		table = append(table, l)
		l.From, l.Until, l.Replaced = replaced, time.Time{}, true
		table = append(table, l)
	}
	return table
}

// On returns the limit in a zone at an instant; false when the table has none.
func (t NoiseLimits) On(z NoiseZone, at time.Time) (NoiseLimit, bool) {
	hour := at.In(zone).Hour()
	for i := range t {
		l := &t[i]
		if l.Zone == z && l.contains(hour) && !at.Before(l.From) && (l.Until.IsZero() || at.Before(l.Until)) {
			return *l, true
		}
	}
	return NoiseLimit{}, false
}

// Validate says what is wrong with a table: hours that do not exist, a limit without a
// basis, or two limits for the same zone, hour and day.
func (t NoiseLimits) Validate() error {
	for i := range t {
		l := &t[i]
		switch {
		case l.FromHour < 0 || l.FromHour > 23 || l.ToHour < 0 || l.ToHour > 24 || l.FromHour == l.ToHour:
			return fmt.Errorf("noise limit %d: hours %d to %d; write from 0-23 to 0-24, and not the same twice", i+1, l.FromHour, l.ToHour)
		case !(l.DBA > 0 && l.DBA < 140):
			return fmt.Errorf("noise limit %d: %v dB(A) is no limit; write one between 0 and 140", i+1, l.DBA)
		case l.Basis == "":
			return fmt.Errorf("noise limit %d: say which rule it comes from", i+1)
		case int(l.Zone) >= len(noiseZoneNames):
			return fmt.Errorf("noise limit %d: %v is no zone; use common or special", i+1, l.Zone)
		case !l.Until.IsZero() && !l.Until.After(l.From):
			return fmt.Errorf("noise limit %d: it ends before it begins", i+1)
		}
		for j := range i {
			if l.clashes(&t[j]) {
				return fmt.Errorf("noise limits %d and %d both hold for zone %s at the same time", j+1, i+1, l.Zone)
			}
		}
	}
	return nil
}

func (l *NoiseLimit) clashes(other *NoiseLimit) bool {
	if l.Zone != other.Zone || !l.Until.IsZero() && !other.From.Before(l.Until) || !other.Until.IsZero() && !l.From.Before(other.Until) {
		return false
	}
	for hour := range 24 {
		if l.contains(hour) && other.contains(hour) {
			return true
		}
	}
	return false
}
