package wifi

import (
	"cmp"
	"math"
	"slices"
	"time"

	"phusong/telemetry"
)

// A Register is what is registered; the book keeps the lists and changes nothing
// in them.
type Register struct {
	Devices []telemetry.Device
	Sites   []telemetry.Site
	Areas   []telemetry.Area
	// Visitors are how many people besides the residents are in an area in a month;
	// areas without a number have none.
	Visitors map[telemetry.AreaCode]int
}

type area struct {
	name       string
	parent     telemetry.AreaCode
	population int
	visitors   int
	communes   []telemetry.AreaCode
}

// Register replaces the register at an instant of the stream. What is known of
// devices and sites that stay is kept; what is gone is forgotten. A device that
// moves to another site takes its own times along, and each site keeps its own.
func (b *Book) Register(at time.Time, r Register) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !at.IsZero() {
		b.advance(at.UnixMilli())
	}
	b.register = r
	b.rebuild()
}

// rebuild makes everything anew from the register and what is known.
func (b *Book) rebuild() {
	points, sites := b.remembered()
	b.problems.clear(problemNoArea, problemNoSite, problemTwoSites, problemMoved)
	b.buildAreas()
	b.buildSites(sites)
	b.buildPoints(points)
	b.meetNeighbours()
	for i := range b.sites {
		s := &b.sites[i]
		s.rejudge(b.now)
		s.Tally.change(b.now, s.slot())
	}
}

// remembered returns what is known by id, and forgets where it stood.
func (b *Book) remembered() (map[telemetry.DeviceID]known, map[telemetry.SiteID]placed) {
	points := make(map[telemetry.DeviceID]known, len(b.points))
	sites := make(map[telemetry.SiteID]placed, len(b.sites))
	for i := range b.points {
		points[b.points[i].id] = b.points[i].known
	}
	for i := range b.sites {
		sites[b.sites[i].ID] = b.sites[i].placed
	}
	if b.saved != nil {
		for i := range b.saved.Points {
			points[b.saved.Points[i].ID] = b.saved.Points[i].Known
		}
		for i := range b.saved.Sites {
			sites[b.saved.Sites[i].ID] = b.saved.Sites[i].Placed
		}
		b.saved = nil
	}
	return points, sites
}

func (b *Book) buildAreas() {
	b.areas = make(map[telemetry.AreaCode]area, len(b.register.Areas))
	for i := range b.register.Areas {
		a := &b.register.Areas[i]
		entry := b.areas[a.Code]
		entry.name, entry.parent, entry.population, entry.visitors = a.Name, a.Parent, a.Population, b.register.Visitors[a.Code]
		b.areas[a.Code] = entry
		if a.Parent != "" {
			parent := b.areas[a.Parent]
			parent.communes = append(parent.communes, a.Code)
			b.areas[a.Parent] = parent
		}
	}
}

// residents adds up the population of an area's communes where it has no number of
// its own; "" is every province. One without a number makes the sum unknown, 0.
func (b *Book) residents(code telemetry.AreaCode) int {
	if own := b.areas[code].population; own > 0 {
		return own
	}
	total := 0
	for _, part := range b.parts(code) {
		n := b.residents(part)
		if n == 0 {
			return 0
		}
		total += n
	}
	return total
}

// visitors adds up those of an area's communes where it has no number of its own;
// one without a number has none.
func (b *Book) visitors(code telemetry.AreaCode) int {
	if own := b.areas[code].visitors; own > 0 {
		return own
	}
	total := 0
	for _, part := range b.parts(code) {
		total += b.visitors(part)
	}
	return total
}

// parts returns the communes of a province, and the provinces of everything.
func (b *Book) parts(code telemetry.AreaCode) []telemetry.AreaCode {
	if code != "" {
		return b.areas[code].communes
	}
	var provinces []telemetry.AreaCode
	for c, a := range b.areas {
		if a.parent == "" {
			provinces = append(provinces, c)
		}
	}
	return provinces
}

func (b *Book) buildSites(old map[telemetry.SiteID]placed) {
	b.sites = make([]site, 0, len(b.register.Sites))
	for _, registered := range b.register.Sites {
		if registered.Area == "" {
			b.problems.add(problemNoArea, string(registered.ID))
		}
		s := site{Site: registered}
		if p, ok := old[registered.ID]; ok {
			s.placed = p
			s.count, s.because = [verdicts]int32{}, [reasons]int32{}
		} else {
			s.Tally = tally{Slot: slot(Unknown), Since: b.now}
			s.Since = b.now
		}
		b.sites = append(b.sites, s)
	}
	slices.SortStableFunc(b.sites, func(x, y site) int { return cmp.Compare(x.ID, y.ID) })
	b.sites = slices.CompactFunc(b.sites, func(x, y site) bool { return x.ID == y.ID })
	b.siteAt = make(map[telemetry.SiteID]int32, len(b.sites))
	for i := range b.sites {
		b.siteAt[b.sites[i].ID] = int32(i)
	}
}

