package simulator

import (
	"fmt"

	"phusong/telemetry"
)

// A site is a place people go, with the crowd it draws and the line it hangs on.
type site struct {
	telemetry.Site
	index   int
	kind    *siteKind
	commune int
	uplink  int
	at      vec
	key     uint64
	mood    uint64  // of the noise on its crowd
	urban   float64 // 0 in the fields to 1 in the densest town
	people  float64 // at the busiest hour of an ordinary day
	week    *week
	aps     int // access points that share the crowd
}

// An uplink is one line to the Internet. Sites close to each other share one, and
// so do their failures and their traffic jams.
type uplink struct {
	name     string
	sites    []int
	capacity float64 // Mbit/s
	key      uint64
}

// A week holds for each half hour of the week whether a place is open.
type week [7 * 48]bool

func (k *week) open(weekday int, hour float64) bool {
	return k[weekday*48+int(hour*2)]
}

// A siteKind is what places of one category have in common.
type siteKind struct {
	category    telemetry.Category
	slug, title string
	hours       string
	least, most float64 // people at the busiest hour
	aps         int     // access points such a place would like to have
	profile     [24]float64
	sunday      float64 // share of people on Saturday and Sunday
}

// siteKinds holds every category, the office first.
var siteKinds = [...]siteKind{
	{
		telemetry.Office, "office", "UBND", "Mo-Fr 07:00-17:00", 20, 70, 1,
		[24]float64{6: .1, 7: .6, 8: 1, 9: 1, 10: .9, 11: .5, 12: .3, 13: .7, 14: .9, 15: .8, 16: .6, 17: .1}, 0,
	},
	{
		telemetry.School, "school", "Trường THCS", "Mo-Sa 06:30-17:30", 120, 420, 3,
		[24]float64{6: .4, 7: .9, 8: 1, 9: 1, 10: 1, 11: .6, 12: .35, 13: .9, 14: 1, 15: 1, 16: .8, 17: .3}, .25,
	},
	{
		telemetry.Hospital, "hospital", "Trạm Y tế", "24/7", 60, 220, 2,
		[24]float64{.2, .2, .2, .2, .2, .3, .5, .9, 1, 1, .9, .7, .6, .8, .9, .8, .7, .6, .6, .5, .4, .3, .25, .2}, .7,
	},
	{
		telemetry.Residential, "home", "Nhà văn hóa", "Mo-Su 05:30-22:00", 30, 130, 1,
		[24]float64{5: .2, 6: .4, 7: .4, 8: .3, 9: .3, 10: .3, 11: .4, 12: .4, 13: .3, 14: .3, 15: .4, 16: .6, 17: .8, 18: 1, 19: 1, 20: .9, 21: .5}, 1.3,
	},
	{
		telemetry.Tourism, "tourism", "Khu du lịch", "Mo-Su 06:00-21:00", 80, 380, 2,
		[24]float64{6: .3, 7: .5, 8: .7, 9: .9, 10: 1, 11: .9, 12: .7, 13: .6, 14: .7, 15: .8, 16: .9, 17: .7, 18: .6, 19: .5, 20: .3}, 1.9,
	},
}

// kindOfSite chooses what the nth site of a commune is: the office first, then one
// of each other kind in an order of the commune's own, then mostly schools and
// houses of culture.
func kindOfSite(home *commune, n int) *siteKind {
	switch {
	case n == 0:
		return &siteKinds[0]
	case n < len(siteKinds):
		others := len(siteKinds) - 1
		return &siteKinds[1+(n+int(home.key%uint64(others)))%others]
	}
	return &siteKinds[[...]int{3, 1, 3, 4, 2}[n%5]]
}

func (w *World) buildSites() error {
	weeks := make(map[string]*week)
	count := w.siteCount()
	shares := apportion(count, w.communes)
	w.sites = make([]site, 0, count)
	for c := range w.communes {
		for n := range shares[c] {
			s, err := w.makeSite(c, n, weeks)
			if err != nil {
				return err
			}
			w.sites = append(w.sites, s)
		}
	}
	w.buildUplinks()
	return nil
}

