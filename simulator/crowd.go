package simulator

// people returns how many are at the site.
func (w *World) people(s *site, ms int64) float64 {
	return w.peopleAt(s, ms, hourOfDay(ms), weekday(ms))
}

// peopleAt is people for who has looked at the calendar already.
func (w *World) peopleAt(s *site, ms int64, h float64, today int) float64 {
	i := int(h)
	share := lerp(s.kind.profile[i], s.kind.profile[(i+1)%24], h-float64(i))
	if today >= 5 {
		share *= s.kind.sunday
	}
	if !s.week.open(today, h) {
		share = min(share, 0.02)
	}
	mood := 1 + 0.25*wave1(s.mood, float64(ms)/float64(25*minute))
	for _, e := range w.effects.sites[s.index] {
		if e.Do == "crowd" && e.active(ms) {
			// A feast fills the place at every hour, and most at its usual best.
			share = e.Factor * max(share, 0.5) * e.swell(ms)
		}
	}
	return s.people * share * mood
}

// Of the people at a place this share joins the public Wi-Fi, and each of those
// asks for so much on average while there.
const (
	wifiAdoption  = 0.35
	demandPerUser = 0.7 // Mbit/s
)

// crowds returns how many are at the site, and the share of the capacity of its line
// that all sites on it ask for; above 1 it is a jam.
func (w *World) crowds(s *site, ms int64) (people, load float64) {
	h, today := hourOfDay(ms), weekday(ms)
	line := &w.uplinks[s.uplink]
	var all float64
	for _, i := range line.sites {
		n := w.peopleAt(&w.sites[i], ms, h, today)
		all += n
		if i == s.index {
			people = n
		}
	}
	return people, all * wifiAdoption * demandPerUser / line.capacity
}
