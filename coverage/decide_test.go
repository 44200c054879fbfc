package coverage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// atTimes builds the evidence of a cell: points lists, for each point-hex, how many tests
// and how many negatives it holds; times are those of the negatives, in order.
func atTimes(r *Rules, accessible PointSet, points [][2]int, times ...int) *evidence {
	e := &evidence{accessible: accessible}
	for kind := range e.extremes {
		e.extremes[kind] = extremes{size: r.setOf(kind)}
	}
	for i, p := range points {
		for n := range p[0] {
			rec := record{what: 4000 << (markBits + rsrpBits), how: uint32(i) << 7}
			if n < p[1] {
				rec.what = 1000 << (markBits + rsrpBits)
			}
			e.tally.add(rec, 4000, -120)
		}
	}
	for _, at := range times {
		e.extremes[negativeKind].add(int32(at))
	}
	return e
}

func hm(hour, minute int) int { return hour*3600 + minute*60 }

// The vectors F1 to F7 and F9 of the rule's reading.
func TestChallengeVectors(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	morningToEvening := []int{hm(7, 0), hm(7, 10), hm(12, 0), hm(12, 5), hm(18, 0)}
	four := [][2]int{{5, 2}, {5, 1}, {5, 1}, {5, 1}}
	for _, v := range []struct {
		name                         string
		e                            *evidence
		geographic, temporal, counts bool
		apart, points                int
	}{
		{"F1", atTimes(&r, AllPoints, four, morningToEvening...), true, true, true, hm(4, 55), 4},
		{"F2 too close in time", atTimes(&r, AllPoints, four, hm(7, 0), hm(7, 10), hm(9, 0), hm(10, 0), hm(18, 0)), true, false, true, hm(2, 50), 4},
		{"F3 five of 21", atTimes(&r, AllPoints, [][2]int{{6, 2}, {5, 1}, {5, 1}, {5, 1}}, morningToEvening...), true, true, false, hm(4, 55), 4},
		{"F4 60 with 12", atTimes(&r, AllPoints, [][2]int{{15, 3}, {15, 3}, {15, 3}, {15, 3}}, morningToEvening...), true, true, true, hm(4, 55), 4},
		{"F4 61 with 11", atTimes(&r, AllPoints, [][2]int{{16, 3}, {15, 3}, {15, 3}, {15, 2}}, morningToEvening...), true, true, true, hm(4, 55), 4},
		{"F4 99 with 16", atTimes(&r, AllPoints, [][2]int{{25, 4}, {25, 4}, {25, 4}, {24, 4}}, morningToEvening...), true, true, false, hm(4, 55), 4},
		{"F4 100 with 16", atTimes(&r, AllPoints, [][2]int{{25, 4}, {25, 4}, {25, 4}, {25, 4}}, morningToEvening...), true, true, true, hm(4, 55), 4},
		{"F5 three accessible", atTimes(&r, 0b0000111, [][2]int{{2, 1}, {2, 1}, {4, 3}}, morningToEvening...), true, true, true, hm(4, 55), 3},
		{"F6 three of five", atTimes(&r, 0b0011111, [][2]int{{5, 2}, {5, 2}, {5, 1}, {1, 1}, {4, 0}}, morningToEvening...), false, true, true, hm(4, 55), 3},
		{"F7 none accessible", atTimes(&r, 0, [][2]int{{10, 5}}, morningToEvening...), true, true, true, hm(4, 55), 0},
		{"three negatives are not two sets", atTimes(&r, AllPoints, [][2]int{{5, 1}, {5, 1}, {5, 1}, {5, 0}}, hm(7, 0), hm(12, 0), hm(18, 0)), false, false, false, -1, 3},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			th := r.thresholds(v.e, negativeKind)
			got := []any{th.Geographic(), th.Temporal(), th.Testing(), th.ApartSeconds, th.Points}
			want := []any{v.geographic, v.temporal, v.counts, v.apart, v.points}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("geographic, temporal, testing, apart, points (-want +got):\n%s\n%+v", diff, th)
			}
		})
	}
}

