package coverage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"phusong/telemetry"
)

// Rules are one version of everything that a verdict depends on besides the tests.
// They are plain data: two parties who hold the same Rules and the same tests
// reach the same verdicts. Treat them as a constant once a [Judge] has them.
type Rules struct {
	// Version names these rules for people; [Rules.ID] makes the name tamper-evident.
	Version string `json:"version"`

	// Validity says which tests count.
	Validity Validity `json:"validity"`

	// TargetMbps is the download that a test must reach to be positive, a multiple of 0.01.
	TargetMbps float64 `json:"target_mbps"`
	// Share is which part of all tests must reach the target where there is coverage.
	Share float64 `json:"share"`
	// UsableShare is which part of all attempts must get service where it is not dead.
	UsableShare float64 `json:"usable_share"`
	// Level is the probability of a proof that is wrong, for each test of a hypothesis.
	Level float64 `json:"level"`
	// AtOnceLevel is the level below which a proof changes the standing verdict on its first
	// day; a weaker one must hold for HoldDays in a row. Verdicts are looked at daily, and every look
	// is another chance to be wrong: see docs/COVERAGE.md, section 4.
	AtOnceLevel float64 `json:"at_once_level"`
	HoldDays    int     `json:"hold_days"`
	// WindowDays is how many days, up to the day of judgement, evidence is taken from.
	WindowDays int `json:"window_days"`
	// ValidDays is how long a proof stands when later evidence neither renews nor
	// refutes it.
	ValidDays int `json:"valid_days"`

	// Counts are how many tests must fail, by how many there are. The last applies beyond.
	Counts []Count `json:"counts"`
	// SpreadPoints is how many accessible point-hexes must each hold TestsPerPoint tests,
	// one of them at least of the kind that is to be proven.
	SpreadPoints  int `json:"spread_points"`
	TestsPerPoint int `json:"tests_per_point"`
	// Apart is how far two sets of tests of the kind that is to be proven must be from one
	// another in time of day; SetOf is the size of the sets.
	ApartSeconds int `json:"apart_seconds"`
	SetOf        int `json:"set_of"`
	// CoveredSetOf is SetOf for the proof of coverage.
	CoveredSetOf int `json:"covered_set_of"`
	// RebuttalCounts are how many tests must reach the target to show coverage.
	RebuttalCounts []Count `json:"rebuttal_counts"`
	// ConcentrationPct is how much of the threshold one point-hex may fill when it holds more
	// than that share of all tests; ConcentrationOf3Pct is the same for a cell with three
	// accessible point-hexes.
	ConcentrationPct    int `json:"concentration_pct"`
	ConcentrationOf3Pct int `json:"concentration_of_3_pct"`
	// ParentChildren is how many children of a bad kind make a parent bad.
	ParentChildren int `json:"parent_children"`

	// Overrides change the target or the window for an area, an operator or both. Of those
	// that apply, the most specific wins: commune before province before none, and
	// then operator before none.
	Overrides []Override `json:"overrides,omitempty"`
}

// A Count says how many tests must fail: a number, or a percentage of the tests,
// rounded up, when Percent is not zero.
type Count struct {
	// UpTo is the largest number of tests that the line is for; 0 on the last line.
	UpTo    int `json:"up_to,omitempty"`
	AtLeast int `json:"at_least,omitempty"`
	Percent int `json:"percent,omitempty"`
}

// An Override changes rules for a part of the map. Zero fields change nothing.
type Override struct {
	Area       telemetry.AreaCode     `json:"area,omitempty"`
	Operator   telemetry.OperatorCode `json:"operator,omitempty"`
	TargetMbps float64                `json:"target_mbps,omitempty"`
	WindowDays int                    `json:"window_days,omitempty"`
}

