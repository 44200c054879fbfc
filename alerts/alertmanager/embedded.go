package alertmanager

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"

	"github.com/prometheus/alertmanager/alert"
	apiv2 "github.com/prometheus/alertmanager/api/v2"
	"github.com/prometheus/alertmanager/cluster"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
)

// defaultExternalURL is that of the demo.
var defaultExternalURL = &url.URL{Scheme: "http", Host: "localhost:8080", Path: Prefix}

const (
	// DefaultRetention is how long ended silences and sent notifications are remembered. A
	// repeat_interval longer than this repeats too early.
	DefaultRetention = 120 * time.Hour
	// collectEvery is the pause between two removals of what is older than that.
	collectEvery = 15 * time.Minute
	// alertsCollectEvery is the same for resolved alerts, which people look up in the API.
	alertsCollectEvery = 30 * time.Minute
	// groupsCollectEvery is the same for empty groups.
	groupsCollectEvery = 30 * time.Second
)

// Options say how an [Embedded] is made.
type Options struct {
	// ConfigFile is an alertmanager.yml. Empty: the one in Default.
	ConfigFile string
	// Default holds an alertmanager.yml at its root and the templates that it names. Optional with
	// a ConfigFile.
	Default fs.FS
	// DataDir is the folder of silences and of the log of sent notifications. It is made if needed.
	DataDir string
	// ExternalURL is where people reach Handler, with [Prefix]; messages link to it. Empty: that of
	// the demo.
	ExternalURL string
	// Retention is how long ended silences and sent notifications are remembered; 0: [DefaultRetention].
	Retention time.Duration
	// StartDelay is how long nothing is sent after a start, so that what inhibits is there before
	// what it inhibits.
	StartDelay time.Duration
	// MaxAlerts may fire at once; 0: [DefaultMaxAlerts].
	MaxAlerts int
	// Cluster is for replicas that share silences and send each message once; zero: alone.
	Cluster    ClusterOptions
	Logger     *slog.Logger
	Registerer prometheus.Registerer // may be nil
}

