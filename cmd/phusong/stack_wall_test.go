package main_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
	"phusong/simulator"
)

// wall is the stack of docker-compose.yml with the real programs on loopback, from
// the same configuration files: Mosquitto with TLS and an ACL, InfluxDB, the
// service, Prometheus, and devices.
type wall struct {
	*town
	panelSources
	broker    stackBroker
	https     string // where people come in
	passwords map[string]string
}

// The devices that the test plays itself.
const (
	lonePoint = "ap-lone"
	loneProbe = "probe-lone"
)

// wallFleet is the simulated province: small and quick.
var wallFleet = []string{"--access-points", "30", "--probes", "6", "--sensors", "6", "--interval", "2s", "--calm"}

// wallStory is what goes wrong in it, so that each panel has something to show.
const wallStory = `title: A bad minute
story: Everything that the wall shows, at once.
expect: ["Each panel shows it."]
events:
  - {at: 12s, do: stolen, where: {kind: wifi, site: office-25459-1}}
  - {at: 12s, do: uplink_cut, where: {area: "25630"}}
  - {at: 2s, do: portal_down, where: {area: "25732"}}
  - {at: 2s, do: sensor_fault, where: {measures: air, first: 1}, mode: no_value}
  - {at: 2s, do: malformed, where: {kind: wifi, area: "25480", first: 1}, every: 2s}
  - {at: 2s, do: clock_fault, where: {kind: wifi, area: "25585", first: 1}, offset: 2h}
`

func newWall(t *testing.T) *wall {
	t.Helper()
	broker, passwords := newStackBroker(t, lonePoint, loneProbe)
	w := &wall{town: &town{t: t, data: filepath.Join(t.TempDir(), "data"), listen: testbed.Addr(t)}, broker: broker, https: testbed.Addr(t), passwords: passwords}
	w.influx = testbed.InfluxDB(t, testbed.InfluxDBOptions{})
	w.influx.CreateDatabase("phusong")
	token := filepath.Join(t.TempDir(), "phusong.token")
	put(t, token, "phusong:secret")
	registry := filepath.Join(t.TempDir(), "registry")
	if p := testbed.Phusong(t, append([]string{"simulate", "registry", "--out", registry}, wallFleet...)...); p.Wait() != 0 {
		t.Fatalf("simulate registry:\n%s", p.Log())
	}
	w.config = asOnLoopback(t, "deploy/phusong.compose.yml", map[string]string{
		"/var/lib/phusong": w.data, "0.0.0.0:8080": w.listen, "0.0.0.0:8443": w.https, "/run/console/": filepath.Join(broker.secrets, "console") + "/", "ssl://mosquitto:8883": broker.url(), "/run/secrets": broker.secrets,
		"http://influxdb:8086": w.influx.URL(), "bucket: phusong": "bucket: phusong/autogen", "/tokens/phusong.token": token, "/registry/": registry + "/",
	})
	// Quicker, and at any time of the day: nothing else differs from the stack.
	addTo(t, w.config, "\ncoverage: {judge_every: 1s, validity: {from: \"00:00\", to: \"23:59\"}}\n")
	addTo(t, filepath.Join(registry, "devices.csv"), lonePoint+",wifi,Lone,office-27694-1,27694,10.55167,106.40924,1h,,,,,,no\n"+
		loneProbe+",mobile,Lone,office-27694-1,27694,10.55167,106.40924,1h,,,,,,no\n")
	w.start()
	w.panelSources = panelSources{"http://" + startPrometheus(t, w.listen), w.influx.URL()}
	story := filepath.Join(t.TempDir(), "story.yaml")
	put(t, story, wallStory)
	testbed.Phusong(t, append([]string{
		"simulate", "--broker", broker.url(), "--username", "simulator", "--password-file", broker.secret("mqtt-simulator.password"),
		"--ca-file", broker.secret("ca.pem"), "--connections", "4", "--scenario", story,
	}, wallFleet...)...)
	return w
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func addTo(t *testing.T, path, text string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, string(raw)+text)
}

// say sends what a device of the test says.
func (w *wall) say(device, kind, payload string) {
	w.t.Helper()
	topic := "phusong/v1/27694/" + kind + "/" + device + "/telemetry"
	if code := w.broker.publish(w.t, device, w.passwords[device], topic, payload); code != 0 {
		w.t.Fatalf("mosquitto_pub to %s ended with %d", topic, code)
	}
}

// scrapeEvery is also how long a scrape may take: a busy machine needs more than one.
const scrapeEvery = 2 * time.Second

