package dashboards

import (
	"time"

	"phusong/telemetry"
)

// CoverageFigures are what the coverage map says at one instant, per operator and area
// and never per cell: a province has 30,000 cells, and Prometheus is not for them.
type CoverageFigures struct {
	// Judged is the time of the stream that the verdicts are of; zero before the first.
	Judged time.Time
	Areas  []CoverageArea
	// Operators are sums over the land.
	Operators []CoverageOperator
	// Tests are those that arrived since the start, by what became of them.
	Tests []CoverageTests
}

// A CoverageArea is a commune or a province, as one operator serves it.
type CoverageArea struct {
	Operator telemetry.OperatorCode
	Area     telemetry.AreaCode
	// Cells counts them by verdict; those without a test are "untested".
	Cells map[string]int
	// Tests are those that count in the window.
	Tests int
	// MeanMbps is the mean download of Transfers; OnTarget and Available are shares of Tests.
	Transfers int
	MeanMbps  float64
	OnTarget  float64
	Available float64
}

// A CoverageOperator sums up one operator.
type CoverageOperator struct {
	Operator telemetry.OperatorCode
	// Zones are the connected dead cells or gaps, by kind: dead or slow.
	Zones map[string]ZoneFigures
	// Cases counts the gap cases by state.
	Cases map[string]int
	// Live counts the fixed probes by what they find now: up, down or unknown.
	Live map[string]int
	// LastTest is the newest test that counts, zero for none.
	LastTest time.Time
}

// ZoneFigures are how many zones there are and how much of the land they are.
type ZoneFigures struct {
	Zones int
	Km2   float64
}

// CoverageTests counts tests by operator and reason; the reason of those that count is
// empty. The operator is empty when it is none that the rules know.
type CoverageTests struct {
	Operator telemetry.OperatorCode
	Reason   string
	Tests    uint64
}

// CoverageCollector exports the latest verdicts at the moment of the scrape.
type CoverageCollector struct {
	collector
	figures func() CoverageFigures

	judged, cells, areaTests, mean, onTarget, available *family
	zones, zoneArea, cases, live, lastTest, tests       *family
}

// NewCoverageCollector returns a collector over figures, which is called at each scrape
// and must be quick.
func NewCoverageCollector(figures func() CoverageFigures) *CoverageCollector {
	c := &CoverageCollector{figures: figures}
	c.judged = c.gauge("coverage_judged_timestamp_seconds", "Time of the stream that the verdicts on coverage are of, in Unix time. Absent before the first.")
	c.cells = c.gauge("coverage_cells", "Cells of a commune or province by verdict: covered, gap, dead, unproven, and untested.", "operator", "area", "level", "verdict")
	c.areaTests = c.gauge("coverage_window_tests", "Tests that count in the window of judgement.", "operator", "area", "level")
	c.mean = c.gauge("coverage_mean_download_bytes_per_second", "Mean download of the tests that transferred. 40 Mbit/s are 5000000. Absent without any.", "operator", "area", "level")
	c.onTarget = c.gauge("coverage_tests_on_target_ratio", "Share of the tests that reach the target. Absent without any.", "operator", "area", "level")
	c.available = c.gauge("coverage_tests_with_service_ratio", "Share of the tests that got service. Absent without any.", "operator", "area", "level")
	c.zones = c.gauge("coverage_zones", "Open zones: connected dead cells (dead) or gaps (slow).", "operator", "kind")
	c.zoneArea = c.gauge("coverage_zones_area_square_meters", "Area of the open zones.", "operator", "kind")
	c.cases = c.gauge("coverage_cases", "Gap cases by state.", "operator", "state")
	c.live = c.gauge("coverage_live_probes", "Fixed probes by what they find now: up, down or unknown.", "operator", "state")
	c.lastTest = c.gauge("coverage_last_test_timestamp_seconds", "Event time of the newest test that counts, in Unix time.", "operator")
	c.tests = c.counter("coverage_tests_total", "Tests that arrived, by whether they count and why not. An operator that the rules do not know is empty.", "operator", "valid", "reason")
	c.walk = c.put
	return c
}

func (c *CoverageCollector) put(to series) {
	f := c.figures()
	if !f.Judged.IsZero() {
		to.put(c.judged, unixSeconds(f.Judged))
	}
	for i := range f.Areas {
		c.putArea(to, &f.Areas[i])
	}
	for _, o := range f.Operators {
		operator := string(o.Operator)
		for kind, z := range o.Zones {
			to.put(c.zones, float64(z.Zones), operator, kind)
			to.put(c.zoneArea, z.Km2*squareMetresPerKm2, operator, kind)
		}
		for state, n := range o.Cases {
			to.put(c.cases, float64(n), operator, state)
		}
		for state, n := range o.Live {
			to.put(c.live, float64(n), operator, state)
		}
		if !o.LastTest.IsZero() {
			to.put(c.lastTest, unixSeconds(o.LastTest), operator)
		}
	}
	for _, t := range f.Tests {
		valid := "true"
		if t.Reason != "" {
			valid = "false"
		}
		to.put(c.tests, float64(t.Tests), string(t.Operator), valid, t.Reason)
	}
}

func (c *CoverageCollector) putArea(to series, a *CoverageArea) {
	level := "commune"
	if a.Area.IsProvince() {
		level = "province"
	}
	operator, area := string(a.Operator), string(a.Area)
	for verdict, n := range a.Cells {
		to.put(c.cells, float64(n), operator, area, level, verdict)
	}
	to.put(c.areaTests, float64(a.Tests), operator, area, level)
	if a.Tests > 0 {
		to.put(c.onTarget, a.OnTarget, operator, area, level)
		to.put(c.available, a.Available, operator, area, level)
	}
	if a.Transfers > 0 {
		to.put(c.mean, a.MeanMbps*bytesPerMegabit, operator, area, level)
	}
}

const (
	squareMetresPerKm2 = 1e6
	bytesPerMegabit    = 1e6 / 8
)

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
