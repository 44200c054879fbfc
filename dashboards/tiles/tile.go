package tiles

import (
	"fmt"
	"hash/maphash"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

const (
	// MaxZoom is the last zoom that has tiles of its own: closer, maps enlarge them.
	MaxZoom = 14
	// LayerName is the layer of the hexagons.
	LayerName = "cells"

	extent = 4096
	// smallest is how many pixels of a tile of 512 a hexagon is wide at least.
	smallest = 3.0
	// cellWidth is that of a cell of resolution 8, as a share of the Earth's circumference;
	// each coarser resolution is wider by the root of seven.
	cellWidth = 0.98 / 40_075
)

// A Question asks for one tile.
type Question struct {
	Z, X, Y  uint32                 // in the numbering of web maps
	Operator telemetry.OperatorCode // empty for all
	Verdicts []Verdict              // empty for all
	// Sees says whether who asks may see an area; nil is everything. What is not seen
	// counts as never tested.
	Sees func(telemetry.AreaCode) bool
}

// Check refuses a tile that does not exist.
func (q *Question) Check() error {
	if q.Z > MaxZoom {
		return fmt.Errorf("tiles end with zoom %d; enlarge those", MaxZoom)
	}
	if side := uint32(1) << q.Z; q.X >= side || q.Y >= side {
		return fmt.Errorf("at zoom %d x and y go from 0 to %d", q.Z, side-1)
	}
	return nil
}

// resolutionAt returns the finest resolution whose hexagons are wide enough to be seen.
func resolutionAt(z uint32) int {
	pixels := cellWidth * 512 * math.Exp2(float64(z))
	resolution := cellResolution
	for pixels < smallest && resolution > 0 {
		pixels *= math.Sqrt(7)
		resolution--
	}
	return resolution
}

// Draw returns a tile, not compressed; nothing at all when there is nothing on it.
func (m *Map) Draw(q *Question) ([]byte, error) {
	side := math.Exp2(float64(q.Z))
	corner := q.corner()
	l := newLayer()
	ring := make(orb.Ring, 0, 12)
	err := m.look(q, func(s *shape, seen *sight) {
		l.describe(seen)
		ring = ring[:0]
		for _, p := range s.ring {
			ring = append(ring, orb.Point{(p[0] - corner[0]) * side * extent, (p[1] - corner[1]) * side * extent})
		}
		l.add(ring)
	})
	if err != nil {
		return nil, err
	}
	return l.tile(), nil
}

var printSeed = maphash.MakeSeed()

// Print returns a number that is another one when Draw would draw something else, for a small part
// of what drawing costs. It is good for this process only.
func (m *Map) Print(q *Question) (uint64, error) {
	var h maphash.Hash
	h.SetSeed(printSeed)
	err := m.look(q, func(_ *shape, seen *sight) { maphash.WriteComparable(&h, *seen) })
	return h.Sum64(), err
}

func (q *Question) corner() orb.Point {
	side := math.Exp2(float64(q.Z))
	return orb.Point{float64(q.X) / side, float64(q.Y) / side}
}

// look calls show for each hexagon on a tile that is to be shown, always in the same order.
func (m *Map) look(q *Question, show func(*shape, *sight)) error {
	if err := q.Check(); err != nil {
		return err
	}
	resolution := resolutionAt(q.Z)
	shapes, err := m.shapesAt(resolution)
	if err != nil {
		return err
	}
	corner, side := q.corner(), math.Exp2(float64(q.Z))
	tile := orb.Bound{Min: corner, Max: orb.Point{corner[0] + 1/side, corner[1] + 1/side}}
	for i := range shapes {
		s := &shapes[i]
		if q.Operator != "" && m.cells[s.first].Operator != q.Operator || !s.bound.Intersects(tile) {
			continue
		}
		if seen, shown := m.see(s, q, resolution); shown {
			show(s, &seen)
		}
	}
	return nil
}

// A sight is all that a tile says about a hexagon.
type sight struct {
	cell     h3.Cell
	operator telemetry.OperatorCode
	verdict  Verdict
	ancestor bool // of several cells; else area, tests and median are of the one
	area     telemetry.AreaCode
	tests    int
	median   float64
	all      int
	counts   [verdicts]int
}

// see looks at a hexagon, and reports whether it is to be shown.
func (m *Map) see(s *shape, q *Question, resolution int) (seen sight, shown bool) {
	n := 0
	for i := s.first; i < s.last; i++ {
		if c := &m.cells[i]; q.Sees == nil || q.Sees(c.Area) {
			seen.counts[c.Verdict]++
			n++
		}
	}
	if n == 0 {
		return seen, false
	}
	first := &m.cells[s.first]
	seen.cell, seen.operator, seen.all = s.cell, first.Operator, children(resolution)
	seen.verdict = worst(&seen.counts, seen.all)
	if seen.ancestor = resolution < cellResolution; !seen.ancestor {
		seen.area, seen.tests, seen.median = first.Area, first.Tests, first.MedianMbps
	}
	return seen, len(q.Verdicts) == 0 || slices.Contains(q.Verdicts, seen.verdict)
}

// describe adds the properties of a hexagon.
func (l *layer) describe(seen *sight) {
	l.text("cell", seen.cell.String())
	l.text("operator", string(seen.operator))
	l.text("verdict", seen.verdict.String())
	if !seen.ancestor {
		l.text("area", string(seen.area))
		l.integer("tests", seen.tests)
		l.number("median_mbps", seen.median)
		return
	}
	share := seen.counts[seen.verdict]
	if seen.verdict == Unproven {
		share = seen.all - seen.counts[Covered]
	}
	l.number("share", math.Round(1000*float64(share)/float64(seen.all))/1000)
	l.integer("cells", seen.all)
	for v := range verdicts {
		l.integer(v.String(), seen.counts[v])
	}
}

// children is how many cells are in one of a coarser resolution.
func children(resolution int) int {
	n := 1
	for range cellResolution - resolution {
		n *= 7
	}
	return n
}

// worst says what holds for a hexagon with these cells in it, all others being untested:
// the worst that is proven of any, and covered only when all are.
func worst(counts *[verdicts]int, all int) Verdict {
	switch {
	case counts[Dead] > 0:
		return Dead
	case counts[Gap] > 0:
		return Gap
	case counts[Covered] == all:
		return Covered
	}
	return Unproven
}
