package sqlite

import (
	"context"
	"fmt"
	"time"

	"phusong/telemetry"
)

// pruneRows is how many rows are deleted before the next write gets its turn.
const pruneRows = 2000

// Prune deletes the readings of the kind with a time before the given one and
// returns how many they were, also when an error ended it early. It works in small
// transactions, between which writes get their turn. The space is used again for
// what is written next; the file does not shrink.
func (s *Store) Prune(ctx context.Context, kind telemetry.Kind, before time.Time) (removed int64, err error) {
	t := s.tables[kind]
	limit := ceilMilli(before)
	// First the readings. An entry of the index without its reading is no harm; a
	// reading without its entry would be hidden.
	removed, err = s.pruneTable(ctx, t, limit)
	if err == nil && removed > 0 {
		err = s.pruneIndex(ctx, t, limit)
	}
	if err != nil {
		err = s.explain("deleting from", err)
	}
	return removed, err
}

func (s *Store) pruneTable(ctx context.Context, t *table, before int64) (removed int64, err error) {
	query := fmt.Sprintf(`DELETE FROM %[1]s WHERE ("time", "device", "seq") IN
		(SELECT "time", "device", "seq" FROM %[1]s WHERE "time" < ? ORDER BY "time" LIMIT ?)`, quote(t.name))
	for {
		var n int64
		err := s.write(ctx, func(w *writer) error {
			return w.transaction(ctx, func() (err error) {
				n, err = w.change(context.WithoutCancel(ctx), query, before, int64(pruneRows))
				return err
			})
		})
		if err != nil {
			return removed, err
		}
		removed += n
		if n < pruneRows {
			return removed, nil
		}
	}
}

// pruneIndex goes from device to device, because there the entries lie together.
func (s *Store) pruneIndex(ctx context.Context, t *table, before int64) error {
	next := fmt.Sprintf(`SELECT min("device") FROM %s WHERE "device" > ?`, quote(t.index()))
	remove := fmt.Sprintf(`DELETE FROM %[1]s WHERE ("device", "time", "seq") IN
		(SELECT "device", "time", "seq" FROM %[1]s WHERE "device" = ? AND "time" < ? LIMIT ?)`, quote(t.index()))
	var device any = ""
	// some deletes up to pruneRows entries, of as many devices as that takes.
	some := func(ctx context.Context, w *writer) (err error) {
		for left := int64(pruneRows); left > 0 && device != nil; {
			n, err := w.change(ctx, remove, device, before, left)
			if err != nil {
				return err
			}
			left -= max(n, 1) // a device without old entries is work too
			if left > 0 {
				if device, err = w.value(ctx, next, device); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for device != nil {
		err := s.write(ctx, func(w *writer) error {
			return w.transaction(ctx, func() error { return some(context.WithoutCancel(ctx), w) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}
