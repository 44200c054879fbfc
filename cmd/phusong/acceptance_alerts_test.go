package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

// The acceptance tests of the project's field study that concern alerts, through
// Mosquitto, the service with its Alertmanager, and a web hook. Devices speak once a
// second; docs/ALERTS.md says which test proves what.

// A ward is a town with access points that speak and a web hook that people hear by.
type ward struct {
	*town
	*district
	hook *testbed.HTTPSink
}

// wardRules are judged beside the shipped ones of presence and of the service: their
// alarms have no `for`, so that a reading that must not raise one would be seen to.
const wardRules = `groups: [{name: ward, rules: [
	{alert: PortalDown, expr: not wifi.portal_ok, labels: {severity: warning}, annotations: {summary: {vi: x, en: x}, next_step: {vi: x, en: x}}},
	{alert: Dust, expr: environment.pm25_ugm3 > 100, labels: {severity: warning}, annotations: {summary: {vi: x, en: x}, next_step: {vi: x, en: x}}},
	{alert: Frost, expr: environment.temperature_c < -50, labels: {severity: warning}, annotations: {summary: {vi: x, en: x}, next_step: {vi: x, en: x}}},
	{alert: Flagged, expr: environment.flag == "sentinel", labels: {severity: info}, annotations: {summary: {vi: x, en: x}, next_step: {vi: x, en: x}}}]}]`

// wardPoints is how many access points a ward has, at four sites.
const wardPoints = 12

