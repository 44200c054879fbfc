package simulator

import "math"

// Path loss after 3GPP TR 38.901 V17, "Study on channel model for frequencies from
// 0.5 to 100 GHz": table 7.4.1-1 (RMa for the country, UMa for towns), with the
// probability of line of sight of table 7.4.2-1. The model draws line of sight by
// chance; here both losses are weighed by that probability, so that the loss is a smooth
// function of place. Average building height 5 m and street width 20 m, as the
// model's defaults. Beyond its 5 km (NLOS) and 10 km (LOS) it is extrapolated.

// morphology is the kind of surroundings.
type morphology uint8

const (
	rural morphology = iota
	urban
)

const (
	receiverHeight = 1.5 // m
	lightSpeed     = 299_792_458.0
	buildingHeight = 5.0  // m
	streetWidth    = 20.0 // m
)

// pathLoss returns the mean loss in dB and the deviation of the shadowing on it, in
// dB, at a distance over ground in m from an antenna of the height in m, at a
// frequency in GHz.
func pathLoss(m morphology, distance, height, ghz float64) (loss, sigma float64) {
	d2 := max(distance, 10)
	d3 := math.Hypot(d2, height-receiverHeight)
	if m == urban {
		los := urbanLOS(d2, d3, height, ghz)
		nlos := max(los, 13.54+39.08*math.Log10(d3)+20*math.Log10(ghz))
		p := 1.0
		if d2 > 18 {
			p = 18/d2 + math.Exp(-d2/63)*(1-18/d2)
		}
		return p*los + (1-p)*nlos, p*4 + (1-p)*6
	}
	los := ruralLOS(d2, d3, height, ghz)
	nlos := max(los, ruralNLOS(d3, height, ghz))
	p := math.Exp(-(d2 - 10) / 1000)
	return p*los + (1-p)*nlos, p*4 + (1-p)*8
}

func ruralLOS(d2, d3, height, ghz float64) float64 {
	near := func(d float64) float64 {
		return 20*math.Log10(40*math.Pi*d*ghz/3) + min(0.03*math.Pow(buildingHeight, 1.72), 10)*math.Log10(d) -
			min(0.044*math.Pow(buildingHeight, 1.72), 14.77) + 0.002*math.Log10(buildingHeight)*d
	}
	breakpoint := 2 * math.Pi * height * receiverHeight * ghz * 1e9 / lightSpeed
	if d2 <= breakpoint {
		return near(d3)
	}
	return near(breakpoint) + 40*math.Log10(d3/breakpoint)
}

func ruralNLOS(d3, height, ghz float64) float64 {
	ratio := buildingHeight / height
	user := math.Log10(11.75 * receiverHeight)
	return 161.04 - 7.1*math.Log10(streetWidth) + 7.5*math.Log10(buildingHeight) -
		(24.37-3.7*ratio*ratio)*math.Log10(height) +
		(43.42-3.1*math.Log10(height))*(math.Log10(d3)-3) +
		20*math.Log10(ghz) - (3.2*user*user - 4.97)
}

func urbanLOS(d2, d3, height, ghz float64) float64 {
	const effective = 1.0 // m, of the environment, taken off both heights
	breakpoint := 4 * (height - effective) * (receiverHeight - effective) * ghz * 1e9 / lightSpeed
	if d2 <= breakpoint {
		return 28 + 22*math.Log10(d3) + 20*math.Log10(ghz)
	}
	step := height - receiverHeight
	return 28 + 40*math.Log10(d3) + 20*math.Log10(ghz) - 9*math.Log10(breakpoint*breakpoint+step*step)
}

// A lossTable holds the path loss of one kind of antenna over the square of the
// distance: roots and logarithms are dear, and a simulated day asks for millions.
// It is indexed by the upper bits of the number itself, which are its logarithm in steps.
type lossTable struct {
	loss, sigma [lossSteps + 2]float32
}

// The table reaches from 16 m to 64 km, with 16 steps to each doubling of the square.
const (
	lossFirst  = 1023 + 8 // the exponent bits of 16²
	lossBits   = 4        // of the mantissa
	lossSteps  = 24 << lossBits
	lossShift  = 52 - lossBits
	lossWithin = 1<<lossShift - 1
)

func newLossTable(m morphology, height, ghz float64) *lossTable {
	t := new(lossTable)
	for i := range t.loss {
		square := math.Float64frombits((lossFirst<<lossBits + uint64(i)) << lossShift)
		loss, sigma := pathLoss(m, math.Sqrt(square), height, ghz)
		t.loss[i], t.sigma[i] = float32(loss), float32(sigma)
	}
	return t
}

// at looks up the loss and its deviation by the square of the distance in m².
func (t *lossTable) at(square float64) (loss, sigma float64) {
	bits := math.Float64bits(clamp(square, 1<<8, 1<<32-1))
	i := bits>>lossShift - lossFirst<<lossBits
	f := float32(bits&lossWithin) * (1.0 / (1 << lossShift))
	return float64(t.loss[i] + (t.loss[i+1]-t.loss[i])*f), float64(t.sigma[i])
}

// diffraction returns what the ground between an antenna and a receiver costs, in
// dB: a single knife edge at the worst place of the profile, after ITU-R P.526-15
// §4.1 with equation (31), on an Earth of 4/3 of its radius. Ordinary bumps are part of the path loss model already, so only what
// stands ten metres above them counts.
func (t *terrain) diffraction(mast, receiver vec, mastTop, receiverTop, ghz float64) float64 {
	const bump, margin, earth = 10.0, 15.0, 4.0 / 3 * 6_371_000
	distance := mast.distance(receiver)
	if distance < blockSize*terrainStep && t.ceilingAt(receiver) < receiverTop+bump-margin {
		return 0 // the ray is nowhere lower than the receiver, and no ground comes close
	}
	steps := min(int(distance/terrainStep), 24)
	worst := -1.0
	for i := 1; i < steps; i++ {
		f := float64(i) / float64(steps)
		d1, d2 := f*distance, (1-f)*distance
		ray := lerp(mastTop, receiverTop, f) - d1*d2/(2*earth)
		above := float64(t.height[t.nearest(mast.toward(receiver, f))]) - bump - ray
		if above < -margin {
			continue
		}
		worst = max(worst, above*math.Sqrt(2*distance*ghz*1e9/(lightSpeed*d1*d2)))
	}
	if worst <= -0.78 {
		return 0
	}
	v := worst - 0.1
	return 6.9 + 20*math.Log10(math.Sqrt(v*v+1)+v)
}
