package wire

import (
	"errors"
	"fmt"

	"github.com/go-faster/jx"

	"phusong/telemetry"
)

// The members of a record that are not those of a payload.
const (
	keyKind       = "kind" // leads, because the meaning of the others hangs on it
	keyArea       = "area"
	keyClass      = "class"
	keyReceived   = "received"
	keyFlags      = "flags"
	keyDeviceTime = "device_time"
)

// AppendRecords appends the readings as the durable stream keeps them: the native
// payload of each, led by what only the service knows.
func AppendRecords(dst []byte, readings []telemetry.Reading) []byte {
	dst = append(dst, '[')
	for i := range readings {
		dst = append(dst, '{')
		dst = appendEnvelope(dst, &readings[i])
		dst = appendNative(dst, &readings[i])
		dst = append(trimComma(dst), '}', ',')
	}
	return append(trimComma(dst), ']')
}

// appendEnvelope leaves a comma behind each member.
func appendEnvelope(dst []byte, r *telemetry.Reading) []byte {
	dst = appendMember(dst, keyKind, r.Kind.String())
	dst = appendMember(dst, keyArea, string(r.Area))
	dst = appendMember(dst, keyID, string(r.Device))
	dst = appendInt(dst, keyReceived, r.Received.UnixMilli())
	if r.Kind == telemetry.KindStatus {
		dst = appendMember(dst, keyClass, r.Status.Class.String())
	}
	if r.Flags != 0 {
		dst = appendInt(dst, keyFlags, int64(r.Flags))
	}
	if !r.DeviceTime.IsZero() {
		dst = appendInt(dst, keyDeviceTime, r.DeviceTime.UnixMilli())
	}
	return dst
}

// DecodeRecords appends to readings what AppendRecords wrote. An error means that
// the bytes were damaged or written by a newer version, and does not wrap
// ErrRejected.
func (d *Decoder) DecodeRecords(readings []telemetry.Reading, data []byte) ([]telemetry.Reading, error) {
	d.dec.ResetBytes(data)
	err := d.dec.Arr(func(dec *jx.Decoder) error {
		if err := d.record(dec); err != nil {
			return err
		}
		readings = append(readings, d.object.reading)
		return nil
	})
	if err == nil {
		err = atEnd(&d.dec)
	}
	if err != nil {
		// Not wrapped: whatever it is, it is no rejection of what a device sent.
		return nil, errors.New("decoding records of the stream: " + err.Error())
	}
	return readings, nil
}

func (d *Decoder) record(dec *jx.Decoder) error {
	o := &d.object
	o.reset(0)
	if err := dec.ObjBytes(o.recordMember); err != nil {
		return err
	}
	if o.reading.Kind == 0 {
		return errors.New("a record has no kind")
	}
	if s := o.reading.Status; s != nil && !s.Class.IsDevice() {
		return errors.New("a status record has no class")
	}
	return o.err
}

func (o *object) recordMember(dec *jx.Decoder, key []byte) error {
	if (string(key) == keyKind) != (o.reading.Kind == 0) {
		return fmt.Errorf("a record has %q where its one kind must lead", clip(key))
	}
	switch string(key) {
	case keyKind:
		kind, err := readKind(dec)
		o.reset(kind)
		return err
	case keyArea:
		text, err := dec.StrBytes()
		o.reading.Area = telemetry.AreaCode(text)
		return err
	case keyID:
		text, err := dec.StrBytes()
		o.reading.Device = telemetry.DeviceID(text)
		return err
	case keyReceived:
		return o.time(dec, keyReceived, &o.reading.Received)
	case keyDeviceTime:
		return o.time(dec, keyDeviceTime, &o.reading.DeviceTime)
	case keyFlags:
		v, err := number(dec)
		o.reading.Flags = telemetry.Flags(v)
		if err == nil && float64(o.reading.Flags) != v {
			return fmt.Errorf("flags %v are unknown", v)
		}
		return err
	case keyClass:
		if o.reading.Status != nil {
			kind, err := readKind(dec)
			o.reading.Status.Class = kind
			return err
		}
	}
	return o.member(dec, key)
}

func readKind(dec *jx.Decoder) (telemetry.Kind, error) {
	text, err := dec.StrBytes()
	if err != nil {
		return 0, err
	}
	for _, k := range telemetry.Kinds() {
		if k.String() == string(text) {
			return k, nil
		}
	}
	return 0, fmt.Errorf("kind %q is unknown", clip(text))
}
