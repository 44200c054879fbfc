package wifi_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

func facts(t testing.TB, b *wifi.Book, id telemetry.DeviceID) wifi.Facts {
	t.Helper()
	f, ok := b.Facts(id)
	if !ok {
		t.Fatalf("%s is not registered", id)
	}
	return f
}

func TestOverload(t *testing.T) {
	t.Parallel()
	type step struct {
		air     float64 // of the busier radio; negative: not said
		clients int64
		want    bool
	}
	for name, steps := range map[string][]step{
		"air time": {{0.84, 0, false}, {0.85, 0, true}, {0.71, 0, true}, {0.70, 0, false}, {0.84, 0, false}},
		// The capacity is 50, and 50 × 0.70/0.85 is 41.2.
		"clients":               {{-1, 50, false}, {-1, 51, true}, {-1, 42, true}, {-1, 41, false}},
		"one holds the other":   {{0.9, 51, true}, {0.1, 51, true}, {0.9, 10, true}, {0.1, 10, false}},
		"clients raise, not 42": {{0.1, 42, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := inTown(t, wifi.Options{}, noon)
			for i, s := range steps {
				at := noon.Add(time.Duration(i+1) * time.Minute)
				b.Observe(at, reading("ap-1", at, func(r *telemetry.WiFi) {
					r.Clients = telemetry.Some(s.clients)
					if s.air >= 0 {
						r.Radios = []telemetry.Radio{{Utilization: telemetry.Some(0.05)}, {Utilization: telemetry.Some(s.air)}}
					}
				}))
				if got := facts(t, b, "ap-1").Overloaded; got != s.want {
					t.Errorf("step %d: overloaded is %v, want %v", i+1, got, s.want)
				}
			}
		})
	}
}

func TestSpeed(t *testing.T) {
	t.Parallel()
	type test struct {
		after time.Duration
		mbps  float64
	}
	for _, tt := range []struct {
		name  string
		tests []test
		mbps  float64
		slow  bool
	}{
		{"none", nil, -1, false},
		{"one alone proves nothing", []test{{0, 5}}, 5, false},
		{"two: the better", []test{{0, 5}, {time.Hour, 40}}, 40, false},
		{"two slow", []test{{0, 5}, {time.Hour, 29.9}}, 29.9, true},
		{"exactly enough", []test{{0, 30}, {time.Hour, 30}}, 30, false},
		{"median of three", []test{{0, 50}, {time.Hour, 10}, {2 * time.Hour, 29}}, 29, true},
		{"the last three", []test{{0, 10}, {time.Hour, 10}, {2 * time.Hour, 50}, {3 * time.Hour, 60}}, 50, false},
		{"old ones do not count", []test{{0, 10}, {time.Hour, 10}, {8 * time.Hour, 20}}, 20, false},
		{"kbit/s are not Mbit/s", []test{{0, 45_000}}, -1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := inTown(t, wifi.Options{}, noon)
			for _, s := range tt.tests {
				at := noon.Add(s.after)
				b.Observe(at, reading("ap-1", at, func(r *telemetry.WiFi) { r.DownloadMbps = telemetry.Some(s.mbps) }))
			}
			if f := facts(t, b, "ap-1"); f.Mbps != tt.mbps || f.Slow != tt.slow {
				t.Errorf("%v Mbit/s, slow is %v; want %v, %v", f.Mbps, f.Slow, tt.mbps, tt.slow)
			}
		})
	}
}

