package codec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/ingest/codec"
	"phusong/telemetry"
)

const (
	samplesHeader = "Timestamp\tLongitude\tLatitude\tOperatorname\tOperator\tCellname\tNode\tCellID\tLAC\tNetworkTech\tLevel\tQual\tSNR\tCQI\tPSC\tAltitude"
	testsHeader   = "Timestamp\tLongitude\tLatitude\tOperatorname\tNode\tCellID\tNetworkTech\tLevel\tQual\tSNR\tPINGAVG\tPINGSTDEV\tPINGLOSS\tTESTDOWNLINK\tTESTUPLINK"
	eventsHeader  = "Timestamp\tLongitude\tLatitude\tOperatorname\tNode\tCellID\tNetworkTech\tLevel\tQual\tSNR\tEventType\tEventDetails\tState"
)

var hanoi = time.FixedZone("UTC+7", 7*3600)

func options() codec.GNetTrackOptions {
	return codec.GNetTrackOptions{Name: "drive.txt", Device: "probe-1", Area: "29954", Location: hanoi,
		Operators: map[string]telemetry.OperatorCode{"Viettel": "45204", "Viettel VN": "45204"}}
}

// one reads a log of one row and returns what became of it.
func one(t *testing.T, header, line string, opts codec.GNetTrackOptions) (telemetry.Reading, codec.GNetTrackSummary, error) {
	t.Helper()
	g, err := codec.NewGNetTrack(strings.NewReader(header+"\r\n"+line+"\r\n"), opts)
	if err != nil {
		t.Fatal(err)
	}
	var last telemetry.Reading
	var lastErr error
	for r, err := range g.Readings() {
		last, lastErr = r, err
	}
	return last, g.Summary(), lastErr
}

func TestSample(t *testing.T) {
	t.Parallel()
	r, _, err := one(t, samplesHeader, "2026.03.01_05.06.07\t105.84\t21.02\tViettel\t45204\t\t1022\t2\t7000\t4G\t-97\t-11\t13.0\t-\t325\t64\t", options())
	if err != nil {
		t.Fatal(err)
	}
	want := telemetry.NewReading(telemetry.KindMobile)
	want.Device, want.Area, want.Seq = "probe-1", "29954", telemetry.Some[int64](2)
	want.Time = time.Date(2026, 2, 28, 22, 6, 7, 0, time.UTC)
	*want.Mobile = telemetry.Mobile{
		Operator: telemetry.Some("45204"), SIMOperator: telemetry.Some("45204"), Technology: telemetry.Some("4g"),
		RSRPdBm: telemetry.Some(-97.0), RSRQdB: telemetry.Some(-11.0), SINRdB: telemetry.Some(13.0),
		CellID: telemetry.Some[int64](1022<<8 + 2), PCI: telemetry.Some[int64](325),
		Lat: telemetry.Some(21.02), Lon: telemetry.Some(105.84),
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("reading (-want +got):\n%s", diff)
	}
}

func TestTest(t *testing.T) {
	t.Parallel()
	type opt = telemetry.Opt[float64]
	some := telemetry.Some[float64]
	tests := []struct {
		name, tech, ping, down, up string
		outcome                    string
		download, upload, loss     opt
	}{
		{name: "good", tech: "4G", ping: "78\t6\t16", down: "35925", up: "8825", outcome: "ok", download: some(35.925), upload: some(8.825), loss: some(0.16)},
		{name: "slow but alive", tech: "3G", ping: "78\t6\t0", down: "1", up: "0", outcome: "ok", download: some(0.001), loss: some(0)},
		{name: "zero is a failed transfer", tech: "4G", ping: "78\t6\t0", down: "0", up: "8825", outcome: "failed", upload: some(8.825), loss: some(0)},
		{name: "empty is a failed transfer", tech: "4G", ping: "\t\t", down: "", up: "", outcome: "failed"},
		{name: "a dash is empty", tech: "4G", ping: "-\t-\t-", down: "-", up: "--", outcome: "failed"},
		{name: "no service", tech: "--", ping: "\t\t", down: "", up: "", outcome: "no_service"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			line := "2026.03.01_05.06.07\t105.84\t21.02\tViettel\t1\t2\t" + tt.tech + "\t-97\t-11\t13\t" + tt.ping + "\t" + tt.down + "\t" + tt.up
			r, summary, err := one(t, testsHeader, line, options())
			if err != nil {
				t.Fatal(err)
			}
			m := r.Mobile
			if got := m.Outcome.Or(""); got != tt.outcome {
				t.Errorf("outcome %q, want %q", got, tt.outcome)
			}
			if m.DownloadMbps != tt.download || m.UploadMbps != tt.upload || m.Loss != tt.loss {
				t.Errorf("download %v, upload %v, loss %v; want %v, %v, %v", m.DownloadMbps, m.UploadMbps, m.Loss, tt.download, tt.upload, tt.loss)
			}
			if summary.Tests != 1 {
				t.Errorf("summary %+v counts no test", summary)
			}
		})
	}
}

