package rules

import (
	"strings"
	"testing"
	"time"

	"phusong/telemetry"
)

// frame returns known values for an access point, its site, area and the service.
func frame() *Frame {
	f := &Frame{}
	wifi := TableOf(ScopeDevice, telemetry.KindWiFi).NewValues()
	r := telemetry.NewReading(telemetry.KindWiFi)
	r.WiFi.Clients = telemetry.Some[int64](12)
	r.WiFi.WANUp = telemetry.Some(true)
	r.WiFi.WANLoss = telemetry.Some(0.25)
	r.WiFi.WANLatencyMs = telemetry.Some(40.0)
	r.WiFi.Radios = []telemetry.Radio{{Utilization: telemetry.Some(0.3)}, {Utilization: telemetry.Some(0.8)}, {}}
	wifi.ObserveReading(&r)
	wifi.SetText(DeviceState, "up")
	wifi.SetText(DeviceKind, "wifi")
	wifi.SetNumber(DeviceCapacity, 30)
	wifi.SetDuration(DeviceInterval, time.Minute)
	wifi.SetInstant(DeviceSince, time.Unix(1000, 0))
	wifi.SetInstant(DeviceLastSeen, time.Unix(1600, 0))
	f.Values[ScopeDevice] = wifi
	site := TableOf(ScopeSite, 0).NewValues()
	site.SetBool(SiteOpen, true)
	site.SetText(SiteVerdict, "working")
	site.SetText(SiteCategory, "school")
	f.Values[ScopeSite] = site
	f.Now = 2000
	return f
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		expr string
		want Truth
	}{
		{`wifi.clients == 12`, True},
		{`wifi.clients > 12`, False},
		{`10 < wifi.clients < 13`, True},
		{`wifi.clients > device.capacity`, False},
		{`wifi.clients / device.capacity >= 0.4`, True},
		{`wifi.clients * 2 + 6 == device.capacity`, True},
		{`-wifi.clients < -11`, True},
		{`wifi.wan_loss > 0.2 and site.open`, True},
		{`wifi.wan_up`, True},
		{`not wifi.wan_up`, False},
		{`!wifi.wan_up || wifi.wan_loss > 0.5`, False},
		{`wifi.utilization == 0.8`, True},
		{`wifi.radios == 3`, True},
		{`wifi.utilization > (firing ? 0.70 : 0.85)`, False},
		{`device.state == "up"`, True},
		{`device.state in ["silent", "offline"]`, False},
		{`device.state not in ["silent", "offline"]`, True},
		{`wifi.clients in [1, 12]`, True},
		{`site.category != "hospital"`, True},
		{`site.reason contains "portal" or site.verdict startsWith "work"`, True},
		{`(site.verdict endsWith "king") == true`, True},
		{`device.interval == duration("1m")`, True},
		{`device.interval * 3 > duration("2m59s")`, True},
		{`device.last_seen - device.since == duration("10m")`, True},
		{`device.since + duration("10m") == device.last_seen`, True},
		{`age(device.last_seen) >= 3 * device.interval`, True},
		{`duration("1h") < age(device.last_seen)`, False},
		{`max(wifi.clients, 3) == 12 and min(wifi.clients, 3, 4) == 3`, True},
		{`site.open and abs(-3) + round(1.6) + floor(1.6) + ceil(1.2) == 8`, True},

		// What is not known.
		{`wifi.download_mbps < 30`, Unknown},
		{`wifi.download_mbps < 30 and wifi.clients == 12`, Unknown},
		{`wifi.clients == 12 and wifi.download_mbps < 30`, Unknown},
		{`wifi.download_mbps < 30 and wifi.clients == 13`, False},
		{`wifi.clients == 13 and wifi.download_mbps < 30`, False},
		{`wifi.download_mbps < 30 or wifi.clients == 12`, True},
		{`wifi.clients == 12 or wifi.download_mbps < 30`, True},
		{`wifi.download_mbps < 30 or wifi.clients == 13`, Unknown},
		{`not (wifi.download_mbps < 30)`, Unknown},
		{`not wifi.portal_ok`, Unknown},
		{`known(wifi.download_mbps)`, False},
		{`known(wifi.wan_loss) and not known(site.reason)`, True},
		{`(wifi.download_mbps ?? 100) > 30`, True},
		{`(wifi.wan_loss ?? 1) == 0.25`, True},
		{`(site.reason ?? "silent") == "silent"`, True},
		{`(wifi.portal_ok ?? true) ? wifi.clients > 1 : wifi.clients > 20`, True},
		{`wifi.portal_ok ? true : true`, Unknown},
		{`site.reason == "silent"`, Unknown},
		{`site.reason in ["silent"]`, Unknown},
		{`site.reason contains "x"`, Unknown},
		{`area.silent_share > 0.5`, Unknown}, // no area at all
		{`max(wifi.download_mbps, 3) > 1`, Unknown},
		{`age(site.since) > duration("1s")`, Unknown},
	} {
		e, err := compileExpression(test.expr, nil)
		if err != nil {
			t.Errorf("%s: %v", test.expr, err)
			continue
		}
		if got, fault := e.ask(frame(), false); got != test.want || fault != NoFault {
			t.Errorf("%s is %v (fault %v), want %v", test.expr, got, fault, test.want)
		}
	}
}

