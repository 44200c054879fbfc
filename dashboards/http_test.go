package dashboards_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"phusong/dashboards"
)

// ask sends a request for path to h, with headers in pairs.
func ask(t testing.TB, h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	return recorder
}

func handler(checks ...dashboards.Check) http.Handler {
	return dashboards.Handler(dashboards.HandlerOptions{
		Gatherer: prometheus.NewRegistry(), Sources: []dashboards.Source{dashboards.NewDeviceCollector(listed(manyDevices()[:20]...), at(noon))},
		Ready: checks, Logger: slog.New(slog.DiscardHandler),
	})
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := handler()
	for _, test := range []struct {
		method, path string
		status       int
		contentType  string
		contains     string
	}{
		{http.MethodGet, "/healthz", http.StatusOK, "text/plain; charset=utf-8", "ok\n"},
		{http.MethodHead, "/healthz", http.StatusOK, "text/plain; charset=utf-8", ""},
		{http.MethodGet, "/readyz", http.StatusOK, "application/json", "{}"},
		{http.MethodGet, "/metrics", http.StatusOK, "text/plain; version=0.0.4", `device_up{area="25459",device="ap-0001"`},
		{http.MethodGet, "/nowhere", http.StatusNotFound, "", ""},
		{http.MethodGet, "/metrics/", http.StatusNotFound, "", ""},
		{http.MethodPost, "/metrics", http.StatusMethodNotAllowed, "", ""},
		{http.MethodDelete, "/readyz", http.StatusMethodNotAllowed, "", ""},
	} {
		t.Run(test.method+test.path, func(t *testing.T) {
			t.Parallel()
			response := ask(t, h, test.method, test.path)
			if response.Code != test.status {
				t.Errorf("status %d, want %d", response.Code, test.status)
			}
			if got := response.Header().Get("Content-Type"); !strings.HasPrefix(got, test.contentType) {
				t.Errorf("content type %q, want %q", got, test.contentType)
			}
			if text := response.Body.String(); !strings.Contains(text, test.contains) {
				t.Errorf("the page is %.300q and lacks %q", text, test.contains)
			}
		})
	}
}

func TestMetricsSpeakOpenMetricsAndGzip(t *testing.T) {
	t.Parallel()
	response := ask(t, handler(), http.MethodGet, "/metrics", "Accept", "application/openmetrics-text;version=1.0.0", "Accept-Encoding", "gzip")
	if got := response.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text") {
		t.Errorf("content type %q", got)
	}
	if got := response.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("content encoding %q, want gzip", got)
	}
	unzipped, err := gzip.NewReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(text), "# EOF\n") || strings.Count(string(text), "\ndevice_up{") != 20 {
		t.Errorf("the metrics are %.300q…", text)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	good := func(context.Context) error { return nil }
	for _, test := range []struct {
		name   string
		checks []dashboards.Check
		status int
		want   map[string]string
	}{
		{"all hold", []dashboards.Check{{Name: "broker", Do: good}, {Name: "store", Do: good}}, http.StatusOK,
			map[string]string{"broker": "ok", "store": "ok"}},
		{"one does not", []dashboards.Check{
			{Name: "broker", Do: func(context.Context) error { return errors.New("not connected") }}, {Name: "store", Do: good},
		}, http.StatusServiceUnavailable, map[string]string{"broker": "not connected", "store": "ok"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			response := ask(t, handler(test.checks...), http.MethodGet, "/readyz")
			if response.Code != test.status {
				t.Errorf("status %d, want %d", response.Code, test.status)
			}
			var got map[string]string
			if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadinessDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		response := ask(t, handler(
			dashboards.Check{Name: "broker", Do: func(context.Context) error { return nil }},
			dashboards.Check{Name: "store", Do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		), http.MethodGet, "/readyz")
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("answered after %s, want 3s", took)
		}
		text := response.Body.String()
		if response.Code != http.StatusServiceUnavailable || !strings.Contains(text, `"broker":"ok"`) || !strings.Contains(text, `"store":"context deadline exceeded"`) {
			t.Errorf("status %d, results %s", response.Code, text)
		}
	})
}
