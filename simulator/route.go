package simulator

import "math"

// A route is the way of one driving probe on one day. It is a cache: what it holds
// follows from the device and the day.
type route struct {
	day   int64
	stops []vec
	known bool
}

// drive returns where the vehicle is and its speed in km/h.
func (w *World) drive(d *device, r *route, ms int64) (at vec, speed float64) {
	today := localDay(ms)
	if !r.known || r.day != today {
		*r = route{day: today, stops: w.dayTrip(d, today), known: true}
	}
	const kmh, leg = 34.0, 30 * minute
	progress := float64(ms-dayStart(today)) / float64(leg)
	i := int(progress)
	from, to := r.stops[i%len(r.stops)], r.stops[(i+1)%len(r.stops)]
	driven := (progress - math.Floor(progress)) * float64(leg) / float64(hour) * kmh * 1000
	if length := from.distance(to); driven < length {
		return from.toward(to, driven/length), kmh
	}
	return to, 0
}

// dayTrip visits the communes around home.
func (w *World) dayTrip(d *device, today int64) []vec {
	const range_ = 17_000.0
	home := w.communes[d.commune].at
	stops := []vec{home}
	for i := range w.communes {
		if c := &w.communes[i]; i != d.commune && c.at.distance(home) < range_ && chance(key2(d.key, forRoute, uint64(today), uint64(i)), 0.6) {
			stops = append(stops, c.at)
		}
	}
	if len(stops) == 1 {
		stops = append(stops, home.add(vec{5000, 0}))
	}
	return stops
}