func TestRowsThatAreRefused(t *testing.T) {
	t.Parallel()
	const good = "2026.03.01_05.06.07\t105.84\t21.02\t"
	noSIM := options()
	noSIM.Operators = nil
	tests := []struct {
		name, header, line string
		opts               codec.GNetTrackOptions
		reason, want       string
	}{
		{"a field too few", samplesHeader, good + "Viettel", options(), "fields", "drive.txt:3: 4 fields, but the header names 16"},
		{"two fields too many", eventsHeader, good + "Viettel\t1\t2\t4G\t-97\t-11\t13\tX\t\tI\t\t", options(), "fields", "15 fields, but the header names 13"},
		{"a date by hand", samplesHeader, "01/03/2026 05:06\t105.84\t21.02\tViettel\t45204\t\t1\t2\t3\t4G\t-97\t-11\t13\t-\t325\t64", options(), "timestamp", `the timestamp "01/03/2026 05:06" is not of the form`},
		{"unknown operator", testsHeader, good + "VNSKY\t1\t2\t4G\t-97\t-11\t13\t1\t1\t0\t9\t9", options(), "operator", `the operator "VNSKY" has no PLMN`},
		{"no service and no SIM", eventsHeader, good + "NO COVERAGE\t0\t-1\t--\t-200\t-2\t-\tNO_COVERAGE\t\tI", noSIM, "operator", "no option says whose SIM it was"},
		{"no name and no SIM", testsHeader, good + "\t1\t2\t4G\t-97\t-11\t13\t1\t1\t0\t9\t9", noSIM, "operator", "the row names no operator"},
		{"a PLMN that is none", samplesHeader, good + "Viettel\t4520\t\t1\t2\t3\t4G\t-97\t-11\t13\t-\t325\t64", options(), "operator", `operator "4520" is not a PLMN`},
		{"a rate in words", testsHeader, good + "Viettel\t1\t2\t4G\t-97\t-11\t13\t1\t1\t0\tfast\t9", options(), "number", `TESTDOWNLINK "fast" is not a rate`},
		{"a negative rate", testsHeader, good + "Viettel\t1\t2\t4G\t-97\t-11\t13\t1\t1\t0\t-5\t9", options(), "number", `TESTDOWNLINK "-5"`},
		{"NaN", testsHeader, good + "Viettel\t1\t2\t4G\t-97\t-11\t13\t1\t1\t0\tNaN\t9", options(), "number", `TESTDOWNLINK "NaN"`},
		{"faster than any network", testsHeader, good + "Viettel\t1\t2\t4G\t-97\t-11\t13\t1\t1\t0\t99999999\t9", options(), "invalid", "download_mbps"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// A blank line before it: line numbers are those of the file.
			_, summary, err := one(t, tt.header, "\r\n"+tt.line, tt.opts)
			var rowErr *codec.RowError
			if !errors.As(err, &rowErr) || rowErr.Line != 3 {
				t.Fatalf("error %v, want a RowError of line 3", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want %q", err, tt.want)
			}
			if summary.Skipped[tt.reason] != 1 || summary.Rows != 1 {
				t.Errorf("summary %+v, want one row skipped for %q", summary, tt.reason)
			}
		})
	}
}

