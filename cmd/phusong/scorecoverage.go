package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"phusong/coverage"
	"phusong/simulator"
	"phusong/telemetry"
)

// A coverageJudge judges what the probes of a world say about coverage, as the service
// does: the same map, rules, registered positions and roads, without a broker in between.
type coverageJudge struct {
	world *simulator.World
	rules coverage.Rules
	fold  *coverage.Map
	judge *coverage.Judge
}

// newCoverageJudge knows the roads of the world, or takes every place for accessible.
func newCoverageJudge(world *simulator.World, knowsRoads bool) (*coverageJudge, error) {
	j := &coverageJudge{world: world, rules: coverage.DefaultRules()}
	zone, err := time.LoadLocation(j.rules.Validity.Zone)
	if err != nil {
		return nil, err
	}
	grid, err := coverage.NewGrid(world.Areas())
	if err != nil {
		return nil, err
	}
	fixed := make(map[telemetry.DeviceID]telemetry.Point)
	for _, d := range world.Devices() {
		fixed[d.ID] = d.At
	}
	j.fold, err = coverage.NewMap(coverage.Options{
		Rules: j.rules, Zone: zone, Grid: grid,
		FixedAt: func(id telemetry.DeviceID) telemetry.Point { return fixed[id] },
	})
	if err != nil {
		return nil, err
	}
	var roads *coverage.Roads // nil knows none
	if knowsRoads {
		lines := make([][]telemetry.Point, 0)
		for _, r := range world.Roads() {
			lines = append(lines, r.Line)
		}
		if roads, err = coverage.NewRoads(lines); err != nil {
			return nil, err
		}
	}
	j.judge, err = coverage.NewJudge(j.rules, roads.Accessible)
	return j, err
}

func (j *coverageJudge) observe(r *telemetry.Reading) { j.fold.Observe(r) }

// A coverageScore is how verdicts compare with the truth.
type coverageScore struct {
	simulator.CoverageScore
	Rules string `json:"rules,omitempty"`
	// Tests that count, and the cells and operators with so many that something could be proven.
	Tests int `json:"tests,omitempty"`
	Cells int `json:"cells,omitempty"`
	// Uneven counts the certain cells that are dead or slow, have enough tests in number, and fail
	// in too few places for the rules. They are not among those with enough tests. UnevenFound of
	// them were found all the same.
	Uneven      int `json:"uneven,omitempty"`
	UnevenFound int `json:"uneven_found,omitempty"`
	// False counts the proofs of each verdict that the truth denies, be it certain or not.
	False map[coverage.Verdict]falseProofs `json:"false,omitempty"`
	// MedianDays is how long it took until a finding that is right was first proven.
	MedianDays int `json:"median_days,omitempty"`
}

// falseProofs compares the proofs that are false with how many may be.
type falseProofs struct {
	// Of are the cells that the verdict is not true of, and that have as many tests as a proof
	// of it takes at least.
	Of    int `json:"of"`
	False int `json:"false"`
	// Allowed is how many proofs may be false where each is with the probability that the
	// rules admit: more happen once in a hundred times.
	Allowed int `json:"allowed"`
}

// simulated are the verdicts in the simulator's words.
var simulated = map[coverage.Verdict]simulator.Verdict{
	coverage.Dead: simulator.Dead, coverage.Gap: simulator.Slow, coverage.Covered: simulator.Fine,
}

