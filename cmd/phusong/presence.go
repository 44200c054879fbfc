package main

import (
	"context"
	"io"
	"iter"
	"time"

	"phusong/alerts"
	"phusong/dashboards"
	"phusong/internal/registry"
	"phusong/telemetry"
)

// seedTimeout bounds how long a store may search before the service starts
// without an answer.
const seedTimeout = 20 * time.Second

// seed tells the picture what the store knows, so that a restart does not make every
// device look unseen. Without the store it starts empty and fills with what arrives.
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

// pictureRoom lets the live picture see the stream. It keeps no image: the store knows
// when each device was last seen.
type pictureRoom struct{ *alerts.Picture }

func (p pictureRoom) Observe(_ time.Time, readings []telemetry.Reading) {
	for i := range readings {
		p.Picture.Observe(&readings[i])
	}
}

func (p pictureRoom) Snapshot() func(io.Writer) error { return func(io.Writer) error { return nil } }

func (p pictureRoom) Restore(io.Reader) error { return errNoImage }

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
