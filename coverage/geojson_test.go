package coverage

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/telemetry"
)

// features reads what was written, as any map would.
func features(t *testing.T, text []byte) []feature {
	t.Helper()
	var c struct {
		Type     string
		Day      string
		Features []feature
	}
	if err := json.Unmarshal(text, &c); err != nil || c.Type != "FeatureCollection" || c.Day == "" {
		t.Fatalf("%v\n%s", err, text)
	}
	return c.Features
}

type feature struct {
	Type       string
	Properties map[string]any
	Geometry   struct {
		Type        string
		Coordinates json.RawMessage
	}
}

func TestCellsAsGeoJSON(t *testing.T) {
	t.Parallel()
	g := newGrid(t, twoCommunes())
	m := gridMap(t, g)
	cell := survey(m, 1, 20, slow)
	for n, p := range []telemetry.Point{{Lat: tayNinh.Lat, Lon: tayNinh.Lon + 0.06}, {Lat: tayNinh.Lat + 0.01, Lon: tayNinh.Lon}} {
		r := reading(at(p))
		if n == 1 {
			r.Mobile.Operator, r.Mobile.SIMOperator = telemetry.Some("45201"), telemetry.Some("45201")
		}
		m.Observe(&r)
	}
	a := assess(t, m, local(3, 23, 0, 0))
	for _, v := range []struct {
		name   string
		filter CellFilter
		want   int
	}{
		{"all", CellFilter{}, 3},
		{"one operator", CellFilter{Operator: "45201"}, 1},
		{"a commune", CellFilter{Area: "25460"}, 1},
		{"the province", CellFilter{Area: "80"}, 3},
		{"elsewhere", CellFilter{Area: "01"}, 0},
		{"gaps", CellFilter{Verdicts: []Verdict{Dead, Gap}}, 1},
	} {
		text := a.AppendCells(nil, v.filter)
		if got := features(t, text); len(got) != v.want {
			t.Errorf("%s: %d features, want %d", v.name, len(got), v.want)
		}
		if again := a.AppendCells(nil, v.filter); !bytes.Equal(again, text) {
			t.Errorf("%s: other bytes", v.name)
		}
	}
	f := features(t, a.AppendCells(nil, CellFilter{Verdicts: []Verdict{Gap}}))[0]
	var polygon [][][2]float64
	if err := json.Unmarshal(f.Geometry.Coordinates, &polygon); err != nil {
		t.Fatal(err)
	}
	corners := polygon[0]
	if len(corners) != 7 || corners[0] != corners[6] || f.Geometry.Type != "Polygon" {
		t.Errorf("the outline is %v", polygon)
	}
	for i, p := range cell.Outline() {
		if math.Abs(corners[i][0]-p.Lon) > 1e-6 || math.Abs(corners[i][1]-p.Lat) > 1e-6 {
			t.Errorf("corner %d is %v, not %v", i, corners[i], p)
		}
	}
	want := map[string]any{
		"cell": cell.String(), "operator": "45204", "area": "25459", "verdict": "gap", "since": "2026-11-01", "proven": "2026-11-03",
		"window_verdict": "gap", "target_mbps": 40.0, "tests": 20.0, "negative": 20.0, "unusable": 0.0, "share_lower": 0.0, "share_upper": 0.1192,
		"mean_mbps": 12.0, "p20_mbps": 12.0, "p50_mbps": 12.0, "p80_mbps": 12.0, "devices": 1.0, "days": 1.0, "hours": 14.0,
		"last": "2026-11-01T20:00:00+07:00",
	}
	if diff := cmp.Diff(want, f.Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

func TestZonesAsGeoJSON(t *testing.T) {
	t.Parallel()
	cells := land(t)
	var z Zones
	// A ring around a cell that is fine, and one far from it.
	update(t, &z, painted(20_000, Dead, append(cells[1:7:7], cells[20])...))
	text, err := z.AppendZones(nil, z.Open)
	if err != nil {
		t.Fatal(err)
	}
	rings := 0
	drawn := features(t, text)
	for i, f := range drawn {
		var p [][][][2]float64
		if err := json.Unmarshal(f.Geometry.Coordinates, &p); err != nil || f.Geometry.Type != "MultiPolygon" {
			t.Fatal(err, f.Geometry.Type)
		}
		rings += len(p[0])
		if f.Properties["id"] != z.Open[i].ID || f.Properties["severity"] == "" {
			t.Errorf("properties %v", f.Properties)
		}
	}
	if len(drawn) != len(z.Open) || rings != len(z.Open)+1 {
		t.Errorf("%d features with %d rings", len(drawn), rings)
	}
}

func TestDegrees(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0.000000", 106.0986: "106.098600", -0.0000004: "-0.000000", -11.3103456: "-11.310346", 179.9999999: "180.000000"} {
		if got := string(appendDegrees(nil, v)); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}
