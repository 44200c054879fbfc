package simulator

import (
	"math"

	"phusong/telemetry"
)

// operators are the networks with masts in this world, the densest first.
var operators = [...]telemetry.Operator{
	{Code: "45204", Name: "Viettel", Active: true},
	{Code: "45201", Name: "MobiFone", Active: true},
	{Code: "45202", Name: "VinaPhone", Active: true},
}

// reach is the share of settlements that an operator found worth a mast.
var reach = [len(operators)]float64{0.95, 0.72, 0.84}

// A layer is one band on a mast, with what all antennas of that kind share.
type layer struct {
	band       uint8
	technology string
	ghz        float64
	bandwidth  float64 // MHz, with the carriers that are aggregated
	power      float64 // dBm that one resource element radiates, with gain and cable
	peak       float64 // Mbit/s that a device gets at most
	loss       *lossTable
}

// The bands, in the order in which a device prefers them.
const (
	band3500 = iota // 5G of the towns
	band1800        // 4G, the main band
	band900         // 4G that reaches far
	bandCount
)

// A device goes down to the next band where it receives less than this, in dBm.
var enough = [bandCount]float64{-108, -114, floorRSRP}

// A mast carries the antennas of one operator.
type mast struct {
	at       vec
	top      float64 // of the antennas above the sea, m
	operator int
	number   int64 // its identity within the operator's network
	layers   []layer
	azimuth  float64 // of the first of three sectors, radians
	load     float64 // in the busiest hour of a common day, 0 to 1
	town     bool
	phases   phases
	down     []*effect // while one of them is active the mast is silent
}

// buildMasts puts masts where people are: in most settlements, several in towns,
// and on the long roads between them.
func (r *radio) buildMasts(settlements []settlement, net *roads, communes []commune) {
	tables := newAntennas()
	for o := range operators {
		for i := range settlements {
			s := &settlements[i]
			density := float64(communes[s.commune].Population) / communes[s.commune].SizeKm2
			r.buildAround(o, s, density, tables)
		}
		for e := range net.edges {
			r.buildAlong(o, net, int32(e), tables)
		}
	}
}

func (r *radio) buildAround(o int, s *settlement, density float64, tables *antennas) {
	town := density > 900
	count := 1
	if town {
		count += int(s.people / 5000)
	} else if s.people > 6000 {
		count++
	}
	for n := range count {
		k := key2(s.key, forMast, uint64(o), uint64(n))
		if !chance(k, reach[o]) && n == 0 && s.people < 9000 {
			continue
		}
		spread := 350 + 500*math.Sqrt(float64(n))
		r.addMast(o, inDisc(mix(k), s.at, spread), k, town, tables)
	}
}

// buildAlong covers long highways, as far as the operator cares.
func (r *radio) buildAlong(o int, net *roads, e int32, tables *antennas) {
	const spacing = 4500.0
	edge := &net.edges[e]
	if edge.speed < highwaySpeed {
		return
	}
	for n := range int(edge.length/spacing - 1) {
		k := key2(r.seed, forMast, uint64(e)<<8|uint64(o), uint64(n))
		if chance(k, reach[o]-0.35) {
			share := (float64(n) + 1) * spacing / edge.length
			r.addMast(o, inDisc(mix(k), net.at(e, share), 300), k, false, tables)
		}
	}
}

func (r *radio) addMast(o int, at vec, k uint64, town bool, tables *antennas) {
	m := mast{
		at: at, operator: o, town: town,
		number:  int64(len(r.masts[o]) + 1),
		azimuth: unit(key(k, forMast, 1)) * 2 * math.Pi / 3,
		load:    between(key(k, forLoad, 0), 0.12, 0.45),
		phases:  newPhases(k),
	}
	height := 42.0
	switch {
	case town && chance(key(k, forMast, 2), 0.7):
		height, m.layers = 28, tables.city
	case town:
		height, m.layers = 28, tables.town
	case chance(key(k, forMast, 3), 0.7):
		m.layers = tables.farm
	default:
		m.layers = tables.village
	}
	m.top = r.terrain.heightAt(at) + height
	r.masts[o] = append(r.masts[o], m)
}

// antennas are the outfits that masts come in.
type antennas struct{ city, town, village, farm []layer }

// Powers are 46 dBm (40 W) over 20 MHz at 1800 MHz, the same over 10 MHz at 900 MHz, and
// 53 dBm over 100 MHz from a beamforming array at 3500 MHz; gains with cables 17, 15 and 22 dBi.
func newAntennas() *antennas {
	perElement := func(dbm, gain float64, elements float64) float64 { return dbm + gain - 10*math.Log10(elements) }
	nr := layer{band: band3500, technology: "5g-nsa", ghz: 3.5, bandwidth: 100, power: perElement(53, 22, 3276), peak: 900}
	lte := layer{band: band1800, technology: "4g", ghz: 1.8, bandwidth: 45, power: perElement(46, 17, 1200), peak: 400}
	low := layer{band: band900, technology: "4g", ghz: 0.9, bandwidth: 10, power: perElement(46, 15, 600), peak: 75}
	with := func(l layer, m morphology, height, bandwidth float64) layer {
		l.bandwidth = bandwidth
		l.loss = newLossTable(m, height, l.ghz)
		return l
	}
	return &antennas{
		city:    []layer{with(nr, urban, 28, 100), with(lte, urban, 28, 55)},
		town:    []layer{with(lte, urban, 28, 55)},
		village: []layer{with(lte, rural, 42, 45)},
		farm:    []layer{with(lte, rural, 42, 45), with(low, rural, 42, 10)},
	}
}

// sectorLoss is what the pattern of the sector that looks nearest to a direction
// takes off: TR 36.942 §4.2.1, 65° wide, three sectors.
func (m *mast) sectorLoss(toward vec) (loss float64, sector int64) {
	const third = 2 * math.Pi / 3
	turn := (math.Atan2(toward.y, toward.x) - m.azimuth) / third
	nearest := math.Round(turn)
	off := (turn - nearest) * 120 / 65
	return min(12*off*off, 20), ((int64(nearest)%3)+3)%3 + 1
}
