package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"phusong/alerts/airquality"
	"phusong/alerts/desk"
	"phusong/internal/sqlite"
	"phusong/internal/testbed"
	"phusong/simulator"
	"phusong/telemetry"
)

// quarter is a small province over the turn of two quarters: lines are cut, portals fail, straw
// burns, a river rises, a sensor is stuck.
const quarter = `
title: The turn of a quarter
story: Something of everything that a report tells of.
expect: ["The report says it."]
events:
  - {at: 20h, for: 10h, do: uplink_cut, where: {area: "25630"}}
  - {at: 60h, for: 4h, do: portal_down, where: {first: 2}}
  - {at: 75h, for: 6h, do: uplink_lossy, where: {first: 4}, loss: 0.12}
  - {at: 30h, for: 20h, do: smoke, where: {near: [11.31, 106.10], radius_km: 40}, pm25: 190}
  - {at: 24h, for: 60h, do: flood, where: {near: [10.60, 106.40], radius_km: 45}, rise_m: 2.3}
  - {at: 50h, for: 20h, do: sensor_fault, where: {measures: air, first: 1}, mode: stuck}
`

const (
	quarterFrom, quarterTo = "2026-09-29", "2026-10-02"
)

// quarterWorld is the province, and what a service would have stored of it.
var quarterWorld = sync.OnceValues(func() (*simulator.World, []telemetry.Reading) {
	must := func(err error) {
		if err != nil {
			panic(err) // the first test to ask fails with it
		}
	}
	story, err := simulator.ParseScenario("quarter.yaml", []byte(quarter))
	must(err)
	start := time.Date(2026, 9, 28, 0, 0, 0, 0, airquality.Zone())
	world, err := simulator.New(simulator.Options{
		Seed: 3, Start: start, AccessPoints: 14, Probes: 2, Sensors: 12, Scenario: story, Users: true,
		WiFiInterval: 5 * time.Minute, MobileInterval: 30 * time.Minute, EnvironmentInterval: 10 * time.Minute,
	})
	must(err)
	var readings []telemetry.Reading
	for r, err := range heard(context.Background(), world.Events(start.AddDate(0, 0, 5))) {
		must(err)
		readings = append(readings, *r)
	}
	return world, readings
})

// quarterStore writes the province into a store, and returns the configuration.
func quarterStore(t *testing.T) (config string) {
	t.Helper()
	_, readings := quarterWorld()
	return storedQuarter(t, readings)
}

// storedQuarter writes readings of the province into a store beside a register of it, in which
// its sites are of all categories and a market has no access point.
func storedQuarter(t *testing.T, readings []telemetry.Reading) (config string) {
	t.Helper()
	world, _ := quarterWorld()
	dir := t.TempDir()
	sites := world.Sites()
	for i := range sites {
		sites[i].Category = telemetry.Categories()[i%len(telemetry.Categories())]
	}
	market := sites[0]
	market.ID, market.Name, market.Category, market.Required = "market", "<b>Chợ & bến xe</b>", telemetry.Tourism, true
	for name, write := range map[string]func(*os.File) error{
		"areas.geojson": func(f *os.File) error { return writeAreas(f, world.Areas()) },
		"sites.csv":     func(f *os.File) error { return writeSites(f, append(sites, market)) },
		"devices.csv":   func(f *os.File) error { return writeDevices(f, world.Devices()) },
	} {
		if err := writeNew(filepath.Join(dir, name), write); err != nil {
			t.Fatal(err)
		}
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: dataFolder(dir).store()})
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(readings, 5000) {
		if err := s.Write(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return configured(t, fmt.Sprintf("data: %q\nmqtt: {url: 'tcp://127.0.0.1:1'}\nregistry: {areas: [%q], sites: %q, devices: %q}\n", dir,
		filepath.Join(dir, "areas.geojson"), filepath.Join(dir, "sites.csv"), filepath.Join(dir, "devices.csv")))
}

func period(report, config string, args ...string) []string {
	return append([]string{report, "-c", config, "--from", quarterFrom, "--to", quarterTo}, args...)
}

func TestReportOfWiFiPlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	config := quarterStore(t)
	for file, args := range map[string][]string{
		"wifi.vi.txt":     nil,
		"wifi.en.txt":     {"--lang", "en", "--area", "25630"},
		"wifi-months.csv": {"--format", "csv"},
		"wifi-users.csv":  {"--format", "csv", "--table", "users"},
		"wifi-sites.csv":  {"--format", "csv", "--table", "sites"},
	} {
		golden(t, "testdata/report/"+file, reported(t, period("wifi", config, args...)...))
	}
}

