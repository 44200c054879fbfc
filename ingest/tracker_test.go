package ingest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/ingest"
	"phusong/telemetry"
)

// timeless returns a reading with our time, received at.
func timeless(device string, at time.Time, seq, tag int64) telemetry.Reading {
	r := wifi(device, at, seq, tag)
	r.Flags = telemetry.FlagNoTime
	return r
}

// stuck returns a reading by a clock that says 1970, received at.
func stuck(device string, at time.Time, seq, tag int64) telemetry.Reading {
	r := wifi(device, at, seq, tag)
	r.DeviceTime, r.Flags = time.Unix(5, 0).UTC(), telemetry.FlagClockBehind
	return r
}

// will returns a status without a time, received at; a negative session is none.
func will(device string, at time.Time, session int64) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindStatus)
	r.Area, r.Device, r.Time, r.Received, r.Flags = area, telemetry.DeviceID(device), at, at, telemetry.FlagNoTime
	r.Status.Class, r.Status.State = telemetry.KindWiFi, telemetry.Some(telemetry.StateOffline)
	if session >= 0 {
		r.Status.Session = telemetry.Some(session)
	}
	r.Seq = telemetry.Some(r.Status.Number())
	return r
}

func TestTracker(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	repeated := ingest.Observation{Repeated: true}
	redundant := ingest.Observation{Repeated: true, Redundant: true}
	missing := func(n int64) ingest.Observation { return ingest.Observation{Missing: n} }
	var news ingest.Observation
	type step struct {
		reading telemetry.Reading
		want    ingest.Observation
	}
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"in order", []step{{wifi("a", at(1), 1, 1), news}, {wifi("a", at(2), 2, 2), news}, {wifi("a", at(3), 3, 3), news}}},
		{"the same message twice", []step{{wifi("a", at(1), 1, 1), news}, {wifi("a", at(1), 1, 1), repeated}}},
		{"no number, same message twice", []step{{wifi("a", at(1), -1, 1), news}, {wifi("a", at(1), -1, 1), repeated}}},
		{"of two devices", []step{{wifi("a", at(1), 1, 1), news}, {wifi("b", at(1), 1, 1), news}}},

		{"no time, received twice", []step{{timeless("a", at(1), 1, 1), news}, {timeless("a", at(9), 1, 1), redundant}}},
		{"1970, received twice", []step{{stuck("a", at(1), 1, 1), news}, {stuck("a", at(9), 1, 1), redundant}}},
		{"1970 and no number, received twice", []step{{stuck("a", at(1), -1, 1), news}, {stuck("a", at(9), -1, 1), redundant}}},
		{"neither time nor number: nobody can tell", []step{{timeless("a", at(1), -1, 1), news}, {timeless("a", at(9), -1, 1), news}}},
		{"a clock that stands still is no repetition", []step{{stuck("a", at(1), -1, 1), news}, {stuck("a", at(9), -1, 2), news}, {stuck("a", at(10), -1, 3), news}}},
		{"nor is a device that counts anew at each start", []step{{stuck("a", at(1), 1, 1), news}, {stuck("a", at(9), 1, 2), news}}},

		{"a will twice", []step{{will("a", at(1), 7), news}, {will("a", at(9), 7), redundant}}},
		{"wills of two sessions", []step{{will("a", at(1), 7), news}, {will("a", at(9), 8), news}}},
		{"wills without a session: nobody can tell", []step{{will("a", at(1), -1), news}, {will("a", at(9), -1), news}}},
		{"a status has no place in the sequence", []step{{wifi("a", at(1), 1, 1), news}, {will("a", at(2), 7), news}, {wifi("a", at(3), 2, 2), news}}},

		{"a gap", []step{{wifi("a", at(1), 1, 1), news}, {wifi("a", at(5), 5, 5), missing(3)}, {wifi("a", at(6), 6, 6), news}}},
		{"the first number is no gap", []step{{wifi("a", at(1), 1000, 1), news}}},
		{"a gap told once", []step{{wifi("a", at(1), 1, 1), news}, {wifi("a", at(5), 5, 5), missing(3)}, {wifi("a", at(5), 5, 5), repeated}}},
		{"backlog out of order", []step{{wifi("a", at(1), 1, 1), news}, {wifi("a", at(5), 5, 5), missing(3)}, {wifi("a", at(3), 3, 3), news}, {wifi("a", at(2), 2, 2), news}, {wifi("a", at(6), 6, 6), news}}},
		{"a device that begins anew", []step{{wifi("a", at(1), 900, 1), news}, {wifi("a", at(2), 1, 2), news}, {wifi("a", at(3), 2, 3), news}, {wifi("a", at(4), 4, 4), missing(1)}}},
		{"a leap too large for a loss", []step{{wifi("a", at(1), 1, 1), news}, {wifi("a", at(2), 5_000_000, 2), news}, {wifi("a", at(3), 5_000_002, 3), missing(1)}}},
		{"no numbers, no gaps", []step{{wifi("a", at(1), -1, 1), news}, {wifi("a", at(9), -1, 2), news}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tracker := ingest.NewTracker()
			for i := range test.steps {
				got := tracker.Observe(&test.steps[i].reading)
				if diff := cmp.Diff(test.steps[i].want, got); diff != "" {
					t.Errorf("step %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func TestTrackerRemembersTheLastOfEachDevice(t *testing.T) {
	t.Parallel()
	tracker := ingest.NewTracker()
	all := make([]telemetry.Reading, ingest.Memory)
	for i := range all {
		all[i] = timeless("a", noon.Add(time.Duration(i)*time.Second), int64(i), int64(i))
		tracker.Observe(&all[i])
	}
	for i := range all {
		if !tracker.Observe(&all[i]).Redundant {
			t.Errorf("reading %d of the last %d was forgotten", i, ingest.Memory)
		}
	}
	next := timeless("a", noon.Add(time.Hour), 1000, 1000)
	tracker.Observe(&next)
	if tracker.Observe(&all[0]).Repeated {
		t.Errorf("more than the last %d are remembered: the bound is not where it should be", ingest.Memory)
	}
}

// A device without a clock uploads what it kept, and the broker or the device
// itself sends the last message again.
func TestTrackerRemembersBacklogs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		readings int
		spread   time.Duration // of the readings of one message, or of messages of one reading
	}{
		{"a message of the most readings", 10_000, 0},
		{"a message of just more than usual", ingest.Memory + 1, 0},
		{"many messages", 1000, time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tracker := ingest.NewTracker()
			message := func(at time.Time, first int) (redundant int) {
				for i := range test.readings {
					r := timeless("a", at.Add(time.Duration(i)*test.spread), int64(first+i), int64(first+i))
					if tracker.Observe(&r).Redundant {
						redundant++
					}
				}
				return redundant
			}
			for round := range 5 {
				first := round * test.readings
				if n := message(noon.Add(time.Duration(round)*time.Minute), first); n != 0 {
					t.Errorf("round %d: %d new readings were called redundant", round, n)
				}
				if n := message(noon.Add(time.Hour), first); n != test.readings {
					t.Errorf("round %d: of %d repeated readings %d were recognised", round, test.readings, n)
				}
			}
			if limit := 4 * test.readings; tracker.Kept() > limit+ingest.Memory {
				t.Errorf("%d hashes are kept, want at most about %d", tracker.Kept(), limit)
			}
		})
	}
}

func TestTrackerForgetsBacklogsInTheEnd(t *testing.T) {
	t.Parallel()
	tracker := ingest.NewTracker()
	const burst = 1000
	for device := range ingest.MaxKept * 21 / 20 / burst {
		for i := range burst {
			r := timeless(fmt.Sprint("a-", device), noon, int64(i), int64(i))
			tracker.Observe(&r)
		}
		if limit := ingest.MaxKept + 2*burst; tracker.Kept() > limit {
			t.Fatalf("%d hashes are kept, want at most %d", tracker.Kept(), limit)
		}
	}
}

func TestTrackerForgetsDevicesInTheEnd(t *testing.T) {
	t.Parallel()
	tracker := ingest.NewTracker()
	steady := wifi("steady", noon, 0, 0)
	for i := range ingest.MaxTracks * 21 / 20 {
		r := wifi(fmt.Sprint("invented-", i), noon, 1, 1)
		tracker.Observe(&r)
		if i%1000 == 0 { // one real device goes on among the invented
			if i > 0 && !tracker.Observe(&steady).Repeated {
				t.Fatalf("after %d inventions the steady device was forgotten", i)
			}
			steady.Seq, steady.Time = telemetry.Some(int64(i/1000)), steady.Time.Add(time.Second)
			if seen := tracker.Observe(&steady); seen != (ingest.Observation{}) {
				t.Fatalf("the flood made the steady device's reading %d into %+v", i/1000, seen)
			}
		}
	}
	if n := tracker.Tracks(); n > ingest.MaxTracks {
		t.Errorf("%d devices are remembered, want at most %d", n, ingest.MaxTracks)
	}
}

func TestNoRepetitionIsNeverCalledOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tracker := ingest.NewTracker()
		made := make(map[string]bool)
		for i := range rapid.IntRange(1, 100).Draw(t, "readings") {
			send := rapid.SampledFrom([]func(string, time.Time, int64, int64) telemetry.Reading{wifi, timeless, stuck}).Draw(t, "kind")
			device := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "device")
			at := noon.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "at")) * time.Second)
			// Its own number or its own content sets each apart, as devices do; a number
			// alone may come again with other content where the time is not the device's.
			r := send(device, at, rapid.Int64Range(-1, 3).Draw(t, "seq"), int64(i))
			if !r.TimeAssigned() {
				key := fmt.Sprint(r.Key())
				if made[key] {
					continue
				}
				made[key] = true
			}
			if seen := tracker.Observe(&r); seen.Repeated {
				t.Fatalf("reading %d, %s, is new and called %+v", i, record(&r), seen)
			}
		}
	})
}

