package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/sqlite"
	"phusong/telemetry"
)

var start = time.Date(2025, 11, 21, 0, 0, 0, 0, time.UTC)

func open(t *testing.T, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "phusong 100%?.db") }

// other opens the file as another program would.
func other(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", strings.NewReplacer("%", "%25", "?", "%3f").Replace("file:"+path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func write(t *testing.T, s *sqlite.Store, batch []telemetry.Reading) {
	t.Helper()
	if err := s.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s *sqlite.Store, q telemetry.Query) []telemetry.Reading {
	t.Helper()
	var all []telemetry.Reading
	for r, err := range s.Readings(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func everything() telemetry.Query {
	return telemetry.Query{Kind: telemetry.KindWiFi, From: start.Add(-time.Hour), To: start.AddDate(1, 0, 0)}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	path := file(t)
	for name, o := range map[string]sqlite.Options{
		"Path is empty":             {},
		"Path :memory:":             {Path: ":memory:"},
		"Readers -1":                {Path: path, Readers: -1},
		"CacheBytes -1":             {Path: path, CacheBytes: -1},
		"MaxBytes -1":               {Path: path, MaxBytes: -1},
		"BusyTimeout -1s":           {Path: path, BusyTimeout: -time.Second},
		"there is no folder":        {Path: filepath.Join(filepath.Dir(path), "none", "x.db")},
		"the file cannot be opened": {Path: filepath.Dir(path)},
	} {
		s, err := sqlite.Open(t.Context(), o)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v gave %v, want an error that says %q", o, err, name)
		}
	}
}

// TestFileForPeople reads the file without the store.
func TestFileForPeople(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, sqlite.Options{Path: path})
	f := fleet{devices: 2, radios: true}
	write(t, s, f.batch(3))
	var at, device, radios string
	var clients int
	err := other(t, path).QueryRowContext(t.Context(),
		`SELECT at, device, clients, radios ->> '$[1].band' FROM wifi_readable ORDER BY time DESC LIMIT 1`).
		Scan(&at, &device, &clients, &radios)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(at, device, clients, radios)
	if want := fmt.Sprintln("2025-11-21 00:01:00.000", "ap-25459-00000", 2, "5"); got != want {
		t.Errorf("the file says %q, want %q", got, want)
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	path := file(t)
	f := fleet{devices: 5}
	want := f.batch(50)
	for i := range 5 {
		s, err := sqlite.OpenFolding(t.Context(), sqlite.Options{Path: path}, 4)
		if err != nil {
			t.Fatal(err)
		}
		write(t, s, want[i*10:(i+1)*10])
		if diff := cmp.Diff(want[:(i+1)*10], read(t, s, everything())); diff != "" {
			t.Errorf("after %d openings (-want +got):\n%s", i+1, diff)
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("closing left the log behind: %v", err)
		}
	}
}

// TestNewField opens a file from before the fields cpu and users_sketch, and from
// after one that we do not know.
func TestNewField(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, sqlite.Options{Path: path})
	f := fleet{devices: 1}
	want := f.batch(2)
	write(t, s, want[:1])
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := other(t, path)
	exec(t, db, `DROP VIEW wifi_readable`, `ALTER TABLE wifi DROP COLUMN users_sketch`, `ALTER TABLE wifi DROP COLUMN cpu`, `ALTER TABLE wifi ADD COLUMN later REAL`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, sqlite.Options{Path: path})
	want[0].WiFi.CPU = telemetry.Opt[float64]{}
	want[1].WiFi.UsersSketch = telemetry.Some("c2tldGNo")
	write(t, s, want)
	if diff := cmp.Diff(want, read(t, s, everything())); diff != "" {
		t.Errorf("after the change (-want +got):\n%s", diff)
	}
}

func TestFilesThatWillNotDo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
	}{
		"newer": {func(t *testing.T, path string) { exec(t, other(t, path), `PRAGMA user_version = 99`) }, "newer phusong"},
		"of another program": {func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			exec(t, other(t, path), `CREATE TABLE letters (x)`)
		}, "another program"},
		"text": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("Dear diary, ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not a database"},
		"damaged": {damage, "restore a backup"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t)
			s := open(t, sqlite.Options{Path: path})
			f := fleet{devices: 10}
			write(t, s, f.batch(1000))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			test.spoil(t, path)
			s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
			if err == nil { // the damage shows when it is met
				t.Cleanup(func() { _ = s.Close() })
				err = s.Write(t.Context(), f.batch(1000))
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("opening and writing gave %v, want an error that says %q and names the file", err, test.want)
			}
			if errors.Is(err, telemetry.ErrRejected) {
				t.Errorf("%v blames the readings", err)
			}
		})
	}
}

