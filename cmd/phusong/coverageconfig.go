package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"phusong/coverage"
	"phusong/telemetry"
)

// CoverageConfig says by which rules mobile coverage is judged. What it does not
// speak of is fixed in the rules of docs/COVERAGE.md. Two services with the same
// keys reach the same verdicts from the same tests.
type CoverageConfig struct {
	// Version names the rules for people: change it when you change a key below.
	Version string `yaml:"version"`
	// TargetMbps is the download that a test must reach; Share is which part of the tests
	// must, UsableShare which part must get any service, and Level how often a proof may err.
	TargetMbps  float64 `yaml:"target_mbps"`
	Share       float64 `yaml:"share"`
	UsableShare float64 `yaml:"usable_share"`
	Level       float64 `yaml:"level"`
	// WindowDays is how far back evidence is taken from, ValidDays how long a proof stands.
	WindowDays int `yaml:"window_days"`
	ValidDays  int `yaml:"valid_days"`
	// Overrides change the target or the window for an area, an operator or both; the
	// most specific wins.
	Overrides []CoverageOverride     `yaml:"overrides"`
	Validity  CoverageValidityConfig `yaml:"validity"`
	Live      CoverageLiveConfig     `yaml:"live"`
	// Declared are files of what operators say they cover; read again when they change.
	Declared []DeclaredConfig `yaml:"declared"`
	// JudgeEvery is how often what has changed is judged again.
	JudgeEvery time.Duration `yaml:"judge_every"`
}

// CoverageOverride changes the rules for a part of the map. Keys that are left out
// change nothing.
type CoverageOverride struct {
	Area       string  `yaml:"area"`
	Operator   string  `yaml:"operator"`
	TargetMbps float64 `yaml:"target_mbps"`
	WindowDays int     `yaml:"window_days"`
}

// CoverageValidityConfig says which tests count.
type CoverageValidityConfig struct {
	// Zone is the time zone of the hours and days; From and To bound the local time.
	Zone string `yaml:"zone"`
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// MinDuration and MaxDuration bound the download; a shorter one counts when it moved
	// EnoughBytes.
	MinDuration time.Duration `yaml:"min_duration"`
	MaxDuration time.Duration `yaml:"max_duration"`
	EnoughBytes Bytes         `yaml:"enough_bytes"`
	// MaxAccuracyM is the largest error of position in metres, MaxAgeDays the oldest test.
	MaxAccuracyM float64 `yaml:"max_accuracy_m"`
	MaxAgeDays   int     `yaml:"max_age_days"`
	// FloorDBm is the RSRP below which there is no service, GoodDBm that from which on a
	// failed transfer is not the signal's fault.
	FloorDBm int `yaml:"floor_dbm"`
	GoodDBm  int `yaml:"good_dbm"`
	// Stated lists what a test must say of itself: duration_s, accuracy_m, indoor.
	Stated []string `yaml:"stated"`
	// Operators are the networks that tests may be of; empty: those of Việt Nam.
	Operators []string `yaml:"operators"`
}

// CoverageLiveConfig says when a fixed probe is without service now.
type CoverageLiveConfig struct {
	// Raise attempts in a row over at least For without service raise it, Clear with
	// service clear it, and after Stale without an attempt nothing is known.
	Raise int           `yaml:"raise"`
	Clear int           `yaml:"clear"`
	For   time.Duration `yaml:"for"`
	Stale time.Duration `yaml:"stale"`
}

// DeclaredConfig is one file of declared coverage: a CSV raster with the operator in
// each row, or GeoJSON polygons, each with its rate. docs/COVERAGE.md has the formats.
type DeclaredConfig struct {
	File string `yaml:"file"`
	// SideM is the side in metres of a raster cell that is given by its middle.
	SideM float64 `yaml:"side_m"`
	// Operator is whose the polygons are that do not say so themselves.
	Operator string `yaml:"operator"`
}

const clockLayout = "15:04"

func defaultCoverage() CoverageConfig {
	r := coverage.DefaultRules()
	v := &r.Validity
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	atClock := func(second int) string { return time.Unix(int64(second), 0).UTC().Format(clockLayout) }
	return CoverageConfig{
		Version: r.Version, TargetMbps: r.TargetMbps, Share: r.Share, UsableShare: r.UsableShare, Level: r.Level,
		WindowDays: r.WindowDays, ValidDays: r.ValidDays,
		Validity: CoverageValidityConfig{
			Zone: v.Zone, From: atClock(v.FromSecond), To: atClock(v.ToSecond),
			MinDuration: seconds(v.MinDurationS), MaxDuration: seconds(v.MaxDurationS), EnoughBytes: Bytes(v.EnoughBytes),
			MaxAccuracyM: v.MaxAccuracyM, MaxAgeDays: v.MaxAgeDays, FloorDBm: v.FloorDBm, GoodDBm: v.GoodDBm, Stated: v.Stated,
		},
		Live:       CoverageLiveConfig{Raise: 3, Clear: 2, For: 5 * time.Minute, Stale: time.Hour},
		JudgeEvery: time.Minute,
	}
}

