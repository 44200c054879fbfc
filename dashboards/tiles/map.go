package tiles

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/paulmach/orb"
	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// cellResolution is that of the cells which verdicts are about.
const cellResolution = 8

// A Cell is one cell of one operator, as far as a map shows it.
type Cell struct {
	Index    uint64 // H3, of resolution 8
	Operator telemetry.OperatorCode
	Area     telemetry.AreaCode
	Verdict  Verdict
	// MedianMbps and Tests describe the tests of the window.
	MedianMbps float64
	Tests      int
}

// A Verdict is what is proven of a cell.
type Verdict uint8

// The verdicts, the worst last.
const (
	Unproven Verdict = iota
	Covered
	Gap
	Dead
	verdicts
)

var verdictNames = [verdicts]string{"unproven", "covered", "gap", "dead"}

// ParseVerdict is the inverse of String.
func ParseVerdict(name string) (Verdict, error) {
	i := slices.Index(verdictNames[:], name)
	if i < 0 {
		return 0, fmt.Errorf("%q is no verdict", name)
	}
	return Verdict(i), nil
}

// String returns the name on maps.
func (v Verdict) String() string { return verdictNames[min(v, verdicts-1)] }

// A Map draws the tiles of one judgement. It does not change, and is for everybody.
type Map struct {
	atlas  *Atlas
	cells  []Cell // by operator and index, so that the cells of each ancestor are neighbours
	sheets [cellResolution + 1]sheet
}

// A sheet holds the hexagons of one resolution, made when the first tile needs them.
type sheet struct {
	once   sync.Once
	shapes []shape
	err    error
}

// A shape is a hexagon and the cells in it, those from first up to last. Its ring is open
// and in web Mercator, the world being from 0 to 1.
type shape struct {
	cell        h3.Cell
	first, last int
	bound       orb.Bound
	ring        orb.Ring
}

// An Atlas remembers the outlines of hexagons, which cost more than all the rest and never
// change, from one map to the next. The zero Atlas is empty; it is for everybody.
type Atlas struct {
	mu    sync.Mutex
	rings map[h3.Cell]orb.Ring
}

// mostRings bounds an atlas: several provinces.
const mostRings = 500_000

func (a *Atlas) ring(cell h3.Cell) (orb.Ring, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r, ok := a.rings[cell]; ok {
		return r, nil
	}
	r, err := ringOf(cell)
	if err != nil {
		return nil, err
	}
	if a.rings == nil || len(a.rings) >= mostRings {
		a.rings = make(map[h3.Cell]orb.Ring)
	}
	a.rings[cell] = r
	return r, nil
}

// New returns the map of some cells, which are its own from then on.
func New(atlas *Atlas, cells []Cell) *Map {
	slices.SortFunc(cells, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Index, b.Index))
	})
	return &Map{atlas: atlas, cells: cells}
}

func (m *Map) shapesAt(resolution int) ([]shape, error) {
	s := &m.sheets[resolution]
	s.once.Do(func() { s.shapes, s.err = m.outline(resolution) })
	return s.shapes, s.err
}

func (m *Map) outline(resolution int) ([]shape, error) {
	var shapes []shape
	for i := range m.cells {
		cell, err := h3.Cell(m.cells[i].Index).Parent(resolution)
		if err != nil {
			return nil, fmt.Errorf("drawing cell %x: %w", m.cells[i].Index, err)
		}
		if n := len(shapes) - 1; n >= 0 && shapes[n].cell == cell && m.cells[i-1].Operator == m.cells[i].Operator {
			shapes[n].last = i + 1
			continue
		}
		ring, err := m.atlas.ring(cell)
		if err != nil {
			return nil, err
		}
		shapes = append(shapes, shape{cell: cell, first: i, last: i + 1, bound: ring.Bound(), ring: ring})
	}
	return shapes, nil
}

// ringOf returns the outline of a cell, clockwise on a screen as tiles want it.
func ringOf(cell h3.Cell) (orb.Ring, error) {
	boundary, err := cell.Boundary()
	if err != nil {
		return nil, fmt.Errorf("drawing cell %s: %w", cell, err)
	}
	ring := make(orb.Ring, len(boundary))
	for i, p := range boundary {
		ring[len(ring)-1-i] = orb.Point{(p.Lng + 180) / 360, mercator(p.Lat)}
	}
	return ring, nil
}

// lastLatitude is where the square of web Mercator ends.
const lastLatitude = 85.0511

func mercator(lat float64) float64 {
	s := math.Sin(max(-lastLatitude, min(lastLatitude, lat)) * math.Pi / 180)
	return 0.5 - math.Log((1+s)/(1-s))/(4*math.Pi)
}