// DefaultRules are those of the design: 40 Mbit/s in nine of ten tests, proven at
// 5 % over 90 days, with the thresholds of 47 CFR 1.7006(e)(2).
func DefaultRules() Rules {
	return Rules{
		Version:     "2026-1",
		Validity:    DefaultValidity(),
		TargetMbps:  40,
		Share:       0.90,
		UsableShare: 0.50,
		Level:       0.05,
		AtOnceLevel: 0.005,
		HoldDays:    10,
		WindowDays:  90,
		ValidDays:   365,
		Counts: []Count{
			{UpTo: 20, AtLeast: 5},
			{UpTo: 29, Percent: 24},
			{UpTo: 45, Percent: 22},
			{UpTo: 60, Percent: 20},
			{UpTo: 70, Percent: 18},
			{UpTo: 99, Percent: 17},
			{Percent: 16},
		},
		RebuttalCounts: []Count{
			{UpTo: 20, AtLeast: 17},
			{UpTo: 34, Percent: 82},
			{UpTo: 49, Percent: 84},
			{UpTo: 70, Percent: 86},
			{UpTo: 99, Percent: 87},
			{Percent: 88},
		},
		SpreadPoints:        4,
		TestsPerPoint:       2,
		ApartSeconds:        4 * 3600,
		SetOf:               2,
		CoveredSetOf:        5,
		ConcentrationPct:    50,
		ConcentrationOf3Pct: 75,
		ParentChildren:      4,
	}
}

// Check names the first parameter that makes no sense, and what would.
func (r *Rules) Check() error {
	if err := r.Validity.check(); err != nil {
		return fmt.Errorf("coverage rules: validity: %w", err)
	}
	for _, c := range []struct {
		wrong  bool
		name   string
		remedy string
	}{
		{r.Version == "", "version", "name the rules; every verdict quotes it"},
		{!isTarget(r.TargetMbps), "target_mbps", "give Mbit/s above 0 in steps of 0.01"},
		{!(r.Share > 0 && r.Share < 1), "share", "give a share between 0 and 1"},
		{!(r.UsableShare > 0 && r.UsableShare < 1), "usable_share", "give a share between 0 and 1"},
		{!(r.Level > 0 && r.Level < 0.5), "level", "give a probability below 0.5, such as 0.05"},
		{!(r.AtOnceLevel > 0 && r.AtOnceLevel <= r.Level), "at_once_level", "give a probability up to level, such as 0.005"},
		{r.HoldDays < 1 || r.HoldDays > r.WindowDays, "hold_days", "give 1 day to window_days"},
		{r.ValidDays < 1 || r.ValidDays > maxDays, "valid_days", "give 1 to 3660 days"},
		{r.WindowDays < 1 || r.WindowDays > r.ValidDays, "window_days", "give 1 day to valid_days"},
		{r.SpreadPoints < 0 || r.SpreadPoints > PointHexes, "spread_points", "give 0 to 7"},
		{r.TestsPerPoint < 1, "tests_per_point", "give 1 or more"},
		{r.ApartSeconds < 0 || r.ApartSeconds >= secondsPerDay/2, "apart_seconds", "give less than 12 hours"},
		{r.SetOf < 1 || r.SetOf > maxSetOf, "set_of", "give 1 to 8"},
		{r.CoveredSetOf < 1 || r.CoveredSetOf > maxSetOf, "covered_set_of", "give 1 to 8"},
		{r.ConcentrationPct < 1 || r.ConcentrationPct > 100, "concentration_pct", "give 1 to 100"},
		{r.ConcentrationOf3Pct < 1 || r.ConcentrationOf3Pct > 100, "concentration_of_3_pct", "give 1 to 100"},
		{r.ParentChildren < 1 || r.ParentChildren > PointHexes, "parent_children", "give 1 to 7"},
	} {
		if c.wrong {
			return fmt.Errorf("coverage rules: %s: %s", c.name, c.remedy)
		}
	}
	if err := checkCounts(r.Counts); err != nil {
		return fmt.Errorf("coverage rules: counts: %w", err)
	}
	if err := checkCounts(r.RebuttalCounts); err != nil {
		return fmt.Errorf("coverage rules: rebuttal_counts: %w", err)
	}
	for i, o := range r.Overrides {
		if err := o.check(r.ValidDays); err != nil {
			return fmt.Errorf("coverage rules: overrides[%d]: %w", i, err)
		}
	}
	return nil
}

const (
	maxDays       = 3660
	secondsPerDay = 24 * 3600
)

// isTarget reports whether a rate can be compared exactly with the stored ones.
func isTarget(mbps float64) bool {
	steps := mbps * rateSteps
	return mbps > 0 && mbps <= maxRate && math.Abs(steps-math.Round(steps)) < 1e-6
}

