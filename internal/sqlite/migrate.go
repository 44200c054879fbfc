package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"database/sql/driver"
)

// migrate makes the tables of a new file, and the columns of fields that an
// older phusong did not know. Columns that we do not know are left alone.
func (w *writer) migrate(ctx context.Context) error {
	return w.transaction(ctx, func() error {
		id, err := w.number(ctx, "PRAGMA application_id")
		if err != nil {
			return err
		}
		tables, err := w.number(ctx, "SELECT count(*) FROM sqlite_schema")
		if err != nil {
			return err
		}
		if id != applicationID && tables > 0 {
			return errors.New("the file is a database of another program: name another file")
		}
		if tables == 0 {
			return w.create(ctx)
		}
		version, err := w.number(ctx, "PRAGMA user_version")
		if err != nil {
			return err
		}
		if version > schemaVersion {
			return fmt.Errorf("the file was made by a newer phusong (schema %d, this one knows %d): use that one, or another file", version, schemaVersion)
		}
		return w.addColumns(ctx)
	})
}

func (w *writer) create(ctx context.Context) error {
	statements := []string{
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
		fmt.Sprintf("PRAGMA user_version = %d", schemaVersion),
		`CREATE TABLE "indexed" ("kind" TEXT PRIMARY KEY, "before" INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
	}
	for _, t := range w.store.tables {
		statements = append(statements, t.create()...)
	}
	for _, statement := range statements {
		if _, err := w.exec(ctx, statement); err != nil {
			return fmt.Errorf("making the tables: %w", err)
		}
	}
	return nil
}

func (w *writer) addColumns(ctx context.Context) error {
	for _, t := range w.store.tables {
		there, err := w.columnNames(ctx, t)
		if err != nil {
			return err
		}
		for _, c := range t.columns {
			if slices.Contains(there, c.name) {
				continue
			}
			statement := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", quote(t.name), quote(c.name), c.sql)
			if _, err := w.exec(ctx, statement); err != nil {
				return fmt.Errorf("adding the column %s to %s: %w", c.name, t.name, err)
			}
			w.store.log.Info("added a column to the store", "table", t.name, "column", c.name)
		}
	}
	return nil
}

func (w *writer) columnNames(ctx context.Context, t *table) (names []string, err error) {
	rows, err := w.conn.QueryContext(ctx, "SELECT name FROM pragma_table_info(?)", named([]any{t.name}))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, 1)
	for {
		if err := rows.Next(row); err != nil {
			return names, ignoreEnd(err)
		}
		if name, ok := row[0].(string); ok {
			names = append(names, name)
		}
	}
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
