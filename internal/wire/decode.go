package wire

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/go-faster/jx"

	"phusong/telemetry"
)

// Limits on a message. A device that has more to say sends more messages.
const (
	MaxPayload  = 1 << 20 // bytes
	MaxReadings = 10_000  // in one array
)

// The members of a payload and of a record that are no field of a kind.
const (
	keyTime       = "time"
	keySeq        = "seq"
	keyID         = "id"
	keyKind       = "kind"
	keyArea       = "area"
	keyClass      = "class"
	keyReceived   = "received"
	keyFlags      = "flags"
	keyDeviceTime = "device_time"
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
	dec    jx.Decoder
	object jx.Decoder // of one array element, while dec is in the array
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
		d.object.ResetBytes(raw)
		return d.one(&d.object, m, t, raw)
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
	o := object{reading: telemetry.NewReading(t.Kind), id: string(t.Device)}
	if t.Channel != Telemetry {
		o.reading = telemetry.NewReading(telemetry.KindStatus)
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

// DecodeRecords appends to readings what AppendRecords wrote. An error means that
// the bytes were damaged or written by a newer version, and does not wrap
// ErrRejected.
func (d *Decoder) DecodeRecords(readings []telemetry.Reading, data []byte) ([]telemetry.Reading, error) {
	d.dec.ResetBytes(data)
	err := d.dec.Arr(func(dec *jx.Decoder) error {
		o := object{record: true}
		if err := o.decode(dec); err != nil {
			return err
		}
		if o.err != nil {
			return o.err
		}
		readings = append(readings, o.reading)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("decoding records of the stream: %v", err)
	}
	return readings, nil
}

// object is one JSON object on its way to a reading.
type object struct {
	reading telemetry.Reading
	id      string // the device, which the payload may repeat but not contradict
	record  bool   // of the stream: the envelope is allowed, and comes first
	unknown int
	err     error // the first thing wrong with the reading; the syntax may be fine
}

// decode returns errors of syntax and keeps those of meaning in o.err, so that a
// wrong value costs one reading and not the message around it.
func (o *object) decode(dec *jx.Decoder) error {
	return dec.ObjBytes(func(dec *jx.Decoder, key []byte) error {
		known, err := o.member(dec, key)
		if err != nil || known {
			return err
		}
		o.unknown++
		return dec.Skip()
	})
}

func (o *object) member(dec *jx.Decoder, key []byte) (known bool, err error) {
	if index := lookup(o.reading.Kind, key); index >= 0 {
		f := &telemetry.Fields(o.reading.Kind)[index]
		return true, o.field(dec, f.Name, f, f.Ref(&o.reading))
	}
	switch string(key) {
	case keyTime:
		return true, o.time(dec, keyTime, &o.reading.Time)
	case keySeq:
		return true, o.field(dec, keySeq, nil, &o.reading.Seq)
	case keyID:
		return true, o.identity(dec)
	}
	if !o.record {
		return false, nil
	}
	return o.envelope(dec, key)
}

// field reads the value of a field into ref. A null is the same as absent.
func (o *object) field(dec *jx.Decoder, name string, f *telemetry.Field, ref any) error {
	if _, isList := ref.(*[]telemetry.Radio); !isList && refPresent(ref) {
		o.fail(name, "is there twice")
		return dec.Skip()
	}
	switch dec.Next() {
	case jx.Null:
		return dec.Null()
	case jx.Number:
		v, err := number(dec)
		if err != nil {
			return err
		}
		o.setNumber(name, ref, v)
		return nil
	case jx.Bool:
		v, err := dec.Bool()
		if p, ok := ref.(*telemetry.Opt[bool]); ok {
			*p = telemetry.Some(v)
		} else {
			o.fail(name, "is true or false; want %s", want(ref))
		}
		return err
	case jx.String:
		v, err := dec.StrBytes()
		if p, ok := ref.(*telemetry.Opt[string]); ok {
			*p = telemetry.Some(intern(f, v))
		} else {
			o.fail(name, "is text; want %s", want(ref))
		}
		return err
	case jx.Array:
		if p, ok := ref.(*[]telemetry.Radio); ok {
			return o.radios(dec, p)
		}
		o.fail(name, "is an array; want %s", want(ref))
		return dec.Skip()
	case jx.Object:
		o.fail(name, "is an object; want %s", want(ref))
	case jx.Invalid:
	}
	return dec.Skip() // reports the error of syntax, if it is one
}

func (o *object) setNumber(name string, ref any, v float64) {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		*p = telemetry.Some(v)
	case *telemetry.Opt[int64]:
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			o.fail(name, "%v is not a whole number that can be kept exactly", v)
			return
		}
		*p = telemetry.Some(int64(v))
	default:
		o.fail(name, "is a number; want %s", want(ref))
	}
}

func (o *object) radios(dec *jx.Decoder, list *[]telemetry.Radio) error {
	if len(*list) > 0 {
		o.fail("radios", "is there twice")
	}
	fields := telemetry.RadioFields()
	return dec.Arr(func(dec *jx.Decoder) error {
		if dec.Next() != jx.Object {
			o.fail("radios", "holds something that is not an object")
			return dec.Skip()
		}
		if len(*list) > telemetry.MaxRadios { // Validate will say so
			return dec.Skip()
		}
		var radio telemetry.Radio
		err := dec.ObjBytes(func(dec *jx.Decoder, key []byte) error {
			for i := range fields {
				if fields[i].Name == string(key) {
					return o.field(dec, fields[i].Name, &fields[i], fields[i].RadioRef(&radio))
				}
			}
			o.unknown++
			return dec.Skip()
		})
		*list = append(*list, radio)
		return err
	})
}

// time reads RFC 3339 text or Unix milliseconds, to the millisecond.
func (o *object) time(dec *jx.Decoder, name string, t *time.Time) error {
	if !t.IsZero() {
		o.fail(name, "is there twice")
	}
	switch dec.Next() {
	case jx.Null:
		return dec.Null()
	case jx.Number:
		ms, err := number(dec)
		if err != nil {
			return err
		}
		if ms != math.Trunc(ms) || math.Abs(ms) > maxUnixMilli {
			o.fail(name, "%v is not a time in Unix milliseconds", ms)
			return nil
		}
		*t = time.UnixMilli(int64(ms)).UTC()
		return nil
	case jx.String:
		text, err := dec.StrBytes()
		if err != nil {
			return err
		}
		v, perr := time.Parse(time.RFC3339, string(text))
		if perr != nil || v.Year() < 1 || v.Year() > 9999 {
			o.fail(name, "%q is not RFC 3339 with a zone, such as 2026-09-01T12:00:00Z", clip(text))
			return nil
		}
		*t = v.UTC().Truncate(time.Millisecond)
		return nil
	case jx.Bool, jx.Array, jx.Object:
		o.fail(name, "is neither RFC 3339 text nor Unix milliseconds")
	case jx.Invalid:
	}
	return dec.Skip()
}

// maxUnixMilli is the end of the year 9999, the last that RFC 3339 can write.
const maxUnixMilli = 253402300799999

func (o *object) identity(dec *jx.Decoder) error {
	if dec.Next() != jx.String {
		o.fail(keyID, "is not text")
		return dec.Skip()
	}
	id, err := dec.StrBytes()
	if err != nil {
		return err
	}
	if o.record {
		o.reading.Device = telemetry.DeviceID(id)
	} else if string(id) != o.id {
		o.fail(keyID, "%q is not the device of the topic, %q; the topic is the identity", clip(id), o.id)
	}
	return nil
}

// envelope reads what AppendRecords puts before the native members.
func (o *object) envelope(dec *jx.Decoder, key []byte) (known bool, err error) {
	switch string(key) {
	case keyKind:
		kind, err := o.kind(dec)
		o.reading = telemetry.NewReading(kind)
		return true, err
	case keyClass:
		kind, err := o.kind(dec)
		if o.reading.Status != nil {
			o.reading.Status.Class = kind
		}
		return true, err
	case keyArea:
		text, err := dec.StrBytes()
		o.reading.Area = telemetry.AreaCode(text)
		return true, err
	case keyReceived:
		return true, o.time(dec, keyReceived, &o.reading.Received)
	case keyDeviceTime:
		return true, o.time(dec, keyDeviceTime, &o.reading.DeviceTime)
	case keyFlags:
		v, err := dec.UInt8()
		o.reading.Flags = telemetry.Flags(v)
		return true, err
	}
	return false, nil
}

func (o *object) kind(dec *jx.Decoder) (telemetry.Kind, error) {
	text, err := dec.StrBytes()
	if err != nil {
		return 0, err
	}
	return telemetry.ParseKind(string(text))
}

func (o *object) fail(field, format string, args ...any) {
	if o.err == nil {
		o.err = rejectField(field, format, args...)
	}
}

// number reads exactly what strconv would: jx's own reader rounds twice.
func number(dec *jx.Decoder) (float64, error) {
	n, err := dec.Num()
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(string(n), 64)
	if errors.Is(err, strconv.ErrRange) {
		return v, nil // an infinity, which Validate refuses with the field's name
	}
	return v, err
}

// intern gives texts of a fixed set their one copy, which saves an allocation.
func intern(f *telemetry.Field, text []byte) string {
	if f != nil {
		for _, v := range f.Values {
			if v == string(text) {
				return v
			}
		}
	}
	return string(text)
}

func refPresent(ref any) bool {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		return p.Present()
	case *telemetry.Opt[int64]:
		return p.Present()
	case *telemetry.Opt[bool]:
		return p.Present()
	case *telemetry.Opt[string]:
		return p.Present()
	}
	return false
}

func want(ref any) string {
	switch ref.(type) {
	case *telemetry.Opt[float64]:
		return "a number"
	case *telemetry.Opt[int64]:
		return "a whole number"
	case *telemetry.Opt[bool]:
		return "true or false"
	case *telemetry.Opt[string]:
		return "text"
	}
	return "an array of objects"
}

func atEnd(dec *jx.Decoder) error {
	if err := dec.Skip(); !errors.Is(err, io.EOF) {
		return reject("there is something after the end of the JSON value")
	}
	return nil
}

// syntax turns an error of the JSON reader into a rejection.
func syntax(err error) error {
	var rejected *telemetry.RejectedError
	if errors.As(err, &rejected) {
		return rejected
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return reject("the payload is cut off: it is not complete JSON")
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
