package dashboards

import "phusong/telemetry"

// WiFi is what is known of the public Wi-Fi at an instant.
type WiFi struct {
	Sites        []WiFiSite
	Targets      []WiFiTarget
	Availability []WiFiAvailability
	Users        []WiFiUsers
	// Refused are sketches of users that were not taken, and Problems faults in the
	// register and in readings, by their names; each name is one of a few.
	Refused, Problems map[string]uint64
	// SketchesTaken are those that were.
	SketchesTaken uint64
}

// WiFiSite is how one site does.
type WiFiSite struct {
	Site     telemetry.SiteID
	Area     telemetry.AreaCode
	Category telemetry.Category
	// Verdict is its name; Known is false where nothing can be said, and Up says
	// that people get service.
	Verdict    string
	Known, Up  bool
	Clients    int64
	Overloaded int // access points
	Slow       int // access points
}

// WiFiTarget is how many of the required sites of an area and category do how; ""
// is every area, and every category.
type WiFiTarget struct {
	Area     telemetry.AreaCode
	Category telemetry.Category
	Required int
	// ByState counts them by verdict, "not covered" and "maintenance"; every state is
	// there. Working of them work.
	ByState map[string]int
	Working int
}

// WiFiAvailability is how the sites of an area and category have done in the
// month so far.
type WiFiAvailability struct {
	Area     telemetry.AreaCode
	Category telemetry.Category
	// Ratio is of the known time, which is the share Known of all; it is absent where
	// nothing is known.
	Ratio, Known float64
	HasRatio     bool
	// Levels are the shares of user minutes that met each service level, where it was
	// measured.
	Levels map[string]float64
}

// WiFiUsers is how many people have used the Wi-Fi of an area in the month so far.
type WiFiUsers struct {
	Area telemetry.AreaCode
	// Users is an estimate, with 95 % bounds.
	Users, Low, High uint64
	// Ratio is the share of residents and visitors, absent where those are unknown.
	Ratio    float64
	HasRatio bool
}

// The goals, for lines in panels and reports: 100 % of the required sites, half of the people,
// and the floor and the goal of a month's availability.
const (
	WiFiSitesGoal         = 1
	WiFiUsersGoal         = 0.5
	WiFiAvailabilityFloor = 0.95
	WiFiAvailabilityGoal  = 0.99
)

// WiFiCollector exports the public Wi-Fi at the moment of the scrape. Per site there
// are two series of state and the number of clients; everything else is per area
// and category.
type WiFiCollector struct {
	collector
	wifi      func() WiFi
	onlyAreas bool

	sites, clients                             *family
	siteUp, siteVerdict, siteClients           *family
	points                                     *family
	required, state, target, goal              *family
	availability, known, level                 *family
	users, usersLow, usersHigh, usersShare     *family
	sketchesTaken, sketchesRefused, inputFault *family
}

// NewWiFiCollector returns a collector over wifi, which may be called concurrently
// and answers as of now.
func NewWiFiCollector(wifi func() WiFi) *WiFiCollector {
	c := &WiFiCollector{wifi: wifi}
	gauge := func(name, help string, labels ...string) *family { return c.gauge("wifi_"+name, help, labels...) }
	counter := func(name, help string, labels ...string) *family { return c.counter("wifi_"+name, help, labels...) }
	c.siteUp = gauge("site_up", "1 while people get service at the site, 0 while they do not. Absent while nothing is known.", "site", "area", "category")
	c.siteVerdict = gauge("site_verdict_info", "The site's verdict: working, partly, failed, no service or unknown. Always 1.", "site", "area", "category", "verdict")
	c.siteClients = gauge("site_clients", "Clients at the site's access points, of those that say.", "site", "area", "category")
	c.sites = gauge("sites", "Sites by verdict: working, partly, failed, no service or unknown.", "area", "category", "verdict")
	c.clients = gauge("clients", "Clients at the access points of sites, of those that say.", "area", "category")
	c.points = gauge("access_points_impaired", "Access points that are overloaded, or slow by their speed tests.", "area", "impairment")
	c.required = gauge("sites_required", "Sites that should have Wi-Fi. An empty area is every area, an empty category every category.", "area", "category")
	c.state = gauge("sites_required_by_state", "Sites that should have Wi-Fi, by verdict, not covered, or maintenance.", "area", "category", "state")
	c.target = gauge("sites_target_ratio", "Share of the sites that should have Wi-Fi whose Wi-Fi works.", "area", "category")
	c.goal = gauge("goal_ratio", "What should be reached: of sites, of users, and of a month's availability.", "goal")
	c.availability = gauge("availability_ratio", "Share of the known time, outside maintenance, of the month so far in which sites gave service.", "area", "category")
	c.known = gauge("availability_known_ratio", "Share of the time outside maintenance of the month so far of which something is known.", "area", "category")
	c.level = gauge("service_level_ratio", "Share of the user minutes of the month so far that met the level, of those in which it was measured.", "area", "category", "level")
	c.users = gauge("users", "Estimate of the different users of the month so far. An empty area is every area.", "area")
	c.usersLow = gauge("users_low", "Lower 95 % bound of the estimate of users.", "area")
	c.usersHigh = gauge("users_high", "Upper 95 % bound of the estimate of users.", "area")
	c.usersShare = gauge("users_target_ratio", "Estimated users of the month so far, as share of residents and visitors.", "area")
	c.sketchesTaken = counter("sketches_taken_total", "Sketches of users that were united.")
	c.sketchesRefused = counter("sketches_refused_total", "Sketches of users that were refused, by reason.", "reason")
	c.inputFault = gauge("input_faults", "Faults in the register and in readings of access points, by kind.", "kind")
	c.walk = c.put
	return c
}

