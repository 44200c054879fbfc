package main_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"phusong/internal/testbed"
)

// InfluxDB is away longer than its client waits, and the service restarts meanwhile.
func TestSurvivesWithoutStore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// leave makes the database go away, back makes it return.
		leave, back func(*town)
		// failures in a row are awaited before it returns: 12 take about 20 s.
		failures float64
	}{
		{"gone", func(w *town) { w.influx.Stop() }, func(w *town) { w.influx.Start() }, 12},
		{"mute", (*town).muteInflux, func(w *town) { w.signalInflux(syscall.SIGCONT) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			testbed.Slow(t)
			w := newTown(t, townOptions{Influx: true})
			w.start()
			f := newFleet(t, w.broker.URL())
			f.begin(1)
			w.awaitAtLeast("phusong_readings_stored_total", 1000)
			test.leave(w)
			f.more()
			w.awaitAtLeast("phusong_readings_waiting", 1000)
			w.mustSpool()

			w.stop()
			f.more()
			w.start()
			w.process.WaitLog("readings wait in the stream for the store")
			w.process.WaitLog("the store does not take readings")
			w.awaitAtLeast("phusong_store_write_errors_total", test.failures)
			w.awaitAtLeast("phusong_readings_waiting", 2000)
			w.mustSpool()

			f.more()
			test.back(w)
			w.process.WaitLog("writing again")
			w.settle(f)
		})
	}
}

// muteInflux makes the database take connections and say nothing.
func (w *town) muteInflux() {
	w.t.Helper()
	w.signalInflux(syscall.SIGSTOP)
	w.t.Cleanup(func() { w.signalInflux(syscall.SIGCONT) }) // or it could not be stopped
}

// signalInflux sends a signal to the database.
func (w *town) signalInflux(sig syscall.Signal) {
	w.t.Helper()
	if err := syscall.Kill(w.influx.PID(), sig); err != nil {
		w.t.Fatal(err)
	}
}

// mustSpool proves that the service calls itself ready: it takes readings and keeps
// them until the store is back.
func (w *town) mustSpool() {
	w.t.Helper()
	code, parts, err := w.readiness()
	if err != nil || code != http.StatusOK {
		w.t.Errorf("/readyz answers %d %v (%v) without a store, want 200: the stream has room", code, parts, err)
	}
}

// The store refuses one reading for good, in the middle of others: it becomes a dead
// letter, alone, and is stored when the store has been mended.
func TestSurvivesRefusalByStore(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	const poison = "ap-poison"
	w := newTown(t, townOptions{Influx: true})
	picky := newPickyStore(t, w.influx.URL(), poison)
	w.keys["store.influx.url"] = picky.url
	w.configure()
	w.start()
	f := newFleet(t, w.broker.URL())
	f.begin(2)
	w.awaitAtLeast("phusong_readings_stored_total", 500)
	at := now(0)
	refused := reading{Device: poison, Seq: 7, Time: at}
	f.publish(telemetryTopic("wifi", poison), fmt.Appendf(nil, `{"time":%d,"seq":7,"clients":3}`, at)) // acknowledged, but not to be stored
	w.awaitExactly(`phusong_readings_rejected_total{reason="store"}`, 1)
	f.more()
	w.awaitAtLeast("phusong_readings_stored_total", 2000)
	f.rest()
	w.awaitExactly("phusong_readings_waiting", 0)
	w.awaitStored(f.acknowledged())
	w.mustBalance()
	code, list := w.tool("deadletters", "list")
	if code != 0 || strings.Count(list, "InfluxDB refuses it") != 1 || !strings.Contains(list, "/"+poison+"/telemetry") {
		t.Errorf("deadletters list ended with %d, want the one refused reading:\n%s", code, list)
	}

	picky.mended.Store(true)
	if code, output := w.tool("deadletters", "replay", "--all"); code != 0 || !strings.Contains(output, "replayed 1;") {
		t.Errorf("deadletters replay ended with %d:\n%s", code, output)
	}
	if code, output := w.tool("deadletters", "list"); code != 0 || !strings.Contains(output, "there are no dead letters") {
		t.Errorf("deadletters list after the replay ended with %d:\n%s", code, output)
	}
	f.remember(refused)
	w.settle(f)
}

// pickyStore is an InfluxDB that refuses every write with a certain device in it.
type pickyStore struct {
	url    string
	mended atomic.Bool
}

func newPickyStore(t *testing.T, behind, device string) *pickyStore {
	t.Helper()
	target, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	picky := new(pickyStore)
	// A transport of its own: every httptest.Server that ends closes connections of
	// the default one, and other tests have such servers.
	own := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(own.CloseIdleConnections)
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: own}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/write") && !picky.mended.Load() {
			holds, err := bodyHolds(r, "device="+device+" ")
			if err != nil {
				t.Errorf("reading what phusong writes: %v", err)
			}
			if holds {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"code":"invalid","message":"this point is not to my taste"}`)
				return
			}
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	picky.url = server.URL
	return picky
}

// bodyHolds looks into the body of a request and leaves it as it was.
func bodyHolds(r *http.Request, text string) (bool, error) {
	raw, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	if err != nil {
		return false, err
	}
	plain := raw
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return false, err
		}
		if plain, err = io.ReadAll(unpacked); err != nil {
			return false, errors.Join(err, unpacked.Close())
		}
	}
	return bytes.Contains(plain, []byte(text)), nil
}
