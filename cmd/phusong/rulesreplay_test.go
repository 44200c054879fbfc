package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"phusong/alerts/desk"
	"phusong/internal/sqlite"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// TestReplayShowsWhatRulesWouldHaveRaised: an afternoon in the store with a lossy
// uplink and an outage, judged by the default rules and by others.
func TestReplayShowsWhatRulesWouldHaveRaised(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: dataFolder(data).store()})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 7, 1, 5, 0, 0, 0, time.UTC) // noon in Việt Nam
	var batch []telemetry.Reading
	for minute := range 180 {
		for _, device := range []telemetry.DeviceID{"ap-1", "ap-2", "ap-3", "ap-4", "ap-5", "ap-6"} {
			if device == "ap-1" && minute >= 120 && minute < 150 { // gone for half an hour
				continue
			}
			r := telemetry.NewReading(telemetry.KindWiFi)
			r.Device, r.Area = device, "26734"
			r.Time = start.Add(time.Duration(minute) * time.Minute)
			r.Received = r.Time.Add(200 * time.Millisecond)
			r.WiFi.Clients = telemetry.Some[int64](5)
			r.WiFi.WANLoss = telemetry.Some(0.0)
			if device == "ap-2" && minute >= 60 && minute < 90 {
				r.WiFi.WANLoss = telemetry.Some(0.08)
			}
			batch = append(batch, r)
		}
	}
	if err := store.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	rules := filepath.Join(data, "rules")
	if got := command(t, "rules", "copy", rules); got.code != 0 {
		t.Fatal(got.stderr)
	}
	wifi := filepath.Join(rules, "wifi.yml")
	lenient := strings.Replace(text(t, wifi), "wifi.wan_loss > (firing ? 0.02 : 0.05)", "wifi.wan_loss > (firing ? 0.05 : 0.10)", 1)
	if err := os.WriteFile(wifi, []byte(lenient), 0o600); err != nil {
		t.Fatal(err)
	}
	replay := func(args ...string) string {
		t.Helper()
		args = append([]string{"rules", "replay", "--data", data, "--from", "2026-07-01T12:30:00+07:00", "--to", "2026-07-01T15:00:00+07:00"}, args...)
		got := command(t, args...)
		if got.code != 0 {
			t.Fatalf("%v: exit status %d\n%s", args, got.code, got.stderr)
		}
		return got.stdout
	}
	want := func(report, pattern string) {
		t.Helper()
		if !regexp.MustCompile(`(?m)` + pattern).MatchString(report) {
			t.Errorf("there is no %s in\n%s", pattern, report)
		}
	}

	report := replay("--list")
	want(report, `^1050 readings from 2026-07-01T12:30:00`)
	want(report, `^AccessPointUplinkLossy +1 +1 +0$`)
	want(report, `^AccessPointSilent +1 +1 +0$`)
	want(report, `^WiFiOverloaded +0 +0 +0$`)
	want(report, `^not judged, .*DeadZoneFound`)
	want(report, `^2026-07-01T06:1\d:\d\dZ +\d+m\d+s +true +AccessPointUplinkLossy +Uplink loses 8 % of packets: ap-2`)

	report = replay("--against", "default", filepath.Join(rules, "*.yml"))
	want(report, `^AccessPointUplinkLossy +0 +0 +0 +1 +1 +0$`)
	want(report, `^AccessPointSilent +1 +1 +0 +1 +1 +0$`)

	if again := replay("--list"); again != replay("--list") {
		t.Error("the same history gives another report")
	}

	// Work that was announced in time leaves the alert judged, and nobody would have been told.
	announceIn(t, configured(t, fmt.Sprintf("data: %q\nmqtt: {url: 'tcp://127.0.0.1:1'}\n", data)), start,
		desk.Window{ID: "w", Scope: desk.Scope{Device: "ap-1"}, From: start, Until: start.Add(4 * time.Hour)})
	want(replay(), `^AccessPointSilent +1 +0 +0$`)

	for _, test := range []struct{ name, want string }{
		{"yesterday", `--from: "yesterday" is no day`},
		{"2026-07-03", "--from: 2026-07-03T00:00:00+07:00 is not before"},
	} {
		got := command(t, "rules", "replay", "--data", data, "--from", test.name, "--to", "2026-07-01")
		if got.code != 1 || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%s: exit status %d, %s", test.name, got.code, got.stderr)
		}
	}
}

// The history is judged with what the registry says of gauges and sites, as the service judges: rivers rise
// above their alarm levels, and schools have the stricter limit of noise.
func TestReplayKnowsTheRegistryPlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	got := command(t, "rules", "replay", "--config", quarterStore(t), "--from", quarterFrom, "--to", quarterTo)
	if got.code != 0 {
		t.Fatal(got.stderr)
	}
	for _, want := range []string{`(?m)^WaterAlarm\S* +[1-9]`, `(?m)^NoiseOverLimit +[1-9]`} {
		if !regexp.MustCompile(want).MatchString(got.stdout) {
			t.Errorf("there is no %s in\n%s", want, got.stdout)
		}
	}
}
