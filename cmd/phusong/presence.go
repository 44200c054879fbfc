package main

import (
	"iter"
	"time"

	"phusong/alerts"
	"phusong/dashboards"
)

// seedTimeout bounds how long a store may search before the service starts
// without an answer.
const seedTimeout = 20 * time.Second

// devices is what should be there, what is, and what is there without being known.
func devices(engine *alerts.Engine) dashboards.Devices {
	return func(time.Time) iter.Seq[dashboards.DeviceState] {
		return func(yield func(dashboards.DeviceState) bool) {
			engine.Devices(func(d alerts.DeviceState) bool {
				return yield(dashboards.DeviceState{
					Device: d.Device, Registered: d.Registered, State: d.State.String(),
					Up: d.State == alerts.Up || d.State == alerts.Late, LastSeen: d.LastSeen,
				})
			})
		}
	}
}