// The table as the rule prints it, with its steps that go down.
func TestCountsNeeded(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	for n, want := range map[int]int{
		5: 5, 20: 5, 21: 6, 25: 6, 26: 7, 29: 7, 30: 7, 31: 7, 32: 8, 36: 8, 40: 9, 41: 10, 45: 10, 46: 10, 50: 10, 51: 11, 60: 12,
		61: 11, 66: 12, 67: 13, 70: 13, 71: 13, 76: 13, 77: 14, 82: 14, 83: 15, 88: 15, 94: 16, 95: 17, 99: 17,
		100: 16, 101: 17, 106: 17, 107: 18, 112: 18, 113: 19, 120: 20, 150: 24, 200: 32,
	} {
		if got := r.NegativesNeeded(n); got != want {
			t.Errorf("%d tests need %d negatives, want %d", n, got, want)
		}
	}
	// F10: what an operator's own drive test must show.
	for n, want := range map[int]int{10: 17, 20: 17, 21: 18, 34: 28, 35: 30, 50: 43, 71: 62, 100: 88} {
		if got := r.PositivesNeeded(n); got != want {
			t.Errorf("%d tests need %d positives, want %d", n, got, want)
		}
	}
}

// A point-hex with too many of all tests fills only its share of the threshold.
func TestConcentration(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	for _, v := range []struct {
		name       string
		accessible PointSet
		points     [][2]int
		tests      int
		capped     bool
	}{
		{"even", AllPoints, [][2]int{{10, 5}, {10, 0}}, 5, false},
		{"most in one of seven", AllPoints, [][2]int{{11, 5}, {3, 0}, {3, 0}, {3, 0}}, 2, true},
		{"the others make up for it", AllPoints, [][2]int{{11, 5}, {3, 1}, {3, 1}, {3, 1}}, 5, true},
		{"exactly half", AllPoints, [][2]int{{10, 5}, {10, 5}}, 10, false},
		{"three accessible, 75 %", 0b111, [][2]int{{15, 5}, {5, 0}}, 5, false},
		{"three accessible, more", 0b111, [][2]int{{16, 5}, {4, 0}}, 3, true},
		{"two accessible", 0b11, [][2]int{{20, 5}}, 5, false},
	} {
		th := r.thresholds(atTimes(&r, v.accessible, v.points), negativeKind)
		if th.Tests != v.tests || th.Concentrated != v.capped {
			t.Errorf("%s: %d tests count, concentrated %v; want %d, %v", v.name, th.Tests, th.Concentrated, v.tests, v.capped)
		}
	}
}

// F9: four of the seven children make a parent, three do not.
func TestParentsNeedFourChildren(t *testing.T) {
	t.Parallel()
	parent, _, err := CellAt(tayNinh)
	if err != nil {
		t.Fatal(err)
	}
	parent = parent.Parent(CellResolution - 1)
	a := &Assessment{rules: DefaultRules()}
	for n := range 4 {
		if got := a.Parents(CellResolution - 1); len(got) > 0 && got[0].Verdict == Gap {
			t.Fatalf("%d children make a gap", n)
		}
		child := Cell(uint64(parent)&^resolutionMask | CellResolution<<resolutionShift)
		child = Cell(uint64(child)&^(digitMask<<digitShift(CellResolution)) | uint64(n)<<digitShift(CellResolution))
		a.Cells = append(a.Cells, CellVerdict{Cell: child, Operator: "45204", Standing: Standing{Verdict: Gap}})
	}
	got := a.Parents(CellResolution - 1)
	if len(got) != 1 || got[0].Cell != parent || got[0].Verdict != Gap {
		t.Errorf("four children give %+v", got)
	}
}

// What is kept of times of day is enough to find the second and the last but one.
func TestExtremes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOf(rapid.Int32Range(0, secondsPerDay-1)).Draw(t, "times")
		size := rapid.IntRange(1, maxSetOf).Draw(t, "size")
		e := extremes{size: size}
		for _, at := range times {
			e.add(at)
		}
		got, ok := e.apart()
		want, wantOK := setsApart(times, size)
		if got != want || ok != wantOK {
			t.Errorf("%v by %d: got %d, %v; want %d, %v", times, size, got, ok, want, wantOK)
		}
	})
}

// The critical values are those of the tails.
func TestCriticalValues(t *testing.T) {
	t.Parallel()
	c := criticalValue{share: 0.9, level: 0.05}
	for n := 300; n >= 0; n-- {
		k := c.of(n)
		if k >= 0 && LowerTail(k, n, 0.9) >= 0.05 || n > 0 && LowerTail(k+1, n, 0.9) < 0.05 {
			t.Errorf("n = %d: %d is not the last that proves", n, k)
		}
	}
}
