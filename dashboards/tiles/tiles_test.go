package tiles

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/planar"
	"github.com/uber/h3-go/v4"
	"pgregory.net/rapid"

	"phusong/telemetry"
)

var tayNinh = h3.LatLng{Lat: 11.31, Lng: 106.1}

// land returns the cells around a place, n rings of them, for each operator.
func land(t testing.TB, rings int, operators ...telemetry.OperatorCode) []Cell {
	t.Helper()
	center, err := h3.LatLngToCell(tayNinh, cellResolution)
	if err != nil {
		t.Fatal(err)
	}
	disk, err := center.GridDisk(rings)
	if err != nil {
		t.Fatal(err)
	}
	var cells []Cell
	for i, c := range disk {
		for _, o := range operators {
			cells = append(cells, Cell{Index: uint64(c), Operator: o, Area: "25459", Verdict: Verdict(i % int(verdicts)), MedianMbps: 12.5, Tests: i})
		}
	}
	return cells
}

// tileAt returns the tile that shows the place.
func tileAt(z uint32) maptile.Tile {
	return maptile.At(orb.Point{tayNinh.Lng, tayNinh.Lat}, maptile.Zoom(z))
}

func questionAt(z uint32) *Question {
	tile := tileAt(z)
	return &Question{Z: z, X: tile.X, Y: tile.Y}
}

