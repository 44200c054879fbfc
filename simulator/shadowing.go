package simulator

import "math"

// Shadowing is what houses, trees and bamboo add to or take from the mean path
// loss. It is normally distributed in dB and similar at places close to each other:
// its correlation falls as exp(-d/d0) (M. Gudmundson, "Correlation model for shadow
// fading in mobile radio systems", Electronics Letters 27(23), 1991), with the d0 of
// the rural macro cell of TR 38.901, table 7.5-6. Between two masts it is correlated
// by one half, as TR 36.942 §4.5 takes it.
const (
	shadowDistance = 120.0              // m, d0
	shadowBoth     = 0.7071067811865476 // root of the correlated half
	shadowOwn      = 0.7071067811865476 // root of the other half
	shadowWaves    = 24
)

// A shadowField is a random function of place of mean 0, deviation 1 and that
// correlation. It is a sum of plane waves whose wave vectors are drawn from the
// spectrum of the exponential correlation; only the phases differ between masts.
type shadowField struct {
	wave   [shadowWaves]vec // cycles per metre
	cosine [cosineSteps]float32
}

const cosineSteps = 1 << 11

// phases make one instance of the field, in cycles.
type phases [shadowWaves]float32

func newShadowField(seed uint64) *shadowField {
	f := new(shadowField)
	for i := range f.wave {
		h := key(seed, forShadowing, uint64(i))
		// In two dimensions the spectrum is (1+(k d0)²)^(-3/2); its radial
		// distribution inverts in closed form. Stratified draws fill it evenly.
		u := (float64(i) + 0.05 + 0.9*unit(h)) / shadowWaves
		k := math.Sqrt(1/((1-u)*(1-u))-1) / shadowDistance
		f.wave[i] = polar(k/(2*math.Pi), 2*math.Pi*unit(mix(h)))
	}
	for i := range f.cosine {
		f.cosine[i] = float32(math.Cos(2 * math.Pi * float64(i) / cosineSteps))
	}
	return f
}

func newPhases(k uint64) phases {
	var p phases
	for i := range p {
		p[i] = float32(unit(key(k, forShadowing, uint64(i))))
	}
	return p
}

// at returns the value of one instance at a place.
func (f *shadowField) at(p *phases, place vec) float64 {
	var sum float32
	for i := range f.wave {
		cycles := f.wave[i].dot(place) + float64(p[i])
		sum += f.cosine[int64(cycles*cosineSteps)&(cosineSteps-1)]
	}
	const scale = 0.2886751345948129 // sqrt(2/24)
	return float64(sum) * scale
}