func TestHysteresisByFiring(t *testing.T) {
	t.Parallel()
	e, err := compileExpression(`wifi.utilization > (firing ? 0.70 : 0.85)`, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := frame() // 0.8
	if got, _ := e.ask(f, false); got != False {
		t.Errorf("0.8 raises: %v", got)
	}
	if got, _ := e.ask(f, true); got != True {
		t.Errorf("0.8 clears: %v", got)
	}
}

func TestRefusedExpressions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		expr, want string
		at         int
	}{
		{`wifi.client > 3`, `there is no fact "wifi.client"; do you mean wifi.clients?`, 0},
		{`wifi.clients > 3 and device.stat == "up"`, `do you mean device.state?`, 21},
		{`clients > 3`, "clients needs its group: do you mean wifi.clients?", 0},
		{`temperatur > 3`, "there is no temperatur", 0},
		{`wifi.clients`, "must be true or false", 0},
		{`wifi.clients > "3"`, "a number stands beside a text", 15},
		{`wifi.wan_loss > 5`, "wifi.wan_loss is never 5: it goes from 0 to 1", 16},
		{`0.5 < wifi.clients and -1 > wifi.clients`, "wifi.clients is never -1", 23},
		{`device.state == "slient"`, `device.state is never "slient"; it is one of unknown, up`, 16},
		{`device.state in ["up", "slient"]`, `is never "slient"`, 23},
		{`wifi.wan_latency_ms > wifi.download_mbps`, "the units differ: ms and Mbit/s", 22},
		{`wifi.clients + wifi.wan_latency_ms > 3`, "the units differ: a plain number and ms", 15},
		{`device.interval > 300`, `write it as duration("5m")`, 18},
		{`device.interval > duration("5 minutes")`, "is not a duration", 27},
		{`device.since > 5`, "an instant stands beside a number", 15},
		{`wifi.clients > mobile.download_mbps`, "no device is both", 15},
		{`site.open and device.state == "up" and zone.cells > 1`, "cannot use zone.cells", 39},
		{`wifi.clients / 0 > 1`, "divides by zero", 15},
		{`wifi.wan_up > true`, "cannot be ordered", 0},
		{`device.state < "up"`, "cannot be ordered", 0},
		{`wifi.clients ? true : false`, "before ? stands", 0},
		{`not wifi.clients`, "not needs what is true or false", 4},
		{`wifi.clients and true`, "stands beside", 17},
		{`wifi.clients matches "x"`, "not part of the language", 21},
		{`wifi.clients % 2 == 0`, "operator % is not part", 15},
		{`wifi.clients ** 2 > 3`, "operator ** is not part", 16},
		{`any([1,2], # > 1)`, "there is no function any", 0},
		{`now() > device.since`, "there is no function now", 0},
		{`let x = 1; x > 0`, "let is not part of the language", 4},
		{`let x = wifi.clients; x > 0`, "let is not part of the language", 4},
		{`wifi?.clients > 1`, "a fact is written as", 0},
		{`wifi.clients == nil`, "nil (use known(x) or ??)", 16},
		{`true`, "uses no fact", 0},
		{`wifi.clients > `, "unexpected token EOF", 14},
		{`wifi.clients > 3)`, "unexpected token", 16},
		{`age(wifi.clients) > duration("1m")`, "age needs an instant", 4},
		{`age(device.since) == duration("1m")`, "age(x) is compared with a duration", 0},
		{`age(device.since) + duration("1m") > duration("1m")`, "age(x) can only be compared", 0},
		{`device.since * 2 > device.since`, "* needs numbers", 0},
		{`device.since + device.since == device.since`, "+ cannot stand between", 15},
		{`known(1, 2)`, "known takes one fact", 0},
		{`known(wifi.clients, 2)`, "known takes one fact", 0},
		{`abs(device.state) > 1`, "abs needs a number", 4},
		{`max(wifi.clients, wifi.wan_latency_ms) > 1`, "the units differ", 18},
		{`wifi.clients in 1..20`, "after in stands a list", 16},
		{`wifi.clients in [device.capacity]`, "fixed texts or numbers only", 17},
		{``, "is empty", 0},
		{strings.Repeat("1+", 300) + "wifi.clients > 1", "exceeds maximum allowed nodes", -1},
		{strings.Repeat(" ", maxExpression) + "wifi.wan_up", "split the rule", 0},
	} {
		_, err := compileExpression(test.expr, nil)
		e, ok := err.(*exprError) //nolint:errorlint // it is never wrapped here
		switch {
		case !ok:
			t.Errorf("%s: error %v", test.expr, err)
		case !strings.Contains(e.message, test.want):
			t.Errorf("%s:\nwant %s\n got %s", test.expr, test.want, e.message)
		case test.at >= 0 && e.at != test.at:
			t.Errorf("%s: fault at %d, want %d (%s)", test.expr, e.at, test.at, e.message)
		}
	}
}

