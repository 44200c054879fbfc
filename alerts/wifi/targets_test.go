package wifi_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

func TestTargets(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	b.SetState(noon, "ap-1", wifi.Silent, time.Time{})
	scope := func(area telemetry.AreaCode, c telemetry.Category) wifi.Scope {
		return wifi.Scope{Area: area, Category: c}
	}
	want := []wifi.Target{
		{Scope: scope("", ""), Required: 3, Working: 1, Partly: 1, NotCovered: 1},
		{Scope: scope("", "hospital"), Required: 1, Working: 1},
		{Scope: scope("", "school"), Required: 1, Partly: 1},
		{Scope: scope("", "tourism"), Required: 1, NotCovered: 1},
		{Scope: scope("25459", ""), Required: 1, Partly: 1},
		{Scope: scope("25459", "school"), Required: 1, Partly: 1},
		{Scope: scope("25462", ""), Required: 2, Working: 1, NotCovered: 1},
		{Scope: scope("25462", "hospital"), Required: 1, Working: 1},
		{Scope: scope("25462", "tourism"), Required: 1, NotCovered: 1},
		{Scope: scope("80", ""), Required: 3, Working: 1, Partly: 1, NotCovered: 1},
		{Scope: scope("80", "hospital"), Required: 1, Working: 1},
		{Scope: scope("80", "school"), Required: 1, Partly: 1},
		{Scope: scope("80", "tourism"), Required: 1, NotCovered: 1},
	}
	got := b.Targets()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if share, ok := got[0].Share(); !ok || share != 1.0/3 {
		t.Errorf("the share is %v, %v, want a third", share, ok)
	}
	if share, ok := got[0].ServingShare(); !ok || share != 2.0/3 {
		t.Errorf("with those that work partly it is %v, %v, want two thirds", share, ok)
	}
	if _, ok := (&wifi.Target{}).Share(); ok {
		t.Error("nothing required has a share")
	}
}

func TestTargetsOfEveryVerdict(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	for _, test := range []struct {
		state wifi.State
		say   func(*telemetry.WiFi)
		want  wifi.Target
	}{
		{wifi.Maintenance, nil, wifi.Target{Maintenance: 1}},
		{wifi.Silent, nil, wifi.Target{NoService: 1}},
		{wifi.Blind, nil, wifi.Target{Unknown: 1}},
		{wifi.NeverSeen, nil, wifi.Target{Unknown: 1}},
		{wifi.Up, func(r *telemetry.WiFi) { r.PortalOK = telemetry.Some(false) }, wifi.Target{Failed: 1}},
	} {
		b.SetState(noon, "ap-3", test.state, time.Time{})
		if test.say != nil {
			b.Observe(noon, reading("ap-3", noon, test.say))
		}
		test.want.Scope, test.want.Required = wifi.Scope{Category: telemetry.Hospital}, 1
		if diff := cmp.Diff(test.want, b.Targets()[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.state, diff)
		}
	}
}

