package codec_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/ingest/codec"
	"phusong/telemetry"
)

// now is after every test of these files.
var now = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// simple is a mapping with nothing special.
const simple = `device: probe-7
area: "80"
time: {column: time, format: rfc3339}
fields:
  operator: {value: "45204"}
  lat: lat
  lon: lon
  outcome: outcome
  download_mbps: download
`

func mapping(t testing.TB, text string) *codec.CSVMapping {
	t.Helper()
	m, err := codec.ParseCSVMapping("map.yml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// taken is what became of a file.
type taken struct {
	readings []telemetry.Reading
	faults   []string // of rows
	notes    []string
	summary  codec.Summary
	err      error // that ended it
}

func take(t testing.TB, m *codec.CSVMapping, text string, change ...func(*codec.CSVOptions)) (out taken) {
	t.Helper()
	o := codec.CSVOptions{Name: "log.csv", Now: now, Note: func(line int, text string) {
		out.notes = append(out.notes, fmt.Sprintf("%d: %s", line, text))
	}}
	for _, c := range change {
		c(&o)
	}
	c, err := codec.NewCSV(strings.NewReader(text), m, o)
	if err != nil {
		out.err = err
		return out
	}
	for r, err := range c.Readings() {
		var row *codec.RowError
		switch {
		case errors.As(err, &row):
			out.faults = append(out.faults, row.Error())
		case err != nil:
			out.err = err
		default:
			out.readings = append(out.readings, r)
		}
	}
	out.summary = c.Summary()
	return out
}

// Files as three kinds of loggers write them; what they must become is in words here,
// worked out by hand.
func TestFilesOfLoggers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		want   []string // one line for each reading
		counts string
		faults []string
	}{
		{"android", []string{
			"probe-0a12 2026-11-03T05:00:00.25Z 45204 sim=45204 4g ok 38.12/9.5 lat=11.3103 lon=106.0986 rsrp=-92 indoor=false dur=10",
			"probe-0a12 2026-11-03T05:01:00Z 45204 sim=45204 4g failed -/9.1 lat=11.3105 lon=106.0988 rsrp=-93 indoor=false dur=10",
			"probe-0a12 2026-11-03T05:02:00Z - sim=45204 - no_service -/- lat=11.3109 lon=106.099 rsrp=- indoor=false dur=-",
		}, "5 rows: 3 tests incl. 1 failed, 0 samples, 1 no service", []string{
			`log.csv:5: the operator "VNSKY" has no PLMN; list it in the values of operator, such as "VNSKY": "45204"`,
			"log.csv:6: download_mbps: 12400 Mbit/s is outside 0 to 9000; is the unit of the mapping right?",
		}},
		{"drivetest", []string{
			"car-3 2026-11-03T01:15:30Z 45201 sim=- 4g ok 41.5/12.25 lat=11.31 lon=106.09 rsrp=-101.5 indoor=false dur=-",
			"car-3 2026-11-03T01:16:05Z 45202 sim=- 3g failed -/- lat=11.311 lon=106.091 rsrp=- indoor=false dur=-",
		}, "2 rows: 2 tests incl. 1 failed, 0 samples, 0 no service", nil},
		{"plain", []string{
			"p1 2026-11-03T05:00:00Z 45204 sim=- 5g-nsa ok 101.3/- lat=11.31 lon=106.09 rsrp=- indoor=- dur=-",
		}, "1 rows: 1 tests incl. 0 failed, 0 samples, 0 no service", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			yml, err := os.ReadFile(filepath.Join("testdata", tt.name+".yml"))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join("testdata", tt.name+".csv"))
			if err != nil {
				t.Fatal(err)
			}
			got := take(t, mapping(t, string(yml)), string(text))
			if got.err != nil {
				t.Fatal(got.err)
			}
			var lines []string
			for i := range got.readings {
				lines = append(lines, described(&got.readings[i]))
			}
			if diff := cmp.Diff(tt.want, lines); diff != "" {
				t.Errorf("readings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.faults, got.faults); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			s := got.summary
			if counts := fmt.Sprintf("%d rows: %d tests incl. %d failed, %d samples, %d no service", s.Rows, s.Tests+s.NoService, s.Failed, s.Samples, s.NoService); counts != tt.counts {
				t.Errorf("counted %s, want %s", counts, tt.counts)
			}
		})
	}
}