// rules returns the rules that the configuration asks for, checked.
func (c *CoverageConfig) rules() (coverage.Rules, error) {
	r := coverage.DefaultRules()
	r.Version, r.TargetMbps, r.Share, r.UsableShare, r.Level = c.Version, c.TargetMbps, c.Share, c.UsableShare, c.Level
	r.WindowDays, r.ValidDays = c.WindowDays, c.ValidDays
	for _, o := range c.Overrides {
		r.Overrides = append(r.Overrides, coverage.Override{
			Area: telemetry.AreaCode(o.Area), Operator: telemetry.OperatorCode(o.Operator), TargetMbps: o.TargetMbps, WindowDays: o.WindowDays,
		})
	}
	if err := c.Validity.apply(&r.Validity); err != nil {
		return r, err
	}
	if err := r.Check(); err != nil {
		return r, errors.New(inOurKeys.Replace(err.Error()))
	}
	return r, nil
}

// inOurKeys puts the names of the rules' parameters into those of the configuration.
var inOurKeys = strings.NewReplacer("coverage rules: validity: ", "coverage.validity.", "coverage rules: ", "coverage.",
	"from_second, to_second", "from, to", "min_duration_s: give at most max_duration_s", "min_duration: give at most max_duration")

func (c *CoverageValidityConfig) apply(v *coverage.Validity) error {
	for _, at := range []struct {
		key, text string
		into      *int
	}{{"from", c.From, &v.FromSecond}, {"to", c.To, &v.ToSecond}} {
		t, err := time.Parse(clockLayout, at.text)
		if err != nil {
			return fmt.Errorf("coverage.validity.%s is %q: write a time of day, such as 06:00", at.key, at.text)
		}
		*at.into = t.Hour()*3600 + t.Minute()*60
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" {
		return fmt.Errorf("coverage.validity.zone is %q: name a time zone, such as Asia/Ho_Chi_Minh", c.Zone)
	}
	v.Zone, v.Stated = c.Zone, c.Stated
	v.MinDurationS, v.MaxDurationS, v.EnoughBytes = c.MinDuration.Seconds(), c.MaxDuration.Seconds(), int64(c.EnoughBytes)
	v.MaxAccuracyM, v.MaxAgeDays, v.FloorDBm, v.GoodDBm = c.MaxAccuracyM, c.MaxAgeDays, c.FloorDBm, c.GoodDBm
	if len(c.Operators) == 0 {
		return nil
	}
	v.Operators = nil
	for _, code := range c.Operators {
		operator, err := telemetry.ParseOperatorCode(code)
		if err != nil {
			return fmt.Errorf("coverage.validity.operators: %w", err)
		}
		v.Operators = append(v.Operators, operator)
	}
	return nil
}

func (c *CoverageConfig) liveOptions() coverage.LiveOptions {
	return coverage.LiveOptions{Raise: c.Live.Raise, Clear: c.Live.Clear, For: c.Live.For, Stale: c.Live.Stale}
}

// validate names the first key that makes no sense. mobile is how long the store keeps
// tests, 0 for ever: a map that is rebuilt from it must find all that it needs.
func (c *CoverageConfig) validate(mobile time.Duration) error {
	rules, err := c.rules()
	if err != nil {
		return err
	}
	if need := time.Duration(rules.KeepDays()) * 24 * time.Hour; mobile > 0 && mobile < need {
		return fmt.Errorf("store.retention.mobile is %s: verdicts need tests of %d days; set %s or more, or 0s", mobile, rules.KeepDays(), need)
	}
	switch {
	case c.Live.Raise < 1 || c.Live.Clear < 1:
		return errors.New("coverage.live.raise and coverage.live.clear must be positive")
	case c.Live.For < 0 || c.Live.Stale <= c.Live.For:
		return errors.New("coverage.live.stale must be longer than coverage.live.for, and neither negative")
	case c.JudgeEvery < time.Second:
		return fmt.Errorf("coverage.judge_every is %s: use a second or more", c.JudgeEvery)
	}
	for i := range c.Declared {
		if err := c.Declared[i].validate(); err != nil {
			return fmt.Errorf("coverage.declared[%d]%w", i, err)
		}
	}
	return nil
}

func (c *DeclaredConfig) validate() error {
	switch {
	case c.File == "":
		return errors.New(".file is empty: name a CSV or a GeoJSON file")
	case c.SideM < 0:
		return errors.New(".side_m must not be negative")
	case c.Operator == "":
		return nil
	}
	if _, err := telemetry.ParseOperatorCode(c.Operator); err != nil {
		return fmt.Errorf(".operator: %w", err)
	}
	return nil
}
