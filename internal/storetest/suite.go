// Package storetest is what a store of readings owes its users, as tests. Every
// store runs the same suite against the real program behind it.
//
// It also holds the generators of valid readings, for other tests that want one.
package storetest

import (
	"context"
	"iter"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phusong/telemetry"
)

// A Store is what is tested.
type Store interface {
	// Write makes the batch durable, or returns an error: one wrapping
	// [telemetry.ErrRejected] when nothing of the batch is stored and nothing would
	// be by trying again; after any other the batch may be partly stored and should
	// be written again. Writing a reading twice is the same as once.
	Write(ctx context.Context, batch []telemetry.Reading) error
	// Readings returns the stored readings as they were written, in the order of
	// time, device and sequence number. An error is the last element.
	Readings(ctx context.Context, q telemetry.Query) iter.Seq2[telemetry.Reading, error]
	// Series returns one field folded into steps, in the order of time and device.
	Series(ctx context.Context, q telemetry.SeriesQuery) ([]telemetry.Sample, error)
	// Latest returns the newest reading of each device, in the order of devices.
	Latest(ctx context.Context, k telemetry.Kind) iter.Seq2[telemetry.Reading, error]
	// Count returns how many readings there are with from <= time < to.
	Count(ctx context.Context, k telemetry.Kind, from, to time.Time) (int64, error)
	// Has reports for each key whether a reading with it is stored.
	Has(ctx context.Context, keys []telemetry.Key) ([]bool, error)
	// Ping reports whether the store would answer.
	Ping(ctx context.Context) error
	// Close ends it.
	Close() error
}

// Options say what is tested and how hard.
type Options struct {
	// Open returns a new and empty store each time. The suite closes it.
	Open func(t *testing.T) Store
	// Checks is how many cases each property is tried with, when each costs much;
	// 0 for as many as rapid's own flag says.
	Checks int
	// Large is how many readings a large batch has; default 5000.
	Large int
}

// Run runs the suite.
func Run(t *testing.T, o Options) {
	if o.Large == 0 {
		o.Large = 5000
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *subject)
	}{
		{"round trip", testRoundTrip},
		{"writing twice is writing once", testIdempotent},
		{"every kind at its limits", testLimits},
		{"keys that are nearly equal", testNearKeys},
		{"ranges are half open", testHalfOpen},
		{"selection", testSelection},
		{"series agree with the readings", testSeries},
		{"booleans and integers as series", testSeriesTypes},
		{"latest", testLatest},
		{"late readings are found everywhere", testLate},
		{"has", testHas},
		{"a rejected batch leaves nothing", testRejected},
		{"questions that cannot be answered", testBadQueries},
		{"a large batch", testLargeBatch},
		{"breaking off", testBreakOff},
		{"cancelling", testCancel},
		{"reading while writing", testConcurrent},
		{"empty", testEmpty},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &subject{Store: o.Open(t), checks: o.Checks, large: o.Large}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("closing: %v", err)
				}
			})
			if err := s.Ping(t.Context()); err != nil {
				t.Fatalf("ping: %v", err)
			}
			test.run(t, s)
		})
	}
}

// A subject is the store of one test. Each case of a property has an hour of its
// own in it, so that all can share it.
type subject struct {
	Store
	checks int
	large  int
	used   int
}

// check tries a property, at most as often as the options say; but once a case
// has failed as often as rapid needs to find the smallest.
func (s *subject) check(t *testing.T, property func(*rapid.T, *window)) {
	t.Helper()
	failed := false
	rapid.Check(t, func(rt *rapid.T) {
		if s.checks > 0 && s.used >= s.checks && !failed {
			return
		}
		s.used++
		from := Epoch.Add(time.Duration(s.used) * time.Hour)
		defer func() { failed = failed || rt.Failed() }()
		property(rt, &window{from: from, to: from.Add(10 * time.Second)})
	})
}

// window is the time of one case.
type window struct{ from, to time.Time }
