package coverage

import (
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/telemetry"
)

func TestWhichTestsCount(t *testing.T) {
	t.Parallel()
	mobile := func(change func(*telemetry.Mobile)) func(*telemetry.Reading) {
		return func(r *telemetry.Reading) { change(r.Mobile) }
	}
	flags := func(f telemetry.Flags) func(*telemetry.Reading) {
		return func(r *telemetry.Reading) { r.Flags = f }
	}
	outcome := func(s string) func(*telemetry.Mobile) {
		return func(m *telemetry.Mobile) { m.Outcome = telemetry.Some(s) }
	}
	// failed is a transfer that broke off, with nothing but a level.
	failed := func(dBm float64) func(*telemetry.Mobile) {
		return func(m *telemetry.Mobile) {
			outcome(telemetry.OutcomeFailed)(m)
			m.RSRPdBm = telemetry.Some(dBm)
			m.DownloadMbps, m.UploadMbps, m.LatencyMs = telemetry.Opt[float64]{}, telemetry.Opt[float64]{}, telemetry.Opt[float64]{}
		}
	}
	duration := func(s float64, bytes int64) func(*telemetry.Mobile) {
		return func(m *telemetry.Mobile) { m.DurationS, m.Bytes = telemetry.Some(s), telemetry.Some(bytes) }
	}
	for _, v := range []struct {
		name   string
		change func(*telemetry.Reading)
		reason Reason
		result Result
	}{
		{"a good test", func(*telemetry.Reading) {}, Counts, Transferred},
		// F8
		{"05:59", when(local(3, 5, 59, 0)), Hours, 0},
		{"05:59:59", when(local(3, 5, 59, 59)), Hours, 0},
		{"06:00", when(local(3, 6, 0, 0)), Counts, Transferred},
		{"22:00", when(local(3, 22, 0, 0)), Counts, Transferred},
		{"22:01", when(local(3, 22, 1, 0)), Hours, 0},
		{"366 days old", func(r *telemetry.Reading) { r.Received = r.Time.Add(366 * 24 * time.Hour) }, TooOld, 0},
		{"364 days old", func(r *telemetry.Reading) { r.Received = r.Time.Add(364 * 24 * time.Hour) }, Counts, Transferred},
		{"indoor", mobile(func(m *telemetry.Mobile) { m.Indoor = telemetry.Some(true) }), Indoor, 0},
		{"not said to be outdoors", mobile(func(m *telemetry.Mobile) { m.Indoor = telemetry.Opt[bool]{} }), Indoor, 0},
		{"4 s", mobile(duration(4, 20_000_000)), Duration, 0},
		{"4 s and 1,000 MB", mobile(duration(4, 1_000_000_000)), Counts, Transferred},
		{"5 s", mobile(duration(5, 20_000_000)), Counts, Transferred},
		{"30 s", mobile(duration(30, 20_000_000)), Counts, Transferred},
		{"31 s", mobile(duration(31, 1_000_000_000)), Duration, 0},
		{"duration not said", mobile(func(m *telemetry.Mobile) { m.DurationS = telemetry.Opt[float64]{} }), Duration, 0},

		{"a radio sample is no test", mobile(func(m *telemetry.Mobile) { m.Outcome = telemetry.Opt[string]{} }), NoTest, 0},
		{"no clock", flags(telemetry.FlagNoTime), NoClock, 0},
		{"a clock ahead", flags(telemetry.FlagClockAhead), NoClock, 0},
		{"a clock behind", flags(telemetry.FlagClockBehind), NoClock, 0},
		{"late is not wrong", flags(telemetry.FlagLate), Counts, Transferred},
		{"an unknown operator", mobile(func(m *telemetry.Mobile) {
			m.Operator, m.SIMOperator = telemetry.Some("60801"), telemetry.Some("60801")
		}), UnknownOperator, 0},
		{"an operator that is gone", mobile(func(m *telemetry.Mobile) {
			m.Operator, m.SIMOperator = telemetry.Some("45203"), telemetry.Some("45203")
		}), UnknownOperator, 0},
		{"roaming", mobile(func(m *telemetry.Mobile) { m.SIMOperator = telemetry.Some("45209") }), Roaming, 0},
		{"no SIM is said", mobile(func(m *telemetry.Mobile) { m.SIMOperator = telemetry.Opt[string]{} }), Counts, Transferred},
		{"no position", mobile(func(m *telemetry.Mobile) { m.Lat, m.Lon = telemetry.Opt[float64]{}, telemetry.Opt[float64]{} }), NoPosition, 0},
		{"0, 0", at(telemetry.Point{}), NoPosition, 0},
		{"off the Earth", at(telemetry.Point{Lat: 106.1, Lon: 11.3}), NoPosition, 0},
		{"50 m", mobile(func(m *telemetry.Mobile) { m.AccuracyM = telemetry.Some(50.0) }), Counts, Transferred},
		{"51 m", mobile(func(m *telemetry.Mobile) { m.AccuracyM = telemetry.Some(51.0) }), Inaccurate, 0},
		{"accuracy not said", mobile(func(m *telemetry.Mobile) { m.AccuracyM = telemetry.Opt[float64]{} }), Inaccurate, 0},
		{"a negative rate", mobile(func(m *telemetry.Mobile) { m.DownloadMbps = telemetry.Some(-1.0) }), Implausible, 0},
		{"10 Gbit/s", mobile(func(m *telemetry.Mobile) { m.DownloadMbps = telemetry.Some(10_000.0) }), Implausible, 0},

		{"no service", noService, Counts, NoService},
		{"no service, another network seen", func(r *telemetry.Reading) {
			noService(r)
			r.Mobile.Operator = telemetry.Some("45201")
		}, Counts, NoService},
		{"no service at night", func(r *telemetry.Reading) { noService(r); when(local(3, 23, 0, 0))(r) }, Hours, 0},
		{"no connection", mobile(outcome(telemetry.OutcomeNoConnection)), Counts, NoConnection},
		{"failed at a good signal", mobile(failed(-80)), FailedTest, 0},
		{"failed at the edge of good", mobile(failed(-95)), FailedTest, 0},
		{"failed at a weak signal", mobile(failed(-96)), Counts, NoTransfer},
		{"failed below the floor", mobile(failed(-125)), Counts, NoTransfer},
		{"failed at an unknown signal", mobile(func(m *telemetry.Mobile) { failed(0)(m); m.RSRPdBm = telemetry.Opt[float64]{} }), FailedTest, 0},
		{"failed at a weak signal, upload worked", mobile(func(m *telemetry.Mobile) { failed(-110)(m); m.UploadMbps = telemetry.Some(2.0) }), FailedTest, 0},
		{"failed at a weak signal, ping worked", mobile(func(m *telemetry.Mobile) { failed(-110)(m); m.LatencyMs = telemetry.Some(60.0) }), FailedTest, 0},
		{"failed, every ping lost", mobile(func(m *telemetry.Mobile) {
			failed(-110)(m)
			m.LatencyMs, m.Loss = telemetry.Some(60.0), telemetry.Some(1.0)
		}), Counts, NoTransfer},
		{"ok without a rate", mobile(func(m *telemetry.Mobile) { m.DownloadMbps = telemetry.Opt[float64]{} }), FailedTest, 0},
		{"ok with rate 0 and a working upload", mobile(func(m *telemetry.Mobile) { m.DownloadMbps = telemetry.Some(0.0) }), FailedTest, 0},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			validity := DefaultValidity()
			r := reading(v.change)
			a := validity.examine(&r, telemetry.Point{}, clock{hcm})
			if a.reason != v.reason || a.result != v.result {
				t.Errorf("got %q, %s; want %q, %s", a.reason, a.result, v.reason, v.result)
			}
			if v.result != Transferred && v.reason == Counts && a.operator != "45204" {
				t.Errorf("it is counted for %s, not for the network of the SIM", a.operator)
			}
		})
	}
}

