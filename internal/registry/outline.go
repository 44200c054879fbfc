package registry

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"

	"phusong/telemetry"
)

// A geometry is the outline of a feature: a Polygon or a MultiPolygon.
type geometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
}

func (g *geometry) outline(problem func(string, ...any)) []telemetry.Polygon {
	var polygons [][][][]float64
	var err error
	switch g.Type {
	case "MultiPolygon":
		err = json.Unmarshal(g.Coordinates, &polygons)
	case "Polygon":
		polygons = make([][][][]float64, 1)
		err = json.Unmarshal(g.Coordinates, &polygons[0])
	default:
		problem("the geometry is a %q; it must be a Polygon, a MultiPolygon or null", clip(g.Type))
		return nil
	}
	if err != nil {
		problem("the coordinates are not those of a %s", g.Type)
		return nil
	}
	var outline []telemetry.Polygon
	for i, rings := range polygons {
		var polygon telemetry.Polygon
		for j, positions := range rings {
			ring, err := ringOf(positions)
			if err != nil {
				problem("polygon %d, ring %d: %v", i+1, j+1, err)
				continue
			}
			polygon = append(polygon, ring)
		}
		if len(polygon) > 0 {
			outline = append(outline, polygon)
		}
	}
	return outline
}

func ringOf(positions [][]float64) (telemetry.Ring, error) {
	if len(positions) < 4 {
		return nil, fmt.Errorf("%d points are too few; a ring has at least 4, the last equal to the first", len(positions))
	}
	ring := make(telemetry.Ring, len(positions))
	for i, position := range positions {
		if len(position) < 2 {
			return nil, fmt.Errorf("point %d is not [lon, lat]", i+1)
		}
		ring[i] = telemetry.Point{Lat: position[1], Lon: position[0]}
		if err := checkPoint(ring[i]); err != nil {
			return nil, fmt.Errorf("point %d: %w; GeoJSON writes lon first", i+1, err)
		}
	}
	if ring[0] != ring[len(ring)-1] {
		return nil, fmt.Errorf("the ring is not closed; its last point must repeat its first, %v, %v", positions[0][0], positions[0][1])
	}
	if at, crosses := crossing(ring); crosses {
		return nil, fmt.Errorf("the ring crosses itself near lat %.5f, lon %.5f; redraw it there", at.Lat, at.Lon)
	}
	return ring, nil
}

// crossing returns a place where two edges of the ring cross. Edges that only
// touch are let pass: simplified outlines do, and holding a point is still defined.
//
// It sweeps over the edges from west to east, so it compares only those whose
// ranges of longitude overlap.
func crossing(ring telemetry.Ring) (telemetry.Point, bool) {
	type edge struct{ a, b telemetry.Point } // a is not east of b
	edges := make([]edge, 0, len(ring)-1)
	for i := range len(ring) - 1 {
		a, b := ring[i], ring[i+1]
		if a.Lon > b.Lon {
			a, b = b, a
		}
		edges = append(edges, edge{a, b})
	}
	slices.SortFunc(edges, func(x, y edge) int {
		switch {
		case x.a.Lon < y.a.Lon:
			return -1
		case x.a.Lon > y.a.Lon:
			return 1
		}
		return 0
	})
	for i, x := range edges {
		for _, y := range edges[i+1:] {
			if y.a.Lon > x.b.Lon {
				break
			}
			if cross(x.a, x.b, y.a, y.b) {
				return y.a, true
			}
		}
	}
	return telemetry.Point{}, false
}

// cross reports whether the segments ab and cd cross at an inner point of both.
func cross(a, b, c, d telemetry.Point) bool {
	return side(a, b, c)*side(a, b, d) < 0 && side(c, d, a)*side(c, d, b) < 0
}

// side is positive, negative or zero as p lies left of, right of or on the line ab.
func side(a, b, p telemetry.Point) float64 {
	// The conversions forbid a fused multiply-subtract, which would not give an exact
	// zero for a common end point.
	v := float64((b.Lon-a.Lon)*(p.Lat-a.Lat)) - float64((b.Lat-a.Lat)*(p.Lon-a.Lon))
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// contains reports whether the outline holds p.
func contains(outline []telemetry.Polygon, p telemetry.Point) bool {
	return slices.ContainsFunc(outline, func(polygon telemetry.Polygon) bool { return inside(polygon, p) })
}

// inside counts how often a ray from p to the east crosses the rings: an odd
// number means inside, and holes need no case of their own. Each edge owns its
// southern end and not its northern one, so that neighbours which share an edge
// never both hold a point on it, nor neither.
func inside(polygon telemetry.Polygon, p telemetry.Point) bool {
	in := false
	for _, ring := range polygon {
		for i := range len(ring) - 1 {
			a, b := ring[i], ring[i+1]
			if a.Lat > b.Lat {
				a, b = b, a // the same sum for both neighbours, whichever way they run
			}
			if p.Lat < a.Lat || p.Lat >= b.Lat {
				continue
			}
			if p.Lon < a.Lon+(p.Lat-a.Lat)/(b.Lat-a.Lat)*(b.Lon-a.Lon) {
				in = !in
			}
		}
	}
	return in
}

// An outlineIndex finds the areas whose outline may hold a point: a grid over the
// boxes around the polygons.
type outlineIndex struct {
	cells map[gridCell][]int // places in the list of areas
	wide  []int              // areas with a polygon too wide for the grid
}

type gridCell struct{ lat, lon int }

const (
	cellsPerDegree = 10   // a cell of 11 km: a few communes
	maxCells       = 5000 // of one polygon: a province, but not a careless box around the world
)

func cellOf(p telemetry.Point) gridCell {
	return gridCell{lat: int(math.Floor(p.Lat * cellsPerDegree)), lon: int(math.Floor(p.Lon * cellsPerDegree))}
}

func indexOutlines(areas []telemetry.Area) outlineIndex {
	index := outlineIndex{cells: make(map[gridCell][]int)}
	for i := range areas {
		for _, polygon := range areas[i].Outline {
			index.add(i, polygon)
		}
	}
	return index
}

func (x *outlineIndex) add(area int, polygon telemetry.Polygon) {
	low, high := polygon[0][0], polygon[0][0]
	for _, p := range polygon[0] {
		low = telemetry.Point{Lat: min(low.Lat, p.Lat), Lon: min(low.Lon, p.Lon)}
		high = telemetry.Point{Lat: max(high.Lat, p.Lat), Lon: max(high.Lon, p.Lon)}
	}
	from, to := cellOf(low), cellOf(high)
	if (to.lat-from.lat+1)*(to.lon-from.lon+1) > maxCells {
		x.wide = appendOnce(x.wide, area)
		return
	}
	for lat := from.lat; lat <= to.lat; lat++ {
		for lon := from.lon; lon <= to.lon; lon++ {
			cell := gridCell{lat, lon}
			x.cells[cell] = appendOnce(x.cells[cell], area)
		}
	}
}

// appendOnce relies on areas being added in order.
func appendOnce(list []int, area int) []int {
	if n := len(list); n > 0 && list[n-1] == area {
		return list
	}
	return append(list, area)
}

// candidates yields the places of the areas that may hold p; one may come twice.
func (x *outlineIndex) candidates(p telemetry.Point) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, list := range [...][]int{x.cells[cellOf(p)], x.wide} {
			for _, i := range list {
				if !yield(i) {
					return
				}
			}
		}
	}
}
