package sqlite

import "context"

// OpenFolding is Open with an index by device that follows after so few rows
// that small tests reach it.
func OpenFolding(ctx context.Context, o Options, rows int) (*Store, error) { return open(ctx, o, rows) }
