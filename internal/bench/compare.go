package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"phusong/internal/testbed"
)

const (
	// warmUp lets caches, pools and the first shard of the database come into being, unmeasured.
	warmUp = 5_000
	// beaconPoll is how often the store is asked while the latency is taken, and so its resolution.
	beaconPoll = 5 * time.Millisecond
	// steadyDevices is small, so that the beacon, one of them, speaks often enough for a 99th
	// percentile: 50 times a second at the default rate.
	steadyDevices = 40
	// stall is when a candidate that stores nothing more is given up.
	stall = 30 * time.Second
)

// figures are what is measured of one candidate.
type figures struct {
	rate       float64 // messages a second, from the first published to the last stored
	burstCPU   float64 // µs of CPU a message, of the candidate's process, in the burst
	steadyCPU  float64 // the same at the moderate rate
	storeCPU   float64 // µs of CPU a message that InfluxDB spent in the burst
	median     float64 // ms from publishing to being stored
	p99        float64
	peakMemory float64 // MiB
}

// compare measures every candidate and prints the table.
func compare(ctx context.Context, p plan, stdout, stderr io.Writer) error {
	contenders := candidates(p)
	if len(p.only) > 0 {
		contenders = slices.DeleteFunc(contenders, func(c candidate) bool { return !slices.Contains(p.only, c.name) })
	}
	measured := make(map[string][]figures, len(contenders))
	for round := range p.rounds {
		for _, c := range contenders {
			fmt.Fprintf(stderr, "round %d of %d: %s\n", round+1, p.rounds, c.name)
			// Each gets a broker and a database that start empty, with the same settings.
			err := withHost(ctx, stderr, func(h *host) error {
				b, err := newBed(h, p)
				if err != nil {
					return err
				}
				f, err := b.measure(c)
				measured[c.name] = append(measured[c.name], f)
				return err
			})
			if err != nil {
				return fmt.Errorf("measuring %s: %w", c.name, err)
			}
		}
	}
	return printTable(stdout, p, contenders, measured)
}

func newBed(h *host, p plan) (*bed, error) {
	self, err := executable()
	if err != nil {
		return nil, err
	}
	return &bed{
		host: h, self: self, plan: p,
		broker:   testbed.Mosquitto(h, testbed.MosquittoOptions{}),
		database: testbed.InfluxDB(h, testbed.InfluxDBOptions{WithoutFlux: true}),
	}, nil
}

// executable is the path of this program, which is also its own helpers.
func executable() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	return self, nil
}

// measure runs one candidate through warm-up, burst and steady flow.
func (b *bed) measure(c candidate) (f figures, err error) {
	const store = "bench"
	b.database.CreateDatabase(store)
	running := c.start(b, store)
	if _, err := b.flow(running, warmUp, 0, b.plan.devices, nil); err != nil {
		return f, err
	}
	burst, err := b.flow(running, b.plan.messages, 0, b.plan.devices, nil)
	if err != nil {
		return f, err
	}
	var latencies []time.Duration
	steady, err := b.flow(running, b.plan.rate*int(b.plan.steady.Seconds()), b.plan.rate, steadyDevices, &latencies)
	if err != nil {
		return f, err
	}
	memory, err := peakMemory(running.process.PID())
	if err != nil {
		return f, err
	}
	if len(latencies) == 0 {
		return f, fmt.Errorf("no reading of the beacon was seen in the store")
	}
	slices.Sort(latencies)
	return figures{
		rate:       float64(burst.count) / burst.took.Seconds(),
		burstCPU:   burst.perMessage(burst.cpu),
		steadyCPU:  steady.perMessage(steady.cpu),
		storeCPU:   burst.perMessage(burst.storeCPU),
		median:     milliseconds(latencies[len(latencies)/2]),
		p99:        milliseconds(latencies[len(latencies)*99/100]),
		peakMemory: float64(memory) / (1 << 20),
	}, nil
}