// newWard starts everything and returns when all access points are up.
func newWard(t *testing.T, o townOptions) *ward {
	t.Helper()
	w := &ward{town: newTown(t, o), hook: testbed.StartHTTPSink(t)}
	w.district = newDistrict(t, w.broker.URL())
	maps.Copy(w.keys, w.registry(map[string]int{"a": 3, "b": 3, "c": 3, "d": 3}))
	devices := w.keys["registry.devices"].(string)
	text, err := os.ReadFile(devices)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	rules, manager := filepath.Join(dir, "rules.yml"), filepath.Join(dir, "alertmanager.yml")
	for name, text := range map[string]string{
		devices: string(text) + "sensor-1,environment,,25459,1s\n", rules: wardRules,
		manager: fmt.Sprintf(`
route:
  receiver: people
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes: [{receiver: nobody, matchers: [alertname="Watchdog"]}]
inhibit_rules: [{source_matchers: [alertname="FleetSilent"], target_matchers: [alertname="BrokerAway"]}] # as in deploy
receivers: [{name: nobody}, {name: people, webhook_configs: [{url: %q, send_resolved: true}]}]
`, w.hook.URL()),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shipped := filepath.Join(testbed.Root(t), "deploy", "rules")
	w.keys["alerts.rules"] = []string{filepath.Join(shipped, "presence.yml"), filepath.Join(shipped, "service.yml"), rules}
	w.keys["alerts.alertmanager.config_file"] = manager
	w.configure()
	w.start()
	w.speak()
	w.awaitExactly(`phusong_devices{kind="wifi",state="up"}`, wardPoints)
	return w
}

// A page is one alert of one message to people.
type page struct {
	Status, Name, Device string
	Starts               time.Time
}

func (p page) String() string { return strings.TrimSuffix(p.Status+" "+p.Name+" "+p.Device, " ") }

// pages returns what people have been told, in order.
func (w *ward) pages() (all []page) {
	w.town.t.Helper()
	for _, request := range w.hook.All() {
		var message struct {
			Alerts []struct {
				Status   string
				Labels   map[string]string
				StartsAt time.Time
			}
		}
		if err := json.Unmarshal(request.Body, &message); err != nil {
			w.town.t.Fatalf("the web hook got %s: %v", request.Body, err)
		}
		for _, a := range message.Alerts {
			all = append(all, page{a.Status, a.Labels["alertname"], a.Labels["device"], a.StartsAt})
		}
	}
	return all
}

// awaitPage waits until people have been told something for the n-th time.
func (w *ward) awaitPage(want string, n int) page {
	w.town.t.Helper()
	var found page
	testbed.Eventually(w.town.t, testbed.Patience, func() error {
		times := 0
		for _, p := range w.pages() {
			if p.String() == want {
				if times++; times == n {
					found = p
					return nil
				}
			}
		}
		return fmt.Errorf("%d times %q, want %d; people were told %v", times, want, n, w.pages())
	})
	return found
}

// heard returns an error as long as people have not been told something.
func (w *ward) heard(what string) error {
	for _, p := range w.pages() {
		if p.String() == what {
			return nil
		}
	}
	return fmt.Errorf("%q was not told; people were told %v", what, w.pages())
}

// mustHaveTold proves what people have been told of devices, and nothing else. What
// would still be under way is awaited by one more alert behind it, the one of a portal;
// a silence is told half a minute after its device, so who fears one awaits one.
func (w *ward) mustHaveTold(want ...string) {
	w.town.t.Helper()
	const last = "d-2"
	w.tell("wifi", last, `{"time": %d, "portal_ok": false}`, time.Now().UnixMilli())
	w.awaitPage("firing PortalDown "+last, 1)
	want = append(want, "firing PortalDown "+last)
	var got, service []string
	for _, p := range w.pages() {
		if p.Device == "" {
			service = append(service, p.String())
			continue
		}
		if p.String() == "resolved PortalDown "+last {
			continue // it speaks once a second, and all is well with it
		}
		got = append(got, p.String())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.town.t.Errorf("people were told of devices\n  %q, want\n  %q", got, want)
	}
	w.town.t.Logf("beside the devices people were told %q", service)
}

// voice lets an access point speak or fall silent. On return nothing of a silent one is
// under way.
func (w *ward) voice(id string, speaks bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.points[id] = speaks
}

// tell sends a reading of a device that the test speaks for, and returns when it was
// about to be sent.
func (w *ward) tell(kind, id, format string, args ...any) time.Time {
	w.town.t.Helper()
	at := time.Now()
	err := w.link.Publish(w.town.t.Context(), mqtt.Message{
		Topic: "phusong/v1/25459/" + kind + "/" + id + "/telemetry", QoS: mqtt.AtLeastOnce, Payload: fmt.Appendf(nil, format, args...),
	})
	if err != nil {
		w.town.t.Fatal(err)
	}
	return at
}

// hear returns after the access points have sent another n messages, whoever takes them:
// it is how time passes here.
func (w *ward) hear(n int) {
	w.town.t.Helper()
	p := testbed.Run(w.town.t, testbed.Command{
		Path: testbed.Require(w.town.t, "mosquitto_sub"),
		Args: []string{"-p", strconv.Itoa(w.broker.Port()), "-t", "phusong/v1/+/wifi/+/telemetry", "-C", strconv.Itoa(n)},
	})
	if code := p.Wait(); code != 0 {
		w.town.t.Fatalf("mosquitto_sub ended with %d", code)
	}
}

// The store is away under load, the service restarts in the middle, devices bring what
// they kept: nothing is lost, and nobody is called for what is long past.
func TestAcceptance01StoreAwayRaisesNothing(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	w := newWard(t, townOptions{Influx: true})
	w.awaitAtLeast("phusong_readings_stored_total", wardPoints)
	w.influx.Stop()
	w.awaitAtLeast("phusong_readings_waiting", 5*wardPoints)
	w.stop()
	w.hear(5 * wardPoints)
	w.start()
	w.awaitAtLeast("phusong_readings_waiting", 10*wardPoints)
	for i := range 60 { // a minute for each second of an hour ago, all of it bad
		w.tell("wifi", "a-0", `{"time": %d, "portal_ok": false}`, time.Now().Add(-2*time.Hour+time.Duration(i)*time.Minute).UnixMilli())
	}
	w.influx.Start()
	w.awaitAtLeast("phusong_readings_stored_total", 10*wardPoints+60)
	w.awaitExactly("phusong_ledger_difference_readings", 0)
	w.awaitExactly(`phusong_devices{kind="wifi",state="up"}`, wardPoints)
	w.voice("d-1", false) // silences that begin with the return of the store would be told before this one
	w.awaitPage("firing AccessPointSilent d-1", 1)
	w.mustHaveTold("firing AccessPointSilent d-1")
	w.mustBalance()
	w.stop()
	if late := w.influx.Query("town", `SELECT count(portal_ok) FROM wifi WHERE device = 'a-0' AND portal_ok = false`); len(late) != 1 || fmt.Sprint(late[0][1]) != "60" {
		t.Errorf("the store has %v of the 60 late readings", late)
	}
}

// One device stops: one alert, after its own interval and not before; it returns: one
// end, and all is well. What happens in the very instant of the timer is in the tests of
// package alerts, where instants can be chosen.
func TestAcceptance03OneDeviceOneAlert(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	w := newWard(t, townOptions{})
	w.voice("b-1", false)
	last := w.tell("wifi", "b-1", `{"time": %d, "portal_ok": true}`, time.Now().UnixMilli())
	told := w.awaitPage("firing AccessPointSilent b-1", 1)
	if silent := told.Starts.Sub(last); silent < 3*districtInterval {
		t.Errorf("told %s after the last reading; three intervals are %s", silent, 3*districtInterval)
	}
	w.awaitExactly(`phusong_devices{kind="wifi",state="silent"}`, 1)
	w.voice("b-1", true)
	w.awaitPage("resolved AccessPointSilent b-1", 1)
	w.awaitExactly(`phusong_devices{kind="wifi",state="up"}`, wardPoints)
	w.mustHaveTold("firing AccessPointSilent b-1", "resolved AccessPointSilent b-1")
}

// We end, and the devices go on: nobody is called for a device that only we did not
// hear, and somebody is for the one that died meanwhile.
func TestAcceptance05OurOwnOutageAccusesNoDevice(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	for _, test := range []struct {
		name    string
		end     func(*ward)
		seconds int
	}{
		{"stopped for longer than a pause", func(w *ward) { w.stop() }, 20},
		{"killed and back at once", func(w *ward) { w.process.Kill() }, 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWard(t, townOptions{})
			test.end(w)
			w.voice("c-1", false)
			w.hear(test.seconds * (wardPoints - 1))
			w.start()
			w.awaitPage("firing AccessPointSilent c-1", 1)
			w.awaitExactly(`phusong_devices{kind="wifi",state="up"}`, wardPoints-1)
			w.mustHaveTold("firing AccessPointSilent c-1")
		})
	}
}

