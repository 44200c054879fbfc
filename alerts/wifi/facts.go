package wifi

import (
	"time"

	"phusong/telemetry"
)

// Facts are what rules may ask of one access point, as of the newest entry. A
// number that is unknown is -1.
type Facts struct {
	Device   telemetry.DeviceID
	Site     telemetry.SiteID
	Area     telemetry.AreaCode
	Category telemetry.Category

	State   State
	Verdict Verdict // of the access point itself
	Reason  Reason
	// Open says whether its site is open now; true for one without a site.
	Open bool

	Clients, Capacity int64   // capacity 0: unknown
	Utilization       float64 // of the busiest radio, 0 to 1
	Overloaded        bool
	// Mbps is the median of the newest speed tests, and Slow what is concluded from it.
	Mbps          float64
	Slow          bool
	Loss          float64 // share of packets
	LatencyMs     float64
	Lossy, Laggy  bool
	PortalDown    bool
	LoginFails    bool  // the test login
	LoginFailed   int64 // of users, since the reading before
	UplinkDown    bool
	Moved         bool
	LastReading   time.Time // zero for none while it is up
	SiteVerdict   Verdict
	Neighbours    int   // that are up
	NeighbourUser int64 // clients of those, all together
}

// Facts returns what is known of a registered access point.
func (b *Book) Facts(id telemetry.DeviceID) (Facts, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	i, ok := b.pointAt[id]
	if !ok {
		return Facts{}, false
	}
	a := &b.points[i]
	f := Facts{
		Device: a.id, Area: a.area, State: a.State, Verdict: a.Verdict, Reason: a.Reason, Open: true,
		Clients: a.Clients, Capacity: a.capacity, Utilization: a.Utilization, Overloaded: a.Overloaded,
		Mbps: -1, Slow: a.Slow, Loss: a.Loss, LatencyMs: a.LatencyMs, Lossy: a.Lossy, Laggy: a.Laggy,
		PortalDown: a.Portal == no, LoginFails: a.Login == no, LoginFailed: a.LoginFailed, UplinkDown: a.WANUp == no, Moved: a.Moved,
	}
	if mbps, ok := a.speed(); ok {
		f.Mbps = mbps
	}
	if a.Seen > 0 {
		f.LastReading = time.UnixMilli(a.Seen).UTC()
	}
	if a.site >= 0 {
		s := &b.sites[a.site]
		f.Site, f.Category, f.SiteVerdict = s.ID, s.Category, s.Verdict
		f.Open = s.Hours.Open(time.UnixMilli(b.now).In(zone))
	}
	for _, n := range a.neighbours {
		if other := &b.points[n]; other.State == Up && other.Clients >= 0 {
			f.Neighbours++
			f.NeighbourUser += other.Clients
		}
	}
	return f, true
}

// SiteFacts are what is known of one site, as of the newest entry.
type SiteFacts struct {
	Site     telemetry.SiteID
	Name     string
	Category telemetry.Category
	Area     telemetry.AreaCode
	Required bool
	Open     bool

	Verdict Verdict
	Reason  Reason
	Since   time.Time // of the verdict
	// Points is how many access points there are, retired ones not counted; then how
	// many of them serve, serve badly, are up without a way in, and serve nobody.
	Points, Working, Partly, Failed, NoService, Unknown, Maintenance int
	Overloaded, Slow                                                 int
	Clients                                                          int64 // of those that say
}

// SiteFacts returns what is known of a registered site.
func (b *Book) SiteFacts(id telemetry.SiteID) (SiteFacts, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	i, ok := b.siteAt[id]
	if !ok {
		return SiteFacts{}, false
	}
	return b.siteFacts(&b.sites[i]), true
}

// Sites returns what is known of every Wi-Fi site, by id: those with access points,
// and those that should have some.
func (b *Book) Sites() []SiteFacts {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := make([]SiteFacts, 0, len(b.sites))
	for i := range b.sites {
		if s := &b.sites[i]; len(s.points) > 0 || s.Required {
			list = append(list, b.siteFacts(s))
		}
	}
	return list
}

func (b *Book) siteFacts(s *site) SiteFacts {
	maintenance := s.because[UnderMaintenance]
	f := SiteFacts{
		Site: s.ID, Name: s.Name, Category: s.Category, Area: s.Area, Required: s.Required,
		Open:    s.Hours.Open(time.UnixMilli(b.now).In(zone)),
		Verdict: s.Verdict, Reason: s.Reason, Since: time.UnixMilli(s.Since).UTC(),
		Points: len(s.points), Working: int(s.count[Working]), Partly: int(s.count[Partly]), Failed: int(s.count[Failed]),
		NoService: int(s.count[NoService]), Unknown: int(s.count[Unknown] - maintenance), Maintenance: int(maintenance),
	}
	for _, n := range s.points {
		a := &b.points[n]
		if a.Overloaded {
			f.Overloaded++
		}
		if a.Slow {
			f.Slow++
		}
		f.Clients += max(0, a.Clients)
	}
	return f
}