// What the report says of a site is what the world knows: how long it worked.
func TestReportOfWiFiIsTruePlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	world, _ := quarterWorld()
	from := time.Date(2026, 9, 29, 0, 0, 0, 0, airquality.Zone())
	up, all := make(map[string]int), 0
	for at := from; at.Before(from.AddDate(0, 0, 4)); at = at.Add(time.Minute) {
		all++
		for _, s := range world.SiteStates(at) {
			if s.State == simulator.SiteWorking || s.State == simulator.SitePartly {
				up[string(s.Site)]++
			}
		}
	}
	rows := csvRows(t, reported(t, period("wifi", quarterStore(t), "--format", "csv", "--table", "sites")...))
	measured, failed := 0, 0
	for _, row := range rows {
		if row["access_points"] == "0" {
			if row["availability"] != "" || row["reason"] != "no access point" {
				t.Errorf("a site without access points: %v", row)
			}
			continue
		}
		measured++
		share, err := strconv.ParseFloat(row["availability"], 64)
		truth := float64(up[row["site"]]) / float64(all)
		if err != nil || math.Abs(share-truth) > 0.01 {
			t.Errorf("site %s: availability %s, in truth %.4f", row["site"], row["availability"], truth)
		}
		if share < 0.95 {
			failed++
			if row["reason"] == "" {
				t.Errorf("site %s: %v is down for no reason", row["site"], share)
			}
		}
	}
	if measured < 5 || failed == 0 {
		t.Errorf("%d sites measured, %d of them below the floor", measured, failed)
	}
}