// damage overwrites all pages of the file but the first.
func damage(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(data); i++ {
		data[i] = 0xA5
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("nothing is read-only to root")
	}
	path := file(t)
	s := open(t, sqlite.Options{Path: path})
	if err := errors.Join(s.Close(), os.Chmod(path, 0o400)); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err == nil || !strings.Contains(err.Error(), "may not be written") {
		t.Errorf("opening gave %v, want an error that says it may not be written", err)
	}
}

// TestFull fills the file up to its bound, and goes on when there is more room.
func TestFull(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, sqlite.Options{Path: path, MaxBytes: 320 << 10})
	f := fleet{devices: 50}
	var stored []telemetry.Reading
	var full error
	var batch []telemetry.Reading
	for range 100 {
		batch = f.batch(200)
		if full = s.Write(t.Context(), batch); full != nil {
			break
		}
		stored = append(stored, batch...)
	}
	if full == nil || !strings.Contains(full.Error(), "no space left") || errors.Is(full, telemetry.ErrRejected) {
		t.Fatalf("writing into a full file gave %v, want an error to retry that says no space left", full)
	}
	if got := read(t, s, everything()); !reflect.DeepEqual(stored, got) {
		diff := cmp.Diff(stored, got)
		t.Errorf("a full file holds something else than was acknowledged (-want +got):\n%s", diff)
	}
	// Pruning makes room again.
	removed, err := s.Prune(t.Context(), telemetry.KindWiFi, stored[len(stored)/2].Time)
	if err != nil || removed == 0 {
		t.Fatalf("pruning the full file removed %d: %v", removed, err)
	}
	write(t, s, batch)
}

// TestLocked holds the file like a backup program that died half way.
func TestLocked(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, sqlite.Options{Path: path, BusyTimeout: 30 * time.Millisecond})
	f := fleet{devices: 2}
	batch := f.batch(10)
	conn, err := other(t, path).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hold := func(statement string) {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	hold("BEGIN IMMEDIATE")
	err = s.Write(t.Context(), batch)
	if err == nil || !strings.Contains(err.Error(), "another program holds the file") || errors.Is(err, telemetry.ErrRejected) {
		t.Errorf("writing to a locked file gave %v, want an error to retry that says so", err)
	}
	if got := read(t, s, everything()); len(got) != 0 {
		t.Errorf("%d readings of the failed batch are stored", len(got))
	}
	hold("ROLLBACK")
	write(t, s, batch)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLockedWriteIsCancelled does not wait for the busy timeout.
func TestLockedWriteIsCancelled(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, sqlite.Options{Path: path, BusyTimeout: time.Hour})
	exec(t, other(t, path), "BEGIN IMMEDIATE")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	f := fleet{devices: 2}
	if err := s.Write(ctx, f.batch(10)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("writing gave %v, want the end of the context", err)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	s, err := sqlite.OpenFolding(t.Context(), sqlite.Options{Path: file(t)}, 100)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	f := fleet{devices: 7}
	all := f.batch(6000)
	for i := 0; i < len(all); i += 1000 {
		write(t, s, all[i:i+1000])
	}
	before := all[4500].Time.Add(-1) // within a millisecond: the reading itself stays
	removed, err := s.Prune(t.Context(), telemetry.KindWiFi, before)
	if err != nil || removed != 4500 {
		t.Errorf("pruning removed %d readings (%v), want 4500", removed, err)
	}
	if got := read(t, s, everything()); !reflect.DeepEqual(all[4500:], got) {
		diff := cmp.Diff(all[4500:], got)
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	q := everything()
	q.Devices = []telemetry.DeviceID{all[0].Device}
	for _, r := range read(t, s, q) {
		if r.Time.Before(before) {
			t.Errorf("the history of %s still begins at %s", r.Device, r.Time)
		}
	}
	if n := s.IndexEntries(t, telemetry.KindWiFi, before); n != 0 {
		t.Errorf("%d entries of the index are older than every reading", n)
	}
	removed, err = s.Prune(t.Context(), telemetry.KindWiFi, all[len(all)-1].Time.Add(time.Hour))
	if err != nil || removed != 1500 {
		t.Errorf("pruning the rest removed %d readings (%v), want 1500", removed, err)
	}
	for r, err := range s.Latest(t.Context(), telemetry.KindWiFi) {
		t.Errorf("latest of an empty store: %v, %v", r, err)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Options{Path: file(t)})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f := fleet{devices: 1}
	if err := s.Write(t.Context(), f.batch(1)); err == nil || errors.Is(err, telemetry.ErrRejected) {
		t.Errorf("writing to a closed store gave %v, want an error that is not the reading's", err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed store answers a ping")
	}
}