// A clock two hours ahead and one in 1970: the readings are stored and flagged, their
// devices are alive while they speak, and neither clock makes one that has stopped look
// alive.
func TestAcceptance06WrongClockIsNotFresh(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	w := newWard(t, townOptions{})
	clocks := map[string]func() int64{
		"a-1": func() int64 { return time.Now().Add(2 * time.Hour).UnixMilli() },
		"b-1": func() int64 { return time.Now().UnixMilli() % 100_000 },
	}
	last := make(map[string]time.Time)
	for id := range clocks {
		w.voice(id, false)
	}
	const silent = `phusong_devices{kind="wifi",state="silent"}`
	w.awaitExactly(silent, 2)
	sent := 0.0
	testbed.Eventually(t, testbed.Patience, func() error {
		sent++
		for id, clock := range clocks {
			last[id] = w.tell("wifi", id, `{"time": %d, "seq": %v, "portal_ok": true}`, clock(), sent)
		}
		n, err := w.metric(silent)
		if err == nil && n > 0 {
			err = fmt.Errorf("%v devices are silent, though they speak", n)
		}
		return err
	})
	w.awaitExactly(silent, 2)
	for id := range clocks {
		told := w.awaitPage("firing AccessPointSilent "+id, 1)
		if after := told.Starts.Sub(last[id]); after < 3*districtInterval {
			t.Errorf("%s: told %s after the last reading", id, after)
		}
	}
	for _, flag := range []string{"clock_ahead", "clock_behind"} {
		w.awaitExactly(fmt.Sprintf(`phusong_readings_flagged_total{flag=%q}`, flag), sent)
	}
	w.mustHaveTold("firing AccessPointSilent a-1", "firing AccessPointSilent b-1")
	w.mustBalance()
}

// A sensor says −999: it is flagged, raises no alarm and ends none, and the store has
// what it said. The sensor that is stuck for days is in TestAcceptance10StuckForThreeDays.
func TestAcceptance10SentinelIsNoMeasurement(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	w := newWard(t, townOptions{})
	say := func(pm25, temperature float64) {
		w.tell("environment", "sensor-1", `{"time": %d, "pm25_ugm3": %v, "temperature_c": %v}`, time.Now().UnixMilli(), pm25, temperature)
	}
	say(20, 30)
	w.awaitExactly(`phusong_devices{kind="environment",state="up"}`, 1)
	testbed.Eventually(t, testbed.Patience, func() error {
		say(-999, -999)
		return w.heard("firing Flagged sensor-1")
	})
	for _, p := range w.pages() {
		if p.Name == "Dust" || p.Name == "Frost" {
			t.Errorf("an alarm by a value that is none: %s", p)
		}
	}
	w.mustBalance()
	var kept int
	query := "SELECT count(*) FROM environment WHERE device = 'sensor-1' AND pm25_ugm3 = -999 AND temperature_c = -999"
	if err := w.store.(*file).db.QueryRowContext(t.Context(), query).Scan(&kept); err != nil || kept == 0 {
		t.Errorf("the store has %d readings of −999 (%v)", kept, err)
	}
}

// An acknowledged alert is told again when the acknowledgement runs out, and not before.
func TestAcceptance12AcknowledgementExpiresAndIsToldAgain(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	w := newWard(t, townOptions{})
	w.voice("b-2", false)
	w.awaitPage("firing AccessPointSilent b-2", 1)
	_, list := w.tool("alerts", "list")
	var id string
	for line := range strings.Lines(list) {
		if strings.Contains(line, "AccessPointSilent") {
			id = strings.Fields(line)[0]
		}
	}
	const hand = 4 * time.Second
	from := time.Now()
	if code, output := w.tool("alerts", "ack", id, "--for", hand.String(), "--who", "lan"); code != 0 {
		t.Fatalf("alerts ack %q ended with %d:\n%s%s", id, code, output, list)
	}
	w.awaitPage("firing AccessPointSilent b-2", 2)
	if told := time.Since(from); told < hand {
		t.Errorf("told again %s after it was acknowledged for %s", told, hand)
	}
	w.voice("b-2", true)
	w.awaitPage("resolved AccessPointSilent b-2", 1)
	w.mustHaveTold("firing AccessPointSilent b-2", "firing AccessPointSilent b-2", "resolved AccessPointSilent b-2")
}
