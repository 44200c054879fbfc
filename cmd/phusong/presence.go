package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"phusong/alerts"
	"phusong/dashboards"
	"phusong/ingest"
	"phusong/internal/registry"
	"phusong/telemetry"
)

// seedPicture tells the picture what the store knows, so that a restart does not
// make every device look unseen. Without the store it starts empty and fills with
// what arrives.
func seedPicture(ctx context.Context, picture *alerts.Picture, s store, log *slog.Logger) {
	if err := seed(ctx, picture, s); err != nil {
		log.Warn("the store does not tell when devices were last seen; they count as unknown until they speak", "error", err)
	}
}

// seedTimeout bounds how long a store may search before the service starts
// without an answer.
const seedTimeout = 20 * time.Second

func seed(ctx context.Context, picture *alerts.Picture, s store) error {
	ctx, cancel := context.WithTimeout(ctx, seedTimeout)
	defer cancel()
	// A store that says nothing must not cost that long.
	asking, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := s.Ping(asking); err != nil {
		return err
	}
	for _, kind := range telemetry.Kinds() {
		for r, err := range s.Latest(ctx, kind) {
			if err != nil {
				return err
			}
			picture.Observe(&r)
		}
	}
	return nil
}

// watch lets the picture see every reading of the source.
func watch(ctx context.Context, picture *alerts.Picture, s ingest.Source) error {
	err := ingest.Follow(ctx, s, picture.Observe)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("following the stream: %w", err)
}

// devices joins the registry and the picture: what should be there, what is, and
// what is there without being known.
func devices(registered func() *registry.Registry, picture *alerts.Picture) dashboards.Devices {
	return func(now time.Time) iter.Seq[dashboards.DeviceState] {
		return func(yield func(dashboards.DeviceState) bool) {
			reg := registered()
			for _, d := range reg.Devices() {
				presence := picture.Presence(d.ID)
				state := presence.StateAt(now, d.Interval)
				if d.Retired {
					state = alerts.Retired
				}
				if !yield(deviceState(d, true, state, presence)) {
					return
				}
			}
			picture.Each(func(id telemetry.DeviceID, presence alerts.Presence) bool {
				if _, known := reg.Device(id); known {
					return true
				}
				d := telemetry.Device{ID: id, Kind: presence.Kind, Area: presence.Area}
				return yield(deviceState(d, false, presence.StateAt(now, 0), presence))
			})
		}
	}
}

func deviceState(d telemetry.Device, registered bool, state alerts.State, presence alerts.Presence) dashboards.DeviceState {
	return dashboards.DeviceState{Device: d, Registered: registered, State: state.String(), Up: state == alerts.Up, LastSeen: presence.LastSeen}
}
