package coverage

import (
	"fmt"
	"math/bits"

	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// Resolutions of the H3 grid: verdicts are about cells, and a cell's evidence must
// be spread over its point-hexes.
const (
	CellResolution     = 8
	PointHexResolution = 9
)

// PointHexes is how many point-hexes a cell has.
const PointHexes = 7

// A Cell is a hexagon of the H3 grid, of resolution 8 (0.74 km² on average) unless
// said otherwise. Cells order by their number, which is their order as text too.
type Cell uint64

// CellAt returns the cell that holds a position, and which of its point-hexes (0 to
// 6) does.
func CellAt(p telemetry.Point) (cell Cell, pointHex int, err error) {
	index, err := h3.LatLngToCell(h3.LatLng{Lat: p.Lat, Lng: p.Lon}, PointHexResolution)
	if err != nil {
		return 0, 0, fmt.Errorf("finding the cell at %v, %v: %w", p.Lat, p.Lon, err)
	}
	point := Cell(index)
	return point.parent(CellResolution), point.digit(PointHexResolution), nil
}

// ParseCell reads an H3 index in hexadecimal; it must be of resolution 8.
func ParseCell(s string) (Cell, error) {
	c := h3.CellFromString(s)
	if !c.IsValid() || c.Resolution() != CellResolution {
		return 0, fmt.Errorf("%q is not an H3 cell of resolution %d", s, CellResolution)
	}
	return Cell(c), nil
}

// String returns the H3 index in hexadecimal.
func (c Cell) String() string { return fmt.Sprintf("%x", uint64(c)) }

// MarshalText writes the H3 index in hexadecimal.
func (c Cell) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", uint64(c)), nil }

// UnmarshalText is the inverse of MarshalText, for cells of resolution 8.
func (c *Cell) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCell(string(text))
	return err
}

// The layout of an H3 index: four bits of resolution from bit 52, and from bit 45
// down three bits a digit, all ones where there is none.
const (
	resolutionShift = 52
	resolutionMask  = uint64(0xf) << resolutionShift
	finest          = 15
	digitBits       = 3
	digitMask       = uint64(7)
)

func digitShift(resolution int) int { return (finest - resolution) * digitBits }

// parent works on the bits because a call into C costs more than all else that
// a test needs after it has been located.
func (c Cell) parent(resolution int) Cell {
	u := uint64(c)
	filled := uint64(1)<<digitShift(resolution) - 1
	return Cell(u&^resolutionMask | uint64(resolution)<<resolutionShift | filled)
}

func (c Cell) digit(resolution int) int {
	return int(uint64(c) >> digitShift(resolution) & digitMask)
}

// PointHex returns one of the cell's point-hexes (0 to 6), a cell of resolution 9.
func (c Cell) PointHex(i int) Cell {
	const resolution = PointHexResolution
	shift := digitShift(resolution)
	u := uint64(c)&^resolutionMask | uint64(resolution)<<resolutionShift
	return Cell(u&^(digitMask<<shift) | uint64(i)<<shift)
}

// Parent returns the cell of a coarser resolution that this one belongs to.
func (c Cell) Parent(resolution int) Cell { return c.parent(resolution) }

// Center returns the middle of the cell.
func (c Cell) Center() telemetry.Point {
	p, err := h3.Cell(c).LatLng()
	if err != nil {
		return telemetry.Point{}
	}
	return telemetry.Point{Lat: p.Lat, Lon: p.Lng}
}

// AreaKm2 returns the area of the cell on the sphere.
func (c Cell) AreaKm2() float64 {
	a, err := h3.CellAreaKm2(h3.Cell(c))
	if err != nil {
		return 0
	}
	return a
}

// Outline returns the corners of the cell, the first repeated as the last.
func (c Cell) Outline() telemetry.Ring {
	corners, err := h3.Cell(c).Boundary()
	if err != nil || len(corners) == 0 {
		return nil
	}
	ring := make(telemetry.Ring, 0, len(corners)+1)
	for _, p := range corners {
		ring = append(ring, telemetry.Point{Lat: p.Lat, Lon: p.Lng})
	}
	return append(ring, ring[0])
}

// Neighbors returns the cells that share an edge with this one.
func (c Cell) Neighbors() []Cell {
	disk, err := h3.GridDisk(h3.Cell(c), 1)
	if err != nil {
		return nil
	}
	around := make([]Cell, 0, len(disk))
	for _, n := range disk {
		if n != 0 && Cell(n) != c {
			around = append(around, Cell(n))
		}
	}
	return around
}

// A PointSet is a set of point-hexes of one cell: bit i stands for point-hex i.
type PointSet uint8

// AllPoints holds every point-hex of a cell.
const AllPoints PointSet = 1<<PointHexes - 1

// Has reports whether point-hex i is in the set.
func (s PointSet) Has(i int) bool { return s>>i&1 == 1 }

// Len returns how many point-hexes are in the set.
func (s PointSet) Len() int { return bits.OnesCount8(uint8(s & AllPoints)) }
