package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/testbed"
)

// surveyMapping is of a logger whose rates are kbit/s.
const surveyMapping = `area: "80"
device: survey-1
time: {column: time, format: "dd/MM/yyyy HH:mm:ss", zone: Asia/Ho_Chi_Minh}
fields:
  operator: network
  sim_operator: {column: network}
  technology: {value: 4g}
  outcome: {column: state, values: {done: ok, lost: no_service}}
  download_mbps: {column: down, unit: kbps}
  lat: lat
  lon: lon
  accuracy_m: {value: "5"}
  indoor: {value: "no"}
  duration_s: {value: "10"}
`

// survey has everything that may be wrong with a row, each once.
const survey = `time,network,state,down,lat,lon
10/10/2026 09:00:00,Viettel,done,12500,11.30,106.07
10/10/2026 09:01:00,Viettel,done,61000,11.30,106.12
10/10/2026 09:02:00,452-01,done,52000,11.30,106.12
10/10/2026 09:03:00,Viettel,done,12500,0,0
10/10/2026 09:04:00,Viettel,done,12500,21.02,105.84
10/10/2026 09:05:00,45299,done,12500,11.30,106.12
10/10/2026 09:06:00,VNSKY,done,12500,11.30,106.12
10/10/2026 09:07:00,Viettel,done,-1,11.30,106.12
10/10/2026 09:08:00,Viettel,done,10000000,11.30,106.12
10/10/2926 09:09:00,Viettel,done,12500,11.30,106.12
10/10/2036 09:09:30,Viettel,done,12500,11.30,106.12
10/10/2026 09:10:00,Viettel,done,12500,106.12,11.30
`

// From a logger's file through broker, service and store to the report: every bad row is
// named by its line, and every test that arrived is in the report, with the reason where it does
// not count. The report reads the store that the service holds.
func TestImportCSVFromTheLoggerToTheReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	areas, mapping, file := filepath.Join(dir, "areas.geojson"), filepath.Join(dir, "survey.yml"), filepath.Join(dir, "survey.csv")
	write(t, areas, reportAreas)
	write(t, mapping, surveyMapping)
	write(t, file, survey)
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	s := serve(t, fmt.Sprintf("mqtt: {url: %q}\nregistry: {areas: [%q]}\n", broker.URL(), areas))
	box := "lat 11.24 to 11.36, lon 106.04 to 106.16"
	want := file + `: 12 rows: 6 tests, 6 skipped (1 future, 1 operator, 1 swapped, 1 timestamp, 2 value)
  values left out: 1 no fix
  line 8: the operator "VNSKY" has no PLMN; list it in the values of operator, such as "VNSKY": "45204"
  line 9: download_mbps: -0.001 Mbit/s is outside 0 to 9000; is the unit of the mapping right?
  line 10: download_mbps: 10000 Mbit/s is outside 0 to 9000; is the unit of the mapping right?
  line 11: the time "10/10/2926 09:09:00" is in the year 2926; is the format of the mapping right?
  line 12: the time is in the future; are format and zone of the mapping right?
  line 13: latitude and longitude are exchanged: only the other way round the position is inside ` + box + `
  line 5: the position is 0, 0 or half of one; the test is kept without a place
  line 6: the position is outside ` + box + `; the test is kept
`
	importing := []string{"import", "csv", "--broker", broker.URL(), "--mapping", mapping, "--areas", areas, file}
	for range 2 { // the second time changes nothing
		if got := command(t, importing...); got.code != 0 || got.stdout != want || got.stderr != "" {
			t.Fatalf("exit status %d, standard error %q, said\n%s\nwant\n%s", got.code, got.stderr, got.stdout, want)
		}
	}
	s.awaitMetric("phusong_readings_stored_total", func(v float64) bool { return v == 12 })

	counted := make(map[string]string)
	for _, row := range csvRows(t, reported(t, "coverage", "-c", s.config, "--to", reportDay, "--format", "csv", "--table", "invalid")) {
		counted[row["reason"]] = row["operator"] + " " + row["tests"]
	}
	if diff := cmp.Diff(map[string]string{"no_position": "45204 1", "outside": "45204 1", "unknown_operator": "45299 1"}, counted); diff != "" {
		t.Errorf("tests that do not count (-want +got):\n%s", diff)
	}
	if got := reported(t, "coverage", "-c", s.config, "--to", reportDay, "--lang", "en"); !strings.Contains(got, "Tests read                6\nof them count             3\n") {
		t.Errorf("the report says\n%s", got)
	}
}

