package wifi_test

import (
	"strings"
	"testing"
	"time"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

func TestSiteVerdict(t *testing.T) {
	t.Parallel()
	say := func(id telemetry.DeviceID, fill func(*telemetry.WiFi)) func(*wifi.Book) {
		return func(b *wifi.Book) { b.Observe(noon, reading(id, noon, fill)) }
	}
	is := func(id telemetry.DeviceID, s wifi.State) func(*wifi.Book) {
		return func(b *wifi.Book) { b.SetState(noon, id, s, time.Time{}) }
	}
	noWAN := func(r *telemetry.WiFi) { r.WANUp = telemetry.Some(false) }
	noPortal := func(r *telemetry.WiFi) { r.PortalOK = telemetry.Some(false) }
	noLogin := func(r *telemetry.WiFi) { r.PortalOK, r.AuthOK = telemetry.Some(true), telemetry.Some(false) }
	lossy := func(r *telemetry.WiFi) { r.WANLoss = telemetry.Some(0.05) }
	laggy := func(r *telemetry.WiFi) { r.WANLatencyMs = telemetry.Some(400.0) }
	well := func(r *telemetry.WiFi) {
		r.WANUp, r.PortalOK, r.AuthOK, r.WANLoss, r.WANLatencyMs = telemetry.Some(true), telemetry.Some(true), telemetry.Some(true), telemetry.Some(0.049), telemetry.Some(399.0)
	}
	for _, test := range []struct {
		name string
		do   []func(*wifi.Book)
		want string
	}{
		{"both up", nil, "working"},
		{"both say that all is well", []func(*wifi.Book){say("ap-1", well), say("ap-2", well)}, "working"},
		{"one silent", []func(*wifi.Book){is("ap-1", wifi.Silent)}, "partly: silent"},
		{"one offline", []func(*wifi.Book){is("ap-1", wifi.Offline)}, "partly: offline"},
		{"one never heard", []func(*wifi.Book){is("ap-1", wifi.NeverSeen)}, "partly: not yet heard"},
		{"one that we could not hear", []func(*wifi.Book){is("ap-1", wifi.Blind)}, "working"},
		{"one under maintenance", []func(*wifi.Book){is("ap-1", wifi.Maintenance)}, "working"},
		{"both silent", []func(*wifi.Book){is("ap-1", wifi.Silent), is("ap-2", wifi.Silent)}, "no service: silent"},
		{"one silent, one offline", []func(*wifi.Book){is("ap-1", wifi.Silent), is("ap-2", wifi.Offline)}, "no service: silent"},
		{"one silent, one never heard", []func(*wifi.Book){is("ap-1", wifi.Silent), is("ap-2", wifi.NeverSeen)}, "no service: silent"},
		{"one silent, one that we could not hear", []func(*wifi.Book){is("ap-1", wifi.Silent), is("ap-2", wifi.Blind)}, "unknown: not hearing"},
		{"none ever heard", []func(*wifi.Book){is("ap-1", wifi.NeverSeen), is("ap-2", wifi.NeverSeen)}, "unknown: not yet heard"},
		{"we were deaf", []func(*wifi.Book){is("ap-1", wifi.Blind), is("ap-2", wifi.Blind)}, "unknown: not hearing"},
		{"all under maintenance", []func(*wifi.Book){is("ap-1", wifi.Maintenance), is("ap-2", wifi.Maintenance)}, "unknown: maintenance"},
		{"maintenance beside silence", []func(*wifi.Book){is("ap-1", wifi.Maintenance), is("ap-2", wifi.Silent)}, "no service: silent"},
		{"uplinks down", []func(*wifi.Book){say("ap-1", noWAN), say("ap-2", noWAN)}, "no service: uplink down"},
		{"one uplink down", []func(*wifi.Book){say("ap-1", noWAN)}, "partly: uplink down"},
		{"portal down", []func(*wifi.Book){say("ap-1", noPortal), say("ap-2", noPortal)}, "failed: portal down"},
		{"portal down, one silent", []func(*wifi.Book){say("ap-1", noPortal), is("ap-2", wifi.Silent)}, "failed: portal down"},
		{"login fails", []func(*wifi.Book){say("ap-1", noLogin), say("ap-2", noLogin)}, "failed: login fails"},
		{"login fails at one", []func(*wifi.Book){say("ap-1", noLogin)}, "partly: login fails"},
		{"lossy", []func(*wifi.Book){say("ap-1", lossy), say("ap-2", lossy)}, "partly: uplink lossy"},
		{"laggy", []func(*wifi.Book){say("ap-1", laggy), say("ap-2", laggy)}, "partly: uplink laggy"},
		{"back after silence, what was said before is forgotten", []func(*wifi.Book){say("ap-1", noPortal), is("ap-1", wifi.Silent), is("ap-1", wifi.Up)}, "working"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := inTown(t, wifi.Options{}, noon.Add(-time.Minute))
			for _, do := range test.do {
				do(b)
			}
			if got := verdictOf(t, b, "school"); got != test.want {
				t.Errorf("the school is %q, want %q", got, test.want)
			}
			if got := verdictOf(t, b, "hospital"); got != "working" {
				t.Errorf("the hospital, of which nothing was said, is %q", got)
			}
			if got := verdictOf(t, b, "park"); got != "no service: no access point" {
				t.Errorf("the park, where nothing is, is %q", got)
			}
		})
	}
}