func checkCounts(counts []Count) error {
	if len(counts) == 0 || counts[len(counts)-1].UpTo != 0 {
		return fmt.Errorf("the last line must have no up_to, and apply to all larger numbers")
	}
	for i, c := range counts {
		if (c.AtLeast > 0) == (c.Percent > 0) || c.AtLeast < 0 || c.Percent < 0 || c.Percent > 100 {
			return fmt.Errorf("line %d: give either at_least or percent", i+1)
		}
		if i < len(counts)-1 && (c.UpTo < 1 || i > 0 && c.UpTo <= counts[i-1].UpTo) {
			return fmt.Errorf("line %d: up_to must rise from line to line", i+1)
		}
	}
	return nil
}

func (o *Override) check(validDays int) error {
	switch {
	case o.Area == "" && o.Operator == "":
		return fmt.Errorf("name an area, an operator or both")
	case o.TargetMbps != 0 && !isTarget(o.TargetMbps):
		return fmt.Errorf("target_mbps: give Mbit/s above 0 in steps of 0.01")
	case o.WindowDays < 0 || o.WindowDays > validDays:
		return fmt.Errorf("window_days: give 1 day to valid_days")
	case o.TargetMbps == 0 && o.WindowDays == 0:
		return fmt.Errorf("change target_mbps or window_days")
	}
	return nil
}

// ID returns the version with a short hash of every parameter, such as
// "2026-1+3f9c2a71": verdicts carry it, so that a parameter changed without a new
// version shows.
func (r *Rules) ID() string {
	text, err := json.Marshal(r)
	if err != nil { // only a NaN can cause it, and Check refuses those
		return r.Version + "+invalid"
	}
	sum := sha256.Sum256(text)
	return r.Version + "+" + hex.EncodeToString(sum[:4])
}

// terms are the rules that apply to one cell and operator.
type terms struct {
	target int // in steps of stored rates
	window int // days
}

// termsFor applies the overrides to a place: commune and province are the codes of
// its areas, either may be empty.
func (r *Rules) termsFor(commune, province telemetry.AreaCode, operator telemetry.OperatorCode) terms {
	target, window := r.TargetMbps, r.WindowDays
	targetRank, windowRank := -1, -1
	for _, o := range r.Overrides {
		rank := o.rank(commune, province, operator)
		if rank < 0 {
			continue
		}
		if o.TargetMbps != 0 && rank >= targetRank {
			target, targetRank = o.TargetMbps, rank
		}
		if o.WindowDays != 0 && rank >= windowRank {
			window, windowRank = o.WindowDays, rank
		}
	}
	return terms{target: int(math.Round(target * rateSteps)), window: window}
}

// TargetAt returns the download in Mbit/s that the operator owes in a commune of a
// province; either code may be empty.
func (r *Rules) TargetAt(commune, province telemetry.AreaCode, operator telemetry.OperatorCode) float64 {
	return float64(r.termsFor(commune, province, operator).target) / rateSteps
}

// rank is how specific the override is to the place, -1 when it does not apply.
func (o *Override) rank(commune, province telemetry.AreaCode, operator telemetry.OperatorCode) int {
	rank := 0
	switch o.Area {
	case "":
	case commune:
		rank = 4
	case province:
		rank = 2
	default:
		return -1
	}
	switch o.Operator {
	case "":
		return rank
	case operator:
		return rank + 1
	}
	return -1
}

// longestWindow is the longest that applies anywhere.
func (r *Rules) longestWindow() int {
	longest := r.WindowDays
	for _, o := range r.Overrides {
		longest = max(longest, o.WindowDays)
	}
	return longest
}

// KeepDays is how many days of tests a verdict can depend on.
func (r *Rules) KeepDays() int { return r.ValidDays + r.longestWindow() }

// NegativesNeeded returns how many of n tests must fail to show a gap.
func (r *Rules) NegativesNeeded(n int) int { return needed(r.Counts, n) }

// PositivesNeeded returns how many of n tests must reach the target to show coverage.
func (r *Rules) PositivesNeeded(n int) int { return needed(r.RebuttalCounts, n) }

func needed(counts []Count, n int) int {
	i := slices.IndexFunc(counts, func(c Count) bool { return c.UpTo == 0 || n <= c.UpTo })
	if c := counts[i]; c.AtLeast > 0 {
		return c.AtLeast
	}
	return (counts[i].Percent*n + 99) / 100
}
