package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"phusong/alerts"
	"phusong/alerts/wifi"
	"phusong/dashboards/api"
	"phusong/ingest"
	"phusong/telemetry"
)

// apiPlaces gives the API what is where.
type apiPlaces struct{ s *service }

func (p apiPlaces) Areas() []telemetry.Area { return p.s.register.Current().Areas() }

func (p apiPlaces) Area(code telemetry.AreaCode) (telemetry.Area, bool) {
	return p.s.register.Current().Area(code)
}

func (p apiPlaces) AreaOf(device telemetry.DeviceID, site telemetry.SiteID) (telemetry.AreaCode, bool) {
	if device != "" {
		d, ok := p.s.judgement.engine.Device(device)
		return d.Device.Area, ok
	}
	x, ok := p.s.register.Current().Site(site)
	return x.Area, ok
}

func (p apiPlaces) Sites() []api.Site {
	facts := make(map[telemetry.SiteID]wifi.SiteFacts)
	for _, f := range p.s.judgement.wifi.Sites() {
		facts[f.Site] = f
	}
	states := p.s.judgement.engine.Sites()
	list := make([]api.Site, len(states))
	for i := range states {
		x, f := &states[i], facts[states[i].Site.ID]
		list[i] = api.Site{
			ID: x.Site.ID, Name: x.Site.Name, Category: x.Site.Category, Area: x.Site.Area, Lat: x.Site.At.Lat, Lon: x.Site.At.Lon,
			Required: x.Site.Required, Verdict: f.Verdict.String(), Reason: f.Reason.String(), Since: f.Since, Clients: f.Clients,
			Expected: x.Expected, Down: x.Down, UplinkDown: x.UplinkDown, Open: x.Open,
		}
	}
	return list
}

func deviceValue(d *alerts.DeviceState) api.Device {
	v := api.Device{
		ID: d.Device.ID, Kind: d.Device.Kind.String(), Name: d.Device.Name, Site: d.Device.Site, Area: d.Device.Area,
		Lat: d.Device.At.Lat, Lon: d.Device.At.Lon, Parent: d.Device.Parent, Model: d.Device.Model, Registered: d.Registered,
		State: d.State.String(), Since: d.Since, LastSeen: d.LastSeen, IntervalS: d.Interval.Seconds(), Flapping: d.Flapping, Incident: d.Incident,
	}
	return v
}

func (p apiPlaces) Devices() []api.Device {
	var list []api.Device
	p.s.judgement.engine.Devices(func(d alerts.DeviceState) bool {
		list = append(list, deviceValue(&d))
		return true
	})
	return list
}

func (p apiPlaces) Device(id telemetry.DeviceID) (api.Device, bool) {
	d, ok := p.s.judgement.engine.Device(id)
	if !ok {
		return api.Device{}, false
	}
	return deviceValue(&d), true
}

func (p apiPlaces) SiteName(id telemetry.SiteID) string {
	x, _ := p.s.register.Current().Site(id)
	return x.Name
}

func (p apiPlaces) Targets() []api.Target {
	var list []api.Target
	for _, t := range wifiState(p.s.judgement.wifi).Targets {
		list = append(list, api.Target{Area: t.Area, Category: t.Category, Required: t.Required, Working: t.Working, ByState: t.ByState})
	}
	return list
}

// seriesStore folds stored readings.
type seriesStore interface {
	Series(ctx context.Context, q telemetry.SeriesQuery) ([]telemetry.Sample, error)
}

// apiReadings gives the API what is stored, and what was refused.
type apiReadings struct {
	seriesStore
	s *service
}

func (r apiReadings) Letters(ctx context.Context, after string, limit int) ([]api.Letter, error) {
	var list []api.Letter
	err := ingest.ListDeadLetters(ctx, durableLog{r.s.letters}, func(d ingest.DeadLetter) bool {
		if after != "" && !laterLetter(d.ID, after) {
			return true
		}
		list = append(list, api.Letter{ID: d.ID, Time: d.Time, Topic: d.Topic, Payload: d.Payload, Size: d.Size, Reason: d.Reason, Class: d.Class, Count: d.Count})
		return len(list) < limit
	})
	return list, err
}

// laterLetter compares ids of the form entry-index.
func laterLetter(id, after string) bool {
	number := func(text string) (entry, index uint64) {
		e, i, _ := strings.Cut(text, "-")
		entry, _ = strconv.ParseUint(e, 10, 64) // of a cursor that is none: 0, the beginning
		index, _ = strconv.ParseUint(i, 10, 64)
		return entry, index
	}
	e1, i1 := number(id)
	e2, i2 := number(after)
	return e1 > e2 || e1 == e2 && i1 > i2
}

func (r apiReadings) Replay(ctx context.Context, q api.Replay) (api.Replayed, error) {
	var out api.Replayed
	var err error
	all, wanted := len(q.IDs) == 0, picker(q.IDs)
	picked := 0
	pick := func(d *ingest.DeadLetter) bool {
		if all && !d.Time.Before(q.Before) || q.Limit > 0 && picked >= q.Limit || !wanted(d) {
			return false
		}
		picked++
		return true
	}
	began := time.Now().Truncate(time.Millisecond) // as finely as the time of a letter
	type message struct{ topic, payload string }
	handed := make(map[message]bool)
	out.Replayed, err = ingest.ReplayDeadLetters(ctx, durableLog{r.s.letters}, pick, func(ctx context.Context, letters []ingest.DeadLetter) error {
		for i := range letters {
			handed[message{letters[i].Topic, string(letters[i].Payload)}] = true
		}
		return r.s.replay(ctx, letters)
	})
	r.s.log.Info("dead letters replayed", "count", out.Replayed)
	if err != nil {
		return out, fmt.Errorf("replaying dead letters: %w", err)
	}
	err = ingest.ListDeadLetters(ctx, durableLog{r.s.letters}, func(d ingest.DeadLetter) bool {
		switch {
		case !d.Time.Before(began) && handed[message{d.Topic, string(d.Payload)}]:
			out.Refused++
		case d.Time.Before(q.Before) && d.Replayable():
			out.Left++
		}
		return true
	})
	if err != nil {
		return out, fmt.Errorf("counting dead letters: %w", err)
	}
	return out, nil
}
