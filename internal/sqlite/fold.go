package sqlite

import (
	"context"
	"fmt"

	"phusong/telemetry"
)

// foldRows is how many readings go into the index by device at once, and how
// many of the newest stay out: those that queries scan, and behind which a
// reading may be late without costing more.
const foldRows = 20_000

// indexedBefore returns the expression for the time up to which the index by
// device holds everything.
func (t *table) indexedBefore() string {
	return fmt.Sprintf(`(SELECT "before" FROM "indexed" WHERE "kind" = '%s')`, t.name)
}

// fold moves the index by device forward where it is due. A device's rows come
// together, so that many of them change one page. It holds up writing for some
// 50 ms after every foldRows readings.
func (w *writer) fold(ctx context.Context) error {
	for _, k := range telemetry.Kinds() {
		if w.pending[k] < 2*w.store.foldRows {
			continue
		}
		if err := w.foldKind(ctx, w.store.tables[k]); err != nil {
			return fmt.Errorf("folding %s: %w", k, err)
		}
	}
	return nil
}

func (w *writer) foldKind(ctx context.Context, t *table) error {
	ctx = context.WithoutCancel(ctx)
	return w.transaction(ctx, func() error {
		from, err := w.number(ctx, "SELECT "+t.indexedBefore())
		if err != nil {
			return err
		}
		to, err := w.number(ctx, fmt.Sprintf(`SELECT "time" FROM %s WHERE "time" >= ? ORDER BY "time" LIMIT 1 OFFSET %d`,
			quote(t.name), w.store.foldRows), from)
		if err != nil {
			return err
		}
		if to == 0 { // repeated readings were counted but are not there: count again
			n, err := w.number(ctx, fmt.Sprintf(`SELECT count(*) FROM %s WHERE "time" >= ?`, quote(t.name)), from)
			w.pending[t.kind] = int(n)
			return err
		}
		to = max(to, from+1) // all in one millisecond: take it whole
		added, err := w.change(ctx, fmt.Sprintf(`INSERT INTO %s ("device", "time", "seq")
			SELECT "device", "time", "seq" FROM %s WHERE "time" >= ? AND "time" < ?
			ORDER BY "device", "time", "seq" ON CONFLICT DO NOTHING`, quote(t.index()), quote(t.name)), from, to)
		if err != nil {
			return err
		}
		if _, err := w.exec(ctx, `UPDATE "indexed" SET "before" = ? WHERE "kind" = ?`, to, t.name); err != nil {
			return err
		}
		w.pending[t.kind] -= int(added)
		return nil
	})
}