// What is late, from the broker's memory or out of order says nothing of now.
func TestOnlyTheLivePresentIsLive(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*telemetry.Reading){
		"late":         func(r *telemetry.Reading) { r.Flags = telemetry.FlagLate },
		"retained":     func(r *telemetry.Reading) { r.Flags = telemetry.FlagRetained },
		"out of order": func(r *telemetry.Reading) { r.Time = noon.Add(-time.Minute) },
		"a backlog":    func(r *telemetry.Reading) { r.Time = noon.Add(-5 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := inTown(t, wifi.Options{}, noon)
			b.Observe(noon, reading("ap-1", noon, func(r *telemetry.WiFi) { r.Clients = telemetry.Some[int64](7) }))
			before := facts(t, b, "ap-1")
			bad := reading("ap-1", noon, func(r *telemetry.WiFi) {
				r.Clients, r.PortalOK, r.WANUp = telemetry.Some[int64](99), telemetry.Some(false), telemetry.Some(false)
			})
			spoil(bad)
			if got := b.Observe(noon, bad); got != (wifi.Changes{}) {
				t.Errorf("it changed %+v", got)
			}
			if diff := cmp.Diff(before, facts(t, b, "ap-1")); diff != "" {
				t.Errorf("facts (-before +after):\n%s", diff)
			}
		})
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon) // a Tuesday
	b.Observe(noon, reading("ap-2", noon, func(r *telemetry.WiFi) { r.Clients = telemetry.Some[int64](12) }))
	b.Observe(noon, reading("ap-3", noon, func(r *telemetry.WiFi) { r.Clients = telemetry.Some[int64](5) }))
	b.Observe(noon, reading("ap-1", noon, func(r *telemetry.WiFi) {
		r.Clients, r.WANLoss, r.WANLatencyMs, r.AuthFailed = telemetry.Some[int64](0), telemetry.Some(0.01), telemetry.Some(8.5), telemetry.Some[int64](3)
		r.Radios = []telemetry.Radio{{Utilization: telemetry.Some(0.3)}}
	}))
	want := wifi.Facts{
		Device: "ap-1", Site: "school", Area: "25459", Category: telemetry.School, State: wifi.Up, Verdict: wifi.Working, Open: true,
		Clients: 0, Capacity: 50, Utilization: 0.3, Mbps: -1, Loss: 0.01, LatencyMs: 8.5, LoginFailed: 3, LastReading: noon.UTC(),
		SiteVerdict: wifi.Working, Neighbours: 2, NeighbourUser: 17, // of the same school, and of the hospital 155 m away
	}
	if diff := cmp.Diff(want, facts(t, b, "ap-1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Advance(noon.Add(6 * time.Hour))
	if facts(t, b, "ap-1").Open {
		t.Error("the school is open at 18:00")
	}
	b.SetState(noon.Add(6*time.Hour), "ap-2", wifi.Silent, time.Time{})
	if f := facts(t, b, "ap-1"); f.Neighbours != 1 || f.NeighbourUser != 5 {
		t.Errorf("%d neighbours with %d users, want the hospital's 1 with 5", f.Neighbours, f.NeighbourUser)
	}
	if f := facts(t, b, "ap-2"); f.Clients != -1 || !f.LastReading.IsZero() {
		t.Errorf("the silent one has %d clients and spoke at %v; want what it said to be forgotten", f.Clients, f.LastReading)
	}
	site, _ := b.SiteFacts("school")
	if site.Points != 2 || site.Working != 1 || site.NoService != 1 || site.Clients != 0 || site.Name != "Trường THCS" {
		t.Errorf("the school is %+v", site)
	}
	if n := len(b.Sites()); n != 3 {
		t.Errorf("%d sites, want 3", n)
	}
}

// One user for one minute is one user minute; a level counts only where it was
// measured.
func TestServiceLevels(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	say := func(minute int, fill func(*telemetry.WiFi)) {
		at := noon.Add(time.Duration(minute) * time.Minute)
		b.Observe(at, reading("ap-1", at, fill))
	}
	clients := func(n int64, more func(*telemetry.WiFi)) func(*telemetry.WiFi) {
		return func(r *telemetry.WiFi) {
			r.Clients = telemetry.Some(n)
			if more != nil {
				more(r)
			}
		}
	}
	say(0, clients(10, func(r *telemetry.WiFi) { // for a minute, with nothing measured but the portal
		r.PortalOK = telemetry.Some(true)
	}))
	say(1, clients(20, func(r *telemetry.WiFi) { // for two: slow, noisy for a quarter, nobody gets in
		r.PortalOK, r.DownloadMbps = telemetry.Some(false), telemetry.Some(12.0)
		r.Radios = []telemetry.Radio{
			{NoiseDBm: telemetry.Some(-65.0), Clients: telemetry.Some[int64](5), Utilization: telemetry.Some(0.9)},
			{NoiseDBm: telemetry.Some(-92.0), Clients: telemetry.Some[int64](15), Utilization: telemetry.Some(0.2)},
		}
	}))
	say(3, clients(0, nil)) // for ten, without users
	say(13, clients(30, func(r *telemetry.WiFi) {
		r.PortalOK, r.DownloadMbps = telemetry.Some(true), telemetry.Some(80.0)
		r.Radios = []telemetry.Radio{{NoiseDBm: telemetry.Some(-92.0), Utilization: telemetry.Some(0.2)}}
	}))
	say(60, clients(0, nil)) // of the 47 minutes only three intervals are believed
	_, got, _ := b.SiteMonth("school", wifi.MonthOf(noon))
	const all = 10 + 2*20 + 3*30
	want := []wifi.ServiceLevel{
		{Level: wifi.Coverage, Users: all, Measured: 40 + 90, Met: 30 + 90},
		{Level: wifi.Throughput, Users: all, Measured: 40 + 90, Met: 90},
		{Level: wifi.Connect, Users: all, Measured: all, Met: 10 + 90},
		{Level: wifi.Capacity, Users: all, Measured: 40 + 90, Met: 90},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if share, ok := got[0].Share(); !ok || fmt.Sprintf("%.4f", share) != "0.9231" {
		t.Errorf("coverage is %v, %v", share, ok)
	}
	if _, ok := (wifi.ServiceLevel{}).Share(); ok {
		t.Error("nothing measured has a share")
	}
}
