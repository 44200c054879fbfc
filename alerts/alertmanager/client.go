package alertmanager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
)

const (
	// DefaultResend is how often firing alerts are posted again.
	DefaultResend = time.Minute
	// leases is how many resends an alert outlives without one: an Alertmanager takes one that is
	// not posted any more for resolved.
	leases = 4
	// rememberResolved is how long a resolved alert is posted again, as Prometheus does, should an
	// Alertmanager have forgotten it before it told anybody.
	rememberResolved = 15 * time.Minute
	// forgetUndelivered is how long a resolved alert is kept for an Alertmanager that is away. By
	// then its own copy has long ended.
	forgetUndelivered = 24 * time.Hour
)

// ClientOptions say how a [Client] is made.
type ClientOptions struct {
	// URLs are the Alertmanagers of one cluster, each of them, never a load balancer: they agree
	// among themselves who sends. Example: http://alertmanager-1:9093.
	URLs []string
	// Resend is how often firing alerts are posted again; 0: [DefaultResend]. An Alertmanager that
	// hears nothing of an alert for four times as long takes it for resolved.
	Resend time.Duration
	// MaxAlerts may fire at once; 0: [DefaultMaxAlerts].
	MaxAlerts int
	// Transport makes the requests: with the certificates and credentials that the Alertmanagers
	// want. Nil: http.DefaultTransport.
	Transport  http.RoundTripper
	Logger     *slog.Logger
	Registerer prometheus.Registerer // may be nil
}

// Client keeps Alertmanagers outside informed. It holds the set of alerts, not a queue of messages:
// an Alertmanager that comes back is told the present once. Its methods may be called from any
// goroutine.
type Client struct {
	options ClientOptions
	log     *slog.Logger
	metrics *clientMetrics
	targets []*target
	health  *health // of each target
	now     func() time.Time

	mu      sync.Mutex
	book    book                        // guarded by mu
	items   map[model.Fingerprint]*item // guarded by mu
	version uint64                      // guarded by mu; of the last change
}

// item is what Alertmanagers are to know of one alert: that it fires, or that it is resolved.
type item struct {
	alert   Alert
	version uint64 // of its last change
}

// NewClient checks the options; an error names the bad one. Run does the posting.
func NewClient(o ClientOptions) (*Client, error) {
	switch {
	case len(o.URLs) == 0:
		return nil, errors.New("alertmanager: there is no URL of an Alertmanager (ClientOptions.URLs)")
	case o.Logger == nil:
		return nil, errors.New("alertmanager: there is no logger (ClientOptions.Logger)")
	case o.Resend < 0 || o.MaxAlerts < 0:
		return nil, errors.New("alertmanager: resend interval and maximum of alerts cannot be negative")
	}
	if o.Resend == 0 {
		o.Resend = DefaultResend
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	c := &Client{
		options: o, log: o.Logger, now: time.Now, health: newHealth(),
		book: newBook(o.MaxAlerts), items: make(map[model.Fingerprint]*item),
	}
	for i, raw := range o.URLs {
		u, err := url.Parse(raw)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" {
			return nil, fmt.Errorf("alertmanager: URL %d of an Alertmanager: use http://host:9093 or https://…", i+1)
		}
		if slices.Contains(o.URLs[:i], raw) {
			return nil, fmt.Errorf("alertmanager: %s is named twice", u.Redacted())
		}
		c.targets = append(c.targets, newTarget(c, u))
	}
	c.metrics = newClientMetrics(o.Registerer, c)
	return c, nil
}

// Run posts until ctx ends and returns nil. What is due at that moment goes out in one last attempt.
func (c *Client) Run(ctx context.Context) error {
	var posting sync.WaitGroup
	defer posting.Wait()
	for _, t := range c.targets {
		posting.Go(func() { t.run(ctx) })
	}
	resend := time.NewTicker(c.options.Resend)
	defer resend.Stop()
	for {
		select {
		case <-resend.C:
			c.resend()
		case <-ctx.Done():
			return nil
		}
	}
}

// Update takes alerts that began, changed or were resolved; of one alert the last is the truth. It
// returns at once. The error is of the alerts that were left out (see [ErrInvalid], [ErrEqualLabels],
// [ErrTooMany]); the others were taken. What is as it was costs nothing. Alerts live in memory: after a start, call
// Replace.
func (c *Client) Update(alerts []Alert) error { return c.put(alerts, (*book).update) }

// Replace takes all alerts that fire now, after a start or at any time: what was taken before and is not
// among them is resolved. What ended lately may be among them, with its EndsAt.
func (c *Client) Replace(active []Alert) error { return c.put(active, (*book).replace) }

// FailingSince returns since when no Alertmanager has taken anything. The zero time says that one at
// least does, as far as it was needed: one of a cluster is enough.
func (c *Client) FailingSince() time.Time {
	n, _, last := c.health.failing()
	if n < len(c.targets) {
		return time.Time{}
	}
	return last
}

