package registry_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/registry"
)

func TestDeviceProblems(t *testing.T) {
	t.Parallel()
	const header = "id,kind,name,site,area,lat,lon,interval,parent,capacity,model,retired\n"
	const alarms = "id,kind,area,interval,water_alarms\n"
	tests := []struct{ name, text, want string }{
		{"unknown site", header + "ap-1,wifi,,th-02,,,,60s,,,,\n", `devices.csv:2: site "th-02" does not exist; add it to sites.csv or correct the name`},
		{"unknown area", header + "ap-1,wifi,,,99999,,,60s,,,,\n", `devices.csv:2: area "99999" is in no area file; add its feature or correct the code`},
		{"unknown parent", header + "ap-1,wifi,,,80,,,60s,gw-9,,,\n", `devices.csv:2: parent "gw-9" does not exist; add the device or correct the name`},
		{"a wrong code", header + "ap-1,wifi,,,abc,,,60s,,,,\n", `devices.csv:2: area code "abc" is neither a province (2 digits) nor a commune (5 digits)`},
		{"lost zeros", header + "ap-1,wifi,,,8,,,60s,,,,\n", `devices.csv:2: area code "8" is neither a province (2 digits) nor a commune (5 digits); a spreadsheet drops leading zeros: write 08 and format the column as text`},
		{"lost zeros of a commune", header + "ap-1,wifi,,,859,,,60s,,,,\n", `devices.csv:2: area code "859" is neither a province (2 digits) nor a commune (5 digits); a spreadsheet drops leading zeros: write 00859 and format the column as text`},
		{"neither site nor area", header + "ap-1,wifi,,,,,,60s,,,,\n", "devices.csv:2: neither site nor area is given; write the site, or the area that the device belongs to"},
		{"area against site", header + "ap-1,wifi,,th-01,80,,,60s,,,,\n", `devices.csv:2: area "80" disagrees with site "th-01", which is in "25459"; leave area empty or correct one of them`},
		{"a capital in the id", header + "AP-1,wifi,,,80,,,60s,,,,\n", `devices.csv:2: device id "AP-1" holds 'A'; use a-z, 0-9 and hyphens`},
		{"no id", header + ",wifi,,,80,,,60s,,,,\n", "devices.csv:2: device id is empty"},
		{"duplicate", header + "ap-1,wifi,,,80,,,60s,,,,\n\nap-1,wifi,,,80,,,60s,,,,\n", `devices.csv:4: device id "ap-1" is already used in line 2; give each device its own`},
		{"kind misspelt", header + "ap-1,wify,,,80,,,60s,,,,\n", `devices.csv:2: kind "wify" is unknown; did you mean "wifi"?`},
		{"kind of a reading", header + "ap-1,status,,,80,,,60s,,,,\n", `devices.csv:2: kind "status" is unknown; known are wifi, mobile, environment`},
		{"no interval", header + "ap-1,wifi,,,80,,,,,,,\n", "devices.csv:2: interval is empty; write the time between two readings, such as 60s, so that silence can be noticed"},
		{"interval in words", header + "ap-1,wifi,,,80,,,often,,,,\n", `devices.csv:2: interval "often" is not a time; write it like 30s, 5m, 2h or 1d, or in plain seconds`},
		{"interval of zero", header + "ap-1,wifi,,,80,,,0,,,,\n", `devices.csv:2: interval "0" is outside 1s to 7d; write the time between two readings`},
		{"interval too short", header + "ap-1,wifi,,,80,,,999ms,,,,\n", `devices.csv:2: interval "999ms" is outside 1s to 7d; write the time between two readings`},
		{"interval too long", header + "ap-1,wifi,,,80,,,604801,,,,\n", `devices.csv:2: interval "604801" is outside 1s to 7d; write the time between two readings`},
		{"interval that overflows", header + "ap-1,wifi,,,80,,,4000000000d,,,,\n", `devices.csv:2: interval "4000000000d" is outside 1s to 7d; write the time between two readings`},
		{"null island", header + "ap-1,wifi,,,80,0,0.0,60s,,,,\n", "devices.csv:2: 0, 0 is where receivers without a fix believe to be; leave lat and lon empty until they are known"},
		{"swapped", header + "ap-1,wifi,,,80,106.1,11.3,60s,,,,\n", "devices.csv:2: lat 106.1 and lon 11.3 seem swapped; write lat 11.3, lon 106.1"},
		{"swapped abroad", header + "ap-1,wifi,,,80,-122.4,37.7,60s,,,,\n", "devices.csv:2: lat -122.4 and lon 37.7 seem swapped; a latitude lies between -90 and 90"},
		{"not on Earth", header + "ap-1,wifi,,,80,11,306.1,60s,,,,\n", "devices.csv:2: lon: 306.1 is outside -180 to 180"},
		{"half a position", header + "ap-1,wifi,,,80,11.3,,60s,,,,\n", "devices.csv:2: lat and lon come together; give both or neither"},
		{"decimal comma", header + `ap-1,wifi,,,80,"11,3",106.1,60s,,,,` + "\n", `devices.csv:2: lat "11,3" has a decimal comma; write 11.3 (in the spreadsheet, format the column as text)`},
		{"decimal comma, unquoted", header + "ap-1,wifi,,,80,11,3,106,1,60s,,,,\n", "devices.csv:2: 14 fields, but the header names 12 columns; write a value that holds , in quotation marks, and numbers with a point: 10.5"},
		{"degrees and minutes", header + "ap-1,wifi,,,80,11°18',106.1,60s,,,,\n", `devices.csv:2: lat "11°18'" is not a number of degrees; write it like 10.5372`},
		{"NaN", header + "ap-1,wifi,,,80,NaN,106.1,60s,,,,\n", `devices.csv:2: lat "NaN" is not a number of degrees; write it like 10.5372`},
		{"water alarms", alarms + "g-1,environment,80,60s,3.0 2.5\n", `devices.csv:2: water_alarms "3.0 2.5": each level must be above the one before`},
		{"too many water alarms", alarms + "g-1,environment,80,60s,1 2 3 4\n", `devices.csv:2: water_alarms has 4 levels; a gauge has at most 3, such as "2.5 3.0 3.5"`},
		{"water alarm in words", alarms + "g-1,environment,80,60s,high\n", `devices.csv:2: water_alarms "high" is not a number of metres; write one with a decimal point, such as 2.5`},
		{"capacity", header + "ap-1,wifi,,,80,,,60s,,many,,\n", `devices.csv:2: capacity "many" is not a number of clients; write a whole number up to 10000`},
		{"retired", header + "ap-1,wifi,,,80,,,60s,,,,maybe\n", `devices.csv:2: retired "maybe" is neither yes nor no; write yes or no (có or không)`},
		{"own parent", header + "ap-1,wifi,,,80,,,60s,ap-1,,,\n", "devices.csv:2: parents run in a circle: ap-1 → ap-1; clear the parent of the one that is nearest to the internet"},
		{"circle", header + "ap-0,wifi,,,80,,,60s,ap-1,,,\nap-1,wifi,,,80,,,60s,ap-2,,,\nap-2,wifi,,,80,,,60s,ap-3,,,\nap-3,wifi,,,80,,,60s,ap-1,,,\n", "devices.csv:3: parents run in a circle: ap-1 → ap-2 → ap-3 → ap-1; clear the parent of the one that is nearest to the internet"},
		{"unknown column", "id,kind,area,intervall\n", "devices.csv:1: the column \"intervall\" is unknown; did you mean \"interval\"?\ndevices.csv:1: the column \"interval\" is missing; add it"},
		{"swapped letters", "id,kind,area,interval,prаent\n", `devices.csv:1: the column "prаent" is unknown; did you mean "parent"?`}, // a Cyrillic a
		{"column twice", "id,kind,area,interval,ID\n", `devices.csv:1: the column "id" appears twice; remove one`},
		{"column without a name", "id,,kind,area,interval\n", "devices.csv:1: column 2 has no name; name it or remove it"},
		{"value without a column", "id,kind,area,interval,,\nap-1,wifi,80,60,,x\n", `devices.csv:2: the value "x" stands in column 6, which has no name; name the column or remove the value`},
		{"too few fields", header + "ap-1,wifi\n", "devices.csv:2: 2 fields, but the header names 12 columns; a value may be missing its separator"},
		{"open quotation mark", header + "ap-1,wifi,\"Sân\n", "devices.csv:2: a quotation mark is out of place; write a value that holds one in quotation marks, with each inner one doubled; the lines after it were not read"},
		{"line break in a name", header + "ap-1,wifi,\"a\nb\",,80,,,60s,,,,\nap-2,wify,,,80,,,60s,,,,\n", "devices.csv:2: name \"a\\nb\" holds a line break or another control character; write it in one line\ndevices.csv:4: kind \"wify\" is unknown; did you mean \"wifi\"?"},
		{"a name too long", header + "ap-1,wifi," + strings.Repeat("x", 201) + ",,80,,,60s,,,,\n", "devices.csv:2: name is 201 bytes long; at most 200 are allowed"},
		{"not UTF-8", header + "ap-1,wifi,,,80,,,60s,,,,\nap-2,wifi,S\xe2n,,80,,,60s,,,,\n", `devices.csv:3: the text is not UTF-8; save it as "CSV UTF-8"`},
		{"UTF-16", "\xff\xfei\x00d\x00", `devices.csv:1: the file is UTF-16; save it as "CSV UTF-8"`},
		{"zero byte", header + "ap-1\x00,wifi,,,80,,,60s,,,,\n", `devices.csv:2: there is a zero byte; this is not a text file, save it as "CSV UTF-8"`},
		{"empty", "\n \n", "devices.csv: the file is empty; its first line must name the columns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(problemsOf(t, areasText, sitesText, tt.text), "\n")
			if got != tt.want {
				t.Errorf("problems:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestSiteProblems(t *testing.T) {
	t.Parallel()
	const header = "id,name,category,area,lat,lon,required,hours\n"
	tests := []struct{ name, text, want string }{
		{"no name", header + "th-01,,school,25459,,,,\n", "sites.csv:2: name is empty; write what people call the place"},
		{"category", header + "th-01,x,shool,25459,,,,\n", `sites.csv:2: category "shool" is unknown; did you mean "school"?`},
		{"no category", header + "th-01,x,,25459,,,,\n", `sites.csv:2: category "" is unknown; known are school, hospital, residential, tourism, office`},
		{"no area", header + "th-01,x,school,,,,,\n", "sites.csv:2: area is empty; write the code of the commune"},
		{"required", header + "th-01,x,school,25459,,,maybe,\n", `sites.csv:2: required "maybe" is neither yes nor no; write yes or no (có or không)`},
		{"hours", header + "th-01,x,school,25459,,,,8-17\n", `sites.csv:2: opening hours "8-17": "8-17" lacks days or times; write them like "Mo-Fr 07:00-17:00; Sa 08:00-12:00" or "24/7"`},
		{"duplicate", header + "th-01,x,school,25459,,,,\nth-01,y,school,25459,,,,\n", `sites.csv:3: site id "th-01" is already used in line 2; give each site its own`},
		{"id", header + "th_01,x,school,25459,,,,\n", `sites.csv:2: site id "th_01" holds '_'; use a-z, 0-9 and hyphens`},
		{"swapped", header + "th-01,x,school,25459,106.1,11.3,,\n", "sites.csv:2: lat 106.1 and lon 11.3 seem swapped; write lat 11.3, lon 106.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(problemsOf(t, areasText, tt.text, ""), "\n")
			if got != tt.want {
				t.Errorf("problems:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestAreaProblems(t *testing.T) {
	t.Parallel()
	collection := func(features ...string) string {
		return "{\"type\":\"FeatureCollection\",\"features\":[\n" + strings.Join(features, ",\n") + "\n]}"
	}
	with := func(properties, geometry string) string {
		return `{"type":"Feature","properties":{` + properties + `},"geometry":` + geometry + `}`
	}
	const good = `"code":"25459","name":"Tân Ninh","parent":"80"`
	polygon := func(ring string) string { return `{"type":"Polygon","coordinates":[[` + ring + `]]}` }
	tests := []struct{ name, text, want string }{
		{"code twice", collection(with(good, "null"), with(good, "null")), `areas.geojson:3: feature 2 (25459 Tân Ninh): code "25459" is already used by Tân Ninh (areas.geojson:2); a code is never used twice`},
		{"code as a number", collection(with(`"code":25459,"name":"x"`, "null")), "areas.geojson:2: feature 1: properties.code cannot be number; it must be text in quotation marks, because leading zeros count"},
		{"lost zeros", collection(with(`"code":"859","name":"Tân Ninh","parent":"80"`, "null")), `areas.geojson:2: feature 1 (859 Tân Ninh): area code "859" is neither a province (2 digits) nor a commune (5 digits); a spreadsheet drops leading zeros: write 00859 and format the column as text`},
		{"no name", collection(with(`"code":"25459","parent":"80"`, "null")), "areas.geojson:2: feature 1 (25459): name is missing"},
		{"no parent", collection(with(`"code":"25459","name":"x"`, "null")), "areas.geojson:2: feature 1 (25459 x): parent is missing; write the code of the commune's province"},
		{"a commune as parent", collection(with(`"code":"25459","name":"x","parent":"25460"`, "null")), `areas.geojson:2: feature 1 (25459 x): parent "25460" is not the code of a province, which has 2 digits`},
		{"a province with a parent", collection(with(`"code":"80","name":"x","parent":"82"`, "null")), "areas.geojson:2: feature 1 (80 x): a province has no parent; take it out"},
		{"center swapped", collection(with(good+`,"center":[11.3,106.1]`, "null")), "areas.geojson:2: feature 1 (25459 Tân Ninh): center: lat 106.1 and lon 11.3 seem swapped; write lat 11.3, lon 106.1; GeoJSON writes lon first"},
		{"center of one number", collection(with(good+`,"center":[11.3]`, "null")), "areas.geojson:2: feature 1 (25459 Tân Ninh): center has 1 numbers; write [lon, lat]"},
		{"population", collection(with(good+`,"population":-5`, "null")), "areas.geojson:2: feature 1 (25459 Tân Ninh): population, visitors and area_km2 cannot be negative; leave out what is unknown"},
		{"population in words", collection(with(good+`,"population":"33.341"`, "null")), "areas.geojson:2: feature 1 (25459 Tân Ninh): properties.population cannot be string; it must be a whole number"},
		{"date", collection(with(good+`,"valid_from":"1/7/2025"`, "null")), `areas.geojson:2: feature 1 (25459 Tân Ninh): valid_from "1/7/2025" is not a date; write it like 2025-07-01`},
		{"dates swapped", collection(with(good+`,"valid_from":"2025-07-01","valid_to":"2024-01-01"`, "null")), "areas.geojson:2: feature 1 (25459 Tân Ninh): valid_to 2024-01-01 is not after valid_from 2025-07-01; it is the first day on which the area is no more"},
		{"a point", collection(with(good, `{"type":"Point","coordinates":[106,11]}`)), `areas.geojson:2: feature 1 (25459 Tân Ninh): the geometry is a "Point"; it must be a Polygon, a MultiPolygon or null`},
		{"wrong nesting", collection(with(good, `{"type":"MultiPolygon","coordinates":[[[106,11]]]}`)), "areas.geojson:2: feature 1 (25459 Tân Ninh): the coordinates are not those of a MultiPolygon"},
		{"open ring", collection(with(good, polygon("[106,11],[107,11],[107,12],[106,12]"))), "areas.geojson:2: feature 1 (25459 Tân Ninh): polygon 1, ring 1: the ring is not closed; its last point must repeat its first, 106, 11"},
		{"crossing ring", collection(with(good, polygon("[106,11],[107,12],[107,11],[106,12],[106,11]"))), "areas.geojson:2: feature 1 (25459 Tân Ninh): polygon 1, ring 1: the ring crosses itself near lat 12.00000, lon 106.00000; redraw it there"},
		{"short ring", collection(with(good, polygon("[106,11],[107,12],[106,11]"))), "areas.geojson:2: feature 1 (25459 Tân Ninh): polygon 1, ring 1: 3 points are too few; a ring has at least 4, the last equal to the first"},
		{"swapped ring", collection(with(good, polygon("[11,106],[11,107],[12,107],[11,106]"))), "areas.geojson:2: feature 1 (25459 Tân Ninh): polygon 1, ring 1: point 1: lat 106 and lon 11 seem swapped; write lat 11, lon 106; GeoJSON writes lon first"},
		{"a point of one number", collection(with(good, polygon("[106,11],[107],[107,12],[106,11]"))), "areas.geojson:2: feature 1 (25459 Tân Ninh): polygon 1, ring 1: point 2 is not [lon, lat]"},
		{"not a feature", collection(`{"type":"Topology","properties":{` + good + `}}`), `areas.geojson:2: feature 1 (25459 Tân Ninh): its type is "Topology"; it must be "Feature"`},
		{"not a collection", `{"type":"Feature"}`, `areas.geojson:1: the type is "Feature"; the file must be a GeoJSON FeatureCollection`},
		{"no features", `{"type":"FeatureCollection"}`, `areas.geojson:1: there is no "features" list; the file must be a GeoJSON FeatureCollection`},
		{"a list", "[]", "areas.geojson:1: there is [ where { belongs; the file must be a GeoJSON FeatureCollection"},
		{"cut off", "{\"type\":\"FeatureCollection\",\"features\":[\n" + with(good, "null"), "areas.geojson:2: unexpected end of JSON input; the file must be a GeoJSON FeatureCollection"},
		{"a comma too many", "{\"type\":\"FeatureCollection\",\n\"features\":[\n{,}]}", "areas.geojson:3: invalid character ',' looking for beginning of object key string; the file must be a GeoJSON FeatureCollection"},
		{"two collections", collection() + "{}", "areas.geojson:3: invalid character '{' after top-level value; the file must be a GeoJSON FeatureCollection"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(problemsOf(t, tt.text, "", ""), "\n")
			// Messages name other files by their whole path, which is a temporary one here.
			if i := strings.Index(got, "(/"); i >= 0 {
				j := strings.LastIndex(got, "/areas.geojson:")
				got = got[:i+1] + got[j+1:]
			}
			if got != tt.want {
				t.Errorf("problems:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestAllProblemsAreTold(t *testing.T) {
	t.Parallel()
	got := problemsOf(t, strings.Replace(areasText, `"name":"Tân Ninh",`, "", 1),
		"id,name,category,area\nth-01,x,shool,25459\nth-02,y,school,11111\n",
		"id,kind,area,site,interval\nap-1,wifi,,th-01,60\nap-2,wify,,th-03,0\n")
	want := []string{
		"areas.geojson:3: feature 2 (25459): name is missing",
		`sites.csv:2: category "shool" is unknown; did you mean "school"?`,
		`sites.csv:3: area "11111" is in no area file; add its feature or correct the code`,
		`devices.csv:3: kind "wify" is unknown; did you mean "wifi"?`,
		`devices.csv:3: interval "0" is outside 1s to 7d; write the time between two readings`,
		`devices.csv:3: site "th-03" does not exist; add it to sites.csv or correct the name`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestFiftyProblemsAreEnough(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("id,kind,area,interval\n")
	for i := range 60 {
		fmt.Fprintf(&b, "ap-%d,wify,80,60\n", i)
	}
	_, err := registry.Load(files(t, areasText, "", b.String()))
	var list *registry.ProblemsError
	if !errors.As(err, &list) || len(list.Problems) != 50 || list.More != 10 {
		t.Fatalf("error %v", err)
	}
	if !strings.HasSuffix(err.Error(), "\nand 10 more") || strings.Count(err.Error(), "\n") != 50 {
		t.Errorf("error text:\n%s", err)
	}
}

// One fault must not make a crowd of others: what cannot be read proves nothing
// about what refers to it.
func TestFaultsDoNotCascade(t *testing.T) {
	t.Parallel()
	const devices = "id,kind,site,area,interval,parent\nap-1,wifi,th-01,,60,gw-1\ngw-1,wifi,,25459,60,\n"
	missing := filepath.Join(t.TempDir(), "nowhere.csv")
	for name, tt := range map[string]struct {
		areas, sites, devices string
		want                  int
	}{
		"areas cut off":             {areasText[:len(areasText)/2], sitesText, devices, 1},
		"a site with a quote":       {areasText, "id,name,category,area\nth-00,x,school,25459\nth-01,\"x\"y,school,25459\n", devices, 1},
		"a site too narrow":         {areasText, "id,name,category,area\nth-01\n", devices, 1},
		"a site column is unknown":  {areasText, "id,name,category,area,colour\n", devices, 1},
		"a parent too narrow":       {areasText, sitesText, strings.Replace(devices, "gw-1,wifi,,25459,60,", "gw-1", 1), 1},
		"a code that is a number":   {strings.Replace(areasText, `"code":"25459"`, `"code":25459`, 1), sitesText, devices, 1},
		"a site whose area is lost": {areasText, strings.ReplaceAll(sitesText, "25459", "254"), devices, 2},
	} {
		if got := problemsOf(t, tt.areas, tt.sites, tt.devices); len(got) != tt.want {
			t.Errorf("%s: %d problems, want %d:\n%s", name, len(got), tt.want, strings.Join(got, "\n"))
		}
	}
	paths := files(t, areasText, "", devices)
	paths.Sites = missing
	if _, err := registry.Load(paths); err == nil || err.Error() != missing+": the file does not exist; create it, or take its name out of the configuration" {
		t.Errorf("a missing file: %v", err)
	}
	paths.Sites = t.TempDir()
	if _, err := registry.Load(paths); err == nil || !strings.HasPrefix(err.Error(), paths.Sites+": the file cannot be read: ") {
		t.Errorf("a folder: %v", err)
	}
}

func FuzzTables(f *testing.F) {
	f.Add(sitesText, devicesText)
	f.Add("\ufeffid;name;category;area\r\nx;\"a\"\"b\";school;80\r\n", "id\tkind\tarea\tinterval\na\twifi\t80\t1d\n")
	f.Add("id,name", "id,kind,area,interval,parent\na,wifi,80,1,b\nb,wifi,80,1,a\n")
	f.Fuzz(func(t *testing.T, sites, devices string) {
		r, err := registry.LoadTexts(areasText, sites, devices)
		if err != nil {
			if list := (*registry.ProblemsError)(nil); !errors.As(err, &list) || len(list.Problems) == 0 {
				t.Fatalf("error %v names no problem", err)
			}
			return
		}
		for _, d := range r.Devices() {
			if got, ok := r.Device(d.ID); !ok || got != d {
				t.Errorf("device %q is not found again", d.ID)
			}
			if d.Site != "" {
				if _, ok := r.Site(d.Site); !ok {
					t.Errorf("device %q is at site %q, which is not there", d.ID, d.Site)
				}
			}
			if !d.Kind.IsDevice() || (d.Interval <= 0 && !d.Retired) || d.Area == "" {
				t.Errorf("device %+v was let pass", d)
			}
			// A circle would never end.
			steps := 0
			for p := d.Parent; p != ""; steps++ {
				next, ok := r.Device(p)
				if !ok || steps > len(r.Devices()) {
					t.Fatalf("the parents of %q lead nowhere or in a circle", d.ID)
				}
				p = next.Parent
			}
		}
	})
}

func FuzzAreas(f *testing.F) {
	f.Add(areasText)
	f.Add(`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"80","name":"x"},"geometry":{"type":"MultiPolygon","coordinates":[[]]}}]}`)
	f.Fuzz(func(t *testing.T, areas string) {
		r, err := registry.LoadTexts(areas, "id,name,category,area\n", "id,kind,area,interval\n")
		if err != nil {
			return
		}
		for _, a := range r.Areas() {
			if got, ok := r.Area(a.Code); !ok || got.Name != a.Name {
				t.Errorf("area %q is not found again", a.Code)
			}
			for _, polygon := range a.Outline {
				for _, ring := range polygon {
					r.AreaAt(ring[0], a.ValidFrom)
				}
			}
		}
	})
}
