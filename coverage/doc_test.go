package coverage

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// page is docs/COVERAGE.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// example returns the tests of the table of the worked example.
func example(t *testing.T, page string) []TestRecord {
	t.Helper()
	_, table, found := strings.Cut(page, "<!-- example")
	if !found {
		t.Fatal("the page has no example")
	}
	var tests []TestRecord
	for line := range strings.Lines(table) {
		f := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		if len(f) != 5 || !strings.HasPrefix(f[0], "2026-") {
			continue
		}
		id, err := ParseTestID(f[0] + "T" + f[1] + "/0001")
		if err != nil {
			t.Fatal(err)
		}
		r := TestRecord{ID: id, Technology: "4g"}
		if r.PointHex, err = strconv.Atoi(f[2]); err != nil {
			t.Fatal(err)
		}
		if err := r.Result.UnmarshalText([]byte(f[3])); err != nil {
			t.Fatal(err)
		}
		if r.Mbps, err = strconv.ParseFloat(f[4], 64); err != nil {
			t.Fatal(err)
		}
		tests = append(tests, r)
	}
	return tests
}

// Every number of the worked example comes out of the code, from the table on the page.
func TestWorkedExample(t *testing.T) {
	t.Parallel()
	text := page(t)
	tests := example(t, text)
	rules := DefaultRules()
	cell := DossierCell{TargetMbps: 40, Accessible: AllPoints, Tests: tests}
	d := cell.decide(&rules)
	if d.Verdict != Gap || !strings.Contains(text, "**Verdict: `"+d.Verdict.String()+"`.**") {
		t.Errorf("the verdict is %s", d.Verdict)
	}
	for i := range tests {
		if tests[i].Mbps < 40 && tests[i].Result == Transferred {
			struck := cell
			struck.Tests = append(append([]TestRecord(nil), tests[:i]...), tests[i+1:]...)
			after := struck.decide(&rules)
			if after.Verdict != Unproven {
				t.Errorf("without test %s it is %s", tests[i].ID, after.Verdict)
			}
			wants(t, text, fmt.Sprintf("%d of %d remain, P(X ≤ %d; %d, 0.90) = %.4f, and the cell is %#q",
				after.Positive(), after.Tests, after.Positive(), after.Tests, after.GapP, after.Verdict.String()))
		}
	}
	fullest := 0
	for i := range PointHexes {
		n := 0
		for _, r := range tests {
			if r.PointHex == i {
				n++
			}
		}
		fullest = max(fullest, n)
	}
	k := d.Positive()
	wants(t, text, fmt.Sprintf("n = %d; %d reach 40 Mbit/s (40.00 does, 39.99 does not), so %d are negative; %d got no service", d.Tests, k, d.Negative, d.Unusable))
	wants(t, text, fmt.Sprintf("P(X ≤ %d; %d, 0.90) = %.4f < 0.05", k, d.Tests, d.GapP))
	wants(t, text, fmt.Sprintf("P(X ≥ %d; %d, 0.90) = %.4f", k, d.Tests, d.CoveredP))
	wants(t, text, fmt.Sprintf("P(X ≤ %d; %d, 0.50) = %.4f", d.Tests-d.Unusable, d.Tests, d.DeadP))
	wants(t, text, fmt.Sprintf("upper bound of the share is %.4f", d.Exact(rules.Level).Upper))
	wants(t, text, fmt.Sprintf("shown as %.4f", d.Shown().Upper))
	wants(t, text, fmt.Sprintf("which is %d; needed min(7, 4) = %d", d.Gap.Points, d.Gap.PointsNeeded))
	wants(t, text, fmt.Sprintf("= %d h %d min", d.Gap.ApartSeconds/3600, d.Gap.ApartSeconds%3600/60))
	wants(t, text, fmt.Sprintf("n ≤ 20 needs %d, and there are %d", d.Gap.TestsNeeded, d.Gap.Tests))
	wants(t, text, fmt.Sprintf("the fullest holds %d", fullest))
}

func wants(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("docs/COVERAGE.md does not say %q", part)
	}
}

// The page names every reason and every number of the rules.
func TestPageAgreesWithTheRules(t *testing.T) {
	t.Parallel()
	text := page(t)
	for _, r := range Reasons() {
		wants(t, text, "| `"+r.String()+"` |")
	}
	rules := DefaultRules()
	wants(t, text, "`"+rules.Version+"+…`")
	wants(t, text, fmt.Sprintf("tests of the %d local", rules.WindowDays))
	wants(t, text, fmt.Sprintf("Each day of the last %d", rules.ValidDays))
	wants(t, text, fmt.Sprintf("its probability is below %v, or", rules.AtOnceLevel))
	wants(t, text, fmt.Sprintf("has held for %d days in a row, that day included, at the level of %v;", rules.HoldDays, rules.Level))
	wants(t, text, fmt.Sprintf("at least %d m of road", LeastRoadM))
	wants(t, text, fmt.Sprintf("At most %d tests a day", TestsPerDay))
	wants(t, text, fmt.Sprintf("position error above %.0f m", rules.Validity.MaxAccuracyM))
	wants(t, text, fmt.Sprintf("at RSRP below −%d dBm", -rules.Validity.GoodDBm))
	wants(t, text, fmt.Sprintf("only at −%d dBm or better", -rules.Validity.FloorDBm))
	wants(t, text, fmt.Sprintf("min(a, %d) of them hold %d tests", rules.SpreadPoints, rules.TestsPerPoint))
	wants(t, text, fmt.Sprintf("more than %d %% of all tests (%d %% with a = 3", rules.ConcentrationPct, rules.ConcentrationOf3Pct))
	// The lines of the two tables of counts stand side by side.
	from, fromRebuttal := 0, 0
	for i, c := range rules.Counts {
		line := fmt.Sprintf("| %s |", countLine(c, from))
		if i < len(rules.RebuttalCounts) {
			r := rules.RebuttalCounts[i]
			line += fmt.Sprintf(" | %s |", countLine(r, fromRebuttal))
			fromRebuttal = r.UpTo + 1
		}
		from = c.UpTo + 1
		wants(t, text, line)
	}
}

func countLine(c Count, from int) string {
	span := fmt.Sprintf("%d–%d", from, c.UpTo)
	switch {
	case from == 0:
		span = fmt.Sprintf("≤ %d", c.UpTo)
	case c.UpTo == 0:
		span = fmt.Sprintf("≥ %d", from)
	}
	if c.AtLeast > 0 {
		return fmt.Sprintf("%s | %d tests", span, c.AtLeast)
	}
	return fmt.Sprintf("%s | %d %%", span, c.Percent)
}
