package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"phusong/internal/mqtt"
)

// loadTest holds one rate after the other and looks at the service from outside.
type loadTest struct {
	load  *loadFleet
	meter *meter
	step  time.Duration
	live  io.Writer // a terminal for progress, or nothing
	notes io.Writer
}

const (
	// keptShare of what was due must have been sent.
	keptShare = 0.98
	// growthShare of the rate may be what is on its way growing by, or the share of a step's messages on
	// their way at its end; beyond both the service falls behind.
	growthShare = 0.05
	// restWithin is how soon after a step the service must be done.
	restWithin = 2 * time.Second
	// hopeless is how long the service may do nothing until what is missing counts as lost.
	hopeless = 3 * time.Second
	// restAtMost ends the wait for a service that goes on and on.
	restAtMost = 2 * time.Minute
	// ackPatience is how long the broker may take for its last acknowledgements.
	ackPatience = 30 * time.Second
	lookEvery   = 100 * time.Millisecond
	looks       = 8 // during a step
)

// loadStep is one rate held for a while, and what came of it.
type loadStep struct {
	rate    float64
	sending mqtt.FloodResult
	lags    []lag
	rest    rest
	// Of the service, from before the step until it was at rest.
	received, stored, rejected float64
	latency                    []bucket
	serviceCPU, ownCPU         float64 // µs a message; NaN when unknown
	fault                      string  // why the rate is not sustained; "" when it is
}

// lag is how many messages were on their way at some time of a step.
type lag struct {
	at       time.Duration
	messages float64
}

// rest is how a step died away.
type rest struct {
	idle    bool          // the service had nothing left to do
	after   time.Duration // until then, or until nothing happened any more
	waiting float64       // what the service held then
	lost    float64       // what it never received
}

// warmUp makes sure that the service receives what we send, and lets it meet the devices.
func (t *loadTest) warmUp(ctx context.Context, rate float64) error {
	before, err := t.meter.read(ctx)
	if err != nil {
		return err
	}
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	idle, err := t.meter.read(ctx)
	if err != nil {
		return err
	}
	if others := idle.received - before.received; others > 0 {
		fmt.Fprintf(t.notes, "others send to this service too, some %.0f readings a second: losses smaller than that go unnoticed\n", others)
	}
	base := t.load.sent()
	if _, err := t.load.send(ctx, rate, time.Second); err != nil {
		return err
	}
	after, _, err := t.awaitRest(ctx, &idle, float64(t.load.sent()-base))
	if err == nil && after.received-idle.received < 1 {
		return fmt.Errorf("the service at %s receives nothing of what is published: is it connected to this broker, and may this user publish to phusong/v1/#?", redactedURL(t.meter.url))
	}
	return err
}

// try holds a rate and judges it. Its error means that the load test cannot go on.
func (t *loadTest) try(ctx context.Context, rate float64) (*loadStep, error) {
	s := &loadStep{rate: rate}
	before, err := t.meter.read(ctx)
	if err != nil {
		return nil, err
	}
	cpu := ownCPU()
	if err := t.hold(ctx, s, &before); err != nil {
		return nil, err
	}
	after, rest, err := t.awaitRest(ctx, &before, float64(s.sending.Sent))
	fmt.Fprint(t.live, "\r\x1b[K")
	if err != nil {
		return nil, err
	}
	s.rest, s.latency = rest, between(before.latency, after.latency)
	s.received, s.stored, s.rejected = after.received-before.received, after.stored-before.stored, after.rejected-before.rejected
	s.serviceCPU = 1e6 * (after.cpu - before.cpu) / s.received
	s.ownCPU = 1e6 * (ownCPU() - cpu) / float64(s.sending.Sent)
	s.fault = s.judge(t.step)
	return s, nil
}

// hold sends at the step's rate and looks at the service meanwhile.
func (t *loadTest) hold(ctx context.Context, s *loadStep, before *snapshot) error {
	ctx, cancel := context.WithTimeoutCause(ctx, t.step+ackPatience, fmt.Errorf("the broker did not acknowledge everything within %v", ackPatience))
	defer cancel()
	base, began := t.load.sent(), time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		s.sending, err = t.load.send(ctx, s.rate, t.step)
		return err
	})
	group.Go(func() error {
		for i := range looks {
			if err := pause(ctx, time.Until(began.Add(t.step*time.Duration(i+1)/looks))); err != nil {
				return err
			}
			sent := float64(t.load.sent() - base)
			now, err := t.meter.read(ctx)
			if err != nil {
				return err
			}
			s.lags = append(s.lags, lag{time.Since(began), max(0, sent-(now.settled()-before.settled()))})
			fmt.Fprintf(t.live, "\r\x1b[K%.0f messages a second for %v of %v: %.0f sent, %.0f on their way",
				s.rate, time.Since(began).Round(lookEvery), t.step, sent, s.lags[i].messages)
		}
		return nil
	})
	return group.Wait()
}

