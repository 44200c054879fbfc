package coverage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"phusong/telemetry"
)

// survey makes tests in every point-hex of the cell at tayNinh on one day: the n-th
// at hour 7 + n mod 14, its outcome as change makes it.
func survey(m *Map, day, tests int, change func(n int, r *telemetry.Reading)) Cell {
	cell, _, _ := CellAt(tayNinh)
	for n := range tests {
		r := reading(at(cell.PointHex(n%PointHexes).Center()), when(local(1, 7+n%14, n/14, 0).AddDate(0, 0, day-1)))
		change(n, &r)
		m.Observe(&r)
	}
	return cell
}

func fast(_ int, r *telemetry.Reading) { mbps(60)(r) }
func slow(_ int, r *telemetry.Reading) { mbps(12)(r) }
func dead(_ int, r *telemetry.Reading) { noService(r) }

func assess(t testing.TB, m *Map, now time.Time) *Assessment {
	t.Helper()
	a, err := newJudge(t, m.rules).Assess(t.Context(), m.View(), now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// only returns the one cell of the map.
func only(t testing.TB, m *Map, now time.Time) *CellVerdict {
	t.Helper()
	a := assess(t, m, now)
	if len(a.Cells) != 1 {
		t.Fatalf("%d cells, want 1", len(a.Cells))
	}
	return &a.Cells[0]
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		name  string
		tests int
		make  func(int, *telemetry.Reading)
		want  Verdict
	}{
		{"29 clean tests", 29, fast, Covered},
		{"28 clean tests", 28, fast, Unproven},
		{"exactly the target", 29, func(_ int, r *telemetry.Reading) { mbps(40)(r) }, Covered},
		{"just below the target", 20, func(_ int, r *telemetry.Reading) { mbps(39.99)(r) }, Gap},
		{"15 of 20", 20, func(n int, r *telemetry.Reading) {
			if n%4 == 0 {
				slow(n, r)
			}
		}, Gap},
		{"16 of 20", 20, func(n int, r *telemetry.Reading) {
			if n%5 == 0 {
				slow(n, r)
			}
		}, Unproven},
		{"no service", 20, dead, Dead},
		{"no connection", 20, func(_ int, r *telemetry.Reading) {
			r.Mobile.Outcome = telemetry.Some(telemetry.OutcomeNoConnection)
		}, Dead},
		{"2G only", 20, func(_ int, r *telemetry.Reading) {
			r.Mobile.Technology, r.Mobile.DownloadMbps = telemetry.Some("2g"), telemetry.Some(0.1)
		}, Dead},
		{"14 of 20 without service", 20, func(n int, r *telemetry.Reading) {
			if n%10 >= 3 {
				noService(r)
			}
		}, Gap}, // 6 usable of 20 have a tail of 0.0577
		{"15 of 20 without service", 20, func(n int, r *telemetry.Reading) {
			if n%4 != 0 {
				noService(r)
			}
		}, Dead},
		{"failed at a good signal", 20, func(_ int, r *telemetry.Reading) {
			r.Mobile.Outcome = telemetry.Some(telemetry.OutcomeFailed)
		}, Unproven},
		{"slow in one place", 20, func(_ int, r *telemetry.Reading) { slow(0, r); at(tayNinh)(r) }, Unproven},
		{"fast in one place", 29, func(_ int, r *telemetry.Reading) { at(tayNinh)(r) }, Unproven},
		{"slow within three hours", 20, func(n int, r *telemetry.Reading) { slow(0, r); when(local(1, 17+n%3, n, 0))(r) }, Unproven},
		{"fast within three hours", 29, func(n int, r *telemetry.Reading) { when(local(1, 17+n%3, n, 0))(r) }, Unproven},
		{"by night", 29, func(n int, r *telemetry.Reading) { when(local(1, 23, 2*n, 0))(r) }, Unproven},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			m := newMap(t)
			survey(m, 1, v.tests, v.make)
			c := only(t, m, local(1, 23, 0, 0))
			if c.Decision.Verdict != v.want {
				t.Errorf("the window proves %s, want %s\n%+v", c.Decision.Verdict, v.want, c.Decision)
			}
			if later := only(t, m, local(10, 23, 0, 0)); later.Verdict != v.want {
				t.Errorf("after ten days it stands as %s, want %s", later.Verdict, v.want)
			}
			if (c.Further == nil) != (v.want != Unproven) {
				t.Errorf("further tests: %+v", c.Further)
			}
		})
	}
}

