package dashboards_test

import (
	"testing"

	"phusong/dashboards"
)

func TestAlertCollector(t *testing.T) {
	t.Parallel()
	silent := dashboards.AlertState{Name: "DeviceSilent", Severity: "warning", Kind: "wifi", Area: "25459", Told: true}
	explained := silent
	explained.Told = false
	c := dashboards.NewAlertCollector(dashboards.Judgement{
		Alerts: func() []dashboards.AlertState { return []dashboards.AlertState{silent, explained, explained} },
		Incidents: func() []dashboards.IncidentState {
			return []dashboards.IncidentState{{Cause: "site", Area: "25459", Down: 40}, {Cause: "site", Area: "25459", Down: 3}}
		},
		Counts: func() dashboards.JudgementCounts {
			return dashboards.JudgementCounts{Changes: 7, Rules: 41, RuleFaults: map[string]uint64{"wifi/Slow": 2}}
		},
	})
	gather(t, c, `
# HELP alerts Alerts that fire. told is no for those that another one explains, or that are held for maintenance.
# TYPE alerts gauge
alerts{alertname="DeviceSilent",area="25459",kind="wifi",severity="warning",told="no"} 2
alerts{alertname="DeviceSilent",area="25459",kind="wifi",severity="warning",told="yes"} 1
# HELP incident_devices_down Devices that fell with an incident and have not returned.
# TYPE incident_devices_down gauge
incident_devices_down{area="25459",cause="site"} 43
# HELP incidents Incidents that are not over, by cause.
# TYPE incidents gauge
incidents{area="25459",cause="site"} 2
`, "alerts", "incidents", "incident_devices_down")
}
