package main_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the tests' own way into the file

	"phusong/internal/testbed"
	"phusong/telemetry"
)

// A reading is what these tests know of one: which it is and when it was.
type reading struct {
	Device string
	Seq    int64 // -1: sent without
	// Time in Unix ms; 0: not the device's, so any.
	Time int64
	// Flags and DeviceTime as stored; not compared unless a test does.
	Flags      telemetry.Flags
	DeviceTime int64 // Unix ms, 0 for none
}

func (r reading) String() string { return fmt.Sprintf("%s number %d", r.Device, r.Seq) }

// stored is the tests' own view of a store, independent of the code under test.
type stored interface {
	count(t *testing.T) (int, error)
	readings(t *testing.T) []reading
}

// compare tells how the stored readings differ from those that must be there once,
// "" for not at all.
func compare(want, got []reading) string {
	type which struct {
		device string
		seq    int64
	}
	wanted := make(map[which]reading, len(want))
	for _, r := range want {
		wanted[which{r.Device, r.Seq}] = r
	}
	seen := make(map[which]reading, len(got))
	var missing, twice, strange, moved []string
	for _, r := range got {
		key := which{r.Device, r.Seq}
		sent, known := wanted[key]
		earlier, again := seen[key]
		switch {
		case !known:
			strange = append(strange, r.String())
		case again:
			twice = append(twice, fmt.Sprintf("%s at %d and %d", r, earlier.Time, r.Time))
		case sent.Time != 0 && sent.Time != r.Time:
			moved = append(moved, fmt.Sprintf("%s at %d, sent %d", r, r.Time, sent.Time))
		}
		seen[key] = r
	}
	for key, r := range wanted {
		if _, ok := seen[key]; !ok {
			missing = append(missing, r.String())
		}
	}
	var faults []string
	for _, fault := range []struct {
		what string
		list []string
	}{{"missing", missing}, {"stored twice", twice}, {"never acknowledged", strange}, {"at another time", moved}} {
		if n := len(fault.list); n > 0 {
			faults = append(faults, fmt.Sprintf("%d %s (%s)", n, fault.what, strings.Join(fault.list[:min(n, 5)], "; ")))
		}
	}
	return strings.Join(faults, ", ")
}

var kinds = []string{"wifi", "mobile", "environment", "status"}

// file is a SQLite store, read by another connection than the service's.
type file struct {
	path string
	db   *sql.DB
}

func openFile(t *testing.T, path string) *file {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &file{path, db}
}

func (f *file) count(t *testing.T) (n int, err error) {
	if _, err := os.Stat(f.path); errors.Is(err, os.ErrNotExist) {
		return 0, nil // the service has not come so far
	}
	for _, kind := range kinds {
		var of int
		if err := f.db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+kind).Scan(&of); err != nil {
			return 0, err
		}
		n += of
	}
	return n, nil
}

func (f *file) readings(t *testing.T) (all []reading) {
	t.Helper()
	for _, kind := range kinds {
		all = append(all, f.ofKind(t, kind)...)
	}
	return all
}

func (f *file) ofKind(t *testing.T, kind string) (all []reading) {
	t.Helper()
	rows, err := f.db.QueryContext(t.Context(), "SELECT device, seq, time, flags, coalesce(device_time, 0) FROM "+kind)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r reading
		if err := rows.Scan(&r.Device, &r.Seq, &r.Time, &r.Flags, &r.DeviceTime); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// database is an InfluxDB.
type database struct{ *testbed.Database }

func (d database) count(t *testing.T) (n int, err error) {
	t.Helper()
	for _, kind := range kinds {
		for _, row := range d.Query("town", fmt.Sprintf(`SELECT count("received") FROM %q`, kind)) {
			n += int(number(t, row[1]))
		}
	}
	return n, nil
}

func (d database) readings(t *testing.T) (all []reading) {
	t.Helper()
	for _, kind := range kinds {
		for _, row := range d.Query("town", fmt.Sprintf(`SELECT "seq", "flags", "device_time", "device", "received" FROM %q`, kind)) {
			r := reading{Seq: telemetry.NoSeq, Time: number(t, row[0]) / int64(time.Millisecond), Device: row[4].(string)}
			if row[1] != nil {
				r.Seq = number(t, row[1])
			}
			if row[2] != nil {
				r.Flags = telemetry.Flags(number(t, row[2]))
			}
			if row[3] != nil {
				r.DeviceTime = number(t, row[3])
			}
			all = append(all, r)
		}
	}
	return all
}

func number(t *testing.T, value any) int64 {
	t.Helper()
	text, ok := value.(json.Number)
	if !ok {
		t.Fatalf("%v is no number", value)
	}
	n, err := text.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
