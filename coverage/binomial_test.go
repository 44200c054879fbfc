package coverage_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"phusong/coverage"
)

// near allows for the last printed decimal.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.51e-6 {
		t.Errorf("%s: got %.9f, want %.6f", what, got, want)
	}
}

func TestIntervalsOfPublishedVectors(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		k, n              int
		z90, z95, z80, cp coverage.Interval
		gapP              float64
	}{
		{0, 1, iv(0, 0.730134), iv(0, 0.793451), iv(0, 0.621552), iv(0, 0.95), 0.1},
		{0, 5, iv(0, 0.351117), iv(0, 0.434482), iv(0, 0.247257), iv(0, 0.450720), 0.00001},
		{2, 5, iv(0.142706, 0.727517), iv(0.117621, 0.769276), iv(0.179873, 0.669579), iv(0.076440, 0.810745), 0.00856},
		{5, 5, iv(0.648883, 1), iv(0.565518, 1), iv(0.752743, 1), iv(0.549280, 1), 1},
		{3, 10, iv(0.126877, 0.558300), iv(0.107791, 0.603222), iv(0.153799, 0.502628), iv(0.087264, 0.606624), 0.000009},
		{8, 20, iv(0.242387, 0.581444), iv(0.218807, 0.613418), iv(0.272420, 0.542757), iv(0.217069, 0.606415), 0},
		{14, 20, iv(0.516196, 0.836141), iv(0.481027, 0.854523), iv(0.557675, 0.811971), iv(0.492182, 0.860446), 0.011253},
		{15, 20, iv(0.567798, 0.872623), iv(0.531299, 0.888138), iv(0.610244, 0.851812), iv(0.544418, 0.895919), 0.043174},
		{17, 20, iv(0.678172, 0.938418), iv(0.639581, 0.947631), iv(0.721552, 0.925327), iv(0.656336, 0.957831), 0.323073},
		{18, 20, iv(0.738337, 0.966337), iv(0.698966, 0.972134), iv(0.781604, 0.957686), iv(0.717381, 0.981935), 0.608253},
		{20, 20, iv(0.880842, 1), iv(0.838875, 1), iv(0.924113, 1), iv(0.860892, 1), 1},
		{40, 50, iv(0.692674, 0.876526), iv(0.669629, 0.887562), iv(0.718491, 0.862428), iv(0.684404, 0.887278), 0.024538},
		{45, 50, iv(0.808462, 0.950471), iv(0.786398, 0.956524), iv(0.832287, 0.942271), iv(0.801167, 0.959763), 0.568802},
		{76, 100, iv(0.683496, 0.822806), iv(0.667677, 0.833087), iv(0.701348, 0.810250), iv(0.679397, 0.828652), 0.00004},
		{84, 100, iv(0.770871, 0.891216), iv(0.755797, 0.899047), iv(0.787582, 0.881430), iv(0.767184, 0.896989), 0.039891},
		{85, 100, iv(0.782097, 0.899463), iv(0.767164, 0.906940), iv(0.798604, 0.890085), iv(0.778463, 0.905206), 0.072573},
		{90, 100, iv(0.839644, 0.939281), iv(0.825634, 0.944771), iv(0.854858, 0.932215), iv(0.836282, 0.944737), 0.548710},
	} {
		for _, c := range []struct {
			name      string
			got, want coverage.Interval
		}{
			{"Wilson 90", coverage.Wilson(v.k, v.n, coverage.Z90), v.z90},
			{"Wilson 95", coverage.Wilson(v.k, v.n, coverage.Z95), v.z95},
			{"Wilson 80", coverage.Wilson(v.k, v.n, coverage.Z80), v.z80},
			{"Clopper-Pearson", coverage.ClopperPearson(v.k, v.n, 0.05), v.cp},
		} {
			near(t, c.name+" lower", c.got.Lower, c.want.Lower)
			near(t, c.name+" upper", c.got.Upper, c.want.Upper)
		}
		near(t, "P(X<=k)", coverage.LowerTail(v.k, v.n, 0.9), v.gapP)
	}
}

func iv(lower, upper float64) coverage.Interval { return coverage.Interval{Lower: lower, Upper: upper} }

// The decision table: for how many positive tests is a gap proven, and for how many coverage.
func TestDecisionTable(t *testing.T) {
	t.Parallel()
	const none = -1
	for _, v := range []struct{ n, gapWilson, gapExact, coveredWilson, coveredExact int }{
		{5, 3, 2, none, none}, {6, 4, 3, none, none}, {8, 5, 5, none, none}, {10, 7, 6, none, none},
		{12, 9, 8, none, none}, {15, 11, 10, none, none}, {20, 15, 15, none, none}, {25, 20, 19, 25, none},
		{29, 23, 22, 29, 29}, {30, 24, 23, 30, 30}, {40, 32, 32, 40, 40}, {50, 41, 40, 49, 49},
		{60, 50, 49, 58, 59}, {80, 67, 66, 77, 77}, {100, 85, 84, 95, 96}, {200, 173, 172, 187, 188},
	} {
		gapWilson, gapExact, coveredWilson, coveredExact := none, none, none, none
		for k := range v.n + 1 {
			w := coverage.Wilson(k, v.n, coverage.Z90)
			if w.Upper < 0.9 {
				gapWilson = k
			}
			if coverage.LowerTail(k, v.n, 0.9) < 0.05 {
				gapExact = k
			}
			if w.Lower > 0.9 && coveredWilson == none {
				coveredWilson = k
			}
			if coverage.UpperTail(k, v.n, 0.9) < 0.05 && coveredExact == none {
				coveredExact = k
			}
		}
		got := []int{gapWilson, gapExact, coveredWilson, coveredExact}
		want := []int{v.gapWilson, v.gapExact, v.coveredWilson, v.coveredExact}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("n = %d: got %v, want %v", v.n, got, want)
				break
			}
		}
	}
}

