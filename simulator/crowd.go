package simulator

// people returns how many are at the site.
func (w *World) people(s *site, ms int64) float64 {
	kind := s.kind
	h := hourOfDay(ms)
	i := int(h)
	share := lerp(kind.profile[i], kind.profile[(i+1)%24], h-float64(i))
	if weekday(ms) >= 5 {
		share *= kind.sunday
	}
	if !s.week.open(ms) {
		share = min(share, 0.02)
	}
	mood := 1 + 0.25*wave1(key(s.key, forCrowd, 0), float64(ms)/float64(25*minute))
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

// uplinkLoad returns the share of the line's capacity that is asked for; above 1
// it is a jam.
func (w *World) uplinkLoad(u *uplink, ms int64) float64 {
	var people float64
	for _, i := range u.sites {
		people += w.people(&w.sites[i], ms)
	}
	return people * wifiAdoption * demandPerUser / u.capacity
}