func TestBadRowsDoNotEndTheFile(t *testing.T) {
	t.Parallel()
	row := func(second int, tech string) string {
		return fmt.Sprintf("2026.03.01_05.06.%02d\t105.84\t21.02\tViettel\t45204\t\t1\t2\t3\t%s\t-97\t-11\t13\t-\t325\t64\t\r\n", second, tech)
	}
	log := samplesHeader + "\r\n" + row(1, "4G") + row(2, "-97") + "cut off\r\n" + row(4, "--") + row(4, "3G") + row(4, "3G")
	g, err := codec.NewGNetTrack(strings.NewReader(log), options())
	if err != nil {
		t.Fatal(err)
	}
	var errs []string
	var seqs []int64
	for r, err := range g.Readings() {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		seqs = append(seqs, r.Seq.Or(-1))
	}
	if want := []string{`drive.txt:3: the columns are shifted: NetworkTech holds "-97"`, "drive.txt:4: 1 fields, but the header names 16"}; !cmp.Equal(errs, want) {
		t.Errorf("errors (-want +got):\n%s", cmp.Diff(want, errs))
	}
	if want := []int64{2, 0, 6, 7}; !cmp.Equal(seqs, want) {
		t.Errorf("sequence numbers %v, want %v", seqs, want)
	}
	want := codec.GNetTrackSummary{Source: codec.GNetTrackSamples, Summary: codec.Summary{Rows: 6, Samples: 3, NoService: 1,
		Skipped: map[string]int{"shifted": 1, "fields": 1}, LeftOut: map[string]int{}}}
	if diff := cmp.Diff(want, g.Summary()); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

func TestValuesThatAreLeftOut(t *testing.T) {
	t.Parallel()
	row := func(lon, lat, node, cell, tech, level, qual, snr, psc string) string {
		return "2026.03.01_05.06.07\t" + lon + "\t" + lat + "\tViettel\t45204\t\t" + node + "\t" + cell + "\t3\t" + tech + "\t" + level + "\t" + qual + "\t" + snr + "\t-\t" + psc + "\t64"
	}
	tests := []struct {
		name, line, reason string
		want               int
	}{
		{"-340", row("105", "21", "1", "2", "4G", "-340", "-11", "13", "1"), "level", 1},
		{"-200", row("105", "21", "1", "2", "4G", "-200", "-11", "13", "1"), "level", 1},
		{"-164", row("105", "21", "1", "2", "4G", "-164", "-11", "13", "1"), "level", 1},
		{"-24", row("105", "21", "1", "2", "4G", "-24", "-11", "13", "1"), "level", 1},
		{"the lowest true level", row("105", "21", "1", "2", "4G", "-140", "-11", "13", "1"), "level", 0},
		{"the highest true level", row("105", "21", "1", "2", "4G", "-44", "-11", "13", "1"), "level", 0},
		{"no level", row("105", "21", "1", "2", "4G", "-", "", "--", "1"), "level", 0},
		{"a level in words", row("105", "21", "1", "2", "4G", "weak", "-11", "13", "1"), "level", 1},
		{"quality", row("105", "21", "1", "2", "4G", "-97", "-99", "13", "1"), "quality", 1},
		{"SNR of zero", row("105", "21", "1", "2", "4G", "-97", "-11", "0.0", "1"), "snr_zero", 1},
		{"SNR out of range", row("105", "21", "1", "2", "4G", "-97", "-11", "99", "1"), "snr", 1},
		{"3G has its own quantities", row("105", "21", "1", "2", "3G", "-24", "-99", "0.0", "511"), "level", 0},
		{"no fix", row("0.0", "0.0", "1", "2", "4G", "-97", "-11", "13", "1"), "position", 1},
		{"half a fix", row("105", "-", "1", "2", "4G", "-97", "-11", "13", "1"), "position", 1},
		{"not on Earth", row("105", "121", "1", "2", "4G", "-97", "-11", "13", "1"), "position", 1},
		{"node 0", row("105", "21", "0", "2", "4G", "-97", "-11", "13", "1"), "cell", 1},
		{"a sector of 9 bits", row("105", "21", "1", "256", "4G", "-97", "-11", "13", "1"), "cell", 1},
		{"no cell is no fault", row("105", "21", "", "-", "4G", "-97", "-11", "13", "1"), "cell", 0},
		{"5G has no sector", row("105", "21", "1", "256", "5G", "-97", "-11", "13", "1"), "cell", 0},
		{"PCI", row("105", "21", "1", "2", "4G", "-97", "-11", "13", "1008"), "pci", 1},
		{"a word of the future", row("105", "21", "1", "2", "6G", "-97", "-11", "13", "1"), "technology", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, summary, err := one(t, samplesHeader, tt.line, options())
			if err != nil {
				t.Fatal(err)
			}
			if got := summary.LeftOut[tt.reason]; got != tt.want {
				t.Errorf("left out %v, want %d for %q; the reading is %+v", summary.LeftOut, tt.want, tt.reason, *r.Mobile)
			}
			present := map[string]bool{"level": r.Mobile.RSRPdBm.Present(), "quality": r.Mobile.RSRQdB.Present(), "snr": r.Mobile.SINRdB.Present(), "snr_zero": r.Mobile.SINRdB.Present(),
				"position": r.Mobile.Lat.Present() || r.Mobile.Lon.Present(), "cell": r.Mobile.CellID.Present(), "pci": r.Mobile.PCI.Present(), "technology": r.Mobile.Technology.Present()}
			if tt.want == 1 && present[tt.reason] {
				t.Errorf("counted as left out and still there: %+v", *r.Mobile)
			}
		})
	}
}

