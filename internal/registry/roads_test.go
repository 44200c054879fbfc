package registry_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/registry"
	"phusong/telemetry"
)

const roadsText = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"highway":"primary","name":"Quốc lộ 22B"},"geometry":{"type":"LineString","coordinates":[[106.10,11.30],[106.11,11.31],[106.13,11.31]]}},
{"type":"Feature","properties":null,"geometry":{"type":"MultiLineString","coordinates":[[[106.10,11.30],[106.10,11.32]],[[106.09,11.30,4],[106.08,11.30,5]]]}}
]}`

// roadFile writes a road file, and returns the paths of a registry that has it.
func roadFile(t *testing.T, text string) registry.Paths {
	t.Helper()
	paths := registry.Paths{Roads: filepath.Join(t.TempDir(), "roads.geojson")}
	if err := os.WriteFile(paths.Roads, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestRoads(t *testing.T) {
	t.Parallel()
	r, err := registry.Load(roadFile(t, roadsText))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]telemetry.Point{
		{{Lat: 11.30, Lon: 106.10}, {Lat: 11.31, Lon: 106.11}, {Lat: 11.31, Lon: 106.13}},
		{{Lat: 11.30, Lon: 106.10}, {Lat: 11.32, Lon: 106.10}},
		{{Lat: 11.30, Lon: 106.09}, {Lat: 11.30, Lon: 106.08}},
	}
	if diff := cmp.Diff(want, r.Roads()); diff != "" {
		t.Errorf("roads (-want +got):\n%s", diff)
	}
	if r, err := registry.Load(registry.Paths{}); err != nil || len(r.Roads()) != 0 {
		t.Errorf("without a file: %v, %v", r.Roads(), err)
	}
}

func TestRoadProblems(t *testing.T) {
	t.Parallel()
	with := func(geometry string) string {
		return "{\"type\":\"FeatureCollection\",\"features\":[\n" +
			`{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[106,11],[106.1,11]]}},` + "\n" +
			`{"type":"Feature","properties":{},"geometry":` + geometry + "}\n]}"
	}
	for _, tt := range []struct{ name, text, want string }{
		{"a point", with(`{"type":"Point","coordinates":[106,11]}`), `:3: feature 2: the geometry is a "Point"; a road is a LineString or a MultiLineString, so save the lines of the layer alone`},
		{"nothing", with("null"), ":3: feature 2: it has no geometry; draw the road, or take the feature out"},
		{"one bend", with(`{"type":"LineString","coordinates":[[106,11]]}`), ":3: feature 2: line 1: 1 points are too few; a road has at least 2"},
		{"half a point", with(`{"type":"LineString","coordinates":[[106,11],[106]]}`), ":3: feature 2: line 1: point 2 is not [lon, lat]"},
		{"swapped", with(`{"type":"MultiLineString","coordinates":[[[106,11],[106.1,11]],[[11,106],[11,106.1]]]}`), ":3: feature 2: line 2: point 1: lat 106 and lon 11 seem swapped; write lat 11, lon 106; GeoJSON writes lon first"},
		{"a leap", with(`{"type":"LineString","coordinates":[[106,11],[106,12]]}`), ":3: feature 2: line 1: point 2 is more than 0.5 degrees from the one before; correct it, or end the line there"},
		{"wrong nesting", with(`{"type":"LineString","coordinates":[[[106,11]]]}`), ":3: feature 2: the coordinates are not those of a LineString"},
		{"not a feature", strings.Replace(with("null"), `"Feature","properties":{},"geometry":null`, `"Way"`, 1), `:3: feature 2: its type is "Way"; it must be "Feature"`},
		{"cut off", roadsText[:200], ":2: unexpected end of JSON input; the file must be a GeoJSON FeatureCollection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			paths := roadFile(t, tt.text)
			_, err := registry.Load(paths)
			if err == nil || err.Error() != paths.Roads+tt.want {
				t.Errorf("got  %v\nwant %s%s", err, paths.Roads, tt.want)
			}
		})
	}
}

// A road file counts like the others: its faults keep the old registry, and a change is
// taken up.
func TestRoadsAreReloaded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		road := roadFile(t, roadsText)
		w := watch(t, func(o *registry.WatcherOptions) { o.Paths.Roads = road.Roads })
		defer w.stop()
		looks(1)
		w.save(t, road.Roads, `{"type":"FeatureCollection","features":[]}`, interval)
		looks(3)
		if n := len(w.Current().Roads()); n != 0 {
			t.Errorf("%d roads after all were taken out", n)
		}
		w.save(t, road.Roads, "[", 2*interval)
		looks(3)
		if _, errs := w.told(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "roads.geojson:1") {
			t.Errorf("told %v", errs)
		}
	})
}

func FuzzRoads(f *testing.F) {
	f.Add(roadsText)
	f.Add(`{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"MultiLineString","coordinates":[[]]}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := registry.LoadRoads(text)
		if err != nil {
			return
		}
		for _, road := range r.Roads() {
			if len(road) < 2 {
				t.Fatalf("a road of %d points was let pass", len(road))
			}
			for _, p := range road {
				if p.Validate() != nil {
					t.Fatalf("a road at %v was let pass", p)
				}
			}
		}
	})
}
