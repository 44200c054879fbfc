package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"phusong/internal/mqtt"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// loadFleet is the devices of a load test and the connections they share. A device always uses the same
// connection, so that its readings stay in order.
type loadFleet struct{ floods []*mqtt.Flood }

// dialLoad opens the connections. close ends them.
func dialLoad(ctx context.Context, options mqtt.Options, devices, connections int, area telemetry.AreaCode, now func() time.Time) (*loadFleet, error) {
	l := &loadFleet{}
	run := strings.ToLower(rand.Text()[:8]) // two load tests must not push each other out
	for i := range connections {
		var share []*loadDevice
		for n := i; n < devices; n += connections {
			share = append(share, newLoadDevice(area, n+1))
		}
		options.ClientID = fmt.Sprintf("phusong-loadtest-%s-%d", run, i+1)
		flood, err := mqtt.DialFlood(ctx, mqtt.FloodOptions{Broker: options, Next: func(n uint64, dst []byte) (string, []byte) {
			return share[n%uint64(len(share))].speak(now(), dst)
		}})
		if err != nil {
			l.close()
			return nil, err
		}
		l.floods = append(l.floods, flood)
	}
	return l, nil
}

func (l *loadFleet) close() {
	for _, f := range l.floods {
		f.Close()
	}
}

// send publishes at a rate, and returns when the broker has acknowledged everything.
func (l *loadFleet) send(ctx context.Context, rate float64, lasting time.Duration) (mqtt.FloodResult, error) {
	group, ctx := errgroup.WithContext(ctx)
	results := make([]mqtt.FloodResult, len(l.floods))
	run := mqtt.FloodRun{Rate: rate / float64(len(l.floods)), For: lasting}
	for i, flood := range l.floods {
		group.Go(func() (err error) {
			results[i], err = flood.Send(ctx, run)
			return err
		})
	}
	err := group.Wait()
	var sum mqtt.FloodResult
	for _, r := range results {
		sum.Due += r.Due
		sum.Sent += r.Sent
		sum.Acked += r.Acked
		sum.Took = max(sum.Took, r.Took)
	}
	return sum, err
}

// sent is how many messages have left since the connections stand.
func (l *loadFleet) sent() (n uint64) {
	for _, f := range l.floods {
		sent, _ := f.Counts()
		n += sent
	}
	return n
}

// loadDevice is one access point with two radios. Only the flood of its connection uses it.
type loadDevice struct {
	topic   string
	seed    uint64
	seq     int64
	last    int64 // Unix ms of the last reading
	began   int64 // of the first
	reading telemetry.Reading
}

func newLoadDevice(area telemetry.AreaCode, number int) *loadDevice {
	d := &loadDevice{seed: uint64(number), reading: telemetry.NewReading(telemetry.KindWiFi)}
	d.reading.Area, d.reading.Device = area, telemetry.DeviceID(fmt.Sprintf("load-%04d", number))
	d.topic = wire.ReadingTopic(&d.reading).String()
	d.reading.WiFi.Radios = make([]telemetry.Radio, 2)
	return d
}

// speak appends the device's next message to dst. Values change as real ones do, so that neither compression nor
// the store has an unusually easy time.
func (d *loadDevice) speak(now time.Time, dst []byte) (topic string, payload []byte) {
	d.seq++
	d.last = max(now.UnixMilli(), d.last+1) // the time is part of a reading's key
	if d.began == 0 {
		d.began = d.last
	}
	dice := scramble(d.seed<<32 + uint64(d.seq))
	// draw returns one of n values, evenly.
	draw := func(n uint64) int64 {
		dice = scramble(dice)
		return int64(dice % n)
	}
	r := &d.reading
	r.Time, r.Seq = time.UnixMilli(d.last), telemetry.Some(d.seq)
	w := r.WiFi
	slow, fast := draw(12), draw(30)
	w.Clients = telemetry.Some(slow + fast)
	w.Radios[0] = telemetry.Radio{
		Band: telemetry.Some("2.4"), Channel: telemetry.Some(1 + 5*int64(d.seed%3)), Clients: telemetry.Some(slow),
		Utilization: telemetry.Some(float64(200+draw(600)) / 1000), NoiseDBm: telemetry.Some(float64(-96 + draw(8))),
	}
	w.Radios[1] = telemetry.Radio{
		Band: telemetry.Some("5"), Channel: telemetry.Some(36 + 4*int64(d.seed%4)), Clients: telemetry.Some(fast),
		Utilization: telemetry.Some(float64(50+draw(500)) / 1000), NoiseDBm: telemetry.Some(float64(-98 + draw(6))),
	}
	w.RxBytes = telemetry.Some(w.RxBytes.Or(0) + draw(5_000_000))
	w.TxBytes = telemetry.Some(w.TxBytes.Or(0) + draw(50_000_000))
	w.WANUp, w.PortalOK = telemetry.Some(true), telemetry.Some(true)
	w.WANLatencyMs = telemetry.Some(math.Round(80+float64(draw(400))) / 10)
	w.WANLoss = telemetry.Some(float64(draw(10)) / 1000)
	w.UptimeS = telemetry.Some((d.last - d.began) / 1000)
	w.CPU, w.Memory = telemetry.Some(float64(5+draw(60))/100), telemetry.Some(float64(30+draw(20))/100)
	w.TemperatureC = telemetry.Some(float64(380+draw(120)) / 10)
	return d.topic, wire.AppendPayload(dst, r)
}

// scramble is the finisher of SplitMix64: every bit of x changes half of the bits of the result.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
