package main

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/alerts"
	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/alerts/rules"
	"phusong/deploy"
	"phusong/telemetry"
)

// A sensor sticks at a terrible value for three days, and then says −999. It is flagged,
// people are told that the sensor is broken, and nobody is told that the air is bad.
//
// By the shipped rules and the room of judgement as the service makes it, in event time:
// three days cannot be waited for. That the store keeps what was said is in
// TestAcceptance10SentinelIsNoMeasurement.
func TestAcceptance10StuckForThreeDays(t *testing.T) {
	t.Parallel()
	set, err := rules.LoadFS(deploy.Rules, "rules/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	const interval, day = 5 * time.Minute, 24 * time.Hour
	fleet := []telemetry.Device{
		{ID: "stuck", Kind: telemetry.KindEnvironment, Area: "25459", At: telemetry.Point{Lat: 11.3, Lon: 106.1}, Interval: interval},
		{ID: "honest", Kind: telemetry.KindEnvironment, Area: "25459", At: telemetry.Point{Lat: 11.5, Lon: 106.4}, Interval: interval},
	}
	room, err := newAlertRoom(alertRoomOptions{Inventory: alerts.Inventory{Devices: fleet}, Rules: set, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 3, 10, 0, 0, 0, 0, airquality.Zone())
	told := make(toldAt)
	send := func(at time.Time, id telemetry.DeviceID, pm25 float64) {
		r := telemetry.NewReading(telemetry.KindEnvironment)
		r.Area, r.Device, r.Time, r.Received = "25459", id, at.UTC(), at.UTC()
		r.Environment.PM25 = telemetry.Some(pm25)
		room.Observe(at, []telemetry.Reading{r})
	}
	wobble := func(v float64, at time.Time) float64 { return v + float64(at.Unix()/300%7) }
	for at := start; at.Before(start.Add(5 * day)); at = at.Add(interval) {
		switch days := at.Sub(start) / day; {
		case days < 1:
			send(at, "stuck", wobble(20, at))
		case days < 4:
			send(at, "stuck", 400)
		default:
			send(at, "stuck", -999)
		}
		// The other one shows that the same alarms are raised by air that is bad.
		send(at, "honest", wobble(400, at))
		for s := 30 * time.Second; s < interval; s += 30 * time.Second {
			room.Observe(at.Add(s), nil)
		}
		told.note(at, room.engine.Active())
	}
	// Before it can be known that the sensor sticks, air that bad is told.
	for id, want := range map[telemetry.DeviceID]map[time.Duration]string{
		"stuck":  {day: "", day + 7*time.Hour: "SensorStuck", 4*day - interval: "SensorStuck", 4*day + 2*time.Hour: "SensorInvalid", 5*day - interval: "SensorInvalid"},
		"honest": {day + 7*time.Hour: "AirHazardous,AirLimitExceeded", 5*day - interval: "AirHazardous,AirLimitExceeded"},
	} {
		for after, names := range want {
			if got := told.at(id, start.Add(after)); got != names {
				t.Errorf("%s, %s after the start: told %q, want %q", id, after, got, names)
			}
		}
	}
	for at := start.Add(day + 7*time.Hour); at.Before(start.Add(5 * day)); at = at.Add(interval) {
		if got := told.at("stuck", at); strings.Contains(got, "Air") {
			t.Fatalf("%s after the start: told %q of a sensor known to be broken", at.Sub(start), got)
		}
	}
	hours := room.environment.Hours("stuck", start.Add(day+2*time.Hour), start.Add(5*day))
	for _, h := range hours {
		if tally := h.Tallies[environment.PM25]; tally.N != 0 || !tally.Flags.Has(environment.Stuck|environment.Sentinel) {
			t.Errorf("the hour of %s has %+v", h.Start, tally)
		}
	}
	if len(hours) < 70 { // of the three days that are kept
		t.Errorf("%d hours are kept", len(hours))
	}
}

// toldAt is what people are told of a device at a time, in order.
type toldAt map[string][]string

func (m toldAt) note(at time.Time, active []alerts.Alert) {
	for i := range active {
		if a := &active[i]; a.Resolved.IsZero() && a.Labels["device"] != "" {
			key := a.Labels["device"] + at.String()
			m[key] = append(m[key], a.Labels["alertname"])
		}
	}
}

func (m toldAt) at(id telemetry.DeviceID, at time.Time) string {
	names := m[string(id)+at.String()]
	slices.Sort(names)
	return strings.Join(names, ",")
}
