package coverage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// A Grid is the land in cells: which commune each belongs to. It never changes.
type Grid struct {
	areas   []telemetry.Area // communes, by code
	parents map[telemetry.AreaCode]telemetry.Area
	byCell  map[Cell]uint32 // place in areas
	cells   [][]Cell        // of each commune, sorted
}

// NewGrid divides communes into cells. A cell belongs to the commune that holds its
// centre; at the edge of the land, where no commune does, to the one with the lowest code
// that it touches, so that no test made inside the land falls outside the grid. Where
// outlines overlap, the lowest code has the cell. Provinces lend their names; communes
// without an outline have no cells.
func NewGrid(areas []telemetry.Area) (*Grid, error) {
	g := &Grid{parents: make(map[telemetry.AreaCode]telemetry.Area), byCell: make(map[Cell]uint32)}
	seen := make(map[telemetry.AreaCode]bool)
	for _, a := range areas {
		if seen[a.Code] {
			return nil, fmt.Errorf("coverage: area %s is there twice; leave out the one that is no longer valid", a.Code)
		}
		seen[a.Code] = true
		if a.Code.IsProvince() {
			g.parents[a.Code] = a
		} else {
			g.areas = append(g.areas, a)
		}
	}
	slices.SortFunc(g.areas, func(a, b telemetry.Area) int { return cmp.Compare(a.Code, b.Code) })
	for _, mode := range []h3.ContainmentMode{h3.ContainmentCenter, h3.ContainmentOverlapping} {
		if err := g.fill(mode); err != nil {
			return nil, err
		}
	}
	g.cells = make([][]Cell, len(g.areas))
	for c, i := range g.byCell {
		g.cells[i] = append(g.cells[i], c)
	}
	for i := range g.cells {
		slices.Sort(g.cells[i])
	}
	return g, nil
}

func (g *Grid) fill(mode h3.ContainmentMode) error {
	for i := range g.areas {
		for _, polygon := range g.areas[i].Outline {
			cells, err := polygonCells(polygon, mode)
			if err != nil {
				return fmt.Errorf("coverage: dividing area %s into cells: %w", g.areas[i].Code, err)
			}
			for _, c := range cells {
				if _, taken := g.byCell[c]; !taken {
					g.byCell[c] = uint32(i)
				}
			}
		}
	}
	return nil
}

func polygonCells(polygon telemetry.Polygon, mode h3.ContainmentMode) ([]Cell, error) {
	if len(polygon) == 0 {
		return nil, nil
	}
	loops := make([]h3.GeoLoop, len(polygon))
	for i, ring := range polygon {
		for _, p := range ring {
			loops[i] = append(loops[i], h3.LatLng{Lat: p.Lat, Lng: p.Lon})
		}
	}
	found, err := h3.PolygonToCellsExperimental(h3.GeoPolygon{GeoLoop: loops[0], Holes: loops[1:]}, CellResolution, mode)
	if err != nil {
		return nil, err
	}
	cells := make([]Cell, len(found))
	for i, c := range found {
		cells[i] = Cell(c)
	}
	return cells, nil
}

// AreaOf returns the commune of the cell, "" when it is outside the land.
func (g *Grid) AreaOf(c Cell) telemetry.AreaCode {
	if i, ok := g.byCell[c]; ok {
		return g.areas[i].Code
	}
	return ""
}

// Area returns the commune or province with that code.
func (g *Grid) Area(code telemetry.AreaCode) (telemetry.Area, bool) {
	if a, ok := g.parents[code]; ok {
		return a, true
	}
	i, ok := g.place(code)
	if !ok {
		return telemetry.Area{}, false
	}
	return g.areas[i], true
}

func (g *Grid) place(code telemetry.AreaCode) (int, bool) {
	return slices.BinarySearchFunc(g.areas, code, func(a telemetry.Area, c telemetry.AreaCode) int { return cmp.Compare(a.Code, c) })
}

// Communes returns the communes, by code. The caller must not change them.
func (g *Grid) Communes() []telemetry.Area { return g.areas }

// CellsOf returns the cells of a commune, sorted. The caller must not change them.
func (g *Grid) CellsOf(code telemetry.AreaCode) []Cell {
	if i, ok := g.place(code); ok {
		return g.cells[i]
	}
	return nil
}

// Len returns how many cells there are.
func (g *Grid) Len() int { return len(g.byCell) }

// Population is an estimate for one cell: the residents of its commune, spread
// evenly over the commune's cells. 0 when unknown.
func (g *Grid) Population(c Cell) float64 {
	i, ok := g.byCell[c]
	if !ok {
		return 0
	}
	return float64(g.areas[i].Population) / float64(len(g.cells[i]))
}

// places returns the commune and province of the cell.
func (g *Grid) places(c Cell) (commune, province telemetry.AreaCode) {
	if g == nil {
		return "", ""
	}
	i, ok := g.byCell[c]
	if !ok {
		return "", ""
	}
	return g.areas[i].Code, g.areas[i].Parent
}
