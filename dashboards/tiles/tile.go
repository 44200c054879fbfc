package tiles

import (
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"

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
	if err := q.Check(); err != nil {
		return nil, err
	}
	resolution := resolutionAt(q.Z)
	shapes, err := m.shapesAt(resolution)
	if err != nil {
		return nil, err
	}
	side := math.Exp2(float64(q.Z))
	corner := orb.Point{float64(q.X) / side, float64(q.Y) / side}
	tile := orb.Bound{Min: corner, Max: orb.Point{corner[0] + 1/side, corner[1] + 1/side}}
	l := newLayer()
	ring := make(orb.Ring, 0, 12)
	for i := range shapes {
		s := &shapes[i]
		if q.Operator != "" && m.cells[s.first].Operator != q.Operator || !s.bound.Intersects(tile) || !m.describe(l, s, q, resolution) {
			continue
		}
		ring = ring[:0]
		for _, p := range s.ring {
			ring = append(ring, orb.Point{(p[0] - corner[0]) * side * extent, (p[1] - corner[1]) * side * extent})
		}
		l.add(ring)
	}
	return l.tile(), nil
}

// describe adds the properties of a hexagon, unless it is not to be shown.
func (m *Map) describe(l *layer, s *shape, q *Question, resolution int) (shown bool) {
	var counts [verdicts]int
	seen := 0
	for i := s.first; i < s.last; i++ {
		if c := &m.cells[i]; q.Sees == nil || q.Sees(c.Area) {
			counts[c.Verdict]++
			seen++
		}
	}
	if seen == 0 {
		return false
	}
	all := children(resolution)
	verdict := worst(&counts, all)
	if len(q.Verdicts) > 0 && !slices.Contains(q.Verdicts, verdict) {
		return false
	}
	first := &m.cells[s.first]
	l.text("cell", s.cell.String())
	l.text("operator", string(first.Operator))
	l.text("verdict", verdict.String())
	if resolution == cellResolution {
		l.text("area", string(first.Area))
		l.integer("tests", first.Tests)
		l.number("median_mbps", first.MedianMbps)
		return true
	}
	share := counts[verdict]
	if verdict == Unproven {
		share = all - counts[Covered]
	}
	l.number("share", math.Round(1000*float64(share)/float64(all))/1000)
	l.integer("cells", all)
	for v := range verdicts {
		l.integer(v.String(), counts[v])
	}
	return true
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
