package airquality

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The index rises with the concentration, without a jump, and stays in its range.
func TestSubIndexIsMonotoneAndContinuous(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		column := Column(rapid.IntRange(0, int(columns)-1).Draw(t, "column"))
		table := breakpoints[column]
		top := table[len(table)-1]
		a := rapid.Float64Range(0, 1.2*top).Draw(t, "a")
		b := a + rapid.Float64Range(0, 0.001*top).Draw(t, "step")
		x, okX := SubIndex(column, a)
		y, okY := SubIndex(column, b)
		if column == ColumnO38Hour && b > top {
			if okY {
				t.Fatalf("8-hour ozone of %v has an index", b)
			}
			return
		}
		if !okX || !okY || x < 0 || y > MaxIndex || y < x {
			t.Fatalf("%v gives %v (%v), %v gives %v (%v)", a, x, okX, b, y, okY)
		}
		if steepest := 12.0; y-x > steepest {
			t.Fatalf("from %v to %v the index jumps from %v to %v", a, b, x, y)
		}
	})
}

func TestSubIndexRefusesTheImpossible(t *testing.T) {
	t.Parallel()
	for _, c := range []float64{-0.1, -999, math.NaN(), math.Inf(1), math.Inf(-1)} {
		for column := range columns {
			if x, ok := SubIndex(column, c); ok {
				t.Errorf("column %d at %v has the index %v", column, c, x)
			}
		}
	}
	if x, ok := SubIndex(columns, 1); ok {
		t.Errorf("a column that is not there has the index %v", x)
	}
}

// A NowCast lies between the least and the greatest of its hours, is the hour itself when all are
// equal, and grows with the unit.
func TestNowCastIsAMean(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := make([]float64, rapid.IntRange(0, 14).Draw(t, "n"))
		for i := range list {
			list[i] = rapid.Float64Range(0, 500).Draw(t, "c")
			if rapid.IntRange(0, 3).Draw(t, "missing") == 0 {
				list[i] = NoValue()
			}
		}
		got, ok := NowCast(list)
		there, low, high := 0, math.Inf(1), 0.0
		for i, c := range list {
			if math.IsNaN(c) {
				continue
			}
			if i < 3 {
				there++
			}
			if i < NowCastHours {
				low, high = min(low, c), max(high, c)
			}
		}
		if ok != (there >= 2) {
			t.Fatalf("%v: ok is %v with %d of the last three", list, ok, there)
		}
		if ok && !(got >= low-1e-9 && got <= high+1e-9) {
			t.Fatalf("%v: %v is outside %v to %v", list, got, low, high)
		}
		doubled := make([]float64, len(list))
		for i := range list {
			doubled[i] = 2 * list[i]
		}
		if twice, _ := NowCast(doubled); math.Abs(twice-2*got) > 1e-9 {
			t.Fatalf("twice the concentration gives %v for %v", twice, got)
		}
	})
}

// Exactly the levels of the Decision's table are where bands end, with its colours.
func TestBands(t *testing.T) {
	t.Parallel()
	for _, want := range []struct {
		from, to      int
		vi, en, color string
	}{
		{0, 50, "Tốt", "Good", "#00E400"},
		{51, 100, "Trung bình", "Moderate", "#FFFF00"},
		{101, 150, "Kém", "Poor", "#FF7E00"},
		{151, 200, "Xấu", "Bad", "#FF0000"},
		{201, 300, "Rất xấu", "Very bad", "#8F3F97"},
		{301, 500, "Nguy hại", "Hazardous", "#7E0023"},
	} {
		for _, i := range []int{want.from, want.to} {
			b := BandOf(i)
			if n := b.Name(); n.Vietnamese != want.vi || n.English != want.en || b.Color() != want.color || b.UpTo() != want.to {
				t.Errorf("%d is %q, %q, %s, up to %d; want %q", i, n.Vietnamese, n.English, b.Color(), b.UpTo(), want.vi)
			}
			everyone, atRisk := b.Advice()
			for _, text := range []Text{everyone, atRisk} {
				if text.Vietnamese == "" || text.English == "" {
					t.Errorf("%s has no advice: %q", b, text)
				}
			}
		}
	}
	if b := BandOf(-1); b != 0 || b.String() != "" || b.Color() != "" {
		t.Errorf("no index is %v", b)
	}
}
