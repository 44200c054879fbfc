package main

import (
	"fmt"

	"phusong/alerts/wifi"
	"phusong/dashboards/api"
	"phusong/telemetry"
)

// apiWiFi gives the API how the public Wi-Fi does over months.
type apiWiFi struct{ s *service }

// usageMonths is how many months besides the present one are told.
const usageMonths = 12

func (w apiWiFi) Usage() []api.Usage {
	var list []api.Usage
	book := w.s.judgement.wifi
	present := wifi.MonthOf(book.Now())
	for month := present; month >= present-usageMonths; month-- {
		for _, u := range book.Usage(month) {
			v := api.Usage{Month: u.Month.String(), Area: u.Area, Users: u.Users, Low: u.Low, High: u.High, Residents: u.Residents, Visitors: u.Visitors}
			if share, _, _, known := u.Share(); known {
				v.Share = &share
			}
			list = append(list, v)
		}
	}
	return list
}

func (w apiWiFi) Availability(text string) ([]api.Availability, error) {
	book := w.s.judgement.wifi
	month := wifi.MonthOf(book.Now())
	if text != "" {
		var err error
		if month, err = wifi.ParseMonth(text); err != nil {
			return nil, fmt.Errorf("%w: %w", api.ErrRefused, err)
		}
	}
	var list []api.Availability
	for _, a := range book.Availability(month) {
		v := api.Availability{Month: a.Month.String(), Area: a.Area, Category: a.Category, Sites: a.Sites, Known: a.Times.Known(), AtFloor: a.AtFloor, AtGoal: a.AtGoal}
		if share, known := a.Times.Availability(); known {
			v.Share = &share
		}
		list = append(list, v)
	}
	return list, nil
}

func (w apiWiFi) AccessPoint(id telemetry.DeviceID) (api.AccessPoint, bool) {
	book := w.s.judgement.wifi
	f, ok := book.Facts(id)
	if !ok {
		return api.AccessPoint{}, false
	}
	v := api.AccessPoint{
		Verdict: f.Verdict.String(), Reason: f.Reason.String(), Overloaded: f.Overloaded, Slow: f.Slow, Capacity: f.Capacity,
		Neighbours: f.Neighbours, Nearby: f.NeighbourUser, SiteVerdict: f.SiteVerdict.String(),
	}
	if f.Mbps >= 0 {
		v.Mbps = &f.Mbps
	}
	if times, ok := book.DeviceMonth(id, wifi.MonthOf(book.Now())); ok {
		v.MonthKnown = times.Known()
		if share, known := times.Availability(); known {
			v.MonthShare = &share
		}
	}
	return v, true
}
