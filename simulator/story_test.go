package simulator

import (
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/telemetry"
)

// A diary is what a fleet did while a scenario was played.
type diary struct {
	world  *World
	events []Event
}

// record lives through a scenario with the demo's fleet; without its access points,
// which are most of it, where the story is not about them.
func record(t *testing.T, scenario string, watch time.Duration, aps int) *diary {
	t.Helper()
	s, err := ShippedScenario(scenario)
	if err != nil {
		t.Fatal(err)
	}
	o := demoOptions(1)
	o.Scenario, o.Calm, o.AccessPoints = s, true, aps
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &diary{world: w, events: slices.Collect(w.Events(testStart.Add(watch)))}
}

// entry is one reading and when it was sent.
type entry struct {
	sent time.Duration // after Start
	telemetry.Reading
	together int // readings in the message
}

// of returns the readings of the devices that match, in the order of sending.
func (d *diary) of(match func(*device) bool) []entry {
	chosen := make(map[telemetry.DeviceID]bool)
	for i := range d.world.devices {
		if match(&d.world.devices[i]) {
			chosen[d.world.devices[i].ID] = true
		}
	}
	var all []entry
	for i := range d.events {
		e := &d.events[i]
		for n := range e.Readings {
			if chosen[e.Device] && e.Action == Publish {
				all = append(all, entry{e.At.Sub(testStart), e.Readings[n], len(e.Readings)})
			}
		}
	}
	return all
}

func (d *diary) drops(from, to time.Duration) map[telemetry.DeviceID]bool {
	found := make(map[telemetry.DeviceID]bool)
	for i := range d.events {
		if at := d.events[i].At.Sub(testStart); d.events[i].Action == Drop && at >= from && at < to {
			found[d.events[i].Device] = true
		}
	}
	return found
}

// count returns how many entries sent in a time are as asked, and how many there are.
func count(entries []entry, from, to time.Duration, is func(*entry) bool) (yes, all int) {
	for i := range entries {
		if e := &entries[i]; e.sent >= from && e.sent < to && e.Status == nil {
			all++
			if is(e) {
				yes++
			}
		}
	}
	return yes, all
}

func anything(*entry) bool { return true }

func inArea(kind telemetry.Kind, area telemetry.AreaCode) func(*device) bool {
	return func(d *device) bool { return d.Kind == kind && d.Area == area && !d.drives }
}

func TestStoryUplinkCut(t *testing.T) {
	t.Parallel()
	d := record(t, "uplink-cut", 90*time.Minute, 300)
	aps := d.of(inArea(telemetry.KindWiFi, "25630"))
	if gone := d.drops(5*time.Minute, 7*time.Minute); len(gone) < 5 {
		t.Errorf("%d devices vanish within two minutes, want all of the ward", len(gone))
	}
	if _, n := count(aps, 5*time.Minute, 80*time.Minute, anything); n != 0 {
		t.Errorf("%d readings arrive while the line is cut", n)
	}
	late, all := count(aps, 80*time.Minute, 81*time.Minute, func(e *entry) bool {
		return e.together > 1 && !e.WiFi.WANUp.Or(true) && e.Time.Before(testStart.Add(80*time.Minute))
	})
	if late < 70*5 || late == all {
		t.Errorf("%d of %d readings after the repair are backlog with wan_up false", late, all)
	}
	checkNumbers(t, aps)
}

// checkNumbers: a device counts its readings without a gap, and in order.
func checkNumbers(t *testing.T, entries []entry) {
	t.Helper()
	last := make(map[telemetry.DeviceID]int64)
	for i := range entries {
		if seq, ok := entries[i].Seq.Get(); ok {
			if id := entries[i].Device; seq != last[id]+1 {
				t.Errorf("%s counts %d after %d", id, seq, last[id])
			}
			last[entries[i].Device] = seq
		}
	}
}

