package dashboards_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"phusong/dashboards"
	"phusong/telemetry"
)

// With areas only, no series bears a device or a site, and the sums are the same.
func TestOnlyAreas(t *testing.T) {
	t.Parallel()
	gathered := func(only bool) *prometheus.Registry {
		devices := dashboards.NewDeviceCollector(listed(manyDevices()[:50]...), at(noon))
		wifi := dashboards.NewWiFiCollector(func() dashboards.WiFi {
			return dashboards.WiFi{Sites: []dashboards.WiFiSite{
				{Site: "school-1", Area: "25459", Category: "school", Verdict: "working", Known: true, Up: true, Clients: 7, Slow: 1},
				{Site: "school-2", Area: "25459", Category: "school", Verdict: "failed", Known: true, Clients: 2},
			}}
		})
		environment := dashboards.NewEnvironmentCollector(func() dashboards.Environment {
			return dashboards.Environment{Stations: []dashboards.EnvironmentStation{
				{Device: "air-1", Area: "25459", Index: telemetry.Some(52.0), Flags: []string{"stuck"}},
				{Device: "air-2", Area: "25459", Index: telemetry.Some(152.0), Flags: []string{"stuck"}},
			}}
		})
		places := dashboards.NewPlaceCollector(func() dashboards.Places {
			return dashboards.Places{
				Areas: []telemetry.Area{{Code: "25459", Name: "Tân Ninh"}}, Sites: []telemetry.Site{{ID: "school-1"}},
				Devices: []telemetry.Device{{ID: "air-1", Kind: telemetry.KindEnvironment, At: telemetry.Point{Lat: 11, Lon: 106}}},
			}
		})
		if only {
			devices, wifi, environment, places = devices.OnlyAreas(), wifi.OnlyAreas(), environment.OnlyAreas(), places.OnlyAreas()
		}
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(devices, wifi, environment, places)
		return registry
	}
	families, err := gathered(true).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if slices.Contains([]string{"device", "site"}, l.GetName()) {
					t.Fatalf("%s bears a label %s", f.GetName(), l.GetName())
				}
			}
		}
	}
	const sums = `
		# HELP area_air_quality_index Highest VN_AQI of the last closed hour in the commune.
		# TYPE area_air_quality_index gauge
		area_air_quality_index{area="25459"} 152
		# HELP area_devices Registered devices by commune and state, without retired ones.
		# TYPE area_devices gauge
		area_devices{area="25459",kind="wifi",state="up"} 50
		# HELP area_info Name of a commune or province by its code. Always 1.
		# TYPE area_info gauge
		area_info{area="25459",name="Tân Ninh"} 1
		# HELP area_sensors_flagged Sensors of the commune at which a quality flag holds now.
		# TYPE area_sensors_flagged gauge
		area_sensors_flagged{area="25459",flag="stuck"} 2
		# HELP wifi_clients Clients at the access points of sites, of those that say.
		# TYPE wifi_clients gauge
		wifi_clients{area="25459",category="school"} 9
		# HELP wifi_sites Sites by verdict: working, partly, failed, no service or unknown.
		# TYPE wifi_sites gauge
		wifi_sites{area="25459",category="school",verdict="failed"} 1
		wifi_sites{area="25459",category="school",verdict="working"} 1
	`
	for _, only := range []bool{false, true} {
		err := testutil.GatherAndCompare(gathered(only), strings.NewReader(sums),
			"area_air_quality_index", "area_devices", "area_info", "area_sensors_flagged", "wifi_clients", "wifi_sites")
		if err != nil {
			t.Errorf("only areas: %v: %v", only, err)
		}
		problems, err := testutil.GatherAndLint(gathered(only))
		if err != nil || len(problems) > 0 {
			t.Errorf("only areas: %v: %v %v", only, problems, err)
		}
	}
}
