package registry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/internal/registry"
	"phusong/telemetry"
)

// watched is a Watcher over real files, whose Run is on the clock of a synctest
// bubble: time passes when everybody waits.
type watched struct {
	*registry.Watcher
	paths   registry.Paths
	metrics *prometheus.Registry
	log     bytes.Buffer // to be read after stop
	stop    func()

	mu      sync.Mutex // guards what Run's goroutine has told
	changes []*registry.Registry
	errs    []error
}

// told returns what Run has told so far.
func (w *watched) told() ([]*registry.Registry, []error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.changes), slices.Clone(w.errs)
}

const interval = 5 * time.Second

func watch(t *testing.T, change func(*registry.WatcherOptions)) *watched {
	t.Helper()
	w := &watched{paths: files(t, areasText, sitesText, devicesText), metrics: prometheus.NewRegistry()}
	opts := registry.WatcherOptions{
		Paths: w.paths, Interval: interval, Registerer: w.metrics, Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
		OnChange: func(r *registry.Registry) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.changes = append(w.changes, r)
		},
		OnError: func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.errs = append(w.errs, err)
		},
	}
	if change != nil {
		change(&opts)
	}
	var err error
	if w.Watcher, err = registry.NewWatcher(opts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v, want nil", err)
		}
	}
	return w
}

// save replaces a file and gives it a time of its own, as every save has.
func (w *watched) save(t *testing.T, path, text string, at time.Duration) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(at)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}

// looks lets the watcher look n times.
func looks(n int) {
	time.Sleep(time.Duration(n)*interval + interval/2)
	synctest.Wait()
}

func (w *watched) metric(t *testing.T, name, result string) float64 {
	t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (result == "" || m.GetLabel()[0].GetValue() == result) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("there is no metric %s{result=%q}", name, result)
	return 0
}

const moreDevices = devicesText + "ap-2,wifi,Hành lang,th-01,,,,60s,gw-1,60,,\n"

func TestWatcherTakesUpAChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, nil)
		defer w.stop()
		looks(3)
		if changes, _ := w.told(); len(changes) != 0 {
			t.Fatal("it reloaded without a change")
		}
		before := w.Current()
		w.save(t, w.paths.Devices, moreDevices, time.Hour)
		looks(2)
		if changes, _ := w.told(); len(changes) != 1 || changes[0] != w.Current() {
			t.Fatalf("%d changes were told, want the one in use", len(changes))
		}
		if _, ok := w.Current().Device("ap-2"); !ok {
			t.Error("the new device is missing")
		}
		if _, ok := before.Device("ap-2"); ok {
			t.Error("the old snapshot has changed")
		}
		if got := w.metric(t, "devices", ""); got != 4 {
			t.Errorf("devices %v, want 4 without the retired one", got)
		}
		if ok, bad := w.metric(t, "reloads_total", "ok"), w.metric(t, "reloads_total", "error"); ok != 1 || bad != 0 {
			t.Errorf("reloads: %v ok, %v error; want 1 and 0", ok, bad)
		}
	})
}

func TestWatcherKeepsTheOldWhileTheNewIsWrong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, nil)
		defer w.stop()
		before := w.Current()
		w.save(t, w.paths.Devices, moreDevices+"ap-3,wify,,th-01,,,,60s,,,,\n", time.Hour)
		looks(4)
		changes, errs := w.told()
		if w.Current() != before || len(changes) != 0 {
			t.Error("wrong files were taken up")
		}
		var list *registry.ProblemsError
		if len(errs) != 1 || !errors.As(errs[0], &list) || list.Problems[0].Line != 7 {
			t.Fatalf("errors %v, want one about line 7, once", errs)
		}
		if got := w.metric(t, "files_valid", ""); got != 0 {
			t.Errorf("files_valid %v, want 0", got)
		}
		w.save(t, w.paths.Devices, moreDevices, 2*time.Hour)
		looks(2)
		if _, ok := w.Current().Device("ap-2"); !ok || w.metric(t, "files_valid", "") != 1 || w.metric(t, "reloads_total", "error") != 1 {
			t.Error("the mended file was not taken up")
		}
	})
}

func TestWatcherLogsWithoutOnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, func(o *registry.WatcherOptions) { o.OnError, o.OnChange = nil, nil })
		w.save(t, w.paths.Devices, "id,kind,area,interval\n"+strings.Repeat("x,wify,80,60\n", 60), time.Hour)
		looks(2)
		w.save(t, w.paths.Devices, moreDevices, 2*time.Hour)
		looks(2)
		w.stop()
		for _, want := range []string{`devices.csv:2: kind \"wify\" is unknown`, "more_problems=", "registry reloaded"} {
			if !strings.Contains(w.log.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, w.log.String())
			}
		}
	})
}

// A file that still grows is not read: half a table can be a valid table.
func TestWatcherWaitsForTheFileToRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, nil)
		defer w.stop()
		lines := strings.SplitAfter(moreDevices, "\n")
		for n := 1; n < len(lines); n++ {
			w.save(t, w.paths.Devices, strings.Join(lines[:n], ""), time.Duration(n)*time.Minute)
			time.Sleep(interval)
			synctest.Wait()
		}
		if changes, errs := w.told(); len(changes)+len(errs) != 0 {
			t.Fatalf("half a file was read: %v", errs)
		}
		looks(1)
		if changes, _ := w.told(); len(changes) != 1 || len(w.Current().Devices()) != 5 {
			t.Errorf("%d changes, %d devices; want 1 and 5", len(changes), len(w.Current().Devices()))
		}
	})
}

// Editors replace a file by renaming another over it; for a moment there is none.
func TestWatcherSurvivesAbsence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, nil)
		defer w.stop()
		before := w.Current()
		if err := os.Remove(w.paths.Sites); err != nil {
			t.Fatal(err)
		}
		looks(2)
		if _, errs := w.told(); w.Current() != before || len(errs) != 1 || !strings.Contains(errs[0].Error(), "does not exist") {
			t.Fatalf("errors %v, want one that says that the file is gone", errs)
		}
		fresh := filepath.Join(filepath.Dir(w.paths.Sites), "new.csv")
		w.save(t, fresh, sitesText+"cho-01,Chợ,tourism,25459,,,,\n", time.Hour)
		if err := os.Rename(fresh, w.paths.Sites); err != nil {
			t.Fatal(err)
		}
		looks(2)
		if _, ok := w.Current().Site("cho-01"); !ok {
			t.Error("the replaced file was not taken up")
		}
	})
}

func TestWatcherRefusesToStartWithWrongFiles(t *testing.T) {
	t.Parallel()
	_, err := registry.NewWatcher(registry.WatcherOptions{Paths: files(t, areasText, sitesText, "id,kind\n")})
	var list *registry.ProblemsError
	if !errors.As(err, &list) || !strings.HasPrefix(err.Error(), "loading the registry: ") {
		t.Errorf("error %v", err)
	}
	if _, err := registry.NewWatcher(registry.WatcherOptions{Interval: -time.Second}); err == nil || !strings.Contains(err.Error(), "Interval") {
		t.Errorf("error %v, want one about Interval", err)
	}
}

func TestCurrentIsSafeDuringReloads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ctx.Err() == nil {
				if _, ok := w.Current().Device("ap-1"); !ok {
					t.Error("a device was missing during a reload")
				}
				w.Current().AreaAt(telemetry.Point{Lat: 11.25, Lon: 106.05}, time.Time{})
				time.Sleep(time.Second)
			}
		}()
		for n := range 10 {
			text := devicesText
			if n%2 == 0 {
				text = moreDevices
			}
			w.save(t, w.paths.Devices, text, time.Duration(n+1)*time.Hour)
			looks(2)
		}
		cancel()
		<-done
		w.stop()
		if changes, _ := w.told(); len(changes) != 10 {
			t.Errorf("%d reloads, want 10", len(changes))
		}
	})
}
