//go:build !(linux || darwin || freebsd)

package stream

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockDir only holds a file open: this system has no lock that dies with its
// process and is the same everywhere.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the stream directory: %w", err)
	}
	return f, nil
}

func checkSpace(dir string) error { return tryWrite(dir) }