func (c *Client) put(alerts []Alert, take func(*book, time.Time, []Alert) ([]Alert, error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	said, err := take(&c.book, c.now(), alerts)
	for i := range said {
		key := said[i].fingerprint()
		if c.items[key] == nil && len(c.items) >= 2*c.book.limit {
			c.forgetOneLocked()
		}
		c.version++
		c.items[key] = &item{alert: said[i], version: c.version}
		for _, t := range c.targets {
			t.pending[key] = struct{}{}
		}
	}
	c.wakeLocked()
	return err
}

// resend makes everything due again, and forgets what was resolved long ago.
func (c *Client) resend() {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, i := range c.items {
		if i.alert.Firing() {
			c.pendLocked(key)
			continue
		}
		age := now.Sub(i.alert.EndsAt)
		switch delivered := c.deliveredLocked(key); {
		case age > rememberResolved && delivered:
			c.dropLocked(key)
		case age > forgetUndelivered:
			c.metrics.forgotten.Inc()
			c.dropLocked(key)
		default:
			c.pendLocked(key)
		}
	}
	c.wakeLocked()
}

func (c *Client) pendLocked(key model.Fingerprint) {
	for _, t := range c.targets {
		t.pending[key] = struct{}{}
	}
}

func (c *Client) deliveredLocked(key model.Fingerprint) bool {
	return !slices.ContainsFunc(c.targets, func(t *target) bool {
		_, waits := t.pending[key]
		return waits
	})
}

func (c *Client) dropLocked(key model.Fingerprint) {
	delete(c.items, key)
	for _, t := range c.targets {
		delete(t.pending, key)
	}
}

// forgetOneLocked makes room by the resolved alert that changed first. There is one: at most half of
// the items fire.
func (c *Client) forgetOneLocked() {
	var oldest model.Fingerprint
	version := c.version + 1
	for key, i := range c.items {
		if !i.alert.Firing() && i.version < version {
			oldest, version = key, i.version
		}
	}
	if !c.deliveredLocked(oldest) {
		c.metrics.forgotten.Inc()
	}
	c.dropLocked(oldest)
}

func (c *Client) wakeLocked() {
	for _, t := range c.targets {
		select {
		case t.wake <- struct{}{}:
		default: // it is awake already
		}
	}
}

// due returns what t is to be told next, in the order in which it changed, at most batchSize.
func (c *Client) due(t *target) []item {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := slices.SortedFunc(maps.Keys(t.pending), func(a, b model.Fingerprint) int {
		return cmp.Compare(c.items[a].version, c.items[b].version)
	})
	batch := make([]item, 0, min(len(keys), batchSize))
	for _, key := range keys[:min(len(keys), batchSize)] {
		batch = append(batch, *c.items[key])
	}
	return batch
}

// told marks what t has heard. What changed meanwhile is due all the same.
func (c *Client) told(t *target, batch []item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range batch {
		key := b.alert.fingerprint()
		if now := c.items[key]; now != nil && now.version == b.version {
			delete(t.pending, key)
		}
	}
}

// count returns how many alerts fire, and how many alerts t has still to be told.
func (c *Client) count(t *target) (firing, pending int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.book.entries), len(t.pending)
}

// clientMetrics are those of a Client, by Alertmanager.
type clientMetrics struct {
	sent, errors, refused *prometheus.CounterVec
	forgotten             prometheus.Counter
}

func newClientMetrics(reg prometheus.Registerer, c *Client) *clientMetrics {
	label := []string{"alertmanager"}
	m := &clientMetrics{
		sent:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "alertmanager_alerts_sent_total", Help: "Alerts that an Alertmanager took, counting each resend."}, label),
		errors:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "alertmanager_send_errors_total", Help: "Failed attempts to post to an Alertmanager; each is tried again."}, label),
		refused:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "alertmanager_alerts_refused_total", Help: "Alerts posted in a request that an Alertmanager refused as invalid; the log says why."}, label),
		forgotten: prometheus.NewCounter(prometheus.CounterOpts{Name: "alertmanager_alerts_forgotten_total", Help: "Resolved alerts given up because an Alertmanager was away for too long to be told."}),
	}
	collectors := []prometheus.Collector{m.sent, m.errors, m.refused, m.forgotten,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "alertmanager_alerts_firing", Help: "Alerts that Alertmanagers are to know as firing."}, func() float64 {
			firing, _ := c.count(c.targets[0])
			return float64(firing)
		}),
	}
	for _, t := range c.targets {
		for _, v := range []*prometheus.CounterVec{m.sent, m.errors, m.refused} {
			v.WithLabelValues(t.name) // zero, not absent
		}
		constant := prometheus.Labels{"alertmanager": t.name}
		collectors = append(collectors,
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "alertmanager_alerts_waiting", Help: "Alerts that an Alertmanager has still to be told of.", ConstLabels: constant}, func() float64 {
				_, pending := c.count(t)
				return float64(pending)
			}),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "alertmanager_last_success_timestamp_seconds", Help: "When an Alertmanager last took alerts; 0 before the first time.", ConstLabels: constant}, func() float64 {
				return float64(t.lastSuccess.Load()) / 1000
			}),
		)
	}
	if reg != nil {
		reg.MustRegister(collectors...)
	}
	return m
}

// redactedName is how logs and metrics call an Alertmanager.
func redactedName(u *url.URL) string { return strings.TrimSuffix(u.Redacted(), "/") }