// A site changes at once and says so; what is no news is no change.
func TestChanges(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	at := noon.Add(time.Minute)
	if got, want := b.SetState(at, "ap-1", wifi.Silent, time.Time{}), (wifi.Changes{Device: true, Site: "school", Verdict: true}); got != want {
		t.Errorf("the first falls silent: %+v, want %+v", got, want)
	}
	if got := b.SetState(at, "ap-1", wifi.Silent, time.Time{}); got != (wifi.Changes{}) {
		t.Errorf("it is still silent: %+v, want nothing", got)
	}
	if got, want := b.Observe(at, reading("ap-2", at, nil)), (wifi.Changes{Device: true, Site: "school"}); got != want {
		t.Errorf("the other speaks: %+v, want %+v", got, want)
	}
	for name, got := range map[string]wifi.Changes{
		"a stranger speaks":        b.Observe(at, reading("stranger", at, nil)),
		"a stranger falls silent":  b.SetState(at, "stranger", wifi.Silent, time.Time{}),
		"a sensor speaks":          b.Observe(at, &telemetry.Reading{Kind: telemetry.KindEnvironment, Device: "pm-1", Environment: &telemetry.Environment{}}),
		"an access point retires":  b.SetState(at, "ap-2", wifi.Retired, time.Time{}),
		"a state that there isn't": b.SetState(at, "ap-2", wifi.State(200), time.Time{}),
	} {
		if got != (wifi.Changes{}) {
			t.Errorf("%s: %+v, want nothing", name, got)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, v := range wifi.Verdicts() {
		if v.String() == "?" || v.Vietnamese() == "?" || v.Vietnamese() == v.String() {
			t.Errorf("verdict %d is %q and %q", v, v, v.Vietnamese())
		}
	}
	if wifi.Verdict(99).String() != "?" || wifi.Reason(99).Vietnamese() != "?" {
		t.Error("what there isn't has a name")
	}
	var none int
	for r := wifi.NoReason; r.String() != "?"; r++ {
		if (r.String() == "") != (r.Vietnamese() == "") {
			t.Errorf("reason %d is %q and %q", r, r, r.Vietnamese())
		}
		none++
	}
	if none != 12 {
		t.Errorf("%d reasons have words, want 12", none)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		o    wifi.Options
		want string
	}{
		{wifi.Options{OverloadRaise: 1.2}, "OverloadRaise is 1.2"},
		{wifi.Options{OverloadRaise: 0.6}, "OverloadClear 0.7 is above"},
		{wifi.Options{LossRaise: 0.01}, "LossClear 0.02 is above"},
		{wifi.Options{LatencyClear: time.Second}, "LatencyClear 1s is above"},
		{wifi.Options{SpeedFor: -1}, "SpeedFor is -1ns"},
		{wifi.Options{Precision: 18}, "Precision is 18"},
		{wifi.Options{MinMbps: -1}, "MinMbps is -1"},
	} {
		if _, err := wifi.New(test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want one with %q", err, test.want)
		}
	}
}
