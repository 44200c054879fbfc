package alertmanager

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/internal/testbed"
)

// logBuffer is a log that tests can look into.
type logBuffer struct{ testbed.Buffer }

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func newLog(t *testing.T) *logBuffer {
	b := new(logBuffer)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log:\n%s", b)
		}
	})
	return b
}

// running is an Embedded at work, served on a port.
type running struct {
	*Embedded
	t        *testing.T
	log      *logBuffer
	registry *prometheus.Registry
	server   *httptest.Server
	stop     func() // and wait; more than once is harmless
}

// start runs an Embedded with a configuration until the test ends or stop is called.
func start(t *testing.T, config string, adjust ...func(*Options)) *running {
	t.Helper()
	dir := t.TempDir()
	o := Options{ConfigFile: filepath.Join(dir, "alertmanager.yml"), DataDir: filepath.Join(dir, "data")}
	write(t, o.ConfigFile, config)
	return startWith(t, o, adjust...)
}

func startWith(t *testing.T, o Options, adjust ...func(*Options)) *running {
	t.Helper()
	r := &running{t: t, log: newLog(t), registry: prometheus.NewRegistry()}
	o.Logger, o.Registerer = r.log.logger(), r.registry
	for _, change := range adjust {
		change(&o)
	}
	var err error
	if r.Embedded, err = New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.server = httptest.NewServer(r.Handler())
	r.stop = sync.OnceFunc(func() {
		r.server.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(r.stop)
	testbed.Eventually(t, testbed.Patience, func() error { return r.healthy() })
	return r
}

func (r *running) url() string { return r.server.URL + Prefix }

func (r *running) healthy() error {
	code, text := r.request(http.MethodGet, "/-/ready", "")
	if code != http.StatusOK {
		return fmt.Errorf("not ready: %d %s", code, text)
	}
	return nil
}

func (r *running) request(method, path, body string) (int, string) {
	r.t.Helper()
	request := httptest.NewRequest(method, Prefix+path, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	recorder := httptest.NewRecorder()
	r.server.Config.Handler.ServeHTTP(recorder, request)
	return recorder.Code, recorder.Body.String()
}

func (r *running) update(alerts ...Alert) {
	r.t.Helper()
	if err := r.Update(alerts); err != nil {
		r.t.Fatal(err)
	}
}

// metric returns the sum of the series of a metric, which must be there.
func metric(t *testing.T, registry *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	sum, found := lookUp(t, registry, name, labels...)
	if !found {
		t.Fatalf("there is no metric %s %v", name, labels)
	}
	return sum
}

func lookUp(t *testing.T, registry *prometheus.Registry, name string, labels ...string) (sum float64, found bool) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
	series:
		for _, m := range f.GetMetric() {
			for _, want := range labels {
				matches := false
				for _, l := range m.GetLabel() {
					matches = matches || l.GetName()+"="+l.GetValue() == want
				}
				if !matches {
					continue series
				}
			}
			found = true
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum, found
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writer(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// awaitSaved waits until a file of the data folder tells of something. A message is out a moment before
// the log of sent ones (nflog) has it, and who breaks off in between sends it again.
func awaitSaved(t *testing.T, dataDir, name, what string) {
	t.Helper()
	testbed.Eventually(t, testbed.Patience, func() error {
		text, err := os.ReadFile(filepath.Join(dataDir, name))
		if err == nil && !strings.Contains(string(text), what) {
			err = fmt.Errorf("%s does not hold %s yet", name, what)
		}
		return err
	})
}

// mailConfig sends everything to a mail server: one message for each site, at once.
func mailConfig(smtp string) string {
	return fmt.Sprintf(`
global: {smtp_smarthost: %q, smtp_from: phusong@example.invalid, smtp_require_tls: false}
templates: [%q]
route:
  receiver: field
  group_by: [alertname, site]
  group_wait: 100ms
  group_interval: 200ms
  repeat_interval: 24h
receivers:
  - name: field
    email_configs:
      - to: field@example.invalid
        send_resolved: true
        headers: {Subject: '{{ template "phusong.vi.subject" . }}'}
        text: '{{ template "phusong.vi.text" . }}'
        html: '{{ template "phusong.vi.html" . }}'
`, smtp, templatesGlob())
}

// templatesGlob names the templates that are shipped.
func templatesGlob() string {
	path, err := filepath.Abs("../../deploy/templates/*.tmpl")
	if err != nil {
		panic(err)
	}
	return path
}

// silent is an alert as the default rules raise it.
func silent(site, device string) Alert {
	return Alert{
		ID: "silent-" + device,
		Labels: map[string]string{
			"alertname": "AccessPointSilent", "severity": "warning", "kind": "wifi", "area": "25459", "site": site, "device": device,
		},
		Annotations: map[string]string{
			"summary_vi": "Điểm phát " + device + " mất liên lạc", "summary_en": "Access point " + device + " is silent",
			"place": "Trường THCS Tân Ninh, phường Tân Ninh", "map_url": "https://www.openstreetmap.org/?mlat=11.31&mlon=106.09",
			"since": "12:00 01/09/2026", "next_step_vi": "Kiểm tra nguồn điện và dây mạng.", "next_step_en": "Check power and cable.",
			"ack_url": "http://localhost:8080/alerts/silent-" + device, "runbook_url": "http://localhost:8080/runbooks/access-point-silent",
		},
		StartsAt: time.Now(),
	}
}

func (a Alert) resolved() Alert {
	a.EndsAt = time.Now()
	return a
}

// exchange makes one HTTP request; an answer other than 200 is an error.
func exchange(t *testing.T, method, url, body string) (string, error) {
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s %s", method, url, response.Status, text)
	}
	return string(text), err
}