// OnlyAreas leaves out what is of single sites. It returns the collector, and is called
// before the first scrape.
func (c *WiFiCollector) OnlyAreas() *WiFiCollector {
	c.onlyAreas = true
	return c
}

func (c *WiFiCollector) put(s series) {
	state := c.wifi()
	c.putSites(s, state.Sites)
	c.putTargets(s, state.Targets)
	for i := range state.Availability {
		a := &state.Availability[i]
		area, category := string(a.Area), string(a.Category)
		if a.HasRatio {
			s.put(c.availability, a.Ratio, area, category)
		}
		s.put(c.known, a.Known, area, category)
		for level, ratio := range a.Levels {
			s.put(c.level, ratio, area, category, level)
		}
	}
	for i := range state.Users {
		u := &state.Users[i]
		area := string(u.Area)
		s.put(c.users, float64(u.Users), area)
		s.put(c.usersLow, float64(u.Low), area)
		s.put(c.usersHigh, float64(u.High), area)
		if u.HasRatio {
			s.put(c.usersShare, u.Ratio, area)
		}
	}
	s.put(c.sketchesTaken, float64(state.SketchesTaken))
	for reason, n := range state.Refused {
		s.put(c.sketchesRefused, float64(n), reason)
	}
	for kind, n := range state.Problems {
		s.put(c.inputFault, float64(n), kind)
	}
}

func (c *WiFiCollector) putSites(s series, sites []WiFiSite) {
	type impaired struct{ overloaded, slow int }
	type group struct {
		area     telemetry.AreaCode
		category telemetry.Category
		verdict  string
	}
	areas := make(map[telemetry.AreaCode]impaired)
	verdicts, clients := make(map[group]int), make(map[group]int64)
	for i := range sites {
		site := &sites[i]
		verdicts[group{site.Area, site.Category, site.Verdict}]++
		clients[group{site.Area, site.Category, ""}] += site.Clients
		sum := areas[site.Area]
		areas[site.Area] = impaired{sum.overloaded + site.Overloaded, sum.slow + site.Slow}
		if !c.onlyAreas {
			c.putSite(s, site)
		}
	}
	for g, n := range verdicts {
		s.put(c.sites, float64(n), string(g.area), string(g.category), g.verdict)
	}
	for g, n := range clients {
		s.put(c.clients, float64(n), string(g.area), string(g.category))
	}
	for area, sum := range areas {
		s.put(c.points, float64(sum.overloaded), string(area), "overloaded")
		s.put(c.points, float64(sum.slow), string(area), "slow")
	}
}

func (c *WiFiCollector) putSite(s series, site *WiFiSite) {
	id, area, category := string(site.Site), string(site.Area), string(site.Category)
	if site.Known {
		up := 0.0
		if site.Up {
			up = 1
		}
		s.put(c.siteUp, up, id, area, category)
	}
	s.put(c.siteVerdict, 1, id, area, category, site.Verdict)
	s.put(c.siteClients, float64(site.Clients), id, area, category)
}

func (c *WiFiCollector) putTargets(s series, targets []WiFiTarget) {
	for i := range targets {
		t := &targets[i]
		area, category := string(t.Area), string(t.Category)
		s.put(c.required, float64(t.Required), area, category)
		for state, n := range t.ByState {
			s.put(c.state, float64(n), area, category, state)
		}
		if t.Required > 0 {
			s.put(c.target, float64(t.Working)/float64(t.Required), area, category)
		}
	}
	for name, ratio := range map[string]float64{
		"sites": WiFiSitesGoal, "users": WiFiUsersGoal, "availability floor": WiFiAvailabilityFloor, "availability": WiFiAvailabilityGoal,
	} {
		s.put(c.goal, ratio, name)
	}
}
