package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// wall is the stack of docker-compose.yml with the real programs on loopback, from
// the same configuration files: Mosquitto with TLS and an ACL, InfluxDB, the
// service, Prometheus, and devices.
type wall struct {
	*town
	broker     stackBroker
	prometheus string
	passwords  map[string]string
	simulator  *testbed.Process
}

func newWall(t *testing.T) *wall {
	t.Helper()
	const lone = "ap-lone" // a device that we play ourselves
	broker, passwords := newStackBroker(t, lone)
	w := &wall{town: &town{t: t, data: filepath.Join(t.TempDir(), "data"), listen: testbed.Addr(t)}, broker: broker, passwords: passwords}
	w.influx = testbed.InfluxDB(t, testbed.InfluxDBOptions{})
	w.influx.CreateDatabase("phusong")
	token := filepath.Join(t.TempDir(), "phusong.token")
	if err := os.WriteFile(token, []byte("phusong:secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := filepath.Join(t.TempDir(), "registry")
	fleet := []string{"--access-points", "30", "--probes", "6", "--sensors", "6", "--interval", "2s"}
	if p := testbed.Phusong(t, append([]string{"simulate", "registry", "--out", registry}, fleet...)...); p.Wait() != 0 {
		t.Fatalf("simulate registry:\n%s", p.Log())
	}
	w.config = asOnLoopback(t, "deploy/phusong.compose.yml", map[string]string{
		"/var/lib/phusong": w.data, "0.0.0.0:8080": w.listen, "ssl://mosquitto:8883": broker.url(), "/run/secrets": broker.secrets,
		"http://influxdb:8086": w.influx.URL(), "bucket: phusong": "bucket: phusong/autogen", "/tokens/phusong.token": token, "/registry/": registry + "/",
	})
	w.start()
	w.prometheus = "http://" + startPrometheus(t, w.listen)
	w.simulator = testbed.Phusong(t, append([]string{
		"simulate", "--broker", broker.url(), "--username", "simulator", "--password-file", broker.secret("mqtt-simulator.password"),
		"--ca-file", broker.secret("ca.pem"), "--connections", "4",
	}, fleet...)...)
	return w
}

// startPrometheus starts Prometheus with the stack's configuration and rules, only
// quicker, and returns its address.
func startPrometheus(t *testing.T, phusong string) string {
	t.Helper()
	addr := testbed.Addr(t)
	config := asOnLoopback(t, "deploy/prometheus.yml", map[string]string{
		"scrape_interval: 15s": "scrape_interval: 1s", "evaluation_interval: 15s": "evaluation_interval: 1s",
		"/etc/prometheus/rules": filepath.Join(testbed.Root(t), "dashboards", "prometheus"),
		"phusong:8080":          phusong, "localhost:9090": addr,
	})
	p := testbed.Run(t, testbed.Command{Name: "prometheus", Path: testbed.Require(t, "prometheus"), Args: []string{
		"--config.file=" + config, "--storage.tsdb.path=" + t.TempDir(), "--web.listen-address=" + addr,
	}})
	p.WaitHTTP("http://" + addr + "/-/ready")
	return addr
}

// panelQuery is one query of one panel of the wall.
type panelQuery struct {
	dashboard, panel, unit string
	expr, influxql         string
	over                   bool // a range of time
}

// panelQueries reads every query of every dashboard, its variables filled in as
// "all".
func panelQueries(t *testing.T) (all []panelQuery) {
	t.Helper()
	folder := os.DirFS(filepath.Join(testbed.Root(t), "dashboards", "grafana", "json"))
	fill := strings.NewReplacer("$__rate_interval", "1m", "$__interval", "10s", "$__range", "5m", "$timeFilter", "time > now() - 1h")
	err := fs.WalkDir(folder, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(folder, path)
		if err != nil {
			return err
		}
		var d struct {
			UID        string
			Templating struct{ List []struct{ Name string } }
			Panels     []struct {
				Title       string
				FieldConfig struct{ Defaults struct{ Unit string } }
				Targets     []struct {
					Expr, Query string
					Range       bool
				}
			}
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		// The words differ between the languages; the questions do not.
		if !strings.HasSuffix(d.UID, "-en") {
			return nil
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				q := panelQuery{dashboard: d.UID, panel: p.Title, unit: p.FieldConfig.Defaults.Unit, expr: fill.Replace(target.Expr), influxql: fill.Replace(target.Query), over: target.Range}
				for _, v := range d.Templating.List {
					q.expr = strings.ReplaceAll(q.expr, "$"+v.Name, ".*")
					q.influxql = strings.ReplaceAll(q.influxql, "$"+v.Name, ".*")
				}
				all = append(all, q)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ask puts the query to its source and says how many series come back.
func (w *wall) ask(ctx context.Context, q panelQuery) (series int, err error) {
	if q.influxql != "" {
		var answer struct {
			Results []struct {
				Series []struct{ Values [][]any }
				Error  string
			}
		}
		if err := getJSON(ctx, w.influx.URL()+"/query?db=phusong&q="+url.QueryEscape(q.influxql), &answer); err != nil {
			return 0, err
		}
		for _, r := range answer.Results {
			if r.Error != "" {
				return 0, fmt.Errorf("InfluxDB: %s", r.Error)
			}
			for _, s := range r.Series {
				if len(s.Values) == 0 {
					return 0, fmt.Errorf("a series without values")
				}
				if _, number := s.Values[0][1].(float64); !number {
					return 0, fmt.Errorf("the value is a %T", s.Values[0][1])
				}
			}
			series += len(r.Series)
		}
		return series, nil
	}
	now := time.Now().Unix()
	address := fmt.Sprintf("%s/api/v1/query?time=%d&query=%s", w.prometheus, now, url.QueryEscape(q.expr))
	want := "vector"
	if q.over {
		address = fmt.Sprintf("%s/api/v1/query_range?start=%d&end=%d&step=5&query=%s", w.prometheus, now-300, now, url.QueryEscape(q.expr))
		want = "matrix"
	}
	var answer struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     []struct{ Metric map[string]string }
		}
	}
	if err := getJSON(ctx, address, &answer); err != nil {
		return 0, err
	}
	if answer.Status != "success" || answer.Data.ResultType != want {
		return 0, fmt.Errorf("Prometheus: %s %s, a %s instead of a %s", answer.Status, answer.Error, answer.Data.ResultType, want)
	}
	return len(answer.Data.Result), nil
}

func getJSON(ctx context.Context, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	return json.NewDecoder(response.Body).Decode(into)
}

// Every panel of the wall shows something when there is something to show.
func TestStackWall(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	w := newWall(t)
	w.awaitAtLeast("phusong_readings_stored_total", 100)
	// What only shows when something is wrong: messages that are refused, clocks that
	// are, devices that fall silent. The first of a kind is no rate yet: Prometheus must
	// have seen it before the second.
	const lone = "ap-lone"
	say := func(payload string) {
		if code := w.broker.publish(t, lone, w.passwords[lone], "phusong/v1/25459/wifi/"+lone+"/telemetry", payload); code != 0 {
			t.Fatalf("mosquitto_pub ended with %d", code)
		}
	}
	seen := func(expr string) {
		t.Helper()
		w.mustAnswer(t, panelQuery{expr: expr})
	}
	for n := 1; n <= 2; n++ {
		say(`{"clients": -1}`)
		say(`{"clients": 3, "time": "1970-01-01T00:00:00Z"}`)
		seen(fmt.Sprintf(`phusong_readings_rejected_total{reason="clients"} == %d`, n))
		seen(fmt.Sprintf(`sum(phusong_readings_flagged_total{flag="clock_behind"}) >= %d`, n))
	}
	w.simulator.Kill() // its wills are sent: every device is offline
	for _, q := range panelQueries(t) {
		t.Run(q.dashboard+"/"+q.panel, func(t *testing.T) {
			w.mustAnswer(t, q)
		})
	}
	w.mustBalance()
}

// mustAnswer waits until the query brings data.
func (w *wall) mustAnswer(t *testing.T, q panelQuery) {
	t.Helper()
	testbed.Eventually(t, patience, func() error {
		n, err := w.ask(t.Context(), q)
		if err == nil && n == 0 {
			err = fmt.Errorf("no data for %s%s", q.expr, q.influxql)
		}
		return err
	})
}