// startPrometheus starts Prometheus with the stack's configuration and rules, only
// quicker, and returns its address.
func startPrometheus(t *testing.T, phusong string) string {
	t.Helper()
	_, addr := startPrometheusEvery(t, phusong, scrapeEvery.String())
	return addr
}

func startPrometheusEvery(t *testing.T, phusong, interval string) (p *testbed.Process, addr string) {
	t.Helper()
	addr = testbed.Addr(t)
	config := asOnLoopback(t, "deploy/prometheus.yml", map[string]string{
		"scrape_interval: 15s": "scrape_interval: " + interval, "evaluation_interval: 15s": "evaluation_interval: " + interval,
		"/etc/prometheus/rules": filepath.Join(testbed.Root(t), "dashboards", "prometheus"),
		"phusong:8080":          phusong, "localhost:9090": addr,
	})
	p = testbed.Run(t, testbed.Command{Name: "prometheus", Path: testbed.Require(t, "prometheus"), Args: []string{
		"--config.file=" + config, "--storage.tsdb.path=" + t.TempDir(), "--web.listen-address=" + addr,
	}})
	p.WaitHTTP("http://" + addr + "/-/ready")
	return p, addr
}

// closedHours are the metrics that exist only after an hour of stream time, or with
// alarm levels of a gauge. What they feed is asked for and has to be of the right
// type here; TestStackWallOfClosedHours holds it to bring data.
var closedHours = []string{
	"phusong_air_quality_index", "phusong_air_limit_ratio", "phusong_noise_excess_decibels", "phusong_water_alarm_level",
	"phusong_sensor_score_ratio", "phusong_sensor_completeness_ratio", "phusong_area_air_quality_index",
}

func needsClosedHours(q panelQuery) bool {
	return slices.ContainsFunc(closedHours, func(name string) bool { return strings.Contains(q.expr, name) })
}

// Every panel of the wall shows something when there is something to show, and the
// faults that were planted are what it shows.
func TestStackWall(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	w := newWall(t)
	w.saySomethingOfEach(t)
	queries := panelQueries(t)
	w.mustAnswerAll(t, queries, func(q panelQuery) bool { return !needsClosedHours(q) })
	for _, planted := range []struct {
		dashboard, panel string
		labels           map[string]string
		value            float64
	}{
		{"phusong-devices-en", "Down, longest first", map[string]string{"device": "ap-office-25459-1-1", "site": "office-25459-1"}, anyValue},
		{"phusong-wall-en", "Public Wi-Fi sites", map[string]string{"site": "office-25459-1", "latitude": "11.32244", "longitude": "106.09829"}, 2},
		{"phusong-wall-en", "Incidents, worst first", map[string]string{"area": "25459", "name": "Tân Ninh"}, anyValue},
		{"phusong-wifi-en", "Sites", map[string]string{"site": "office-25732-1"}, 2},
		{"phusong-wifi-en", "Communes below the target", map[string]string{"area": "25459", "name": "Tân Ninh"}, 0},
		{"phusong-environment-en", "Flags that hold", map[string]string{"flag": "sentinel"}, 1},
		{"phusong-health-en", "Broker", nil, 1},
		{"phusong-health-en", "Ledger", nil, 0},
	} {
		w.mustShow(t, queries, planted.dashboard, planted.panel, planted.labels, planted.value)
	}
	w.mustBalance()

	w.influx.Stop()
	w.mustShow(t, queries, "phusong-health-en", "Failures that are repeated", map[string]string{"query": "store"}, positive)
	w.mustShow(t, queries, "phusong-health-en", "Waiting for the store", nil, positive)
	w.process.WaitLog("store")
	w.broker.process.Kill()
	w.mustShow(t, queries, "phusong-health-en", "Broker", nil, 0)
	w.process.Kill()
	w.mustShow(t, queries, "phusong-health-en", "Service", nil, 0)
}

