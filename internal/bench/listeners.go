package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// listenerPlan bounds the measurement of what those who listen cost.
type listenerPlan struct {
	plan
	listeners int
	alarms    int // how many alerts a second there are to hear of
}

// runListeners measures how fast readings reach the store, and what each costs, with nobody and with
// many listening to the events of the API, turn by turn in one service.
func runListeners(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	p := listenerPlan{plan: plan{phusong: "bin/phusong"}}
	flags := flag.NewFlagSet("listeners", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&p.phusong, "phusong", p.phusong, "path of the phusong program")
	flags.IntVar(&p.messages, "messages", 100_000, "messages of each turn")
	flags.IntVar(&p.devices, "devices", 1_000, "devices those messages come from")
	flags.IntVar(&p.listeners, "listeners", 200, "how many listen")
	flags.IntVar(&p.alarms, "alarms", 10, "alerts a second, which they hear of")
	flags.IntVar(&p.rounds, "rounds", 3, "turns with and without; each figure is the median")
	flags.DurationVar(&p.timeout, "timeout", 5*time.Minute, "when to give up")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if p.messages <= 0 || p.devices <= 0 || p.listeners <= 0 || p.alarms <= 0 || p.rounds <= 0 {
		return errors.New("-messages, -devices, -listeners, -alarms and -rounds must be positive")
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	return withHost(ctx, stderr, func(h *host) error {
		b, err := newBed(h, p.plan)
		if err != nil {
			return err
		}
		return measureListeners(b, p, stdout)
	})
}

func measureListeners(b *bed, p listenerPlan, stdout io.Writer) error {
	flowing := p.devices
	b.plan.devices += mostAlarms
	running := b.startSQLite(b.alertConfiguration(startHook(b.host).url) + "access:\n  open: true\n")
	client := paho.NewClient(paho.NewClientOptions().AddBroker(b.broker.URL()).SetClientID("bench-alarms").SetAutoReconnect(false))
	if err := finish(b.ctx, client.Connect()); err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	b.Cleanup(func() { client.Disconnect(100) })
	if _, err := b.flow(running, warmUp, 0, flowing, nil); err != nil {
		return err
	}
	var rates, costs [2][]float64 // without and with
	var heard int64
	alarm := flowing
	for range p.rounds {
		for with := range 2 {
			var crowd *crowd
			if with == 1 {
				var err error
				if crowd, err = b.listen(p.listeners); err != nil {
					return err
				}
			}
			stop := b.soundOften(client, &alarm, flowing+mostAlarms, p.alarms)
			f, err := b.flow(running, p.messages, 0, flowing, nil)
			sounded, failed := stop()
			if err := errors.Join(err, failed); err != nil {
				return err
			}
			rates[with] = append(rates[with], float64(f.count-sounded)/f.took.Seconds())
			costs[with] = append(costs[with], f.perMessage(f.cpu))
			if crowd != nil {
				heard += crowd.leave()
			}
		}
	}
	for with := range 2 {
		slices.Sort(rates[with])
		slices.Sort(costs[with])
	}
	m := p.rounds / 2
	_, err := fmt.Fprintf(stdout, `
%d cores (%s), %s; shared by publisher, Mosquitto, phusong with SQLite, and those who listen
%d rounds of %d messages at full speed beside %d alerts a second, with nobody and with %d listening to events; they heard %d
messages a second: %.0f, and %.0f with them, ratio %.2f; µs of CPU a message: %.1f, and %.1f, ratio %.2f
`, runtime.NumCPU(), processor(), runtime.Version(), p.rounds, p.messages, p.alarms, p.listeners, heard,
		rates[0][m], rates[1][m], rates[1][m]/rates[0][m], costs[0][m], costs[1][m], costs[1][m]/costs[0][m])
	return err
}

// mostAlarms is how many access points are there to sound alarms.
const mostAlarms = 2_000

// soundOften raises alerts, each of an access point of its own, until stop is called, which
// returns how many. Their readings are stored like all others.
func (b *bed) soundOften(client paho.Client, next *int, end, eachSecond int) (stop func() (int, error)) {
	ctx, cancel := context.WithCancel(b.ctx)
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		tick := time.NewTicker(time.Second / time.Duration(eachSecond))
		defer tick.Stop()
		var r result
		for r.err == nil && *next < end {
			select {
			case <-tick.C:
			case <-ctx.Done():
				done <- r
				return
			}
			_, r.err = sound(b.ctx, client, *next)
			*next++
			r.n++
		}
		done <- r
	}()
	return func() (int, error) {
		cancel()
		r := <-done
		return r.n, r.err
	}
}

// A crowd listens to events.
type crowd struct {
	end       context.CancelFunc
	listening sync.WaitGroup
	heard     atomic.Int64
}

// listen returns when all of them listen.
func (b *bed) listen(n int) (*crowd, error) {
	ctx, cancel := context.WithCancel(b.ctx)
	c := &crowd{end: cancel}
	b.Cleanup(func() { c.leave() })
	// Each has a connection of its own, since none of their answers ends.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range n {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.listening+"/api/v1/events", http.NoBody)
		if err != nil {
			return nil, err
		}
		answer, err := client.Do(r)
		if err != nil {
			return nil, fmt.Errorf("listening: %w", err)
		}
		if answer.StatusCode != http.StatusOK {
			_ = answer.Body.Close()
			return nil, fmt.Errorf("listening was answered %s", answer.Status)
		}
		c.listening.Go(func() {
			defer func() { _ = answer.Body.Close() }()
			lines := bufio.NewScanner(answer.Body)
			for lines.Scan() { // until they leave
				if strings.HasPrefix(lines.Text(), "event: alert") {
					c.heard.Add(1)
				}
			}
		})
	}
	return c, nil
}

// leave returns of how many changes of alerts they heard in all.
func (c *crowd) leave() int64 {
	c.end()
	c.listening.Wait()
	return c.heard.Load()
}
