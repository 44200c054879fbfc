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
	for _, rows := range []int{1_000_000, 3, 1} {
		t.Run(fmt.Sprintf("folding %d", rows), func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, storetest.Options{Open: func(t *testing.T) storetest.Store {
				s, err := sqlite.OpenFolding(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "phusong.db")}, rows)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}})
		})
	}
}
