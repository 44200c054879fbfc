package simulator

import (
	"time"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// An Action is what a device does to its MQTT session.
type Action uint8

// The actions.
const (
	// Connect opens a session; the event's readings are its will.
	Connect Action = iota + 1
	// Publish sends the event's readings, or its raw bytes.
	Publish
	// Disconnect ends the session in order. The device has said goodbye before.
	Disconnect
	// Drop is the instant at which a broker gives up a device that vanished without
	// a word, and publishes its will.
	Drop
)

// An Event is one thing that one device does at one instant of true time.
type Event struct {
	At     time.Time
	Device telemetry.DeviceID
	Action Action
	// Topic of what is published, or of the will.
	Topic    string
	Retained bool
	// Readings of one device and channel; several are a backlog. They are the
	// receiver's: nothing else refers to them.
	Readings []telemetry.Reading
	// Raw is a payload that no reading can express, of a device gone mad. Readings is
	// empty then.
	Raw []byte
}

// AppendPayload appends the MQTT payload to dst: an object for one reading, an
// array for a backlog.
func (e *Event) AppendPayload(dst []byte) []byte {
	switch {
	case e.Raw != nil:
		return append(dst, e.Raw...)
	case len(e.Readings) == 1:
		return wire.AppendPayload(dst, &e.Readings[0])
	case len(e.Readings) > 1:
		return wire.AppendPayloads(dst, e.Readings)
	}
	return dst
}
