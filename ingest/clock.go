package ingest

import (
	"fmt"
	"maps"
	"time"

	"phusong/telemetry"
)

// Clock decides what to make of a device's time. A device without network has
// no network time: it wakes up in 1970, or two hours ahead of us.
type Clock struct {
	// MaxAhead is how far in our future a reading may lie. Default 5 minutes.
	MaxAhead time.Duration
	// MaxAge is how old a reading may be. Default 5 years: a drive test from last
	// year's archive is old and true, and giving it today's time would make fresh
	// evidence of it. Clocks that are wrong say 1970, 1980 or 2000.
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
		{"MaxAge", &c.MaxAge, 5 * 365 * 24 * time.Hour},
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

// Settle gives r its event time by the rules of c and their defaults, for whoever
// judges readings that came another way than through a Pipeline.
func (c Clock) Settle(r *telemetry.Reading) error {
	if err := c.setDefaults(); err != nil {
		return err
	}
	c.settle(r)
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
	case ahead < -c.MaxAge: // and not -ahead > MaxAge: Sub's least value has no opposite
		r.Flags |= telemetry.FlagClockBehind
		r.DeviceTime, r.Time = r.Time, r.Received
	case ahead < -c.LateAfter:
		r.Flags |= telemetry.FlagLate
	}
}

// spacer keeps apart readings whose time is ours: two of one device within one
// millisecond would have the same key if they carry no number, or if the device
// began to count anew between them, and the second would overwrite the first.
type spacer struct {
	last map[spaced]instant
}

type spaced struct {
	kind   telemetry.Kind
	device telemetry.DeviceID
}

// instant is the part of a key that the spacer makes rise.
type instant struct {
	time time.Time
	seq  int64
}

// maxSpaced is from how many devices on spacer forgets those of past
// milliseconds.
const maxSpaced = 10_000

func (s *spacer) space(r *telemetry.Reading) {
	if !r.TimeAssigned() {
		return
	}
	if s.last == nil {
		s.last = make(map[spaced]instant)
	}
	if len(s.last) >= maxSpaced {
		maps.DeleteFunc(s.last, func(_ spaced, last instant) bool { return last.time.Before(r.Received) })
	}
	of := spaced{r.Kind, r.Device}
	seq := r.Seq.Or(telemetry.NoSeq)
	if last, ok := s.last[of]; ok && !r.Time.After(last.time) {
		r.Time = last.time
		if seq <= last.seq {
			r.Time = last.time.Add(time.Millisecond)
		}
	}
	s.last[of] = instant{r.Time, seq}
}
