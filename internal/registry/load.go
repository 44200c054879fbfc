package registry

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"phusong/telemetry"
)

// Paths name the files. An empty path, or no area file, is an empty list.
type Paths struct {
	Areas   []string // GeoJSON; together they are one list
	Sites   string   // CSV
	Devices string   // CSV
	Roads   string   // GeoJSON
}

// all returns every configured path, in the order in which they are read.
func (p *Paths) all() []string {
	all := append([]string{}, p.Areas...)
	for _, path := range []string{p.Sites, p.Devices, p.Roads} {
		if path != "" {
			all = append(all, path)
		}
	}
	return all
}

// maxFile bounds one file, in bytes: the outlines of a whole country fit.
const maxFile = 128 << 20

// Load reads and checks the files. Its error is a [*ProblemsError] with the
// faults of all files, so that one look is enough to mend them.
func Load(paths Paths) (*Registry, error) { return load(paths, readFile) }

func load(paths Paths, readFile func(path string) ([]byte, error)) (*Registry, error) {
	l := loader{
		readFile:   readFile,
		areaAt:     make(map[telemetry.AreaCode]int),
		siteAt:     make(map[telemetry.SiteID]int),
		checkAreas: len(paths.Areas) > 0,
		sitesFile:  filepath.Base(paths.Sites),
	}
	for _, path := range paths.Areas {
		if data, ok := l.read(path); ok {
			l.readAreas(path, data)
		} else {
			l.areasDamaged = true
		}
	}
	areas := values(l.areas)
	l.areaKnown = known(areas)
	if paths.Sites != "" {
		if data, ok := l.read(paths.Sites); ok {
			l.readSites(paths.Sites, data)
		} else {
			l.sitesDamaged = true
		}
	}
	if paths.Devices != "" {
		if data, ok := l.read(paths.Devices); ok {
			l.readDevices(paths.Devices, data)
		}
	}
	if paths.Roads != "" {
		if data, ok := l.read(paths.Roads); ok {
			l.readFeatures(paths.Roads, data, l.readRoad)
		}
	}
	if err := l.problems.err(paths.all()); err != nil {
		return nil, err
	}
	r := build(areas, values(l.sites), values(l.devices))
	r.roads = l.roads
	return r, nil
}

// An entry is a thing that was read and where.
type entry[T any] struct {
	value T
	file  string
	line  int
}

// A loader is the state of one load: what was read so far, and what was wrong.
type loader struct {
	readFile func(path string) ([]byte, error)
	problems problems

	areas   []entry[telemetry.Area]
	sites   []entry[telemetry.Site]
	devices []entry[telemetry.Device]
	roads   [][]telemetry.Point

	areaAt     map[telemetry.AreaCode]int // into areas
	siteAt     map[telemetry.SiteID]int   // into sites
	areaKnown  map[telemetry.AreaCode]bool
	checkAreas bool   // there are area files to check codes against
	sitesFile  string // "." when none is configured
	// damaged files lack entries, so that references into them prove nothing.
	areasDamaged, sitesDamaged, devicesDamaged bool
}

func values[T any](entries []entry[T]) []T {
	list := make([]T, len(entries))
	for i := range entries {
		list[i] = entries[i].value
	}
	return list
}

func (l *loader) read(path string) ([]byte, bool) {
	data, err := l.readFile(path)
	switch {
	case err == nil:
		return data, true
	case errors.Is(err, fs.ErrNotExist):
		l.problems.add(path, 0, "the file does not exist; create it, or take its name out of the configuration")
	default:
		l.problems.add(path, 0, "%v", err)
	}
	return nil, false
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathless(err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, pathless(err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("the file is larger than %d MiB", maxFile>>20)
	}
	return data, nil
}

// pathless drops the path from err, because a Problem leads with it.
func pathless(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("the file cannot be read: %w", pathErr.Err)
	}
	return err
}
