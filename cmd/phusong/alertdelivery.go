package main

import (
	"context"
	"log/slog"
	"time"

	"phusong/alerts"
	"phusong/alerts/alertmanager"
)

// alertDelivery tells people. It holds nothing but what the engine holds: whoever is
// to be told gets all alerts that are active, and finds out what is new. So nothing
// can be lost between the two, whatever ends in between.
type alertDelivery struct {
	active func() []alerts.Alert
	// ready reports whether judgement has caught up with the stream. Before that, what is
	// not active may only be not active yet.
	ready func() bool
	wake  <-chan struct{}
	// page is where people see an alert; it ends with a slash.
	page  string
	sinks []alertSink
	log   *slog.Logger
}

// An alertSink is one way to people.
type alertSink struct {
	name    string
	replace func([]alertmanager.Alert) error
	// failing returns since when nobody could be told this way; nil where that is not
	// known.
	failing func() time.Time
}

// failingSince returns since when people cannot be told in some way; zero when they can.
func (d *alertDelivery) failingSince() (first time.Time) {
	for _, sink := range d.sinks {
		if sink.failing == nil {
			continue
		}
		if at := sink.failing(); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

const (
	// tellEvery is how often everything is said again without a change.
	tellEvery = 15 * time.Second
	// tellPause collects what changes within one breath.
	tellPause = 50 * time.Millisecond
	// catchUp is how long a start may take to come to now before people are told all the
	// same.
	catchUp = 2 * time.Minute
)

// Run tells until ctx is done.
func (d *alertDelivery) Run(ctx context.Context) error {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	if !d.awaitReady(ctx) {
		return nil
	}
	told := make(map[string]string)
	for {
		d.tell(told)
		select {
		case <-tick.C:
		case <-d.wake:
			if pause(ctx, tellPause) != nil {
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func (d *alertDelivery) awaitReady(ctx context.Context) bool {
	limit := time.Now().Add(catchUp)
	for !d.ready() {
		if time.Now().After(limit) {
			d.log.Warn("judgement has not caught up with the stream; alerts are told as far as they are known", "waited", catchUp)
			return true
		}
		if pause(ctx, tellPause) != nil {
			return false
		}
	}
	return true
}

// tell says to every sink what is active. told remembers the last complaint of each,
// so that it stands in the log once.
func (d *alertDelivery) tell(told map[string]string) {
	active := d.active()
	list := make([]alertmanager.Alert, 0, len(active))
	for i := range active {
		list = append(list, d.alert(&active[i]))
	}
	for _, sink := range d.sinks {
		complaint := ""
		if err := sink.replace(list); err != nil {
			complaint = err.Error()
		}
		if complaint != told[sink.name] && complaint != "" {
			d.log.Error("alerts could not all be handed over; it is tried again", "to", sink.name, "error", complaint)
		}
		told[sink.name] = complaint
	}
}

// alert is an alert as receivers know it. It starts for them when they are to be told,
// or a cause that was looked for would not wait for company; when the trouble began
// stands in the annotations.
func (d *alertDelivery) alert(a *alerts.Alert) alertmanager.Alert {
	return alertmanager.Alert{
		ID: a.ID, Labels: a.Labels, Annotations: a.Annotations, StartsAt: a.ToldAt, EndsAt: a.Resolved,
		GeneratorURL: d.page + a.ID, Acknowledged: a.Acknowledged, Renewed: a.Renewed,
	}
}