func TestFaultsAreToldAndUnknown(t *testing.T) {
	t.Parallel()
	f := frame()
	f.Values[ScopeDevice].SetNumber(DeviceCapacity, 0)
	f.Values[ScopeSite].SetNumber(SiteClients, 1e308)
	for _, test := range []struct {
		expr  string
		want  Truth
		fault Fault
	}{
		{`wifi.clients / device.capacity > 1`, Unknown, DivisionByZero},
		{`wifi.clients / device.capacity > 1 or wifi.clients == 12`, True, DivisionByZero},
		{`wifi.clients == 13 and wifi.clients / device.capacity > 1`, False, NoFault},
		{`site.clients * 10 > 1`, Unknown, NotANumber},
		{`site.clients + site.clients > 1`, Unknown, NotANumber},
		{`wifi.download_mbps / device.capacity > 1`, Unknown, NoFault}, // it was not known before
	} {
		e, err := compileExpression(test.expr, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, fault := e.ask(f, false); got != test.want || fault != test.fault {
			t.Errorf("%s is %v with fault %v, want %v with %v", test.expr, got, fault, test.want, test.fault)
		}
	}
}

func TestScopeIsInferred(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		expr  string
		scope Scope
		kind  telemetry.Kind
	}{
		{`wifi.clients == 0 and site.open`, ScopeDevice, telemetry.KindWiFi},
		{`device.state == "silent"`, ScopeDevice, 0},
		{`site.verdict == "failed" and area.silent_share < 0.5`, ScopeSite, 0},
		{`area.mass_silence`, ScopeArea, 0},
		{`operator.down_share > 0.5 and area.code startsWith "80"`, ScopeOperator, 0},
		{`zone.verdict == "dead"`, ScopeZone, 0},
		{`service.lag > duration("1m")`, ScopeService, 0},
		{`environment.aqi > 150 and not service.rules_broken`, ScopeDevice, telemetry.KindEnvironment},
	} {
		e, err := compileExpression(test.expr, nil)
		if err != nil {
			t.Errorf("%s: %v", test.expr, err)
			continue
		}
		if e.scope != test.scope || e.kind != test.kind {
			t.Errorf("%s: scope %v, kind %v", test.expr, e.scope, e.kind)
		}
	}
}
