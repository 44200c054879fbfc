package main

import (
	"phusong/alerts/wifi"
	"phusong/dashboards"
)

// wifiState gives the dashboards what the Wi-Fi book knows as of its newest entry.
func wifiState(book *wifi.Book) dashboards.WiFi {
	var state dashboards.WiFi
	for _, s := range book.Sites() {
		state.Sites = append(state.Sites, dashboards.WiFiSite{
			Site: s.Site, Area: s.Area, Category: s.Category, Verdict: s.Verdict.String(), Known: s.Verdict != wifi.Unknown, Up: s.Verdict.Serves(),
			Clients: s.Clients, Overloaded: s.Overloaded, Slow: s.Slow,
		})
	}
	for _, t := range book.Targets() {
		state.Targets = append(state.Targets, dashboards.WiFiTarget{
			Area: t.Area, Category: t.Category, Required: t.Required, Working: t.Working,
			ByState: map[string]int{
				wifi.Working.String(): t.Working, wifi.Partly.String(): t.Partly, wifi.Failed.String(): t.Failed,
				wifi.NoService.String(): t.NoService, wifi.Unknown.String(): t.Unknown, "not covered": t.NotCovered, "maintenance": t.Maintenance,
			},
		})
	}
	month := wifi.MonthOf(book.Now())
	for _, a := range book.Availability(month) {
		out := dashboards.WiFiAvailability{Area: a.Area, Category: a.Category, Known: a.Times.Known(), Levels: make(map[string]float64)}
		out.Ratio, out.HasRatio = a.Times.Availability()
		for _, level := range a.Levels {
			if share, measured := level.Share(); measured {
				out.Levels[level.Level.String()] = share
			}
		}
		state.Availability = append(state.Availability, out)
	}
	for _, u := range book.Usage(month) {
		out := dashboards.WiFiUsers{Area: u.Area, Users: u.Users, Low: u.Low, High: u.High}
		out.Ratio, _, _, out.HasRatio = u.Share()
		state.Users = append(state.Users, out)
	}
	taken, refused := book.Sketches()
	state.SketchesTaken, state.Refused = taken, make(map[string]uint64)
	for reason, n := range refused {
		state.Refused[reason.String()] = n
	}
	state.Problems = make(map[string]uint64)
	for _, p := range book.Problems() {
		state.Problems[p.Kind] = p.Count
	}
	return state
}