// siteCount gives about two access points to a site, and sensors and probes
// enough places of their own in a fleet that has few access points.
func (w *World) siteCount() int {
	o := &w.options
	return max((o.AccessPoints+1)/2, min(o.Probes+o.Sensors, len(w.communes)))
}

// apportion shares seats out by population with the method of Sainte-Laguë.
func apportion(seats int, communes []commune) []int {
	shares := make([]int, len(communes))
	for range seats {
		best, most := 0, -1.0
		for i := range communes {
			if quotient := float64(communes[i].Population) / float64(2*shares[i]+1); quotient > most {
				best, most = i, quotient
			}
		}
		shares[best]++
	}
	return shares
}

func (w *World) makeSite(c, n int, weeks map[string]*week) (site, error) {
	home := &w.communes[c]
	kind := kindOfSite(home, n)
	hours, err := telemetry.ParseHours(kind.hours)
	if err != nil {
		return site{}, fmt.Errorf("simulator: hours of a %s: %w", kind.category, err)
	}
	if weeks[kind.hours] == nil {
		weeks[kind.hours] = openWeek(hours)
	}
	k := key(home.key, forSite, uint64(n))
	at := home.place(k, 0.15) // the first few stand around the centre of the commune
	if n >= len(siteKinds) {
		at = home.place(k, 0.85)
	}
	name := kind.title + " " + home.Name
	if n >= len(siteKinds) {
		name = fmt.Sprintf("%s số %d", name, n/len(siteKinds)+1)
	}
	s := site{
		Site: telemetry.Site{
			ID:       telemetry.SiteID(fmt.Sprintf("%s-%s-%d", kind.slug, home.Code, n+1)),
			Name:     name,
			Category: kind.category,
			Area:     home.Code,
			At:       at.point(),
			Required: true,
			Hours:    hours,
		},
		index:   len(w.sites),
		kind:    kind,
		commune: c,
		key:     k,
		mood:    key(k, forCrowd, 0),
		people:  between(mix(k), kind.least, kind.most),
		week:    weeks[kind.hours],
	}
	s.at = project(s.At)
	s.urban = w.urban(s.at)
	return s, nil
}

func openWeek(hours telemetry.Hours) *week {
	var k week
	monday := dayStart(4) // 5 January 1970
	for i := range k {
		k[i] = hours.Open(localTime(monday + int64(i)*hour/2))
	}
	return &k
}

// buildUplinks hangs one to three neighbouring sites of a commune on one line.
func (w *World) buildUplinks() {
	room, number, commune := 0, 0, -1
	for i := range w.sites {
		s := &w.sites[i]
		if s.commune != commune {
			room, number, commune = 0, 0, s.commune
		}
		if room == 0 {
			number++
			k := key(s.key, forUplink, 0)
			room = 1 + int(3*unit(k))
			w.uplinks = append(w.uplinks, uplink{
				name:     fmt.Sprintf("uplink-%s-%d", s.Area, number),
				capacity: [...]float64{100, 150, 200, 300, 500}[int(5*unit(mix(k)))],
				key:      k,
			})
		}
		room--
		s.uplink = len(w.uplinks) - 1
		line := &w.uplinks[s.uplink]
		line.sites = append(line.sites, i)
	}
	for i := range w.uplinks {
		w.size(&w.uplinks[i])
	}
}

// size gives the line what its sites need on an ordinary busy day, with room: who orders a
// line for a school asks how many pupils it has. Only a story fills it.
func (w *World) size(line *uplink) {
	const room, mood = 0.55, 1.25 // share of the line that the busiest hour takes; see peopleAt
	busiest := 0.0
	for hour := range 24 {
		for _, sunday := range [...]bool{false, true} {
			people := 0.0
			for _, i := range line.sites {
				s := &w.sites[i]
				share := s.kind.profile[hour]
				if sunday {
					share *= s.kind.sunday
				}
				people += s.people * share * mood
			}
			busiest = max(busiest, people*wifiAdoption*demandPerUser)
		}
	}
	for _, offer := range [...]float64{100, 150, 200, 300, 500, 1000} {
		if line.capacity < offer && line.capacity*room < busiest {
			line.capacity = offer
		}
	}
}