func TestStoryPowerCut(t *testing.T) {
	t.Parallel()
	d := record(t, "power-cut", 80*time.Minute, 300)
	aps := d.of(inArea(telemetry.KindWiFi, "25459"))
	backlog, all := count(aps, 65*time.Minute, 70*time.Minute, func(e *entry) bool { return e.together > 1 })
	if all == 0 || backlog != 0 {
		t.Errorf("%d of %d readings after the cut are backlog, want none: nobody measured", backlog, all)
	}
	young, _ := count(aps, 65*time.Minute, 66*time.Minute, func(e *entry) bool { return e.WiFi.UptimeS.Or(1e6) < 60 })
	if young == 0 {
		t.Error("uptime does not begin anew after the cut")
	}
	sessions := make(map[telemetry.DeviceID][]int64)
	for i := range aps {
		if s := aps[i].Status; s != nil && s.State.Or("") == telemetry.StateOnline {
			sessions[aps[i].Device] = append(sessions[aps[i].Device], s.Session.Or(0))
		}
	}
	for id, numbers := range sessions {
		if len(numbers) != 2 || numbers[1] <= numbers[0] {
			t.Errorf("%s had the sessions %v, want two that rise", id, numbers)
		}
	}
}

func TestStoryBrokerAway(t *testing.T) {
	t.Parallel()
	d := record(t, "broker-away", 25*time.Minute, 300)
	everyone := d.of(func(d *device) bool { return d.Kind != telemetry.KindMobile })
	if _, n := count(everyone, 10*time.Minute, 22*time.Minute, anything); n != 0 {
		t.Errorf("%d readings arrive while nobody reaches the broker", n)
	}
	if n, _ := count(everyone, 22*time.Minute, 23*time.Minute, func(e *entry) bool { return e.together > 1 }); n < 360*11 {
		t.Errorf("%d readings are uploaded afterwards, want twelve from each of 360 devices", n)
	}
	checkNumbers(t, everyone)
}

func TestStoryPortalDown(t *testing.T) {
	t.Parallel()
	d := record(t, "portal-down", 100*time.Minute, 300)
	schools := d.of(func(x *device) bool {
		return strings.HasPrefix(string(x.Site), "school-") && x.Kind == telemetry.KindWiFi
	})
	broken := func(e *entry) bool { return !e.WiFi.PortalOK.Or(true) && !e.WiFi.AuthOK.Or(true) }
	if n, all := count(schools, 16*time.Minute, 100*time.Minute, broken); n != all || n == 0 {
		t.Errorf("%d of %d readings of schools say that the portal is down", n, all)
	}
	if n, _ := count(schools, 0, 15*time.Minute, broken); n != 0 {
		t.Errorf("%d readings say so before", n)
	}
	clients := func(from, to time.Duration) (sum int64) {
		for i := range schools {
			if e := &schools[i]; e.WiFi != nil && e.sent >= from && e.sent < to {
				sum += e.WiFi.Clients.Or(0)
			}
		}
		return sum
	}
	if before, after := clients(4*time.Minute, 14*time.Minute), clients(20*time.Minute, 30*time.Minute); after*4 > before {
		t.Errorf("%d clients before and %d after, want a tenth", before, after)
	}
}

func TestStoryFestival(t *testing.T) {
	t.Parallel()
	d := record(t, "festival", 6*time.Hour, 300)
	aps := d.of(func(x *device) bool {
		return strings.HasPrefix(string(x.Site), "tourism-") && x.Kind == telemetry.KindWiFi
	})
	crowded := func(e *entry) bool { return e.WiFi.Clients.Or(0) > 64 && e.WiFi.Radios[0].Utilization.Or(0) > 0.85 }
	if n, all := count(aps, 5*time.Hour, 6*time.Hour, crowded); n < all/2 {
		t.Errorf("%d of %d readings are overloaded, want most", n, all)
	}
	if n, all := count(aps, 0, time.Hour, crowded); n > all/50 {
		t.Errorf("%d of %d readings are overloaded before", n, all)
	}
	mountainFoot := telemetry.Point{Lat: 11.37, Lon: 106.14}
	for _, o := range d.world.Operators() {
		s := d.world.Service(o.Code, mountainFoot, testStart.Add(5*time.Hour))
		before := d.world.Service(o.Code, mountainFoot, testStart)
		if !s.Usable || s.DownloadMbps > before.DownloadMbps/1.4 || s.RSRPdBm != before.RSRPdBm {
			t.Errorf("%s: %+v at the festival, %+v before; want the same signal and less speed", o.Name, s, before)
		}
	}
}

