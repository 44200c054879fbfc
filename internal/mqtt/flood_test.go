package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"

	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

// numbered makes messages that hold their number.
func numbered(n uint64, dst []byte) (topic string, payload []byte) {
	return "flood/" + strconv.FormatUint(n%7, 10), fmt.Appendf(dst, "%06d", n)
}

func flood(t *testing.T, o mqtt.FloodOptions) *mqtt.Flood {
	t.Helper()
	if o.Broker.ClientID == "" {
		o.Broker.ClientID = "flood"
	}
	if o.Next == nil {
		o.Next = numbered
	}
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	f, err := mqtt.DialFlood(ctx, o)
	if err != nil {
		t.Fatalf("opening the flood: %v", err)
	}
	t.Cleanup(f.Close)
	return f
}

func send(t *testing.T, f *mqtt.Flood, run mqtt.FloodRun) mqtt.FloodResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	result, err := f.Send(ctx, run)
	if err != nil {
		t.Fatalf("sending %+v: %v", run, err)
	}
	return result
}

func TestAFloodArrivesWholeAndInOrder(t *testing.T) {
	t.Parallel()
	onEachBroker(t, func(t *testing.T, b server) {
		receiver := connected(t, mqtt.Options{URL: b.URL(), ClientID: "receiver", Filters: []string{"flood/#"}})
		f := flood(t, mqtt.FloodOptions{Broker: mqtt.Options{URL: b.URL()}, Window: 50})
		const half = 1500
		for i := range uint64(2) { // the second run goes on where the first ended
			got := send(t, f, mqtt.FloodRun{Count: half})
			if got.Took <= 0 {
				t.Errorf("took %v", got.Took)
			}
			got.Took = 0
			if diff := cmp.Diff(mqtt.FloodResult{Due: half, Sent: half, Acked: half}, got); diff != "" {
				t.Errorf("run %d (-want +got):\n%s", i, diff)
			}
		}
		if sent, acked := f.Counts(); sent != 2*half || acked != 2*half {
			t.Errorf("counts %d and %d, want %d of both", sent, acked, 2*half)
		}
		if diff := cmp.Diff(numbers(2*half), receiver.until(fmt.Sprintf("%06d", 2*half-1))); diff != "" {
			t.Errorf("received (-want +got):\n%s", diff)
		}
	})
}

// More messages than there are packet ids, larger than the connection's buffer now and then, over TLS.
func TestAFloodOutlastsThePacketIDs(t *testing.T) {
	t.Parallel()
	certificates := testbed.NewCertificates(t, "flood")
	b := testbed.Mosquitto(t, testbed.MosquittoOptions{TLS: certificates})
	config, err := mqtt.TLSFiles{CA: certificates.CAFile, ServerName: "localhost"}.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := flood(t, mqtt.FloodOptions{
		Broker: mqtt.Options{URL: b.URL(), TLS: config},
		Next: func(n uint64, dst []byte) (string, []byte) {
			if n%20_000 == 0 {
				return "large", make([]byte, 200_000)
			}
			return numbered(n, dst)
		},
		Window: 65535,
	})
	const count = 70_000
	if got := send(t, f, mqtt.FloodRun{Count: count}); got.Acked != count {
		t.Errorf("%d acknowledged, want %d", got.Acked, count)
	}
}

func TestAFloodKeepsItsRate(t *testing.T) {
	t.Parallel()
	b := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	f := flood(t, mqtt.FloodOptions{Broker: mqtt.Options{URL: b.URL()}})
	for _, run := range []mqtt.FloodRun{
		{Rate: 4000, Count: 2000},
		{Rate: 4000, For: 500 * time.Millisecond},
		{Rate: 4000, Count: 2000, For: time.Hour},
	} {
		got := send(t, f, run)
		if got.Due != 2000 || got.Acked != got.Sent {
			t.Errorf("%+v: %+v, want 2000 due and all acknowledged", run, got)
		}
		// It is never faster. How much slower depends on what else the machine does.
		if rate := float64(got.Acked) / got.Took.Seconds(); rate > 1.01*run.Rate || rate < run.Rate/20 {
			t.Errorf("%+v: %.0f messages a second", run, rate)
		}
	}
	if got := send(t, f, mqtt.FloodRun{For: 50 * time.Millisecond}); got.Due != got.Sent || got.Acked != got.Sent || got.Took < 50*time.Millisecond {
		t.Errorf("without a rate: %+v, want what was sent to be due, and acknowledged", got)
	}
}

func TestAFloodWaitsAtItsWindow(t *testing.T) {
	t.Parallel()
	b := newScripted(t)
	const window, count = 10, 1000
	done := make(chan error, 1)
	dialled := make(chan *mqtt.Flood, 1)
	go func() {
		f, err := mqtt.DialFlood(t.Context(), mqtt.FloodOptions{Broker: mqtt.Options{URL: b.URL(), ClientID: "flood"}, Next: numbered, Window: window})
		dialled <- f
		if err == nil {
			_, err = f.Send(t.Context(), mqtt.FloodRun{Count: count})
		}
		done <- err
	}()
	b.accept(0)
	f := <-dialled
	t.Cleanup(f.Close)
	ack := func(id uint16) {
		p := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
		p.MessageID = id
		b.write(p)
	}
	// A batch holds more than a window, so an unbounded flood would have counted more by now.
	for n := 1; n <= window; n++ {
		if p := read[*packets.PublishPacket](b); p.MessageID != uint16(n) || string(p.Payload) != fmt.Sprintf("%06d", n-1) || p.Qos != 1 {
			t.Errorf("message %d is %v", n, p)
		}
		if sent, _ := f.Counts(); sent > window {
			t.Fatalf("%d sent without an acknowledgement, want at most %d", sent, window)
		}
	}
	// Out of order: room comes with the oldest.
	ack(3)
	ack(2)
	ack(1)
	for n := window + 1; n <= window+3; n++ {
		if p := read[*packets.PublishPacket](b); p.MessageID != uint16(n) {
			t.Errorf("message %d has id %d", n, p.MessageID)
		}
	}
	if sent, acked := f.Counts(); sent != window+3 || acked != 3 {
		t.Errorf("%d sent, %d acknowledged, want %d and 3", sent, acked, window+3)
	}
	ack(2)
	if err := <-done; !errors.Is(err, mqtt.ErrLost) || !strings.Contains(err.Error(), "acknowledged packet 2, which is not under way") {
		t.Errorf("after a second acknowledgement: %v", err)
	}
	if _, err := f.Send(t.Context(), mqtt.FloodRun{Count: 1}); !errors.Is(err, mqtt.ErrLost) {
		t.Errorf("sending after the end: %v, want ErrLost", err)
	}
}

