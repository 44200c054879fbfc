package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"phusong/alerts"
	"phusong/alerts/alertmanager"
	"phusong/internal/stream"
	"phusong/internal/testbed"
)

var dawn = time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)

// change is the n-th step of a story, a second after the one before.
func change(n int) alerts.Change {
	a := &alerts.Alert{ID: fmt.Sprintf("a-%d", n), Name: "Test"}
	return alerts.Change{Number: uint64(n), At: dawn.Add(time.Duration(n) * time.Second), Kind: alerts.AlertFired, Alert: a}
}

func steps(t *testing.T, h *alertHistory) (ids []string) {
	t.Helper()
	for step, err := range h.Steps(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, step.Alert.ID)
	}
	return ids
}

// What a restart tells again is kept once, and what it could not tell before its end
// is kept too.
func TestAlertHistoryKeepsEachStepOnce(t *testing.T) {
	t.Parallel()
	server, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closeStream(context.WithoutCancel(t.Context()), server) })
	begin := func(changes ...alerts.Change) *alertHistory {
		room := &alertRoom{news: make(chan struct{}, 1)}
		for _, c := range changes {
			room.changed(c)
		}
		h, err := newAlertHistory(t.Context(), server, room, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // it keeps what is there, and ends
		if err := h.Run(ctx); err != nil {
			t.Fatal(err)
		}
		return h
	}
	begin(change(1), change(2), change(3))
	h := begin(change(2), change(3), change(4)) // the image was of the time after 1
	if got, want := steps(t, h), []string{"a-1", "a-2", "a-3", "a-4"}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	if n := h.missed.Load(); n != 0 {
		t.Errorf("%d steps are lost", n)
	}
}

func TestAlertHistorySplitsWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	server, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closeStream(context.WithoutCancel(t.Context()), server) })
	room := &alertRoom{news: make(chan struct{}, 1)}
	const n = 2 * historyBatch
	for i := range n {
		c := change(i + 1)
		c.Alert.Annotations = map[string]string{"description": strings.Repeat("x", 16<<10)}
		room.changed(c)
	}
	h, err := newAlertHistory(t.Context(), server, room, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h.keepAll(t.Context())
	if got := len(steps(t, h)); got != n {
		t.Errorf("%d of %d steps are kept", got, n)
	}
}

// A storm while the stream is away is bounded, and the hole is counted.
func TestAlertRoomBoundsItsChanges(t *testing.T) {
	t.Parallel()
	room := &alertRoom{news: make(chan struct{}, 1)}
	c := change(1)
	for range mostChanges + 7 {
		room.changed(c)
	}
	if changes, lost := room.takeChanges(); len(changes) != mostChanges || lost != 7 {
		t.Errorf("%d changes wait and %d are lost, want %d and 7", len(changes), lost, mostChanges)
	}
	if changes, lost := room.takeChanges(); len(changes) != 0 || lost != 0 {
		t.Errorf("taken twice: %d changes, %d lost", len(changes), lost)
	}
}

// Nobody is told before judgement knows the present, everybody is told everything then,
// and a complaint stands in the log once.
func TestAlertDelivery(t *testing.T) {
	t.Parallel()
	var ready atomic.Bool
	var log testbed.Buffer
	told := make(chan []alertmanager.Alert, 100)
	wake := make(chan struct{}, 1)
	d := &alertDelivery{
		active: func() []alerts.Alert {
			return []alerts.Alert{{ID: "a-1", Labels: map[string]string{"alertname": "Test"}, Fired: dawn, ToldAt: dawn.Add(time.Minute)}}
		},
		ready: ready.Load, wake: wake, page: "http://phusong.example.vn/alerts/", log: slog.New(slog.NewTextHandler(&log, nil)),
		sinks: []alertSink{
			{name: "good", replace: func(list []alertmanager.Alert) error { told <- list; return nil }, failing: func() time.Time { return time.Time{} }},
			{name: "bad", replace: func([]alertmanager.Alert) error { return errors.New("no") }, failing: func() time.Time { return dawn }},
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	select {
	case <-told:
		t.Error("people were told before judgement had caught up")
	default:
	}
	ready.Store(true)
	for range 3 {
		list := <-told
		if len(list) != 1 || list[0].ID != "a-1" || !list[0].StartsAt.Equal(dawn.Add(time.Minute)) || list[0].GeneratorURL != "http://phusong.example.vn/alerts/a-1" {
			t.Fatalf("told %+v", list)
		}
		nudge(wake)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "to=bad"); n != 1 {
		t.Errorf("the complaint stands in the log %d times:\n%s", n, log.String())
	}
	if !d.failingSince().Equal(dawn) {
		t.Errorf("failing since %v", d.failingSince())
	}
}
