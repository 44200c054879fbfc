package registry_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/registry"
	"phusong/telemetry"
)

const (
	areasText = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"80","name":"Tây Ninh","type":"Tỉnh"},"geometry":null},
{"type":"Feature","properties":{"code":"25459","name":"Tân Ninh","type":"Phường","parent":"80","population":1000,"area_km2":12.5,"center":[106.1,11.3],"valid_from":"2025-07-01","approximate":true},
 "geometry":{"type":"Polygon","coordinates":[[[106,11.2],[106.2,11.2],[106.2,11.4],[106,11.4],[106,11.2]],[[106.12,11.32],[106.14,11.32],[106.14,11.34],[106.12,11.34],[106.12,11.32]]]}}
]}`
	sitesText = "id,name,category,area,lat,lon,required,hours\n" +
		"th-01,Trường Tiểu học Kim Đồng,school,25459,11.31,106.1,có,Mo-Fr 07:00-17:00\n" +
		"bv-01,Bệnh viện Đa khoa,hospital,25459,,,no,24/7\n"
	devicesText = "id,kind,name,site,area,lat,lon,interval,parent,capacity,model,retired\n" +
		"ap-1,wifi,Sân trường,th-01,,,,60s,gw-1,60,EAP245,\n" +
		"gw-1,wifi,Cổng,th-01,,11.3101,106.1002,30,,,,no\n" +
		"probe-1,mobile,,,25459,,,5m,,,,\n" +
		"old-1,environment,,,80,,,,,,,yes\n"
)

// files writes the three files and returns their paths; "" writes and names none.
func files(t testing.TB, areas, sites, devices string) registry.Paths {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		if text == "" {
			return ""
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	paths := registry.Paths{Sites: write("sites.csv", sites), Devices: write("devices.csv", devices)}
	if path := write("areas.geojson", areas); path != "" {
		paths.Areas = []string{path}
	}
	return paths
}

// problemsOf loads the files and returns the problems as "file:line: text".
func problemsOf(t *testing.T, areas, sites, devices string) []string {
	t.Helper()
	r, err := registry.Load(files(t, areas, sites, devices))
	if err == nil {
		return nil
	}
	if r != nil {
		t.Error("a snapshot came with an error")
	}
	var list *registry.ProblemsError
	if !errors.As(err, &list) {
		t.Fatalf("error %v is not a ProblemsError", err)
	}
	var texts []string
	for _, p := range list.Problems {
		p.File = filepath.Base(p.File)
		texts = append(texts, p.String())
	}
	return texts
}

func TestLoad(t *testing.T) {
	t.Parallel()
	r, err := registry.Load(files(t, areasText, sitesText, devicesText))
	if err != nil {
		t.Fatal(err)
	}
	hours, err := telemetry.ParseHours("Mo-Fr 07:00-17:00")
	if err != nil {
		t.Fatal(err)
	}
	school := telemetry.Site{ID: "th-01", Name: "Trường Tiểu học Kim Đồng", Category: telemetry.School, Area: "25459", At: telemetry.Point{Lat: 11.31, Lon: 106.1}, Required: true, Hours: hours}
	if got, ok := r.Site("th-01"); !ok || !cmp.Equal(got, school) {
		t.Errorf("site (-want +got):\n%s", cmp.Diff(school, got))
	}
	want := []telemetry.Device{
		{ID: "ap-1", Kind: telemetry.KindWiFi, Name: "Sân trường", Site: "th-01", Area: "25459", At: school.At, Interval: time.Minute, Parent: "gw-1", Capacity: 60, Model: "EAP245"},
		{ID: "gw-1", Kind: telemetry.KindWiFi, Name: "Cổng", Site: "th-01", Area: "25459", At: telemetry.Point{Lat: 11.3101, Lon: 106.1002}, Interval: 30 * time.Second},
		{ID: "old-1", Kind: telemetry.KindEnvironment, Area: "80", Retired: true},
		{ID: "probe-1", Kind: telemetry.KindMobile, Area: "25459", Interval: 5 * time.Minute},
	}
	if diff := cmp.Diff(want, r.Devices()); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	for _, d := range want {
		if got, ok := r.Device(d.ID); !ok || got != d {
			t.Errorf("Device(%q) = %+v, %v", d.ID, got, ok)
		}
	}
	if _, ok := r.Device("nobody"); ok {
		t.Error("a device that nobody registered was found")
	}
	if got := r.Communes("80"); len(got) != 1 || got[0].Code != "25459" || !got[0].Approximate || got[0].Population != 1000 {
		t.Errorf("communes of 80: %+v", got)
	}
	if got := r.Sites(); len(got) != 2 || got[0].ID != "bv-01" || !got[0].At.IsZero() {
		t.Errorf("sites: %+v", got)
	}
}

func TestNothingConfiguredIsEmpty(t *testing.T) {
	t.Parallel()
	loaded, err := registry.Load(registry.Paths{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*registry.Registry{loaded, {}} {
		if _, ok := r.AreaAt(telemetry.Point{Lat: 11, Lon: 106}, time.Time{}); ok {
			t.Error("an area was found in nothing")
		}
		if _, ok := r.Device("ap-1"); ok || len(r.Devices())+len(r.Sites())+len(r.Areas())+len(r.Communes("80")) != 0 {
			t.Error("there is something in nothing")
		}
	}
}

// Without area files any well-formed code is allowed: there is nothing to check it by.
func TestDevicesAlone(t *testing.T) {
	t.Parallel()
	if got := problemsOf(t, "", "", "id,kind,area,interval\nap-1,wifi,12345,60\n"); got != nil {
		t.Errorf("problems %q", got)
	}
}

func TestAreaAt(t *testing.T) {
	t.Parallel()
	province := strings.Replace(areasText, `"geometry":null`, `"geometry":{"type":"Polygon","coordinates":[[[105,10],[107,10],[107,12],[105,12],[105,10]]]}`, 1)
	r, err := registry.Load(files(t, province, "", ""))
	if err != nil {
		t.Fatal(err)
	}
	after, before := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 6, 30, 23, 59, 59, 0, time.UTC)
	for name, tt := range map[string]struct {
		lat, lon float64
		at       time.Time
		want     telemetry.AreaCode
	}{
		"inside a commune":           {11.25, 106.05, after, "25459"},
		"its first day":              {11.25, 106.05, before.Add(time.Second), "25459"},
		"before there was a commune": {11.25, 106.05, before, "80"},
		"in a hole of it":            {11.33, 106.13, after, "80"},
		"in the province only":       {10.5, 105.5, after, "80"},
		"abroad":                     {12.5, 105.5, after, ""},
	} {
		if got, _ := r.AreaAt(telemetry.Point{Lat: tt.lat, Lon: tt.lon}, tt.at); got.Code != tt.want {
			t.Errorf("%s: found in %q, want %q", name, got.Code, tt.want)
		}
	}
}

// A box of the whole world must not fill the index.
func TestVeryWideArea(t *testing.T) {
	t.Parallel()
	wide := strings.Replace(areasText, `"geometry":null`, `"geometry":{"type":"MultiPolygon","coordinates":[[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]]}`, 1)
	r, err := registry.Load(files(t, wide, "", ""))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := r.AreaAt(telemetry.Point{Lat: -33, Lon: -70}, time.Time{}); !ok || got.Code != "80" {
		t.Errorf("found %q, %v", got.Code, ok)
	}
}

// Neighbours share their border: each point of it belongs to exactly one of them.
func TestBordersBelongToOneSide(t *testing.T) {
	t.Parallel()
	square := func(code string, lon, lat int) string {
		return fmt.Sprintf(`{"type":"Feature","properties":{"code":%q,"name":"x","parent":"80"},"geometry":{"type":"Polygon","coordinates":[[[%d,%d],[%d,%d],[%d,%d],[%d,%d],[%d,%d]]]}}`,
			code, lon, lat, lon+1, lat, lon+1, lat+1, lon, lat+1, lon, lat)
	}
	var features []string
	for i := range 4 {
		features = append(features, square(fmt.Sprintf("1000%d", i), 105+i%2, 10+i/2))
	}
	// Each alone, so that the first match cannot hide a second.
	held := make(map[telemetry.Point]int)
	points := []telemetry.Point{{Lat: 11, Lon: 106}, {Lat: 11, Lon: 105.5}, {Lat: 10.5, Lon: 106}, {Lat: 11, Lon: 106.25}, {Lat: 11.75, Lon: 106}}
	for _, f := range features {
		r, err := registry.Load(files(t, `{"type":"FeatureCollection","features":[`+f+`]}`, "", ""))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			if _, ok := r.AreaAt(p, time.Time{}); ok {
				held[p]++
			}
		}
	}
	for _, p := range points {
		if held[p] != 1 {
			t.Errorf("%+v lies in %d of four squares, want 1", p, held[p])
		}
	}
}

// What spreadsheets make of the same table must load to the same registry.
func TestDialects(t *testing.T) {
	t.Parallel()
	plain, err := registry.Load(files(t, areasText, sitesText, devicesText))
	if err != nil {
		t.Fatal(err)
	}
	retab := func(separator string) func(string) string {
		return func(s string) string { return strings.ReplaceAll(s, ",", separator) }
	}
	for name, change := range map[string]func(string) string{
		"byte order mark": func(s string) string { return "\ufeff" + s },
		"semicolons":      retab(";"),
		"tabs":            retab("\t"),
		"CRLF":            func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"no last newline": func(s string) string { return strings.TrimSuffix(s, "\n") },
		"upper-case header": func(s string) string {
			head, rest, _ := strings.Cut(s, "\n")
			return strings.ToUpper(head) + "\n" + rest
		},
		"blank rows":      func(s string) string { return s + "\n,,,,,,\n\n" },
		"trailing commas": func(s string) string { return strings.ReplaceAll(s, "\n", ",,\n") },
		"quoted": func(s string) string {
			lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
			for i := range lines {
				lines[i] = `"` + strings.ReplaceAll(lines[i], ",", `","`) + `"`
			}
			return strings.Join(lines, "\n")
		},
		"columns reversed": func(s string) string {
			lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
			for i := range lines {
				fields := strings.Split(lines[i], ",")
				slices.Reverse(fields)
				lines[i] = strings.Join(fields, ",")
			}
			return strings.Join(lines, "\n")
		},
		"decomposed letters": func(s string) string {
			return strings.NewReplacer("ờ", "o\u031b\u0300", "ó", "o\u0301", "ọ", "o\u0323").Replace(s)
		},
		"spaces around": func(s string) string {
			head, rest, _ := strings.Cut(s, "\n")
			return head + "\n" + strings.ReplaceAll(rest, ",", " ,\u00a0")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := registry.Load(files(t, areasText, change(sitesText), change(devicesText)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plain.Sites(), r.Sites()); diff != "" {
				t.Errorf("sites (-plain +changed):\n%s", diff)
			}
			if diff := cmp.Diff(plain.Devices(), r.Devices()); diff != "" {
				t.Errorf("devices (-plain +changed):\n%s", diff)
			}
		})
	}
}
