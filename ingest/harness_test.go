package ingest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"phusong/ingest"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// noon is when most tests play.
var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

const area telemetry.AreaCode = "25459"

// wifi returns a reading that carries its tag as a counter, so that it can be told
// from all others wherever it turns up. A zero time is none, as is a negative seq.
func wifi(device string, at time.Time, seq, tag int64) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindWiFi)
	r.Area, r.Device, r.Time, r.Received = area, telemetry.DeviceID(device), at, at
	if seq >= 0 {
		r.Seq = telemetry.Some(seq)
	}
	r.WiFi.RxBytes = telemetry.Some(tag)
	return r
}

// tag returns what wifi put in, -1 for another kind.
func tag(r *telemetry.Reading) int64 {
	if r.WiFi == nil {
		return -1
	}
	return r.WiFi.RxBytes.Or(-1)
}

func tags(readings []telemetry.Reading) []int64 {
	all := make([]int64, 0, len(readings))
	for i := range readings {
		all = append(all, tag(&readings[i]))
	}
	return all
}

func topic(device string) string { return fmt.Sprintf("phusong/v1/%s/wifi/%s/telemetry", area, device) }

// payload writes the readings as a device would, an array for more than one.
func payload(readings ...telemetry.Reading) []byte {
	if len(readings) == 1 {
		return wire.AppendPayload(nil, &readings[0])
	}
	return wire.AppendPayloads(nil, readings)
}

// numbered returns n readings of one device, a second apart, with the tags 0 to n-1.
func numbered(device string, n int) []telemetry.Reading {
	all := make([]telemetry.Reading, n)
	for i := range all {
		all[i] = wifi(device, noon.Add(time.Duration(i)*time.Second), int64(i), int64(i))
	}
	return all
}

// running is a part that runs until stop, or until the test ends.
type running struct {
	cancel context.CancelFunc
	done   chan error
	once   sync.Once
	err    error
}

func start(t *testing.T, run func(context.Context) error) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- run(ctx) }()
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// stop ends the part and returns what it returned.
func (r *running) stop() error {
	r.cancel()
	r.once.Do(func() { r.err = <-r.done })
	return r.err
}

// post is a pipeline in one synctest bubble, with what it is plugged into.
type post struct {
	log, letters *memoryLog
	ledger       *ingest.Ledger
	pipeline     *ingest.Pipeline
}

// newPost makes a pipeline; with changes the options that are not about its
// surroundings.
func newPost(t testing.TB, with func(*ingest.Options)) *post {
	t.Helper()
	p := &post{log: newLog(), letters: newLog(), ledger: ingest.NewLedger()}
	o := ingest.Options{Log: p.log, DeadLetters: p.letters, Ledger: p.ledger}
	if with != nil {
		with(&o)
	}
	var err error
	if p.pipeline, err = ingest.NewPipeline(o); err != nil {
		t.Fatal(err)
	}
	return p
}

// send hands over a message; acked receives when it is acknowledged.
func (p *post) send(t *testing.T, topic string, payload []byte) (acked chan time.Time) {
	t.Helper()
	acked = make(chan time.Time, 2)
	err := p.pipeline.Handle(t.Context(), ingest.Message{
		Topic: topic, Payload: payload, Received: time.Now(), Ack: func() { acked <- time.Now() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return acked
}

// list returns all dead letters.
func list(t testing.TB, log ingest.Letters) []ingest.DeadLetter {
	t.Helper()
	var all []ingest.DeadLetter
	err := ingest.ListDeadLetters(t.Context(), log, func(d ingest.DeadLetter) bool {
		all = append(all, d)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
