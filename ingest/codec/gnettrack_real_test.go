package codec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/ingest/codec"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// dakar returns the options for one phone of the Dakar drive, with the operators
// as its per-second log says them.
func dakar(t *testing.T, phone string) (dir string, opts codec.GNetTrackOptions) {
	t.Helper()
	dir = testbed.Data(t, "gnettrack-dakar")
	f, err := os.Open(filepath.Join(dir, "raw_logs", phone+"_log.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	operators, err := codec.GNetTrackOperators(f, f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return dir, codec.GNetTrackOptions{Device: "drive-" + telemetry.DeviceID(strings.ToLower(phone)), Area: "29954", Location: time.UTC, Operators: operators}
}

func readAll(t *testing.T, path string, opts codec.GNetTrackOptions) ([]telemetry.Reading, codec.GNetTrackSummary) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	opts.Name = filepath.Base(path)
	g, err := codec.NewGNetTrack(f, opts)
	if err != nil {
		t.Fatal(err)
	}
	var readings []telemetry.Reading
	for r, err := range g.Readings() {
		if err != nil {
			t.Fatal(err)
		}
		readings = append(readings, r)
	}
	return readings, g.Summary()
}

func TestDakarCounts(t *testing.T) {
	t.Parallel()
	none := map[string]int{}
	tests := []struct {
		phone, file string
		want        codec.GNetTrackSummary
	}{
		{"Orange", "_log_datatest", codec.GNetTrackSummary{Source: codec.GNetTrackTests, Summary: codec.Summary{Rows: 40, Tests: 40, Failed: 23, Skipped: none,
			LeftOut: map[string]int{"level": 1, "snr_zero": 27, "upload": 19}}}},
		{"Yas", "_log_datatest", codec.GNetTrackSummary{Source: codec.GNetTrackTests, Summary: codec.Summary{Rows: 41, Tests: 41, Failed: 22, Skipped: none,
			LeftOut: map[string]int{"snr_zero": 40, "upload": 25}}}},
		{"expresso", "_log_datatest", codec.GNetTrackSummary{Source: codec.GNetTrackTests, Summary: codec.Summary{Rows: 41, Tests: 41, Failed: 17, Skipped: none,
			LeftOut: map[string]int{"serving_name": 5, "upload": 19}}}},
		{"Orange", "_log_events", codec.GNetTrackSummary{Source: codec.GNetTrackEvents, Summary: codec.Summary{Rows: 554,
			Skipped: map[string]int{"other_event": 554}, LeftOut: none}}},
		{"Yas", "_log_events", codec.GNetTrackSummary{Source: codec.GNetTrackEvents, Summary: codec.Summary{Rows: 555,
			Skipped: map[string]int{"other_event": 555}, LeftOut: none}}},
		{"expresso", "_log_events", codec.GNetTrackSummary{Source: codec.GNetTrackEvents, Summary: codec.Summary{Rows: 901, NoService: 254,
			Skipped: map[string]int{"in_coverage": 254, "other_event": 393}, LeftOut: none}}},
		{"Orange", "_log", codec.GNetTrackSummary{Source: codec.GNetTrackSamples, Summary: codec.Summary{Rows: 2625, Samples: 2625, Skipped: none,
			LeftOut: map[string]int{"level": 156, "snr_zero": 1190}}}},
		{"Yas", "_log", codec.GNetTrackSummary{Source: codec.GNetTrackSamples, Summary: codec.Summary{Rows: 2719, Samples: 2719, Skipped: none,
			LeftOut: map[string]int{"cell": 12, "snr_zero": 1861}}}},
		{"expresso", "_log", codec.GNetTrackSummary{Source: codec.GNetTrackSamples, Summary: codec.Summary{Rows: 2955, Samples: 2702, NoService: 253, Skipped: none,
			LeftOut: map[string]int{"snr_zero": 38}}}},
	}
	for _, tt := range tests {
		t.Run(tt.phone+tt.file, func(t *testing.T) {
			t.Parallel()
			dir, opts := dakar(t, tt.phone)
			readings, got := readAll(t, filepath.Join(dir, "raw_logs", tt.phone+tt.file+".txt"), opts)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			if want := got.Tests + got.Samples + got.NoService; len(readings) != want {
				t.Errorf("%d readings, the summary counts %d", len(readings), want)
			}
			keys := make(map[telemetry.Key]bool)
			for i := range readings {
				if keys[readings[i].Key()] {
					t.Errorf("two readings have the key %+v", readings[i].Key())
				}
				keys[readings[i].Key()] = true
			}
		})
	}
}

// The counts that the acceptance of the whole import rests on.
func TestDakarTotals(t *testing.T) {
	t.Parallel()
	tests, failed, good, noService := 0, 0, 0, 0
	operators := make(map[string]bool)
	for _, phone := range []string{"Orange", "Yas", "expresso"} {
		dir, opts := dakar(t, phone)
		for _, file := range []string{"_log_datatest.txt", "_log_events.txt"} {
			readings, _ := readAll(t, filepath.Join(dir, "raw_logs", phone+file), opts)
			for _, r := range readings {
				m := r.Mobile
				switch m.Outcome.Or("") {
				case telemetry.OutcomeOK:
					tests++
					if m.DownloadMbps.Or(0) >= 40 {
						good++
					}
				case telemetry.OutcomeFailed:
					tests++
					failed++
					if m.DownloadMbps.Present() {
						t.Errorf("%s at %s failed with a rate", phone, r.Time)
					}
				case telemetry.OutcomeNoService:
					noService++
				}
				operators[m.SIMOperator.Or("")] = true
			}
		}
	}
	if tests != 122 || failed != 62 || noService != 254 {
		t.Errorf("%d tests, %d failed, %d without service; want 122, 62, 254", tests, failed, noService)
	}
	if good != 6 {
		t.Errorf("%d tests reached 40 Mbit/s, want 6", good)
	}
	if want := map[string]bool{"60801": true, "60802": true, "60803": true}; !cmp.Equal(operators, want) {
		t.Errorf("operators %v, want %v", operators, want)
	}
}

// A second without service stands in two files; importing both must store it once.
func TestNoServiceIsOneFactInBothFiles(t *testing.T) {
	t.Parallel()
	dir, opts := dakar(t, "expresso")
	byKey := make(map[telemetry.Key]telemetry.Reading)
	events, _ := readAll(t, filepath.Join(dir, "raw_logs/expresso_log_events.txt"), opts)
	for _, r := range events {
		byKey[r.Key()] = r
	}
	samples, _ := readAll(t, filepath.Join(dir, "raw_logs/expresso_log.txt"), opts)
	same := 0
	for _, r := range samples {
		if r.Mobile.Outcome.Or("") != telemetry.OutcomeNoService {
			if other, ok := byKey[r.Key()]; ok {
				t.Errorf("a sample shares the key %+v with %+v", r.Key(), other.Mobile)
			}
			continue
		}
		event, ok := byKey[r.Key()]
		if !ok {
			t.Errorf("the sample at %s is in no event", r.Time)
			continue
		}
		same++
		if diff := cmp.Diff(event, r); diff != "" {
			t.Errorf("the two files disagree about %s:\n%s", r.Time, diff)
		}
	}
	if same != 253 {
		t.Errorf("%d seconds stand in both files, want 253", same)
	}
}

func TestLevelsAreRSRPOnly(t *testing.T) {
	t.Parallel()
	for _, phone := range []string{"Orange", "Yas", "expresso"} {
		dir, opts := dakar(t, phone)
		readings, _ := readAll(t, filepath.Join(dir, "raw_logs", phone+"_log.txt"), opts)
		for _, r := range readings {
			m := r.Mobile
			if tech := m.Technology.Or(""); tech != "4g" && (m.RSRPdBm.Present() || m.RSRQdB.Present() || m.SINRdB.Present() || m.CellID.Present()) {
				t.Fatalf("%s at %s: 4G quantities on %q", phone, r.Time, tech)
			}
			if v := m.RSRPdBm.Or(-100); v < -140 || v > -44 {
				t.Fatalf("%s at %s: RSRP %v", phone, r.Time, v)
			}
		}
	}
}

func TestDakarOperators(t *testing.T) {
	t.Parallel()
	for phone, want := range map[string]map[string]telemetry.OperatorCode{
		"Orange": {"Orange": "60801"}, "Yas": {"Yas": "60802"}, "expresso": {"expresso": "60803"},
	} {
		if _, opts := dakar(t, phone); !cmp.Equal(opts.Operators, want) {
			t.Errorf("%s: operators %v, want %v", phone, opts.Operators, want)
		}
	}
}

func TestShiftedFileIsRefused(t *testing.T) {
	t.Parallel()
	dir, opts := dakar(t, "Orange")
	f, err := os.Open(filepath.Join(dir, "processed/Orange_log_clean.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	opts.Name = "Orange_log_clean.csv"
	_, err = codec.NewGNetTrack(f, opts)
	const want = `Orange_log_clean.csv:2: the columns are shifted: NetworkTech holds "-81" and not 2G, 3G, 4G, 5G or --, so no column after it can be trusted; import the log as the app wrote it`
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%v", err, want)
	}
}

func TestStatisticsFileIsRefused(t *testing.T) {
	t.Parallel()
	dir, opts := dakar(t, "Orange")
	f, err := os.Open(filepath.Join(dir, "raw_logs/Orange_log_stats.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := codec.NewGNetTrack(f, opts); err == nil || !strings.Contains(err.Error(), "not a log of G-NetTrack Pro: it lacks the column Timestamp") {
		t.Errorf("error %v", err)
	}
}
