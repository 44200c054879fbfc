package ingest

import (
	"fmt"
	"time"

	"phusong/telemetry"
)

// Clock decides what to make of a device's time. A device without network has
// no network time: it wakes up in 1970, or two hours ahead of us.
type Clock struct {
	// MaxAhead is how far in our future a reading may lie. Default 5 minutes.
	MaxAhead time.Duration
	// MaxAge is how old a reading may be; coverage tests are valid for one year.
	// Default 366 days.
	MaxAge time.Duration
	// LateAfter is from which age on a reading is late: it is stored and judged at
	// its own time but touches no live alert. Default 10 minutes.
	LateAfter time.Duration
}

func (c *Clock) setDefaults() error {
	for _, d := range []struct {
		name  string
		value *time.Duration
		unset time.Duration
	}{
		{"MaxAhead", &c.MaxAhead, 5 * time.Minute},
		{"MaxAge", &c.MaxAge, 366 * 24 * time.Hour},
		{"LateAfter", &c.LateAfter, 10 * time.Minute},
	} {
		if *d.value < 0 {
			return fmt.Errorf("clock: %s is negative", d.name)
		}
		if *d.value == 0 {
			*d.value = d.unset
		}
	}
	return nil
}

// settle gives r its event time: the device's own where it can be true, else the
// time of receipt with a flag that says why. r.Received must be set.
func (c *Clock) settle(r *telemetry.Reading) {
	switch ahead := r.Time.Sub(r.Received); {
	case r.Time.IsZero():
		r.Flags |= telemetry.FlagNoTime
		r.Time = r.Received
	case ahead > c.MaxAhead:
		r.Flags |= telemetry.FlagClockAhead
		r.DeviceTime, r.Time = r.Time, r.Received
	case -ahead > c.MaxAge:
		r.Flags |= telemetry.FlagClockBehind
		r.DeviceTime, r.Time = r.Time, r.Received
	case -ahead > c.LateAfter:
		r.Flags |= telemetry.FlagLate
	}
}

// spacer keeps apart readings whose time is ours and that carry no number: two of
// one device within one millisecond would have the same key, and the second would
// overwrite the first.
type spacer struct {
	last map[telemetry.DeviceID]time.Time
}

// maxSpaced bounds the memory of spacer. Forgetting is harmless after a
// millisecond.
const maxSpaced = 10_000

func (s *spacer) space(r *telemetry.Reading) {
	if !r.TimeAssigned() || r.Seq.Present() {
		return
	}
	if len(s.last) >= maxSpaced || s.last == nil {
		s.last = make(map[telemetry.DeviceID]time.Time)
	}
	if last, ok := s.last[r.Device]; ok && !r.Time.After(last) {
		r.Time = last.Add(time.Millisecond)
	}
	s.last[r.Device] = r.Time
}
