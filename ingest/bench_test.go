package ingest_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"phusong/ingest"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// realistic returns a reading of about 200 bytes, as access points send them.
func realistic(device string, i int64) telemetry.Reading {
	r := wifi(device, noon.Add(time.Duration(i)*time.Second), i, 1_000_000+i)
	w := r.WiFi
	w.Clients, w.TxBytes, w.UptimeS = telemetry.Some(int64(17)), telemetry.Some(9_000_000+i), telemetry.Some(86_400+i)
	w.WANUp, w.WANLatencyMs, w.WANLoss = telemetry.Some(true), telemetry.Some(12.5), telemetry.Some(0.01)
	w.CPU, w.Memory, w.PortalOK = telemetry.Some(0.25), telemetry.Some(0.5), telemetry.Some(true)
	return r
}

// devices is how many devices take turns in the benchmarks.
const devices = 1000

// sink is a log that keeps nothing.
type sink struct{ seq atomic.Uint64 }

func (s *sink) Append(context.Context, string, []byte, int) (uint64, error) {
	return s.seq.Add(1), nil
}

func (s *sink) MaxEntry() int { return 1 << 20 }

// BenchmarkPipeline is the way of one message from Handle to its acknowledgement,
// with a log that costs nothing.
func BenchmarkPipeline(b *testing.B) {
	pipeline, err := ingest.NewPipeline(ingest.Options{Log: new(sink), DeadLetters: new(sink), Ledger: ingest.NewLedger()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- pipeline.Run(ctx) }()
	messages := make([]ingest.Message, devices)
	var acked atomic.Int64
	finished := make(chan struct{})
	want := int64(0)
	for i := range messages {
		device := fmt.Sprint("ap-", i)
		r := realistic(device, int64(i))
		messages[i] = ingest.Message{Topic: topic(device), Payload: payload(r), Received: noon, Ack: func() {
			if acked.Add(1) == want {
				close(finished)
			}
		}}
	}
	b.SetBytes(int64(len(messages[0].Payload)))
	b.ReportAllocs()
	want = int64(b.N)
	b.ResetTimer()
	for i := range b.N {
		if err := pipeline.Handle(ctx, messages[i%devices]); err != nil {
			b.Fatal(err)
		}
	}
	<-finished
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}

// entries is a source of so many readings, in entries of the usual size.
type entries struct {
	data  []byte
	count int
	left  int
	seq   uint64
	done  context.CancelFunc
}

func (s *entries) Next(ctx context.Context) (ingest.Entry, error) {
	e, ok := s.TryNext()
	if !ok {
		s.done()
		return ingest.Entry{}, ctx.Err()
	}
	return e, nil
}

func (s *entries) TryNext() (ingest.Entry, bool) {
	if s.left <= 0 {
		return ingest.Entry{}, false
	}
	s.left -= s.count
	s.seq++
	return ingest.Entry{Seq: s.seq, Time: noon, Count: s.count, Data: s.data}, true
}

type void struct{}

func (void) Write(context.Context, []telemetry.Reading) error { return nil }

// BenchmarkWriter is the way of one reading from the log to the store, with a
// store that costs nothing.
func BenchmarkWriter(b *testing.B) {
	readings := make([]telemetry.Reading, 500)
	for i := range readings {
		readings[i] = realistic(fmt.Sprint("ap-", i), int64(i))
	}
	ctx, cancel := context.WithCancel(b.Context())
	source := &entries{data: wire.AppendRecords(nil, readings), count: len(readings), left: b.N, done: cancel}
	writer, err := ingest.NewWriter(ingest.WriterOptions{
		Source: source, Store: void{}, DeadLetters: new(sink), Ledger: ingest.NewLedger(),
		Save: func(context.Context, uint64) error { return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := writer.Run(ctx); err != nil {
		b.Error(err)
	}
}

func BenchmarkTracker(b *testing.B) {
	for _, bench := range []struct {
		name string
		make func(string, time.Time, int64, int64) telemetry.Reading
	}{{"own time", wifi}, {"assigned time", timeless}} {
		b.Run(bench.name, func(b *testing.B) {
			tracker := ingest.NewTracker()
			readings := make([]telemetry.Reading, devices)
			for i := range readings {
				readings[i] = bench.make(fmt.Sprint("ap-", i), noon, 0, 0)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				r := &readings[i%devices]
				r.Seq = telemetry.Some(int64(i))
				tracker.Observe(r)
			}
		})
	}
}
