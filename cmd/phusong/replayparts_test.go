package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/dashboards/api"
	"phusong/ingest"
	"phusong/internal/testbed"
)

// All dead letters are processed in parts: each once, what is refused again is counted and not
// processed again, and what was not kept whole stays.
func TestDeadLettersAreReplayedInParts(t *testing.T) {
	t.Parallel()
	config := DefaultConfig()
	config.Data, config.Listen = t.TempDir(), "127.0.0.1:0"
	config.Broker.Listen, config.Broker.Anonymous = "127.0.0.1:0", true
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	s, err := newService(ctx, config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.run(running) }()

	const topic = "phusong/v1/25459/wifi/ap-1/telemetry"
	long := time.Now().Add(-time.Hour)
	var letters []ingest.DeadLetter
	for n := range 7 {
		payload := fmt.Appendf(nil, `{"clients":1,"seq":%d}`, n)
		if n%2 == 1 {
			payload = fmt.Appendf(nil, "still no JSON %d", n)
		}
		letters = append(letters, ingest.DeadLetter{Time: long, Topic: topic, Payload: payload, Size: len(payload), Reason: "r", Class: "payload", Count: 1})
	}
	letters = append(letters, ingest.DeadLetter{Time: long, Topic: topic, Payload: []byte("cut off"), Size: 1000, Reason: "r", Class: "payload", Count: 1})
	data, err := json.Marshal(letters)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (durableLog{s.letters}).Append(ctx, "", data, len(letters)); err != nil {
		t.Fatal(err)
	}

	readings := apiReadings{s: s}
	before := time.Now().UTC().Truncate(time.Millisecond)
	var got []api.Replayed
	for range 4 {
		part, err := readings.Replay(ctx, api.Replay{Limit: 3, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, part)
	}
	want := []api.Replayed{{Replayed: 3, Refused: 1, Left: 4}, {Replayed: 3, Refused: 2, Left: 1}, {Replayed: 1}, {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	left, err := readings.Letters(ctx, "", 100)
	if err != nil || len(left) != 4 {
		t.Errorf("%d dead letters are left, %v; want the three that are wrong and the one that was cut off", len(left), err)
	}
	testbed.Eventually(t, testbed.Patience, func() error {
		if b := s.ledger.Balance(); b.Stored != 4 {
			return fmt.Errorf("the ledger says %+v", b)
		}
		return nil
	})
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
