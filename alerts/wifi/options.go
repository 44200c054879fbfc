package wifi

import (
	"fmt"
	"time"

	"phusong/telemetry"
)

// Options are the thresholds. The zero value of each takes its default.
type Options struct {
	// An access point is overloaded from OverloadRaise until OverloadClear, shares of
	// air time of its busiest radio. Defaults 0.85 and 0.70: high and low watermark of
	// the Alcatel OmniAccess manual; Cisco's controllers alarm at 0.80.
	OverloadRaise, OverloadClear float64
	// MinMbps is below what it is slow. Default 30: WiFi4EU.
	MinMbps float64
	// SpeedFor is how long a speed test counts. Default 6 h.
	SpeedFor time.Duration
	// The uplink is lossy from LossRaise until LossClear, shares of packets. Defaults
	// 0.05 and 0.02; ours.
	LossRaise, LossClear float64
	// The uplink is laggy from LatencyRaise until LatencyClear, round trip. Defaults
	// 400 ms and 250 ms; ours.
	LatencyRaise, LatencyClear time.Duration
	// NoiseLimitDBm is up to where the noise floor leaves room for a signal. Default
	// -70: the alarm of Cisco's controllers.
	NoiseLimitDBm float64
	// NeighbourKm is how far away an access point of another site may be to count as
	// a neighbour. Default 0.5.
	NeighbourKm float64
	// MovedKm is how far from its registered place an access point may say that it
	// is before it counts as moved. Default 0.3: a poor fix is no move.
	MovedKm float64
	// AvailabilityFloor and AvailabilityGoal are what a site should reach in a month.
	// Defaults 0.95 (WiFi4EU) and 0.99.
	AvailabilityFloor, AvailabilityGoal float64
	// Precision is the only precision of sketches that is taken. Default 14.
	Precision int
	// Salt returns the name of a month's salt; nil, or an empty answer, takes the
	// first that comes in a month.
	Salt func(Month) string
	// Judged is told each new verdict or reason of a site, and from which instant it
	// counts; nil for nobody. It is called by the writer under the book's lock, and must not
	// call the book. Of a new register it is told nothing.
	Judged func(site telemetry.SiteID, v Verdict, r Reason, from time.Time)
}

func (o Options) settle() (Options, error) {
	for _, f := range []struct {
		name     string
		value    *float64
		standard float64
		least    float64
		most     float64
	}{
		{"OverloadRaise", &o.OverloadRaise, 0.85, 0, 1},
		{"OverloadClear", &o.OverloadClear, 0.70, 0, 1},
		{"MinMbps", &o.MinMbps, 30, 0, 100_000},
		{"LossRaise", &o.LossRaise, 0.05, 0, 1},
		{"LossClear", &o.LossClear, 0.02, 0, 1},
		{"NoiseLimitDBm", &o.NoiseLimitDBm, -70, -130, -20},
		{"NeighbourKm", &o.NeighbourKm, 0.5, 0, 50},
		{"MovedKm", &o.MovedKm, 0.3, 0, 1000},
		{"AvailabilityFloor", &o.AvailabilityFloor, 0.95, 0, 1},
		{"AvailabilityGoal", &o.AvailabilityGoal, 0.99, 0, 1},
	} {
		if *f.value == 0 {
			*f.value = f.standard
		}
		if !(*f.value >= f.least && *f.value <= f.most) {
			return o, fmt.Errorf("wifi: %s is %v, outside %v to %v", f.name, *f.value, f.least, f.most)
		}
	}
	for _, d := range []struct {
		name     string
		value    *time.Duration
		standard time.Duration
	}{
		{"SpeedFor", &o.SpeedFor, 6 * time.Hour},
		{"LatencyRaise", &o.LatencyRaise, 400 * time.Millisecond},
		{"LatencyClear", &o.LatencyClear, 250 * time.Millisecond},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
		if *d.value < 0 {
			return o, fmt.Errorf("wifi: %s is %v, below 0", d.name, *d.value)
		}
	}
	if o.Precision == 0 {
		o.Precision = 14
	}
	switch {
	case o.Precision < 10 || o.Precision > 14:
		// Under 10 the error is above 3 %; above 14 a dense sketch does not fit into its field.
		return o, fmt.Errorf("wifi: Precision is %d, outside 10 to 14", o.Precision)
	case o.OverloadClear > o.OverloadRaise:
		return o, fmt.Errorf("wifi: OverloadClear %v is above OverloadRaise %v", o.OverloadClear, o.OverloadRaise)
	case o.LossClear > o.LossRaise:
		return o, fmt.Errorf("wifi: LossClear %v is above LossRaise %v", o.LossClear, o.LossRaise)
	case o.LatencyClear > o.LatencyRaise:
		return o, fmt.Errorf("wifi: LatencyClear %v is above LatencyRaise %v", o.LatencyClear, o.LatencyRaise)
	}
	return o, nil
}
