package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"phusong/alerts"
	"phusong/alerts/desk"
	"phusong/internal/registry"
	"phusong/internal/stream"
	"phusong/internal/testbed"
)

// Two replicas over one stream: what is done at one desk holds for the engine of the other,
// and is there after a restart.
func TestAlertDeskOfTwoReplicas(t *testing.T) {
	t.Parallel()
	areas := filepath.Join(t.TempDir(), "areas.geojson")
	write(t, areas, reportAreas)
	reg, err := registry.Load(registry.Paths{Areas: []string{areas}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	server := openedStream(t, dir)
	one, two := runningDesk(t, server, reg), runningDesk(t, server, reg)
	at := time.Date(2026, 11, 3, 5, 0, 0, 0, time.UTC)
	lan := desk.Act{At: at, Who: "lan"}
	if _, err := one.Acknowledge(t.Context(), "device silent/ap-1", lan, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Announce(t.Context(), desk.Window{ID: "w-1", Scope: desk.Scope{Area: "80"}, Owner: "EVN", Reason: "cắt điện", From: at, Until: at.Add(time.Hour)}, lan); err != nil {
		t.Fatal(err)
	}
	if _, err := two.End(t.Context(), "none", lan); !errors.Is(err, desk.ErrRefused) {
		t.Errorf("ending what is not there: %v, want it refused", err)
	}
	holds := func(d *alertDesk) error {
		// The place says the commune; the window is the province's.
		if !d.Maintenance(at, alerts.Place{Device: "ap-1", Area: "25459"}) || d.Maintenance(at, alerts.Place{Device: "ap-1", Area: "26734"}) {
			return errors.New("announced work does not hold, or holds elsewhere")
		}
		if !d.Acknowledged(at, "device silent/ap-1") || d.Acknowledged(at.Add(time.Hour), "device silent/ap-1") {
			return errors.New("the acknowledgement does not hold, or does not end")
		}
		return nil
	}
	testbed.Eventually(t, testbed.Patience, func() error { return holds(two) })
	if err := server.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	again := runningDesk(t, openedStream(t, dir), reg)
	testbed.Eventually(t, testbed.Patience, func() error { return holds(again) })
}

func openedStream(t *testing.T, dir string) *stream.Server {
	t.Helper()
	server, err := stream.Open(t.Context(), stream.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.WithoutCancel(t.Context())); err != nil && !errors.Is(err, stream.ErrClosed) {
			t.Error(err)
		}
	})
	return server
}

func runningDesk(t *testing.T, server *stream.Server, reg *registry.Registry) *alertDesk {
	t.Helper()
	d, err := openDesk(t.Context(), server, func() *registry.Registry { return reg }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the desk: %v", err)
		}
	})
	return d
}
