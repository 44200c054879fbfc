package main

import (
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // reads the store with other eyes than ours

	"phusong/internal/testbed"
	"phusong/telemetry"
)

// The drive of Dakar: three phones, each with three logs, on 18 July 2025.
var phones = []struct{ name, device, plmn string }{
	{"Orange", "gnettrack-orange", "60801"},
	{"Yas", "gnettrack-yas", "60802"},
	{"expresso", "gnettrack-expresso", "60803"},
}

// What stands in the files, counted with other tools.
const (
	driveTests     = 122
	driveFailed    = 62
	driveNoService = 254  // in the events; 253 of them in the samples too
	driveSamples   = 8046 // with service
	drivePublished = driveTests + driveSamples + driveNoService + 253
	driveStored    = driveTests + driveSamples + driveNoService
)

// storedTest is what the tests compare of a mobile reading in a store.
type storedTest struct {
	Device, SIM, Outcome string
	Time, Seq, Flags     int64
	Download             float64 // Mbit/s, 0 for none
}

func TestImportOfARealDrive(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	s := serve(t, fmt.Sprintf("mqtt: {url: %q}\n", broker.URL()))
	testDrive(t, broker, s, func() []storedTest { return mobileOfSQLite(t, filepath.Join(s.data, "phusong.db")) })
}

func TestImportOfARealDriveIntoInfluxDB(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	influx := testbed.InfluxDB(t, testbed.InfluxDBOptions{})
	influx.CreateDatabase("town")
	s := serve(t, fmt.Sprintf("mqtt: {url: %q}\nstore: {kind: influx, influx: {url: %q, bucket: town/autogen}}\n", broker.URL(), influx.URL()))
	testDrive(t, broker, s, func() []storedTest { return mobileOfInfluxDB(t, influx) })
}

// testDrive imports the drive twice and compares the store with the files, row by
// row.
func testDrive(t *testing.T, broker *testbed.Broker, s *serving, stored func() []storedTest) {
	t.Helper()
	want := drive(t)
	if got := importDrive(t, broker); !strings.HasSuffix(got, "9 files: 10431 rows: 122 tests (62 failed), 8046 radio samples, 507 without service; the broker has them all\n") {
		t.Errorf("the import ends with\n%s", got)
	}
	s.awaitMetric("phusong_readings_stored_total", func(v float64) bool { return v == drivePublished })
	first := stored()
	checkDrive(t, want, first)

	importDrive(t, broker)
	s.awaitMetric("phusong_readings_stored_total", func(v float64) bool { return v == 2*drivePublished })
	if diff := cmp.Diff(first, stored()); diff != "" {
		t.Errorf("importing again changed the store (-before +after):\n%s", diff)
	}
	ledger := fmt.Sprintf("in stream %d = stored %d + sent twice 0 + refused by the store 0 + waiting 0 + beyond retention 0 + missing 0\n",
		2*drivePublished, 2*drivePublished)
	if got := command(t, "check", "ledger", "--config", s.config); got.code != 0 || !strings.Contains(got.stdout, ledger) {
		t.Errorf("check ledger: exit status %d\n%s%s\nwant it to say\n%s", got.code, got.stdout, got.stderr, ledger)
	}
	if got := s.stop(); got.code != 0 {
		t.Errorf("serve ended with %d", got.code)
	}
	if got := command(t, "check", "ledger", "--config", s.config); got.code != 0 || !strings.Contains(got.stdout, ledger) {
		t.Errorf("check ledger at rest: exit status %d\n%s%s\nwant it to say\n%s", got.code, got.stdout, got.stderr, ledger)
	}
}

// checkDrive compares what is stored with what the files say.
func checkDrive(t *testing.T, want, got []storedTest) {
	t.Helper()
	if len(got) != driveStored {
		t.Errorf("%d readings are stored, want %d", len(got), driveStored)
	}
	got = slices.Clone(got)
	outcomes := make(map[string]int)
	for i := range got {
		outcomes[got[i].Outcome]++
		if late := telemetry.Flags(got[i].Flags); late != telemetry.FlagLate {
			t.Fatalf("%+v is flagged %q, want late alone", got[i], late)
		}
		got[i].Flags = 0
	}
	if diff := cmp.Diff(map[string]int{"ok": driveTests - driveFailed, "failed": driveFailed, "no_service": driveNoService, "": driveSamples}, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the store says other things than the files (-files +store):\n%s", diff)
	}
}

