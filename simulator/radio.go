package simulator

import "math"

// radio is what the networks offer: a function of operator, place and time.
type radio struct {
	seed    uint64
	terrain *terrain
	shadow  *shadowField
	common  phases // of the shadowing that all masts share
	masts   [len(operators)][]mast
	index   [len(operators)]mastIndex
}

// signal is what one network offers at one place and instant.
type signal struct {
	attached   bool // the device finds the network
	service    bool // and data get through
	technology string
	rsrp       float64 // dBm
	rsrq, sinr float64 // dB
	download   float64 // Mbit/s, the median of tests made there and then
	latency    float64 // ms
	cellID     int64
	pci        int64
}

// Where a device can work: RSRP as the floor of the classes that judge it, SINR as
// the lowest that the most robust modulation survives.
const (
	floorRSRP = -120.0  // dBm
	floorSINR = -7.0    // dB
	noiseRE   = 3.0e-13 // mW in 15 kHz (-125 dBm): thermal noise and a receiver of 7 dB
)

// rateSpread is the deviation of the logarithm of the rates of tests made at the
// same place and time.
const rateSpread = 0.15

// rate draws the rate of one test.
func (s *signal) rate(h uint64) float64 {
	return s.download * math.Exp(rateSpread*normal(mix(h)))
}

func newRadio(seed uint64, ground *terrain, communes []commune, settlements []settlement, net *roads) *radio {
	r := &radio{
		seed: seed, terrain: ground,
		shadow: newShadowField(seed),
		common: newPhases(key(seed, forShadowing, 1<<32)),
	}
	r.buildMasts(settlements, net, communes)
	for o := range operators {
		r.index[o] = indexMasts(r.masts[o], ground)
	}
	return r
}

// audible is how far a mast is looked for, in metres; where those within it are
// too weak for comfort, masts on the low band are looked for farther away.
const (
	audible     = 6_000.0
	audibleLong = 14_000.0
	comfort     = -114.0 // dBm
)

// A heard antenna is one layer of one mast as a place receives it.
type heard struct {
	mast   *mast
	layer  *layer
	rsrp   float64 // dBm
	sector int64

	power float64 // mW, the same

	sigma, pattern, shadow float64 // dB, dB, deviations
}

// hear appends every antenna of the operator that matters at a place. It does not
// depend on time: what fails or jams is applied later.
func (r *radio) hear(list []heard, operator int, at vec) []heard {
	list = r.sweep(list[:0], operator, at, audible)
	if r.receive(list, at) < comfort {
		list = r.sweep(list[:0], operator, at, audibleLong)
		r.receive(list, at)
	}
	return list
}

// receive adds to what distance alone takes off: the direction, shadowing, trees and
// hills. It returns the strongest.
func (r *radio) receive(list []heard, at vec) (strongest float64) {
	strongest = math.Inf(-1)
	receiver := r.terrain.heightAt(at) + receiverHeight
	trees := r.terrain.forestAt(at)
	common := r.shadow.at(&r.common, at)
	for i := range list {
		h := &list[i]
		if i > 0 && list[i-1].mast == h.mast {
			h.sector, h.pattern, h.shadow = list[i-1].sector, list[i-1].pattern, list[i-1].shadow
		} else {
			h.pattern, h.sector = h.mast.sectorLoss(at.sub(h.mast.at))
			h.shadow = shadowOwn*r.shadow.at(&h.mast.phases, at) + shadowBoth*common
		}
		h.rsrp -= h.pattern + h.sigma*h.shadow + foliage(trees, h.layer.ghz) +
			r.terrain.diffraction(h.mast.at, at, h.mast.top, receiver, h.layer.ghz)
		h.power = math.Exp2(h.rsrp * dbToLog2)
		strongest = max(strongest, h.rsrp)
	}
	return strongest
}

// sweep appends the antennas within the radius that could matter by their distance
// alone: those far weaker than the best can neither serve nor disturb.
func (r *radio) sweep(list []heard, operator int, at vec, radius float64) []heard {
	const hopeless, outclassed = -140.0, 30.0
	best := math.Inf(-1)
	masts := r.masts[operator]
	r.index[operator].around(at, radius, func(i int32) {
		m := &masts[i]
		way := at.sub(m.at)
		square := way.dot(way)
		if square > radius*radius {
			return
		}
		for n := range m.layers {
			l := &m.layers[n]
			loss, sigma := l.loss.at(square)
			if rsrp := l.power - loss; rsrp > hopeless && rsrp > best-outclassed {
				best = max(best, rsrp)
				list = append(list, heard{mast: m, layer: l, rsrp: rsrp, sigma: sigma})
			}
		}
	})
	kept := list[:0]
	for i := range list {
		if list[i].rsrp > best-outclassed {
			kept = append(kept, list[i])
		}
	}
	return kept
}

// foliage is what closed forest takes off at street height, in dB: an engineering
// allowance that grows with the frequency.
func foliage(trees, ghz float64) float64 { return trees * (8 + 4*ghz) }