// Exchanged columns of a whole file are refused before anything leaves, and the error says
// what to write.
func TestImportCSVRefusesExchangedColumns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mapping, file := filepath.Join(dir, "survey.yml"), filepath.Join(dir, "survey.csv")
	write(t, mapping, surveyMapping)
	write(t, file, "time,network,state,down,lat,lon\n10/10/2026 09:00:00,Viettel,done,12500,106.07,11.30\n")
	// No broker answers: the file must be refused before one is asked.
	got := command(t, "import", "csv", "--broker", "tcp://"+testbed.Addr(t), "--mapping", mapping, file)
	want := "phusong: " + file + `:2: latitude and longitude are exchanged: 1 positions are inside lat 6 to 24, lon 102 to 118 only the other way round, and 0 as they are; in ` + mapping + ` write lat: "lon" and lon: "lat"` + "\n"
	if got.code != 1 || got.stdout != "" || got.stderr != want {
		t.Errorf("exit status %d, standard output %q, standard error\n%s\nwant\n%s", got.code, got.stdout, got.stderr, want)
	}
}

// The tests of the real drive, through a mapping instead of the codec for its logger, are the
// same tests.
func TestImportCSVOfARealDrive(t *testing.T) {
	t.Parallel()
	mapping := filepath.Join(t.TempDir(), "gnettrack.yml")
	write(t, mapping, `area: "80"
device: phone-1
separator: tab
nothing: ["", "-", "--"]
bounds: {lat: [14.5, 15], lon: [-17.6, -17]}
time: {column: Timestamp, format: yyyy.MM.dd_HH.mm.ss, zone: Africa/Dakar}
fields:
  operator: {column: Operatorname, values: {Orange: "60801", Yas: "60802", expresso: "60803", Expresso: "60803"}}
  sim_operator: {value: "60801"}
  technology: NetworkTech
  outcome: {derive: download}
  download_mbps: {column: TESTDOWNLINK, unit: kbit/s}
  upload_mbps: {column: TESTUPLINK, unit: kbit/s}
  rsrp_dbm: Level
  latency_ms: PINGAVG
  lat: Latitude
  lon: Longitude
`)
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	s := serve(t, fmt.Sprintf("mqtt: {url: %q}\n", broker.URL()))
	file := testbed.Data(t, "gnettrack-dakar/raw_logs/Orange_log_datatest.txt")
	got := command(t, "import", "csv", "--broker", broker.URL(), "--mapping", mapping, file)
	if got.code != 0 || !strings.HasPrefix(got.stdout, file+": 40 rows: 40 tests (23 failed)\n") {
		t.Fatalf("exit status %d, said\n%s%s", got.code, got.stdout, got.stderr)
	}
	s.awaitMetric("phusong_readings_stored_total", func(v float64) bool { return v == 40 })
	want := make(map[int64]float64) // by time, in kbit/s of the file
	for _, row := range driveRows(t, "Orange_log_datatest.txt") {
		var kbit float64
		_, _ = fmt.Sscan(row["TESTDOWNLINK"], &kbit)
		want[driveTime(t, row)] = kbit / 1000
	}
	stored := make(map[int64]float64)
	for _, test := range mobileOfSQLite(t, filepath.Join(s.data, "phusong.db")) {
		stored[test.Time] = test.Download
	}
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("downloads by time (-file +store):\n%s", diff)
	}
}
