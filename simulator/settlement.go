package simulator

import "math"

// A settlement is a hamlet, a village or the middle of a town: where people live,
// where roads meet and where masts are worth their money.
type settlement struct {
	at      vec
	commune int
	people  float64
	key     uint64
}

// settle spreads the people of each commune over its settlements: the largest at
// the centre, the others smaller and smaller around it (rank-size rule).
func settle(communes []commune) []settlement {
	var all []settlement
	for i := range communes {
		c := &communes[i]
		count := 3 + c.Population/4500
		var total float64
		for n := range count {
			total += rankSize(n)
		}
		for n := range count {
			k := key(c.key, forSettlement, uint64(n))
			at := c.at
			if n > 0 {
				at = c.place(k, 1)
			}
			all = append(all, settlement{at: at, commune: i, people: float64(c.Population) * rankSize(n) / total, key: k})
		}
	}
	return all
}

func rankSize(n int) float64 { return 1 / math.Sqrt(float64(n)+1) }