// awaitRest waits until the service has received and settled all that was sent since
// before, or until nothing happens any more.
func (t *loadTest) awaitRest(ctx context.Context, before *snapshot, sent float64) (now snapshot, r rest, err error) {
	began := time.Now()
	moved := began
	var last snapshot
	for {
		if now, err = t.meter.read(ctx); err != nil {
			return now, r, err
		}
		if now.received < before.received {
			return now, r, errors.New("the service has been started again in the middle of the test")
		}
		if now.received != last.received || now.settled() != last.settled() {
			moved, last = time.Now(), now
		}
		r = rest{after: time.Since(began), waiting: now.waiting, lost: max(0, sent-(now.received-before.received))}
		// Others may send too, so that something always waits.
		r.idle = r.lost == 0 && (r.waiting == 0 || r.waiting <= sent/100 && r.after > restWithin/2)
		switch {
		case r.idle, time.Since(moved) > hopeless:
			return now, r, nil
		case r.after > restAtMost:
			return now, r, fmt.Errorf("the service does not come to rest within %v: %.0f readings wait and %.0f messages are missing", restAtMost, r.waiting, r.lost)
		}
		if err := pause(ctx, lookEvery); err != nil {
			return now, r, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// judge says why the rate was not sustained, "" when it was.
func (s *loadStep) judge(lasted time.Duration) string {
	end, growth := s.trend()
	switch {
	case s.rejected > 0:
		return fmt.Sprintf("the service refused %.0f readings; phusong deadletters list says why", s.rejected)
	case s.rest.lost > 0:
		return fmt.Sprintf("%.0f messages that the broker had never reached the service", s.rest.lost)
	case float64(s.sending.Sent) < keptShare*float64(s.sending.Due):
		return fmt.Sprintf("the broker took only %.0f %% of them in time", 100*s.kept())
	case end > growthShare*s.rate*lasted.Seconds() && growth > growthShare*s.rate:
		return fmt.Sprintf("the service falls behind: %.0f on their way at the end, %.0f more each second", end, growth)
	case !s.rest.idle:
		return fmt.Sprintf("the store takes nothing more: %.0f readings wait", s.rest.waiting)
	case s.rest.after > restWithin:
		return fmt.Sprintf("the service was not done until %v after the last message", s.rest.after.Round(lookEvery))
	}
	return ""
}

func (s *loadStep) kept() float64 {
	return float64(s.sending.Sent) / float64(max(s.sending.Due, 1))
}

// trend returns how many messages were on their way at the end, and by how many a second that
// grew in the last two thirds of the step, by least squares.
func (s *loadStep) trend() (end, growth float64) {
	if len(s.lags) == 0 {
		return 0, 0
	}
	tail := s.lags[len(s.lags)/3:]
	var at, n, covariance, variance float64
	for _, l := range tail {
		at += l.at.Seconds() / float64(len(tail))
		n += l.messages / float64(len(tail))
	}
	for _, l := range tail {
		covariance += (l.at.Seconds() - at) * (l.messages - n)
		variance += (l.at.Seconds() - at) * (l.at.Seconds() - at)
	}
	if variance > 0 {
		growth = covariance / variance
	}
	return tail[len(tail)-1].messages, growth
}

const stepHeader = " msg/s      sent    stored  on their way  p50 ms  p99 ms  lost  CPU µs/msg: service  ours  sustained"

// String is the step's line of the table.
func (s *loadStep) String() string {
	verdict := "yes"
	if s.fault != "" {
		verdict = "no: " + s.fault
	}
	end, _ := s.trend()
	return fmt.Sprintf("%6.0f  %8d  %8.0f  %12.0f  %6s  %6s  %4.0f  %19s  %4s  %s", s.rate, s.sending.Sent, s.stored, end,
		number(1e3*quantile(0.5, s.latency)), number(1e3*quantile(0.99, s.latency)), s.rest.lost, number(s.serviceCPU), number(s.ownCPU), verdict)
}

// conclusion is the last line of a load test.
func (s *loadStep) conclusion() string {
	return fmt.Sprintf("highest sustained rate: %.0f messages/s; stored within %s ms (p50), %s ms (p99); lost: %.0f; CPU per message: service %s µs, loadtest %s µs",
		s.rate, number(1e3*quantile(0.5, s.latency)), number(1e3*quantile(0.99, s.latency)), s.rest.lost, number(s.serviceCPU), number(s.ownCPU))
}

// number writes some three digits of a figure that may be unknown.
func number(v float64) string {
	switch {
	case math.IsNaN(v), math.IsInf(v, 0):
		return "?"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}
