package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"phusong/internal/testbed"
)

// alertPlan bounds the measurement of how long people wait for an alert.
type alertPlan struct {
	plan
	alarms int // how many alerts are timed
}

// settling is how long the flow runs before the first alert is timed.
const settling = 3 * time.Second

// alertRule judges what is timed; the shipped rules judge everything beside it.
const alertRule = `groups: [{name: bench, rules: [{alert: BenchPortal, expr: not wifi.portal_ok, labels: {severity: warning},
  annotations: {summary: {vi: x, en: x}, next_step: {vi: x, en: x}}}]}]
`

// runAlerts measures from the moment a reading is given to the broker to the moment the web
// hook of the Alertmanager inside phusong has the alert, under a steady flow of other readings.
func runAlerts(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	p := alertPlan{plan: plan{phusong: "bin/phusong"}}
	flags := flag.NewFlagSet("alerts", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&p.phusong, "phusong", p.phusong, "path of the phusong program")
	flags.IntVar(&p.rate, "rate", 5_000, "messages a second beside the alerts")
	flags.IntVar(&p.devices, "devices", 1_000, "devices those messages come from")
	flags.IntVar(&p.alarms, "alarms", 500, "alerts that are timed, each of its own access point")
	flags.DurationVar(&p.steady, "steady", 30*time.Second, "how long the alerts are spread over")
	flags.DurationVar(&p.timeout, "timeout", 5*time.Minute, "when to give up")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if p.rate <= 0 || p.devices <= 0 || p.alarms <= 0 || p.steady <= 0 {
		return errors.New("-rate, -devices, -alarms and -steady must be positive")
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	return withHost(ctx, stderr, func(h *host) error {
		measured, err := measureAlerts(h, p)
		if err != nil {
			return err
		}
		return measured.print(stdout, p)
	})
}

// alertFigures are what is measured.
type alertFigures struct {
	latencies []time.Duration // sorted
	rate      float64         // messages a second that the broker took beside the alerts
	cpu       time.Duration   // of phusong, while the flow ran
	took      time.Duration   // that the flow ran
}

func (f *alertFigures) print(w io.Writer, p alertPlan) error {
	at := func(share int) float64 { return milliseconds(f.latencies[(len(f.latencies)-1)*share/100]) }
	_, err := fmt.Fprintf(w, `
%d cores (%s), %s; shared by publisher, Mosquitto and phusong with SQLite
from MQTT publish to the web hook, %d alerts of a rule without "for" over %s, beside %.0f messages a second (asked for: %d)
p50 %.0f ms, p90 %.0f ms, p99 %.0f ms, max %.0f ms; phusong used %.2f cores
`, runtime.NumCPU(), processor(), runtime.Version(), len(f.latencies), p.steady, f.rate, p.rate,
		at(50), at(90), at(99), at(100), f.cpu.Seconds()/f.took.Seconds())
	return err
}

// measureAlerts starts everything and times the alerts.
func measureAlerts(h *host, p alertPlan) (*alertFigures, error) {
	self, err := executable()
	if err != nil {
		return nil, err
	}
	flowing := p.devices
	p.devices += p.alarms + 1 // one more to begin with
	b := &bed{host: h, self: self, plan: p.plan, broker: testbed.Mosquitto(h, testbed.MosquittoOptions{})}
	hook := startHook(h)
	phusong := b.startPhusong(filepath.Join(b.TempDir(), "data"), "  kind: sqlite\n"+b.alertConfiguration(hook.url))
	client := paho.NewClient(paho.NewClientOptions().AddBroker(b.broker.URL()).SetClientID("bench-alarms").SetAutoReconnect(false))
	if err := finish(h.ctx, client.Connect()); err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	h.Cleanup(func() { client.Disconnect(100) })

	// A fresh start of the Alertmanager holds its first messages back for a while.
	if _, err := sound(h.ctx, client, flowing+p.alarms); err != nil {
		return nil, err
	}
	if _, err := hook.await(h.ctx, 1); err != nil {
		return nil, err
	}
	publisher := testbed.Run(b, testbed.Command{Name: "publisher", Path: b.self, Args: []string{
		"publish", "-addr", b.broker.Addr(), "-rate", strconv.Itoa(p.rate), "-devices", strconv.Itoa(flowing),
		"-count", strconv.Itoa(p.rate * int((p.steady + settling).Seconds())),
	}})
	cpu, err := cpuTime(phusong.PID())
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	published, err := soundAll(h.ctx, client, flowing, p)
	if err != nil {
		return nil, err
	}
	after, err := cpuTime(phusong.PID())
	if err != nil {
		return nil, err
	}
	result := &alertFigures{cpu: after - cpu, took: time.Since(begin)}
	if result.rate, err = publishedRate(publisher); err != nil {
		return nil, err
	}
	arrived, err := hook.await(h.ctx, p.alarms+1)
	if err != nil {
		return nil, err
	}
	for device, at := range published {
		result.latencies = append(result.latencies, arrived[device].Sub(at))
	}
	slices.Sort(result.latencies)
	return result, nil
}

func publishedRate(publisher *testbed.Process) (float64, error) {
	if code := publisher.Wait(); code != 0 {
		return 0, fmt.Errorf("the publisher ended with %d: %s", code, publisher.Log())
	}
	var report published
	if err := json.Unmarshal([]byte(publisher.Stdout()), &report); err != nil {
		return 0, fmt.Errorf("reading the publisher's report: %w", err)
	}
	return float64(report.Count) / report.Last.Sub(report.First).Seconds(), nil
}

// soundAll publishes an alarm of one access point after the other, evenly, and returns when
// each was about to be published.
func soundAll(ctx context.Context, client paho.Client, first int, p alertPlan) (map[string]time.Time, error) {
	published := make(map[string]time.Time, p.alarms)
	begin := time.Now().Add(settling)
	for i := range p.alarms {
		select {
		case <-time.After(time.Until(begin.Add(p.steady * time.Duration(i) / time.Duration(p.alarms)))):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		at, err := sound(ctx, client, first+i)
		if err != nil {
			return nil, err
		}
		published[deviceName(first+i)] = at
	}
	return published, nil
}

// sound publishes a reading that raises an alert.
func sound(ctx context.Context, client paho.Client, device int) (time.Time, error) {
	at := time.Now()
	topic := "phusong/v1/" + benchArea + "/wifi/" + deviceName(device) + "/telemetry"
	return at, finish(ctx, client.Publish(topic, 1, false, fmt.Appendf(nil, `{"time":%d,"seq":1,"clients":3,"portal_ok":false}`, at.UnixMilli())))
}

// alertConfiguration has the shipped rules and the one that is timed, each alert alone in a
// message, at once.
func (b *bed) alertConfiguration(hook string) string {
	dir := b.TempDir()
	shipped, rule, manager := filepath.Join(dir, "shipped"), filepath.Join(dir, "bench.yml"), filepath.Join(dir, "alertmanager.yml")
	copying := testbed.Run(b, testbed.Command{Name: "phusong", Path: b.phusongPath(), Args: []string{"rules", "copy", shipped}})
	if code := copying.Wait(); code != 0 {
		b.Fatalf("copying the shipped rules ended with %d: %s", code, copying.Log())
	}
	b.write(rule, alertRule)
	b.write(manager, fmt.Sprintf(`route:
  receiver: nobody
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 24h
  routes: [{receiver: hook, matchers: [alertname="BenchPortal"]}]
receivers: [{name: nobody}, {name: hook, webhook_configs: [{url: %q}]}]
`, hook))
	return fmt.Sprintf("alerts:\n  rules: [%s, %s]\n  alertmanager:\n    config_file: %s\n", filepath.Join(shipped, "*.yml"), rule, manager)
}

// A hook remembers when it first heard of the alert of each device.
type hook struct {
	url     string
	changed chan struct{} // capacity 1

	mu      sync.Mutex
	arrived map[string]time.Time // guarded by mu
}

func startHook(h *host) *hook {
	k := &hook{changed: make(chan struct{}, 1), arrived: make(map[string]time.Time)}
	listener, err := new(net.ListenConfig).Listen(h.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		h.Fatalf("listening: %v", err)
	}
	k.url = "http://" + listener.Addr().String()
	server := &http.Server{Handler: k, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it ends with Close
	}()
	h.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return k
}

// ServeHTTP implements [http.Handler].
func (k *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var message struct {
		Alerts []struct{ Labels map[string]string }
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	k.mu.Lock()
	for _, a := range message.Alerts {
		if device := a.Labels["device"]; k.arrived[device].IsZero() {
			k.arrived[device] = now
		}
	}
	k.mu.Unlock()
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// await waits until n devices have had their alert. Call it from one goroutine.
func (k *hook) await(ctx context.Context, n int) (map[string]time.Time, error) {
	for {
		k.mu.Lock()
		arrived := maps.Clone(k.arrived)
		k.mu.Unlock()
		if len(arrived) >= n {
			return arrived, nil
		}
		select {
		case <-k.changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d alerts reached the web hook: %w", len(arrived), n, ctx.Err())
		}
	}
}
