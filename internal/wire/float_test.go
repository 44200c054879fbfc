package wire

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// Every number reads back as itself, to the last bit.
func TestFloatsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(
			rapid.Float64(),
			rapid.Map(rapid.IntRange(-1e9, 1e9), func(n int) float64 { return float64(n) / 1000 }),
			rapid.Map(rapid.Int64(), func(n int64) float64 { return math.Float64frombits(uint64(n)) }),
		).Draw(t, "value")
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Skip("no number of JSON")
		}
		text := string(appendFloat(nil, v))
		got, err := strconv.ParseFloat(text, 64)
		if err != nil || math.Float64bits(got) != math.Float64bits(v) {
			t.Fatalf("%v was written as %s, which reads as %v (%v)", v, text, got, err)
		}
	})
}

func TestFloatsAreShort(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0", 12: "12", -0.5: "-0.5", 0.001: "0.001", 0.21: "0.21", -97.125: "-97.125", 0.0001: "0.0001",
		1e21: "1e+21", 9007199254740.991: "9007199254740.99", math.Copysign(0, -1): "-0", 100: "100", 10.05: "10.05",
	} {
		if got := string(appendFloat(nil, v)); got != want {
			t.Errorf("%v is written as %s, want %s", v, got, want)
		}
	}
}
