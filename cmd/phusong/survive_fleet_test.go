package main_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

// A fleet is the devices of these tests. What it remembers is what a device
// may forget: readings whose message the broker has acknowledged.
type fleet struct {
	t      *testing.T
	client *mqtt.Client

	stop    chan struct{} // closed when no new message may begin
	resting sync.Once
	devices sync.WaitGroup
	allowed atomic.Int64 // readings that devices may still send by themselves

	mu    sync.Mutex
	acked []reading // guarded by mu
}

// newFleet connects to the broker. Nothing is sent yet.
func newFleet(t *testing.T, url string) *fleet {
	t.Helper()
	client, err := mqtt.New(mqtt.Options{URL: url, ClientID: "fleet", CleanSession: true, MaxReconnectDelay: 250 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, client: client, stop: make(chan struct{})}
	// The fleet leaves before the servers do, which is after the test's context ended.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }()
	t.Cleanup(func() {
		f.resting.Do(func() { close(f.stop) })
		cancel()
		f.devices.Wait()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return f
}

// A habit is how a device reports.
type habit struct {
	kind string
	// time of the i-th reading in Unix ms; nil: the device has no clock and sends none.
	time  func(i int64) int64
	batch int64 // readings in a message
	trust bool  // the time can be true, so it must be kept
	every time.Duration
}

func now(int64) int64 { return time.Now().UnixMilli() }

// since1970 is the clock of a device that woke up without a network.
func since1970(i int64) int64 { return 1000 * (i + 1) }

// habits are all ways to report that the service must keep apart: own time, none, a
// wrong one, one by one and in backlogs.
var habits = []habit{
	{kind: "wifi", time: now, batch: 1, trust: true, every: 10 * time.Millisecond},
	{kind: "environment", batch: 1, every: 10 * time.Millisecond},
	{kind: "mobile", time: since1970, batch: 1, every: 10 * time.Millisecond},
	{kind: "wifi", time: func(i int64) int64 { return now(i) - 7_200_000 + i }, batch: 40, trust: true, every: 100 * time.Millisecond},
	{kind: "environment", time: since1970, batch: 150, every: 250 * time.Millisecond},
	{kind: "mobile", batch: 150, every: 250 * time.Millisecond},
}

// begin sets devices to work, each habit by so many, until rest.
func (f *fleet) begin(ofEach int) {
	f.more()
	for i, h := range habits {
		for n := range ofEach {
			name := fmt.Sprintf("%s-%d-%d", h.kind, i, n)
			f.devices.Go(func() { f.report(name, h) })
		}
	}
}

// stage is how many readings a fleet sends for each stage of a story: several times
// what a story waits for, and not so many that a slow machine, where the broker
// takes them much faster than the service, has to work them off for minutes.
const stage = 5000

// more lets the devices send readings for another stage.
func (f *fleet) more() { f.allowed.Add(stage) }

// report publishes one message after the other at the device's own pace.
func (f *fleet) report(device string, h habit) {
	tick := time.NewTicker(h.every)
	defer tick.Stop()
	for seq := int64(0); ; {
		select {
		case <-f.stop:
			return
		case <-tick.C:
		}
		if f.allowed.Add(-h.batch) < 0 {
			f.allowed.Add(h.batch)
			continue
		}
		readings := make([]reading, h.batch)
		payloads := make([]string, h.batch)
		for i := range readings {
			seq++
			readings[i], payloads[i] = h.reading(device, seq)
		}
		payload := payloads[0]
		if h.batch > 1 {
			payload = "[" + strings.Join(payloads, ",") + "]"
		}
		f.publish(telemetryTopic(h.kind, device), []byte(payload), readings...)
	}
}

// reading makes the device's next reading, and its JSON.
func (h *habit) reading(device string, seq int64) (reading, string) {
	r := reading{Device: device, Seq: seq}
	clock := ""
	if h.time != nil {
		at := h.time(seq)
		clock = fmt.Sprintf(`"time":%d,`, at)
		if h.trust {
			r.Time = at
		}
	}
	body := map[string]string{
		"wifi":        `"clients":12,"wan_up":true,"radios":[{"band":"5","channel":36,"utilization":0.31,"clients":12}]`,
		"mobile":      `"operator":"45204","technology":"4g","outcome":"ok","download_mbps":57.3,"lat":11.31517,"lon":106.09698`,
		"environment": `"pm25_ugm3":38.5,"temperature_c":31.2`,
	}[h.kind]
	return r, fmt.Sprintf(`{%s"seq":%d,%s}`, clock, seq, body)
}

func telemetryTopic(kind, device string) string {
	return "phusong/v1/25459/" + kind + "/" + device + "/telemetry"
}

// publish returns when the broker has acknowledged the message, and remembers
// its readings then. No payload means one access point's reading without a time.
func (f *fleet) publish(topic string, payload []byte, readings ...reading) {
	if payload == nil {
		payload = fmt.Appendf(nil, `{"seq":%d,"clients":1}`, readings[0].Seq)
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), testbed.Patience)
	defer cancel()
	if err := f.client.Publish(ctx, mqtt.Message{Topic: topic, Payload: payload, QoS: mqtt.AtLeastOnce}); err != nil {
		if f.t.Context().Err() != nil {
			return // the test has ended, and said why
		}
		f.t.Errorf("a device could not publish: %v", err)
		return
	}
	f.remember(readings...)
}

// remember says that the readings must be stored.
func (f *fleet) remember(readings ...reading) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acked = append(f.acked, readings...)
}

// rest lets the devices finish the messages they have begun, and no more.
func (f *fleet) rest() {
	f.resting.Do(func() { close(f.stop) })
	f.devices.Wait()
}

// acknowledged returns the readings that must be stored.
func (f *fleet) acknowledged() []reading {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.acked)
}
