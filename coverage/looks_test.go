package coverage

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"phusong/internal/testbed"
)

// steady makes the tests of a cell whose true share never changes: so many a day, anywhere in
// the cell and at any daytime, for so many days up to today.
func steady(r *rand.Rand, rules *Rules, share float64, perDay, days int, today Day) []dayEvidence {
	evidence := make([]dayEvidence, days)
	for d := range evidence {
		e := &evidence[d]
		e.day = today - Day(days-1-d)
		for range perDay {
			rate := uint32(5000)
			if r.Float64() >= share {
				rate = 1000
			}
			rec := record{who: uint32(6*3600 + r.IntN(16*3600)), what: rate << (markBits + rsrpBits), how: uint32(r.IntN(PointHexes)) << 7}
			e.records = append(e.records, rec)
			e.tally.add(rec, 4000, rules.Validity.FloorDBm)
		}
	}
	return evidence
}

// found returns how many of a thousand such cells stand as gaps at the end.
func found(t *testing.T, share float64, perDay, days int) int {
	t.Helper()
	j := newJudge(t, DefaultRules())
	gaps := 0
	for cell := range uint64(1000) {
		r := rand.New(rand.NewPCG(cell, 2026))
		const today = 20_000
		standing, _ := j.stand(steady(r, &j.rules, share, perDay, days, today), today, terms{target: 4000, window: j.rules.WindowDays}, AllPoints)
		if standing.Verdict == Gap {
			gaps++
		}
	}
	return gaps
}

// A cell whose true share is exactly the one that is asked for, judged every day of a window, is
// called a gap no more often than the level of the rules allows: the thresholds make up for the
// many looks. A cell a little better hardly ever is.
func TestDailyLooksKeepTheLevel(t *testing.T) {
	t.Parallel()
	days := DefaultRules().WindowDays
	for _, tt := range []struct {
		share  float64
		perDay int
		most   int // of a thousand
	}{{0.90, 1, 50}, {0.90, 4, 50}, {0.95, 1, 1}, {0.95, 4, 1}} {
		if n := found(t, tt.share, tt.perDay, days); n > tt.most {
			t.Errorf("share %v, %d tests a day: %d of 1000 cells are called gaps within %d days, want at most %d", tt.share, tt.perDay, n, days, tt.most)
		}
	}
}

// What docs/COVERAGE.md says about many looks.
func TestFiguresOfDailyLooksPlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	text := page(t)
	for _, share := range []float64{0.90, 0.92} {
		for _, perDay := range []int{1, 4} {
			line := fmt.Sprintf("| %.0f %% | %d |", 100*share, perDay)
			for _, days := range []int{30, 90, 365} {
				line += fmt.Sprintf(" %.1f %% |", float64(found(t, share, perDay, days))/10)
			}
			wants(t, text, line)
		}
	}
}
