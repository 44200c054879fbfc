package alerts_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts"
	"phusong/telemetry"
)

func TestWatchTellsEachOutageOnce(t *testing.T) {
	t.Parallel()
	var got []alerts.Outage
	w := alerts.NewWatch(func(telemetry.DeviceID) time.Duration { return time.Minute }, func(o alerts.Outage) { got = append(got, o) })
	for _, r := range []telemetry.Reading{
		reading(noon, 0),
		reading(noon.Add(time.Minute), 0),
		reading(noon.Add(10*time.Minute), 0), // silent from minute 4
		status(noon.Add(11*time.Minute), telemetry.StateOnline, 1),
		status(noon.Add(12*time.Minute), telemetry.StateOffline, 1),
		status(noon.Add(20*time.Minute), telemetry.StateOffline, 1), // again the same
		reading(noon.Add(30*time.Minute), 0),
	} {
		w.Observe(&r)
	}
	w.Finish(noon.Add(time.Hour)) // silent from minute 33
	w.Finish(noon.Add(2 * time.Hour))
	want := []alerts.Outage{
		{Device: "ap-1", State: alerts.Silent, Since: noon.Add(4 * time.Minute)},
		{Device: "ap-1", State: alerts.Offline, Since: noon.Add(12 * time.Minute)},
		{Device: "ap-1", State: alerts.Silent, Since: noon.Add(33 * time.Minute)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outages (-want +got):\n%s", diff)
	}
}
