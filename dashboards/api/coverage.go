package api

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"time"

	"phusong/dashboards/access"
	"phusong/dashboards/tiles"
	"phusong/telemetry"
)

// CellFilter asks for cells of the coverage map.
type CellFilter struct {
	BoxFilter
	AreaFilter
	Operator telemetry.OperatorCode `query:"operator" maxLength:"6"`
	Verdict  []string               `query:"verdict" maxItems:"4" doc:"covered, gap, dead, unproven"`
	DayFilter
	Limit int `query:"limit" minimum:"1" maximum:"30000" default:"10000"`
}

// DayFilter asks for the map of an earlier day.
type DayFilter struct {
	Day string `query:"day" maxLength:"10" doc:"such as 2026-11-03; default: as it is now. GET /coverage/days says which"`
}

func (f *DayFilter) check() error {
	if _, err := time.Parse(time.DateOnly, f.Day); err != nil && f.Day != "" {
		return invalid("day", "day must be a date such as 2026-11-03")
	}
	return nil
}

func parseVerdicts(names []string) ([]tiles.Verdict, error) {
	var list []tiles.Verdict
	for _, name := range names {
		v, err := tiles.ParseVerdict(name)
		if err != nil {
			return nil, invalid("verdict", "verdict must be of covered, gap, dead, unproven")
		}
		list = append(list, v)
	}
	return list, nil
}

// cells writes the cells that are asked for. Their features were written when the map was
// judged, so that a viewport costs no more than looking through the layer.
func (s *server) cells(ctx context.Context, in *CellFilter) (*raw, error) {
	b, err := parseBox(in.BBox)
	if err != nil {
		return nil, err
	}
	if _, err := parseVerdicts(in.Verdict); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	layer, err := s.Coverage.Layer(ctx, in.Day)
	if err != nil {
		return nil, err
	}
	i := access.From(ctx)
	seen := make(map[telemetry.AreaCode]bool) // whether it is wanted: areas are few, cells many
	matched, size := 0, 0
	var chosen []int
	for n := range layer.Cells {
		c := &layer.Cells[n]
		if in.Operator != "" && c.Operator != in.Operator || len(in.Verdict) > 0 && !slices.Contains(in.Verdict, c.Verdict) || !b.holds(c.Center.Lat, c.Center.Lon) {
			continue
		}
		wanted, known := seen[c.Area]
		if !known {
			wanted = s.sees(&i, c.Area) && s.within(c.Area, in.Area)
			seen[c.Area] = wanted
		}
		if !wanted {
			continue
		}
		if matched++; len(chosen) < in.Limit {
			chosen = append(chosen, n)
			size += len(c.GeoJSON) + 2
		}
	}
	body := make([]byte, 0, size+200)
	body = fmt.Appendf(body, `{"type":"FeatureCollection","day":%q,"rules":%s,"matched":%d,"truncated":%t,"features":[`,
		layer.Day, quoted(layer.Rules), matched, matched > len(chosen))
	for n, at := range chosen {
		if n > 0 {
			body = append(body, ',', '\n')
		}
		body = append(body, layer.Cells[at].GeoJSON...)
	}
	return &raw{ETag: tagOf(layer.Version, i, *in), Body: append(body, "]}\n"...)}, nil
}

func quoted(text string) string {
	b, _ := json.Marshal(text) // a string never fails
	return string(b)
}

// tagOf names what somebody sees of a version.
func tagOf(version string, i access.Identity, question any) string {
	h := fnv.New64a()
	fmt.Fprint(h, version, i.Role, i.Areas, question)
	return `W/"` + strconv.FormatUint(h.Sum64(), 36) + `"`
}

func (s *server) registerCoverage() {
	const tag = "coverage"
	handleRaw[CellCollection](s, "/coverage/cells.geojson", "map-cells", tag, "Hexagons with their verdict, by operator", geoJSON, s.cells)
	s.registerCells(tag)
	handle(s, http.MethodGet, "/coverage/days", "list-days", tag, "The days on which the map can be asked", access.Read, func(context.Context, *struct{}) (*answer[Days], error) {
		days, err := s.Coverage.Days()
		return said(days), err
	})
	s.registerTiles(tag)
	handleRaw[ZoneCollection](s, "/coverage/zones.geojson", "map-zones", tag, "Open dead and slow zones", geoJSON, func(ctx context.Context, in *struct {
		AreaFilter
		DayFilter
		Operator telemetry.OperatorCode `query:"operator" maxLength:"6"`
		Verdict  string                 `query:"verdict" enum:"dead,gap,"`
	}) (*raw, error) {
		if err := in.check(); err != nil {
			return nil, err
		}
		layer, err := s.Coverage.Zones(ctx, in.Day)
		if err != nil {
			return nil, err
		}
		list := []json.RawMessage{}
		for i := range layer.Zones {
			z := &layer.Zones[i]
			if (in.Operator == "" || z.Operator == in.Operator) && (in.Verdict == "" || z.Verdict == in.Verdict) && s.touches(ctx, z.Areas, in.Area) {
				list = append(list, z.GeoJSON)
			}
		}
		body, err := json.Marshal(map[string]any{"type": "FeatureCollection", "day": layer.Day, "features": list})
		return &raw{Body: body}, err
	})
	handle(s, http.MethodGet, "/survey", "plan-survey", tag, "Where to measure next: stops in the order of a short way", access.Read, func(ctx context.Context, in *struct {
		AreaFilter
		Operator telemetry.OperatorCode `query:"operator" maxLength:"6"`
		Lat      float64                `query:"lat" minimum:"-90" maximum:"90"`
		Lon      float64                `query:"lon" minimum:"-180" maximum:"180"`
		Stops    int                    `query:"stops" minimum:"1" maximum:"200" default:"20"`
	}) (*answer[SurveyPlan], error) {
		q := SurveyQuestion{Start: telemetry.Point{Lat: in.Lat, Lon: in.Lon}, Stops: in.Stops}
		if in.Operator != "" {
			q.Operators = []telemetry.OperatorCode{in.Operator}
		}
		i := access.From(ctx)
		switch {
		case in.Area != "" && !s.sees(&i, in.Area):
			return nil, otherAreas()
		case in.Area != "":
			q.Areas = []telemetry.AreaCode{in.Area}
		default:
			q.Areas = i.Areas // none: everywhere
		}
		stops, err := s.Coverage.Survey(q)
		return said(SurveyPlan{append([]SurveyStop{}, stops...)}), err
	})
}

// touches reports whether one of the areas is seen and wanted.
func (s *server) touches(ctx context.Context, areas []telemetry.AreaCode, wanted telemetry.AreaCode) bool {
	i := access.From(ctx)
	if len(areas) == 0 {
		return i.Everywhere() && wanted == ""
	}
	return slices.ContainsFunc(areas, func(a telemetry.AreaCode) bool { return s.sees(&i, a) && s.within(a, wanted) })
}