// The worked examples: the exact test and Wilson's differ where they are said to.
func TestWorkedExamplesOfTheStatistics(t *testing.T) {
	t.Parallel()
	near(t, "A", coverage.LowerTail(15, 20, 0.9), 0.043174)
	if coverage.LowerTail(16, 20, 0.9) < 0.05 {
		t.Error("A: 16 of 20 proves a gap")
	}
	near(t, "B", coverage.LowerTail(85, 100, 0.9), 0.072573)
	if coverage.Wilson(85, 100, coverage.Z90).Upper >= 0.9 {
		t.Error("B: Wilson does not say that 85 of 100 is below")
	}
	near(t, "C Wilson", coverage.Wilson(25, 25, coverage.Z90).Lower, 0.902346)
	near(t, "C 29", math.Round(coverage.UpperTail(29, 29, 0.9)*1e4)/1e4, 0.0471)
	near(t, "C 28", math.Round(coverage.UpperTail(28, 28, 0.9)*1e4)/1e4, 0.0523)
}

// For up to 300 tests the table of counts is a one-sided 5 % test of nine in ten.
func TestTableOfCountsIsATestAtFivePercent(t *testing.T) {
	t.Parallel()
	rules := coverage.DefaultRules()
	for n := 5; n <= 300; n++ {
		if p := coverage.LowerTail(n-rules.NegativesNeeded(n), n, 0.9); p > 0.0432 {
			t.Errorf("n = %d: %d negatives have a tail of %.4f", n, rules.NegativesNeeded(n), p)
		}
	}
}

func TestTailsAgreeWithExactArithmetic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 120).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		pct := rapid.IntRange(1, 99).Draw(t, "pct")
		want, _ := exactTail(k, n, int64(pct)).Float64()
		if got := coverage.LowerTail(k, n, float64(pct)/100); math.Abs(got-want) > 1e-11*max(want, 1e-3) {
			t.Errorf("P(X <= %d | %d, %d %%) = %.17g, want %.17g", k, n, pct, got, want)
		}
		upper := coverage.UpperTail(k, n, float64(pct)/100)
		below := coverage.LowerTail(k-1, n, float64(pct)/100)
		if math.Abs(upper+below-1) > 1e-11 {
			t.Errorf("the tails of %d of %d add up to %.17g", k, n, upper+below)
		}
	})
}

// exactTail adds fractions.
func exactTail(k, n int, pct int64) *big.Rat {
	sum := new(big.Rat)
	for i := 0; i <= k; i++ {
		term := new(big.Int).Binomial(int64(n), int64(i))
		term.Mul(term, new(big.Int).Exp(big.NewInt(pct), big.NewInt(int64(i)), nil))
		term.Mul(term, new(big.Int).Exp(big.NewInt(100-pct), big.NewInt(int64(n-i)), nil))
		sum.Add(sum, new(big.Rat).SetInt(term))
	}
	whole := new(big.Int).Exp(big.NewInt(100), big.NewInt(int64(n)), nil)
	return sum.Quo(sum, new(big.Rat).SetInt(whole))
}

// Beyond a thousand tests the tails still follow one another.
func TestTailsOfManyTests(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1000, 2610, 10000} {
		before := 0.0
		for k := n * 8 / 10; k <= n; k++ {
			p := coverage.LowerTail(k, n, 0.9)
			if p < before-1e-12 || p > 1 || math.IsNaN(p) {
				t.Fatalf("n = %d, k = %d: %v after %v", n, k, p, before)
			}
			before = p
		}
	}
}

// The bounds contain the share, shrink with the level, and turn exactly where the test does.
func TestClopperPearsonInvertsTheTest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		i := coverage.ClopperPearson(k, n, 0.05)
		if share := float64(k) / float64(n); i.Lower > share || i.Upper < share {
			t.Fatalf("%d of %d: %v does not contain the share", k, n, i)
		}
		if (i.Upper < 0.9) != (coverage.LowerTail(k, n, 0.9) < 0.05) || (i.Lower > 0.9) != (coverage.UpperTail(k, n, 0.9) < 0.05) {
			t.Fatalf("%d of %d: the interval %v and the test disagree", k, n, i)
		}
	})
	if got := coverage.ClopperPearson(0, 0, 0.05); got != iv(0, 1) {
		t.Errorf("without tests: %v", got)
	}
	if got := coverage.Wilson(0, 0, coverage.Z90); got != iv(0, 1) {
		t.Errorf("without tests: %v", got)
	}
}
