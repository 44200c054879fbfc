package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// WatcherOptions configure a [Watcher].
type WatcherOptions struct {
	Paths Paths
	// Interval is the time between two looks at the files; 2s when zero. A change is
	// taken up one look after it has come to rest. Looking is chosen over being told by
	// the kernel because it also works on network shares and mounted volumes, where
	// clerks keep such files, and costs a handful of system calls.
	Interval time.Duration
	// OnChange, when set, is told of each new snapshot after the first, by the
	// goroutine of Run, after Current returns it. It must not block.
	OnChange func(*Registry)
	// OnError, when set, is told instead of the log why new files were not taken up.
	OnError func(error)
	// Logger is for what happens without anybody asking; nil discards it.
	Logger *slog.Logger
	// Registerer gets the metrics; nil registers none.
	Registerer prometheus.Registerer
}

// A Watcher keeps a [Registry] up to date with its files. Its methods are safe
// for concurrent use; Run may be called once.
type Watcher struct {
	opts    WatcherOptions
	current atomic.Pointer[Registry]
	metrics metrics

	// Of Run's goroutine:
	loaded []fileState // of the last attempt, good or bad
	seen   []fileState // at the last look
}

type metrics struct {
	reloads *prometheus.CounterVec
	good    prometheus.Gauge
}

// NewWatcher loads the files. When they are wrong there is nothing to fall back
// on, and the error says all that is wrong with them.
func NewWatcher(opts WatcherOptions) (*Watcher, error) {
	if opts.Interval == 0 {
		opts.Interval = 2 * time.Second
	}
	if opts.Interval < 0 {
		return nil, fmt.Errorf("registry watcher options: Interval: %s is negative; leave it zero for 2s", opts.Interval)
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	opts.Paths.Areas = slices.Clone(opts.Paths.Areas)
	w := &Watcher{opts: opts}
	w.loaded = look(opts.Paths.all())
	w.seen = w.loaded
	r, err := Load(opts.Paths)
	if err != nil {
		return nil, fmt.Errorf("loading the registry: %w", err)
	}
	w.current.Store(r)
	w.register()
	return w, nil
}

func (w *Watcher) register() {
	auto := promauto.With(w.opts.Registerer)
	w.metrics.reloads = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "reloads_total", Help: "Times that changed registry files were read, by result: ok or error.",
	}, []string{"result"})
	w.metrics.reloads.WithLabelValues("ok")
	w.metrics.reloads.WithLabelValues("error")
	w.metrics.good = auto.NewGauge(prometheus.GaugeOpts{
		Name: "files_valid", Help: "1 while the registry in use is that of the files, 0 while they are wrong and an older one is kept.",
	})
	w.metrics.good.Set(1)
	auto.NewGaugeFunc(prometheus.GaugeOpts{Name: "devices", Help: "Registered devices, without retired ones."}, func() float64 {
		n := 0
		for _, d := range w.Current().Devices() {
			if !d.Retired {
				n++
			}
		}
		return float64(n)
	})
}

// Current returns the snapshot in use. It never blocks.
func (w *Watcher) Current() *Registry { return w.current.Load() }

// Run looks at the files until ctx is done, and returns nil then. New files that
// are wrong are reported once per change; the snapshot in use stays.
func (w *Watcher) Run(ctx context.Context) error {
	ticker := time.NewTicker(w.opts.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			w.check()
		}
	}
}

// check reloads when the files have changed since the last attempt and rested
// since the last look: a file that is being written would be read half.
func (w *Watcher) check() {
	now := look(w.opts.Paths.all())
	resting := slices.Equal(now, w.seen)
	w.seen = now
	if !resting || slices.Equal(now, w.loaded) {
		return
	}
	r, err := Load(w.opts.Paths)
	if !slices.Equal(look(w.opts.Paths.all()), now) {
		return // changed under our hands; the next look finds it
	}
	w.loaded = now
	if err != nil {
		w.metrics.reloads.WithLabelValues("error").Inc()
		w.metrics.good.Set(0)
		w.report(err)
		return
	}
	w.current.Store(r)
	w.metrics.reloads.WithLabelValues("ok").Inc()
	w.metrics.good.Set(1)
	w.opts.Logger.Info("registry reloaded", "areas", len(r.areas), "sites", len(r.sites), "devices", len(r.devices), "roads", len(r.roads))
	if w.opts.OnChange != nil {
		w.opts.OnChange(r)
	}
}

func (w *Watcher) report(err error) {
	if w.opts.OnError != nil {
		w.opts.OnError(fmt.Errorf("reloading the registry: %w", err))
		return
	}
	list, ok := errors.AsType[*ProblemsError](err)
	if !ok {
		w.opts.Logger.Error("registry files are wrong; the old registry is kept", "error", err)
		return
	}
	for _, p := range list.Problems {
		w.opts.Logger.Error("registry files are wrong; the old registry is kept", "problem", p.String())
	}
	if list.More > 0 {
		w.opts.Logger.Error("registry files are wrong; the old registry is kept", "more_problems", list.More)
	}
}

// A fileState tells one version of a file from another without reading it.
type fileState struct {
	exists  bool
	size    int64
	changed int64 // modification time, Unix nanoseconds
}

func look(paths []string) []fileState {
	states := make([]fileState, len(paths))
	for i, path := range paths {
		if info, err := os.Stat(path); err == nil {
			states[i] = fileState{exists: true, size: info.Size(), changed: info.ModTime().UnixNano()}
		}
	}
	return states
}