func TestEventsThatSayNothingNew(t *testing.T) {
	t.Parallel()
	const event = "2026.03.01_05.06.07\t105.84\t21.02\tVNSKY\t1\t2\t4G\t-97\t-11\t13\t"
	for eventType, reason := range map[string]string{"IN_COVERAGE": "in_coverage", "HANDOVER_DATA_4G4G": "other_event", "": "other_event"} {
		r, summary, err := one(t, eventsHeader, event+eventType+"\t\tI", options())
		if err != nil || r.Mobile != nil || summary.Skipped[reason] != 1 {
			t.Errorf("event %q: reading %v, summary %+v, error %v; want it skipped as %q", eventType, r.Mobile, summary, err, reason)
		}
	}
}

// Spreadsheets put commas or semicolons in place of tabs, and a byte order mark.
func TestSeparators(t *testing.T) {
	t.Parallel()
	log := samplesHeader + "\n2026.03.01_05.06.07\t105.84\t21.02\tViettel\t45204\t\t1\t2\t3\t4G\t-97\t-11\t13\t-\t325\t64\n"
	for _, separator := range []string{"\t", ",", ";"} {
		g, err := codec.NewGNetTrack(strings.NewReader("\ufeff"+strings.ReplaceAll(log, "\t", separator)), options())
		if err != nil {
			t.Errorf("separator %q: %v", separator, err)
			continue
		}
		n := 0
		for r, err := range g.Readings() {
			if err != nil || r.Mobile.PCI.Or(0) != 325 {
				t.Errorf("separator %q: %+v, %v", separator, r.Mobile, err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("separator %q: %d readings, want 1", separator, n)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ log, want string }{
		"empty":          {"", "drive.txt: the file is empty"},
		"another format": {"time,lat,lon\n1,2,3\n", "drive.txt:1: not a log of G-NetTrack Pro: it lacks the column Timestamp, Longitude"},
		"binary":         {"PK\x03\x04\xff\xfe\n", "the header is not text in UTF-8"},
		"no end of line": {strings.Repeat("x", 1<<20), "drive.txt:1: the line is longer than"},
		"twice":          {samplesHeader + "\tLevel\n", `the column "Level" appears twice`},
		"no operator":    {strings.Replace(samplesHeader, "\tOperator\t", "\t", 1) + "\n", "lacks the column Operator"},
	} {
		if _, err := codec.NewGNetTrack(strings.NewReader(tt.log), options()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
	}
}

func TestReadErrorEndsTheReadings(t *testing.T) {
	t.Parallel()
	broken := errors.New("the stick was pulled out")
	reader := iotest.ErrReader(broken)
	if _, err := codec.NewGNetTrack(reader, options()); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*codec.GNetTrackOptions){
		"Device:":      func(o *codec.GNetTrackOptions) { o.Device = "Probe 1" },
		"Area:":        func(o *codec.GNetTrackOptions) { o.Area = "123" },
		"Location:":    func(o *codec.GNetTrackOptions) { o.Location = nil },
		"Operators:":   func(o *codec.GNetTrackOptions) { o.Operators = map[string]telemetry.OperatorCode{"Viettel": "4520"} },
		"SIMOperator:": func(o *codec.GNetTrackOptions) { o.SIMOperator = "viettel" },
	} {
		opts := options()
		spoil(&opts)
		if _, err := codec.NewGNetTrack(strings.NewReader(samplesHeader), opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
}

func TestOperatorsOfALog(t *testing.T) {
	t.Parallel()
	row := func(name, plmn string) string {
		return "\n2026.03.01_05.06.07\t105.84\t21.02\t" + name + "\t" + plmn + "\t\t1\t2\t3\t4G\t-97\t-11\t13\t-\t325\t64\t"
	}
	got, err := codec.GNetTrackOperators(strings.NewReader(samplesHeader+row("", "45201")+row("NO_COVERAGE", "")+row("Viettel", "45204")+row("MobiFone", "45201")), "drive.txt")
	if want := map[string]telemetry.OperatorCode{"Viettel": "45204", "MobiFone": "45201"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("operators %v, %v; want %v", got, err, want)
	}
	for want, log := range map[string]string{
		`drive.txt:3: the operator "Viettel" is 45201 here and 45204 before`: samplesHeader + row("Viettel", "45204") + row("Viettel", "45201"),
		"this is the log of events; only the per-second log":                 eventsHeader,
		"not a log of G-NetTrack Pro":                                        "a\tb\n",
	} {
		if _, err := codec.GNetTrackOperators(strings.NewReader(log), "drive.txt"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func FuzzGNetTrack(f *testing.F) {
	f.Add(samplesHeader + "\r\n2026.03.01_05.06.07\t105.84\t21.02\tViettel\t45204\t\t1\t2\t3\t4G\t-97\t-11\t13\t-\t325\t64\t\r\n")
	f.Add(testsHeader + "\n2026.03.01_05.06.07\t105.84\t21.02\tViettel\t1\t2\t4G\t-97\t-11\t13\t78\t6\t0\t35925\t8825\n")
	f.Add(eventsHeader + "\n2026.03.01_05.06.07\t105.84\t21.02\tNO COVERAGE\t\t-1\t--\t-200\t-2\t-\tNO_COVERAGE\t\tI\n")
	f.Fuzz(func(t *testing.T, log string) {
		g, err := codec.NewGNetTrack(strings.NewReader(log), options())
		if err != nil {
			return
		}
		good := 0
		for r, err := range g.Readings() {
			if err != nil {
				continue
			}
			good++
			if err := r.Validate(); err != nil {
				t.Errorf("a reading that is not valid: %v", err)
			}
			if !r.Seq.Present() {
				t.Error("a reading without a sequence number")
			}
		}
		s := g.Summary()
		skipped := 0
		for _, n := range s.Skipped {
			skipped += n
		}
		if s.Rows != good+skipped || good != s.Tests+s.Samples+s.NoService {
			t.Errorf("%d readings do not add up: %+v", good, s)
		}
	})
}
