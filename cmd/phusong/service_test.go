package main

import (
	"context"
	"testing"
	"time"

	"log/slog"

	"phusong/ingest"
	"phusong/internal/testbed"
)

// After a quiet day the stream holds nothing any more, and the service must start
// all the same.
func TestStartWithATrimmedStream(t *testing.T) {
	t.Parallel()
	config := DefaultConfig()
	config.Data, config.Listen = t.TempDir(), "127.0.0.1:0"
	config.Broker.Listen, config.Broker.Anonymous = "127.0.0.1:0", true
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	log := slog.New(slog.DiscardHandler)

	s, err := newService(ctx, config, log)
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.run(running) }()
	err = s.replay(ctx, []ingest.DeadLetter{{Topic: "phusong/v1/25459/wifi/ap-1/telemetry", Payload: []byte(`{"clients":1}`)}})
	if err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, 10*time.Second, func() error {
		s.tidy(ctx, time.Now().Add(2*config.Stream.Keep))
		state, err := s.readings.State(ctx)
		if err == nil && state.Entries > 0 {
			err = context.DeadlineExceeded // not yet
		}
		return err
	})
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	again, err := newService(ctx, config, log)
	if err != nil {
		t.Fatalf("the second start: %v", err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}
