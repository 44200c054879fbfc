package simulator

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"

	"phusong/telemetry"
)

// The province of the world: Tây Ninh as it is since 1 July 2025.
const (
	provinceCode = telemetry.AreaCode("80")
	provinceName = "Tây Ninh"
	provinceType = "Tỉnh"
)

// tayNinhCSV holds facts about the 96 communes: official code, name, type,
// population, size in km² and centre rounded to two decimals, as collected by
// https://github.com/lamngockhuong/vietnam-3d-map (MIT), commit dc6095c45a49. It
// holds no boundary.
//
//go:embed tayninh.csv
var tayNinhCSV string

// A commune is an area and what the world adds to it.
type commune struct {
	telemetry.Area
	at      vec
	radius  float64 // metres, of a disc as large as the commune
	outline []vec   // the computed shape, not closed
	key     uint64
}

// readCommunes reads the embedded facts.
func readCommunes(seed uint64) ([]commune, error) {
	rows, err := csv.NewReader(strings.NewReader(tayNinhCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading the communes: %w", err)
	}
	communes := make([]commune, 0, len(rows)-1)
	for i, row := range rows[1:] {
		c, err := parseCommune(row)
		if err != nil {
			return nil, fmt.Errorf("reading the communes, line %d: %w", i+2, err)
		}
		number, err := strconv.ParseUint(string(c.Code), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading the communes, line %d: %w", i+2, err)
		}
		c.key = key(seed, forCommune, number)
		communes = append(communes, c)
	}
	shapeCommunes(communes)
	return communes, nil
}

func parseCommune(row []string) (commune, error) {
	code, err := telemetry.ParseAreaCode(row[0])
	if err != nil {
		return commune{}, err
	}
	population, err := strconv.Atoi(row[3])
	if err != nil {
		return commune{}, err
	}
	var numbers [3]float64
	for i := range numbers {
		if numbers[i], err = strconv.ParseFloat(row[4+i], 64); err != nil {
			return commune{}, err
		}
	}
	c := commune{Area: telemetry.Area{
		Code: code, Name: row[1], Type: row[2], Parent: provinceCode,
		Population: population, SizeKm2: numbers[0],
		Center:      telemetry.Point{Lat: numbers[1], Lon: numbers[2]},
		Approximate: true,
	}}
	c.at = project(c.Center)
	c.radius = 1000 * math.Sqrt(c.SizeKm2/math.Pi)
	return c, nil
}

// shapeCommunes computes the outlines. Between neighbours the border is that of a
// power diagram, which is a Voronoi diagram in which larger communes get more
// room; outwards a commune ends at a polygon around its centre. No real boundary
// is known to this code, so every shape is marked approximate.
func shapeCommunes(communes []commune) {
	const corners, reach = 24, 1.45
	for i := range communes {
		c := &communes[i]
		outline := make([]vec, corners)
		for k := range outline {
			outline[k] = c.at.add(polar(reach*c.radius, 2*math.Pi*float64(k)/corners))
		}
		for j := range communes {
			if other := &communes[j]; i != j {
				outline = clipToNearer(outline, c, other)
			}
		}
		c.outline = outline
		ring := make(telemetry.Ring, 0, len(outline)+1)
		for _, v := range outline {
			ring = append(ring, v.point())
		}
		c.Outline = []telemetry.Polygon{{append(ring, ring[0])}}
	}
}

// clipToNearer cuts off the part of the polygon that belongs to other.
func clipToNearer(polygon []vec, c, other *commune) []vec {
	// A place p is c's when |p-c|² - rc² <= |p-o|² - ro², which is linear in p.
	axis := other.at.sub(c.at)
	limit := (other.at.dot(other.at) - c.at.dot(c.at) - other.radius*other.radius + c.radius*c.radius) / 2
	excess := func(p vec) float64 { return p.dot(axis) - limit }
	var kept []vec
	for i, p := range polygon {
		q := polygon[(i+1)%len(polygon)]
		ep, eq := excess(p), excess(q)
		if ep <= 0 {
			kept = append(kept, p)
		}
		if (ep < 0 && eq > 0) || (ep > 0 && eq < 0) {
			kept = append(kept, p.toward(q, ep/(ep-eq)))
		}
	}
	return kept
}

// contains reports whether the place is inside the computed outline.
func (c *commune) contains(p vec) bool {
	n := len(c.outline)
	for i, a := range c.outline {
		edge, to := c.outline[(i+1)%n].sub(a), p.sub(a)
		if edge.x*to.y-edge.y*to.x < 0 {
			return false // the outline is convex and runs counter-clockwise
		}
	}
	return n > 2
}

// place maps a hash to a place inside the commune, within share of its radius.
func (c *commune) place(h uint64, share float64) vec {
	for range 16 {
		if p := inDisc(h, c.at, share*c.radius); c.contains(p) {
			return p
		}
		h = mix(h)
	}
	return c.at
}