func importDrive(t *testing.T, broker *testbed.Broker) (said string) {
	t.Helper()
	got := command(t, append([]string{"import", "gnettrack", "--broker", broker.URL(), "--area", "80", "--zone", "Africa/Dakar"}, driveFiles(t)...)...)
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("import: exit status %d, standard error %q", got.code, got.stderr)
	}
	return got.stdout
}

func driveFiles(t *testing.T) (files []string) {
	t.Helper()
	dir := testbed.Data(t, "gnettrack-dakar/raw_logs")
	for _, log := range []string{"_log", "_log_datatest", "_log_events"} {
		for _, phone := range phones {
			files = append(files, filepath.Join(dir, phone.name+log+".txt"))
		}
	}
	return files
}

// drive reads the files by itself, knowing nothing of our codec but the documented
// rules: a test without a download failed; a second without service is one
// reading, whichever log says it; the numbers come from the lines.
func drive(t *testing.T) []storedTest {
	t.Helper()
	all := make(map[storedTest]bool)
	for _, phone := range phones {
		base := storedTest{Device: phone.device, SIM: phone.plmn}
		for line, row := range driveRows(t, phone.name+"_log_datatest.txt") {
			r := base
			r.Time, r.Seq, r.Outcome = driveTime(t, row), 1_000_000+int64(line), "failed"
			if kbit, _ := strconv.ParseFloat(row["TESTDOWNLINK"], 64); kbit > 0 {
				r.Outcome, r.Download = "ok", kbit/1000
			}
			all[r] = true
		}
		for _, row := range driveRows(t, phone.name+"_log_events.txt") {
			if row["EventType"] == "NO_COVERAGE" {
				r := base
				r.Time, r.Outcome = driveTime(t, row), "no_service"
				all[r] = true
			}
		}
		for line, row := range driveRows(t, phone.name+"_log.txt") {
			r := base
			r.Time, r.Seq = driveTime(t, row), int64(line)
			if row["NetworkTech"] == "--" {
				r.Seq, r.Outcome = 0, "no_service"
			}
			all[r] = true
		}
	}
	var list []storedTest
	for r := range all {
		list = append(list, r)
	}
	return sorted(list)
}

// driveRows returns the rows of a file by line number, each by column name.
func driveRows(t *testing.T, file string) map[int]map[string]string {
	t.Helper()
	f, err := os.Open(testbed.Data(t, "gnettrack-dakar/raw_logs/"+file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = '\t', -1, true
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[int]map[string]string)
	for i, record := range records[1:] {
		row := make(map[string]string)
		for j, name := range records[0] {
			row[strings.TrimSpace(name)] = strings.TrimSpace(record[j])
		}
		rows[i+2] = row
	}
	return rows
}

// driveTime is the time of a row: Dakar's is UTC.
func driveTime(t *testing.T, row map[string]string) int64 {
	t.Helper()
	at, err := time.Parse("2006.01.02_15.04.05", row["Timestamp"])
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

func sorted(list []storedTest) []storedTest {
	slices.SortFunc(list, func(a, b storedTest) int {
		return strings.Compare(fmt.Sprintf("%s %d %09d", a.Device, a.Time, a.Seq), fmt.Sprintf("%s %d %09d", b.Device, b.Time, b.Seq))
	})
	return list
}

func mobileOfSQLite(t *testing.T, path string) (list []storedTest) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(), "SELECT device, sim_operator, coalesce(outcome, ''), time, seq, flags, coalesce(download_mbps, 0) FROM mobile")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r storedTest
		if err := rows.Scan(&r.Device, &r.SIM, &r.Outcome, &r.Time, &r.Seq, &r.Flags, &r.Download); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return sorted(list)
}

func mobileOfInfluxDB(t *testing.T, db *testbed.Database) (list []storedTest) {
	t.Helper()
	text := func(v any) string { s, _ := v.(string); return s }
	number := func(v any) float64 {
		n, _ := v.(json.Number)
		f, _ := n.Float64()
		return f
	}
	for _, row := range db.Query("town", `SELECT "device", "sim_operator", "outcome", "seq", "flags", "download_mbps" FROM "mobile"`) {
		at, err := row[0].(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, storedTest{
			Device: text(row[1]), SIM: text(row[2]), Outcome: text(row[3]), Time: at / int64(time.Millisecond),
			Seq: int64(number(row[4])), Flags: int64(number(row[5])), Download: number(row[6]),
		})
	}
	return sorted(list)
}

