package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"time"

	"phusong/telemetry"
)

type loadtestCmd struct {
	brokerFlags
	Metrics     string        `default:"http://127.0.0.1:8080/metrics" placeholder:"URL" help:"Metrics of the service behind the broker (default ${default})."`
	Devices     int           `default:"1000" help:"Devices to speak for."`
	Connections int           `default:"4" help:"MQTT connections that they share."`
	Start       float64       `default:"1000" help:"Messages a second to begin with."`
	Limit       float64       `default:"0" help:"Messages a second not to go beyond; 0: no limit."`
	Step        time.Duration `default:"5s" help:"How long each rate is held; longer is more exact."`
	Area        string        `default:"25459" help:"Official code of the area that the devices say they are in."`
	YesReally   bool          `help:"Do it even though the broker is on another machine."`
}

// Help says what stays behind.
func (*loadtestCmd) Help() string {
	return `The devices are access points named load-0001, load-0002, ..., in no register. Their readings are real to the service and stay in
its store, in the area given with --area: give the service under test a data folder of its own and delete it afterwards, or let
store.retention remove them. For figures that mean something nothing else should use the machine or send to the service.`
}

// maxDeviceRate is how many messages a second one device may send: its readings must have
// different times, which are in milliseconds, and must not run ahead of the clock.
const maxDeviceRate = 500

// Validate reports the first flag that cannot be.
func (c *loadtestCmd) Validate() error {
	switch {
	case c.Devices < 1 || c.Devices > 1_000_000:
		return fmt.Errorf("--devices is %d: use 1 to 1000000", c.Devices)
	case c.Connections < 1 || c.Connections > c.Devices:
		return fmt.Errorf("--connections is %d: use 1 or more, and no more than --devices", c.Connections)
	case !(c.Start >= lowestRate) || math.IsInf(c.Start, 0):
		return fmt.Errorf("--start is %v: use %d messages a second or more", c.Start, lowestRate)
	case c.Limit != 0 && !(c.Limit >= c.Start):
		return fmt.Errorf("--limit is %v: use 0 for none, or no less than --start", c.Limit)
	case c.Start > c.highest():
		return fmt.Errorf("--devices is %d: for %v messages a second use %.0f or more", c.Devices, c.Start, math.Ceil(c.Start/maxDeviceRate))
	case c.Step < 500*time.Millisecond:
		return fmt.Errorf("--step is %v: use 500ms or more", c.Step)
	}
	if _, err := telemetry.ParseAreaCode(c.Area); err != nil {
		return fmt.Errorf("--area: %w", err)
	}
	return nil
}

// highest is the rate that is not exceeded.
func (c *loadtestCmd) highest() float64 {
	most := float64(c.Devices) * maxDeviceRate
	if c.Limit > 0 {
		return min(most, c.Limit)
	}
	return most
}

// Run looks for the highest rate that the service sustains.
func (c *loadtestCmd) Run(p *process) error {
	if host, ok := elsewhere(c.Broker); ok && !c.YesReally {
		return fmt.Errorf("--broker is on %s: a load test takes the service away from whoever uses it and fills its store; if that is meant, say --yes-really", host)
	}
	meter := newMeter(c.Metrics)
	if _, err := meter.read(p.ctx); err != nil {
		return c.stopped(p.ctx, 0, err)
	}
	options, err := c.options(nil)
	if err != nil {
		return err
	}
	load, err := dialLoad(p.ctx, options, c.Devices, c.Connections, telemetry.AreaCode(c.Area), time.Now)
	if err != nil {
		return c.stopped(p.ctx, 0, fmt.Errorf("%w; is it running, and may this user enter? another is named with --broker", err))
	}
	defer load.close()
	t := &loadTest{load: load, meter: meter, step: c.Step, live: io.Discard, notes: p.stderr}
	if isTerminal(p.stderr) {
		t.live = p.stderr
	}
	if err := t.warmUp(p.ctx, c.Start); err != nil {
		return c.stopped(p.ctx, 0, err)
	}
	return c.search(p, t)
}

func (c *loadtestCmd) search(p *process, t *loadTest) error {
	fmt.Fprintln(p.stdout, stepHeader)
	var best, broken *loadStep
	rate, err := searchRate(c.Start, c.highest(), func(rate float64) (bool, error) {
		// A rate that fails is tried once more, for any machine hiccups. What is lost is lost.
		for range 2 {
			step, err := t.try(p.ctx, rate)
			if err != nil {
				return false, fmt.Errorf("at %.0f messages a second: %w", rate, err)
			}
			fmt.Fprintln(p.stdout, step)
			if step.fault == "" {
				best = step
				return true, nil
			}
			if broken = step; step.rest.lost+step.rejected > 0 {
				break
			}
		}
		return false, nil
	})
	if err != nil {
		var sofar float64
		if best != nil {
			sofar = best.rate
		}
		return c.stopped(p.ctx, sofar, err)
	}
	if best == nil {
		return fmt.Errorf("not even %.0f messages a second are sustained: %s", broken.rate, broken.fault)
	}
	switch {
	case rate == c.Limit:
		fmt.Fprintln(p.stdout, "this is --limit; the service may sustain more")
	case rate == c.highest():
		fmt.Fprintf(p.stdout, "this is all that %d devices can send; use more --devices\n", c.Devices)
	default:
		fmt.Fprintf(p.stdout, "what gives way at %.0f: %s\n", broken.rate, broken.fault)
	}
	fmt.Fprintln(p.stdout, best.conclusion())
	return nil
}

// stopped turns the end of the process's context into words.
func (*loadtestCmd) stopped(ctx context.Context, best float64, err error) error {
	switch {
	case ctx.Err() == nil:
		return err
	case best > 0:
		return fmt.Errorf("stopped before the end; %.0f messages a second were sustained", best)
	}
	return errors.New("stopped before anything was measured")
}

// elsewhere returns the host of an address that is not this machine. What is no
// address is left to whoever connects.
func elsewhere(address string) (host string, yes bool) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || isLoopback(net.JoinHostPort(u.Hostname(), "0")) {
		return "", false
	}
	return u.Hostname(), true
}

const (
	// lowestRate is where it is pointless to look for a lower one.
	lowestRate = 10
	// rateGrowth is from one step to the next until a rate is not sustained.
	rateGrowth = 1.5
	// ratePrecision is how close the answer comes to the limit, as a share of it.
	ratePrecision = 0.05
)

// searchRate returns the highest rate that try sustains, 0 when there is none: by growing steps
// until one fails or highest is reached, then by halving what lies between.
func searchRate(start, highest float64, try func(rate float64) (bool, error)) (float64, error) {
	low, high := 0.0, math.Inf(1)
	for rate := min(start, highest); ; {
		ok, err := try(rate)
		if err != nil {
			return low, err
		}
		if ok {
			low = rate
		} else {
			high = rate
		}
		switch {
		case low >= highest, high <= lowestRate:
			return low, nil
		case math.IsInf(high, 1):
			rate = min(math.Round(low*rateGrowth), highest)
		case high-low <= max(1, ratePrecision*high):
			return low, nil
		case low == 0:
			rate = max(math.Round(high/2), lowestRate)
		default:
			rate = math.Round((low + high) / 2)
		}
	}
}