func described(r *telemetry.Reading) string {
	m := r.Mobile
	text := func(o telemetry.Opt[string]) string { return o.Or("-") }
	number := func(o telemetry.Opt[float64]) string {
		if v, ok := o.Get(); ok {
			return fmt.Sprint(v)
		}
		return "-"
	}
	indoor := "-"
	if v, ok := m.Indoor.Get(); ok {
		indoor = fmt.Sprint(v)
	}
	return fmt.Sprintf("%s %s %s sim=%s %s %s %s/%s lat=%s lon=%s rsrp=%s indoor=%s dur=%s", r.Device, r.Time.Format(time.RFC3339Nano), text(m.Operator), text(m.SIMOperator),
		text(m.Technology), text(m.Outcome), number(m.DownloadMbps), number(m.UploadMbps), number(m.Lat), number(m.Lon), number(m.RSRPdBm), indoor, number(m.DurationS))
}

const head = "time,lat,lon,outcome,download\n"

// What is wrong with a row is told with its line, and costs that row alone.
func TestBadRowsOfCSV(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ row, reason, want string }{
		"negative rate":     {"2026-11-03T05:00:00Z,11.3,106.1,ok,-5", "value", "download_mbps: -5 Mbit/s is outside 0 to 9000"},
		"10 Gbit/s":         {"2026-11-03T05:00:00Z,11.3,106.1,ok,10000", "value", "download_mbps: 10000 Mbit/s is outside 0 to 9000"},
		"NaN":               {"2026-11-03T05:00:00Z,11.3,106.1,ok,NaN", "value", `"NaN" is no number`},
		"hexadecimal":       {"2026-11-03T05:00:00Z,11.3,106.1,ok,0x1p4", "value", `"0x1p4" is no number`},
		"decimal comma":     {"2026-11-03T05:00:00Z,11.3,106.1,ok,\"38,1\"", "value", `say decimal: "," in the mapping`},
		"in the future":     {"2026-11-20T00:06:00Z,11.3,106.1,ok,38", "future", "the time is in the future"},
		"a date by hand":    {"3/11/2026,11.3,106.1,ok,38", "timestamp", `the time "3/11/2026" is not of the form rfc3339`},
		"before phones":     {"1970-01-20T00:06:00Z,11.3,106.1,ok,38", "timestamp", "is in the year 1970"},
		"exchanged":         {"2026-11-03T05:00:00Z,106.1,11.3,ok,38", "swapped", "latitude and longitude are exchanged"},
		"a word":            {"2026-11-03T05:00:00Z,11.3,106.1,so-so,38", "value", `outcome: "so-so" is none of ok, no_service, no_connection, failed; list the word in values`},
		"a field too few":   {"2026-11-03T05:00:00Z,11.3,106.1,ok", "fields", "4 fields, but there are 5 columns"},
		"a field too many":  {"2026-11-03T05:00:00Z,11.3,106.1,ok,38,x", "fields", "6 fields, but there are 5 columns"},
		"a stray quote":     {"2026-11-03T05:00:00Z,11.3,106.1,o\"k,38", "syntax", "say quotes: false in the mapping"},
		"another encoding":  {"2026-11-03T05:00:00Z,11.3,106.1,\xe9,38", "syntax", "the text is not in the encoding"},
		"not on Earth":      {"2026-11-03T05:00:00Z,91,106.1,ok,38", "value", "lat: 91 is outside -90 to 90"},
		"exchanged by much": {"2026-11-03T05:00:00Z,-106.1,11.3,ok,38", "value", "lat: -106.1 is outside -90 to 90"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const good = "2026-11-03T05:00:00Z,11.3,106.1,ok,38\n"
			got := take(t, mapping(t, simple), head+good+tt.row+"\n"+good+good)
			if got.err != nil {
				t.Fatal(got.err)
			}
			if len(got.faults) != 1 || !strings.HasPrefix(got.faults[0], "log.csv:3: ") || !strings.Contains(got.faults[0], tt.want) {
				t.Fatalf("faults %q, want one of line 3 with %q", got.faults, tt.want)
			}
			if got.summary.Skipped[tt.reason] != 1 || len(got.readings) != 3 || got.summary.Rows != 4 {
				t.Errorf("%d readings, summary %+v; want three, and one skipped for %q", len(got.readings), got.summary, tt.reason)
			}
		})
	}
}