func (b *Book) buildPoints(old map[telemetry.DeviceID]known) {
	b.points = make([]accessPoint, 0, len(old))
	for i := range b.register.Devices {
		if d := &b.register.Devices[i]; d.Kind == telemetry.KindWiFi {
			b.points = append(b.points, b.newPoint(d, old))
		}
	}
	slices.SortStableFunc(b.points, func(x, y accessPoint) int { return cmp.Compare(x.id, y.id) })
	b.points = slices.CompactFunc(b.points, func(first, again accessPoint) bool {
		if first.id == again.id && first.site != again.site {
			b.problems.add(problemTwoSites, string(first.id))
		}
		return first.id == again.id
	})
	b.pointAt = make(map[telemetry.DeviceID]int32, len(b.points))
	for i := range b.points {
		a := &b.points[i]
		b.pointAt[a.id] = int32(i)
		if a.Moved {
			b.problems.add(problemMoved, string(a.id))
		}
		if a.site < 0 {
			if a.State != Retired {
				b.problems.add(problemNoSite, string(a.id))
			}
			continue
		}
		s := &b.sites[a.site]
		if a.State != Retired {
			s.points = append(s.points, int32(i))
		}
		s.add(a, 1)
	}
}

// defaultInterval is taken where the register gives none.
const defaultInterval = 5 * time.Minute

func (b *Book) newPoint(d *telemetry.Device, old map[telemetry.DeviceID]known) accessPoint {
	a := accessPoint{id: d.ID, site: -1, area: d.Area, at: d.At, capacity: int64(d.Capacity)}
	a.interval = cmp.Or(d.Interval, defaultInterval).Milliseconds()
	if i, ok := b.siteAt[d.Site]; ok && d.Site != "" {
		a.site = i
		s := &b.sites[i]
		a.area = cmp.Or(s.Area, a.area)
		if a.at.IsZero() {
			a.at = s.At
		}
	}
	k, known := old[d.ID]
	if !known {
		k.forget()
		k.Tally.Since = b.now
	}
	a.known = k
	switch {
	case d.Retired:
		a.State = Retired
		a.forget()
	case a.State == Retired:
		a.State = NeverSeen
	}
	a.Verdict, a.Reason = a.judge()
	a.Tally.change(b.now, a.slot())
	return a
}

// maxNeighbours bounds what one access point compares itself with.
const maxNeighbours = 8

// meetNeighbours finds for each access point those that should have users when it
// has: of the same site first, then those of other sites nearby. A grid of cells as
// wide as the reach keeps it from comparing everybody with everybody.
func (b *Book) meetNeighbours() {
	type cell struct{ x, y int32 }
	reach := b.options.NeighbourKm
	const kmPerDegree = 111.2
	at := func(p telemetry.Point) cell {
		return cell{int32(math.Floor(p.Lon * kmPerDegree * math.Cos(p.Lat*math.Pi/180) / reach)), int32(math.Floor(p.Lat * kmPerDegree / reach))}
	}
	cells := make(map[cell][]int32)
	for i := range b.points {
		if a := &b.points[i]; a.State != Retired && !a.at.IsZero() {
			cells[at(a.at)] = append(cells[at(a.at)], int32(i))
		}
	}
	for i := range b.points {
		a := &b.points[i]
		a.neighbours = nil
		if a.State == Retired {
			continue
		}
		if a.site >= 0 {
			for _, n := range b.sites[a.site].points {
				if n != int32(i) && len(a.neighbours) < maxNeighbours {
					a.neighbours = append(a.neighbours, n)
				}
			}
		}
		if a.at.IsZero() {
			continue
		}
		home := at(a.at)
		for dy := int32(-1); dy <= 1; dy++ {
			for dx := int32(-1); dx <= 1; dx++ {
				for _, n := range cells[cell{home.x + dx, home.y + dy}] {
					other := &b.points[n]
					if n == int32(i) || len(a.neighbours) == maxNeighbours || (a.site >= 0 && other.site == a.site) || distanceKm(a.at, other.at) > reach {
						continue
					}
					a.neighbours = append(a.neighbours, n)
				}
			}
		}
	}
}