func TestWarm(t *testing.T) {
	t.Parallel()
	log := newLog()
	log.put(timeless("a", noon, 1, 1))
	log.put(timeless("a", noon, 2, 2))
	log.put(timeless("a", noon, 3, 3))
	tracker := ingest.NewTracker()
	if err := ingest.Warm(t.Context(), tracker, log.read(0), 2); err != nil {
		t.Fatal(err)
	}
	for seq, want := range map[int64]bool{1: true, 2: true, 3: false} {
		again := timeless("a", noon.Add(time.Hour), seq, seq)
		if got := tracker.Observe(&again).Redundant; got != want {
			t.Errorf("reading %d is known: %v, want %v", seq, got, want)
		}
	}
}

// Where the last entry was deleted, the one behind it is not the tracker's yet: the
// writer is still to come to it.
func TestWarmStopsBeforeWhatIsNotSettled(t *testing.T) {
	t.Parallel()
	log := newLog()
	log.put(timeless("a", noon, 1, 1))
	log.put(timeless("a", noon, 2, 2))
	log.put(timeless("a", noon, 3, 3))
	if err := log.Delete(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	tracker := ingest.NewTracker()
	if err := ingest.Warm(t.Context(), tracker, log.read(0), 2); err != nil {
		t.Fatal(err)
	}
	waiting := timeless("a", noon, 3, 3)
	if tracker.Observe(&waiting).Repeated {
		t.Error("the reading that waits was taken for a repetition; it would never be stored")
	}
}
