//go:build linux || darwin || freebsd

package stream

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockDir makes dir ours until the returned file is closed or the process
// dies. nats-server has no such lock, and two servers on one directory destroy it.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the stream directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("stream directory %s is used by another process: stop it, or set another directory", dir)
		}
		return nil, fmt.Errorf("locking the stream directory: %w", err)
	}
	return f, nil
}

// checkSpace returns an error when the disk of dir has less than minFree left
// or takes no new file.
func checkSpace(dir string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("looking at the disk of the stream: %w", err)
	}
	//nolint:unconvert // the types of these fields differ between systems
	if free := uint64(st.Bavail) * uint64(st.Bsize); free < minFree {
		return fmt.Errorf("disk of stream directory %s has %d bytes left, %d are needed: free some", dir, free, minFree)
	}
	return tryWrite(dir)
}
