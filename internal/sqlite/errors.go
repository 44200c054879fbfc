package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"phusong/telemetry"
)

// explain says what was being done to which file and what to do about it. What
// the readings themselves are to blame for wraps [telemetry.ErrRejected].
func (s *Store) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, telemetry.ErrRejected) {
		return err
	}
	if remedy := remedyFor(err); remedy != "" {
		return fmt.Errorf("sqlite: %s %s: %s (%w)", doing, s.path, remedy, err)
	}
	if isRejection(err) {
		return fmt.Errorf("sqlite: %s %s: %w (%w)", doing, s.path, telemetry.ErrRejected, err)
	}
	return fmt.Errorf("sqlite: %s %s: %w", doing, s.path, err)
}

// code returns SQLite's primary result code, 0 for other errors.
func code(err error) int {
	var e *driver.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

func isRejection(err error) bool {
	switch code(err) {
	case lib.SQLITE_CONSTRAINT, lib.SQLITE_MISMATCH, lib.SQLITE_TOOBIG:
		return true
	}
	return false
}

func remedyFor(err error) string {
	switch code(err) {
	case lib.SQLITE_FULL:
		return "there is no space left: free some on the disk, or raise the allowed size"
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return "another program holds the file: end it, or wait until it is done"
	case lib.SQLITE_READONLY:
		return "the file may not be written: give the service's user the right to write it and its folder"
	case lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return "the file cannot be opened: check that it is a file, and the rights to it and its folder"
	case lib.SQLITE_CORRUPT:
		return "the file is damaged: restore a backup, or move it away to begin anew and save what can be saved with sqlite3's .recover"
	case lib.SQLITE_NOTADB:
		return "the file is not a database: name another, or move it away"
	case lib.SQLITE_IOERR:
		return "the disk does not obey: check it and its space"
	}
	return ""
}
