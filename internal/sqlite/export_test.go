package sqlite

import (
	"context"
	"fmt"
	"testing"
	"time"

	"phusong/telemetry"
)

// OpenFolding is Open with an index by device that follows after so few rows
// that small tests reach it.
func OpenFolding(ctx context.Context, o Options, rows int) (*Store, error) { return open(ctx, o, rows) }

// IndexEntries returns how many entries the index by device has before a time.
func (s *Store) IndexEntries(t *testing.T, k telemetry.Kind, before time.Time) (n int) {
	t.Helper()
	query := fmt.Sprintf(`SELECT count(*) FROM %s WHERE "time" < ?`, quote(s.tables[k].index()))
	if err := s.readers.QueryRowContext(t.Context(), query, before.UnixMilli()).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
