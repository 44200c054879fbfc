package simulator

import "sort"

// A route is the way of one driving probe on one day. It is a cache: what it holds
// follows from the device and the day.
type route struct {
	day   int64
	known bool
	legs  []leg
	find  *finder
}

// A leg is a drive along one road, or a stop.
type leg struct {
	from, to int64 // since the local midnight
	edge     int32 // -1 for a stop
	node     int32 // of the stop, or where the drive begins
}

// drive returns where the vehicle is and its speed in km/h.
func (w *World) drive(d *device, r *route, ms int64) (at vec, speed float64) {
	if today := localDay(ms); !r.known || r.day != today {
		w.planDay(d, r, today)
	}
	since := ms - dayStart(r.day)
	i := sort.Search(len(r.legs), func(i int) bool { return r.legs[i].to > since })
	if i == len(r.legs) {
		return w.roads.nodes[w.homeNode(d)], 0
	}
	l := &r.legs[i]
	if l.edge < 0 {
		return w.roads.nodes[l.node], 0
	}
	share := float64(since-l.from) / float64(l.to-l.from)
	if w.roads.edges[l.edge].a != l.node {
		share = 1 - share
	}
	// Traffic lights, buffaloes and potholes: the meter wavers around the mean.
	mean := w.roads.edges[l.edge].length / 1000 / (float64(l.to-l.from) / float64(hour))
	wobble := 1 + 0.25*wave1(key(d.key, forRoute, uint64(l.edge)), float64(ms)/float64(2*minute))
	return w.roads.at(l.edge, share), mean * wobble
}

// homeNode is the settlement where the vehicle stands at night.
func (w *World) homeNode(d *device) int32 { return w.centers[d.commune] }

// Vehicles look for places to go within tripRange, and stop there for a while.
const (
	tripRange         = 16_000.0 // m
	leastStop, atMost = 4 * minute, 14 * minute
	lastTrip          = 150 * minute // before the end of duty the vehicle turns home
)

// planDay fills the local day with trips from place to place that end at home.
func (w *World) planDay(d *device, r *route, today int64) {
	if r.find == nil {
		r.find = newFinder(w.roads)
	}
	r.day, r.known, r.legs = today, true, r.legs[:0]
	home := w.homeNode(d)
	places := w.placesAround(home)
	begin, end := duty(d, today)
	here, now := home, begin
	r.legs = append(r.legs, leg{0, now, -1, home})
	var edges []int32
	for n := uint64(0); now < end; n++ {
		h := key2(d.key, forRoute, uint64(today), n)
		there := places[h%uint64(len(places))]
		if there == here || now > end-lastTrip {
			there = home
		}
		edges = r.find.path(edges[:0], here, there)
		for _, e := range edges {
			took := w.driveTime(e, d, today)
			r.legs = append(r.legs, leg{now, now + took, e, here})
			now += took
			here = w.roads.edges[e].other(here)
		}
		stop := int64(between(mix(h), float64(leastStop), float64(atMost)))
		if here == home && now > end-lastTrip {
			stop = max(end, day) - now // the evening: parked at home until tomorrow
		}
		r.legs = append(r.legs, leg{now, now + stop, -1, here})
		now += stop
	}
}

// duty returns when the vehicle works, since the local midnight. Every third works
// around the clock.
func duty(d *device, today int64) (begin, end int64) {
	if mix(d.key)%3 == 0 {
		return 0, day
	}
	begin = 5*hour + int64(between(key2(d.key, forRoute, uint64(today), 1), 0, float64(hour)))
	end = 21*hour + int64(between(key2(d.key, forRoute, uint64(today), 2), 0, float64(hour)))
	return begin, end
}

// placesAround returns the settlements within reach of a node, at least two.
func (w *World) placesAround(node int32) []int32 {
	places := make([]int32, 0, 64)
	for reach := tripRange; len(places) < 2; reach *= 2 {
		places = places[:0]
		for i, p := range w.roads.nodes {
			if p.distance(w.roads.nodes[node]) < reach {
				places = append(places, int32(i))
			}
		}
	}
	return places
}

func (w *World) driveTime(e int32, d *device, today int64) int64 {
	r := &w.roads.edges[e]
	pace := r.speed * (1 + 0.15*normal(key2(d.key, forRoad, uint64(today), uint64(e))))
	return max(int64(r.length/1000/pace*float64(hour)), second)
}
