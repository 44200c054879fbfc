package alertmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/model"
)

const (
	// batchSize is how many alerts one request carries.
	batchSize = 256
	// postWithin is how long an Alertmanager may take to answer.
	postWithin = 10 * time.Second
	// The pauses between failed attempts double from the first to the last.
	firstPause = 500 * time.Millisecond
	lastPause  = 15 * time.Second
)

// target is one Alertmanager outside. Exactly one goroutine posts to it, so an older state of an
// alert cannot overtake a newer one.
type target struct {
	client  *Client
	name    string // without secrets
	url     string
	http    *http.Client
	wake    chan struct{}                  // capacity 1; there is something pending
	pending map[model.Fingerprint]struct{} // guarded by Client.mu; at most all items

	lastSuccess atomic.Int64 // Unix milliseconds
}

func newTarget(c *Client, u *url.URL) *target {
	return &target{
		client: c, name: redactedName(u), url: u.JoinPath("api/v2/alerts").String(),
		http: &http.Client{Transport: c.options.Transport, Timeout: postWithin},
		wake: make(chan struct{}, 1), pending: make(map[model.Fingerprint]struct{}),
	}
}

// run posts what is pending until ctx ends.
func (t *target) run(ctx context.Context) {
	pause := time.Duration(0)
	for {
		switch err := t.postDue(ctx); {
		case ctx.Err() != nil:
			t.lastWords(ctx)
			return
		case err != nil:
			if pause == 0 {
				t.client.log.Warn("An Alertmanager does not take alerts; they are kept and tried again", "alertmanager", t.name, "err", err)
			}
			pause = min(max(2*pause, firstPause), lastPause)
			if !sleep(ctx, jitter(pause)) {
				t.lastWords(ctx)
				return
			}
			continue
		case pause != 0:
			t.client.log.Info("An Alertmanager takes alerts again", "alertmanager", t.name)
			pause = 0
		}
		select {
		case <-t.wake:
		case <-ctx.Done():
			t.lastWords(ctx)
			return
		}
	}
}

// lastWords is one more attempt at the end: what was resolved a moment ago should not wait for the
// next start.
func (t *target) lastWords(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := t.postDue(ctx); err != nil {
		t.client.log.Debug("The last alerts of this run were not posted", "alertmanager", t.name, "err", err)
	}
}

// postDue posts until nothing is pending.
func (t *target) postDue(ctx context.Context) error {
	for {
		batch := t.client.due(t)
		if len(batch) == 0 {
			return nil
		}
		err := t.post(ctx, batch)
		if err == nil || ctx.Err() == nil {
			t.client.health.report(t.name, err, t.client.now())
		}
		_, refused := errors.AsType[*refusedError](err)
		switch {
		case refused:
			// The same again would be refused again; the next resend tries nevertheless.
			t.client.metrics.refused.WithLabelValues(t.name).Add(float64(len(batch)))
			t.client.log.Error("An Alertmanager refuses alerts", "alertmanager", t.name, "alerts", len(batch), "first", batch[0].alert.name(), "err", err)
		case err != nil:
			t.client.metrics.errors.WithLabelValues(t.name).Inc()
			return err
		default:
			t.client.metrics.sent.WithLabelValues(t.name).Add(float64(len(batch)))
			t.lastSuccess.Store(t.client.now().UnixMilli())
		}
		t.client.told(t, batch)
	}
}

// refusedError says that the request itself is wrong in the eyes of the Alertmanager.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return e.text }

// posted is an alert as API v2 takes it.
type posted struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

func (t *target) post(ctx context.Context, batch []item) error {
	lease := t.client.now().Add(leases * t.client.options.Resend)
	alerts := make([]posted, len(batch))
	for i, b := range batch {
		alerts[i] = posted{b.alert.Labels, b.alert.Annotations, b.alert.StartsAt, b.alert.EndsAt, b.alert.GeneratorURL}
		if b.alert.Firing() {
			alerts[i].EndsAt = lease.UTC()
		}
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		return &refusedError{err.Error()}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "phusong")
	response, err := t.http.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // the URL may hold a password
		}
		return fmt.Errorf("posting %d alerts: %w", len(batch), err)
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 512)) // only to tell what went wrong
	switch code := response.StatusCode; {
	case code/100 == 2:
		return nil
	case code == http.StatusBadRequest || code == http.StatusUnprocessableEntity:
		return &refusedError{fmt.Sprintf("%s: %s", response.Status, text)}
	default:
		return fmt.Errorf("posting %d alerts: %s: %.200s", len(batch), response.Status, text)
	}
}

// jitter spreads attempts of several services that lost the same Alertmanager.
func jitter(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d)/4+1))
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
