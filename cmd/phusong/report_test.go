package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"phusong/coverage"
	"phusong/internal/sqlite"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// The land of these tests: two squares beside one another, as communes of Tây Ninh. The name
// of the second tries to be markup.
const reportAreas = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"80","name":"Tây Ninh","type":"Tỉnh"},"geometry":null},
{"type":"Feature","properties":{"code":"25459","name":"Tân Ninh","type":"Phường","parent":"80","population":9000},
 "geometry":{"type":"Polygon","coordinates":[[[106.05,11.25],[106.10,11.25],[106.10,11.35],[106.05,11.35],[106.05,11.25]]]}},
{"type":"Feature","properties":{"code":"25486","name":"<b>Tân & Châu</b>","type":"Xã","parent":"80","population":4000},
 "geometry":{"type":"Polygon","coordinates":[[[106.10,11.25],[106.15,11.25],[106.15,11.35],[106.10,11.35],[106.10,11.25]]]}}
]}`

// reportDay is the day of judgement in these tests.
const reportDay = "2026-10-31"

func cellNear(t *testing.T, lat, lon float64) coverage.Cell {
	t.Helper()
	cell, _, err := coverage.CellAt(telemetry.Point{Lat: lat, Lon: lon})
	if err != nil {
		t.Fatal(err)
	}
	return cell
}

// madeTest is a test that counts, the i-th of its cell: the point-hexes in turn, hours from 07 to
// 19, so that every spread that the rules ask for is there.
func madeTest(cell coverage.Cell, operator string, i int, mbps float64) telemetry.Reading {
	at := cell.PointHex(i % coverage.PointHexes).Center()
	r := telemetry.NewReading(telemetry.KindMobile)
	r.Device, r.Area = telemetry.DeviceID("probe-"+cell.String()+"-"+operator), "80"
	r.Time = time.Date(2026, 10, 10+i/10, 7+i%13-7, i%60, i%60, 0, time.UTC) // from 07:00 local
	r.Received = r.Time.Add(time.Second)
	*r.Mobile = telemetry.Mobile{
		Operator: telemetry.Some(operator), SIMOperator: telemetry.Some(operator), Technology: telemetry.Some("4g"), Outcome: telemetry.Some(telemetry.OutcomeOK),
		DownloadMbps: telemetry.Some(mbps), UploadMbps: telemetry.Some(10.0), LatencyMs: telemetry.Some(40.0), RSRPdBm: telemetry.Some(-95.0),
		Lat: telemetry.Some(at.Lat), Lon: telemetry.Some(at.Lon), AccuracyM: telemetry.Some(5.0), Indoor: telemetry.Some(false), DurationS: telemetry.Some(10.0),
	}
	return r
}

// reportTests are a gap, a dead cell, a covered and an unproven one of Viettel, one test of
// MobiFone, and a test for each way not to count.
func reportTests(t *testing.T) []telemetry.Reading {
	t.Helper()
	gap, dead := cellNear(t, 11.30, 106.07), cellNear(t, 11.30, 106.12)
	covered, unproven := cellNear(t, 11.33, 106.07), cellNear(t, 11.27, 106.13)
	var all []telemetry.Reading
	for i := range 30 {
		all = append(all, madeTest(gap, "45204", i, 12.5), madeTest(covered, "45204", i, 61.25), madeTest(covered, "45204", i+30, 58))
		none := madeTest(dead, "45204", i, 0)
		none.Mobile.Outcome = telemetry.Some(telemetry.OutcomeNoService)
		none.Mobile.Operator, none.Mobile.DownloadMbps, none.Mobile.UploadMbps = telemetry.Opt[string]{}, telemetry.Opt[float64]{}, telemetry.Opt[float64]{}
		all = append(all, none)
	}
	all = append(all, madeTest(unproven, "45204", 0, 33), madeTest(unproven, "45201", 0, 72))
	for i, spoil := range []func(m *telemetry.Mobile){
		func(m *telemetry.Mobile) { m.Indoor = telemetry.Some(true) },
		func(m *telemetry.Mobile) { m.SIMOperator = telemetry.Some("45201") },
		func(m *telemetry.Mobile) { m.Lat, m.Lon = telemetry.Opt[float64]{}, telemetry.Opt[float64]{} },
		func(m *telemetry.Mobile) { m.AccuracyM = telemetry.Some(400.0) },
		func(m *telemetry.Mobile) { m.Lat, m.Lon = telemetry.Some(21.02), telemetry.Some(105.84) },
		func(m *telemetry.Mobile) {
			m.Operator, m.SIMOperator = telemetry.Some("45299"), telemetry.Some("45299")
		},
		func(m *telemetry.Mobile) { m.DurationS = telemetry.Some(2.0) },
		func(m *telemetry.Mobile) { m.Outcome = telemetry.Some(telemetry.OutcomeFailed) },
		func(m *telemetry.Mobile) { m.Outcome = telemetry.Opt[string]{} }, // a radio sample
	} {
		r := madeTest(gap, "45204", i, 50)
		r.Device, r.Seq = "probe-2", telemetry.Some(int64(i))
		spoil(r.Mobile)
		all = append(all, r)
	}
	late := madeTest(gap, "45204", 0, 50)
	late.Device, late.Time = "probe-2", time.Date(2026, 10, 12, 16, 0, 0, 0, time.UTC) // 23:00 local
	return append(all, late)
}

// stored writes readings into the store of a data folder, as a service would have, and
// returns the configuration.
func stored(t *testing.T, readings []telemetry.Reading) (config string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "areas.geojson"), reportAreas)
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: dataFolder(dir).store()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), readings); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return configured(t, fmt.Sprintf("data: %q\nmqtt: {url: 'tcp://127.0.0.1:1'}\nregistry: {areas: [%q]}\n", dir, filepath.Join(dir, "areas.geojson")))
}

// reported runs a report that must succeed.
func reported(t *testing.T, args ...string) string {
	t.Helper()
	got := command(t, append([]string{"report"}, args...)...)
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("report %s: exit status %d, standard error %q", strings.Join(args, " "), got.code, got.stderr)
	}
	return got.stdout
}

func TestReportOfCoverage(t *testing.T) {
	t.Parallel()
	config := stored(t, reportTests(t))
	rules := coverage.DefaultRules()
	for file, args := range map[string][]string{
		"coverage.vi.txt": {"--operator", "Viettel"},
		"coverage.en.txt": {"--lang", "en", "--area", "25459"},
		"cells.csv":       {"--format", "csv"},
		"invalid.csv":     {"--format", "csv", "--table", "invalid"},
	} {
		got := reported(t, append([]string{"coverage", "-c", config, "--to", reportDay}, args...)...)
		// The hash of the rules is another with each parameter.
		golden(t, "testdata/report/"+file, strings.ReplaceAll(got, rules.ID(), "RULES"))
	}
}

// What the report says is what the tests were made to say.
func TestReportOfCoverageIsTrue(t *testing.T) {
	t.Parallel()
	config := stored(t, reportTests(t))
	verdicts := make(map[string]string)
	for _, row := range csvRows(t, reported(t, "coverage", "-c", config, "--to", reportDay, "--format", "csv")) {
		verdicts[row["cell"]+" "+row["operator"]] = row["verdict"] + " " + row["tests"] + "/" + row["negative"] + " " + row["area"]
	}
	want := map[string]string{
		cellNear(t, 11.30, 106.07).String() + " 45204": "gap 30/30 25459",
		cellNear(t, 11.30, 106.12).String() + " 45204": "dead 30/30 25486",
		cellNear(t, 11.33, 106.07).String() + " 45204": "covered 60/0 25459",
		cellNear(t, 11.27, 106.13).String() + " 45204": "unproven 1/1 25486",
		cellNear(t, 11.27, 106.13).String() + " 45201": "unproven 1/0 25486",
	}
	if diff := cmp.Diff(want, verdicts); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	means := make(map[string]string)
	for _, row := range csvRows(t, reported(t, "coverage", "-c", config, "--to", reportDay, "--format", "csv", "--table", "areas", "--operator", "45204")) {
		means[row["area"]] = row["mean_mbps"] + " " + row["mean_met"] + " " + row["available"]
	}
	// 30 at 12.5, 30 at 61.25 and 30 at 58; 90 of 121 attempts got service.
	if diff := cmp.Diff(map[string]string{"25459": "43.92 true 1", "25486": "33 false 0.0323", "80": "43.8 true 0.7521"}, means); diff != "" {
		t.Errorf("means by area (-want +got):\n%s", diff)
	}
	invalid := make(map[string]string)
	for _, row := range csvRows(t, reported(t, "coverage", "-c", config, "--to", reportDay, "--format", "csv", "--table", "invalid")) {
		invalid[row["reason"]] += row["operator"] + " " + row["tests"] + ";"
	}
	wantInvalid := map[string]string{
		"indoor": "45204 1;", "roaming": "45204 1;", "no_position": "45204 1;", "inaccurate": "45204 1;", "outside": "45204 1;",
		"unknown_operator": "45299 1;", "duration": "45204 1;", "failed_test": "45204 1;", "hours": "45204 1;",
	}
	if diff := cmp.Diff(wantInvalid, invalid); diff != "" {
		t.Errorf("tests that do not count (-want +got):\n%s", diff)
	}
	if got := csvRows(t, reported(t, "coverage", "-c", config, "--from", "2026-10-12", "--to", "2026-10-12", "--format", "csv", "--operator", "viettel")); slices.ContainsFunc(got, func(row map[string]string) bool { return row["tests"] > "2" && row["days"] != "1" }) {
		t.Errorf("tests of one day come from others:\n%v", got)
	}
}

func csvRows(t *testing.T, text string) (rows []map[string]string) {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, record := range records[1:] {
		row := make(map[string]string)
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// The same tests make the same bytes, in whatever order they came, on whatever day the report is made.
func TestReportsAreReproducible(t *testing.T) {
	t.Parallel()
	tests := reportTests(t)
	first := stored(t, tests)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(tests), func(i, j int) { tests[i], tests[j] = tests[j], tests[i] })
	second := stored(t, tests)
	declared := filepath.Join(t.TempDir(), "declared.csv")
	write(t, declared, declaredRaster(t))
	for _, args := range [][]string{
		{"coverage"}, {"dossier", "--operator", "Viettel"}, {"declared", "--operator", "Viettel", "--file", declared},
	} {
		for _, format := range []string{"table", "csv", "geojson", "xlsx", "html"} {
			out := filepath.Join(t.TempDir(), "out")
			run := func(config string) string {
				reported(t, append(args, "-c", config, "--to", reportDay, "--format", format, "-o", out)...)
				text, err := os.ReadFile(out)
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
			if a, b := run(first), run(second); a != b || len(a) < 200 {
				t.Errorf("%s as %s: two runs differ (%d and %d bytes)", args[0], format, len(a), len(b))
			}
		}
	}
}

// A province that keeps its readings in InfluxDB gets the same report, byte for byte.
func TestReportOfEitherStore(t *testing.T) {
	t.Parallel()
	tests := reportTests(t)
	light := stored(t, tests)
	database := testbed.InfluxDB(t, testbed.InfluxDBOptions{})
	database.CreateDatabase("town")
	lines := fmt.Sprintf("store: {kind: influx, influx: {url: %q, bucket: town/autogen}}\n", database.URL())
	text, err := os.ReadFile(light)
	if err != nil {
		t.Fatal(err)
	}
	heavy := configured(t, string(text)+lines)
	config, err := LoadConfig(heavy, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := withStore(t.Context(), &config, func(s store) error { return s.Write(t.Context(), tests) }); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"table", "csv", "geojson", "html"} {
		args := []string{"coverage", "--to", reportDay, "--format", format, "-c"}
		if a, b := reported(t, append(args, light)...), reported(t, append(args, heavy)...); a != b {
			t.Errorf("%s differs (-SQLite +InfluxDB):\n%s", format, cmp.Diff(a, b))
		}
	}
}

func TestReportAsGeoJSON(t *testing.T) {
	t.Parallel()
	var collection struct {
		Type, Day, Rules string
		Features         []struct {
			Geometry struct {
				Type        string
				Coordinates json.RawMessage
			}
			Properties map[string]any
		}
	}
	text := reported(t, "coverage", "-c", stored(t, reportTests(t)), "--to", reportDay, "--format", "geojson")
	if err := json.Unmarshal([]byte(text), &collection); err != nil {
		t.Fatal(err)
	}
	layers := make(map[string]int)
	for _, f := range collection.Features {
		layers[fmt.Sprint(f.Properties["layer"], " ", f.Properties["verdict"])]++
	}
	if diff := cmp.Diff(map[string]int{"cells gap": 1, "cells dead": 1, "cells covered": 1, "cells unproven": 2, "zones dead": 1, "zones gap": 1}, layers); diff != "" {
		t.Errorf("features (-want +got):\n%s", diff)
	}
	if collection.Day != reportDay || !strings.HasPrefix(collection.Rules, coverage.DefaultRules().Version+"+") {
		t.Errorf("day %q, rules %q", collection.Day, collection.Rules)
	}
}

func TestReportAsWorkbook(t *testing.T) {
	t.Parallel()
	book, err := excelize.OpenReader(strings.NewReader(reported(t, "coverage", "-c", stored(t, reportTests(t)), "--to", reportDay, "--format", "xlsx")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	if diff := cmp.Diff([]string{"Tổng quan", "Theo địa bàn và nhà mạng", "Vùng lõm sóng và vùng chậm", "Ô đã đo", "Phép đo không được tính"}, book.GetSheetList()); diff != "" {
		t.Errorf("sheets (-want +got):\n%s", diff)
	}
	rows, err := book.GetRows("Ô đã đo")
	if err != nil || len(rows) != 6 || rows[1][3] != "lõm sóng" || rows[1][2] != "Xã <b>Tân & Châu</b> (25486)" {
		t.Errorf("cells %v, %v", rows, err)
	}
	if kind, err := book.GetCellType("Ô đã đo", "I2"); err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
		t.Errorf("the number of tests is of type %v, %v; want a number", kind, err)
	}
}

// A page for paper: whole in itself, nothing that runs, nothing that a name can smuggle in.
func TestReportAsPage(t *testing.T) {
	t.Parallel()
	page := reported(t, "coverage", "-c", stored(t, reportTests(t)), "--to", reportDay, "--format", "html")
	for _, bad := range []string{"<script", "<b>Tân", "http://", "https://", "<link", "@import", "src="} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, good := range []string{`<html lang="vi">`, "Báo cáo phủ sóng di động", "&lt;b&gt;Tân &amp; Châu&lt;/b&gt;", "<svg", "chưa đủ bằng chứng", "@page", "Viettel (45204)", "43,92"} {
		if !strings.Contains(page, good) {
			t.Errorf("the page lacks %q", good)
		}
	}
}

// Whoever gets the dossier can recompute every verdict and see that nothing was changed.
func TestDossierCanBeVerified(t *testing.T) {
	t.Parallel()
	config := stored(t, reportTests(t))
	var dossier coverage.Dossier
	text := reported(t, "dossier", "-c", config, "--to", reportDay, "--operator", "Viettel", "--format", "json")
	if err := json.Unmarshal([]byte(text), &dossier); err != nil {
		t.Fatal(err)
	}
	if err := dossier.Verify(); err != nil || len(dossier.Cells) != 2 || len(dossier.Cells[0].Tests) != 30 {
		t.Fatalf("%d cells: %v", len(dossier.Cells), err)
	}
	hash, err := dossier.Hash()
	page := reported(t, "dossier", "-c", config, "--to", reportDay, "--operator", "Viettel", "--format", "html")
	if err != nil || !strings.Contains(page, hash) {
		t.Errorf("the printed dossier does not bear the hash %s (%v)", hash, err)
	}
	tests := csvRows(t, reported(t, "dossier", "-c", config, "--to", reportDay, "--operator", "Viettel", "--format", "csv", "--table", "tests"))
	if len(tests) != 60 || tests[0]["time"] == "" || strings.Contains(fmt.Sprint(tests), "probe-") {
		t.Errorf("%d tests, the first %v; want 60, of devices by their hash", len(tests), tests[0])
	}
	dossier.Cells[0].Tests[0].Mbps = 90
	if dossier.Cells[0].Tests[0].Result == coverage.Transferred && dossier.Verify() == nil {
		t.Error("an altered test is not noticed")
	}
	named := reported(t, "dossier", "-c", config, "--to", reportDay, "--operator", "45204", "--format", "csv", "--cell", cellNear(t, 11.27, 106.13).String())
	if rows := csvRows(t, named); len(rows) != 1 || rows[0]["verdict"] != "unproven" {
		t.Errorf("the named cell: %v", rows)
	}
}

// declaredRaster declares four cells of Viettel: the gap, the dead one, the covered one
// and one where nobody has been.
func declaredRaster(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("operator;raster;dl_normal\n")
	for _, cell := range []coverage.Cell{cellNear(t, 11.30, 106.07), cellNear(t, 11.30, 106.12), cellNear(t, 11.33, 106.07), cellNear(t, 11.34, 106.14)} {
		fmt.Fprintf(&b, "45204;%s;50000000\n", cell)
	}
	return b.String()
}

func TestReportOfDeclaredCoverage(t *testing.T) {
	t.Parallel()
	config := stored(t, reportTests(t))
	raster := filepath.Join(t.TempDir(), "declared.csv")
	write(t, raster, declaredRaster(t))
	kinds := func(file string) (list []string) {
		for _, row := range csvRows(t, reported(t, "declared", "-c", config, "--to", reportDay, "--operator", "Viettel", "--file", file, "--format", "csv")) {
			list = append(list, row["kind"]+" "+row["declared_mbps"])
		}
		return list
	}
	want := []string{"declared_dead 50", "declared_gap 50", "declared_untested 50", "declared_covered 50", "undeclared_measured "}
	if diff := cmp.Diff(want, kinds(raster)); diff != "" {
		t.Errorf("of a raster (-want +got):\n%s", diff)
	}
	polygons := filepath.Join(t.TempDir(), "declared.geojson")
	write(t, polygons, `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"download_mbps":45},
		"geometry":{"type":"Polygon","coordinates":[[[106.06,11.29],[106.09,11.29],[106.09,11.31],[106.06,11.31],[106.06,11.29]]]}}]}`)
	got := kinds(polygons)
	if got[0] != "declared_gap 45" || !slices.Contains(got, "declared_untested 45") || slices.Contains(got, "declared_dead 45") {
		t.Errorf("of polygons: %v", got)
	}
	text := reported(t, "declared", "-c", config, "--to", reportDay, "--operator", "Viettel", "--file", raster)
	if !strings.Contains(text, "công bố có sóng, đo thấy lõm sóng") {
		t.Errorf("the table says\n%s", text)
	}
}

func TestReportsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	config := stored(t, nil)
	empty := t.TempDir()
	bad := filepath.Join(empty, "bad.geojson")
	write(t, bad, `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"download_mbps":45},"geometry":{"type":"Polygon","coordinates":[[[11.2,106.0],[11.3,106.0],[11.3,106.1],[11.2,106.0]]]}}]}`)
	raster := filepath.Join(empty, "bad.csv")
	write(t, raster, "operator;dl_normal;raster\n45204;fast;8865b10e13fffff\n")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no store":             {[]string{"coverage", "--data", empty}, "there is no store in " + empty + ": name the data folder with --data"},
		"unknown operator":     {[]string{"coverage", "-c", config, "--operator", "Vietel"}, `--operator: "Vietel" is no operator; there are MobiFone (45201), `},
		"unknown area":         {[]string{"coverage", "-c", config, "--area", "82"}, "--area: no file of the registry knows the area 82"},
		"an area that is none": {[]string{"coverage", "-c", config, "--area", "Tây Ninh"}, "--area: area code"},
		"a day that is none":   {[]string{"coverage", "-c", config, "--to", "31/10/2026"}, `--to: "31/10/2026" is not a day; write it like 2026-11-03`},
		"the future":           {[]string{"coverage", "-c", config, "--to", "2999-01-01"}, "--to: 2999-01-01 is in the future"},
		"backwards":            {[]string{"coverage", "-c", config, "--from", "2026-10-02", "--to", "2026-10-01"}, "--from: 2026-10-02 is after 2026-10-01"},
		"no such table":        {[]string{"coverage", "-c", config, "--format", "csv", "--table", "x"}, `report coverage: there is no table "x"; there are areas, zones, cells, invalid`},
		"no JSON":              {[]string{"coverage", "-c", config, "--format", "json"}, "report coverage: it has no JSON of its own; use geojson"},
		"a cell that is none":  {[]string{"dossier", "-c", config, "--operator", "Viettel", "--cell", "x"}, `--cell: "x" is not an H3 cell of resolution 8`},
		"an unknown cell":      {[]string{"dossier", "-c", config, "--operator", "Viettel", "--cell", "8865b10e13fffff"}, "coverage: nothing is known of cell 8865b10e13fffff"},
		"no folder":            {[]string{"coverage", "-c", config, "-o", "/nowhere/out"}, "writing /nowhere/out: no such file or directory"},
		"exchanged polygon":    {[]string{"declared", "-c", config, "--operator", "Viettel", "--file", bad}, bad + ": feature 1: lat: 106 is outside -90 to 90; GeoJSON writes lon first"},
		"a rate in words":      {[]string{"declared", "-c", config, "--operator", "Viettel", "--file", raster}, raster + `: reading declared coverage: line 2: dl_normal: "fast" is not a rate in bit/s`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := command(t, append([]string{"report"}, tt.args...)...)
			if got.code != 1 || got.stdout != "" || !strings.HasPrefix(got.stderr, "phusong: "+tt.want) {
				t.Errorf("exit status %d, standard output %q, standard error\n%s\nwant\nphusong: %s", got.code, got.stdout, got.stderr, tt.want)
			}
		})
	}
}

// A report may be interrupted, and leaves nothing half written.
func TestReportThatFailsLeavesNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	err := replaceFile(path, func(w io.Writer) error {
		_, _ = w.Write([]byte("half"))
		return os.ErrDeadlineExceeded
	})
	if left := names(t, dir); err == nil || len(left) != 0 {
		t.Errorf("error %v, left %v", err, left)
	}
}
