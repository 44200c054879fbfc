package simulator

import (
	"iter"
	"math"
	"slices"
	"time"

	"phusong/telemetry"
)

// A Conclude says what a service concluded about a cell and operator: [Dead], [Slow],
// [Fine], or empty when it does not know. It is how coverage is plugged into the score.
type Conclude func(cell string, operator telemetry.OperatorCode) Verdict

// A VerdictScore compares conclusions with the truth for one verdict.
type VerdictScore struct {
	True      int     `json:"true"`      // cells of which it is true
	Concluded int     `json:"concluded"` // cells of which it was concluded
	Right     int     `json:"right"`
	Precision float64 `json:"precision"` // right of those concluded; 1 when there are none
	Recall    float64 `json:"recall"`    // right of those true; 1 when there are none
}

// A CoverageScore compares a coverage map with the truth. Cells whose truth is not
// certain, and cells about which nothing was concluded, count for no verdict.
type CoverageScore struct {
	Dead      VerdictScore `json:"dead"`
	Slow      VerdictScore `json:"slow"`
	Fine      VerdictScore `json:"fine"`
	Unknown   int          `json:"unknown"`   // nothing was concluded
	Uncertain int          `json:"uncertain"` // the truth is too close to a limit
}

// ScoreCoverage asks for a conclusion on every cell of the truth.
func ScoreCoverage(truth iter.Seq[Coverage], conclude Conclude) CoverageScore {
	var s CoverageScore
	of := map[Verdict]*VerdictScore{Dead: &s.Dead, Slow: &s.Slow, Fine: &s.Fine}
	for c := range truth {
		if !c.Certain {
			s.Uncertain++
			continue
		}
		concluded := of[conclude(c.Cell, c.Operator)]
		if concluded == nil {
			s.Unknown++
			continue
		}
		of[c.Verdict].True++
		concluded.Concluded++
		if concluded == of[c.Verdict] {
			concluded.Right++
		}
	}
	for _, v := range of {
		v.Precision, v.Recall = ratio(v.Right, v.Concluded), ratio(v.Right, v.True)
	}
	return s
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
