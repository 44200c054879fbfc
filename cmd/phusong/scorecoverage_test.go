package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"phusong/coverage"
	"phusong/internal/testbed"
	"phusong/simulator"
)

// scoreOf is what `phusong simulate score` says of a province with weak coverage.
func scoreOf(ctx context.Context, binary string, args ...string) (*coverageScore, error) {
	all := append([]string{"simulate", "score", "--scenario", "weak-coverage", "--access-points", "0", "--sensors", "0", "--json"}, args...)
	out, err := exec.CommandContext(ctx, binary, all...).Output()
	if err != nil {
		return nil, err
	}
	var s score
	if err := json.Unmarshal(out, &s); err != nil {
		return nil, err
	}
	return s.Coverage, nil
}

// Thirty days of forty probes in a province with weak coverage: what is found against an
// operator is true, and what there are enough tests for is found.
func TestVerdictsOfAMonthAreRightPlain(t *testing.T) {
	testbed.Plain(t)
	t.Parallel()
	s, err := scoreOf(t.Context(), testbed.Binary(t), "--for", "720h", "--probes", "40")
	if err != nil {
		t.Fatal(err)
	}
	if s.Bad.Precision < 0.98 || s.Bad.Recall < 0.9 || s.Dead.Recall < 0.9 || s.Slow.Recall < 0.9 {
		t.Errorf("gaps and dead cells: %+v, dead %+v, gaps %+v; want precision 0.98 and recall 0.9", s.Bad, s.Dead, s.Slow)
	}
	if s.Dead.Enough < 50 || s.Slow.Enough < 100 || s.Fine.Enough < 500 || s.Tests < 400_000 {
		t.Errorf("%d tests, and enough of them for %d dead, %d slow and %d fine cells: this shows little", s.Tests, s.Dead.Enough, s.Slow.Enough, s.Fine.Enough)
	}
	// Enough in number alone: the rules ask for failures in several places as well.
	if byNumber := float64(s.Bad.Found+s.UnevenFound) / float64(s.Bad.Enough+s.Uneven); byNumber < 0.9 {
		t.Errorf("of the cells with enough tests in number %.3f are found", byNumber)
	}
	for v, f := range s.False {
		if f.Of < 100 || f.False > f.Allowed {
			t.Errorf("%s: %+v", v, f)
		}
	}
	pageHasTheScore(t, s)
}

