package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts"
	"phusong/alerts/rules"
	"phusong/ingest"
	"phusong/internal/testbed"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// judged lets a fresh alert room watch the stream until its last entry, and returns
// its changes as text. image is where it begins from and keeps its own.
func judged(t *testing.T, p *post, image imageFile, every time.Duration, until func(position uint64) bool) []string {
	t.Helper()
	set, err := rules.Parse(rules.File{Name: "rules.yml", Data: []byte(`groups: [{name: g, rules: [
		{alert: Silent, expr: device.state == "silent", labels: {severity: warning}, annotations: {summary: {vi: "{{ .Name }}", en: "{{ .Name }}"}, next_step: {vi: x, en: x}}},
		{alert: Crowded, expr: wifi.clients > 50, for: 2s, labels: {severity: info}, annotations: {summary: {vi: "{{ .Name }}", en: "{{ .Name }}"}, next_step: {vi: x, en: x}}}]}]`)})
	if err != nil {
		t.Fatal(err)
	}
	inventory := alerts.Inventory{Areas: []telemetry.Area{{Code: "25459"}}}
	for n := range 20 {
		inventory.Devices = append(inventory.Devices, telemetry.Device{ID: telemetry.DeviceID(fmt.Sprintf("ap-%d", n)), Kind: telemetry.KindWiFi, Area: "25459", Interval: time.Second})
	}
	room, err := newAlertRoom(alertRoomOptions{Inventory: inventory, Rules: set, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWatcher(t.Context(), watcherOptions{
		Tenants: []tenant{{"alerts", room, func(context.Context) error { return nil }}}, Image: image, Every: every, Logger: slog.New(slog.DiscardHandler), Log: p.log,
		Open: func(ctx context.Context, from uint64) (ingest.Source, error) {
			reader, err := p.log.Reader(ctx, from)
			if err != nil {
				return nil, err
			}
			t.Cleanup(reader.Close)
			return source{reader}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	testbed.Eventually(t, testbed.Patience, func() error {
		if !until(w.counted.position.Load()) {
			return fmt.Errorf("at entry %d", w.counted.position.Load())
		}
		return nil
	})
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	changes, lost := room.takeChanges()
	if lost > 0 {
		t.Fatalf("%d changes are lost", lost)
	}
	lines := make([]string, len(changes))
	for i := range changes {
		line, err := json.Marshal(historyStep(changes[i]))
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = string(line)
	}
	return lines
}

// A recorded minute gives the same alerts bit for bit: as it is lived, as fast as it
// can be read, and by a watcher that went on from the image of one that was killed.
func TestRecordedMinuteIsJudgedTheSame(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	p := newPost(t)
	image := func() imageFile { return imageFile(filepath.Join(t.TempDir(), "image.zip")) }
	lived := image()
	const seconds = 45 // silence is told 30 s after it
	last, killed := make(chan uint64, 1), make(chan struct{})
	go func() { // the devices: one is crowded for a while, one falls silent and returns
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		var seq uint64
		for second := range seconds {
			now := time.Now()
			var readings []telemetry.Reading
			for n := range 20 {
				if n == 7 && second > 3 && second < seconds-3 {
					continue
				}
				clients := int64(3)
				if n == 3 && second > 5 && second < 15 {
					clients = 60
				}
				readings = append(readings, telemetry.Reading{
					Kind: telemetry.KindWiFi, Area: "25459", Device: telemetry.DeviceID(fmt.Sprintf("ap-%d", n)), Time: now, Received: now,
					WiFi: &telemetry.WiFi{Clients: telemetry.Some(clients)},
				})
			}
			var err error
			if seq, err = p.log.Append(t.Context(), fmt.Sprintf("s-%d", second), wire.AppendRecords(nil, readings), len(readings)); err != nil {
				t.Error(err)
				break
			}
			if second == seconds/2 {
				close(killed)
			}
			<-tick.C
		}
		last <- seq
	}()
	// The image of the middle is what a kill leaves behind.
	middle := image()
	copied := make(chan error, 1)
	go func() {
		<-killed
		copied <- copyFile(string(lived), string(middle))
	}()
	var end uint64
	live := judged(t, p, lived, 5*time.Second, func(position uint64) bool {
		select {
		case end = <-last:
		default:
		}
		return end > 0 && position >= end
	})
	if err := <-copied; err != nil {
		t.Fatal(err)
	}
	if len(live) < 4 {
		t.Fatalf("only %d changes: %v", len(live), live)
	}
	all := func(position uint64) bool { return position >= end }
	if diff := cmp.Diff(live, judged(t, p, image(), time.Hour, all)); diff != "" {
		t.Errorf("as fast as it can be read it is judged otherwise (-lived +replayed):\n%s", diff)
	}
	resumed := judged(t, p, middle, time.Hour, all)
	if len(resumed) == 0 || len(resumed) >= len(live) {
		t.Fatalf("the image in the middle left %d of %d changes to come", len(resumed), len(live))
	}
	if diff := cmp.Diff(live[len(live)-len(resumed):], resumed); diff != "" {
		t.Errorf("after a kill it is judged otherwise (-lived +resumed):\n%s", diff)
	}
}

// copyFile copies a file that is whole whenever it is there.
func copyFile(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o600)
}
