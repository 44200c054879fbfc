package dashboards_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"phusong/dashboards"
	"phusong/telemetry"
)

func someWiFi() dashboards.WiFi {
	return dashboards.WiFi{
		Sites: []dashboards.WiFiSite{
			{Site: "school", Area: "25459", Category: telemetry.School, Verdict: "partly", Known: true, Up: true, Clients: 12, Overloaded: 1},
			{Site: "hospital", Area: "25462", Category: telemetry.Hospital, Verdict: "no service", Known: true},
			{Site: "home", Area: "25462", Category: telemetry.Residential, Verdict: "unknown", Slow: 2},
		},
		Targets: []dashboards.WiFiTarget{
			{Required: 4, Working: 1, ByState: map[string]int{"working": 1, "partly": 1, "failed": 0, "no service": 1, "unknown": 0, "not covered": 1, "maintenance": 0}},
			{Area: "25459", Category: telemetry.School, Required: 1, ByState: map[string]int{"partly": 1}},
		},
		Availability: []dashboards.WiFiAvailability{
			{Ratio: 0.97, HasRatio: true, Known: 0.9, Levels: map[string]float64{"connect": 0.95}},
			{Area: "25462", Known: 0},
		},
		Users:         []dashboards.WiFiUsers{{Users: 450, Low: 442, High: 458, Ratio: 0.4286, HasRatio: true}, {Area: "25462", Users: 100, Low: 98, High: 102}},
		SketchesTaken: 7, Refused: map[string]uint64{"salt": 2, "month": 0}, Problems: map[string]uint64{"moved": 1},
	}
}

func TestWiFiCollector(t *testing.T) {
	t.Parallel()
	err := testutil.CollectAndCompare(dashboards.NewWiFiCollector(someWiFi), strings.NewReader(`
		# HELP wifi_site_up 1 while people get service at the site, 0 while they do not. Absent while nothing is known.
		# TYPE wifi_site_up gauge
		wifi_site_up{area="25459",category="school",site="school"} 1
		wifi_site_up{area="25462",category="hospital",site="hospital"} 0
		# HELP wifi_site_verdict_info The site's verdict: working, partly, failed, no service or unknown. Always 1.
		# TYPE wifi_site_verdict_info gauge
		wifi_site_verdict_info{area="25459",category="school",site="school",verdict="partly"} 1
		wifi_site_verdict_info{area="25462",category="hospital",site="hospital",verdict="no service"} 1
		wifi_site_verdict_info{area="25462",category="residential",site="home",verdict="unknown"} 1
		# HELP wifi_access_points_impaired Access points that are overloaded, or slow by their speed tests.
		# TYPE wifi_access_points_impaired gauge
		wifi_access_points_impaired{area="25459",impairment="overloaded"} 1
		wifi_access_points_impaired{area="25459",impairment="slow"} 0
		wifi_access_points_impaired{area="25462",impairment="overloaded"} 0
		wifi_access_points_impaired{area="25462",impairment="slow"} 2
		# HELP wifi_sites_required_by_state Sites that should have Wi-Fi, by verdict, not covered, or maintenance.
		# TYPE wifi_sites_required_by_state gauge
		wifi_sites_required_by_state{area="",category="",state="failed"} 0
		wifi_sites_required_by_state{area="",category="",state="maintenance"} 0
		wifi_sites_required_by_state{area="",category="",state="no service"} 1
		wifi_sites_required_by_state{area="",category="",state="not covered"} 1
		wifi_sites_required_by_state{area="",category="",state="partly"} 1
		wifi_sites_required_by_state{area="",category="",state="unknown"} 0
		wifi_sites_required_by_state{area="",category="",state="working"} 1
		wifi_sites_required_by_state{area="25459",category="school",state="partly"} 1
		# HELP wifi_sites_target_ratio Share of the sites that should have Wi-Fi whose Wi-Fi works.
		# TYPE wifi_sites_target_ratio gauge
		wifi_sites_target_ratio{area="",category=""} 0.25
		wifi_sites_target_ratio{area="25459",category="school"} 0
		# HELP wifi_goal_ratio What should be reached: of sites, of users, and of a month's availability.
		# TYPE wifi_goal_ratio gauge
		wifi_goal_ratio{goal="availability"} 0.99
		wifi_goal_ratio{goal="availability floor"} 0.95
		wifi_goal_ratio{goal="sites"} 1
		wifi_goal_ratio{goal="users"} 0.5
		# HELP wifi_availability_ratio Share of the known time, outside maintenance, of the month so far in which sites gave service.
		# TYPE wifi_availability_ratio gauge
		wifi_availability_ratio{area="",category=""} 0.97
		# HELP wifi_availability_known_ratio Share of the time outside maintenance of the month so far of which something is known.
		# TYPE wifi_availability_known_ratio gauge
		wifi_availability_known_ratio{area="",category=""} 0.9
		wifi_availability_known_ratio{area="25462",category=""} 0
		# HELP wifi_service_level_ratio Share of the user minutes of the month so far that met the level, of those in which it was measured.
		# TYPE wifi_service_level_ratio gauge
		wifi_service_level_ratio{area="",category="",level="connect"} 0.95
		# HELP wifi_users Estimate of the different users of the month so far. An empty area is every area.
		# TYPE wifi_users gauge
		wifi_users{area=""} 450
		wifi_users{area="25462"} 100
		# HELP wifi_users_low Lower 95 % bound of the estimate of users.
		# TYPE wifi_users_low gauge
		wifi_users_low{area=""} 442
		wifi_users_low{area="25462"} 98
		# HELP wifi_users_high Upper 95 % bound of the estimate of users.
		# TYPE wifi_users_high gauge
		wifi_users_high{area=""} 458
		wifi_users_high{area="25462"} 102
		# HELP wifi_users_target_ratio Estimated users of the month so far, as share of residents and visitors.
		# TYPE wifi_users_target_ratio gauge
		wifi_users_target_ratio{area=""} 0.4286
		# HELP wifi_sketches_refused_total Sketches of users that were refused, by reason.
		# TYPE wifi_sketches_refused_total counter
		wifi_sketches_refused_total{reason="month"} 0
		wifi_sketches_refused_total{reason="salt"} 2
		# HELP wifi_input_faults Faults in the register and in readings of access points, by kind.
		# TYPE wifi_input_faults gauge
		wifi_input_faults{kind="moved"} 1
	`), "wifi_site_up", "wifi_site_verdict_info", "wifi_access_points_impaired", "wifi_sites_required_by_state", "wifi_sites_target_ratio", "wifi_goal_ratio",
		"wifi_availability_ratio", "wifi_availability_known_ratio", "wifi_service_level_ratio", "wifi_users", "wifi_users_low", "wifi_users_high",
		"wifi_users_target_ratio", "wifi_sketches_refused_total", "wifi_input_faults")
	if err != nil {
		t.Error(err)
	}
}

// Names and labels are as Prometheus wants them, and what vanishes, vanishes.
func TestWiFiCollectorIsClean(t *testing.T) {
	t.Parallel()
	state := someWiFi()
	registry := prometheus.NewPedanticRegistry()
	prometheus.WrapRegistererWithPrefix("phusong_", registry).MustRegister(dashboards.NewWiFiCollector(func() dashboards.WiFi { return state }))
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		t.Errorf("metric %s: %s", p.Metric, p.Text)
	}
	state.Sites = nil
	if n, err := testutil.GatherAndCount(registry, "phusong_wifi_site_up", "phusong_wifi_site_verdict_info", "phusong_wifi_site_clients"); n != 0 || err != nil {
		t.Errorf("of no sites there are %d series, error %v", n, err)
	}
}
