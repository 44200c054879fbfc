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

// Run tests stores that open makes: new and empty each time. The suite closes
// them.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Store)
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
			s := open(t)
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
