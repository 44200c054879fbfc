package influx_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"phusong/internal/influx"
	"phusong/telemetry"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	const address = "http://127.0.0.1:8086"
	empty := tokenFile(t, " \n")
	two := tokenFile(t, "one\ntwo\n")
	for want, o := range map[string]influx.Options{
		"URL is empty":             {Bucket: "b"},
		"is not an address":        {URL: "localhost:8086", Bucket: "b"},
		"URL holds credentials":    {URL: "http://user:pass@localhost:8086", Bucket: "b"},
		"Bucket is empty":          {URL: address},
		"Timeout -1s":              {URL: address, Bucket: "b", Timeout: -time.Second},
		"TokenFile: open":          {URL: address, Bucket: "b", TokenFile: filepath.Join(t.TempDir(), "none")},
		empty + " must hold the":   {URL: address, Bucket: "b", TokenFile: empty},
		two + " must hold the tok": {URL: address, Bucket: "b", TokenFile: two},
	} {
		_, err := influx.Open(o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v gave %v, want an error that says %q", o, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "pass@") {
			t.Errorf("%v tells the password", err)
		}
	}
}

func tokenFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// answers is a server that says what is put into it. InfluxDB 1.8 was heard
// saying the ones below; those with a code are as 2.x documents them.
func answers(t *testing.T, handle http.HandlerFunc) *influx.Store {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return open(t, influx.Options{URL: server.URL, Bucket: "phusong/autogen", TokenFile: tokenFile(t, "reader:secret-word\n")})
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status   int
		header   map[string]string
		body     string
		rejected bool
		wait     time.Duration
		want     string
	}{
		{status: 204},
		{status: 400, header: map[string]string{"X-Influxdb-Error": "partial write: field type conflict: input field dropped=1"}, body: `{"error":"partial write"}`, rejected: true, want: "field type conflict"},
		{status: 400, body: `{"code":"invalid","message":"failure parsing line 1"}`, rejected: true, want: "failure parsing line 1"},
		{status: 422, body: `{"code":"unprocessable entity","message":"outside retention"}`, rejected: true, want: "outside retention"},
		{status: 413, body: `{"code":"request too large","message":"max is 50 MB"}`, rejected: true, want: "too large"},
		{status: 401, body: `{"error":"authorization failed"}`, want: "the token is wrong"},
		{status: 403, header: map[string]string{"X-Influxdb-Error": `"low" user is not authorized to write to database "p"`}, want: "does not allow it"},
		{status: 404, header: map[string]string{"X-Influxdb-Error": `database not found: "phusong"`}, want: `create it with: influx -execute 'CREATE DATABASE "phusong"'`},
		{status: 404, body: `{"code":"not found","message":"bucket \"phusong\" not found"}`, want: "create it with"},
		{status: 429, header: map[string]string{"Retry-After": "17"}, body: `{"code":"too many requests","message":"slow down"}`, wait: 17 * time.Second, want: "slow down"},
		{status: 503, header: map[string]string{"Retry-After": "3"}, wait: 3 * time.Second, want: "503"},
		{status: 503, want: "503"},
		{status: 500, header: map[string]string{"X-Influxdb-Error": "retention policy not found: autogen"}, want: "create it with"},
		{status: 500, body: `{"error":"engine is closed"}`, want: "500"},
		{status: 502, body: "<html>proxy</html>", want: "502"},
		{status: 405, body: "no", want: "405"},
	} {
		t.Run(fmt.Sprint(test.status, " ", test.want), func(t *testing.T) {
			t.Parallel()
			s := answers(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "application/json")
				if !strings.HasPrefix(test.body, "{") {
					w.Header().Set("Content-Type", "text/html")
				}
				for name, value := range test.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			err := s.Write(t.Context(), batch(3))
			switch {
			case test.want == "":
				if err != nil {
					t.Errorf("unexpected error: %v", err)
				}
				return
			case test.rejected:
				wantRejected(t, err, test.want)
			default:
				wantRetry(t, err, test.want)
			}
			var later interface{ RetryAfter() time.Duration }
			var wait time.Duration
			if errors.As(err, &later) {
				wait = later.RetryAfter()
			}
			if wait != test.wait {
				t.Errorf("%v says to wait %v, want %v", err, wait, test.wait)
			}
			if strings.Contains(err.Error(), "secret-word") {
				t.Errorf("%v tells the token", err)
			}
		})
	}
}

