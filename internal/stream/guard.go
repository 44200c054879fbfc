package stream

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// A guard keeps the files of all streams alive while a server starts on them.
//
// nats-server 2.15 removes the directory of a stream whose recovery fails, and
// recovery can fail for passing reasons: no space, no file handles, a bad
// sector. So before a start every file gets a second name (a hard link, which
// copies nothing) below dir/guard, and what a failed start removed is put back.
type guard struct {
	dir     string   // holds the second names
	streams string   // what nats-server works on
	names   []string // the streams found, sorted; nil without links
	log     *slog.Logger
}

// newGuard protects the streams of dir. On a file system without hard links it
// protects nothing, and says so.
func newGuard(dir string, log *slog.Logger) (*guard, error) {
	g := &guard{
		dir:     filepath.Join(dir, "guard"),
		streams: streamsDir(dir),
		log:     log,
	}
	// A guard that is there belongs to a start that died on the way.
	if err := g.restore(g.missing()); err != nil {
		return nil, err
	}
	if err := g.release(); err != nil {
		return nil, fmt.Errorf("removing an old guard: %w", err)
	}
	names, err := streamDirs(g.streams)
	if err != nil {
		return nil, fmt.Errorf("listing the streams: %w", err)
	}
	err = g.link(names)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrPermission) {
		log.Warn("stream directory is not guarded during the start: no hard links there", "error", err)
		return g, g.release()
	}
	if err != nil {
		return nil, fmt.Errorf("guarding the streams during the start: %w", err)
	}
	g.names = names
	return g, nil
}

// link makes the second names. They appear under g.dir all at once.
func (g *guard) link(names []string) error {
	draft := g.dir + ".tmp"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	for _, name := range names {
		if err := linkTree(filepath.Join(g.streams, name), filepath.Join(draft, name)); err != nil {
			return errors.Join(err, os.RemoveAll(draft))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return os.Rename(draft, g.dir)
}

func linkTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		return os.Link(path, filepath.Join(to, rel))
	})
}

// missing names the guarded streams whose directory is gone.
func (g *guard) missing() []string {
	guarded, err := streamDirs(g.dir)
	if err != nil {
		return nil
	}
	var gone []string
	for _, name := range guarded {
		if _, err := os.Stat(filepath.Join(g.streams, name)); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, name)
		}
	}
	return gone
}

// unrecovered names the streams that were there before the start and that the
// started server does not have.
func (g *guard) unrecovered(srv *server.Server) []string {
	lost := g.missing()
	for _, e := range srv.Healthz(&server.HealthzOptions{Details: true}).Errors {
		if e.Type == server.HealthzErrorStream {
			lost = append(lost, e.Stream)
		}
	}
	slices.Sort(lost)
	return slices.Compact(lost)
}

// restore puts the files of the named streams back. No server may be running.
func (g *guard) restore(names []string) error {
	for _, name := range names {
		kept, live := filepath.Join(g.dir, name), filepath.Join(g.streams, name)
		if _, err := os.Stat(kept); err != nil {
			continue // not guarded: leave what is there
		}
		g.log.Warn("putting a stream back that could not be recovered", "stream", name)
		if err := os.RemoveAll(live); err != nil {
			return fmt.Errorf("putting stream %s back: %w", name, err)
		}
		if err := os.MkdirAll(g.streams, 0o700); err != nil {
			return fmt.Errorf("putting stream %s back: %w", name, err)
		}
		if err := os.Rename(kept, live); err != nil {
			return fmt.Errorf("putting stream %s back: %w", name, err)
		}
	}
	return nil
}

// release drops the second names.
func (g *guard) release() error {
	return errors.Join(os.RemoveAll(g.dir+".tmp"), os.RemoveAll(g.dir))
}

// streamDirs lists the stream directories in dir; nats-server keeps its own
// temporary ones behind a dot.
func streamDirs(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, err
}
