package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"phusong/alerts/desk"
	"phusong/internal/testbed"
)

// What people do with an alert from the command line: they find it, take it in hand,
// write about it, and find all of it again.
func TestAlertsFromTheCommandLine(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), testbed.Addr(t)
	write(t, dir+"/areas.geojson", `{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "80", "name": "Tây Ninh", "type": "Tỉnh"}, "geometry": null}]}`)
	write(t, dir+"/devices.csv", "id,kind,area,interval\nsensor-1,environment,80,60s\n")
	s := serve(t, anonymous(addr)+fmt.Sprintf("registry: {devices: %s/devices.csv, areas: [%[1]s/areas.geojson]}\n", dir))
	publish(t, addr, "phusong/v1/80/environment/sensor-1/telemetry", `{"wind_ms": 3}`)
	s.awaitMetric(`phusong_alerts{alertname="Watchdog",area="",kind="",severity="info",told="yes"}`, func(v float64) bool { return v == 1 })

	list := command(t, "alerts", "list", "--data", s.data)
	var id string
	for line := range strings.Lines(list.stdout) {
		if strings.Contains(line, "Watchdog") {
			id, _, _ = strings.Cut(line, " ")
		}
	}
	if id == "" {
		t.Fatalf("alerts list: %s%s", list.stdout, list.stderr)
	}
	for _, args := range [][]string{
		{"ack", id, "--for", "1h", "--text", "being looked at"},
		{"assign", id, "--to", "hoa"},
		{"comment", id, "it is only the watchdog"},
		{"release", id},
	} {
		args = append(append([]string{"alerts"}, args...), "--who", "lan", "--data", s.data)
		if got := command(t, args...); got.code != 0 || !strings.Contains(got.stdout, "done: ") {
			t.Errorf("%v: %d %s%s", args, got.code, got.stdout, got.stderr)
		}
	}
	life := command(t, "alerts", "history", id, "--data", s.data)
	for _, step := range []string{"fired", "lan  acknowledged until ", "being looked at", "assigned to hoa", "commented", "released"} {
		if !strings.Contains(strings.Join(strings.Fields(life.stdout), " "), strings.Join(strings.Fields(step), " ")) {
			t.Errorf("the history lacks %q:\n%s%s", step, life.stdout, life.stderr)
		}
	}
	for _, bad := range [][]string{
		{"alerts", "ack", "nothing", "--data", s.data},
		{"alerts", "ack", id, "--for", "900h", "--data", s.data},
		{"alerts", "history", "nothing", "--data", s.data},
		{"maintenance", "announce", "--device", "nobody", "--owner", "lan", "--reason", "new cable", "--data", s.data},
	} {
		if got := command(t, bad...); got.code != 1 || len(strings.Split(strings.TrimSpace(got.stderr), "\n")) > 2 {
			t.Errorf("%v: %d %s", bad, got.code, got.stderr)
		}
	}
}

func TestMaintenanceFromTheCommandLine(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), testbed.Addr(t)
	write(t, dir+"/devices.csv", "id,kind,area,interval\nap-1,wifi,80,60s\n")
	s := serve(t, anonymous(addr)+fmt.Sprintf("registry: {devices: %s/devices.csv}\n", dir))
	publish(t, addr, "phusong/v1/80/wifi/ap-1/telemetry", `{"clients": 3}`)
	s.awaitMetric(`phusong_devices{kind="wifi",state="up"}`, func(v float64) bool { return v == 1 })
	announced := command(t, "maintenance", "announce", "--device", "ap-1", "--for", "1h", "--owner", "lan", "--reason", "new cable", "--data", s.data)
	if announced.code != 0 {
		t.Fatal(announced.stderr)
	}
	s.awaitMetric(`phusong_devices{kind="wifi",state="maintenance"}`, func(v float64) bool { return v == 1 })
	id := strings.TrimSuffix(strings.Fields(announced.stdout)[1], ":")
	if list := command(t, "maintenance", "list", "--data", s.data); !strings.Contains(list.stdout, id) || !strings.Contains(list.stdout, "new cable") {
		t.Errorf("maintenance list: %s%s", list.stdout, list.stderr)
	}
	if ended := command(t, "maintenance", "end", id, "--data", s.data); ended.code != 0 {
		t.Error(ended.stderr)
	}
	s.awaitMetric(`phusong_devices{kind="wifi",state="up"}`, func(v float64) bool { return v == 1 })

	// A report knows of it beside the running service, and when none runs.
	knows := func() {
		t.Helper()
		report := command(t, "report", "wifi", "--config", s.config, "--from", time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly), "--lang", "en")
		if report.code != 0 || report.stderr != "" || !regexp.MustCompile(`(?m)^Announced works in the period +1$`).MatchString(report.stdout) {
			t.Errorf("report wifi: exit status %d\n%s%s", report.code, report.stdout, report.stderr)
		}
	}
	knows()
	s.stop()
	knows()
}

func TestParseSpan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]desk.Slot{
		"Sun 22:00-23:30":    {Day: time.Sunday, FromMinute: 22 * 60, Minutes: 90},
		"friday 23:00-01:00": {Day: time.Friday, FromMinute: 23 * 60, Minutes: 120},
		"Mo 22:00-23:00":     {},
		"Mon 22-23":          {},
		"Mon 22:00":          {},
		"":                   {},
	} {
		got, err := parseSpan(text)
		if got != want || (err == nil) != (want != desk.Slot{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}
