package dashboards_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"phusong/dashboards"
	"phusong/telemetry"
)

// gather holds a collector to the linter and compares what it exports.
func gather(t *testing.T, c prometheus.Collector, want string, names ...string) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// What is not known has no series: neither zero nor an old value.
func TestEnvironmentCollector(t *testing.T) {
	t.Parallel()
	c := dashboards.NewEnvironmentCollector(func() dashboards.Environment {
		return dashboards.Environment{Corrections: 2, Stations: []dashboards.EnvironmentStation{
			{
				Device: "air-1", Area: "25459", Index: telemetry.Some(152.0), Indicative: true, Limit: telemetry.Some(1.2), Noise: telemetry.Some(61.5),
				NoiseExcess: telemetry.Some(-8.5), HeatIndex: telemetry.Some(41.0), Score: telemetry.Some(0.9), Completeness: telemetry.Some(0.95),
			},
			{Device: "air-2", Area: "25459", Flags: []string{"stuck", "drift"}},
			{Device: "gauge-1", Area: "25460", WaterLevel: telemetry.Some(3.2), WaterAlarm: telemetry.Some(1.0)},
		}}
	})
	gather(t, c, `
# HELP air_quality_index VN_AQI of the last closed hour. indicative is yes unless the sensor is a reference station.
# TYPE air_quality_index gauge
air_quality_index{area="25459",device="air-1",indicative="yes"} 152
# HELP sensor_flagged 1 for each quality flag that holds at a sensor now.
# TYPE sensor_flagged gauge
sensor_flagged{area="25459",device="air-2",flag="drift"} 1
sensor_flagged{area="25459",device="air-2",flag="stuck"} 1
# HELP water_level_meters Water level at the gauge.
# TYPE water_level_meters gauge
water_level_meters{area="25460",device="gauge-1"} 3.2
`, "air_quality_index", "sensor_flagged", "water_level_meters")
}

func TestPlaceCollector(t *testing.T) {
	t.Parallel()
	at := telemetry.Point{Lat: 11.31, Lon: 106.1}
	c := dashboards.NewPlaceCollector(func() dashboards.Places {
		return dashboards.Places{
			Areas: []telemetry.Area{{Code: "25459", Name: "Tân Ninh"}},
			Sites: []telemetry.Site{{ID: "s-1", Name: "Trường \"A\"", Category: telemetry.School, Area: "25459", At: at}},
			Devices: []telemetry.Device{
				{ID: "ap-1", Kind: telemetry.KindWiFi, Area: "25459", At: at}, // at its site
				{ID: "env-1", Kind: telemetry.KindEnvironment, Area: "25459", At: at},
				{ID: "p-1", Kind: telemetry.KindMobile, Area: "25459"}, // it roams
				{ID: "env-0", Kind: telemetry.KindEnvironment, Area: "25459", At: at, Retired: true},
			},
		}
	})
	gather(t, c, `
# HELP area_info Name of a commune or province by its code. Always 1.
# TYPE area_info gauge
area_info{area="25459",name="Tân Ninh"} 1
# HELP device_position_info Position of a probe or sensor that stands somewhere; access points are at their sites. Always 1.
# TYPE device_position_info gauge
device_position_info{area="25459",device="env-1",kind="environment",latitude="11.31000",longitude="106.10000"} 1
# HELP site_info Name, category and position of a site. Always 1.
# TYPE site_info gauge
site_info{area="25459",category="school",latitude="11.31000",longitude="106.10000",name="Trường \"A\"",site="s-1"} 1
`)
}