// TestRequest looks at what is sent.
func TestRequest(t *testing.T) {
	t.Parallel()
	var body, target, authorization string
	s := answers(t, func(w http.ResponseWriter, r *http.Request) {
		target, authorization = r.URL.String(), r.Header.Get("Authorization")
		unzipped, err := gzip.NewReader(r.Body)
		if err == nil {
			var b []byte
			b, err = io.ReadAll(unzipped)
			body = string(b)
		}
		if err != nil {
			t.Errorf("reading what was sent: %v", err)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	r := batch(1)[0]
	r.Seq, r.DeviceTime, r.Flags = telemetry.Some(int64(41)), start.AddDate(1, 0, 0), telemetry.FlagClockAhead
	r.WiFi.CPU, r.WiFi.WANUp = telemetry.Some(0.25), telemetry.Some(true)
	r.WiFi.UsersSketch = telemetry.Some(`a "b\c`)
	r.WiFi.Radios = []telemetry.Radio{{Band: telemetry.Some("5"), Channel: telemetry.Some(int64(44))}, {}}
	if err := s.Write(t.Context(), []telemetry.Reading{r}); err != nil {
		t.Fatal(err)
	}
	wantBody := `wifi,area=25459,device=ap-000 received=1763683201000i,flags=2i,seq=41i,device_time=1795219200000i,clients=0i,` +
		`radios=2i,radio0_band="5",radio0_channel=44i,wan_up=true,cpu=0.25,users_sketch="a \"b\\c" 1763683200000000042` + "\n"
	if body != wantBody {
		t.Errorf("sent\n%s\nwant\n%s", body, wantBody)
	}
	if want := "/api/v2/write?bucket=phusong%2Fautogen&org=&precision=ns"; target != want {
		t.Errorf("sent to %s, want %s", target, want)
	}
	if want := "Token reader:secret-word"; authorization != want {
		t.Errorf("authorized with %q, want %q", authorization, want)
	}
}

// TestTokenChanges replaces the file while the service runs.
func TestTokenChanges(t *testing.T) {
	t.Parallel()
	path := tokenFile(t, "old")
	var right atomic.Pointer[string]
	old := "Token old"
	right.Store(&old)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Header.Get("Authorization") == *right.Load() {
			w.WriteHeader(http.StatusNoContent)
		} else {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	s := open(t, influx.Options{URL: server.URL, Bucket: "b", TokenFile: path})
	if err := s.Write(t.Context(), batch(1)); err != nil {
		t.Fatal(err)
	}
	changed := "Token new"
	right.Store(&changed)
	wantRetry(t, s.Write(t.Context(), batch(1)), "the token is wrong")
	if err := os.WriteFile(path, []byte("new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRetry(t, s.Write(t.Context(), batch(1)), "the token is wrong") // and reads it again
	if err := s.Write(t.Context(), batch(1)); err != nil {
		t.Errorf("with the new token: %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	s := open(t, influx.Options{URL: server.URL, Bucket: "phusong/autogen"})
	wantRetry(t, s.Write(t.Context(), batch(1)), "connection refused")
	wantRetry(t, s.Ping(t.Context()), "connection refused")
}

// TestSilentServer does not answer at all.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	s := open(t, influx.Options{URL: server.URL, Bucket: "phusong/autogen", Timeout: 20 * time.Millisecond})
	err := s.Write(t.Context(), batch(1))
	wantRetry(t, err, "deadline exceeded")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Write(ctx, batch(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}