func TestStorySmokeAndFlood(t *testing.T) {
	t.Parallel()
	smoke := record(t, "smoke", 6*time.Hour, 0)
	burning := project(telemetry.Point{Lat: 11.34, Lon: 106.05})
	near := smoke.of(func(d *device) bool { return d.Kind == telemetry.KindEnvironment && d.at.distance(burning) < 14_000 })
	far := smoke.of(func(d *device) bool { return d.Kind == telemetry.KindEnvironment && d.at.distance(burning) > 60_000 })
	thick := func(e *entry) bool { return e.Environment.PM25.Or(0) > 180 }
	if n, _ := count(near, 5*time.Hour, 6*time.Hour, thick); n == 0 {
		t.Error("no station near the fire sees the smoke")
	}
	if n, all := count(far, 0, 6*time.Hour, thick); n != 0 || all == 0 {
		t.Errorf("%d of %d readings far away see it", n, all)
	}

	flood := record(t, "flood", 30*time.Hour, 0)
	fields := flood.world.effects.air
	gauges := flood.of(func(d *device) bool {
		return d.suite == waterGauge && d.Kind == telemetry.KindEnvironment && d.at.distance(fields[1].center) < 30_000
	})
	if n, _ := count(gauges, 27*time.Hour, 30*time.Hour, func(e *entry) bool { return e.Environment.WaterLevelM.Or(0) > 2.6 }); n == 0 {
		t.Error("no gauge sees the flood")
	}
	if n, _ := count(gauges, 8*time.Hour, 12*time.Hour, func(e *entry) bool { return e.Environment.RainMm.Or(0) > 0.3 }); n == 0 {
		t.Error("no gauge sees the rain")
	}
	flat := flood.world.effects.all[2].devices[0]
	dying := flood.of(func(d *device) bool { return d.index == flat })
	if n, _ := count(dying, 19*time.Hour, 20*time.Hour, func(e *entry) bool { return e.Environment.BatteryV.Or(9) < 3.3 }); n < 55 {
		t.Errorf("%d of 60 readings show the battery sinking", n)
	}
	if _, n := count(dying, 20*time.Hour, 30*time.Hour, anything); n != 0 {
		t.Errorf("%d readings come from a flat battery", n)
	}
}

func TestStoryBrokenSensors(t *testing.T) {
	t.Parallel()
	d := record(t, "broken-sensors", 14*time.Hour, 0)
	of := func(n int) []entry {
		i := d.world.effects.all[n].devices[0]
		return d.of(func(x *device) bool { return x.index == i })
	}
	stuck, drift, spikes, missing := of(0), of(1), of(2), of(3)
	values := make(map[float64]bool)
	count(stuck, 31*time.Minute, 14*time.Hour, func(e *entry) bool {
		values[e.Environment.TemperatureC.Or(0)] = true
		return true
	})
	if len(values) != 1 {
		t.Errorf("the stuck sensor shows %d different temperatures", len(values))
	}
	twice := func(e *entry) bool {
		air := d.world.Air(deviceByID(d.world, e.Device).At, e.Time)
		return e.Environment.PM25.Or(0) > 1.7*air.PM25
	}
	if n, all := count(drift, 13*time.Hour, 14*time.Hour, twice); n < all/2 || all == 0 {
		t.Errorf("after twelve hours %d of %d drifting values are far off", n, all)
	}
	if n, all := count(spikes, time.Hour, 14*time.Hour, twice); n < all/20 || n > all/4 {
		t.Errorf("%d of %d values are spikes, want about one in eight", n, all)
	}
	if n, all := count(missing, 76*time.Minute, 14*time.Hour, func(e *entry) bool { return e.Environment.PM25.Or(0) == -999 }); n != all || n == 0 {
		t.Errorf("%d of %d values are -999", n, all)
	}
}

