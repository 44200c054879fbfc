package ingest

import (
	"context"
	"fmt"
	"math"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// Warm lets the tracker see the entries of source up to and including last, so
// that it knows after a restart what it knew before. It waits until source has
// come to last or beyond, so the log must hold an entry there.
func Warm(ctx context.Context, t *Tracker, source Source, last uint64) error {
	return eachReading(ctx, source, last, func(_ uint64, r *telemetry.Reading) error {
		t.Observe(r)
		return nil
	})
}

// eachReading calls do for each reading of source up to the entry last, with the
// position of its entry.
func eachReading(ctx context.Context, source Source, last uint64, do func(uint64, *telemetry.Reading) error) error {
	return eachDecoded(ctx, source, last, func(e Entry, readings []telemetry.Reading) error {
		for i := range readings {
			if err := do(e.Seq, &readings[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachDecoded calls do for each entry of source up to the entry last, with its
// readings, which are valid until do returns. A damaged entry has none: the writer
// has made, or will make, dead letters of them.
func eachDecoded(ctx context.Context, source Source, last uint64, do func(Entry, []telemetry.Reading) error) error {
	var decoder wire.Decoder
	var readings []telemetry.Reading
	for seq := uint64(0); seq < last; {
		e, err := source.Next(ctx)
		if err != nil {
			return fmt.Errorf("reading the stream: %w", err)
		}
		if seq = e.Seq; seq > last {
			return nil
		}
		if readings, err = decoder.DecodeRecords(readings[:0], e.Data); err != nil || len(readings) != e.Count {
			readings = readings[:0]
		}
		if err := do(e, readings); err != nil {
			return err
		}
	}
	return nil
}

// Follow calls do for each entry of source, in order, as they come, with its
// readings, which are valid until do returns: none for a tick, and none for an entry that
// is damaged. It ends with ctx, when the log cannot be read, or with do's error, and
// returns the reason.
func Follow(ctx context.Context, source Source, do func(Entry, []telemetry.Reading) error) error {
	return eachDecoded(ctx, source, math.MaxUint64, do)
}