// saySomethingOfEach sends what the simulated province does not: users, and tests of
// coverage that count and that do not. The first of a kind is no rate yet:
// Prometheus must have seen it before the second.
func (w *wall) saySomethingOfEach(t *testing.T) {
	t.Helper()
	w.awaitAtLeast("phusong_readings_stored_total", 100)
	w.say(lonePoint, "wifi", fmt.Sprintf(`{"clients": 3, "portal_ok": true, "download_mbps": 40, "users_sketch": %q}`, someUsers(t)))
	// InfluxQL has no fifth of fewer than three speed tests within one step of time.
	step := time.Now().Truncate(10 * time.Second).Add(-10 * time.Second).UnixMilli()
	w.say(lonePoint, "wifi", fmt.Sprintf(`[{"download_mbps": 38, "time": %d}, {"download_mbps": 40, "time": %d}, {"download_mbps": 42, "time": %d}]`, step+1000, step+2000, step+3000))
	w.say(lonePoint, "wifi", `{"clients": 3, "time": "1970-01-01T00:00:00Z"}`)
	const driveTest = `{"operator": "45204", "outcome": "ok", "download_mbps": 57.3, "lat": 10.55167, "lon": 106.40924, "accuracy_m": 5,
		"indoor": %t, "duration_s": 10, "time": %d}`
	w.say(loneProbe, "mobile", fmt.Sprintf("["+driveTest+","+driveTest+","+driveTest+"]", false, step+1000, false, step+2000, false, step+3000))
	w.say(loneProbe, "mobile", fmt.Sprintf(driveTest, true, step+4000))
	for _, first := range []string{
		`sum(phusong_readings_flagged_total{flag="clock_behind"}) >= 1`, `phusong_readings_rejected_total > 0`,
	} {
		w.mustAnswer(t, panelQuery{expr: first})
	}
	w.say(lonePoint, "wifi", `{"clients": 3, "time": "1970-01-01T00:00:01Z"}`)
	w.say(lonePoint, "wifi", `{"clients": 3, "portal_ok": true}`) // minutes of its users have passed
}

// someUsers is the sketch of users that an access point of another world sends.
func someUsers(t *testing.T) string {
	t.Helper()
	world, err := simulator.New(simulator.Options{Start: time.Now(), AccessPoints: 1, Users: true, Calm: true, WiFiInterval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for e := range world.Events(world.Start().Add(2 * time.Hour)) {
		for i := range e.Readings {
			if body := e.Readings[i].WiFi; body != nil {
				if sketch, ok := body.UsersSketch.Get(); ok {
					return sketch
				}
			}
		}
	}
	t.Fatal("the simulated access point says nothing of its users")
	return ""
}

// mustAnswerAll asks all queries again and again until each has brought data, all at
// once: one that never does costs the time of all only once. Those that are not
// wanted must be understood, and of the right type.
func (s panelSources) mustAnswerAll(t *testing.T, queries []panelQuery, wanted func(panelQuery) bool) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	tick := time.NewTicker(scrapeEvery) // earlier there is nothing new
	defer tick.Stop()
	open := slices.Clone(queries)
	failures := make(map[int]error)
	for len(open) > 0 && deadline.Err() == nil {
		var still []panelQuery
		for _, q := range open {
			rows, err := s.ask(t.Context(), q)
			if err == nil && len(rows) == 0 && wanted(q) {
				err = fmt.Errorf("no data for %s%s", q.expr, q.influxql)
			}
			if err != nil {
				failures[q.number] = err
				still = append(still, q)
			}
		}
		open = still
		select {
		case <-tick.C:
		case <-deadline.Done():
		}
	}
	for _, q := range open {
		t.Errorf("%s: %s: %v", q.dashboard, q.panel, failures[q.number])
	}
	if !t.Failed() {
		t.Logf("%d queries brought what they should", len(queries))
	}
}

// Values that mustShow takes instead of a number.
const (
	anyValue = -1
	positive = -2
)

// mustShow waits until a query of the panel brings a row with these labels and value.
// The label "query" is the legend of the query that is meant.
func (s panelSources) mustShow(t *testing.T, queries []panelQuery, dashboard, panel string, labels map[string]string, value float64) {
	t.Helper()
	testbed.Eventually(t, testbed.Patience, func() error {
		seen := "no such panel"
		for _, q := range queries {
			if q.dashboard != dashboard || q.panel != panel || labels["query"] != "" && labels["query"] != q.legend {
				continue
			}
			rows, err := s.ask(t.Context(), q)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(rows, func(r panelRow) bool { return r.shows(labels, value) }) {
				return nil
			}
			seen = fmt.Sprint(rows)
		}
		return fmt.Errorf("%s: %s does not show %v %v: %.2000s", dashboard, panel, labels, value, seen)
	})
}

func (r panelRow) shows(labels map[string]string, value float64) bool {
	for name, want := range labels {
		if name != "query" && r.labels[name] != want {
			return false
		}
	}
	return value == anyValue || value == positive && r.value > 0 || r.value == value
}

// mustAnswer waits until the query brings data.
func (s panelSources) mustAnswer(t *testing.T, q panelQuery) {
	t.Helper()
	testbed.Eventually(t, testbed.Patience, func() error {
		rows, err := s.ask(t.Context(), q)
		if err == nil && len(rows) == 0 {
			err = fmt.Errorf("no data for %s%s", q.expr, q.influxql)
		}
		return err
	})
}

func getBody(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(response.Body)
}
