package alertmanager

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/timeinterval"
)

var errNotRunning = errors.New("the Alertmanager is not running")

// pipeline is what one configuration puts to work: it is replaced as a whole.
type pipeline struct {
	dispatcher *dispatch.Dispatcher
	inhibitor  *inhibit.Inhibitor
	begins     time.Time // before it nothing is sent
}

// stopBefore is how long a pipeline is waited for that has not begun to send.
const stopBefore = 100 * time.Millisecond

// stop breaks off what is being sent and returns when nothing runs any more. The
// library's dispatcher does not end before its beginning: what is left of it then
// waits for that instant, sees that it was stopped, and is gone.
func (p *pipeline) stop() {
	if p == nil {
		return
	}
	p.inhibitor.Stop()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		p.dispatcher.Stop()
	}()
	if !time.Now().Before(p.begins) {
		<-stopped
		return
	}
	timer := time.NewTimer(stopBefore)
	defer timer.Stop()
	select {
	case <-stopped:
	case <-timer.C:
	}
}

// apply replaces the running pipeline. Whatever can fail comes first, so an error leaves all as it was.
func (e *Embedded) apply(c *loaded) error {
	receivers, err := e.receivers(c)
	if err != nil {
		return err
	}
	e.warn(c)
	e.running.Load().stop()
	e.health.forget()

	var recorder eventrecorder.Recorder
	var peer notify.Peer
	if e.peer != nil {
		peer = e.peer
	}
	fresh := &pipeline{inhibitor: inhibit.NewInhibitor(e.alerts, c.InhibitRules, e.log, recorder), begins: e.started.Add(e.options.StartDelay)}
	stages := e.pipelines.New(receivers, e.clusterWait, fresh.inhibitor, e.silencer, intervals(c), e.muted, sentLog{e.sent, e.again}, peer)
	fresh.dispatcher = dispatch.NewDispatcher(e.alerts, c.route, stages, e.muted, e.timeout, groupsCollectEvery, nil, e.log, recorder, e.dispatched, c.templates)
	e.api.Update(c.Config, func(ctx context.Context, labels model.LabelSet) {
		fresh.inhibitor.Mutes(ctx, labels)
		e.silencer.Mutes(ctx, labels)
	})
	// The inhibitor first: nothing may be sent that it would have held back. Both end with stop.
	go fresh.inhibitor.Run()
	fresh.inhibitor.WaitForLoading()
	go fresh.dispatcher.Run(fresh.begins)
	fresh.dispatcher.WaitForLoading()
	e.running.Store(fresh)
	e.config = c
	return nil
}

// receivers builds those that routes name.
func (e *Embedded) receivers(c *loaded) (map[string][]notify.Integration, error) {
	c.templates.ExternalURL = e.external
	used := make(map[string]bool)
	c.route.Walk(func(r *dispatch.Route) { used[r.RouteOpts.Receiver] = true })
	built := make(map[string][]notify.Integration, len(used))
	for _, r := range c.Receivers {
		if !used[r.Name] {
			continue
		}
		integrations, err := buildReceiver(r, c.templates, e.log, e.guards, e.health)
		if err != nil {
			return nil, fmt.Errorf("receiver %q: %w", r.Name, err)
		}
		built[r.Name] = integrations
	}
	return built, nil
}

func intervals(c *loaded) *timeinterval.Intervener {
	named := make(map[string][]timeinterval.TimeInterval)
	for _, i := range c.MuteTimeIntervals {
		named[i.Name] = i.TimeIntervals
	}
	for _, i := range c.TimeIntervals {
		named[i.Name] = i.TimeIntervals
	}
	return timeinterval.NewIntervener(named)
}

// warn says what the configuration asks for and will not get.
func (e *Embedded) warn(c *loaded) {
	if c.TracingConfig.Endpoint != "" {
		e.log.Warn("The section tracing of the configuration is not for the embedded Alertmanager", "file", e.source.String())
	}
	c.route.Walk(func(r *dispatch.Route) {
		if r.RouteOpts.RepeatInterval > e.options.Retention {
			e.log.Warn("A repeat_interval is longer than what was sent is remembered: messages repeat too early",
				"route", r.Key(), "repeat_interval", r.RouteOpts.RepeatInterval, "retention", e.options.Retention)
		}
	})
}

// timeout is how long one attempt to notify a group may take.
func (e *Embedded) timeout(interval time.Duration) time.Duration {
	return max(interval, notify.MinTimeout) + e.clusterWait()
}

// groups serves the API.
func (e *Embedded) groups(ctx context.Context, route func(*dispatch.Route) bool, filter func(*alert.Alert, time.Time) bool) (dispatch.AlertGroups, map[model.Fingerprint][]string, error) {
	running := e.running.Load()
	if running == nil {
		return nil, nil, errNotRunning
	}
	return running.dispatcher.Groups(ctx, route, filter)
}