// score judges the last day before until and compares. A standing verdict is a function of
// the tests and the day, so that it is the one that daily judgement would have arrived at.
func (j *coverageJudge) score(ctx context.Context, until time.Time, onRoads bool) (*coverageScore, error) {
	view := j.fold.View()
	assessment, err := j.judge.Assess(ctx, view, until.Add(-time.Second))
	if err != nil {
		return nil, err
	}
	found := make(map[coverageOf]*coverage.CellVerdict)
	s := &coverageScore{Rules: assessment.Rules, False: make(map[coverage.Verdict]falseProofs)}
	for i := range assessment.Cells {
		c := &assessment.Cells[i]
		s.Tests += c.Decision.Tests
		if c.Decision.Tests >= j.leastTests(coverage.Gap) { // of the others nothing can be proven
			found[coverageOf{c.Cell.String(), c.Operator}] = c
		}
	}
	truth, err := trueCoverage(ctx, j.world, simulator.CoverageQuestion{From: j.world.Start(), To: until, TargetMbps: j.rules.TargetMbps, OnRoads: onRoads}, maps.Keys(found))
	if err != nil {
		return nil, err
	}
	s.Cells = len(found)
	first, _ := coverage.ParseDay(j.world.Start().Format(time.DateOnly))
	var days []int
	var failed error
	s.CoverageScore = simulator.ScoreCoverage(slices.Values(truth), func(t *simulator.Coverage) simulator.Conclusion {
		c := found[coverageOf{t.Cell, t.Operator}]
		j.countFalse(s.False, t, c)
		if c.Verdict.IsBad() && t.Verdict != simulator.Fine {
			days = append(days, int(c.Since-first))
		}
		enough, uneven, err := j.enough(assessment, view, t, c)
		if err != nil {
			failed = err
		}
		if uneven && t.Certain && t.Verdict != simulator.Fine {
			s.Uneven++
			if c.Verdict.IsBad() {
				s.UnevenFound++
			}
		}
		return simulator.Conclusion{Verdict: simulated[c.Verdict], Enough: enough}
	})
	if slices.Sort(days); len(days) > 0 {
		s.MedianDays = days[len(days)/2]
	}
	for v, f := range s.False {
		f.Allowed = allowedFalse(f.Of, j.rules.Level)
		s.False[v] = f
	}
	return s, failed
}

// enoughPower is how likely a proof must be for tests to have been enough.
const (
	enoughPower  = 0.95
	enoughThrows = 200
)

// enough reports whether the rules would have proven the truth with the tests there were:
// in that number, at those places and times of day, each ending by a throw of its own with the
// true shares of its point-hex. It is what the thresholds for number, place and time together
// ask for. Tests are uneven when they would be enough with the shares of the cell at every place, and
// are not: what fails there fails in too few places for the rules.
func (j *coverageJudge) enough(a *coverage.Assessment, v *coverage.View, t *simulator.Coverage, c *coverage.CellVerdict) (enough, uneven bool, err error) {
	dossier, err := a.Dossier(v, c.Operator, []coverage.Cell{c.Cell})
	if err != nil {
		return false, false, err
	}
	want := coverage.Covered
	for verdict, word := range simulated {
		if word == t.Verdict {
			want = verdict
		}
	}
	var parts, whole [coverage.PointHexes]coverage.Outcomes
	for i := range parts {
		parts[i] = coverage.Outcomes(t.Parts[i])
		whole[i] = coverage.Outcomes{Usable: t.Usable, Fast: t.Fast}
	}
	if dossier.Cells[0].Power(&j.rules, want, parts, enoughThrows, 1) >= enoughPower {
		return true, false, nil
	}
	return false, dossier.Cells[0].Power(&j.rules, want, whole, enoughThrows, 1) >= enoughPower, nil
}

// countFalse counts the cell for every verdict that is not true of it. A dead cell is a gap
// as well.
func (j *coverageJudge) countFalse(counts map[coverage.Verdict]falseProofs, t *simulator.Coverage, c *coverage.CellVerdict) {
	for verdict, isTrue := range map[coverage.Verdict]bool{
		coverage.Dead:    t.Verdict == simulator.Dead,
		coverage.Gap:     t.Verdict != simulator.Fine,
		coverage.Covered: t.Verdict == simulator.Fine,
	} {
		if isTrue || c.Decision.Tests < j.leastTests(verdict) {
			continue
		}
		f := counts[verdict]
		f.Of++
		if c.Verdict == verdict {
			f.False++
		}
		counts[verdict] = f
	}
}

// leastTests is with how many tests a proof is possible, when all speak for it.
func (j *coverageJudge) leastTests(v coverage.Verdict) int {
	r := &j.rules
	for n := 1; ; n++ {
		switch {
		case v == coverage.Covered && coverage.UpperTail(n, n, r.Share) < r.Level && r.PositivesNeeded(n) <= n,
			v == coverage.Gap && coverage.LowerTail(0, n, r.Share) < r.Level && r.NegativesNeeded(n) <= n,
			v == coverage.Dead && coverage.LowerTail(0, n, r.UsableShare) < r.Level && r.NegativesNeeded(n) <= n:
			return n
		}
	}
}