// A latitude beyond 90 is where exchanged columns show first.
func TestExchangedFileIsRefused(t *testing.T) {
	t.Parallel()
	text := head + "2026-11-03T05:00:00Z,106.1,11.3,ok,38\n2026-11-03T05:01:00Z,106.2,11.4,ok,39\n2026-11-03T05:02:00Z,11.3,106.1,ok,39\n"
	got := take(t, mapping(t, simple), text)
	want := `log.csv:2: latitude and longitude are exchanged: 2 positions are inside lat 6 to 24, lon 102 to 118 only the other way round, and 1 as they are; in map.yml write lat: "lon" and lon: "lat"`
	if got.err == nil || got.err.Error() != want {
		t.Errorf("error %v\nwant %s", got.err, want)
	}
	if got := take(t, mapping(t, strings.NewReplacer("lat: lat", "lat: lon", "lon: lon", "lon: lat").Replace(simple)), text); got.err != nil || len(got.readings) != 2 {
		t.Errorf("with the columns as it says: %d readings, error %v", len(got.readings), got.err)
	}
}

// Positions that are none, or elsewhere, do not cost the test: coverage counts them by reason.
func TestPositionsThatAreNone(t *testing.T) {
	t.Parallel()
	got := take(t, mapping(t, simple), head+"2026-11-03T05:00:00Z,0,0,ok,38\n2026-11-03T05:00:01Z,11.3,,ok,38\n2026-11-03T05:00:02Z,48.1,11.5,ok,38\n")
	if got.err != nil || len(got.readings) != 3 {
		t.Fatalf("%d readings, faults %q, error %v; want three", len(got.readings), got.faults, got.err)
	}
	want := []string{
		"2: the position is 0, 0 or half of one; the test is kept without a place",
		"3: the position is 0, 0 or half of one; the test is kept without a place",
		"4: the position is outside lat 6 to 24, lon 102 to 118; the test is kept",
	}
	if diff := cmp.Diff(want, got.notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if got.summary.LeftOut["no_fix"] != 2 {
		t.Errorf("summary %+v", got.summary)
	}
	for i, there := range []bool{false, false, true} {
		if got.readings[i].Mobile.Lat.Present() != there || got.readings[i].Mobile.Lon.Present() != there {
			t.Errorf("reading %d: %+v", i, got.readings[i].Mobile)
		}
	}
}

// The same table in every dress is the same readings.
func TestDressOfTables(t *testing.T) {
	t.Parallel()
	rows := [][]string{
		{"time", "lat", "lon", "outcome", "download"},
		{"2026-11-03T05:00:00Z", "11.3", "106.1", "ok", "38.12"},
		{"2026-11-03T05:01:00Z", "11.4", "106.2", "failed", ""},
	}
	table := func(separator, end string, change func(string) string) string {
		var b strings.Builder
		for _, row := range rows {
			for i, cell := range row {
				if i > 0 {
					b.WriteString(separator)
				}
				b.WriteString(change(cell))
			}
			b.WriteString(end)
		}
		return b.String()
	}
	same := func(s string) string { return s }
	want := take(t, mapping(t, simple), table(",", "\n", same))
	if want.err != nil || len(want.readings) != 2 {
		t.Fatalf("%+v", want)
	}
	wide := func(s string, order func([]uint16) []byte) string { return string(order(utf16.Encode([]rune(s)))) }
	little := func(u []uint16) (b []byte) {
		for _, c := range u {
			b = append(b, byte(c), byte(c>>8))
		}
		return b
	}
	big := func(u []uint16) (b []byte) {
		for _, c := range u {
			b = append(b, byte(c>>8), byte(c))
		}
		return b
	}
	plain := table(",", "\n", same)
	for name, tt := range map[string]struct{ keys, text string }{
		"tabs":            {"", table("\t", "\r\n", same)},
		"semicolons":      {"", table(";", "\n", same)},
		"pipes":           {"separator: pipe\n", table("|", "\n", same)},
		"decimal commas":  {"decimal: \",\"\n", table(";", "\n", func(s string) string { return strings.ReplaceAll(s, ".", ",") })},
		"quotes":          {"", table(",", "\n", func(s string) string { return `"` + s + `"` })},
		"no quotes":       {"quotes: false\n", table(",", "\r\n", same)},
		"byte order mark": {"", "\ufeff" + plain},
		"UTF-16 LE":       {"", wide("\ufeff"+plain, little)},
		"UTF-16 BE":       {"", wide("\ufeff"+plain, big)},
		"UTF-16 unmarked": {"encoding: utf-16le\n", wide(plain, little)},
		"a title above":   {"skip_lines: 2\n", "Export of 3 November\n\n" + plain},
		"ends of rows":    {"", table(",", ",,\n", same)},
		"blank lines":     {"", strings.ReplaceAll(plain, "\n", "\n\n")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := take(t, mapping(t, tt.keys+simple), tt.text)
			if diff := cmp.Diff(want.readings, got.readings); diff != "" || got.err != nil || len(got.faults) > 0 {
				t.Errorf("faults %q, error %v; readings (-want +got):\n%s", got.faults, got.err, diff)
			}
		})
	}
	t.Run("no header", func(t *testing.T) {
		t.Parallel()
		numbered := strings.NewReplacer("column: time", `column: "1"`, "lat: lat", `lat: "2"`, "lon: lon", `lon: "3"`, "outcome: outcome", `outcome: "4"`, "download_mbps: download", `download_mbps: "5"`).Replace(simple)
		got := take(t, mapping(t, "header: false\n"+numbered), strings.SplitN(plain, "\n", 2)[1])
		if diff := cmp.Diff(want.readings, got.readings); diff != "" || got.err != nil {
			t.Errorf("error %v; readings (-want +got):\n%s", got.err, diff)
		}
	})
}