func TestStoryBadDevices(t *testing.T) {
	t.Parallel()
	d := record(t, "bad-devices", 150*time.Minute, 300)
	ahead := d.of(func(x *device) bool { return slices.Contains(d.world.effects.all[0].devices, x.index) })
	early := func(e *entry) bool { return e.Time.Sub(testStart) > e.sent+115*time.Minute }
	if n, all := count(ahead, 11*time.Minute, 129*time.Minute, early); n != all || n == 0 {
		t.Errorf("%d of %d times are two hours ahead", n, all)
	}
	if n, all := count(ahead, 131*time.Minute, 150*time.Minute, early); n != 0 || all == 0 {
		t.Errorf("%d of %d times are still ahead", n, all)
	}
	old := d.of(func(x *device) bool { return slices.Contains(d.world.effects.all[1].devices, x.index) })
	if n, all := count(old, 21*time.Minute, 139*time.Minute, func(e *entry) bool { return e.Time.Year() == 1970 }); n != all || n == 0 {
		t.Errorf("%d of %d times are of 1970", n, all)
	}
	garbage := 0
	for i := range d.events {
		if d.events[i].Raw != nil {
			garbage++
		}
	}
	if garbage < 17_900 || garbage > 18_001 {
		t.Errorf("%d broken messages in half an hour, want ten a second", garbage)
	}
}

func TestStoryStolen(t *testing.T) {
	t.Parallel()
	d := record(t, "stolen", 3*time.Hour, 300)
	i := d.world.effects.all[0].devices[0]
	if _, n := count(d.of(func(x *device) bool { return x.index == i }), 20*time.Minute, 3*time.Hour, anything); n != 0 {
		t.Errorf("the stolen device sends %d readings", n)
	}
	for _, x := range d.world.Down(testStart.Add(time.Hour)) {
		if device := deviceByID(d.world, x.Device); device.index == i && x.Cause != CauseStolen || device.parent == i && x.Cause != CauseParent {
			t.Errorf("%s is down because of %q", x.Device, x.Cause)
		}
	}
}

func TestStoryDeadZoneRepaired(t *testing.T) {
	t.Parallel()
	s, err := ShippedScenario("dead-zone-repaired")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *Options) { o.Scenario = s })
	all, err := w.Cells()
	if err != nil {
		t.Fatal(err)
	}
	var cells []string
	for _, name := range all {
		cell, err := cellOf(name)
		if err != nil {
			t.Fatal(err)
		}
		center, err := cell.LatLng()
		if err != nil {
			t.Fatal(err)
		}
		if project(telemetry.Point{Lat: center.Lat, Lon: center.Lng}).distance(w.effects.all[0].center) < 2000 {
			cells = append(cells, name)
		}
	}
	for day, want := range map[int]bool{5: true, 11: false} {
		q := CoverageQuestion{From: testStart.AddDate(0, 0, day), To: testStart.AddDate(0, 0, day+1)}
		dead := make(map[telemetry.OperatorCode]int)
		for c, err := range w.CoverageOf(t.Context(), cells, q) {
			if err != nil {
				t.Fatal(err)
			}
			if c.Verdict == Dead {
				dead[c.Operator]++
			}
		}
		if (dead["45204"] == len(cells)) != want || dead["45201"] > len(cells)/3 || len(cells) < 8 {
			t.Errorf("on day %d, of %d cells these are dead: %v; want all of Viettel's: %t", day, len(cells), dead, want)
		}
	}
}

func TestStoryMastDown(t *testing.T) {
	t.Parallel()
	s, err := ShippedScenario("mast-down")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *Options) { o.Scenario = s })
	lost := make(map[telemetry.OperatorCode]int)
	place := project(telemetry.Point{Lat: 11.58, Lon: 105.91})
	for n := range uint64(400) {
		at := inDisc(mix(n), place, 4000).point()
		for _, o := range w.Operators() {
			if w.Service(o.Code, at, testStart).Usable && !w.Service(o.Code, at, testStart.Add(time.Hour)).Usable {
				lost[o.Code]++
			}
		}
	}
	if lost["45204"] < 20 || lost["45201"] != 0 || lost["45202"] != 0 {
		t.Errorf("of 400 places these lost service: %v; want many of Viettel's and no other", lost)
	}
}

func TestStoryDemo(t *testing.T) {
	t.Parallel()
	d := record(t, "demo", 4*time.Minute, 300)
	if gone := d.drops(time.Minute, 2*time.Minute); len(gone) < 5 {
		t.Errorf("%d devices vanish in the second minute, want those of a ward", len(gone))
	}
	if n := d.drops(0, 30*time.Second); len(n) > 3 {
		t.Errorf("%d devices vanish before anything happened", len(n))
	}
}