// pageHasTheScore compares with section 10 of docs/COVERAGE.md.
func pageHasTheScore(t *testing.T, s *coverageScore) {
	t.Helper()
	page, err := os.ReadFile("../../docs/COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, row := range []struct {
		name  string
		is    simulator.Verdict
		score simulator.VerdictScore
	}{{"dead", simulator.Dead, s.Dead}, {"gap", simulator.Slow, s.Slow}, {"covered", simulator.Fine, s.Fine}} {
		c, v := s.Table[row.is], row.score
		lines = append(lines, fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %.3f | %.3f |", row.name, c[simulator.Dead], c[simulator.Slow], c[simulator.Fine], c[""], v.Enough, v.Found, v.Recall, v.Precision))
	}
	gap, dead, covered := s.False[coverage.Gap], s.False[coverage.Dead], s.False[coverage.Covered]
	lines = append(lines,
		fmt.Sprintf("| dead or gap | | | | | %d | %d | %.3f | %.3f |", s.Bad.Enough, s.Bad.Found, s.Bad.Recall, s.Bad.Precision),
		fmt.Sprintf("%d further cells have enough tests in number", s.Uneven),
		fmt.Sprintf("%d of them were found. Counting them, recall is %.3f.", s.UnevenFound, float64(s.Bad.Found+s.UnevenFound)/float64(s.Bad.Enough+s.Uneven)),
		strings.Replace(fmt.Sprintf("%d of %d that", gap.False, gap.Of), "3714", "3,714", 1),
		strings.Replace(fmt.Sprintf("%d of %d dead and %d of %d covered, where the level of 5 %% allows %d, %d and %d", dead.False, dead.Of, covered.False, covered.Of, gap.Allowed, dead.Allowed, covered.Allowed), "4474", "4,474", 1),
	)
	for _, line := range lines {
		if !strings.Contains(string(page), line) {
			t.Errorf("docs/COVERAGE.md does not say %q", line)
		}
	}
}

// Twenty provinces: no more proofs are false than the level of the rules allows, in any of them
// and in all. PHUSONG_TEST_SEEDS=full has each driven as long as the month above; it takes ten
// minutes.
func TestFalseProofsAreAsRareAsTheLevelSaysPlain(t *testing.T) {
	testbed.Plain(t)
	t.Parallel()
	size := []string{"--for", "192h", "--probes", "12"}
	if os.Getenv("PHUSONG_TEST_SEEDS") == "full" {
		size = []string{"--for", "720h", "--probes", "40"}
	}
	binary := testbed.Binary(t)
	var mu sync.Mutex // guards the sums
	sums := make(map[coverage.Verdict]falseProofs)
	right, concluded := 0, 0
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(2)
	for seed := 1; seed <= 20; seed++ {
		group.Go(func() error {
			s, err := scoreOf(ctx, binary, append(size, "--seed", strconv.Itoa(seed))...)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			right, concluded = right+s.Bad.Right, concluded+s.Bad.Concluded
			for v, f := range s.False {
				if f.False > f.Allowed {
					t.Errorf("seed %d, %s: %d of %d proofs are false, and %d may be", seed, v, f.False, f.Of, f.Allowed)
				}
				sum := sums[v]
				sums[v] = falseProofs{Of: sum.Of + f.Of, False: sum.False + f.False}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	level := coverage.DefaultRules().Level
	for _, v := range []coverage.Verdict{coverage.Gap, coverage.Dead, coverage.Covered} {
		f := sums[v]
		t.Logf("%s: %d of %d false, %d allowed", v, f.False, f.Of, allowedFalse(f.Of, level))
		if f.Of < 1000 || f.False > allowedFalse(f.Of, level) {
			t.Errorf("%s in twenty provinces: %d of %d", v, f.False, f.Of)
		}
	}
	// Against an operator it is far fewer.
	if f := sums[coverage.Gap]; f.False*200 > f.Of {
		t.Errorf("%d of %d cells that are fine were proven gaps, more than 1 in 200", f.False, f.Of)
	}
	if precision := float64(right) / float64(concluded); concluded < 500 || precision < 0.98 {
		t.Errorf("of %d findings %.3f are right", concluded, precision)
	}
}

func TestAllowedFalseProofs(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 0, 1: 1, 20: 4, 100: 11} {
		got := allowedFalse(n, 0.05)
		if got != want {
			t.Errorf("of %d: %d, want %d", n, got, want)
		}
		if n > got && coverage.UpperTail(got+1, n, 0.05) >= 0.01 {
			t.Errorf("of %d: %d is too strict", n, got)
		}
	}
	j := coverageJudge{rules: coverage.DefaultRules()}
	for v, want := range map[coverage.Verdict]int{coverage.Gap: 5, coverage.Dead: 5, coverage.Covered: 29} {
		if got := j.leastTests(v); got != want {
			t.Errorf("%s can be proven with %d tests, want %d", v, got, want)
		}
	}
}

// The worked example of docs/COVERAGE.md is what the province of the demo yields, test by test.
func TestWorkedExampleIsTheDemosPlain(t *testing.T) {
	testbed.Plain(t)
	t.Parallel()
	page, err := os.ReadFile("../../docs/COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.FixedZone("Việt Nam", 7*3600))
	until := start.AddDate(0, 0, 14)
	world, err := (&demoCmd{Seed: 1}).world(start, demoHistoryInterval, "")
	if err != nil {
		t.Fatal(err)
	}
	j, err := newCoverageJudge(world, true)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range heard(t.Context(), world.Events(until)) {
		if err != nil {
			t.Fatal(err)
		}
		j.observe(r)
	}
	view := j.fold.View()
	a, err := j.judge.Assess(t.Context(), view, until.Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	const operator = "45201"
	cell, err := coverage.ParseCell("8865b1909bfffff")
	if err != nil {
		t.Fatal(err)
	}
	c := a.Find(cell, operator)
	if c == nil || c.Area != "27994" || c.Accessible != 0b111 || c.Verdict != coverage.Gap {
		t.Fatalf("the cell: %+v", c)
	}
	var rows strings.Builder
	for _, r := range view.Tests(cell, operator, c.From, c.To) {
		date, clock, _ := strings.Cut(r.ID.String()[:len("2026-11-01T13:03:19")], "T")
		fmt.Fprintf(&rows, "| %s | %s | %d | %s | %.2f |\n", date, clock, r.PointHex, r.Result, r.Mbps)
	}
	if !strings.Contains(string(page), "|---|---|---|---|---|\n"+rows.String()+"\n") {
		t.Errorf("docs/COVERAGE.md has other tests than the demo's province:\n%s", &rows)
	}
	for _, fact := range []string{
		"(" + operator + ") in cell " + cell.String() + ", commune " + string(c.Area),
		fmt.Sprintf("since %s.**", c.Since),
	} {
		if !strings.Contains(string(page), fact) {
			t.Errorf("docs/COVERAGE.md does not say %q", fact)
		}
	}
	if n := len(view.Invalid(cell, operator, c.From, c.To)); n != 4 {
		t.Errorf("%d tests do not count, and docs/COVERAGE.md says four", n)
	}
}

// The score is a function of the world, whoever of the workers was first, and every cell is
// counted once.
func TestCoverageScoreCountsEveryCellPlain(t *testing.T) {
	testbed.Plain(t)
	t.Parallel()
	story, err := simulator.ShippedScenario("weak-coverage")
	if err != nil {
		t.Fatal(err)
	}
	world, err := simulator.New(simulator.Options{
		Seed: 3, Start: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Probes: 12, MobileInterval: time.Minute, Scenario: story,
	})
	if err != nil {
		t.Fatal(err)
	}
	until := world.Start().Add(36 * time.Hour)
	var texts []string
	for _, roads := range []bool{true, true, false} {
		j, err := newCoverageJudge(world, roads)
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range heard(t.Context(), world.Events(until)) {
			if err != nil {
				t.Fatal(err)
			}
			j.observe(r)
		}
		s, err := j.score(t.Context(), until, true)
		if err != nil {
			t.Fatal(err)
		}
		counted := s.Uncertain
		for _, row := range s.Table {
			for _, n := range row {
				counted += n
			}
		}
		if s.Cells == 0 || counted != s.Cells {
			t.Errorf("%d of %d cells are counted", counted, s.Cells)
		}
		for _, v := range []*simulator.VerdictScore{&s.Dead, &s.Slow, &s.Fine, &s.Bad} {
			if v.Right > v.Concluded || v.Found > v.Enough || v.Enough > v.True {
				t.Errorf("%+v", v)
			}
		}
		var text strings.Builder
		if err := printCoverage(&text, s); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text.String())
	}
	if texts[0] != texts[1] {
		t.Errorf("the same world twice:\n%s\n%s", texts[0], texts[1])
	}
	if texts[0] == texts[2] {
		t.Errorf("the road layer makes no difference:\n%s", texts[0])
	}
}
