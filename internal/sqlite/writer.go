package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	sqlite "modernc.org/sqlite"

	"phusong/telemetry"
)

// rowsPerInsert is how many readings one statement takes. More rows cost less
// each, until the statement itself no longer fits the processor's caches.
const rowsPerInsert = 32

// A writer is the one connection that changes the file. It is the driver's own
// and not database/sql's, whose conversion of each argument costs as much as
// storing it. Who holds the store's turn owns it.
type writer struct {
	store    *Store
	conn     connection
	prepared map[telemetry.Kind]*statements
	pending  map[telemetry.Kind]int // about how many readings the index still lacks
}

// connection is what the driver's connections can do.
type connection interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

// statements are the prepared inserts of one table, for many rows and for one.
type statements struct{ many, one, indexMany, indexOne *insert }

// An insert is a prepared statement with the room for its arguments.
type insert struct {
	stmt interface {
		driver.Stmt
		driver.StmtExecContext
	}
	rows, columns int
	args          []driver.NamedValue
	filled        int // rows
}

func openWriter(ctx context.Context, s *Store, o *Options) (*writer, error) {
	connector, err := sqlite.NewConnector(dsn(o))
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		store: s, conn: conn.(connection),
		prepared: map[telemetry.Kind]*statements{}, pending: map[telemetry.Kind]int{},
	}
	if err := w.setUp(ctx, o); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *writer) setUp(ctx context.Context, o *Options) error {
	if err := w.migrate(ctx); err != nil {
		return err
	}
	if o.MaxBytes > 0 {
		if err := w.limit(ctx, o.MaxBytes); err != nil {
			return err
		}
	}
	for k, t := range w.store.tables {
		if err := w.prepare(ctx, k, t); err != nil {
			return err
		}
		pending, err := w.number(ctx, fmt.Sprintf(`SELECT count(*) FROM %s WHERE "time" >= %s`, quote(t.name), t.indexedBefore()))
		if err != nil {
			return err
		}
		w.pending[k] = int(pending)
	}
	return nil
}

// limit bounds the size of the file. A file that is already larger does not grow.
func (w *writer) limit(ctx context.Context, bytes int64) error {
	size, err := w.number(ctx, "PRAGMA page_size")
	if err != nil {
		return err
	}
	_, err = w.number(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", max(1, bytes/size)))
	return err
}

func (w *writer) prepare(ctx context.Context, k telemetry.Kind, t *table) error {
	p := &statements{}
	for _, x := range []struct {
		to   **insert
		sql  func(int) string
		rows int
		cols int
	}{
		{&p.many, t.insert, rowsPerInsert, len(t.columns)},
		{&p.one, t.insert, 1, len(t.columns)},
		{&p.indexMany, t.insertIndex, rowsPerInsert, keyColumns},
		{&p.indexOne, t.insertIndex, 1, keyColumns},
	} {
		stmt, err := w.conn.PrepareContext(ctx, x.sql(x.rows))
		if err != nil {
			return err
		}
		in := &insert{rows: x.rows, columns: x.cols, args: make([]driver.NamedValue, x.rows*x.cols)}
		in.stmt = stmt.(interface {
			driver.Stmt
			driver.StmtExecContext
		})
		for i := range in.args {
			in.args[i].Ordinal = i + 1
		}
		*x.to = in
	}
	w.prepared[k] = p
	return nil
}

func (w *writer) close() error {
	var errs []error
	for _, p := range w.prepared {
		for _, in := range []*insert{p.many, p.one, p.indexMany, p.indexOne} {
			errs = append(errs, in.stmt.Close())
		}
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// exec runs one statement with int64 and string arguments.
func (w *writer) exec(ctx context.Context, query string, args ...any) (driver.Result, error) {
	return w.conn.ExecContext(ctx, query, named(args))
}

func named(args []any) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, v := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return values
}

// change runs one statement and returns how many rows it changed.
func (w *writer) change(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := w.exec(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// number returns the whole number that a query answers, 0 for none.
func (w *writer) number(ctx context.Context, query string, args ...any) (int64, error) {
	v, err := w.value(ctx, query, args...)
	n, _ := v.(int64)
	return n, err
}

// value returns the first value that a query answers, nil for none.
func (w *writer) value(ctx context.Context, query string, args ...any) (_ any, err error) {
	rows, err := w.conn.QueryContext(ctx, query, named(args))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	if len(row) == 0 {
		return nil, nil
	}
	if err := rows.Next(row); err != nil {
		return nil, ignoreEnd(err)
	}
	return row[0], nil
}

// transaction runs f and commits, or undoes all of it when f or the commit fails.
func (w *writer) transaction(ctx context.Context, f func() error) error {
	// Only the wait for the file may be interrupted: what has begun is short, and an
	// interrupted commit would leave us not knowing what is stored.
	_, err := w.exec(ctx, "BEGIN IMMEDIATE")
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		err = f()
	}
	if err == nil {
		_, err = w.exec(ctx, "COMMIT")
	}
	if err != nil {
		// Even a BEGIN that reports its interruption may have begun. Or there is nothing
		// to undo, and the complaint says nothing new: on a full disk SQLite rolls back
		// by itself.
		_, _ = w.exec(ctx, "ROLLBACK")
	}
	return err
}