// flowed is what one flow of messages took.
type flowed struct {
	count         int
	took          time.Duration // from the first message published until all are stored
	cpu, storeCPU time.Duration
}

func (f flowed) perMessage(cpu time.Duration) float64 {
	return float64(cpu.Microseconds()) / float64(f.count)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// flow publishes count messages and returns when all of them are stored. With latencies set it also
// watches the beacon: a reading's latency is the time of the first look that found it in the store
// less its own time, which the publisher read from the same clock when it sent it.
func (b *bed) flow(running contender, count, rate, devices int, latencies *[]time.Duration) (flowed, error) {
	result := flowed{count: count}
	before := running.stored()
	cpu, err := b.cpuTimes(running)
	if err != nil {
		return result, err
	}
	start := time.Now().UnixMilli()
	publisher := testbed.Run(b, testbed.Command{
		Name: "publisher", Path: b.self,
		Args: []string{
			"publish", "-addr", b.broker.Addr(), "-count", strconv.Itoa(count),
			"-rate", strconv.Itoa(rate), "-devices", strconv.Itoa(devices),
		},
	})
	if latencies != nil {
		*latencies = b.watchBeacon(running, start, publisher)
	}
	if err := b.awaitStored(running, before, int64(count)); err != nil {
		return result, err
	}
	end := time.Now()
	after, err := b.cpuTimes(running)
	if err != nil {
		return result, err
	}
	if code := publisher.Wait(); code != 0 {
		return result, fmt.Errorf("the publisher ended with %d: %s", code, publisher.Log())
	}
	var report published
	if err := json.Unmarshal([]byte(publisher.Stdout()), &report); err != nil {
		return result, fmt.Errorf("reading the publisher's report: %w", err)
	}
	result.took = end.Sub(report.First)
	result.cpu, result.storeCPU = after[0]-cpu[0], after[1]-cpu[1]
	return result, nil
}

// cpuTimes returns the CPU time of the candidate and of InfluxDB.
func (b *bed) cpuTimes(running contender) (times [2]time.Duration, err error) {
	if times[0], err = cpuTime(running.process.PID()); err != nil {
		return times, err
	}
	times[1], err = cpuTime(b.database.PID())
	return times, err
}

// awaitStored polls until more readings are stored than before, often when it will soon be the case
// and rarely otherwise: counting costs the database, and so the candidate, time.
func (b *bed) awaitStored(running contender, before, more int64) error {
	var (
		start    = time.Now()
		progress = start
		last     = before
	)
	for {
		stored := running.stored()
		if stored >= before+more {
			return nil
		}
		now := time.Now()
		if stored > last {
			last, progress = stored, now
		}
		if now.Sub(progress) > stall {
			return fmt.Errorf("%d of %d messages are stored, and none was for %v", stored-before, more, stall)
		}
		pause := 100 * time.Millisecond
		if done := stored - before; done > 0 {
			left := time.Duration(float64(now.Sub(start)) * float64(more-done) / float64(done))
			pause = max(20*time.Millisecond, min(left/2, time.Second))
		}
		select {
		case <-time.After(pause):
		case <-running.process.Exited():
			return fmt.Errorf("the candidate ended: %s", running.process.Log())
		case <-b.ctx.Done():
			return fmt.Errorf("%d of %d messages are stored: %w", stored-before, more, b.ctx.Err())
		}
	}
}

// watchBeacon looks until the publisher has ended. Readings that are stored later than that are the
// last few and left out of the latencies; they are still waited for and counted.
func (b *bed) watchBeacon(running contender, start int64, publisher *testbed.Process) (latencies []time.Duration) {
	tick := time.NewTicker(beaconPoll)
	defer tick.Stop()
	for newest := start; ; {
		for _, at := range running.beacons(newest) {
			latencies = append(latencies, time.Since(time.UnixMilli(at)))
			newest = max(newest, at)
		}
		select {
		case <-tick.C:
		case <-publisher.Exited():
			return latencies
		case <-b.ctx.Done():
			return latencies
		}
	}
}
