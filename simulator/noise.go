package simulator

import "math"

// Every random draw of the world is a hash of the seed, of what is being drawn
// and of the subject it is drawn for. The purposes keep two draws for the same
// subject independent of each other.
type purpose uint64

const (
	forCommune purpose = iota + 1
	forSettlement
	forSite
	forUplink
	forDevice
	forPhase
	forOutage
	forReboot
	forPowerCut
	forCrowd
	forClients
	forRadio
	forUplinkQuality
	forWeather
	forRain
	forPollution
	forSensor
	forRiver
	forTerrain
	forForest
	forRoad
	forMast
	forShadowing
	forLoad
	forRoute
	forTest
	forClock
	forBattery
	forGarbage
	forPortal
	forUsers
)

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of the
// input reaches every bit of the output.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

const golden = 0x9e3779b97f4a7c15

// key returns the hash of a purpose and one number under the seed or key base.
func key(base uint64, p purpose, a uint64) uint64 {
	return mix(mix(base+golden*uint64(p)) + golden*(a+1))
}

// key2 is key for two numbers.
func key2(base uint64, p purpose, a, b uint64) uint64 {
	return mix(key(base, p, a) + golden*(b+1))
}

// unit maps a hash to [0, 1).
func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// between maps a hash to [lo, hi).
func between(h uint64, lo, hi float64) float64 { return lo + (hi-lo)*unit(h) }

// normal maps a hash to a bell curve of mean 0 and deviation 1. It adds four
// uniform numbers, which is fast and never farther out than 3.5 deviations:
// instruments have no infinite tails either.
func normal(h uint64) float64 {
	sum := float64(h&0xffff) + float64(h>>16&0xffff) + float64(h>>32&0xffff) + float64(h>>48)
	const mean, deviation = 2 * 65535, 65536 * 0.5773502691896258 // sqrt(4/12)
	return (sum - mean) / deviation
}

// chance reports whether an event of probability p happens.
func chance(h uint64, p float64) bool { return unit(h) < p }

// wave1 is smooth noise along one axis, about -1 to 1, changing over about 1 in x.
func wave1(base uint64, x float64) float64 {
	i := math.Floor(x)
	f := smooth(x - i)
	n := uint64(int64(i))
	return lerp(lattice(base, n, 0), lattice(base, n+1, 0), f)
}

// wave2 is smooth noise over a plane, about -1 to 1, changing over about 1 in x and y.
func wave2(base uint64, x, y float64) float64 {
	i, j := math.Floor(x), math.Floor(y)
	fx, fy := smooth(x-i), smooth(y-j)
	n, m := uint64(int64(i)), uint64(int64(j))
	return lerp(
		lerp(lattice(base, n, m), lattice(base, n+1, m), fx),
		lerp(lattice(base, n, m+1), lattice(base, n+1, m+1), fx), fy)
}

// lattice is the value of the noise at one whole point, -1 to 1.
func lattice(base, n, m uint64) float64 {
	return 2*unit(mix(base+n*golden+m*0xc2b2ae3d27d4eb4f)) - 1
}

func smooth(f float64) float64 { return f * f * (3 - 2*f) }

func lerp(a, b, f float64) float64 { return a + (b-a)*f }

// round keeps as many decimals as an instrument would print.
func round(v float64, decimals int) float64 {
	scale := [...]float64{1, 10, 100, 1e3, 1e4, 1e5, 1e6}[decimals]
	if v *= scale; math.Abs(v) < 1<<52 {
		// math.Round without its care for the huge and the infinite, at a third of the time.
		return float64(int64(v+math.Copysign(0.5, v))) / scale
	}
	return math.Round(v) / scale
}

func clamp(v, lo, hi float64) float64 { return min(max(v, lo), hi) }