// announceIn announces work at the desk of a service that does not run.
func announceIn(t *testing.T, config string, at time.Time, w desk.Window) {
	t.Helper()
	c, err := LoadConfig(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	server, _, _, err := openStream(t.Context(), &c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	d, err := openDesk(t.Context(), server, nil, quiet)
	if err == nil {
		w.Owner, w.Reason = "lan", "thay cáp"
		_, err = d.Announce(t.Context(), w, desk.Act{At: at, Who: "lan"})
	}
	if err := errors.Join(err, closeStream(t.Context(), server)); err != nil {
		t.Fatal(err)
	}
}

// Announced work is left out and shown, from its announcement on, and only where it was. The uplink of the
// commune is cut for the first six hours of the period.
func TestReportOfWiFiLeavesAnnouncedWorkOutPlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	config := quarterStore(t)
	at := func(hour int) time.Time { return time.Date(2026, 9, 29, hour, 0, 0, 0, airquality.Zone()) }
	commune := desk.Scope{Area: "25630"}
	announceIn(t, config, at(-10), desk.Window{ID: "in time", Scope: commune, From: at(-5), Until: at(2)})
	announceIn(t, config, at(4), desk.Window{ID: "after the fact", Scope: commune, From: at(2), Until: at(6)})
	announceIn(t, config, at(-10), desk.Window{ID: "over", Scope: commune, From: at(-9), Until: at(-8)})
	announceIn(t, config, at(-10), desk.Window{ID: "elsewhere", Scope: desk.Scope{Site: "market"}, From: at(0), Until: at(6)})

	report := reported(t, period("wifi", config, "--lang", "en", "--area", "25630")...)
	for _, want := range []string{`(?m)^Announced works in the period +2$`, `(?m)^Announced work is left out of the availability`} {
		if !regexp.MustCompile(want).MatchString(report) {
			t.Errorf("there is no %s in\n%s", want, report)
		}
	}
	hours := func(config, site, column string) float64 {
		t.Helper()
		for _, row := range csvRows(t, reported(t, period("wifi", config, "--format", "csv", "--table", "sites")...)) {
			if row["site"] == site {
				v, err := strconv.ParseFloat(row[column], 64)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
		}
		t.Fatalf("there is no site %s", site)
		return 0
	}
	const site = "office-25630-1"
	plain := quarterStore(t)
	for column, want := range map[string][2]float64{"down_h": {6, 2}, "maintenance_h": {0, 4}} {
		if without, with := hours(plain, site, column), hours(config, site, column); math.Abs(without-want[0]) > 0.11 || math.Abs(with-want[1]) > 0.11 {
			t.Errorf("%s: %v without announced work and %v with it, want %v", column, without, with, want)
		}
	}
	if without, with := hours(plain, site, "availability"), hours(config, site, "availability"); math.Abs(without-90.0/96) > 0.002 || math.Abs(with-90.0/92) > 0.002 {
		t.Errorf("availability %v without announced work and %v with it, want %v and %v", without, with, 90.0/96, 90.0/92)
	}
}

// What came late says nothing of service, unless it is asked to; it is told how much it was.
func TestReportOfWiFiThatCameLatePlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	_, readings := quarterWorld()
	late := slices.Clone(readings)
	for i := range late {
		late[i].Flags |= telemetry.FlagLate
	}
	config := storedQuarter(t, late)
	for _, row := range csvRows(t, reported(t, period("wifi", config, "--format", "csv", "--table", "sites")...)) {
		if row["availability"] != "" || row["access_points"] != "0" && row["reason"] != "not yet heard" {
			t.Fatalf("what came late was believed: %v", row)
		}
	}
	in, counted := reported(t, period("wifi", quarterStore(t), "--format", "csv")...), reported(t, period("wifi", config, "--format", "csv", "--late")...)
	if in != counted {
		t.Errorf("counted as in time, it is another report:\n%s", cmp.Diff(in, counted))
	}
}

// The same store makes the same bytes, whenever it was filled; so do both kinds of stores.
func TestPeriodReportsAreReproduciblePlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	first, second := quarterStore(t), quarterStore(t)
	for _, report := range periodReports {
		for _, format := range []string{"table", "geojson", "xlsx", "html"} {
			out := filepath.Join(t.TempDir(), "out")
			run := func(config string) string {
				reported(t, period(report, config, "--format", format, "-o", out)...)
				text, err := os.ReadFile(out)
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
			if a, b := run(first), run(second); a != b || len(a) < 200 {
				t.Errorf("%s as %s: two runs differ (%d and %d bytes)", report, format, len(a), len(b))
			}
		}
	}
}

// periodReports are the reports on a period.
var periodReports = []string{"wifi", "environment"}

func TestPeriodReportsOfEitherStorePlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	light := quarterStore(t)
	database := testbed.InfluxDB(t, testbed.InfluxDBOptions{})
	database.CreateDatabase("town")
	text, err := os.ReadFile(light)
	if err != nil {
		t.Fatal(err)
	}
	heavy := configured(t, string(text)+fmt.Sprintf("store: {kind: influx, influx: {url: %q, bucket: town/autogen}}\n", database.URL()))
	config, err := LoadConfig(heavy, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, readings := quarterWorld()
	err = withStore(t.Context(), &config, func(s store) error {
		for part := range slices.Chunk(readings, 2000) {
			if err := s.Write(t.Context(), part); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, report := range periodReports {
		for _, format := range []string{"csv", "html"} {
			if a, b := reported(t, period(report, light, "--format", format)...), reported(t, period(report, heavy, "--format", format)...); a != b {
				t.Errorf("%s as %s differs (-SQLite +InfluxDB):\n%s", report, format, cmp.Diff(a, b))
			}
		}
	}
}

// A page and a workbook hold what the tables do, and nothing that runs.
func TestPeriodReportsForPeoplePlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	config := quarterStore(t)
	for _, report := range periodReports {
		page := reported(t, period(report, config, "--format", "html")...)
		for _, bad := range []string{"<script", "http://", "https://", "<link", "<b>Chợ", "src=", "NaN", "%!"} {
			if strings.Contains(page, bad) {
				t.Errorf("the page on %s holds %q", report, bad)
			}
		}
		book, err := excelize.OpenReader(strings.NewReader(reported(t, period(report, config, "--format", "xlsx", "--lang", "en")...)))
		if err != nil {
			t.Fatal(err)
		}
		if sheets := book.GetSheetList(); len(sheets) < 4 {
			t.Errorf("the workbook on %s has the sheets %q", report, sheets)
		}
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPeriodReportsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	config := stored(t, nil)
	empty := t.TempDir()
	for _, report := range periodReports {
		for name, tt := range map[string]struct {
			args []string
			want string
		}{
			"no store":             {[]string{"--data", empty}, "there is no store in " + empty + ": name the data folder with --data"},
			"unknown area":         {[]string{"-c", config, "--area", "82"}, "--area: no file of the registry knows the area 82"},
			"an area that is none": {[]string{"-c", config, "--area", "Tây Ninh"}, "--area: area code"},
			"a day that is none":   {[]string{"-c", config, "--to", "31/10/2026"}, `--to: "31/10/2026" is not a day; write it like 2026-11-03`},
			"the future":           {[]string{"-c", config, "--to", "2999-01-01"}, "--to: 2999-01-01 is in the future"},
			"backwards":            {[]string{"-c", config, "--from", "2026-10-02", "--to", "2026-10-01"}, "--from: 2026-10-02 is after 2026-10-01"},
			"two years":            {[]string{"-c", config, "--from", "2024-10-02", "--to", "2026-10-01"}, "--from: from 2024-10-02 to 2026-10-01 it is 730 days; a report covers a year at most"},
			"no such table":        {[]string{"-c", config, "--from", quarterFrom, "--to", quarterTo, "--format", "csv", "--table", "x"}, "report " + report + `: there is no table "x"; there are `},
			"no folder":            {[]string{"-c", config, "--from", quarterFrom, "--to", quarterTo, "-o", "/nowhere/out"}, "writing /nowhere/out: no such file or directory"},
		} {
			t.Run(report+": "+name, func(t *testing.T) {
				t.Parallel()
				got := command(t, append([]string{"report", report}, tt.args...)...)
				if got.code != 1 || got.stdout != "" || !strings.HasPrefix(got.stderr, "phusong: "+tt.want) {
					t.Errorf("exit status %d, standard output %q, standard error\n%s\nwant\nphusong: %s", got.code, got.stdout, got.stderr, tt.want)
				}
			})
		}
	}
	if got := command(t, "report", "wifi", "-c", config, "--format", "json"); got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, "--format must be one of") {
		t.Errorf("JSON: %+v", got)
	}
}

// The commands of the manual write the reports that it says.
func TestPeriodReportsOfTheManualPlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	data := filepath.Dir(quarterStoreFile(t))
	for _, page := range periodManual {
		ran := 0
		for _, line := range codeLines(t, page) {
			args, ok := ourCommand(line)
			if !ok || args[0] != "report" {
				continue
			}
			ran++
			for i, arg := range args {
				switch {
				case arg == "./data":
					args[i] = data
				case i > 0 && args[i-1] == "-o":
					args[i] = filepath.Join(t.TempDir(), arg)
				}
			}
			if got := command(t, args...); got.code != 0 || got.stderr != "" {
				t.Errorf("%s: %s: exit status %d\n%s", page, line, got.code, got.stderr)
			}
		}
		if ran == 0 {
			t.Errorf("%s: there is no report in it", page)
		}
	}
}

var periodManual = []string{"../../docs/WIFI.md", "../../docs/ENVIRONMENT.md"}

// quarterStoreFile returns a file of a data folder that has its register where a demo has it.
func quarterStoreFile(t *testing.T) string {
	t.Helper()
	c, err := LoadConfig(quarterStore(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(c.Data, "registry", "simulated")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"areas.geojson", "sites.csv", "devices.csv"} {
		if err := os.Rename(filepath.Join(c.Data, name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(c.Data, "readings.db")
}

// Without a word the report is on the half-year so far.
func TestHalfYear(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{{"2026-01-01", "2026-01-01"}, {"2026-06-30", "2026-01-01"}, {"2026-07-01", "2026-07-01"}, {"2026-12-15", "2026-07-01"}} {
		day := dayOf(mustDay(t, tt[0]), time.UTC)
		if got := halfYear(day).String(); got != tt[1] {
			t.Errorf("%s is in the half-year from %s, want %s", tt[0], got, tt[1])
		}
	}
}

func mustDay(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