// drawn decodes a tile into features in degrees.
func drawn(t testing.TB, m *Map, q *Question) []*geojson.Feature {
	t.Helper()
	text, err := m.Draw(q)
	if err != nil {
		t.Fatal(err)
	}
	if text == nil {
		return nil
	}
	layers, err := mvt.Unmarshal(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 1 || layers[0].Name != LayerName {
		t.Fatalf("layers %+v", layers)
	}
	layers.ProjectToWGS84(maptile.New(q.X, q.Y, maptile.Zoom(q.Z)))
	return layers[0].Features
}

func TestACellIsDrawnWhereItIs(t *testing.T) {
	t.Parallel()
	m := New(new(Atlas), land(t, 0, "45204"))
	for z := uint32(8); z <= MaxZoom; z++ {
		features := drawn(t, m, questionAt(z))
		if len(features) != 1 {
			t.Fatalf("zoom %d has %d features", z, len(features))
		}
		f := features[0]
		polygon, ok := f.Geometry.(orb.Polygon)
		if !ok || len(polygon[0]) != 7 || !planar.PolygonContains(polygon, orb.Point{tayNinh.Lng, tayNinh.Lat}) {
			t.Errorf("zoom %d: %v", z, f.Geometry)
		}
		// Clockwise on the screen, where y goes down, is counter-clockwise nowhere else.
		if polygon[0].Orientation() != orb.CW {
			t.Errorf("zoom %d: the ring goes the wrong way", z)
		}
		want := geojson.Properties{"cell": h3.Cell(m.cells[0].Index).String(), "operator": "45204", "area": "25459", "verdict": "unproven", "tests": 0.0, "median_mbps": 12.5}
		if diff := cmp.Diff(want, f.Properties); diff != "" {
			t.Errorf("zoom %d (-want +got):\n%s", z, diff)
		}
	}
}

// Together the tiles of a zoom show each hexagon, and each tile only what touches it.
func TestTilesCoverTheMap(t *testing.T) {
	t.Parallel()
	cells := land(t, 20, "45204")
	m := New(new(Atlas), cells)
	for z := range uint32(12) {
		at := tileAt(z)
		shown := make(map[any]bool)
		for dx := -3; dx <= 3; dx++ {
			for dy := -3; dy <= 3; dy++ {
				q := &Question{Z: z, X: uint32(int(at.X) + dx), Y: uint32(int(at.Y) + dy)}
				if q.Check() != nil {
					continue
				}
				for _, f := range drawn(t, m, q) {
					shown[f.Properties["cell"]] = true
				}
			}
		}
		want := make(map[any]bool)
		for _, c := range cells {
			parent, err := h3.Cell(c.Index).Parent(resolutionAt(z))
			if err != nil {
				t.Fatal(err)
			}
			want[parent.String()] = true
		}
		if z < 11 && !cmp.Equal(want, shown) { // at 11 and closer, seven tiles are less than the land
			t.Errorf("zoom %d shows %d hexagons, want %d", z, len(shown), len(want))
		}
	}
	far := &Question{Z: 10}
	if text, err := m.Draw(far); err != nil || text != nil {
		t.Errorf("an empty tile has %d bytes, %v", len(text), err)
	}
}

// Hexagons are three pixels wide or more, and as small as that allows.
func TestHexagonsCanBeSeen(t *testing.T) {
	t.Parallel()
	for z := range uint32(MaxZoom + 1) {
		resolution := resolutionAt(z)
		width := cellWidth * 512 * math.Exp2(float64(z)) * math.Pow(7, float64(cellResolution-resolution)/2)
		if width < smallest || resolution < cellResolution && width >= smallest*math.Sqrt(7) {
			t.Errorf("zoom %d: resolution %d is %.1f pixels wide", z, resolution, width)
		}
	}
}

// Whatever is in a hexagon, it is never better than any cell in it, and never covered
// with a cell that is not, or was never tested.
func TestAncestorsSayNothingFalse(t *testing.T) {
	t.Parallel()
	center, err := h3.LatLngToCell(tayNinh, 6)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := center.Children(cellResolution)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		only := rapid.SliceOfN(rapid.SampledFrom([]Verdict{Unproven, Covered, Gap, Dead}), 1, 3).Draw(r, "verdicts")
		whole := rapid.Bool().Draw(r, "whole")
		var cells []Cell
		var counts [verdicts]int
		for i, c := range inside {
			if !whole && rapid.Bool().Draw(r, "untested") {
				continue
			}
			v := rapid.SampledFrom(only).Draw(r, fmt.Sprint(i))
			counts[v]++
			cells = append(cells, Cell{Index: uint64(c), Operator: "45204", Verdict: v})
		}
		want := "unproven"
		switch {
		case counts[Dead] > 0:
			want = "dead"
		case counts[Gap] > 0:
			want = "gap"
		case counts[Covered] == len(inside):
			want = "covered"
		}
		q := questionAt(6)
		features := drawn(t, New(new(Atlas), cells), q)
		if len(cells) == 0 {
			if len(features) != 0 {
				r.Fatalf("nothing is drawn as %v", features)
			}
			return
		}
		if len(features) != 1 || features[0].Properties["verdict"] != want || features[0].Properties["dead"] != float64(counts[Dead]) {
			r.Fatalf("%v is drawn as %v", counts, features[0].Properties)
		}
		q.Verdicts = []Verdict{Covered}
		if shown := len(drawn(t, New(new(Atlas), cells), q)) > 0; shown != (want == "covered") {
			r.Fatalf("%v: covered alone shows it: %v", counts, shown)
		}
	})
}

func TestWhoSeesLessIsShownLess(t *testing.T) {
	t.Parallel()
	cells := land(t, 3, "45201", "45204")
	for i := range cells {
		if i%2 == 1 {
			cells[i].Area, cells[i].Verdict = "25460", Dead
		} else {
			cells[i].Verdict = Covered
		}
	}
	m := New(new(Atlas), cells)
	for _, z := range []uint32{5, 11} {
		q := questionAt(z)
		q.Sees = func(a telemetry.AreaCode) bool { return a == "25459" }
		features := drawn(t, m, q)
		if len(features) == 0 {
			t.Fatalf("zoom %d shows nothing", z)
		}
		for _, f := range features {
			if f.Properties["verdict"] == "dead" || f.Properties["area"] == "25460" || f.Properties["dead"] == 1.0 {
				t.Errorf("zoom %d tells of another area: %v", z, f.Properties)
			}
		}
		q.Sees = func(telemetry.AreaCode) bool { return false }
		if features := drawn(t, m, q); len(features) != 0 {
			t.Errorf("zoom %d shows %d features to nobody", z, len(features))
		}
	}
	q := questionAt(11)
	q.Operator = "45201"
	for _, f := range drawn(t, m, q) {
		if f.Properties["operator"] != "45201" {
			t.Errorf("another operator's: %v", f.Properties)
		}
	}
}

