package api

import (
	"context"
	"net/http"
	"time"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// A DeviceStory is a device with what it said last, and what is concluded from it.
type DeviceStory struct {
	Device
	SiteName    string       `json:"site_name,omitempty"`
	Latest      *Latest      `json:"latest,omitempty" doc:"its newest stored reading; absent when there is none"`
	AccessPoint *AccessPoint `json:"access_point,omitempty"`
}

// Latest is the newest stored reading of a device.
type Latest struct {
	Time     time.Time `json:"time"`
	Received time.Time `json:"received"`
	Flags    []string  `json:"flags" enum:"no_time,clock_ahead,clock_behind,late,retained"`
	Values   []Value   `json:"values" doc:"in the order of docs/PROTOCOL.md"`
}

// A Value is one field of a reading.
type Value struct {
	Field  string   `json:"field"`
	Unit   string   `json:"unit,omitempty" doc:"1 for a count or a ratio"`
	Type   string   `json:"type" enum:"number,integer,boolean,string"`
	Number *float64 `json:"number,omitempty" doc:"a boolean is 0 or 1"`
	Text   string   `json:"text,omitempty"`
}

// A StateCount is how many devices of a kind are in a state.
type StateCount struct {
	Kind  string `json:"kind" enum:"wifi,mobile,environment"`
	State string `json:"state" enum:"unknown,up,late,silent,offline,retired,maintenance"`
	Count int    `json:"count"`
}

func (s *server) registerDevices() {
	const tag = "places"
	handle(s, http.MethodGet, "/devices/{device}", "get-device", tag, "One device, and what it said last", access.Read, func(ctx context.Context, in *struct {
		Device telemetry.DeviceID `path:"device" maxLength:"64"`
	}) (*answer[DeviceStory], error) {
		d, ok := s.Places.Device(in.Device)
		if !ok || !s.covers(ctx, d.Area) {
			return nil, outside("device", string(in.Device))
		}
		story := DeviceStory{Device: d, SiteName: s.Places.SiteName(d.Site)}
		if ap, ok := s.WiFi.AccessPoint(in.Device); ok {
			story.AccessPoint = &ap
		}
		asking, cancel := context.WithTimeout(ctx, seriesTimeout)
		defer cancel()
		var err error
		story.Latest, err = s.Readings.Latest(asking, &d)
		return said(story), err
	})
	handle(s, http.MethodGet, "/device-states", "count-devices", tag, "How many devices are in which state", access.Read, func(ctx context.Context, in *AreaFilter) (*answer[[]StateCount], error) {
		counts := make(map[StateCount]int)
		for _, d := range s.devices(ctx, &DeviceFilter{AreaFilter: *in}, &box{}) {
			counts[StateCount{Kind: d.Kind, State: d.State}]++
		}
		list := make([]StateCount, 0, len(counts))
		for c, n := range counts {
			c.Count = n
			list = append(list, c)
		}
		return said(pageOf(Paging{Limit: len(list)}, list, func(c *StateCount) string { return c.Kind + " " + c.State }).Items), nil
	})
}
