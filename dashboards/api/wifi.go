package api

import (
	"context"
	"net/http"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// WiFi is how the public Wi-Fi does over months; docs/WIFI.md.
type WiFi interface {
	// Usage returns the estimates of the months that are remembered, the newest first.
	Usage() []Usage
	// Availability returns how sites did in a month, "" for the present one. The error may
	// wrap ErrRefused.
	Availability(month string) ([]Availability, error)
	// AccessPoint returns what is known of one now; false for what is none.
	AccessPoint(id telemetry.DeviceID) (AccessPoint, bool)
}

// A Usage is how many people used the Wi-Fi of an area in a month.
type Usage struct {
	Month     string             `json:"month"`
	Area      telemetry.AreaCode `json:"area" doc:"empty: everywhere"`
	Users     uint64             `json:"users" doc:"an estimate, from low to high with 95 %"`
	Low       uint64             `json:"low"`
	High      uint64             `json:"high"`
	Residents int                `json:"residents,omitempty"`
	Visitors  int                `json:"visitors,omitempty"`
	Share     *float64           `json:"share,omitempty" doc:"of residents and visitors, where those are known"`
}

// An Availability is how the sites of an area and category did in a month.
type Availability struct {
	Month    string             `json:"month"`
	Area     telemetry.AreaCode `json:"area" doc:"empty: everywhere"`
	Category telemetry.Category `json:"category" doc:"empty: all"`
	Sites    int                `json:"sites" doc:"with access points, measured in the month"`
	Share    *float64           `json:"share,omitempty" doc:"of the known time outside maintenance in which there was service"`
	Known    float64            `json:"known" doc:"share of the time outside maintenance of which something is known"`
	AtFloor  int                `json:"at_floor" doc:"sites with 95 %"`
	AtGoal   int                `json:"at_goal" doc:"sites with 99 %"`
}

// An AccessPoint is what is known of an access point now.
type AccessPoint struct {
	Verdict     string   `json:"verdict" enum:"working,partly,failed,no service,unknown"`
	Reason      string   `json:"reason,omitempty" enum:"no access point,not yet heard,not hearing,maintenance,silent,offline,uplink down,portal down,login fails,uplink lossy,uplink laggy"`
	Overloaded  bool     `json:"overloaded"`
	Slow        bool     `json:"slow"`
	Capacity    int64    `json:"capacity,omitempty" doc:"clients; 0: unknown"`
	Mbps        *float64 `json:"mbps,omitempty" doc:"median of the newest speed tests"`
	Neighbours  int      `json:"neighbours" doc:"access points near it that are up"`
	Nearby      int64    `json:"nearby" doc:"their clients"`
	MonthShare  *float64 `json:"month_share,omitempty" doc:"of the known time of this month in which it gave service"`
	MonthKnown  float64  `json:"month_known"`
	SiteVerdict string   `json:"site_verdict" enum:"working,partly,failed,no service,unknown"`
}

func (s *server) registerWiFi() {
	const tag = "wifi"
	handle(s, http.MethodGet, "/wifi/usage", "list-usage", tag, "Users by month", access.Read, func(ctx context.Context, in *AreaFilter) (*answer[[]Usage], error) {
		list := []Usage{}
		for _, u := range s.WiFi.Usage() {
			if s.covers(ctx, u.Area) && (u.Area == in.Area) {
				list = append(list, u)
			}
		}
		return said(list), nil
	})
	handle(s, http.MethodGet, "/wifi/availability", "list-availability", tag, "How sites did in a month, by area and category", access.Read, func(ctx context.Context, in *struct {
		AreaFilter
		Month string `query:"month" maxLength:"7" doc:"such as 2026-11; empty: the present one"`
	}) (*answer[[]Availability], error) {
		all, err := s.WiFi.Availability(in.Month)
		if err != nil {
			return nil, err
		}
		list := []Availability{}
		for _, a := range all {
			if s.covers(ctx, a.Area) && s.within(a.Area, in.Area) {
				list = append(list, a)
			}
		}
		return said(list), nil
	})
}
