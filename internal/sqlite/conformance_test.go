package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"phusong/internal/sqlite"
	"phusong/internal/storetest"
)

// TestConformance runs the suite with an index by device that is always behind,
// as in a small store, and with ones that were just folded, so that each query
// meets rows on both sides of it.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ rows, checks, large int }{
		{rows: 1_000_000, checks: 50},
		{rows: 3, checks: 25, large: 500},
		{rows: 1, checks: 25, large: 500},
	} {
		t.Run(fmt.Sprintf("folding %d", test.rows), func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, storetest.Options{Checks: test.checks, Large: test.large, Open: func(t *testing.T) storetest.Store {
				s, err := sqlite.OpenFolding(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "phusong.db")}, test.rows)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}})
		})
	}
}
