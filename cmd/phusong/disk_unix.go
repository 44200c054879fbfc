//go:build unix

package main

import "golang.org/x/sys/unix"

// diskFree is which part of the disk under path is free for us.
func diskFree(path string) (float64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil || s.Blocks == 0 {
		return 0, false
	}
	return float64(s.Bavail) / float64(s.Blocks), true
}
