package mqtt_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"phusong/internal/broker"
	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

// The publisher of the benchmarks is a process of its own, so that its cost is not counted.
const publisherEnv = "PHUSONG_MQTT_BENCH_PUBLISHER"

func TestMain(m *testing.M) {
	if url := os.Getenv(publisherEnv); url != "" {
		if err := publishMany(url, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// publishMany publishes as many messages as the broker takes, 200 bytes each with QoS 1.
func publishMany(url, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, err := mqtt.New(mqtt.Options{URL: url, ClientID: "publisher", CleanSession: true})
	if err != nil {
		return err
	}
	var run, workers sync.WaitGroup
	run.Go(func() { _ = client.Run(ctx) })
	payload := make([]byte, 200)
	var next atomic.Int64
	for range 500 {
		workers.Go(func() {
			for next.Add(1) <= int64(n) {
				_ = client.Publish(ctx, mqtt.Message{Topic: "phusong/v1/80/wifi/ap-1/telemetry", Payload: payload, QoS: mqtt.AtLeastOnce})
			}
		})
	}
	workers.Wait()
	cancel()
	run.Wait()
	return nil
}

// receiver connects to url, calls count for each message, and returns how to end it.
type receiver func(b *testing.B, url string, count func()) (stop func())

func ours(adjust func(*mqtt.Options)) receiver {
	return func(b *testing.B, url string, count func()) func() {
		b.Helper()
		o := mqtt.Options{
			URL: url, ClientID: "receiver", Filters: []string{"phusong/v1/+/+/+/+"},
			Handle: func(_ context.Context, d *mqtt.Delivery) {
				d.Ack()
				count()
			},
		}
		adjust(&o)
		client, err := mqtt.New(o)
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = client.Run(ctx) })
		if err := client.Await(ctx); err != nil {
			b.Fatal(err)
		}
		return func() {
			cancel()
			wg.Wait()
		}
	}
}

// plain is paho as its documentation shows it.
func plain(ordered bool) receiver {
	return func(b *testing.B, url string, count func()) func() {
		b.Helper()
		client := paho.NewClient(paho.NewClientOptions().AddBroker(url).SetClientID("receiver").SetCleanSession(false).
			SetOrderMatters(ordered).SetAutoAckDisabled(true))
		if token := client.Connect(); token.Wait() && token.Error() != nil {
			b.Fatal(token.Error())
		}
		token := client.Subscribe("phusong/v1/+/+/+/+", 1, func(_ paho.Client, m paho.Message) {
			m.Ack()
			count()
		})
		if token.Wait() && token.Error() != nil {
			b.Fatal(token.Error())
		}
		return func() { client.Disconnect(1000) }
	}
}

// BenchmarkReceive receives and acknowledges messages and reports the processor time they cost
// this process. Run it with a fixed count, such as -benchtime 200000x.
func BenchmarkReceive(b *testing.B) {
	brokers := map[string]func(b *testing.B) string{
		"mosquitto": func(b *testing.B) string {
			b.Helper()
			return testbed.Mosquitto(b, testbed.MosquittoOptions{}).URL()
		},
	}
	receivers := []struct {
		name string
		run  receiver
	}{
		{"paho", plain(true)},
		{"paho-unordered", plain(false)},
		{"acks-at-once", ours(func(o *mqtt.Options) { o.AckDelay = -1 })},
		{"client", ours(func(*mqtt.Options) {})},
	}
	for name, start := range brokers {
		for _, r := range receivers {
			b.Run(name+"/"+r.name, func(b *testing.B) { benchmarkReceive(b, start(b), r.run) })
		}
	}
}

func benchmarkReceive(b *testing.B, url string, run receiver) {
	b.Helper()
	var received atomic.Int64
	all := make(chan struct{})
	stop := run(b, url, func() {
		if received.Add(1) == int64(b.N) {
			close(all)
		}
	})
	defer stop()
	publisher := exec.CommandContext(b.Context(), os.Args[0], strconv.Itoa(b.N))
	publisher.Env = append(os.Environ(), publisherEnv+"="+url)
	publisher.Stderr = os.Stderr
	before := processorTime(b)
	b.ReportAllocs()
	b.ResetTimer()
	if err := publisher.Start(); err != nil {
		b.Fatal(err)
	}
	select {
	case <-all:
	case <-time.After(5 * time.Minute):
		b.Fatalf("%d of %d messages arrived", received.Load(), b.N)
	}
	b.StopTimer()
	used := processorTime(b) - before
	b.ReportMetric(float64(used.Nanoseconds())/1e3/float64(b.N), "cpu-µs/msg")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	if err := publisher.Wait(); err != nil {
		b.Fatalf("publisher: %v", err)
	}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkPublish publishes with QoS 1 to the broker in this process, so it counts both.
func BenchmarkPublish(b *testing.B) {
	running, err := broker.Start(b.Context(), broker.Options{Dir: b.TempDir(), Listen: "127.0.0.1:0", Anonymous: true})
	if err != nil {
		b.Fatal(err)
	}
	defer running.Close()
	client, err := mqtt.New(mqtt.Options{URL: running.URL(), ClientID: "publisher", CleanSession: true})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = client.Run(ctx) })
	if err := client.Await(ctx); err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, 200)
	b.ReportAllocs()
	b.SetParallelism(250)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := client.Publish(ctx, mqtt.Message{Topic: "t/x", Payload: payload, QoS: mqtt.AtLeastOnce}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