func TestAvailabilityByScope(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	run(b, noon, noon.Add(97*time.Minute))
	b.SetState(noon.Add(97*time.Minute), "ap-3", wifi.Silent, time.Time{})
	run(b, b.Now(), noon.Add(100*time.Minute))
	b.SetState(noon.Add(100*time.Minute), "ap-3", wifi.Maintenance, time.Time{})
	run(b, b.Now(), noon.Add(110*time.Minute))
	month := wifi.MonthOf(noon)
	type row struct {
		wifi.Scope
		Sites, AtFloor, AtGoal int
		Times                  wifi.Times
	}
	hospital := wifi.Times{Working: 97 * time.Minute, NoService: 3 * time.Minute, Maintenance: 10 * time.Minute}
	school := wifi.Times{Working: 110 * time.Minute}
	both := wifi.Times{Working: 207 * time.Minute, NoService: 3 * time.Minute, Maintenance: 10 * time.Minute}
	want := []row{
		{wifi.Scope{}, 2, 2, 1, both},
		{wifi.Scope{Category: "hospital"}, 1, 1, 0, hospital}, // 97 %
		{wifi.Scope{Category: "school"}, 1, 1, 1, school},
		{wifi.Scope{Area: "25459"}, 1, 1, 1, school},
		{wifi.Scope{Area: "25459", Category: "school"}, 1, 1, 1, school},
		{wifi.Scope{Area: "25462"}, 1, 1, 0, hospital},
		{wifi.Scope{Area: "25462", Category: "hospital"}, 1, 1, 0, hospital},
		{wifi.Scope{Area: "80"}, 2, 2, 1, both},
		{wifi.Scope{Area: "80", Category: "hospital"}, 1, 1, 0, hospital},
		{wifi.Scope{Area: "80", Category: "school"}, 1, 1, 1, school},
	}
	var got []row
	for _, a := range b.Availability(month) {
		if a.Month != month || len(a.Levels) != len(wifi.Levels()) {
			t.Errorf("%v is of %s, with %d levels", a.Scope, a.Month, len(a.Levels))
		}
		got = append(got, row{a.Scope, a.Sites, a.AtFloor, a.AtGoal, a.Times})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if list := b.Availability(month - 1); len(list) != 0 {
		t.Errorf("before anything was registered there is %v", list)
	}
}

// What is wrong in the register or a reading is named and counted, and stops
// nothing else.
func TestBadInput(t *testing.T) {
	t.Parallel()
	b := book(t, wifi.Options{})
	r := town()
	r.Sites = append(r.Sites, telemetry.Site{ID: "nowhere", Category: telemetry.Office, Required: true})
	r.Devices = append(
		r.Devices,
		telemetry.Device{ID: "ap-1", Kind: telemetry.KindWiFi, Site: "hospital", Interval: time.Minute},
		telemetry.Device{ID: "ap-loose", Kind: telemetry.KindWiFi, Area: "25459"},
		telemetry.Device{ID: "ap-4", Kind: telemetry.KindWiFi, Site: "nowhere"},
		telemetry.Device{ID: "ap-5", Kind: telemetry.KindWiFi, Site: "demolished", Area: "25459"},
	)
	b.Register(noon, r)
	for _, id := range []telemetry.DeviceID{"ap-1", "ap-2", "ap-3", "ap-4", "ap-loose"} {
		b.SetState(noon, id, wifi.Up, time.Time{})
	}
	say := func(id telemetry.DeviceID, fill func(*telemetry.WiFi)) { b.Observe(noon, reading(id, noon, fill)) }
	say("ap-1", func(r *telemetry.WiFi) { r.DownloadMbps = telemetry.Some(45_000.0) })
	say("ap-1", func(r *telemetry.WiFi) { r.DownloadMbps = telemetry.Some(45_000.0) })
	say("ap-1", func(r *telemetry.WiFi) { r.WANLatencyMs = telemetry.Some(0.012) })
	say("ap-2", func(r *telemetry.WiFi) {
		r.Clients, r.Radios = telemetry.Some[int64](3), []telemetry.Radio{{Clients: telemetry.Some[int64](4)}}
	})
	say("stranger", nil)
	elsewhere := reading("ap-3", noon, nil)
	elsewhere.Area = "25459"
	b.Observe(noon, elsewhere)
	province := reading("ap-3", noon, nil)
	province.Area = "80" // a device may say its province only
	b.Observe(noon, province)
	birth := func(lat float64) *telemetry.Reading {
		s := telemetry.NewReading(telemetry.KindStatus)
		s.Device, s.Area, s.Time = "ap-1", "25459", noon
		s.Status.Class, s.Status.State = telemetry.KindWiFi, telemetry.Some(telemetry.StateBirth)
		s.Status.Lat, s.Status.Lon = telemetry.Some(lat), telemetry.Some(106.1)
		return &s
	}
	b.Observe(noon, birth(11.302)) // 222 m is a poor fix
	if facts(t, b, "ap-1").Moved {
		t.Error("222 m are a move")
	}
	b.Observe(noon, birth(11.4)) // 11 km is a move
	b.Observe(noon, birth(11.4))
	want := []wifi.Problem{
		{Kind: "no area", Count: 1, Subjects: []string{"nowhere"}},
		{Kind: "no site", Count: 2, Subjects: []string{"ap-5", "ap-loose"}},
		{Kind: "two sites", Count: 1, Subjects: []string{"ap-1"}},
		{Kind: "moved", Count: 1, Subjects: []string{"ap-1"}},
		{Kind: "another area", Count: 1, Subjects: []string{"ap-3"}},
		{Kind: "units", Count: 3, Subjects: []string{"ap-1 download_mbps", "ap-1 wan_latency_ms"}},
		{Kind: "clients", Count: 1, Subjects: []string{"ap-2 clients"}},
		{Kind: "unregistered", Count: 1},
	}
	if diff := cmp.Diff(want, b.Problems()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f := facts(t, b, "ap-1"); f.Site != "school" || !f.Moved || f.Mbps != -1 {
		t.Errorf("ap-1 is %+v; want it at the school, moved, and without a speed", f)
	}
	if got := verdictOf(t, b, "nowhere"); got != "working" {
		t.Errorf("the site without an area is %q", got)
	}
	for _, target := range b.Targets() {
		if target.Category == telemetry.Office && target.Area != "" {
			t.Errorf("the site without an area counts in %q", target.Area)
		}
	}
	b.Observe(noon, birth(11.3)) // back again
	b.Register(noon, town())
	for _, p := range b.Problems()[:4] {
		if p.Count != 0 || len(p.Subjects) != 0 {
			t.Errorf("after the register was mended: %+v", p)
		}
	}
}

// A device that moves to another site takes its own times along; what each site
// had stays.
func TestMovedInTheRegister(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	run(b, noon, noon.Add(10*time.Minute))
	r := town()
	r.Devices[0].Site = "park"
	b.Register(noon.Add(10*time.Minute), r)
	run(b, b.Now(), noon.Add(30*time.Minute))
	for id, want := range map[telemetry.SiteID]time.Duration{"school": 30 * time.Minute, "park": 20 * time.Minute} {
		if got, _, _ := b.SiteMonth(id, wifi.MonthOf(noon)); got != (wifi.Times{Working: want}) {
			t.Errorf("%s has %+v, want %v of work", id, got, want)
		}
	}
	if got, _ := b.DeviceMonth("ap-1", wifi.MonthOf(noon)); got != (wifi.Times{Working: 30 * time.Minute}) {
		t.Errorf("the access point has %+v", got)
	}
	if got := verdictOf(t, b, "park"); got != "working" {
		t.Errorf("the park is %q", got)
	}
}