// Somebody's "cleaned" file has its columns shifted by one: nothing of it may be
// taken, and nothing of the good files named beside it.
func TestImportRefusesAShiftedFile(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	s := serve(t, fmt.Sprintf("mqtt: {url: %q}\n", broker.URL()))
	shifted := testbed.Data(t, "gnettrack-dakar/processed/Orange_log_clean.csv")
	got := command(t, "import", "gnettrack", "--broker", broker.URL(), "--area", "80", "--zone", "UTC", driveFiles(t)[0], shifted)
	want := "phusong: " + shifted + `:2: the columns are shifted: NetworkTech holds "-81" and not 2G, 3G, 4G, 5G or --, so no column after it can be trusted; import the log as the app wrote it` + "\n"
	if got.code != 1 || got.stdout != "" || got.stderr != want {
		t.Errorf("exit status %d, standard output %q, standard error\n%s\nwant\n%s", got.code, got.stdout, got.stderr, want)
	}
	s.stop()
	if stored := mobileOfSQLite(t, filepath.Join(s.data, "phusong.db")); len(stored) != 0 {
		t.Errorf("%d readings of a refused import are stored", len(stored))
	}
}

func TestImportOfTheStatisticsIsRefused(t *testing.T) {
	t.Parallel()
	file := testbed.Data(t, "gnettrack-dakar/raw_logs/Yas_log_stats.txt")
	got := command(t, "import", "gnettrack", "--area", "80", file)
	if got.code != 1 || !strings.HasPrefix(got.stderr, "phusong: "+file+":1: not a log of G-NetTrack Pro") {
		t.Errorf("exit status %d, standard error %q", got.code, got.stderr)
	}
}

// Without the per-second log nobody says whose SIM it was. That costs each row,
// and is said once with the remedy.
func TestImportWithoutThePerSecondLog(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	events, err := os.ReadFile(testbed.Data(t, "gnettrack-dakar/raw_logs/expresso_log_events.txt"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "expresso_log_events.txt")
	write(t, file, string(events))
	args := []string{"import", "gnettrack", "--broker", broker.URL(), "--area", "80", "--zone", "UTC", file}
	want := file + ": 901 rows: 901 skipped (254 in coverage, 254 operator, 393 other event)\n" +
		"  line 40, 43, 45, 47, 49 and 249 more: there is no service, and no option says whose SIM it was; give --sim\n"
	if got := command(t, args...); got.code != 0 || got.stdout != want {
		t.Errorf("exit status %d, said\n%s%s\nwant\n%s", got.code, got.stdout, got.stderr, want)
	}
	want = file + ": 901 rows: 254 without service, 647 skipped (254 in coverage, 393 other event)\n"
	if got := command(t, append(args, "--sim", "60803")...); got.code != 0 || got.stdout != want {
		t.Errorf("with --sim: exit status %d, said\n%s%s\nwant\n%s", got.code, got.stdout, got.stderr, want)
	}
}

func TestImportWithoutABroker(t *testing.T) {
	t.Parallel()
	addr := testbed.Addr(t)
	got := command(t, "import", "gnettrack", "--broker", "tcp://phusong:s3cr3t@"+addr, "--wait", "100ms", "--area", "80", driveFiles(t)[0])
	want := "phusong: the broker at tcp://phusong:xxxxx@" + addr + " does not answer within 100ms: start it, or name another with --broker\n"
	if got.code != 1 || got.stdout != "" || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("exit status %d, standard error\n%s\nwant at its end\n%s", got.code, got.stderr, want)
	}
	if strings.Contains(got.stderr, "s3cr3t") {
		t.Errorf("the password is told:\n%s", got.stderr)
	}
}

// Ctrl-C in the middle of an import leaves a part; importing again completes it.
func TestImportCanBeInterruptedAndRepeated(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	s := serve(t, fmt.Sprintf("mqtt: {url: %q}\n", broker.URL()))
	first := begin(t, append([]string{"import", "gnettrack", "--broker", broker.URL(), "--area", "80", "--zone", "UTC"}, driveFiles(t)...)...)
	s.awaitMetric("phusong_readings_received_total", func(v float64) bool { return v > 0 })
	if got := first.stop(); got.code != 0 && !strings.HasPrefix(got.stderr, "phusong: stopped in the middle of ") {
		t.Errorf("exit status %d, standard error %q", got.code, got.stderr)
	}
	importDrive(t, broker)
	want := drive(t)
	db := filepath.Join(s.data, "phusong.db")
	s.await(func() error {
		return metric(s.listen, "phusong_readings_waiting", func(v float64) bool { return v == 0 && len(mobileOfSQLite(t, db)) == len(want) })
	})
	checkDrive(t, want, mobileOfSQLite(t, db))
}
