package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// A helper process is this test program itself, started again with its first argument.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "publish" || os.Args[1] == "receive") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestPayloadsAreWhatTheServiceAccepts(t *testing.T) {
	t.Parallel()
	var decoder wire.Decoder
	topic := wire.Topic{Area: benchArea, Kind: telemetry.KindWiFi, Device: beacon, Channel: wire.Telemetry}
	start := time.UnixMilli(1_790_000_000_123).UTC()
	smallest, largest := math.MaxInt, 0
	for i := range int64(10_000) {
		at := start.Add(time.Duration(i*37) * time.Millisecond)
		payload := appendPayload(nil, at.UnixMilli(), i+1)
		smallest, largest = min(smallest, len(payload)), max(largest, len(payload))
		message := decoder.Decode(topic.String(), payload)
		if len(message.Rejects) > 0 || message.Unknown > 0 || len(message.Readings) != 1 {
			t.Fatalf("%s\ndecodes to %d readings with %d unknown fields, rejected: %v",
				payload, len(message.Readings), message.Unknown, message.Rejects)
		}
		if r := message.Readings[0]; !r.Time.Equal(at) || r.Seq != telemetry.Some(i+1) {
			t.Fatalf("time %v and seq %v, want %v and %d", r.Time, r.Seq, at, i+1)
		}
	}
	if smallest < 190 || largest > 240 {
		t.Errorf("payloads of %d to %d bytes, want about 215", smallest, largest)
	}
}

func TestPublisherSendsEveryMessageOnceAndInOrder(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	subscriber := func(args ...string) *testbed.Process {
		return testbed.Run(t, testbed.Command{
			Path: testbed.Require(t, "mosquitto_sub"),
			Args: append([]string{"-p", strconv.Itoa(broker.Port()), "-q", "1", "-i", "listener", "-c", "-t", topicFilter}, args...),
		})
	}
	// Once to subscribe; the broker keeps what comes for the session until the second time.
	if code := subscriber("-E").Wait(); code != 0 {
		t.Fatalf("mosquitto_sub ended with %d", code)
	}
	var out, problems bytes.Buffer
	if err := run(t.Context(), []string{"publish", "-addr", broker.Addr(), "-count", "1003", "-devices", "10", "-window", "7"}, &out, &problems); err != nil {
		t.Fatalf("publishing: %v (%s)", err, &problems)
	}
	received := subscriber("-C", "1003", "-W", "30", "-F", "%t %p")
	if code := received.Wait(); code != 0 {
		t.Fatalf("mosquitto_sub ended with %d", code)
	}
	last := map[string]struct{ seq, time int64 }{}
	count := 0
	for line := range strings.Lines(received.Stdout()) {
		topic, payload, _ := strings.Cut(line, " ")
		count++
		var reading struct{ Seq, Time int64 }
		if err := json.Unmarshal([]byte(payload), &reading); err != nil {
			t.Fatalf("message %d: %v", count, err)
		}
		if before := last[topic]; reading.Seq != before.seq+1 || reading.Time <= before.time {
			t.Fatalf("%s: reading %+v after %+v, want the next seq and a later time", topic, reading, before)
		}
		last[topic] = struct{ seq, time int64 }{reading.Seq, reading.Time}
	}
	if count != 1003 || len(last) != 10 {
		t.Errorf("received %d messages of %d devices, want 1003 of 10", count, len(last))
	}
	var report published
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Count != 1003 {
		t.Errorf("report %s (%v), want a count of 1003", &out, err)
	}
}

// The floor candidate is measured in miniature: all parts of the bench but the contenders to build.
func TestMeasureSeesEveryMessageAndItsLatency(t *testing.T) {
	t.Parallel()
	testbed.Require(t, "influxd")
	testbed.Require(t, "mosquitto")
	var log bytes.Buffer
	err := withHost(t.Context(), &log, func(h *host) error {
		b, err := newBed(h, plan{messages: 20_000, rate: 500, steady: time.Second, devices: 100})
		if err != nil {
			return err
		}
		f, err := b.measure(candidates(b.plan)[0])
		if err != nil {
			return err
		}
		if f.rate < 100 || f.burstCPU <= 0 || f.peakMemory < 1 || f.median <= 0 || f.p99 < f.median || f.p99 > 30_000 {
			t.Errorf("implausible figures %+v", f)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
}

func TestHostEndsWhatItStarted(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var process *testbed.Process
	var dir string
	err := withHost(t.Context(), &log, func(h *host) error {
		dir = h.TempDir()
		process = testbed.Run(h, testbed.Command{Path: testbed.Require(t, "sleep"), Args: []string{"600"}})
		h.Fatalf("nothing works %d", 1)
		return nil
	})
	if err == nil || err.Error() != "nothing works 1" {
		t.Errorf("error %v, want the reason", err)
	}
	select {
	case <-process.Exited():
	default:
		t.Error("the program still runs")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there (%v)", err)
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	t.Parallel()
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for ctx.Err() == nil { // computing, so that there is something to see
	}
	after, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if used := after - before; used <= 0 || used > time.Minute {
		t.Errorf("used %v of CPU, want some", used)
	}
	memory, err := peakMemory(os.Getpid())
	if err != nil || memory < 1<<20 || memory > 1<<36 {
		t.Errorf("peak memory %d (%v), want a plausible size", memory, err)
	}
	if _, err := cpuTime(-1); err == nil {
		t.Error("no error for a process that is not there")
	}
}

func TestTableShowsRatiosToTheYardstick(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := plan{messages: 10, rate: 5, steady: time.Second, devices: 2, rounds: 3}
	err := printTable(&out, p, []candidate{{name: "ours", how: "by looking"}, {name: yardstick, how: "likewise"}}, map[string][]figures{
		"ours":    {{burstCPU: 9}, {burstCPU: 20}, {burstCPU: 10}},
		yardstick: {{burstCPU: 40}, {burstCPU: 38}, {burstCPU: 90}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10.0 (0.25)", " 40.0", "ours: by looking"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
}

func TestPlanIsChecked(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-messages", "0"}, {"-rounds", "-1"}, {"extra"}, {"-no-such"}} {
		if _, err := parsePlan(args, new(bytes.Buffer)); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
	for _, args := range [][]string{{"listeners", "-listeners", "0"}, {"listeners", "-alarms", "-1"}, {"alerts", "-rate", "0"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}
