package mqtt

import (
	"fmt"
	"sync/atomic"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// QoS says what the broker promises about a message that we publish.
type QoS byte

// The qualities of service that this client offers.
const (
	AtMostOnce  QoS = 0
	AtLeastOnce QoS = 1
)

// maxPayload is what fits into a packet beside the longest topic (MQTT 3.1.1 §2.2.3).
const maxPayload = 268_435_455 - maxTopic - 4

// Message is something to publish.
type Message struct {
	Topic   string
	Payload []byte
	QoS     QoS
	// Retained asks the broker to give the message to later subscribers too, until the next one;
	// an empty payload ends that.
	Retained bool
}

func (m Message) validate() error {
	if err := validateTopic(m.Topic); err != nil {
		return fmt.Errorf("topic: %w", err)
	}
	if m.QoS > AtLeastOnce {
		return fmt.Errorf("QoS: %d; use 0 or 1", m.QoS)
	}
	if len(m.Payload) > maxPayload {
		return fmt.Errorf("payload: %d bytes; MQTT carries %d", len(m.Payload), maxPayload)
	}
	return nil
}

// Delivery is a message that arrived.
type Delivery struct {
	Topic   string
	Payload []byte
	// Retained says that the broker had it stored before we subscribed.
	Retained bool
	// Duplicate says that the broker knows it may have sent it before. Without the mark it may be
	// a duplicate all the same.
	Duplicate bool

	session *session
	message paho.Message // nil unless QoS 2
	id      uint16       // 0 for QoS 0
	acked   atomic.Bool
}

// Ack tells the broker that the message is safe and need not come again. It may be called by any
// goroutine, at any time, more than once. It returns at once unless the broker does not read. After
// the connection has ended it does nothing: the message comes again. MQTT wants acknowledgements in
// the order of arrival.
func (d *Delivery) Ack() {
	// A second PUBACK could hit a new message with the same packet id.
	if d.session == nil || d.acked.Swap(true) {
		return
	}
	d.session.ack(d)
}
