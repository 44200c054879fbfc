package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/alerts"
	"phusong/internal/testbed"
	"phusong/simulator"
	"phusong/telemetry"
)

// named says which alerts name the cause of each kind of fault. Kinds that are not listed
// raise no live alarm: clocks and messages that are wrong are flagged, refused and counted, and
// masts and zones are the coverage map's, which wants evidence of days.
var named = map[string][]string{
	"power_cut":          {"AreaMassSilence", "SiteUplinkDown"}, // a commune may have one site
	"uplink_cut":         {"AreaMassSilence", "SiteUplinkDown"}, // a line may serve a whole commune
	"uplink_lossy":       {"AccessPointUplinkLossy"},
	"portal_down":        {"WiFiPortalDown", "WiFiLoginFailing", "WiFiSiteFailed"},
	"crowd":              {"WiFiOverloaded"},
	"broker_unreachable": {"FleetSilent"},
	"stolen":             {"SiteUplinkDown", "AccessPointOffline", "AccessPointSilent"},
	"battery_flat":       {"SensorSilent", "SensorBatteryLow"},
	"sensor_fault":       {"SensorStuck", "SensorInvalid"},
	"smoke":              {"AirPoor", "AirBad", "AirVeryBad"},
	"rain":               {"RainHeavy", "RainVeryHeavy"},
	"flood":              {"WaterAlarmLow", "WaterAlarmHigh", "WaterRisingFast"},
}

// tooSubtle are sensor faults that are flagged and alarm nobody within the day: single
// spikes, and a drift of a tenth an hour.
var tooSubtle = []string{"env-001", "env-003"}

// storyLengths are how long the stories are watched, where four hours are not enough.
var storyLengths = map[string]time.Duration{"smoke": 8 * time.Hour, "flood": 30 * time.Hour}

// quickStories are told by every run of the tests, the others by the plain pass.
var quickStories = []string{"power-cut", "broker-away", "stolen"}

// Each planted fault of the shipped stories is found, its cause is named, and nobody is
// called for anything else.
func TestShippedStoriesAreTold(t *testing.T) {
	t.Parallel()
	for _, name := range quickStories {
		t.Run(name, func(t *testing.T) { tellStory(t, name) })
	}
}

func TestOtherStoriesAreToldPlain(t *testing.T) {
	testbed.Plain(t)
	t.Parallel()
	for _, name := range simulator.ScenarioNames() {
		if !slices.Contains(quickStories, name) {
			t.Run(name, func(t *testing.T) { tellStory(t, name) })
		}
	}
}

func tellStory(t *testing.T, name string) {
	t.Parallel()
	story, err := simulator.ShippedScenario(name)
	if err != nil {
		t.Fatal(err)
	}
	length := max(storyLengths[name], 4*time.Hour)
	judge, faults, q := watchWorld(t, simulator.Options{
		Seed: 1, Start: time.Date(2026, 1, 12, 0, 0, 0, 0, time.UTC), Scenario: story, Calm: true,
		AccessPoints: 300, Probes: 40, Sensors: 60, WiFiInterval: time.Minute, MobileInterval: time.Minute, EnvironmentInterval: time.Minute,
	}, length)
	explain(judge.notices, faults, q)
	var table strings.Builder
	for i := range faults {
		f := &faults[i]
		names, live := named[f.Kind]
		switch found, cause := firstAbout(judge.notices, f, q, names); {
		case found != nil:
			fmt.Fprintf(&table, "%-20s found after %-8s %s: %s\n", f.Kind, found.alarm.From.Sub(f.From).Round(time.Second), cause, found.name)
		case !live, f.Kind == "sensor_fault" && slices.Contains(tooSubtle, string(f.Devices[0])), f.Kind == "smoke" && f.To.Sub(f.From) < time.Hour:
			fmt.Fprintf(&table, "%-20s not a live alarm\n", f.Kind) // an index is of an hour
		default:
			t.Errorf("%s from %s was not found, or not by its name", f.Kind, f.From.Format(time.TimeOnly))
		}
	}
	for _, p := range judge.notices {
		if p.urgent() && p.Fault == "" {
			t.Errorf("a message about nothing: %+v", p)
		}
	}
	t.Logf("%s: %d messages\n%s", name, len(judge.notices), &table)
}

// firstAbout returns what people were told first about the fault, by one of the names, and the
// cause of its incident.
func firstAbout(notices []*notice, f *simulator.Fault, q simulator.AlarmQuestion, names []string) (first *saying, cause alerts.Cause) {
	for _, p := range notices {
		for i := range p.said {
			s := &p.said[i]
			if slices.Contains(names, s.name) && isAbout(s.alarm, f, q) && (first == nil || s.alarm.From.Before(first.alarm.From)) {
				first, cause = s, p.Cause
			}
		}
	}
	return first, cause
}

func watchWorld(t *testing.T, o simulator.Options, length time.Duration) (*alarmJudge, []simulator.Fault, simulator.AlarmQuestion) {
	t.Helper()
	world, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	judge, err := newAlarmJudge(world)
	if err != nil {
		t.Fatal(err)
	}
	until := world.Start().Add(length)
	if err := judge.watch(heard(t.Context(), world.Events(until)), until); err != nil {
		t.Fatal(err)
	}
	q := simulator.AlarmQuestion{From: world.Start(), To: until, Least: 10 * time.Minute, Grace: 10 * time.Minute}
	return judge, world.Faults(q.From, q.To), q
}

// Thirty calm days, with their rush hours, parked vehicles and the haze of the dry season:
// nobody is called, unless the air really is bad.
func TestThirtyCalmDaysPlain(t *testing.T) {
	testbed.Plain(t)
	t.Parallel()
	o := simulator.Options{
		Seed: 3, Start: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), Calm: true,
		AccessPoints: 100, Probes: 20, Sensors: 30, WiFiInterval: 5 * time.Minute, MobileInterval: 5 * time.Minute, EnvironmentInterval: 10 * time.Minute,
	}
	judge, _, _ := watchWorld(t, o, 30*24*time.Hour)
	world, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	hazy := 0
	for _, p := range judge.notices {
		air := !slices.ContainsFunc(p.Names, func(name string) bool { return !strings.HasPrefix(name, "Air") })
		switch {
		case !p.urgent():
		case air && reallyHazy(world, judge.devices[p.alarm.Device].At, p.From):
			hazy++
		default:
			t.Errorf("somebody was called: %+v", p)
		}
	}
	t.Logf("%d messages for information, %d about air that really was bad", len(judge.notices)-hazy, hazy)
}

// reallyHazy reports whether PM2.5 came near the limit of QCVN 05:2023 for a day, 50 µg/m³, in
// one of the latest hours of the true air.
func reallyHazy(world *simulator.World, at telemetry.Point, t time.Time) bool {
	for h := range 24 {
		if world.HourlyAir(at, t.Add(-time.Duration(h+1)*time.Hour)).PM25 > 42 {
			return true
		}
	}
	return false
}
