package coverage

import "math/rand/v2"

// Outcomes are the true shares of attempts at a place that get service, and that reach the
// target; the latter are among the former.
type Outcomes struct{ Usable, Fast float64 }

// Power estimates how likely the rules are to reach a verdict with tests made where and when
// those of the dossier were, were each to end by a throw of its own, with the shares of its
// point-hex. It tells whether there were enough tests: in number, in place and in time of
// day. The same seed gives the same estimate, which is off by about 1/sqrt(throws) at most.
func (c *DossierCell) Power(r *Rules, verdict Verdict, of [PointHexes]Outcomes, throws int, seed uint64) float64 {
	random := rand.New(rand.NewPCG(seed, uint64(c.Cell)))
	target := int(rateToSteps(c.TargetMbps))
	records := make([]record, len(c.Tests))
	for i := range c.Tests {
		records[i] = c.Tests[i].record()
	}
	reached := 0
	for range throws {
		e := evidence{accessible: c.Accessible}
		for i := range records {
			records[i].throw(random.Float64(), of[min(records[i].pointHex(), PointHexes-1)], target)
			e.tally.add(records[i], target, r.Validity.FloorDBm)
		}
		e.timed(r, func(yield func(record)) {
			for _, rec := range records {
				yield(rec)
			}
		}, target, r.Validity.FloorDBm)
		if d := r.decide(&e); d.Verdict == verdict {
			reached++
		}
	}
	return float64(reached) / float64(throws)
}

// throw lets a test end anew: u is a number from 0 to 1.
func (r *record) throw(u float64, of Outcomes, target int) {
	result, rate := Transferred, target
	switch {
	case u >= of.Usable:
		result, rate = NoService, 0
	case u >= of.Fast:
		rate = target - 1
	}
	const level = 1<<rsrpBits - 1
	r.what = uint32(rate)<<(markBits+rsrpBits) | r.what&(level<<markBits) | uint32(result)
	r.how &^= 7 << 4 // a 2G record would be no service whatever the throw
}