// A probe with a registered place needs no position, and cannot be elsewhere.
func TestFixedProbes(t *testing.T) {
	t.Parallel()
	validity := DefaultValidity()
	r := reading(func(r *telemetry.Reading) {
		r.Mobile.Lat, r.Mobile.Lon, r.Mobile.AccuracyM = telemetry.Opt[float64]{}, telemetry.Opt[float64]{}, telemetry.Opt[float64]{}
	})
	if a := validity.examine(&r, tayNinh, clock{hcm}); a.reason != Counts || a.at != tayNinh {
		t.Errorf("without a position: %q at %v", a.reason, a.at)
	}
	r = reading(at(telemetry.Point{Lat: 21, Lon: 105}))
	if a := validity.examine(&r, tayNinh, clock{hcm}); a.at != tayNinh {
		t.Errorf("with a position of its own: at %v", a.at)
	}
}

// What need not be stated may be missing, and still not be wrong.
func TestUnstatedFields(t *testing.T) {
	t.Parallel()
	validity := DefaultValidity()
	validity.Stated = nil
	r := reading(func(r *telemetry.Reading) {
		m := r.Mobile
		m.DurationS, m.AccuracyM, m.Indoor = telemetry.Opt[float64]{}, telemetry.Opt[float64]{}, telemetry.Opt[bool]{}
	})
	if a := validity.examine(&r, telemetry.Point{}, clock{hcm}); a.reason != Counts {
		t.Errorf("a test that states nothing: %q", a.reason)
	}
	r.Mobile.Indoor = telemetry.Some(true)
	if a := validity.examine(&r, telemetry.Point{}, clock{hcm}); a.reason != Indoor {
		t.Errorf("a test that states to be indoors: %q", a.reason)
	}
}

