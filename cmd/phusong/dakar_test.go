package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phusong/coverage"
	"phusong/ingest/codec"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// dakarReadings returns what the importer makes of the three phones of the Dakar drive.
func dakarReadings(t *testing.T) []telemetry.Reading {
	t.Helper()
	folder := filepath.Join(testbed.Data(t, "gnettrack-dakar"), "raw_logs")
	var all []telemetry.Reading
	for _, phone := range []string{"Orange", "Yas", "expresso"} {
		log, err := os.Open(filepath.Join(folder, phone+"_log.txt"))
		if err != nil {
			t.Fatal(err)
		}
		operators, err := codec.GNetTrackOperators(log, phone)
		_ = log.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{"_log.txt", "_log_datatest.txt", "_log_events.txt"} {
			f, err := os.Open(filepath.Join(folder, phone+suffix))
			if err != nil {
				t.Fatal(err)
			}
			g, err := codec.NewGNetTrack(f, codec.GNetTrackOptions{
				Name: phone, Device: telemetry.DeviceID("drive-" + strings.ToLower(phone)), Area: "29954",
				Location: time.UTC, Operators: operators,
			})
			if err != nil {
				t.Fatal(err)
			}
			for r, err := range g.Readings() {
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, r)
			}
			_ = f.Close()
		}
	}
	return all
}

// The drive was made at night, by phones that state neither the error of their position nor
// whether they were outdoors: as it is, no test of it counts, and each says why. 629 rows have
// an outcome.
func TestDakarDoesNotCountAsItIs(t *testing.T) {
	t.Parallel()
	readings := dakarReadings(t)
	for name, tt := range map[string]struct {
		change func(*coverage.Validity)
		want   coverage.Reason
	}{
		"networks of Viet Nam": {func(*coverage.Validity) {}, coverage.UnknownOperator},
		"any network":          {func(v *coverage.Validity) { v.Operators = nil }, coverage.Inaccurate},
		"any position": {func(v *coverage.Validity) {
			v.Operators, v.Stated = nil, nil
		}, coverage.Hours},
	} {
		rules := coverage.DefaultRules()
		rules.Validity.Zone = "UTC" // Senegal's
		tt.change(&rules.Validity)
		reasons, _ := dakarMap(t, rules, readings)
		if reasons[coverage.Counts] != 0 || reasons[tt.want] != 629 {
			t.Errorf("%s: %v, want 629 tests that do not count for %s", name, reasons, tt.want)
		}
	}
}

