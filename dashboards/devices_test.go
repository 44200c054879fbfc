package dashboards_test

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"phusong/dashboards"
	"phusong/telemetry"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 500_000_000, time.UTC)

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

// listed returns the states as the live picture would give them.
func listed(states ...dashboards.DeviceState) dashboards.Devices {
	return func(time.Time) iter.Seq[dashboards.DeviceState] { return slices.Values(states) }
}

func device(id string, kind telemetry.Kind) telemetry.Device {
	return telemetry.Device{ID: telemetry.DeviceID(id), Kind: kind, Area: "25459", Site: "school-1"}
}

func TestDeviceCollector(t *testing.T) {
	t.Parallel()
	retired := device("ap-old", telemetry.KindWiFi)
	retired.Retired = true
	roaming := device("probe-1", telemetry.KindMobile)
	roaming.Site, roaming.Area = "", ""
	collector := dashboards.NewDeviceCollector(listed(
		dashboards.DeviceState{Device: device("ap-1", telemetry.KindWiFi), Registered: true, State: "up", Up: true, LastSeen: noon},
		dashboards.DeviceState{Device: device("ap-silent", telemetry.KindWiFi), Registered: true, State: "silent", LastSeen: noon.Add(-time.Hour)},
		dashboards.DeviceState{Device: device("ap-never", telemetry.KindWiFi), Registered: true, State: "unknown"},
		dashboards.DeviceState{Device: retired, Registered: true, State: "retired", LastSeen: noon.Add(-1000 * time.Hour)},
		dashboards.DeviceState{Device: roaming, Registered: true, State: "up", Up: true, LastSeen: noon},
		dashboards.DeviceState{Device: device("stranger-1", telemetry.KindWiFi), State: "up", Up: true, LastSeen: noon},
		dashboards.DeviceState{Device: device("stranger-2", telemetry.KindEnvironment), State: "silent", LastSeen: noon},
	), at(noon))
	err := testutil.CollectAndCompare(collector, strings.NewReader(`
		# HELP area_devices Registered devices by commune and state, without retired ones.
		# TYPE area_devices gauge
		area_devices{area="",kind="mobile",state="up"} 1
		area_devices{area="25459",kind="wifi",state="silent"} 1
		area_devices{area="25459",kind="wifi",state="unknown"} 1
		area_devices{area="25459",kind="wifi",state="up"} 1
		# HELP device_last_seen_timestamp_seconds Event time of the device's newest reading, in Unix time. Absent for a device never seen.
		# TYPE device_last_seen_timestamp_seconds gauge
		device_last_seen_timestamp_seconds{area="",device="probe-1",kind="mobile",site=""} 1.7882640005e+09
		device_last_seen_timestamp_seconds{area="25459",device="ap-1",kind="wifi",site="school-1"} 1.7882640005e+09
		device_last_seen_timestamp_seconds{area="25459",device="ap-silent",kind="wifi",site="school-1"} 1.7882604005e+09
		# HELP device_up 1 while the device speaks as often as expected, 0 when it does not or was never seen.
		# TYPE device_up gauge
		device_up{area="",device="probe-1",kind="mobile",site=""} 1
		device_up{area="25459",device="ap-1",kind="wifi",site="school-1"} 1
		device_up{area="25459",device="ap-never",kind="wifi",site="school-1"} 0
		device_up{area="25459",device="ap-silent",kind="wifi",site="school-1"} 0
		# HELP devices Registered devices by state.
		# TYPE devices gauge
		devices{kind="mobile",state="up"} 1
		devices{kind="wifi",state="retired"} 1
		devices{kind="wifi",state="silent"} 1
		devices{kind="wifi",state="unknown"} 1
		devices{kind="wifi",state="up"} 1
		# HELP unregistered_devices Devices that send readings and are in no register.
		# TYPE unregistered_devices gauge
		unregistered_devices 2
	`))
	if err != nil {
		t.Error(err)
	}
}

// A series must not outlive its device, and a count of nothing is still a count.
func TestDeviceCollectorFollowsTheRegister(t *testing.T) {
	t.Parallel()
	var states []dashboards.DeviceState
	var asked time.Time
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(dashboards.NewDeviceCollector(func(now time.Time) iter.Seq[dashboards.DeviceState] {
		asked = now
		return slices.Values(states)
	}, at(noon)))
	const nobody = `
		# HELP unregistered_devices Devices that send readings and are in no register.
		# TYPE unregistered_devices gauge
		unregistered_devices 0
	`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(nobody)); err != nil {
		t.Errorf("with no device: %v", err)
	}
	states = append(states, dashboards.DeviceState{Device: device("ap-1", telemetry.KindWiFi), Registered: true, State: "up", Up: true, LastSeen: noon})
	if n, err := testutil.GatherAndCount(registry, "device_up", "device_last_seen_timestamp_seconds"); n != 2 || err != nil {
		t.Errorf("with one device: %d series, error %v", n, err)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		t.Errorf("metric %s: %s", p.Metric, p.Text)
	}
	states = nil
	if err := testutil.GatherAndCompare(registry, strings.NewReader(nobody)); err != nil {
		t.Errorf("after it left: %v", err)
	}
	if !asked.Equal(noon) {
		t.Errorf("the devices were asked for as of %s, want the clock's %s", asked, noon)
	}
}

// manyDevices returns 5,000 devices, which is a province.
func manyDevices() []dashboards.DeviceState {
	states := make([]dashboards.DeviceState, 5000)
	for i := range states {
		states[i] = dashboards.DeviceState{
			Device: device(fmt.Sprintf("ap-%04d", i), telemetry.KindWiFi), Registered: true, State: "up", Up: i%10 > 0, LastSeen: noon,
		}
	}
	return states
}
