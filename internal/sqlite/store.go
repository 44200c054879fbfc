package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	driver "modernc.org/sqlite"

	"phusong/telemetry"
)

// Options say where the file is and how much it may use. Only Path is required.
type Options struct {
	// Path of the database file. It is made when it does not exist; its folder is not.
	Path string
	// Readers is how many queries may run at the same time; default 4.
	Readers int
	// CacheBytes bounds the page cache of the writer and that of each reader; default 16 MiB.
	CacheBytes int64
	// MaxBytes bounds the file, without its write-ahead log. At the bound writes
	// fail like on a full disk. 0 means as large as the disk.
	MaxBytes int64
	// BusyTimeout is how long to wait for another program that holds the file; default 5 s.
	BusyTimeout time.Duration
	// Logger gets what is neither an error of a call nor worth one; nil discards it.
	Logger *slog.Logger
}

const (
	defaultReaders     = 4
	defaultCacheBytes  = 16 << 20
	defaultBusyTimeout = 5 * time.Second
)

// check fills in the defaults and reports the first option that cannot be.
func (o *Options) check() error {
	switch {
	case o.Path == "":
		return errors.New("sqlite: Path is empty: name the database file")
	case strings.HasPrefix(o.Path, ":memory:"):
		return errors.New("sqlite: Path :memory: would lose everything at the end: name a file")
	case o.Readers < 0:
		return fmt.Errorf("sqlite: Readers %d is negative: give 1 or more, or 0 for %d", o.Readers, defaultReaders)
	case o.CacheBytes < 0:
		return fmt.Errorf("sqlite: CacheBytes %d is negative: give 0 for %d", o.CacheBytes, defaultCacheBytes)
	case o.MaxBytes < 0:
		return fmt.Errorf("sqlite: MaxBytes %d is negative: give 0 for no bound", o.MaxBytes)
	case o.BusyTimeout < 0:
		return fmt.Errorf("sqlite: BusyTimeout %s is negative: give 0 for %s", o.BusyTimeout, defaultBusyTimeout)
	}
	if o.Readers == 0 {
		o.Readers = defaultReaders
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = defaultCacheBytes
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = defaultBusyTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	folder := filepath.Dir(o.Path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("sqlite: Path %s: there is no folder %s: make it first", o.Path, folder)
	}
	return nil
}

// Store is one database file. All methods may be called by several goroutines at
// once; writes take turns, reads do not wait for them. No error of a read or a
// write needs the Store to be opened anew.
type Store struct {
	path    string
	log     *slog.Logger
	tables  map[telemetry.Kind]*table // read only
	readers *sql.DB
	// foldRows is the constant of that name; tests make it small.
	foldRows int

	turn   chan struct{} // holds one token; who has it owns writer
	writer *writer       // nil after Close
}

// Open opens the file, makes or extends its tables, and is ready to write when
// it returns. Its errors name the file and the remedy.
func Open(ctx context.Context, o Options) (*Store, error) { return open(ctx, o, foldRows) }

func open(ctx context.Context, o Options, foldRows int) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Store{path: o.Path, log: o.Logger, foldRows: foldRows, turn: make(chan struct{}, 1), tables: map[telemetry.Kind]*table{}}
	for _, k := range telemetry.Kinds() {
		s.tables[k] = newTable(k)
	}
	w, err := openWriter(ctx, s, &o)
	if err != nil {
		return nil, s.explain("opening", err)
	}
	connector, err := driver.NewConnector(dsn(&o, "_query_only=1"))
	if err != nil {
		return nil, errors.Join(s.explain("opening", err), w.close())
	}
	s.readers = sql.OpenDB(connector)
	s.readers.SetMaxOpenConns(o.Readers)
	s.readers.SetMaxIdleConns(o.Readers)
	s.writer = w
	s.turn <- struct{}{}
	return s, nil
}

// dsn says how to open the file. The settings hold for the connection, but for
// the journal mode, which the file keeps.
func dsn(o *Options, more ...string) string {
	settings := append([]string{
		fmt.Sprintf("_busy_timeout=%d", o.BusyTimeout.Milliseconds()),
		"_journal_mode=WAL",
		// The stream forgets what we acknowledged, so a commit must survive a power cut.
		"_synchronous=FULL",
		fmt.Sprintf("_pragma=cache_size(-%d)", max(1, o.CacheBytes>>10)),
		// Give the disk space of an unusually long log back.
		fmt.Sprintf("_pragma=journal_size_limit(%d)", 64<<20),
		"_dqs=0", "_error_rc=1", "_defensive=1",
	}, more...)
	// Escaped, because a path may hold ? or %.
	return "file:" + (&url.URL{Path: o.Path}).EscapedPath() + "?" + strings.Join(settings, "&")
}

// Ping reports whether the store answers a question.
func (s *Store) Ping(ctx context.Context) error {
	var version int
	err := s.readers.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return s.explain("asking", err)
}

// Close waits for the write in progress and closes the file. Queries must have
// ended. Closing twice is harmless.
func (s *Store) Close() error {
	<-s.turn
	defer func() { s.turn <- struct{}{} }()
	if s.writer == nil {
		return nil
	}
	// The writer comes last: the last connection to close empties the log.
	err := errors.Join(s.readers.Close(), s.writer.close())
	s.writer = nil
	return s.explain("closing", err)
}

var errClosed = errors.New("the store is closed")

// write runs f when it is its turn to own the writer.
func (s *Store) write(ctx context.Context, f func(*writer) error) error {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.turn <- struct{}{} }()
	if s.writer == nil {
		return errClosed
	}
	return f(s.writer)
}