func (o Options) validate() (Options, *url.URL, error) {
	external := defaultExternalURL
	if o.ExternalURL != "" {
		var err error
		if external, err = url.Parse(o.ExternalURL); err != nil || external.Host == "" {
			return o, nil, fmt.Errorf("alertmanager: external URL %q: use http://host:port%s", o.ExternalURL, Prefix)
		}
	}
	switch {
	case o.DataDir == "":
		return o, nil, errors.New("alertmanager: there is no data folder (Options.DataDir)")
	case o.Logger == nil:
		return o, nil, errors.New("alertmanager: there is no logger (Options.Logger)")
	case o.Retention < 0 || o.StartDelay < 0 || o.MaxAlerts < 0:
		return o, nil, errors.New("alertmanager: retention, start delay and maximum of alerts cannot be negative")
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	return o, external, nil
}

// Embedded is an Alertmanager in this process. Its methods may be called from any goroutine.
type Embedded struct {
	options  Options
	source   source
	external *url.URL
	log      *slog.Logger

	alerts   *mem.Alerts
	silences *silence.Silences
	silencer *silence.Silencer
	sent     *nflog.Log
	peer     *cluster.Peer // nil when alone
	muted    marker.GroupMarker
	api      *apiv2.API
	changed  chan struct{} // capacity 1; silences or sent differ from their files

	pipelines  *notify.PipelineBuilder
	dispatched *dispatch.DispatcherMetrics
	guards     *guardMetrics
	health     *health // of each integration
	started    time.Time

	running atomic.Pointer[pipeline] // nil before and after Run

	reload sync.Mutex // one at a time
	config *loaded    // guarded by reload

	mu      sync.Mutex
	book    book                      // guarded by mu
	renewed map[model.Fingerprint]int // guarded by mu; Alert.Renewed of what fires
	again   *renewals

	saving sync.Mutex // the files are written one at a time
}

// New reads configuration, silences and the log of sent notifications, and opens the cluster's port.
// An error names what is wrong in which file. Run must follow, were it with a cancelled context: it
// releases what New took. Metrics are named alertmanager_*, as elsewhere, and registered once.
func New(o Options) (*Embedded, error) {
	o, external, err := o.validate()
	if err != nil {
		return nil, err
	}
	e := &Embedded{
		options: o, source: source{o.ConfigFile, o.Default}, external: external, log: o.Logger,
		muted: marker.NewGroupMarker(), changed: make(chan struct{}, 1), book: newBook(o.MaxAlerts),
		renewed: make(map[model.Fingerprint]int), again: newRenewals(), health: newHealth(), started: time.Now(),
	}
	if e.config, err = e.source.load(); err != nil {
		return nil, fmt.Errorf("alertmanager: %w", err)
	}
	if err := os.MkdirAll(o.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("alertmanager: making the data folder: %w", err)
	}
	if err := e.build(); err != nil {
		return nil, fmt.Errorf("alertmanager: %w", err)
	}
	if _, err := e.receivers(e.config); err != nil {
		e.release()
		return nil, fmt.Errorf("alertmanager: %s: %w", e.source, err)
	}
	return e, nil
}

// building guards what all APIs of a process share: the first one resolves the references of the
// library's only description of itself, in place and without a lock.
var building sync.Mutex

// build makes the parts that outlive a reload.
func (e *Embedded) build() (err error) {
	reg, flags := e.options.Registerer, featurecontrol.NoopFlags{}
	var recorder eventrecorder.Recorder // records nothing
	e.guards = newGuardMetrics(promauto.With(reg))
	e.sent, err = nflog.New(nflog.Options{
		SnapshotFile: e.path("nflog"), Retention: e.options.Retention, Logger: e.log.With("component", "nflog"), Metrics: reg,
	})
	if err != nil {
		return fmt.Errorf("reading the log of sent notifications %s: %w", e.path("nflog"), err)
	}
	e.silences, err = silence.New(silence.Options{
		SnapshotFile: e.path("silences"), Retention: e.options.Retention, Logger: e.log.With("component", "silences"), Metrics: reg,
	})
	if err != nil {
		return fmt.Errorf("reading the silences %s: %w", e.path("silences"), err)
	}
	e.silencer = silence.NewSilencer(e.silences, e.log, recorder)
	// The rest starts something, so nothing may fail after it without releasing it.
	e.alerts, err = mem.NewAlerts(context.Background(), alertsCollectEvery, 0, e.silencer, e.log, recorder, reg, flags)
	if err != nil {
		return err
	}
	if err := e.openCluster(); err != nil {
		e.release()
		return err
	}
	var peer cluster.ClusterPeer // a nil *Peer in it would not be nil
	if e.peer != nil {
		peer = e.peer
	}
	tellVersion()
	building.Lock()
	defer building.Unlock()
	e.api, err = apiv2.NewAPI(e.alerts, e.groups, e.muted.Muted, e.silences, peer, e.log.With("component", "api"), reg)
	if err != nil {
		e.release()
		return fmt.Errorf("building the API: %w", err)
	}
	e.pipelines = notify.NewPipelineBuilder(reg, flags, recorder)
	e.dispatched = dispatch.NewDispatcherMetrics(false, reg, flags)
	return nil
}

// tellVersion makes the API say which Alertmanager this is; its own build would.
var tellVersion = sync.OnceFunc(func() {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	for _, d := range info.Deps {
		if d.Path == "github.com/prometheus/alertmanager" {
			version.Version = strings.TrimPrefix(d.Version, "v")
		}
	}
})

// release ends what build started.
func (e *Embedded) release() {
	e.alerts.Close()
	if e.peer != nil {
		if err := e.peer.Leave(leaveWithin); err != nil {
			e.log.Warn("Leaving the cluster of Alertmanagers failed", "err", err)
		}
	}
}

func (e *Embedded) path(name string) string { return filepath.Join(e.options.DataDir, name) }

// Run sends what is due until ctx ends, then saves silences and what was sent, and returns nil. What
// is being sent at that moment is broken off, and sent again after the next start.
func (e *Embedded) Run(ctx context.Context) error {
	defer e.release()
	if ctx.Err() != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	stop := make(chan struct{})
	keeping.Go(func() { e.sent.Maintenance(collectEvery, e.path("nflog"), stop, e.collectSent) })
	keeping.Go(func() { e.silences.Maintenance(collectEvery, e.path("silences"), stop, e.collectSilences) })
	keeping.Go(func() { e.keepFiles(stop) })
	defer func() {
		cancel()
		close(stop)
		keeping.Wait()
	}()
	e.joinCluster(ctx, &keeping)

	e.reload.Lock()
	err := e.apply(e.config)
	e.reload.Unlock()
	if err != nil {
		return fmt.Errorf("alertmanager: %s: %w", e.source, err)
	}
	<-ctx.Done()
	e.reload.Lock()
	defer e.reload.Unlock()
	e.running.Swap(nil).stop()
	return nil
}

// Reload reads the configuration again. When it is wrong, the one before stays in force. Silences and
// what was sent are kept; what is being sent is broken off and begun again.
func (e *Embedded) Reload() error {
	e.reload.Lock()
	defer e.reload.Unlock()
	fresh, err := e.source.load()
	if err == nil {
		err = e.adopt(fresh)
	}
	if err != nil {
		return fmt.Errorf("alertmanager: the configuration before stays in force: %w", err)
	}
	return nil
}

// adopt puts a configuration in force, now or when Run begins.
func (e *Embedded) adopt(fresh *loaded) error {
	if e.running.Load() == nil {
		if _, err := e.receivers(fresh); err != nil {
			return fmt.Errorf("%s: %w", e.source, err)
		}
		e.config = fresh
		return nil
	}
	return e.apply(fresh)
}

// Update takes alerts that began, changed or were resolved; of one alert the last is the truth. It
// returns at once. The error is of the alerts that were left out (see [ErrInvalid], [ErrEqualLabels],
// [ErrTooMany]); the others were taken. What is as it was costs nothing. Alerts live in memory: after a start, call
// Replace.
func (e *Embedded) Update(alerts []Alert) error {
	return e.put(alerts, (*book).update)
}

// Replace takes all alerts that fire now, after a start or at any time: what was taken before and is not
// among them is resolved. What ended lately may be among them, with its EndsAt. Alerts that others posted to the API are not touched.
func (e *Embedded) Replace(active []Alert) error {
	return e.put(active, (*book).replace)
}

func (e *Embedded) put(alerts []Alert, take func(*book, time.Time, []Alert) ([]Alert, error)) error {
	now := time.Now()
	e.mu.Lock() // until they are put, so that two calls cannot overtake each other
	defer e.mu.Unlock()
	said, err := take(&e.book, now, alerts)
	puts := make([]*alert.Alert, len(said))
	for i := range said {
		puts[i] = convert(&said[i], now)
	}
	err = errors.Join(err, e.alerts.Put(context.Background(), puts...))
	e.renewLocked(said, now)
	return err
}

// FailingSince returns since when a receiver has not been reached, of several the one that fails
// longest: its people hear nothing. The zero time says that all work, as far as they were needed.
func (e *Embedded) FailingSince() time.Time {
	_, first, _ := e.health.failing()
	return first
}

func convert(a *Alert, now time.Time) *alert.Alert {
	return &alert.Alert{
		Alert: model.Alert{
			Labels: labelSet(a.Labels), Annotations: labelSet(a.Annotations),
			StartsAt: a.StartsAt, EndsAt: a.EndsAt, GeneratorURL: a.GeneratorURL,
		},
		UpdatedAt: now,
	}
}