func dakarMap(t *testing.T, rules coverage.Rules, readings []telemetry.Reading) (map[coverage.Reason]int, *coverage.Map) {
	t.Helper()
	m, err := coverage.NewMap(coverage.Options{Rules: rules, Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	reasons := make(map[coverage.Reason]int)
	for i := range readings {
		reasons[m.Observe(&readings[i]).Reason]++
	}
	return reasons, m
}

// With hours, positions and networks waived, eleven cells and operators have tests. The
// numbers were counted by hand from the rows of the data tests with a rate above 0, by cell;
// for expresso (60803) with the seconds without service, of which one counts in 30 seconds, and
// which displace a data test that ended in the same 30 seconds. 62 of 68 tests are below
// 40 Mbit/s, and yet nothing may be said of any cell: the whole drive lasted 92 minutes, and
// failures at one time of day are not failures of a place.
func TestDakarProvesNothing(t *testing.T) {
	t.Parallel()
	const orange, yas, expresso = "60801", "60802", "60803"
	type want struct {
		cell, operator            string
		tests, negative, unusable int
		points                    int    // with two tests and a negative one; 4 are needed
		counted                   int    // negatives after the limit for one point-hex; 5 are needed
		apart                     int    // minutes between the two sets of two; 240 are needed
		missing                   string // which thresholds are
		why                       string
	}
	wants := []want{
		{"8854ac2cd9fffff", orange, 9, 7, 0, 3, 7, 14, "place time", "enough slow tests, in 3 point-hexes of 4"},
		{"8854ac2cd9fffff", yas, 9, 9, 0, 3, 9, 19, "place time", "all are slow, and a fourth point-hex has one test only"},
		{"8854ac2cd9fffff", expresso, 16, 15, 8, 4, 15, 25, "time", "half of the attempts found no network, in four point-hexes: time of day alone is missing"},
		{"8854ac2eb3fffff", orange, 5, 4, 0, 2, 4, 37, "place time number", "four slow tests, and the rule wants five"},
		{"8854ac2eb3fffff", yas, 9, 9, 0, 2, 9, 54, "place time", "two point-hexes hold 7 of 9, the others one each"},
		{"8854ac2eb3fffff", expresso, 8, 6, 1, 2, 4, 54, "place time number", "five of eight in one point-hex, where four failed and two of them count"},
		{"8854ac2ebbfffff", orange, 2, 2, 0, 0, 2, -1, "place time number", "two tests, in two point-hexes"},
		{"8854ac2ebbfffff", yas, 1, 1, 0, 0, 1, -1, "proof place time number", "one test, and one in ten may fail"},
		{"8854ac2ebbfffff", expresso, 4, 4, 0, 1, 3, 2, "place time number", "three of four in one point-hex, of which two count"},
		{"8854ad5b6dfffff", orange, 1, 1, 0, 0, 1, -1, "proof place time number", "one test"},
		{"8854ad5b6dfffff", expresso, 4, 4, 1, 2, 4, 2, "place time number", "four tests, and the rule wants five"},
	}
	rules := coverage.DefaultRules()
	rules.Version = "dakar"
	v := &rules.Validity
	v.Zone, v.FromSecond, v.ToSecond, v.Stated, v.Operators = "UTC", 0, 24*3600-1, nil, nil
	reasons, m := dakarMap(t, rules, dakarReadings(t))
	// 61 of 122 data tests moved nothing down: that is a server's failure as well as a network's.
	if reasons[coverage.FailedTest] != 61 || reasons[coverage.Counts] != 568 {
		t.Errorf("%v, want 61 failed tests and 568 that count before the rule of 30 seconds", reasons)
	}
	judge, err := coverage.NewJudge(rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := judge.Assess(t.Context(), m.View(), time.Date(2025, 7, 19, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	withTests := 0
	for i := range a.Cells {
		if a.Cells[i].Decision.Tests > 0 {
			withTests++
		}
	}
	if withTests != len(wants) {
		t.Errorf("%d cells and operators have tests, want %d", withTests, len(wants))
	}
	for _, w := range wants {
		cell, err := coverage.ParseCell(w.cell)
		if err != nil {
			t.Fatal(err)
		}
		c := a.Find(cell, telemetry.OperatorCode(w.operator))
		if c == nil {
			t.Errorf("nothing is known of %s, %s", w.cell, w.operator)
			continue
		}
		d := &c.Decision
		minutes := d.Gap.ApartSeconds / 60
		if d.Gap.ApartSeconds < 0 {
			minutes = -1
		}
		got := want{w.cell, w.operator, d.Tests, d.Negative, d.Unusable, d.Gap.Points, d.Gap.Tests, minutes, missingOf(d, &rules), w.why}
		if got != w || c.Verdict != coverage.Unproven {
			t.Errorf("got  %s %+v\nwant unproven %+v", c.Verdict, got, w)
		}
		if d.Verdict == coverage.Dead || c.Further == nil {
			t.Errorf("%s %s: window %s, further %v", w.cell, w.operator, d.Verdict, c.Further)
		}
	}
}

// missingOf names what a gap lacks.
func missingOf(d *coverage.Decision, rules *coverage.Rules) string {
	var missing []string
	for _, threshold := range []struct {
		name  string
		holds bool
	}{{"proof", d.GapP < rules.Level}, {"place", d.Gap.Geographic()}, {"time", d.Gap.Temporal()}, {"number", d.Gap.Testing()}} {
		if !threshold.holds {
			missing = append(missing, threshold.name)
		}
	}
	return strings.Join(missing, " ")
}