// A disturbance is what events do to a place at an instant.
type disturbance struct {
	lower float64 // dB taken off every antenna
	extra float64 // load on top of the usual
}

// judge decides which antenna serves and how well.
func judge(list []heard, now *conditions, x disturbance) signal {
	serving := choose(list, now.ms, x.lower)
	if serving == nil || serving.rsrp-x.lower < floorRSRP {
		return signal{rsrp: -140}
	}
	remains := 1.0
	if x.lower > 0 {
		remains = math.Exp2(-x.lower * dbToLog2)
	}
	var others float64
	for i := range list {
		if h := &list[i]; h != serving && h.layer.band == serving.layer.band && !h.mast.isDown(now.ms) {
			others += remains * h.power * (0.1 + 0.9*h.mast.loadAt(now, x.extra))
		}
	}
	s := describe(serving, remains*serving.power, others, serving.mast.loadAt(now, x.extra))
	s.rsrp = serving.rsrp - x.lower
	return s
}

func (m *mast) isDown(ms int64) bool {
	for _, e := range m.down {
		if e.active(ms) {
			return true
		}
	}
	return false
}

// dbToLog2 turns decibels into powers of two.
const dbToLog2 = 0.33219280948873623

// choose takes the strongest antenna of the best band that is strong enough.
func choose(list []heard, ms int64, lower float64) *heard {
	var best [bandCount]*heard
	for i := range list {
		h := &list[i]
		if b := best[h.layer.band]; (b == nil || h.rsrp > b.rsrp) && !h.mast.isDown(ms) {
			best[h.layer.band] = h
		}
	}
	var strongest *heard
	for band, h := range best {
		if h == nil {
			continue
		}
		if h.rsrp-lower >= enough[band] {
			return h
		}
		if strongest == nil || h.rsrp > strongest.rsrp {
			strongest = h
		}
	}
	return strongest
}

// describe turns powers into what a modem shows and what a test measures.
func describe(h *heard, own, others, load float64) signal {
	sinr := 10 * math.Log10(own/(noiseRE+others))
	s := signal{
		attached: true, service: sinr >= floorSINR,
		technology: h.layer.technology, sinr: min(sinr, 32),
		// RSRQ compares one element to twelve with everything in them.
		rsrq:   10 * math.Log10(own/(own*(2+10*load)+12*(others+noiseRE))),
		cellID: int64(h.mast.operator+1)<<30 | h.mast.number<<8 | int64(h.layer.band)<<4 | h.sector,
	}
	s.pci = (h.mast.number*3 + h.sector) % 504
	s.download = clamp(throughput(sinr, h.layer.bandwidth)*(1-0.7*load), 0.2, h.layer.peak)
	s.latency = 24 + 30*load + 6*max(0, 3-sinr)
	if h.layer.band == band3500 {
		s.latency -= 10
	}
	return s
}

// throughput is the truncated Shannon bound of TR 36.942 annex A (0.6 of the
// capacity, at most 4.4 bit/s/Hz), in Mbit/s over the bandwidth in MHz, with the second
// stream that good channels carry.
func throughput(sinr, mhz float64) float64 {
	efficiency := min(0.6*math.Log2(1+math.Exp2(sinr*dbToLog2)), 4.4)
	streams := 1 + 0.7*clamp((sinr-2)/12, 0, 1)
	return efficiency * streams * mhz
}

// loadAt is the share of the mast's resources in use.
func (m *mast) loadAt(now *conditions, extra float64) float64 {
	busy := now.rural
	if m.town {
		busy = now.town
	}
	return clamp(m.load*busy+extra, 0.03, 0.97)
}

// conditions are what all masts share at an instant.
type conditions struct {
	ms          int64
	rural, town float64 // busyness
}

func conditionsAt(ms int64) conditions {
	return conditions{ms: ms, rural: busyness(ms, false), town: busyness(ms, true)}
}

// busyness is 1 in the evening, when everybody is at home with a phone.
func busyness(ms int64, town bool) float64 {
	h := hourOfDay(ms)
	b := 0.18 + 0.45*bump(h, 12, 4) + 0.8*bump(h, 20, 2.6)
	if weekend := weekday(ms) >= 5; weekend != town {
		b *= 1.08 // the countryside is busier on weekends, the towns on workdays
	}
	return b
}

// signal is what the operator's network offers at a place and instant.
func (w *World) signal(operator int, at vec, ms int64) signal {
	var room [48]heard
	list := w.radio.hear(room[:0], operator, at)
	now := conditionsAt(ms)
	return judge(list, &now, w.disturbance(operator, at, ms))
}

func (w *World) disturbance(operator int, at vec, ms int64) (x disturbance) {
	for _, e := range w.effects.radio {
		if !e.active(ms) || (e.operator >= 0 && e.operator != operator) {
			continue
		}
		if e.Do == "dead_zone" {
			x.lower += e.LossDB * e.inDisc(at)
		} else {
			x.extra += e.Load * e.inDisc(at)
		}
	}
	return x
}
