package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"phusong/internal/testbed"
)

// A town is a phusong that serves, a real Mosquitto before it and a real store
// behind it. Its methods fail the test; only the test's goroutine may call them.
type town struct {
	t       *testing.T
	broker  *testbed.Broker
	influx  *testbed.Database // nil when the store is SQLite
	store   stored
	data    string // data folder
	listen  string
	config  string // configuration file
	keys    map[string]any
	process *testbed.Process // the one that serves; nil while stopped
	// supervised: who stops itself is started again, as in deploy/compose.scale.yml.
	supervised bool
}

// townOptions say how a town differs from the plain one, with SQLite.
type townOptions struct {
	Influx bool
	// Data is the data folder; the default is one of the test.
	Data string
	// Keys of the configuration, by their dotted names.
	Keys map[string]any
}

// newTown starts the servers and writes the configuration. The service is started
// by start.
func newTown(t *testing.T, o townOptions) *town {
	t.Helper()
	w := &town{t: t, data: o.Data, listen: testbed.Addr(t), config: filepath.Join(t.TempDir(), "phusong.yml"), keys: make(map[string]any)}
	if w.data == "" {
		w.data = filepath.Join(t.TempDir(), "data")
	}
	w.broker = testbed.Mosquitto(t, testbed.MosquittoOptions{Persistence: true})
	w.keys["data"], w.keys["listen"], w.keys["mqtt.url"] = w.data, w.listen, w.broker.URL()
	w.store = openFile(t, filepath.Join(w.data, "phusong.db"))
	if o.Influx {
		w.influx = testbed.InfluxDB(t, testbed.InfluxDBOptions{})
		w.influx.CreateDatabase("town")
		w.keys["store.kind"], w.keys["store.influx.url"], w.keys["store.influx.bucket"] = "influx", w.influx.URL(), "town/autogen"
		w.store = database{w.influx}
	}
	maps.Copy(w.keys, o.Keys)
	w.configure()
	return w
}

// configure writes the configuration file.
func (w *town) configure() {
	w.t.Helper()
	tree := make(map[string]any)
	for key, value := range w.keys {
		node := tree
		parts := strings.Split(key, ".")
		for _, part := range parts[:len(parts)-1] {
			if node[part] == nil {
				node[part] = make(map[string]any)
			}
			node = node[part].(map[string]any)
		}
		node[parts[len(parts)-1]] = value
	}
	text, err := yaml.Marshal(tree)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.config, text, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// launch starts the service and does not wait for it.
func (w *town) launch() {
	w.t.Helper()
	w.process = testbed.Phusong(w.t, "serve", "--config", w.config)
}

// start starts the service and waits until it is ready.
func (w *town) start() {
	w.t.Helper()
	w.launch()
	w.process.WaitHTTP(w.url("/readyz"))
}

// stop ends the service as a service manager would.
func (w *town) stop() {
	w.t.Helper()
	if code := w.process.Terminate(); code != 0 {
		w.t.Fatalf("the service ended with %d, want 0; its output:\n%s", code, w.process.Log())
	}
}

func (w *town) url(path string) string { return "http://" + w.listen + path }

// get returns status and body of an answer of the running service.
func (w *town) get(path string) (int, string, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url(path), http.NoBody)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// readiness is the answer of /readyz: its status, and what it says of each part.
func (w *town) readiness() (int, map[string]string, error) {
	code, body, err := w.get("/readyz")
	parts := make(map[string]string)
	if err == nil {
		err = json.Unmarshal([]byte(body), &parts)
	}
	return code, parts, err
}

// awaitUnready waits until /readyz answers 503 and blames exactly one part.
func (w *town) awaitUnready(part string) {
	w.t.Helper()
	w.await(func() error {
		code, parts, err := w.readiness()
		if err != nil {
			return err
		}
		if code != http.StatusServiceUnavailable || parts[part] == "ok" {
			return fmt.Errorf("/readyz answers %d %v, want 503 because of %s", code, parts, part)
		}
		return nil
	})
}

// metric returns the value of one series, written as in the exposition:
// name or name{label="value"}; 0 when it is absent.
func (w *town) metric(series string) (float64, error) {
	code, body, err := w.get("/metrics")
	if err != nil || code != http.StatusOK {
		return 0, fmt.Errorf("/metrics answers %d: %w", code, err)
	}
	lines := bufio.NewScanner(strings.NewReader(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, lines.Err()
}

// awaitMetric waits until the value of a series is as wanted.
func (w *town) awaitMetric(series, wanted string, holds func(float64) bool) {
	w.t.Helper()
	w.await(func() error {
		value, err := w.metric(series)
		if err == nil && !holds(value) {
			err = fmt.Errorf("%s is %v, want %s", series, value, wanted)
		}
		return err
	})
}

func (w *town) awaitAtLeast(series string, least float64) {
	w.t.Helper()
	w.awaitMetric(series, fmt.Sprintf("at least %v", least), func(v float64) bool { return v >= least })
}

func (w *town) awaitExactly(series string, want float64) {
	w.t.Helper()
	w.awaitMetric(series, fmt.Sprint(want), func(v float64) bool { return v == want })
}

// lookEvery is the pause between two looks at a program that gives no event:
// short beside what is waited for, long beside what a look costs.
const lookEvery = 25 * time.Millisecond

// await waits until check returns nil.
func (w *town) await(check func() error) {
	w.t.Helper()
	if err := w.look(check); err != nil {
		w.t.Fatal(err)
	}
}

// look looks until check returns nil. A service that is supervised and has stopped itself is started
// again meanwhile.
func (w *town) look(check func() error) error {
	return lookUntil(w.t.Context(), func() error {
		if w.supervised {
			select {
			case <-w.process.Exited():
				w.launch()
			default:
			}
		}
		return check()
	})
}

func lookUntil(ctx context.Context, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, testbed.Patience)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("not reached within %s", testbed.Patience), err)
		}
	}
}