// The print of a tile differs exactly when the tile does.
func TestPrintsFollowWhatIsDrawn(t *testing.T) {
	t.Parallel()
	before := land(t, 3, "45201", "45204")
	atlas := new(Atlas)
	rapid.Check(t, func(r *rapid.T) {
		q := questionAt(rapid.SampledFrom([]uint32{4, 6, 9, 11, 13}).Draw(r, "zoom"))
		q.Operator = telemetry.OperatorCode(rapid.SampledFrom([]string{"", "45204"}).Draw(r, "operator"))
		if rapid.Bool().Draw(r, "bound") {
			q.Sees = func(a telemetry.AreaCode) bool { return a == "25459" }
		}
		after := slices.Clone(before)
		for range rapid.IntRange(0, 3).Draw(r, "changes") {
			c := &after[rapid.IntRange(0, len(after)-1).Draw(r, "cell")]
			c.Verdict = Verdict(rapid.IntRange(0, int(verdicts)-1).Draw(r, "verdict"))
			c.Tests = rapid.IntRange(0, 40).Draw(r, "tests")
			c.MedianMbps = rapid.SampledFrom([]float64{12.5, 13}).Draw(r, "median")
			c.Area = telemetry.AreaCode(rapid.SampledFrom([]string{"25459", "25460"}).Draw(r, "area"))
		}
		var texts [2][]byte
		var prints [2]uint64
		for i, cells := range [][]Cell{slices.Clone(before), after} {
			m := New(atlas, cells)
			var err error
			if texts[i], err = m.Draw(q); err != nil {
				r.Fatal(err)
			}
			if prints[i], err = m.Print(q); err != nil {
				r.Fatal(err)
			}
		}
		if same := bytes.Equal(texts[0], texts[1]); same != (prints[0] == prints[1]) {
			r.Fatalf("the tiles are the same: %t; their prints are %x", same, prints)
		}
	})
}

func TestTilesThatDoNotExist(t *testing.T) {
	t.Parallel()
	m := New(new(Atlas), land(t, 1, "45204"))
	for _, q := range []Question{{Z: 15}, {Z: 200}, {Z: 3, X: 8}, {Z: 3, Y: 8}, {Z: 0, X: 1}, {Z: 14, X: 1 << 30, Y: 1 << 31}} {
		if _, err := m.Draw(&q); err == nil {
			t.Errorf("%+v is drawn", q)
		}
	}
}

// A province of 10,000 cells for each of three operators: the fullest tile of each zoom.
func BenchmarkDraw(b *testing.B) {
	cells := land(b, 57, "45201", "45202", "45204")
	m := New(new(Atlas), cells)
	for _, z := range []uint32{5, 7, 8, 10, 13} {
		q := questionAt(z)
		for _, operator := range []telemetry.OperatorCode{"45204", ""} {
			q.Operator = operator
			b.Run(fmt.Sprintf("zoom=%d/operator=%s", z, operator), func(b *testing.B) {
				size := 0
				for b.Loop() {
					text, err := m.Draw(q)
					if err != nil {
						b.Fatal(err)
					}
					size = len(text)
				}
				b.ReportMetric(float64(size), "B/tile")
			})
		}
	}
	b.Run("print", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Print(questionAt(8)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("judged anew", func(b *testing.B) {
		for b.Loop() {
			if _, err := New(m.atlas, slices.Clone(cells)).Draw(questionAt(8)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
