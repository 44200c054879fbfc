package coverage

import (
	"fmt"
	"maps"
	"os"
	"slices"
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
	const roads = PointSet(0b111)
	cell := DossierCell{TargetMbps: 40, Accessible: roads, Tests: tests}
	d := cell.decide(&rules)
	if d.Verdict != Gap {
		t.Errorf("the window proves %s", d.Verdict)
	}
	k := d.Positive()
	wants(t, text, fmt.Sprintf("n = %d; %d reach 40 Mbit/s, so %d are negative; %d got no service", d.Tests, k, d.Negative, d.Unusable))
	wants(t, text, fmt.Sprintf("P(X ≤ %d; %d, 0.90) = %.4f < 0.05: proven", k, d.Tests, d.GapP))
	wants(t, text, fmt.Sprintf("P(X ≥ %d; %d, 0.90) = %.4f: not", k, d.Tests, d.CoveredP))
	wants(t, text, fmt.Sprintf("P(X ≤ %d; %d, 0.50) = %.4f: not", d.Tests-d.Unusable, d.Tests, d.DeadP))
	wants(t, text, fmt.Sprintf("upper bound of the share is %.4f", d.Exact(rules.Level).Upper))
	wants(t, text, fmt.Sprintf("shown as %.4f", d.Shown().Upper))
	wants(t, text, fmt.Sprintf("which is %d; needed min(%d, 4) = %d", d.Gap.Points, roads.Len(), d.Gap.PointsNeeded))
	wants(t, text, fmt.Sprintf("= %d h %d min", d.Gap.ApartSeconds/3600, d.Gap.ApartSeconds%3600/60))
	wants(t, text, fmt.Sprintf("n ≤ 20 needs %d, and there are %d", d.Gap.TestsNeeded, d.Gap.Tests))
	fullest := 0
	var negatives []string
	for i := range PointHexes {
		n := 0
		for _, r := range tests {
			if r.PointHex == i {
				n++
			}
		}
		fullest = max(fullest, n)
	}
	for _, r := range tests {
		if r.Mbps < 40 {
			negatives = append(negatives, r.ID.String()[len("2026-11-01T"):len(testIDLayout)])
		}
	}
	slices.Sort(negatives)
	wants(t, text, fmt.Sprintf("more than %d %% of the tests (the fullest holds %d)", rules.ConcentrationOf3Pct, fullest))
	wants(t, text, "by time of day: "+strings.Join(negatives, ", ")+". t[4] − t[1] = "+negatives[4]+" − "+negatives[1])
	struckOut(t, text, cell)
	beforeAndAfter(t, text, cell)
}

// struckOut is the cell without one test.
func struckOut(t *testing.T, text string, cell DossierCell) {
	t.Helper()
	rules := DefaultRules()
	tests := cell.Tests
	for i := range tests {
		if strings.Contains(tests[i].ID.String(), "19:19:58") {
			cell.Tests = slices.Concat(tests[:i], tests[i+1:])
		}
	}
	d := cell.decide(&rules)
	if d.Verdict != Unproven || d.Gap.Geographic() {
		t.Errorf("without the test it is %s: %+v", d.Verdict, d.Gap)
	}
	wants(t, text, fmt.Sprintf("no negative left: %d point-hexes of %d, and the window proves nothing, though P(X ≤ %d; %d, 0.90) = %.4f", d.Gap.Points, d.Gap.PointsNeeded, d.Positive(), d.Tests, d.GapP))
}

// beforeAndAfter is the cell on the day before the last test, and what stands on both days.
func beforeAndAfter(t *testing.T, text string, cell DossierCell) {
	t.Helper()
	rules := DefaultRules()
	last := cell.Tests[len(cell.Tests)-1].ID.Day
	before := cell
	before.Tests = nil
	j := newJudge(t, rules)
	days := make(map[Day]*dayEvidence)
	for i := range cell.Tests {
		r := &cell.Tests[i]
		if r.ID.Day < last {
			before.Tests = append(before.Tests, *r)
		}
		if days[r.ID.Day] == nil {
			days[r.ID.Day] = &dayEvidence{day: r.ID.Day}
		}
		e := days[r.ID.Day]
		e.records = append(e.records, r.record())
		e.tally.add(r.record(), 4000, rules.Validity.FloorDBm)
	}
	var all []dayEvidence
	for _, day := range slices.Sorted(maps.Keys(days)) {
		all = append(all, *days[day])
	}
	standing := func(today Day) Standing {
		s, _ := j.stand(all, today, terms{target: 4000, window: rules.WindowDays}, cell.Accessible)
		return s
	}
	d := before.decide(&rules)
	if s := standing(last - 1); d.Verdict != Gap || s.Verdict != Unproven {
		t.Errorf("the day before, the window proves %s and it stands as %s", d.Verdict, s.Verdict)
	}
	wants(t, text, fmt.Sprintf("with %d tests and P(X ≤ %d; %d, 0.90) = %.4f. That is not below %v, and it had not held for %d days", d.Tests, d.Positive(), d.Tests, d.GapP, rules.AtOnceLevel, rules.HoldDays))
	s := standing(last)
	if s.Verdict != Gap {
		t.Errorf("it stands as %s", s.Verdict)
	}
	wants(t, text, fmt.Sprintf("**Verdict: %#q, since %s.**", s.Verdict.String(), s.Since))
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