// tool runs another command of phusong on this town's configuration to its end.
func (w *town) tool(args ...string) (code int, output string) {
	w.t.Helper()
	p := testbed.Phusong(w.t, append(args, "--config", w.config)...)
	return p.Wait(), p.Log()
}

// mustBalance proves that nothing was lost, by the word of phusong itself.
func (w *town) mustBalance() {
	w.t.Helper()
	if code, output := w.tool("check", "ledger"); code != 0 || !strings.Contains(output, "\nbalanced: ") {
		w.t.Errorf("phusong check ledger ended with %d:\n%s", code, output)
	}
}

// settle is the end of each story. Nothing is stuck: what the fleet sends now still
// arrives. All that the broker acknowledged to the fleet, and nothing else, is in
// the store, once. The accounts agree while the service runs and when it does not.
func (w *town) settle(f *fleet) {
	w.t.Helper()
	f.rest()
	f.publish(telemetryTopic("wifi", "ap-afterwards"), nil, reading{Device: "ap-afterwards", Seq: 1})
	want := f.acknowledged()
	w.awaitStored(want)
	w.awaitExactly("phusong_readings_waiting", 0)
	w.awaitExactly("phusong_ledger_difference_readings", 0)
	w.mustBalance()
	w.stop()
	if diff := compare(want, w.store.readings(w.t)); diff != "" {
		w.t.Errorf("stored after the stop: %s", diff)
	}
	w.mustBalance()
	w.t.Logf("%d readings were acknowledged, and stored once", len(want))
}

// awaitStored waits until the store holds as many readings as were acknowledged
// and compares them.
func (w *town) awaitStored(want []reading) {
	w.t.Helper()
	err := w.look(func() error {
		n, err := w.store.count(w.t)
		if err == nil && n < len(want) {
			err = fmt.Errorf("%d readings are stored, want %d", n, len(want))
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	if diff := compare(want, w.store.readings(w.t)); diff != "" {
		w.t.Fatalf("stored: %s", diff)
	}
}