// What is proven stands until it is refuted or a year has passed, and says since when.
func TestStandingVerdicts(t *testing.T) {
	t.Parallel()
	half := func(n int, r *telemetry.Reading) {
		if n%2 == 0 {
			slow(n, r)
		}
	}
	type expectation struct {
		day   int // counted from 1 November
		stand Verdict
		prove Verdict
		since int
	}
	for _, v := range []struct {
		name    string
		surveys func(m *Map)
		want    []expectation
	}{
		{"covered fades after a year", func(m *Map) { survey(m, 1, 29, fast) }, []expectation{
			{0, Unproven, Unproven, -365},
			{9, Unproven, Covered, -356}, {10, Covered, Covered, 10}, {90, Covered, Covered, 10}, {91, Covered, Unproven, 10},
			{455, Covered, Unproven, 90}, {456, Unproven, Unproven, 91},
		}},
		{"much evidence counts at once", func(m *Map) { survey(m, 1, 26, fast); survey(m, 2, 26, fast) }, []expectation{
			{1, Unproven, Unproven, -364}, {2, Covered, Covered, 2},
		}},
		{"a proof that does not hold for ten days is none", func(m *Map) {
			survey(m, 1, 29, fast)
			survey(m, 6, 3, slow)
		}, []expectation{{5, Unproven, Covered, -364}, {6, Unproven, Unproven, -364}, {19, Unproven, Unproven, -364}}},
		{"a dead cell is a gap until that is sure", func(m *Map) {
			survey(m, 1, 20, func(n int, r *telemetry.Reading) {
				if n%4 != 0 {
					noService(r)
				}
			})
		}, []expectation{{1, Gap, Dead, 1}, {9, Gap, Dead, 1}, {10, Dead, Dead, 10}}},
		{"a gap is not forgotten in silence", func(m *Map) { survey(m, 1, 20, slow) }, []expectation{{91, Gap, Unproven, 1}}},
		{"covered turns to gap on proof", func(m *Map) {
			survey(m, 1, 29, fast)
			survey(m, 100, 4, slow)
			survey(m, 110, 20, slow)
		}, []expectation{{99, Covered, Unproven, 10}, {100, Covered, Unproven, 10}, {110, Gap, Gap, 110}}},
		{"a gap is closed on proof", func(m *Map) { survey(m, 1, 20, slow); survey(m, 120, 29, fast) },
			[]expectation{{119, Gap, Unproven, 1}, {120, Gap, Covered, 1}, {129, Covered, Covered, 129}}},
		{"tests in one place do not end a dead cell", func(m *Map) {
			survey(m, 1, 20, dead)
			survey(m, 100, 14, func(_ int, r *telemetry.Reading) { at(tayNinh)(r) })
		}, []expectation{{99, Dead, Unproven, 1}, {100, Dead, Unproven, 1}}},
		{"service all over ends a dead cell", func(m *Map) {
			survey(m, 1, 20, dead)
			survey(m, 100, 14, func(n int, r *telemetry.Reading) {
				if n%14 == 3 {
					slow(n, r)
				}
			})
		}, []expectation{{99, Dead, Unproven, 1}, {100, Unproven, Unproven, 100}}},
		{"a dead cell becomes a gap when service is proven", func(m *Map) { survey(m, 1, 20, dead); survey(m, 100, 20, slow) },
			[]expectation{{100, Gap, Gap, 100}}},
		{"a gap stays a gap while the window is mixed", func(m *Map) { survey(m, 1, 20, slow); survey(m, 40, 20, half) },
			[]expectation{{40, Gap, Gap, 1}, {128, Gap, Gap, 1}, {200, Gap, Unproven, 1}}},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			m := newMap(t)
			v.surveys(m)
			first, _ := m.clock.split(local(1, 0, 0, 0))
			for _, w := range v.want {
				c := only(t, m, local(1, 23, 0, 0).AddDate(0, 0, w.day-1))
				if c.Verdict != w.stand || c.Decision.Verdict != w.prove {
					t.Errorf("day %d: it stands as %s, the window proves %s; want %s, %s", w.day, c.Verdict, c.Decision.Verdict, w.stand, w.prove)
				}
				if since := int(c.Since-first) + 1; w.stand != Unproven && since != w.since {
					t.Errorf("day %d: since day %d, want %d", w.day, since, w.since)
				}
			}
		})
	}
}

