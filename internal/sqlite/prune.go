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
	if t == nil {
		return 0, s.explain("deleting from", unknownKind(kind))
	}
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
	for more := true; more && err == nil; {
		var n int64
		err = s.write(ctx, func(w *writer) error {
			return w.transaction(ctx, func() (err error) {
				n, more, err = w.remove(context.WithoutCancel(ctx), t.name, "TRUE", before)
				return err
			})
		})
		if err == nil {
			removed += n
		}
	}
	return removed, err
}

// pruneIndex goes from device to device, because there the entries lie together.
func (s *Store) pruneIndex(ctx context.Context, t *table, before int64) error {
	next := fmt.Sprintf(`SELECT min("device") FROM %s WHERE "device" > ?`, quote(t.index()))
	var device any = ""
	// some removes about pruneRows entries, of as many devices as that takes.
	some := func(ctx context.Context, w *writer) error {
		for work := int64(0); work < pruneRows && device != nil; {
			n, more, err := w.remove(ctx, t.index(), `"device" = ?`, before, device)
			if err != nil {
				return err
			}
			work += n + 1 // a device without old entries is work too
			if more {
				continue
			}
			if device, err = w.value(ctx, next, device); err != nil {
				return err
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

// remove deletes about the first pruneRows of the rows for which the condition
// holds and whose time is before the given one. More says that there may be others.
func (w *writer) remove(ctx context.Context, table, condition string, before int64, args ...any) (n int64, more bool, err error) {
	// A range of time is deleted much faster than rows that a subquery names.
	last, err := w.value(ctx, fmt.Sprintf(`SELECT "time" FROM %s WHERE %s AND "time" < ? ORDER BY "time" LIMIT 1 OFFSET %d`,
		quote(table), condition, pruneRows), append(args, before)...)
	if err != nil {
		return 0, false, err
	}
	if ms, ok := last.(int64); ok {
		before, more = ms+1, true // with all others of its millisecond
	}
	n, err = w.change(ctx, fmt.Sprintf(`DELETE FROM %s WHERE %s AND "time" < ?`, quote(table), condition), append(args, before)...)
	return n, more, err
}
