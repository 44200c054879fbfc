package simulator

import (
	"context"
	"errors"

	"phusong/telemetry"
)

// A Message is what a device sends, or leaves behind as its will. The quality of
// service is 1 for both.
type Message struct {
	Topic    string
	Payload  []byte
	Retained bool
}

// A Session is what a device asks for when it connects: a clean MQTT session.
type Session struct {
	Device telemetry.DeviceID // also the MQTT client id
	Will   Message            // without a topic there is none
}

// A Broker opens MQTT sessions. Connect is called from several goroutines, once at
// a time for each device. An error that wraps ErrRefused says that the broker does
// not want this device; the player then leaves it alone for a while and plays the
// others. After any other error it tries again at once, then less and less often.
type Broker interface {
	Connect(ctx context.Context, s Session) (Conn, error)
}

// ErrRefused is wrapped by the errors of a broker that answers but does not accept
// the device or its message.
var ErrRefused = errors.New("refused")

// A Conn is one open session. Its methods may be called from several goroutines.
// After an error the player gives the session up with Abort.
type Conn interface {
	// Publish returns nil when the broker has the message: at quality of service 1,
	// when it acknowledged it. The payload is the caller's again when Publish returns.
	Publish(ctx context.Context, m Message) error
	// Disconnect ends the session in order, so that the broker forgets the will.
	Disconnect(ctx context.Context) error
	// Abort ends it as a power cut does, so that the broker publishes the will.
	Abort(ctx context.Context) error
}