// When somebody looked, and how often, makes no difference; nor does the judge's memory.
func TestVerdictsDoNotDependOnLooking(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := mapOf(t, nil)
		often, _ := NewJudge(m.rules, nil)
		var last *Assessment
		for day := range rapid.IntRange(1, 40).Draw(t, "days") {
			tests := rapid.SampledFrom([]int{0, 0, 3, 12, 29}).Draw(t, "tests")
			share := rapid.IntRange(0, 10).Draw(t, "share")
			survey(m, 1+5*day, tests, func(n int, r *telemetry.Reading) {
				if n%10 >= share {
					slow(n, r)
				}
			})
			last, _ = often.Assess(t.Context(), m.View(), local(1, 22, 0, 0).AddDate(0, 0, 5*day))
		}
		once, _ := NewJudge(m.rules, nil)
		fresh, err := once.Assess(t.Context(), m.View(), m.clock.join(last.Day, 1))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(last.Cells, fresh.Cells, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("often and once (-often +once):\n%s", diff)
		}
		m.Prune(m.clock.join(last.Day, 1))
		pruned, _ := once.Assess(t.Context(), m.View(), m.clock.join(last.Day, 1))
		if diff := cmp.Diff(fresh.Cells, pruned.Cells, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("before and after pruning:\n%s", diff)
		}
	})
}

// A standing verdict is that of a walk over every single day.
func TestStandingIsAWalkOverDays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := DefaultRules()
		rules.WindowDays, rules.ValidDays = 6, 20
		rules.HoldDays = rapid.IntRange(1, 4).Draw(t, "hold")
		m, err := NewMap(Options{Rules: rules, Zone: hcm})
		if err != nil {
			t.Fatal(err)
		}
		days := rapid.IntRange(1, 30).Draw(t, "days")
		for day := range days {
			kind := rapid.SampledFrom([]func(int, *telemetry.Reading){fast, slow, dead, nil, nil}).Draw(t, "kind")
			if kind != nil {
				survey(m, 1+day, rapid.IntRange(1, 29).Draw(t, "tests"), kind)
			}
		}
		today := local(1, 12, 0, 0).AddDate(0, 0, days)
		want := dayByDay{rules: rules}
		for back := rules.ValidDays; back >= 0; back-- {
			day := today.AddDate(0, 0, -back)
			a := assess2(t, m, day)
			if back == rules.ValidDays {
				want.Since = a.Day
			}
			for i := range a.Cells {
				want.next(&a.Cells[i].Decision, a.Day)
			}
		}
		for _, c := range assess2(t, m, today).Cells {
			if c.Verdict != want.Verdict || c.Since != want.Since {
				t.Errorf("it stands as %s since %s; day by day it is %s since %s", c.Verdict, c.Since, want.Verdict, want.Since)
			}
			if c.Verdict != Unproven && c.Proven != want.Proven {
				t.Errorf("%s was proven last on %s; day by day on %s", c.Verdict, c.Proven, want.Proven)
			}
		}
	})
}

