package influx

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"phusong/telemetry"
)

// An encoder writes readings of one kind as line protocol. Nothing in it changes.
type encoder struct {
	measurement string
	fields      []telemetry.Field
	keys        []string   // ",name=" of each field
	radioKeys   [][]string // the same of each radio's fields, by radio
}

func newEncoder(k telemetry.Kind) *encoder {
	e := &encoder{measurement: k.String() + ",area=", fields: telemetry.Fields(k)}
	for i := range e.fields {
		e.keys = append(e.keys, ","+e.fields[i].Name+"=")
		if e.fields[i].Type == telemetry.Radios {
			for n := range telemetry.MaxRadios {
				e.radioKeys = append(e.radioKeys, nil)
				for _, f := range telemetry.RadioFields() {
					e.radioKeys[n] = append(e.radioKeys[n], ","+radioField(n, f.Name)+"=")
				}
			}
		}
	}
	return e
}

// radioField returns the name of a field of the n-th radio.
func radioField(n int, name string) string { return "radio" + strconv.Itoa(n) + "_" + name }

// append appends one line. It refuses what line protocol cannot say; after an
// error what was appended is of no use.
func (e *encoder) append(b []byte, r *telemetry.Reading) ([]byte, error) {
	at, err := timestamp(r)
	if err != nil {
		return b, err
	}
	// Codes and ids hold nothing that would need escaping.
	if _, err := telemetry.ParseAreaCode(string(r.Area)); err != nil {
		return b, err
	}
	if _, err := telemetry.ParseDeviceID(string(r.Device)); err != nil {
		return b, err
	}
	b = append(b, e.measurement...)
	b = append(b, r.Area...)
	b = append(b, ",device="...)
	b = append(b, r.Device...)
	b = appendInteger(append(b, " received="...), r.Received.UnixMilli())
	b = appendInteger(append(b, ",flags="...), int64(r.Flags))
	if seq, ok := r.Seq.Get(); ok {
		b = appendInteger(append(b, ",seq="...), seq)
	}
	if !r.DeviceTime.IsZero() {
		b = appendInteger(append(b, ",device_time="...), r.DeviceTime.UnixMilli())
	}
	if r.Status != nil {
		b = appendText(append(b, ",class="...), r.Status.Class.String())
	}
	for i := range e.fields {
		f := &e.fields[i]
		ref := f.Ref(r)
		if ref == nil {
			return b, bodyless(r.Kind)
		}
		if radios, ok := ref.(*[]telemetry.Radio); ok {
			b, err = e.appendRadios(b, e.keys[i], *radios)
		} else {
			b, err = appendField(b, e.keys[i], f.Name, ref)
		}
		if err != nil {
			return b, err
		}
	}
	b = strconv.AppendInt(append(b, ' '), at, 10)
	return append(b, '\n'), nil
}

func (e *encoder) appendRadios(b []byte, key string, radios []telemetry.Radio) (_ []byte, err error) {
	if len(radios) == 0 {
		return b, nil
	}
	if len(radios) > len(e.radioKeys) {
		return b, &telemetry.RejectedError{Field: "radios", Reason: fmt.Sprintf("%d radios are too many; at most %d are allowed", len(radios), len(e.radioKeys))}
	}
	// Their number too: a radio may have nothing to say.
	b = appendInteger(append(b, key...), int64(len(radios)))
	fields := telemetry.RadioFields()
	for n := range radios {
		for i := range fields {
			b, err = appendField(b, e.radioKeys[n][i], fields[i].Name, fields[i].RadioRef(&radios[n]))
			if err != nil {
				return b, err
			}
		}
	}
	return b, nil
}

// appendField appends what is behind a reference of the table of fields; nothing
// when it is absent.
func appendField(b []byte, key, name string, ref any) ([]byte, error) {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		if v, ok := p.Get(); ok {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return b, &telemetry.RejectedError{Field: name, Reason: fmt.Sprintf("%v is not a number", v)}
			}
			b = strconv.AppendFloat(append(b, key...), v, 'g', -1, 64)
		}
	case *telemetry.Opt[int64]:
		if v, ok := p.Get(); ok {
			b = appendInteger(append(b, key...), v)
		}
	case *telemetry.Opt[bool]:
		if v, ok := p.Get(); ok {
			b = strconv.AppendBool(append(b, key...), v)
		}
	case *telemetry.Opt[string]:
		if v, ok := p.Get(); ok {
			b = appendText(append(b, key...), v)
		}
	}
	return b, nil
}

func appendInteger(b []byte, v int64) []byte {
	return append(strconv.AppendInt(b, v, 10), 'i')
}

// emptyText stands for a text that is present and empty.
const emptyText = "\x00"

func appendText(b []byte, s string) []byte {
	if s == "" {
		s = emptyText
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

const (
	nanosPerMilli = int64(time.Millisecond)
	// seqModulus leaves the first nanosecond of a millisecond to readings without a
	// number, and the last one free: see instant.
	seqModulus = nanosPerMilli - 2
	// maxMilli is the last whole millisecond that InfluxDB can date.
	maxMilli = math.MaxInt64/nanosPerMilli - 1
)

// timestamp returns when the point of r is, in Unix nanoseconds.
func timestamp(r *telemetry.Reading) (int64, error) {
	k := r.Key()
	switch {
	case k.Time < 0 || k.Time > maxMilli:
		return 0, &telemetry.RejectedError{Field: "time", Reason: "is before 1970 or after 2262"}
	case r.Seq.Or(0) < 0:
		return 0, &telemetry.RejectedError{Field: "seq", Reason: "is negative"}
	}
	return pointTime(k), nil
}

// pointTime returns when the point with a valid key is, in Unix nanoseconds.
func pointTime(k telemetry.Key) int64 {
	at := k.Time * nanosPerMilli
	if k.Seq == telemetry.NoSeq {
		return at
	}
	return at + 1 + k.Seq%seqModulus
}

func unknownKind(k telemetry.Kind) error {
	return &telemetry.RejectedError{Field: "kind", Reason: fmt.Sprintf("kind %s is unknown", k)}
}

func bodyless(k telemetry.Kind) error {
	return &telemetry.RejectedError{Field: "kind", Reason: fmt.Sprintf("a reading of kind %s has no body of that kind", k)}
}
