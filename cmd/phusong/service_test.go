package main

import (
	"context"
	"fmt"
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
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
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
	testbed.Eventually(t, testbed.Patience, func() error {
		if b := s.ledger.Balance(); b.Stored != 1 {
			return fmt.Errorf("the ledger says %+v", b)
		}
		return nil
	})
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	trimAll(ctx, t, &config)

	again, err := newService(ctx, config, log)
	if err != nil {
		t.Fatalf("the second start: %v", err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}

// trimAll empties the stream of a service that is not running, as a quiet day does that
// ends in the very moment of the stop: while it runs there is always a tick.
func trimAll(ctx context.Context, t *testing.T, c *Config) {
	t.Helper()
	server, readings, _, err := openStream(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	state, err := readings.State(ctx)
	if err == nil {
		err = readings.SavePosition(ctx, storePosition, state.Last)
	}
	if err == nil {
		err = readings.Trim(ctx, time.Now().Add(2*c.Stream.Keep), storePosition)
	}
	if err == nil {
		state, err = readings.State(ctx)
	}
	if err != nil || state.Entries > 0 {
		t.Errorf("trimming leaves %d entries: %v", state.Entries, err)
	}
	if err := closeStream(ctx, server); err != nil {
		t.Error(err)
	}
}