func assess2(t *rapid.T, m *Map, now time.Time) *Assessment {
	j, err := NewJudge(m.rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := j.Assess(t.Context(), m.View(), now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestHistory(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	survey(m, 1, 20, dead)
	survey(m, 100, 20, slow)
	survey(m, 220, 29, fast)
	c := only(t, m, local(1, 23, 0, 0).AddDate(0, 0, 239))
	first, _ := m.clock.split(local(1, 0, 0, 0))
	got := newJudge(t, m.rules).History(m.View(), c)
	want := []Turn{{first, Dead}, {first + 99, Gap}, {first + 228, Covered}}
	if !slices.Equal(got, want) {
		t.Errorf("the turns are %v, want %v", got, want)
	}
	if last := got[len(got)-1]; last.Verdict != c.Verdict || last.Day != c.Since {
		t.Errorf("the last turn is %v, and the cell stands as %s since %s", last, c.Verdict, c.Since)
	}
	c.Operator = "45299"
	if got := newJudge(t, m.rules).History(m.View(), c); got != nil {
		t.Errorf("what nobody tested has turns: %v", got)
	}
}

// A dayByDay is the rule of standing verdicts as docs/COVERAGE.md words it.
type dayByDay struct {
	Standing
	rules Rules
	days  int
	held  [claimCount]int // days in a row on which a claim was proven
}

func (s *dayByDay) next(d *Decision, day Day) {
	counts := func(c claim, p float64, th *Thresholds) bool {
		if p >= s.rules.Level || !th.Hold() || c == claimServed && s.Verdict != Dead {
			s.held[c] = 0
			return false
		}
		if s.held[c]++; s.days == 0 {
			s.held[c] += s.rules.HoldDays
		}
		return p < s.rules.AtOnceLevel || s.held[c] >= s.rules.HoldDays
	}
	gap, dead := counts(claimGap, d.GapP, &d.Gap), counts(claimDead, d.DeadP, &d.Dead)
	covered, served := counts(claimCovered, d.CoveredP, &d.Covered), counts(claimServed, d.ServedP, &d.Served)
	s.days++
	become := func(v Verdict) {
		if v != s.Verdict {
			s.Verdict, s.Since = v, day
		}
	}
	switch {
	case dead:
		become(Dead)
	case gap && s.Verdict == Dead && !served:
	case gap:
		become(Gap)
	case covered:
		become(Covered)
	case served:
		become(Unproven)
	}
	if claim, ok := map[Verdict]claim{Gap: claimGap, Dead: claimDead, Covered: claimCovered}[s.Verdict]; ok && s.held[claim] > 0 {
		s.Proven = day
	}
}

// The number of further tests is the smallest that proves something.
func TestFurtherTests(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	cell := survey(m, 1, 10, fast)
	f := only(t, m, local(1, 23, 0, 0)).Further
	if f.Tests != 19 || f.ToCovered != 19 || f.Toward != Covered || f.Days != 1 {
		t.Errorf("after 10 clean tests: %+v", f)
	}
	// Four of the seven point-hexes have two tests or more: nothing is missing there... but
	// three have two and four have one.
	if len(f.Points) != 1 || f.Points[0].Tests != 1 || f.Points[0].PointHex != cell.PointHex(3) {
		t.Errorf("where: %+v", f.Points)
	}
	survey(m, 2, 19, fast)
	if c := only(t, m, local(2, 23, 0, 0)); c.Decision.Verdict != Covered {
		t.Errorf("after the further tests it is %s", c.Decision.Verdict)
	}
}

// Where only the spread is missing, further says where and when.
func TestFurtherTestsInTimeAndPlace(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	survey(m, 1, 12, func(n int, r *telemetry.Reading) {
		slow(n, r)
		cell, _, _ := CellAt(tayNinh)
		at(cell.PointHex(n % 2).Center())(r)
		when(local(1, 9, n, 0))(r)
	})
	f := only(t, m, local(1, 23, 0, 0)).Further
	if f.Toward != Gap || len(f.Points) != 2 || f.Points[0].Tests != 2 || f.Tests != 4 {
		t.Errorf("%+v", f)
	}
	if f.Until != nil || f.After == nil || *f.After != hm(13, 1) {
		t.Errorf("until %v, after %v, want none and 13:01", f.Until, f.After)
	}
}

// An untested map has no cells, an empty window asks for the first 29 tests.
func TestWithoutTests(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	if a := assess(t, m, local(1, 0, 0, 0)); len(a.Cells) != 0 || a.Find(0, "45204") != nil {
		t.Errorf("an empty map has %d cells", len(a.Cells))
	}
	r := reading(func(r *telemetry.Reading) { r.Mobile.Indoor = telemetry.Some(true) })
	m.Observe(&r)
	c := only(t, m, local(3, 23, 0, 0))
	if c.Decision.Tests != 0 || c.Summary.Invalid[Indoor] != 1 || c.Further.Tests != 29 || c.Further.ToGap != 5 {
		t.Errorf("%+v\n%+v", c, c.Further)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	for n := range 10 {
		r := reading(mbps(float64(10*(n+1))), when(local(1+n%2, 8+n, 0, 0)), by(telemetry.DeviceID(fmt.Sprintf("p%d", n%3))))
		m.Observe(&r)
	}
	none := reading(noService, when(local(2, 20, 0, 0)))
	m.Observe(&none)
	old := reading(when(local(1, 12, 0, 0).AddDate(0, 0, -89)), mbps(900))
	m.Observe(&old) // outside the window of 2 November
	c := only(t, m, local(2, 23, 0, 0))
	want := Summary{
		MeanMbps: 55, Transfers: 10, P20Mbps: 20, P50Mbps: 50, P80Mbps: 80,
		MeanUploadMbps: c.Summary.MeanUploadMbps, P50LatencyMs: c.Summary.P50LatencyMs,
		Results: [resultCount]int{Transferred: 10, NoService: 1},
		RSRP:    [classCount]int{ClassUnknown: 1, ClassGood: 10},
		SINR:    [classCount]int{ClassUnknown: 1, ClassGood: 10},
		Devices: 4, Days: 2, Hours: 11, First: local(1, 8, 0, 0), Last: local(2, 20, 0, 0),
	}
	if diff := cmp.Diff(want, c.Summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if c.Summary.MeanUploadMbps < 11.95 || c.Summary.MeanUploadMbps > 12.05 || c.Summary.P50LatencyMs < 37.8 || c.Summary.P50LatencyMs > 38.2 {
		t.Errorf("upload %v, latency %v", c.Summary.MeanUploadMbps, c.Summary.P50LatencyMs)
	}
	if c.Decision.Tests != 11 || c.Decision.Negative != 4 || c.Decision.Unusable != 1 {
		t.Errorf("%+v", c.Decision)
	}
}

// Tests that are struck out are gone from the evidence, and the cell is judged again.
func TestStrike(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	var ids []TestID
	cell := survey(m, 1, 20, func(n int, r *telemetry.Reading) {
		if n%4 == 0 {
			slow(n, r)
			day, second := m.clock.split(r.Time)
			ids = append(ids, TestID{Day: day, Second: second, Device: DeviceHash(r.Device)})
		}
	})
	before := m.View()
	if c := only(t, m, local(10, 23, 0, 0)); c.Verdict != Gap {
		t.Fatalf("before: %s", c.Verdict)
	}
	unknown := ids[0]
	unknown.Second++
	if err := m.Strike(cell, "45204", []TestID{ids[0], unknown}); err == nil {
		t.Error("a test that nobody made was struck")
	}
	if err := m.Strike(cell, "45201", ids[:1]); err == nil {
		t.Error("a test of another operator was struck")
	}
	for range 2 {
		if err := m.Strike(cell, "45204", ids[:1]); err != nil {
			t.Fatal(err)
		}
	}
	c := only(t, m, local(10, 23, 0, 0))
	if c.Verdict != Unproven || c.Decision.Tests != 19 || c.Decision.Negative != 4 || c.Summary.Struck != 1 {
		t.Errorf("after: %s, %+v, %d struck", c.Verdict, c.Decision, c.Summary.Struck)
	}
	a, _ := newJudge(t, m.rules).Assess(t.Context(), before, local(10, 23, 0, 0))
	if a.Cells[0].Verdict != Gap {
		t.Error("a view from before has changed")
	}
	// A test that comes again remains struck.
	again := reading(slow2, at(cell.PointHex(0).Center()), when(m.clock.join(ids[0].Day, ids[0].Second)))
	m.Observe(&again)
	if c := only(t, m, local(10, 23, 0, 0)); c.Decision.Tests != 19 {
		t.Errorf("the struck test is back: %+v", c.Decision)
	}
}

func slow2(r *telemetry.Reading) { slow(0, r) }

func TestTestIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := TestID{
			Day:    Day(rapid.IntRange(0, 40000).Draw(t, "day")),
			Second: rapid.IntRange(0, secondsPerDay-1).Draw(t, "second"),
			Device: uint16(rapid.IntRange(0, deviceMask).Draw(t, "device")),
		}
		if back, err := ParseTestID(id.String()); err != nil || back != id {
			t.Errorf("%s comes back as %s, %v", id, back, err)
		}
	})
	for _, bad := range []string{"", "2026-11-03T14:05:22", "2026-11-03T14:05:22/8000", "2026-11-03T14:05:22/xyzw", "2026-13-03T14:05:22/1a2b"} {
		if _, err := ParseTestID(bad); err == nil {
			t.Errorf("%q is taken for a test", bad)
		}
	}
	if _, err := ParseDay("3/11/2026"); err == nil {
		t.Error("3/11/2026 is taken for a day")
	}
}
