package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// A fixed probe that finds no service raises an alarm, and one that finds it again ends
// it; a rule sees what the coverage map knows. The minutes are seconds here.
func TestLiveAlarmOfAFixedProbe(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	dir, addr := t.TempDir(), testbed.Addr(t)
	write(t, dir+"/areas.geojson", `{"type": "FeatureCollection", "features": [{"type": "Feature",
		"properties": {"code": "25459", "name": "Tân Ninh", "type": "Phường", "parent": "80"},
		"geometry": {"type": "Polygon", "coordinates": [[[106.0, 11.2], [106.2, 11.2], [106.2, 11.4], [106.0, 11.4], [106.0, 11.2]]]}}]}`)
	write(t, dir+"/devices.csv", "id,kind,area,lat,lon,interval\nprobe-1,mobile,25459,11.31517,106.09698,1h\n")
	write(t, dir+"/rules.yml", `groups: [{name: mobile, rules: [
		{alert: NoService, expr: mobile.live == "down", labels: {severity: warning}, annotations: {summary: {vi: "{{ .Name }}", en: "{{ .Name }}"}, next_step: {vi: x, en: x}}},
		{alert: Outage, expr: operator.probes_down >= 1, labels: {severity: critical}, annotations: {summary: {vi: "{{ .Operator }}", en: "{{ .Operator }}"}, next_step: {vi: x, en: x}}}]}]`)
	s := serve(t, anonymous(addr)+fmt.Sprintf("registry: {devices: %s/devices.csv, areas: [%[1]s/areas.geojson]}\ncoverage: {live: {for: 1s}}\nalerts: {rules: [%[1]s/rules.yml]}\n", dir))
	attempt := func(outcome string) {
		more := ""
		if outcome == "ok" {
			more = `, "download_mbps": 50, "duration_s": 10, "rsrp_dbm": -85`
		}
		publish(t, addr, "phusong/v1/25459/mobile/probe-1/telemetry", fmt.Sprintf(
			`{"time": %d, "operator": "45204", "sim_operator": "45204", "technology": "4g", "outcome": %q%s}`, time.Now().UnixMilli(), outcome, more))
	}
	until := func(outcome, series string, want float64) {
		t.Helper()
		testbed.Eventually(t, testbed.Patience, func() error {
			attempt(outcome)
			body, err := get("http://" + s.listen + "/metrics")
			if err != nil {
				return err
			}
			if !strings.Contains(body, fmt.Sprintf("%s %v\n", series, want)) {
				return fmt.Errorf("%s is not %v", series, want)
			}
			return nil
		})
	}
	until("no_service", `phusong_coverage_live_probes{operator="45204",state="down"}`, 1)
	until("no_service", `phusong_alerts{alertname="NoService",area="25459",kind="mobile",severity="warning",told="yes"}`, 1)
	until("no_service", `phusong_alerts{alertname="Outage",area="25459",kind="",severity="critical",told="yes"}`, 1)
	until("ok", `phusong_coverage_live_probes{operator="45204",state="up"}`, 1)
	testbed.Eventually(t, testbed.Patience, func() error {
		body, err := get("http://" + s.listen + "/metrics")
		if err == nil && strings.Contains(body, "phusong_alerts{") {
			err = fmt.Errorf("alerts still fire:\n%s", body)
		}
		return err
	})
}
