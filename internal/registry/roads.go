package registry

import (
	"encoding/json"
	"fmt"
	"math"

	"phusong/telemetry"
)

// readRoad reads one road or one road in several parts. What the road is called and how
// wide it is makes no difference here.
func (l *loader) readRoad(file string, line, number int, raw json.RawMessage) {
	problem := func(format string, args ...any) {
		l.problems.add(file, line, "feature %d: %s", number, fmt.Sprintf(format, args...))
	}
	var f struct {
		Type     string    `json:"type"`
		Geometry *geometry `json:"geometry"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		problem("%v", err)
		return
	}
	if f.Type != "Feature" {
		problem("its type is %q; it must be \"Feature\"", clip(f.Type))
		return
	}
	if f.Geometry == nil {
		problem("it has no geometry; draw the road, or take the feature out")
		return
	}
	for i, positions := range f.Geometry.lines(problem) {
		road, err := lineOf(positions)
		if err != nil {
			problem("line %d: %v", i+1, err)
			continue
		}
		l.roads = append(l.roads, road)
	}
}

func (g *geometry) lines(problem func(string, ...any)) [][][]float64 {
	var lines [][][]float64
	var err error
	switch g.Type {
	case "MultiLineString":
		err = json.Unmarshal(g.Coordinates, &lines)
	case "LineString":
		lines = make([][][]float64, 1)
		err = json.Unmarshal(g.Coordinates, &lines[0])
	default:
		problem("the geometry is a %q; a road is a LineString or a MultiLineString, so save the lines of the layer alone", clip(g.Type))
		return nil
	}
	if err != nil {
		problem("the coordinates are not those of a %s", g.Type)
		return nil
	}
	return lines
}

// maxLeapDegrees is further than any road runs straight: about 55 km. A longer leap is a
// position that is wrong.
const maxLeapDegrees = 0.5

func lineOf(positions [][]float64) ([]telemetry.Point, error) {
	if len(positions) < 2 {
		return nil, fmt.Errorf("%d points are too few; a road has at least 2", len(positions))
	}
	line := make([]telemetry.Point, len(positions))
	for i, position := range positions {
		if len(position) < 2 {
			return nil, fmt.Errorf("point %d is not [lon, lat]", i+1)
		}
		p := telemetry.Point{Lat: position[1], Lon: position[0]}
		if err := checkPoint(p); err != nil {
			return nil, fmt.Errorf("point %d: %w; GeoJSON writes lon first", i+1, err)
		}
		if i > 0 && math.Hypot(p.Lat-line[i-1].Lat, p.Lon-line[i-1].Lon) > maxLeapDegrees {
			return nil, fmt.Errorf("point %d is more than %v degrees from the one before; correct it, or end the line there", i+1, maxLeapDegrees)
		}
		line[i] = p
	}
	return line, nil
}
