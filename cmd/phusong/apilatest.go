package main

import (
	"context"
	"time"

	"phusong/dashboards/api"
	"phusong/telemetry"
)

// How far before a device's last word its newest reading is looked for: twenty of its
// intervals, so that a chatty device costs few rows and a rare one is found.
const (
	latestIntervals = 20
	latestLeast     = 10 * time.Minute
	latestMost      = 24 * time.Hour
)

// Latest returns the newest stored reading of a device; nil when there is none.
func (r apiReadings) Latest(ctx context.Context, d *api.Device) (*api.Latest, error) {
	kind, err := telemetry.ParseKind(d.Kind)
	if err != nil || d.LastSeen.IsZero() {
		return nil, nil //nolint:nilnil,nilerr // nobody has heard it: that is no error, and there is nothing
	}
	back := min(max(latestIntervals*time.Duration(d.IntervalS*float64(time.Second)), latestLeast), latestMost)
	var newest *telemetry.Reading
	for reading, err := range r.s.store.Readings(ctx, telemetry.Query{Kind: kind, Devices: []telemetry.DeviceID{d.ID}, From: d.LastSeen.Add(-back), To: d.LastSeen.Add(time.Millisecond)}) {
		if err != nil {
			return nil, err
		}
		newest = &reading
	}
	if newest == nil {
		return nil, nil //nolint:nilnil // none is kept any more
	}
	return latestValue(newest), nil
}

// sketchField is left out: it is long, and says nothing to people.
const sketchField = "users_sketch"

func latestValue(r *telemetry.Reading) *api.Latest {
	v := &api.Latest{Time: r.Time, Received: r.Received, Flags: splitNames(r.Flags.String()), Values: []api.Value{}}
	fields := telemetry.Fields(r.Kind)
	for i := range fields {
		f := &fields[i]
		if !f.Present(r) || f.Name == sketchField || f.Type == telemetry.Radios {
			continue
		}
		x := api.Value{Field: f.Name, Unit: f.Unit, Type: f.Type.String()}
		if number, ok := f.Float(r); ok {
			x.Number = &number
		} else if text, ok := f.Ref(r).(*telemetry.Opt[string]); ok {
			x.Text = text.Or("")
		}
		v.Values = append(v.Values, x)
	}
	return v
}
