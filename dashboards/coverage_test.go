package dashboards_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"phusong/dashboards"
)

// The figures come out in base units, known ones at 0 and unknown ones not at all.
func TestCoverageCollector(t *testing.T) {
	t.Parallel()
	figures := dashboards.CoverageFigures{
		Judged: time.Unix(1_700_000_000, 500_000_000),
		Areas: []dashboards.CoverageArea{
			{
				Operator: "45204", Area: "25459", Cells: map[string]int{"covered": 3, "untested": 7}, Tests: 80, Transfers: 60,
				MeanMbps: 40, OnTarget: 0.75, Available: 0.9375,
			},
			{Operator: "45204", Area: "80", Cells: map[string]int{"dead": 1}},
		},
		Operators: []dashboards.CoverageOperator{{
			Operator: "45204", Zones: map[string]dashboards.ZoneFigures{"dead": {Zones: 2, Km2: 1.5}, "slow": {}},
			Cases: map[string]int{"open": 0}, Live: map[string]int{"down": 1}, LastTest: time.Unix(1_699_999_999, 0),
		}},
		Tests: []dashboards.CoverageTests{{Operator: "45204", Tests: 80}, {Reason: "no_position", Tests: 2}},
	}
	c := dashboards.NewCoverageCollector(func() dashboards.CoverageFigures { return figures })
	const want = `
# HELP coverage_cases Gap cases by state.
# TYPE coverage_cases gauge
coverage_cases{operator="45204",state="open"} 0
# HELP coverage_cells Cells of a commune or province by verdict: covered, gap, dead, unproven, and untested.
# TYPE coverage_cells gauge
coverage_cells{area="25459",level="commune",operator="45204",verdict="covered"} 3
coverage_cells{area="25459",level="commune",operator="45204",verdict="untested"} 7
coverage_cells{area="80",level="province",operator="45204",verdict="dead"} 1
# HELP coverage_judged_timestamp_seconds Time of the stream that the verdicts on coverage are of, in Unix time. Absent before the first.
# TYPE coverage_judged_timestamp_seconds gauge
coverage_judged_timestamp_seconds 1.7000000005e+09
# HELP coverage_last_test_timestamp_seconds Event time of the newest test that counts, in Unix time.
# TYPE coverage_last_test_timestamp_seconds gauge
coverage_last_test_timestamp_seconds{operator="45204"} 1.699999999e+09
# HELP coverage_live_probes Fixed probes by what they find now: up, down or unknown.
# TYPE coverage_live_probes gauge
coverage_live_probes{operator="45204",state="down"} 1
# HELP coverage_mean_download_bytes_per_second Mean download of the tests that transferred. 40 Mbit/s are 5000000. Absent without any.
# TYPE coverage_mean_download_bytes_per_second gauge
coverage_mean_download_bytes_per_second{area="25459",level="commune",operator="45204"} 5e+06
# HELP coverage_tests_on_target_ratio Share of the tests that reach the target. Absent without any.
# TYPE coverage_tests_on_target_ratio gauge
coverage_tests_on_target_ratio{area="25459",level="commune",operator="45204"} 0.75
# HELP coverage_tests_total Tests that arrived, by whether they count and why not. An operator that the rules do not know is empty.
# TYPE coverage_tests_total counter
coverage_tests_total{operator="",reason="no_position",valid="false"} 2
coverage_tests_total{operator="45204",reason="",valid="true"} 80
# HELP coverage_tests_with_service_ratio Share of the tests that got service. Absent without any.
# TYPE coverage_tests_with_service_ratio gauge
coverage_tests_with_service_ratio{area="25459",level="commune",operator="45204"} 0.9375
# HELP coverage_window_tests Tests that count in the window of judgement.
# TYPE coverage_window_tests gauge
coverage_window_tests{area="25459",level="commune",operator="45204"} 80
coverage_window_tests{area="80",level="province",operator="45204"} 0
# HELP coverage_zones Open zones: connected dead cells (dead) or gaps (slow).
# TYPE coverage_zones gauge
coverage_zones{kind="dead",operator="45204"} 2
coverage_zones{kind="slow",operator="45204"} 0
# HELP coverage_zones_area_square_meters Area of the open zones.
# TYPE coverage_zones_area_square_meters gauge
coverage_zones_area_square_meters{kind="dead",operator="45204"} 1.5e+06
coverage_zones_area_square_meters{kind="slow",operator="45204"} 0
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	problems, err := testutil.CollectAndLint(c)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	if err := prometheus.NewPedanticRegistry().Register(c); err != nil {
		t.Error(err)
	}

	figures = dashboards.CoverageFigures{} // before the first judgement
	if n := testutil.CollectAndCount(c); n != 0 {
		t.Errorf("%d series before anything is judged, want none", n)
	}
}
