package ingest_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phusong/ingest"
	"phusong/telemetry"
)

func TestClockRules(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	narrow := ingest.Clock{MaxAhead: time.Second, MaxAge: time.Hour, LateAfter: time.Minute}
	for _, test := range []struct {
		name   string
		clock  ingest.Clock
		device time.Time
		flags  telemetry.Flags
	}{
		{"now", ingest.Clock{}, noon, 0},
		{"no time", ingest.Clock{}, time.Time{}, telemetry.FlagNoTime},
		{"woke up in 1970", ingest.Clock{}, time.Unix(5, 0), telemetry.FlagClockBehind},
		{"woke up in 1980", ingest.Clock{}, time.Date(1980, 1, 6, 0, 0, 0, 0, time.UTC), telemetry.FlagClockBehind},
		{"woke up in 2000", ingest.Clock{}, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), telemetry.FlagClockBehind},
		{"the year 2, further away than a Duration reaches", ingest.Clock{}, time.Date(2, 1, 1, 0, 0, 0, 0, time.UTC), telemetry.FlagClockBehind},
		{"the year 9999, likewise", ingest.Clock{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), telemetry.FlagClockAhead},
		{"two hours ahead", ingest.Clock{}, noon.Add(2 * time.Hour), telemetry.FlagClockAhead},
		{"four minutes ahead", ingest.Clock{}, noon.Add(4 * time.Minute), 0},
		{"eleven minutes old", ingest.Clock{}, noon.Add(-11 * time.Minute), telemetry.FlagLate},
		{"an archived drive test", ingest.Clock{}, noon.Add(-400 * day), telemetry.FlagLate},
		{"six years old", ingest.Clock{}, noon.Add(-6 * 365 * day), telemetry.FlagClockBehind},

		{"just not ahead", ingest.Clock{}, noon.Add(5 * time.Minute), 0},
		{"just ahead", ingest.Clock{}, noon.Add(5*time.Minute + time.Millisecond), telemetry.FlagClockAhead},
		{"just not late", ingest.Clock{}, noon.Add(-10 * time.Minute), 0},
		{"just late", ingest.Clock{}, noon.Add(-10*time.Minute - time.Millisecond), telemetry.FlagLate},
		{"just believable", ingest.Clock{}, noon.Add(-5 * 365 * day), telemetry.FlagLate},
		{"just unbelievable", ingest.Clock{}, noon.Add(-5*365*day - time.Millisecond), telemetry.FlagClockBehind},

		{"narrow: ahead", narrow, noon.Add(2 * time.Second), telemetry.FlagClockAhead},
		{"narrow: late", narrow, noon.Add(-2 * time.Minute), telemetry.FlagLate},
		{"narrow: behind", narrow, noon.Add(-2 * time.Hour), telemetry.FlagClockBehind},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := wifi("ap-1", test.device, 1, 1)
			r.Received = noon
			if err := test.clock.Settle(&r); err != nil {
				t.Fatal(err)
			}
			if r.Flags != test.flags {
				t.Errorf("flags are %q, want %q", r.Flags, test.flags)
			}
			wantTime, wantDevice := test.device, time.Time{}
			if r.TimeAssigned() {
				wantTime, wantDevice = noon, test.device
			}
			if !r.Time.Equal(wantTime) || !r.DeviceTime.Equal(wantDevice) {
				t.Errorf("Time %s and DeviceTime %s, want %s and %s", r.Time, r.DeviceTime, wantTime, wantDevice)
			}
		})
	}
}

func TestClockRefusesNegativeLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]ingest.Clock{"MaxAhead": {MaxAhead: -1}, "MaxAge": {MaxAge: -1}, "LateAfter": {LateAfter: -1}} {
		if err := c.Settle(new(telemetry.Reading)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s negative: error is %v, want one that names it", name, err)
		}
	}
}

// drawTime draws any time that the wire can carry, mostly near noon.
func drawTime(t *rapid.T) time.Time {
	return rapid.OneOf(
		rapid.Custom(func(t *rapid.T) time.Time {
			return noon.Add(time.Duration(rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "ms")) * time.Millisecond)
		}),
		rapid.Custom(func(t *rapid.T) time.Time {
			return time.UnixMilli(rapid.Int64Range(-62135596800000, 253402300799999).Draw(t, "unix ms")).UTC()
		}),
	).Draw(t, "time")
}

func TestClockProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := func(name string) time.Duration {
			return time.Duration(rapid.Int64Range(1, int64(100*365*24*time.Hour)).Draw(t, name))
		}
		c := ingest.Clock{MaxAhead: limit("ahead"), MaxAge: limit("age"), LateAfter: limit("late")}
		sent := drawTime(t)
		r := wifi("ap-1", sent, 1, 1)
		r.Received = noon
		if err := c.Settle(&r); err != nil {
			t.Fatal(err)
		}
		if r.Time.Sub(r.Received) > c.MaxAhead {
			t.Errorf("%s lies %s in the future", r.Time, r.Time.Sub(r.Received))
		}
		if r.Received.Sub(r.Time) > c.MaxAge {
			t.Errorf("%s is %s old", r.Time, r.Received.Sub(r.Time))
		}
		if f := r.Flags; f&(f-1) != 0 {
			t.Errorf("flags %q exclude one another", f)
		}
		if r.TimeAssigned() != !r.Time.Equal(sent) && !sent.Equal(noon) {
			t.Errorf("flags %q do not tell whether %s is the device's own %s", r.Flags, r.Time, sent)
		}
		if r.Flags.Has(telemetry.FlagLate) != (!r.TimeAssigned() && r.Received.Sub(r.Time) > c.LateAfter) {
			t.Errorf("flags %q for a reading %s old, late after %s", r.Flags, r.Received.Sub(r.Time), c.LateAfter)
		}
		if r.TimeAssigned() && !sent.IsZero() && !r.DeviceTime.Equal(sent) {
			t.Errorf("the device's word %s was forgotten: %s", sent, r.DeviceTime)
		}
	})
}

func TestAssignedTimesKeepKeysApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s ingest.Spacer
		seen := make(map[telemetry.Key]int)
		last := make(map[telemetry.DeviceID]telemetry.Key)
		now := noon
		for i := range rapid.IntRange(1, 200).Draw(t, "readings") {
			// Mostly the same millisecond, sometimes a little later, rarely a little earlier.
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 5, -2}).Draw(t, "step")) * time.Millisecond)
			device := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "device")
			r := wifi(device, now, rapid.Int64Range(-1, 3).Draw(t, "seq"), int64(i))
			r.Received, r.Flags = now, telemetry.FlagNoTime
			s.Space(&r)
			key := r.Key()
			if before, ok := seen[key]; ok {
				t.Fatalf("readings %d and %d share the key %v", before, i, key)
			}
			seen[key] = i
			if before := last[r.Device]; before.Time > key.Time {
				t.Fatalf("reading %d went back in time, from %v to %v", i, before, key)
			}
			last[r.Device] = key
		}
	})
}

func TestSpacerLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	var s ingest.Spacer
	for range 2 {
		r := wifi("a", noon, -1, 0)
		s.Space(&r)
		if !r.Time.Equal(noon) {
			t.Errorf("a device's own time was moved to %s", r.Time)
		}
	}
	for seq := range int64(100) {
		r := wifi("a", noon, seq, 0)
		r.Flags = telemetry.FlagClockBehind
		s.Space(&r)
		if !r.Time.Equal(noon) {
			t.Fatalf("reading %d, whose number sets it apart, was moved to %s", seq, r.Time)
		}
	}
}