func TestTimesOfLoggers(t *testing.T) {
	t.Parallel()
	const want = "2026-11-03T05:06:07Z"
	for name, tt := range map[string]struct{ time, value string }{
		"Unix":               {"{column: time, format: unix}", "1793682367"},
		"Unix ms":            {"{column: time, format: unix_ms}", "1793682367000"},
		"day first":          {"{column: time, format: dd/MM/yyyy HH:mm:ss, zone: Asia/Ho_Chi_Minh}", "03/11/2026 12:06:07"},
		"American":           {"{column: time, format: 'M/d/yyyy h:mm:ss a', zone: Asia/Ho_Chi_Minh}", "11/3/2026 12:06:07 PM"},
		"G-NetTrack":         {"{column: time, format: yyyy.MM.dd_HH.mm.ss, zone: Asia/Ho_Chi_Minh}", "2026.11.03_12.06.07"},
		"offset":             {"{column: time, format: yyyy-MM-dd HH:mm:ssXXX}", "2026-11-03 12:06:07+07:00"},
		"offset unseparated": {"{column: time, format: yyyy-MM-dd HH:mm:ssXX}", "2026-11-03 12:06:07+0700"},
		"fractions":          {"{column: time, format: yyyy-MM-dd HH:mm:ss, zone: UTC}", "2026-11-03 05:06:07.0009"},
	} {
		m := mapping(t, strings.Replace(simple, "{column: time, format: rfc3339}", tt.time, 1))
		got := take(t, m, head+tt.value+",11.3,106.1,ok,38\n")
		if len(got.readings) != 1 || got.readings[0].Time.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %+v, want %s", name, got, want)
		}
	}
	for name, tt := range map[string]struct{ time, value, want string }{
		"rounded by a spreadsheet": {"{column: time, format: unix_ms}", "1.79368E+12", "was rounded by a spreadsheet"},
		"seconds for ms":           {"{column: time, format: unix_ms}", "1793682367", "is in the year 1970"},
		"ms for seconds":           {"{column: time, format: unix}", "1793682367000", "is in the year 58809"},
	} {
		got := take(t, mapping(t, strings.Replace(simple, "{column: time, format: rfc3339}", tt.time, 1)), head+tt.value+",11.3,106.1,ok,38\n")
		if len(got.faults) != 1 || !strings.Contains(got.faults[0], tt.want) {
			t.Errorf("%s: faults %q, want %q", name, got.faults, tt.want)
		}
	}
}