func TestAFloodCanBeCancelled(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]mqtt.FloodRun{
		"between the ticks":           {Rate: 1, Count: 1000},
		"at the window":               {Count: 1000},
		"waiting for acknowledgments": {Count: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newScripted(t) // it acknowledges nothing
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			why := errors.New("enough")
			done := make(chan error, 1)
			go func() {
				f, err := mqtt.DialFlood(ctx, mqtt.FloodOptions{Broker: mqtt.Options{URL: b.URL(), ClientID: "flood"}, Next: numbered, Window: 10})
				if err == nil {
					defer f.Close()
					_, err = f.Send(ctx, run)
				}
				done <- err
			}()
			b.accept(0)
			if run.Rate == 0 {
				for range min(run.Count, 10) {
					read[*packets.PublishPacket](b)
				}
			}
			cancel(why)
			select {
			case err := <-done:
				if !errors.Is(err, why) {
					t.Errorf("it ended with %v, want %v", err, why)
				}
			case <-time.After(testbed.Patience):
				t.Fatal("it goes on")
			}
		})
	}
}

func TestAFloodSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	nobody := testbed.Addr(t)
	for name, test := range map[string]struct {
		options mqtt.FloodOptions
		want    string
	}{
		"no messages":   {mqtt.FloodOptions{Broker: mqtt.Options{URL: b.URL(), ClientID: "f"}}, "Next: nil"},
		"window":        {mqtt.FloodOptions{Next: numbered, Window: 65536}, "Window: 65536; MQTT has packet ids for 1 to 65535"},
		"no name":       {mqtt.FloodOptions{Next: numbered, Broker: mqtt.Options{URL: b.URL()}}, "ClientID: empty"},
		"nobody there":  {mqtt.FloodOptions{Next: numbered, Broker: mqtt.Options{URL: "tcp://" + nobody, ClientID: "f"}}, "connecting to tcp://" + nobody},
		"secret missed": {mqtt.FloodOptions{Next: numbered, Broker: mqtt.Options{URL: b.URL(), ClientID: "f", Username: "u", Password: func() (string, error) { return "", errors.New("no file") }}}, "fetching the password: no file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := mqtt.DialFlood(t.Context(), test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if name == "nobody there" && !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("error %v does not wrap the cause", err)
			}
		})
	}
	f := flood(t, mqtt.FloodOptions{Broker: mqtt.Options{URL: b.URL(), ClientID: "bad"}, Next: func(uint64, []byte) (string, []byte) { return "a/#", nil }})
	if _, err := f.Send(t.Context(), mqtt.FloodRun{}); err == nil || !strings.Contains(err.Error(), "Count and For") {
		t.Errorf("a run without an end: %v", err)
	}
	if _, err := f.Send(t.Context(), mqtt.FloodRun{Rate: -1, Count: 1}); err == nil || !strings.Contains(err.Error(), "Rate: -1") {
		t.Errorf("a negative rate: %v", err)
	}
	if _, err := f.Send(t.Context(), mqtt.FloodRun{Count: 1}); err == nil || !strings.Contains(err.Error(), "message 0: topic: wildcards") {
		t.Errorf("a topic with a wildcard: %v", err)
	}
}

func TestARefusedFloodSaysSo(t *testing.T) {
	t.Parallel()
	b := newScripted(t)
	done := make(chan error, 1)
	go func() {
		_, err := mqtt.DialFlood(t.Context(), mqtt.FloodOptions{Broker: mqtt.Options{URL: b.URL(), ClientID: "flood", Username: "u"}, Next: numbered})
		done <- err
	}()
	b.accept(packets.ErrRefusedNotAuthorised)
	if err := <-done; !mqtt.Refused(err) {
		t.Errorf("error %v, want a refusal", err)
	}
}

// BenchmarkFlood reports what a message costs the process that sends it.
// Run it with a fixed count, such as -benchtime 500000x.
func BenchmarkFlood(b *testing.B) {
	broker := testbed.Mosquitto(b, testbed.MosquittoOptions{})
	payload := make([]byte, 350)
	f, err := mqtt.DialFlood(b.Context(), mqtt.FloodOptions{
		Broker: mqtt.Options{URL: broker.URL(), ClientID: "flood"},
		Next: func(_ uint64, dst []byte) (string, []byte) {
			return "phusong/v1/80/wifi/ap-1/telemetry", append(dst, payload...)
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	b.ReportAllocs()
	before := processorTime(b)
	b.ResetTimer()
	if _, err := f.Send(b.Context(), mqtt.FloodRun{Count: uint64(b.N)}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/1e3/float64(b.N), "cpu-µs/msg")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}
