package wire

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-faster/jx"

	"phusong/telemetry"
)

// Limits on a message. A device that has more to say sends more messages.
const (
	MaxPayload  = 1 << 20 // bytes
	MaxReadings = 10_000  // in one array
)

// The members of a payload that are no field of a kind.
const (
	keyTime = "time"
	keySeq  = "seq"
	keyID   = "id"
)

// A Reject is one element of a message that can never be accepted.
type Reject struct {
	// Payload is the element as sent; the whole message when it could not be taken
	// apart. It aliases the message.
	Payload []byte
	Err     error // wraps telemetry.ErrRejected
}

// Message is what one MQTT message held.
type Message struct {
	// Readings are valid by telemetry.Validate. Their Time is the device's own and
	// zero when it sent none; Received is zero.
	Readings []telemetry.Reading
	Rejects  []Reject
	// Unknown counts members that no field of the kind bears.
	Unknown int
}

// Decoder decodes messages. It is not safe for concurrent use. The zero Decoder
// is ready.
type Decoder struct {
	dec     jx.Decoder
	element jx.Decoder // of one array element, while dec is in the array
	object  object     // the one being decoded; here to save an allocation each
}

// Decode takes apart one MQTT message. It never fails: what cannot be accepted is
// in Rejects, with the reason.
func (d *Decoder) Decode(topic string, payload []byte) Message {
	t, err := ParseTopic(topic)
	if err != nil {
		return Message{Rejects: []Reject{{Payload: payload, Err: err}}}
	}
	var m Message
	if err := d.message(&m, t, payload); err != nil {
		return Message{Rejects: []Reject{{Payload: payload, Err: err}}}
	}
	return m
}

func (d *Decoder) message(m *Message, t Topic, payload []byte) error {
	if len(payload) > MaxPayload {
		return reject("the payload has %d bytes; at most %d are allowed, send the backlog in several messages", len(payload), MaxPayload)
	}
	if len(payload) == 0 {
		if t.Channel != Telemetry {
			return nil // MQTT's way to take back what is retained; it says nothing
		}
		return reject("the payload is empty")
	}
	d.dec.ResetBytes(payload)
	switch d.dec.Next() {
	case jx.Object:
		if err := d.one(&d.dec, m, t, payload); err != nil {
			return err
		}
	case jx.Array:
		if err := d.array(m, t); err != nil {
			return err
		}
	case jx.Invalid, jx.String, jx.Number, jx.Bool, jx.Null:
		return reject("the payload is neither a JSON object nor an array of objects")
	}
	return atEnd(&d.dec)
}

func (d *Decoder) array(m *Message, t Topic) error {
	n := 0
	err := d.dec.Arr(func(dec *jx.Decoder) error {
		if n++; n > MaxReadings {
			return reject("the array has more than %d readings; send the backlog in several messages", MaxReadings)
		}
		raw, err := dec.Raw()
		if err != nil {
			return err
		}
		if raw.Type() != jx.Object {
			m.Rejects = append(m.Rejects, Reject{Payload: raw, Err: reject("element %d of the array is not an object", n-1)})
			return nil
		}
		d.element.ResetBytes(raw)
		return d.one(&d.element, m, t, raw)
	})
	if err != nil {
		return syntax(err)
	}
	if n == 0 {
		return reject("the array is empty")
	}
	return nil
}

// one decodes one object into a reading or a reject. Its error is one of syntax
// and condemns the whole message.
func (d *Decoder) one(dec *jx.Decoder, m *Message, t Topic, raw []byte) error {
	o := &d.object
	if t.Channel == Telemetry {
		o.reset(t.Kind)
	} else {
		o.reset(telemetry.KindStatus)
		o.reading.Status.Class = t.Kind
	}
	o.reading.Area, o.reading.Device = t.Area, t.Device
	if err := o.decode(dec); err != nil {
		return syntax(err)
	}
	m.Unknown += o.unknown
	if o.err == nil {
		o.err = o.settleState(t.Channel)
	}
	if o.err == nil {
		o.err = o.reading.Validate()
	}
	if o.err != nil {
		m.Rejects = append(m.Rejects, Reject{Payload: raw, Err: o.err})
		return nil
	}
	m.Readings = append(m.Readings, o.reading)
	return nil
}

// settleState makes the channel and the state agree: a birth needs not repeat it.
func (o *object) settleState(c Channel) error {
	if c == Telemetry {
		return nil
	}
	state := &o.reading.Status.State
	if c == Birth && !state.Present() {
		*state = telemetry.Some(telemetry.StateBirth)
	}
	if isBirth := state.Or("") == telemetry.StateBirth; isBirth != (c == Birth) {
		return rejectField("state", "%q does not belong on the channel %s", state.Or(""), c)
	}
	return nil
}

func atEnd(dec *jx.Decoder) error {
	if err := dec.Skip(); !errors.Is(err, io.EOF) {
		return reject("there is something after the end of the JSON value")
	}
	return nil
}

// syntax turns an error of the JSON reader into a rejection. It tells the
// innermost error only, because the reader wraps it once per level of nesting.
func syntax(err error) error {
	if rejected, ok := errors.AsType[*telemetry.RejectedError](err); ok {
		return rejected
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return reject("the payload is cut off: it is not complete JSON")
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return reject("the payload is not JSON: %v", err)
}

func reject(format string, args ...any) error {
	return &telemetry.RejectedError{Reason: fmt.Sprintf(format, args...)}
}

func rejectField(field, format string, args ...any) error {
	return &telemetry.RejectedError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

func clip(text []byte) string {
	const most = 40
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