func TestUnitsOfLoggers(t *testing.T) {
	t.Parallel()
	for unit, value := range map[string]string{"Mbps": "38.12", "kbps": "38120", "bit/s": "38120000", "bytes/s": "4765000", "MB/s": "4.765", "Gbps": "0.03812"} {
		for _, suffix := range []string{"", " " + unit, unit} {
			m := mapping(t, strings.Replace(simple, "download_mbps: download", "download_mbps: {column: download, unit: "+unit+"}", 1))
			got := take(t, m, head+"2026-11-03T05:00:00Z,11.3,106.1,ok,"+value+suffix+"\n")
			if len(got.readings) != 1 || got.readings[0].Mobile.DownloadMbps.Or(0) != 38.12 {
				t.Errorf("%s%s in %s: %+v, want 38.12 Mbit/s", value, suffix, unit, got)
			}
		}
	}
}

// Importing a file again, or another export with the same rows, must not make other readings.
func TestNumbersOfReadingsAreTheirContent(t *testing.T) {
	t.Parallel()
	m := mapping(t, simple)
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string {
			return fmt.Sprintf("2026-11-03T05:00:%02dZ,11.3,106.1,ok,%d\n", rapid.IntRange(0, 5).Draw(rt, "second"), rapid.IntRange(0, 50).Draw(rt, "rate"))
		}), 1, 20).Draw(rt, "rows")
		keys := func(rows []string) map[telemetry.Key]string {
			all := make(map[telemetry.Key]string)
			got := take(t, m, head+strings.Join(rows, ""))
			for i := range got.readings {
				all[got.readings[i].Key()] = rows[i]
			}
			return all
		}
		first := keys(rows)
		distinct := make(map[string]bool)
		for _, r := range rows {
			distinct[r] = true
		}
		if len(first) != len(distinct) {
			rt.Fatalf("%d keys for %d different rows", len(first), len(distinct))
		}
		if diff := cmp.Diff(first, keys(rapid.Permutation(rows).Draw(rt, "another order"))); diff != "" {
			rt.Fatalf("another export makes other keys:\n%s", diff)
		}
	})
}

func TestMappingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(string) string{
		`map.yml: line 1: there is no key "colour"; there are area, device,`:     func(s string) string { return "colour: red\n" + s },
		`map.yml: line 3: there is no key "formt" in time; there are column,`:    func(s string) string { return strings.Replace(s, "format", "formt", 1) },
		`map.yml: line 9: there is no field "download_mps"; there are operator,`: func(s string) string { return strings.Replace(s, "download_mbps", "download_mps", 1) },
		`map.yml: line 9: there is no key "units" of a field; there are column,`: func(s string) string {
			return strings.Replace(s, ": download\n", ": {column: download, units: Mbps}\n", 1)
		},
		`map.yml: line 9: download_mbps: unit: "mbps" is not one of B/s, Gbit/s`: func(s string) string {
			return strings.Replace(s, ": download\n", ": {column: download, unit: mbps}\n", 1)
		},
		`map.yml: line 5: operator: the operator "Vitel" has no PLMN`: func(s string) string { return strings.Replace(s, `"45204"`, "Vitel", 1) },
		`map.yml: line 8: outcome: "fine" is none of ok,`: func(s string) string {
			return strings.Replace(s, ": outcome", ": {column: outcome, values: {OK: fine}}", 1)
		},
		`map.yml: line 8: give one of column, value and derive`: func(s string) string {
			return strings.Replace(s, ": outcome", ": {column: outcome, derive: download}", 1)
		},
		`map.yml: time: zone: missing; name the time zone`:                  func(s string) string { return strings.Replace(s, "rfc3339", "yyyy-MM-dd HH:mm", 1) },
		`map.yml: time: format: "yyyy-MM-dd" gives no instant`:              func(s string) string { return strings.Replace(s, "rfc3339", "yyyy-MM-dd", 1) },
		`map.yml: time: format: "%Y-%m-%d" is not understood at "%Y-%m-%d"`: func(s string) string { return strings.Replace(s, "rfc3339", "'%Y-%m-%d'", 1) },
		`map.yml: time: zone: unknown time zone Hanoi`:                      func(s string) string { return strings.Replace(s, "rfc3339", "yyyy-MM-dd HH, zone: Hanoi", 1) },
		`map.yml: fields: neither operator nor sim_operator says`:           func(s string) string { return strings.Replace(s, "  operator: {value: \"45204\"}\n", "", 1) },
		`map.yml: fields: lat and lon come together`:                        func(s string) string { return strings.Replace(s, "  lat: lat\n", "", 1) },
		`map.yml: separator: "dot" is none; use comma`:                      func(s string) string { return "separator: dot\n" + s },
		`map.yml: decimal: "·"; use`:                                        func(s string) string { return "decimal: ·\n" + s },
		`map.yml: encoding: "ebcdic"; use one of utf-8`:                     func(s string) string { return "encoding: ebcdic\n" + s },
		`map.yml: bounds: give lat: [south, north]`:                         func(s string) string { return "bounds: {lat: [12, 11], lon: [105, 107]}\n" + s },
		`map.yml: there is a second document`:                               func(s string) string { return s + "---\n" + s },
		`map.yml: the file is empty`:                                        func(string) string { return "# nothing\n" },
		`map.yml: line 1: there should be keys`:                             func(string) string { return "- a\n" },
	} {
		_, err := codec.ParseCSVMapping("map.yml", []byte(change(simple)))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v\nwant %s", err, want)
		}
	}
}

func TestCSVFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"empty":             {"", "log.csv: the file is empty"},
		"another table":     {"a,b\n1,2\n", `log.csv:1: map.yml maps the columns ["time" "outcome" "download" "lat" "lon"], which the file has not; it has ["a" "b"]`},
		"a column twice":    {"time,lat,lon,outcome,download,lat\n", `"lat (which is there twice)"`},
		"a quote left open": {head + `2026-11-03T05:00:00Z,"` + strings.Repeat("11.3,\n", 1<<18), "is a quotation mark left open"},
		"no end of line":    {strings.Repeat("x", 3<<20), "a row is longer than 1024 KiB"},
	} {
		if got := take(t, mapping(t, simple), tt.text); got.err == nil || !strings.Contains(got.err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, got.err, tt.want)
		}
	}
	if got := take(t, mapping(t, strings.Replace(simple, "device: probe-7\n", "", 1)), head); got.err == nil || !strings.Contains(got.err.Error(), "device: missing") {
		t.Errorf("without a device: error %v", got.err)
	}
}

// The mapping in the manual is one.
func TestTheManualsMapping(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "IMPORT.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	yml, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("there is no mapping in docs/IMPORT.md")
	}
	got := take(t, mapping(t, yml), "Date;Time;IMEI suffix;Network;RAT;State;DL;UL;RSRP;Latitude;Longitude;Accuracy;Duration\n"+
		"03/11/2026;12:00:00;A 12;VTL;LTE;done;38.120,5;n/a;-999;11,31;106,09;5,5;10000\n")
	if got.err != nil || len(got.faults) > 0 || len(got.readings) != 1 {
		t.Fatalf("%+v", got)
	}
	if want := "a-12 2026-11-03T05:00:00Z 45204 sim=45204 4g ok 38.1205/- lat=11.31 lon=106.09 rsrp=- indoor=false dur=10"; described(&got.readings[0]) != want {
		t.Errorf("it gives\n%s\nwant\n%s", described(&got.readings[0]), want)
	}
}
