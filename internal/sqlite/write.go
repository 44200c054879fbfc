package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"

	"phusong/telemetry"
)

// Write stores the batch in one transaction. Nil means that all of it is on the
// disk. A reading whose key is already there changes nothing. An error wrapping
// [telemetry.ErrRejected] names the first reading that can never be stored; after
// every error nothing of the batch is. The batch is not kept and not changed.
func (s *Store) Write(ctx context.Context, batch []telemetry.Reading) error {
	if len(batch) == 0 {
		return nil
	}
	for i := range batch {
		if err := s.storable(&batch[i]); err != nil {
			return fmt.Errorf("sqlite: reading %d of device %q: %w", i, batch[i].Device, err)
		}
	}
	err := s.write(ctx, func(w *writer) error {
		if err := w.transaction(ctx, func() error { return w.insert(ctx, batch) }); err != nil {
			return err
		}
		if err := w.fold(ctx); err != nil {
			// The readings are stored all the same. The next write tries again.
			s.log.Warn("the index by device of the store is late", "error", err)
		}
		return nil
	})
	return s.explain(fmt.Sprintf("writing %d readings to", len(batch)), err)
}

// storable refuses what has no place in the tables, or would be confused there.
func (s *Store) storable(r *telemetry.Reading) error {
	t := s.tables[r.Kind]
	switch {
	case t == nil, bodyless(r):
		return &telemetry.RejectedError{Field: "kind", Reason: fmt.Sprintf("a reading of kind %s has no body of that kind", r.Kind)}
	case r.Device == "":
		return &telemetry.RejectedError{Field: "id", Reason: "is empty"}
	case r.Time.UnixMilli() < 0:
		return &telemetry.RejectedError{Field: "time", Reason: "is before 1970"}
	case r.Seq.Or(0) < 0:
		return &telemetry.RejectedError{Field: "seq", Reason: "is negative"}
	}
	return nil
}

func bodyless(r *telemetry.Reading) bool {
	switch r.Kind {
	case telemetry.KindWiFi:
		return r.WiFi == nil
	case telemetry.KindMobile:
		return r.Mobile == nil
	case telemetry.KindEnvironment:
		return r.Environment == nil
	case telemetry.KindStatus:
		return r.Status == nil
	}
	return true
}

// insert adds the readings, and to the index those that it covers already.
func (w *writer) insert(ctx context.Context, batch []telemetry.Reading) error {
	ctx = context.WithoutCancel(ctx)
	for _, k := range telemetry.Kinds() {
		if err := w.insertKind(ctx, k, batch); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) insertKind(ctx context.Context, k telemetry.Kind, batch []telemetry.Reading) error {
	t, p := w.store.tables[k], w.prepared[k]
	indexed := int64(-1) // read when needed: another program may have moved it
	rows := inserter{many: p.many, one: p.one}
	late := inserter{many: p.indexMany, one: p.indexOne}
	defer rows.reset()
	defer late.reset()
	for i := range batch {
		r := &batch[i]
		if r.Kind != k {
			continue
		}
		if indexed < 0 {
			var err error
			if indexed, err = w.number(ctx, "SELECT "+t.indexedBefore()); err != nil {
				return err
			}
		}
		if err := rows.add(ctx, t.columns, r); err != nil {
			return err
		}
		if r.Time.UnixMilli() >= indexed {
			w.pending[k]++
			continue
		}
		if err := late.add(ctx, t.columns[:keyColumns], r); err != nil {
			return err
		}
	}
	if err := rows.flush(ctx); err != nil {
		return err
	}
	return late.flush(ctx)
}

// An inserter collects readings into statements of many rows, and inserts the
// rest, at the end, one by one.
type inserter struct{ many, one *insert }

func (in *inserter) add(ctx context.Context, columns []column, r *telemetry.Reading) error {
	m := in.many
	args := m.args[m.filled*m.columns:]
	for i := range columns {
		v, err := columns[i].get(r)
		if err != nil {
			return err
		}
		args[i].Value = v
	}
	m.filled++
	if m.filled < m.rows {
		return nil
	}
	_, err := m.stmt.ExecContext(ctx, m.args)
	m.filled = 0
	return err
}

func (in *inserter) flush(ctx context.Context) error {
	m, one := in.many, in.one
	for row := range m.filled {
		for i := range one.args {
			one.args[i].Value = m.args[row*m.columns+i].Value
		}
		if _, err := one.stmt.ExecContext(ctx, one.args); err != nil {
			return err
		}
	}
	m.filled = 0
	return nil
}

// reset forgets what an error left behind, and the texts of the last batch.
func (in *inserter) reset() {
	in.many.filled = 0
	forget(in.many.args)
	forget(in.one.args)
}

func forget(args []driver.NamedValue) {
	for i := range args {
		args[i].Value = nil
	}
}