// Days and hours are local; before 1970, too.
func TestClock(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{local(3, 0, 0, 0), local(3, 23, 59, 59), local(3, 6, 59, 59), time.Date(1969, 12, 31, 23, 0, 0, 0, hcm)} {
		day, second := clock{hcm}.split(at)
		if day.String() != at.Format(time.DateOnly) || second != at.Hour()*3600+at.Minute()*60+at.Second() {
			t.Errorf("%s is day %s, second %d", at, day, second)
		}
		if back := (clock{hcm}).join(day, second); !back.Equal(at) {
			t.Errorf("%s comes back as %s", at, back)
		}
	}
}

func TestReasonsHaveNames(t *testing.T) {
	t.Parallel()
	seen := []string{""}
	for _, r := range Reasons() {
		name := r.String()
		if slices.Contains(seen, name) || strings.ContainsAny(name, " ()") {
			t.Errorf("reason %d is called %q", r, name)
		}
		seen = append(seen, name)
	}
	if Reason(99).String() == "" || Counts.String() != "" {
		t.Error("a reason that does not exist has the name of none")
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	t.Parallel()
	good := DefaultRules()
	if err := good.Check(); err != nil {
		t.Fatalf("the default rules: %v", err)
	}
	for want, change := range map[string]func(*Rules){
		"version:":                  func(r *Rules) { r.Version = "" },
		"target_mbps:":              func(r *Rules) { r.TargetMbps = 40.005 },
		"target_mbps: give":         func(r *Rules) { r.TargetMbps = 0 },
		"share:":                    func(r *Rules) { r.Share = 1 },
		"usable_share:":             func(r *Rules) { r.UsableShare = 0 },
		"level:":                    func(r *Rules) { r.Level = 0.5 },
		"window_days:":              func(r *Rules) { r.WindowDays = 366 },
		"valid_days:":               func(r *Rules) { r.ValidDays = 0 },
		"at_once_level:":            func(r *Rules) { r.AtOnceLevel = 0.06 },
		"hold_days:":                func(r *Rules) { r.HoldDays = 91 },
		"spread_points:":            func(r *Rules) { r.SpreadPoints = 8 },
		"tests_per_point:":          func(r *Rules) { r.TestsPerPoint = 0 },
		"apart_seconds:":            func(r *Rules) { r.ApartSeconds = 12 * 3600 },
		"set_of:":                   func(r *Rules) { r.SetOf = 9 },
		"covered_set_of:":           func(r *Rules) { r.CoveredSetOf = 0 },
		"concentration_pct:":        func(r *Rules) { r.ConcentrationPct = 0 },
		"concentration_of_3_pct:":   func(r *Rules) { r.ConcentrationOf3Pct = 101 },
		"parent_children:":          func(r *Rules) { r.ParentChildren = 0 },
		"counts: the last line":     func(r *Rules) { r.Counts = r.Counts[:2] },
		"counts: line 2":            func(r *Rules) { r.Counts[1].UpTo = 10 },
		"rebuttal_counts: line 1":   func(r *Rules) { r.RebuttalCounts[0].Percent = 5 },
		"overrides[0]: name":        func(r *Rules) { r.Overrides = []Override{{TargetMbps: 30}} },
		"overrides[0]: target_mbps": func(r *Rules) { r.Overrides = []Override{{Area: "80", TargetMbps: -1}} },
		"overrides[0]: window_days": func(r *Rules) { r.Overrides = []Override{{Area: "80", WindowDays: 400}} },
		"overrides[0]: change":      func(r *Rules) { r.Overrides = []Override{{Area: "80"}} },
		"from_second":               func(r *Rules) { r.Validity.FromSecond = 80_000 },
		"min_duration_s":            func(r *Rules) { r.Validity.MinDurationS = 31 },
		"enough_bytes":              func(r *Rules) { r.Validity.EnoughBytes = 0 },
		"max_accuracy_m":            func(r *Rules) { r.Validity.MaxAccuracyM = 0 },
		"max_age_days":              func(r *Rules) { r.Validity.MaxAgeDays = 0 },
		"floor_dbm":                 func(r *Rules) { r.Validity.FloorDBm = -80 },
		"zone:":                     func(r *Rules) { r.Validity.Zone = "" },
		"stated:":                   func(r *Rules) { r.Validity.Stated = []string{"speed"} },
	} {
		rules := DefaultRules()
		change(&rules)
		if err := rules.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
		if _, err := NewJudge(rules, nil); err == nil {
			t.Errorf("%s: a judge took the rules", want)
		}
		if _, err := NewMap(Options{Rules: rules, Zone: hcm}); err == nil {
			t.Errorf("%s: a map took the rules", want)
		}
		if rules.ID() == good.ID() {
			t.Errorf("%s: the id does not show the change", want)
		}
	}
	if _, err := NewMap(Options{Rules: good}); err == nil {
		t.Error("a map without a zone")
	}
	if _, err := NewMap(Options{Rules: good, Zone: time.UTC}); err == nil {
		t.Error("a map in a zone that the rules do not name")
	}
}

// The most specific override wins, for each parameter on its own.
func TestOverrides(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	r.Overrides = []Override{
		{Area: "25459", TargetMbps: 25},
		{Area: "80", WindowDays: 60, TargetMbps: 30},
		{Operator: "45204", TargetMbps: 50, WindowDays: 30},
		{Area: "80", Operator: "45204", WindowDays: 120},
	}
	for _, v := range []struct {
		commune, province telemetry.AreaCode
		operator          telemetry.OperatorCode
		want              terms
	}{
		{"25459", "80", "45204", terms{2500, 120}},
		{"25459", "80", "45201", terms{2500, 60}},
		{"25460", "80", "45201", terms{3000, 60}},
		{"25460", "80", "45204", terms{3000, 120}},
		{"00001", "01", "45204", terms{5000, 30}},
		{"", "", "45201", terms{4000, 90}},
	} {
		if got := r.termsFor(v.commune, v.province, v.operator); got != v.want {
			t.Errorf("%s %s %s: got %+v, want %+v", v.commune, v.province, v.operator, got, v.want)
		}
	}
	if got := r.KeepDays(); got != 365+120 {
		t.Errorf("keeps %d days", got)
	}
}
