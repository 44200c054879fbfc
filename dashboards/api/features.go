package api

import (
	"bytes"
	"encoding/json"

	"phusong/telemetry"
)

const geoJSON = "application/geo+json"

// maxFeatures bounds a map that is not of cells.
const maxFeatures = 20_000

// A Feature is one thing on a map (RFC 7946).
type Feature[G, P any] struct {
	Type       string `json:"type" enum:"Feature"`
	Geometry   G      `json:"geometry"`
	Properties P      `json:"properties"`
}

// A Collection is a map.
type Collection[G, P any] struct {
	Type      string          `json:"type" enum:"FeatureCollection"`
	Truncated bool            `json:"truncated" doc:"there is more: take a smaller bbox"`
	Features  []Feature[G, P] `json:"features"`
}

// The geometries; coordinates are longitude before latitude, in degrees.
type (
	// A PointGeometry is a position.
	PointGeometry struct {
		Type        string     `json:"type" enum:"Point"`
		Coordinates [2]float64 `json:"coordinates"`
	}
	// A PolygonGeometry is an outline.
	PolygonGeometry struct {
		Type        string         `json:"type" enum:"Polygon"`
		Coordinates [][][2]float64 `json:"coordinates"`
	}
	// A MultiPolygonGeometry is several outlines.
	MultiPolygonGeometry struct {
		Type        string           `json:"type" enum:"MultiPolygon"`
		Coordinates [][][][2]float64 `json:"coordinates"`
	}
)

func pointFeature[P any](lat, lon float64, properties P) Feature[PointGeometry, P] {
	return Feature[PointGeometry, P]{"Feature", PointGeometry{"Point", [2]float64{lon, lat}}, properties}
}

// collected writes a map.
func collected[G, P any](features []Feature[G, P], truncated bool) (*raw, error) {
	if features == nil {
		features = []Feature[G, P]{}
	}
	var body bytes.Buffer
	err := json.NewEncoder(&body).Encode(Collection[G, P]{"FeatureCollection", truncated, features})
	return &raw{Body: body.Bytes()}, err
}

// An AreaOutline is an area on a map.
type AreaOutline struct {
	Code        telemetry.AreaCode `json:"code"`
	Name        string             `json:"name"`
	Type        string             `json:"type" doc:"as written in law: Xã, Phường, Tỉnh, …"`
	Parent      telemetry.AreaCode `json:"parent,omitempty"`
	Population  int                `json:"population,omitempty"`
	Approximate bool               `json:"approximate" doc:"the outline was computed and is not the legal boundary"`
	Outline     string             `json:"outline" enum:"legal,computed,none" doc:"none: the geometry is empty, and bbox says where its sites and devices are"`
	Lat         float64            `json:"lat,omitempty" doc:"of the centre, where known"`
	Lon         float64            `json:"lon,omitempty"`
	BBox        []float64          `json:"bbox,omitempty" minItems:"4" maxItems:"4" doc:"of its sites and devices where it has no outline: west, south, east, north"`
}

// outlineOf describes an area; spots are where sites and devices are.
func outlineOf(a *telemetry.Area, spots map[spot]bool) Feature[MultiPolygonGeometry, AreaOutline] {
	p := AreaOutline{
		Code: a.Code, Name: a.Name, Type: a.Type, Parent: a.Parent, Population: a.Population, Approximate: a.Approximate,
		Outline: "legal", Lat: a.Center.Lat, Lon: a.Center.Lon,
	}
	switch {
	case len(a.Outline) == 0:
		p.Outline = "none"
		for s := range spots {
			if s.area != a.Code {
				continue
			}
			if p.BBox == nil {
				p.BBox = []float64{s.at.Lon, s.at.Lat, s.at.Lon, s.at.Lat}
			}
			p.BBox[0], p.BBox[2] = min(p.BBox[0], s.at.Lon), max(p.BBox[2], s.at.Lon)
			p.BBox[1], p.BBox[3] = min(p.BBox[1], s.at.Lat), max(p.BBox[3], s.at.Lat)
		}
	case a.Approximate:
		p.Outline = "computed"
	}
	return Feature[MultiPolygonGeometry, AreaOutline]{"Feature", MultiPolygonGeometry{"MultiPolygon", coordinates(a.Outline)}, p}
}

// The maps that are written when coverage is judged. A test compares what is written
// with what stands here.
type (
	// A CellCollection is the coverage map.
	CellCollection struct {
		Type      string                                     `json:"type" enum:"FeatureCollection"`
		Day       string                                     `json:"day" format:"date"`
		Rules     string                                     `json:"rules"`
		Matched   int                                        `json:"matched"`
		Truncated bool                                       `json:"truncated"`
		Features  []Feature[PolygonGeometry, CellProperties] `json:"features"`
	}
	// CellProperties are what a map shows of a cell of one operator; see docs/COVERAGE.md.
	CellProperties struct {
		Cell          string                 `json:"cell"`
		Operator      telemetry.OperatorCode `json:"operator"`
		Area          telemetry.AreaCode     `json:"area,omitempty"`
		Verdict       string                 `json:"verdict" enum:"covered,gap,dead,unproven"`
		Since         string                 `json:"since,omitempty" format:"date"`
		Proven        string                 `json:"proven,omitempty" format:"date"`
		WindowVerdict string                 `json:"window_verdict" enum:"covered,gap,dead,unproven"`
		TargetMbps    float64                `json:"target_mbps"`
		Tests         int                    `json:"tests"`
		Negative      int                    `json:"negative"`
		Unusable      int                    `json:"unusable"`
		ShareLower    float64                `json:"share_lower"`
		ShareUpper    float64                `json:"share_upper"`
		MeanMbps      float64                `json:"mean_mbps"`
		P20Mbps       float64                `json:"p20_mbps"`
		P50Mbps       float64                `json:"p50_mbps"`
		P80Mbps       float64                `json:"p80_mbps"`
		Devices       int                    `json:"devices"`
		Days          int                    `json:"days"`
		Hours         int                    `json:"hours"`
		Last          string                 `json:"last,omitempty" format:"date-time"`
		FurtherTests  int                    `json:"further_tests,omitempty" doc:"how many more are likely to prove something; absent where something is proven"`
	}
	// A ZoneCollection is the map of zones.
	ZoneCollection struct {
		Type     string                                          `json:"type" enum:"FeatureCollection"`
		Day      string                                          `json:"day" format:"date"`
		Features []Feature[MultiPolygonGeometry, ZoneProperties] `json:"features"`
	}
	// ZoneProperties are what a map shows of a dead or slow zone.
	ZoneProperties struct {
		ID         string                 `json:"id"`
		Verdict    string                 `json:"verdict" enum:"gap,dead"`
		Operator   telemetry.OperatorCode `json:"operator"`
		Born       string                 `json:"born" format:"date"`
		Changed    string                 `json:"changed" format:"date"`
		Cells      int                    `json:"cells"`
		AreaKm2    float64                `json:"area_km2"`
		Areas      []telemetry.AreaCode   `json:"areas"`
		Population int                    `json:"population_estimate"`
		Severity   string                 `json:"severity" enum:"minor,major,critical"`
		SplitFrom  string                 `json:"split_from,omitempty"`
		Ended      string                 `json:"ended,omitempty" format:"date"`
		MergedInto string                 `json:"merged_into,omitempty"`
	}
)
