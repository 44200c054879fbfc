package coverage

import (
	"fmt"
	"math"

	"phusong/telemetry"
)

// LeastRoadM is how many metres of road make a point-hex accessible. Tests count with a
// position that is up to 50 m off, so that a shorter piece of road cannot be told from
// its neighbour, and a threshold that asks for tests on it would ask for chance.
const LeastRoadM = 100

// roadStepM is how far apart roads are looked at, in metres.
const roadStepM = 20

// earthRadiusM is that of the sphere as large as the Earth.
const earthRadiusM = 6_371_007.2

// Roads say which point-hexes people can get to, as 47 CFR 1.7006 asks: those that a road
// crosses. They never change.
type Roads struct {
	points map[Cell]PointSet
}

// NewRoads finds the point-hexes that hold at least LeastRoadM metres of road. Each line
// is one road, by its bends.
func NewRoads(lines [][]telemetry.Point) (*Roads, error) {
	metres := make(map[Cell]*[PointHexes]float64)
	for i, line := range lines {
		for j := 1; j < len(line); j++ {
			if err := measure(metres, line[j-1], line[j]); err != nil {
				return nil, fmt.Errorf("coverage: road %d: %w", i+1, err)
			}
		}
	}
	r := &Roads{points: make(map[Cell]PointSet, len(metres))}
	for cell, points := range metres {
		for i, m := range points {
			if m >= LeastRoadM {
				r.points[cell] |= 1 << i
			}
		}
	}
	return r, nil
}

// measure adds the length of a straight piece to the point-hexes it crosses.
func measure(metres map[Cell]*[PointHexes]float64, a, b telemetry.Point) error {
	length := distanceM(a, b)
	steps := max(int(math.Ceil(length/roadStepM)), 1)
	for n := range steps {
		f := (float64(n) + 0.5) / float64(steps)
		at := telemetry.Point{Lat: a.Lat + f*(b.Lat-a.Lat), Lon: a.Lon + f*(b.Lon-a.Lon)}
		cell, pointHex, err := CellAt(at)
		if err != nil {
			return err
		}
		points := metres[cell]
		if points == nil {
			points = new([PointHexes]float64)
			metres[cell] = points
		}
		points[pointHex] += length / float64(steps)
	}
	return nil
}

// distanceM is the length of a piece of road: equirectangular, which over a few kilometres
// is exact to a millimetre in a metre.
func distanceM(a, b telemetry.Point) float64 {
	const radians = math.Pi / 180
	x := (b.Lon - a.Lon) * math.Cos((a.Lat+b.Lat)/2*radians)
	y := b.Lat - a.Lat
	return earthRadiusM * radians * math.Hypot(x, y)
}

// Accessible returns the point-hexes of the cell that a road crosses. Of a cell without
// one it returns all: who tested there found a way that the layer does not know, and to
// ask for tests everywhere proves least. nil takes every point-hex for accessible.
func (r *Roads) Accessible(c Cell) PointSet {
	if r == nil {
		return AllPoints
	}
	if points := r.points[c]; points != 0 {
		return points
	}
	return AllPoints
}

// Len returns how many cells a road crosses.
func (r *Roads) Len() int {
	if r == nil {
		return 0
	}
	return len(r.points)
}
