package simulator

import (
	"iter"
	"math"
	"slices"
	"time"

	"phusong/telemetry"
)

// A Conclusion is what a service concluded about a cell and operator.
type Conclusion struct {
	// Verdict is [Dead], [Slow] or [Fine], or empty when it does not know.
	Verdict Verdict
	// Enough says that the tests would have sufficed to conclude the truth.
	Enough bool
}

// A Conclude says what a service concluded about the cell and operator of a truth. It is
// how coverage is plugged into the score.
type Conclude func(truth *Coverage) Conclusion

// A VerdictScore compares conclusions with the truth for one verdict.
type VerdictScore struct {
	True      int `json:"true"`      // cells of which it is true
	Enough    int `json:"enough"`    // of them with enough tests
	Found     int `json:"found"`     // of them those of which it was concluded
	Concluded int `json:"concluded"` // cells of which it was concluded
	Right     int `json:"right"`     // of them those of which it is true
	// Precision is Right of Concluded, and Recall Found of Enough; 1 when there are none.
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
}

// A CoverageScore compares a coverage map with the truth. Cells whose truth is not
// certain count for no verdict.
type CoverageScore struct {
	Dead VerdictScore `json:"dead"`
	Slow VerdictScore `json:"slow"`
	Fine VerdictScore `json:"fine"`
	// Bad is dead and slow together: a finding against the operator. To call a dead cell
	// slow is right, for it is slow as well; to call a slow one dead is not.
	Bad       VerdictScore `json:"bad"`
	Unknown   int          `json:"unknown"`   // nothing was concluded
	Uncertain int          `json:"uncertain"` // the truth is too close to a limit
	// Table counts the certain cells by what is true and what was concluded; "" for nothing.
	Table map[Verdict]map[Verdict]int `json:"table"`
}

// ScoreCoverage asks for a conclusion on every cell of the truth.
func ScoreCoverage(truth iter.Seq[Coverage], conclude Conclude) CoverageScore {
	s := CoverageScore{Table: map[Verdict]map[Verdict]int{Dead: {}, Slow: {}, Fine: {}}}
	for c := range truth {
		concluded := conclude(&c)
		if !c.Certain {
			s.Uncertain++
			continue
		}
		if concluded.Verdict == "" {
			s.Unknown++
		}
		s.Table[c.Verdict][concluded.Verdict]++
		for v, one := range map[Verdict]*VerdictScore{Dead: &s.Dead, Slow: &s.Slow, Fine: &s.Fine} {
			one.add(c.Verdict == v, concluded.Verdict == v, concluded.Verdict == c.Verdict, concluded.Enough)
		}
		s.Bad.add(c.Verdict != Fine, concluded.Verdict == Dead || concluded.Verdict == Slow,
			concluded.Verdict == c.Verdict || c.Verdict == Dead && concluded.Verdict == Slow, concluded.Enough)
	}
	for _, one := range []*VerdictScore{&s.Dead, &s.Slow, &s.Fine, &s.Bad} {
		one.Precision, one.Recall = ratio(one.Right, one.Concluded), ratio(one.Found, one.Enough)
	}
	return s
}

// add counts a cell of which the verdict is true or not, was concluded or not, and rightly so.
func (s *VerdictScore) add(isTrue, concluded, right, enough bool) {
	if isTrue {
		s.True++
		if enough {
			s.Enough++
			if concluded && right {
				s.Found++
			}
		}
	}
	if concluded {
		s.Concluded++
		if right {
			s.Right++
		}
	}
}

// ratio is 1 when there was nothing to get wrong.
func ratio(right, all int) float64 {
	if all == 0 {
		return 1
	}
	return float64(right) / float64(all)
}

// An Alarm is one conclusion of a service that something is wrong. It names its
// subject by what it knows: a device, a site, an area, or an operator with a place.
type Alarm struct {
	From     time.Time
	Device   telemetry.DeviceID
	Site     telemetry.SiteID
	Area     telemetry.AreaCode
	Operator telemetry.OperatorCode
	At       telemetry.Point
}

// AlarmQuestion says how to score alarms.
type AlarmQuestion struct {
	// From and To bound the time in which the service was watching.
	From, To time.Time
	// Least is how long a fault must last to count as one that should be found. Alarms
	// about shorter ones are right all the same.
	Least time.Duration
	// Grace is how long after the end of a fault an alarm about it is still right: silence is
	// noticed late.
	Grace time.Duration
}

// An AlarmScore compares alarms with what was really wrong.
type AlarmScore struct {
	Faults    int     `json:"faults"` // that should be found
	Found     int     `json:"found"`
	Alarms    int     `json:"alarms"`
	Right     int     `json:"right"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	// FalsePerDay is how many alarms a day were about nothing.
	FalsePerDay float64 `json:"false_per_day"`
	// MedianDetection and P90Detection are the times from the beginning of a fault to its
	// first alarm, of those that were found.
	MedianDetection time.Duration `json:"median_detection_ns"`
	P90Detection    time.Duration `json:"p90_detection_ns"`
}

// ScoreAlarms compares them with the faults of [World.Faults].
func ScoreAlarms(faults []Fault, alarms []Alarm, q AlarmQuestion) AlarmScore {
	var s AlarmScore
	right := make([]bool, len(alarms))
	var delays []time.Duration
	for i := range faults {
		f := &faults[i]
		if !f.From.Before(q.To) || (!f.To.IsZero() && f.To.Before(q.From)) {
			continue
		}
		first := time.Time{}
		for n := range alarms {
			if a := &alarms[n]; f.explains(a, q.Grace) {
				right[n] = true
				if first.IsZero() || a.From.Before(first) {
					first = a.From
				}
			}
		}
		if f.lasts(q.To) < q.Least {
			continue
		}
		s.Faults++
		if !first.IsZero() {
			s.Found++
			delays = append(delays, first.Sub(f.From))
		}
	}
	s.Alarms = len(alarms)
	for _, ok := range right {
		if ok {
			s.Right++
		}
	}
	s.Precision, s.Recall = ratio(s.Right, s.Alarms), ratio(s.Found, s.Faults)
	if days := q.To.Sub(q.From).Hours() / 24; days > 0 {
		s.FalsePerDay = float64(s.Alarms-s.Right) / days
	}
	slices.Sort(delays)
	s.MedianDetection, s.P90Detection = quantile(delays, 0.5), quantile(delays, 0.9)
	return s
}

// lasts is how much of the fault happened before the end of the watch.
func (f *Fault) lasts(end time.Time) time.Duration {
	if f.To.IsZero() || f.To.After(end) {
		return end.Sub(f.From)
	}
	return f.To.Sub(f.From)
}

// explains reports whether the alarm is about this fault: at its time and on
// something that it touches.
func (f *Fault) explains(a *Alarm, grace time.Duration) bool {
	if a.From.Before(f.From) || (!f.To.IsZero() && a.From.After(f.To.Add(grace))) {
		return false
	}
	if a.Operator != "" && f.Operator != "" && a.Operator != f.Operator {
		return false
	}
	switch {
	case a.Device != "":
		return slices.Contains(f.Devices, a.Device)
	case a.Site != "":
		return slices.Contains(f.Sites, a.Site)
	case !a.At.IsZero() && f.RadiusKm > 0:
		return project(a.At).distance(project(f.Center)) <= 1000*f.RadiusKm
	case a.Area != "" && f.Area != "":
		return a.Area == f.Area
	}
	return a.Area == "" && a.At.IsZero() && f.Kind == "broker_unreachable"
}

// quantile of sorted durations; 0 of none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(math.Ceil(q*float64(len(sorted))))-1, len(sorted)-1)]
}