// allowedFalse is the largest number of false proofs among n that is exceeded less than once
// in a hundred times, were each as likely as the level says.
func allowedFalse(n int, level float64) int {
	k := 0
	for k < n && coverage.UpperTail(k+1, n, level) >= 0.01 {
		k++
	}
	return k
}

// coverageOf names what a verdict is about.
type coverageOf struct {
	cell     string
	operator telemetry.OperatorCode
}

// trueCoverage asks for the truth where it is wanted, and nowhere else: it is the slow part.
func trueCoverage(ctx context.Context, world *simulator.World, q simulator.CoverageQuestion, wanted func(func(coverageOf) bool)) ([]simulator.Coverage, error) {
	order := slices.SortedFunc(wanted, func(a, b coverageOf) int {
		return cmp.Or(cmp.Compare(a.cell, b.cell), cmp.Compare(a.operator, b.operator))
	})
	truth := make([]simulator.Coverage, len(order))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, o := range order {
		group.Go(func() error {
			one := q
			one.Operators = []telemetry.OperatorCode{o.operator}
			for c, err := range world.CoverageOf(ctx, []string{o.cell}, one) {
				if err != nil {
					return err
				}
				truth[i] = c
			}
			return nil
		})
	}
	return truth, group.Wait()
}

// scoreConclusions compares verdicts that somebody else reached.
func scoreConclusions(ctx context.Context, world *simulator.World, q simulator.CoverageQuestion, concluded map[string]map[telemetry.OperatorCode]simulator.Verdict) (*coverageScore, error) {
	truth, err := trueCoverage(ctx, world, q, func(yield func(coverageOf) bool) {
		for cell, verdicts := range concluded {
			for operator := range verdicts {
				if !yield(coverageOf{cell, operator}) {
					return
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return &coverageScore{CoverageScore: simulator.ScoreCoverage(slices.Values(truth), func(t *simulator.Coverage) simulator.Conclusion {
		v := concluded[t.Cell][t.Operator]
		return simulator.Conclusion{Verdict: v, Enough: v != ""}
	})}, nil
}

// printCoverage writes a table of what is true against what was concluded.
func printCoverage(w io.Writer, s *coverageScore) error {
	if s.Cells > 0 {
		fmt.Fprintf(w, "\ncoverage by the rules %[3]s: %[1]d tests that count; cells and operators with enough of them to prove anything: %[2]d\n", s.Tests, s.Cells, s.Rules)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "truth\tdead\tgap\tcovered\tunproven\twith enough tests\tof them found\trecall\tconcluded\tright\tprecision")
	for _, row := range []struct {
		name  string
		is    simulator.Verdict
		score *simulator.VerdictScore
	}{{"dead", simulator.Dead, &s.Dead}, {"gap", simulator.Slow, &s.Slow}, {"covered", simulator.Fine, &s.Fine}, {"gap or dead", "", &s.Bad}} {
		cells := "\t\t\t\t"
		if t := s.Table[row.is]; row.is != "" {
			cells = fmt.Sprintf("%d\t%d\t%d\t%d\t", t[simulator.Dead], t[simulator.Slow], t[simulator.Fine], t[""])
		}
		v := row.score
		fmt.Fprintf(table, "%s\t%s%d\t%d\t%.3f\t%d\t%d\t%.3f\n", row.name, cells, v.Enough, v.Found, v.Recall, v.Concluded, v.Right, v.Precision)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "%d cells are too close to a limit to score\n", s.Uncertain)
	if s.Uneven > 0 {
		fmt.Fprintf(w, "%d more have enough tests in number, and fail in too few places for the rules; %d of them were found\n", s.Uneven, s.UnevenFound)
	}
	for _, v := range coverage.Verdicts() {
		if f := s.False[v]; f.Of > 0 {
			fmt.Fprintf(w, "proven %s and false: %d of %d, with %d allowed\n", v, f.False, f.Of, f.Allowed)
		}
	}
	if s.MedianDays > 0 {
		fmt.Fprintf(w, "days to the first proof of a finding: median %d\n", s.MedianDays)
	}
	return nil
}
