package coverage

import "math"

// LowerTail returns P(X ≤ k) for X the number of successes in n independent tries
// that each succeed with probability p. It is exact to the rounding of float64.
func LowerTail(k, n int, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	case p <= 0:
		return 1
	case p >= 1:
		return 0
	case float64(k) > float64(n)*p:
		return 1 - tailSum(n-k-1, n, 1-p)
	}
	return tailSum(k, n, p)
}

// UpperTail returns P(X ≥ k) of the same distribution.
func UpperTail(k, n int, p float64) float64 { return LowerTail(n-k, n, 1-p) }

// tailSum adds P(X = i) for i = k down to 0, where the terms shrink: k is not above
// the mean. Every term comes from the one before, so there is one logarithm in all.
func tailSum(k, n int, p float64) float64 {
	if k < 0 {
		return 0
	}
	term := math.Exp(logChoose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	odds := (1 - p) / p
	sum := term
	for i := k; i > 0; i-- {
		term *= float64(i) / float64(n-i+1) * odds
		if sum += term; term < sum*1e-18 {
			break
		}
	}
	return min(sum, 1)
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// An Interval bounds a share, both ends included.
type Interval struct {
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
}

// ClopperPearson returns the exact one-sided bounds of a share of which k of n tries
// were successes: each is wrong at most once in 1/level.
func ClopperPearson(k, n int, level float64) Interval {
	whole := Interval{Lower: 0, Upper: 1}
	if n <= 0 {
		return whole
	}
	if k < n {
		whole.Upper = solve(func(p float64) bool { return LowerTail(k, n, p) > level })
	}
	if k > 0 {
		whole.Lower = solve(func(p float64) bool { return UpperTail(k, n, p) < level })
	}
	return whole
}

// solve returns where below turns from true to false between 0 and 1.
func solve(below func(float64) bool) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		middle := (low + high) / 2
		if below(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// The normal quantiles that Wilson intervals are usually drawn with.
const (
	Z80 = 1.2815515655446004 // two-sided 80 %, one-sided 90 %
	Z90 = 1.6448536269514722 // two-sided 90 %, one-sided 95 %
	Z95 = 1.959963984540054  // two-sided 95 %
)

// Wilson returns the score interval of a share of which k of n tries were successes.
// It is for display; a verdict rests on the exact test.
func Wilson(k, n int, z float64) Interval {
	if n <= 0 {
		return Interval{Lower: 0, Upper: 1}
	}
	count, share := float64(n), float64(k)/float64(n)
	scale := 1 + z*z/count
	center := (share + z*z/(2*count)) / scale
	half := z / scale * math.Sqrt(share*(1-share)/count+z*z/(4*count*count))
	i := Interval{Lower: max(center-half, 0), Upper: min(center+half, 1)}
	// The ends are exact where rounding would leave a crumb.
	if k == 0 {
		i.Lower = 0
	}
	if k == n {
		i.Upper = 1
	}
	return i
}
