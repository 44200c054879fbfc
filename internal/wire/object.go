package wire

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/go-faster/jx"

	"phusong/telemetry"
)

// object is one JSON object on its way to a reading.
type object struct {
	reading telemetry.Reading // its topic is known before its members
	next    int               // where in the table of fields the next one is expected
	unknown int
	err     error // the first thing wrong with the reading; the syntax may be fine
}

// reset makes o an empty object of the kind. The reading it held belongs to whoever
// copied it.
func (o *object) reset(k telemetry.Kind) {
	*o = object{reading: telemetry.NewReading(k)}
}

// decode returns errors of syntax and keeps those of meaning in o.err, so that a
// wrong value costs one reading and not the message around it.
func (o *object) decode(dec *jx.Decoder) error {
	return dec.ObjBytes(o.member)
}

func (o *object) member(dec *jx.Decoder, key []byte) error {
	switch string(key) {
	case keyTime:
		return o.time(dec, keyTime, &o.reading.Time)
	case keySeq:
		return o.field(dec, keySeq, nil, &o.reading.Seq)
	case keyID:
		return o.identity(dec)
	}
	if f := o.find(telemetry.Fields(o.reading.Kind), key); f != nil {
		return o.field(dec, f.Name, f, f.Ref(&o.reading))
	}
	o.unknown++
	return dec.Skip()
}

// find returns the field with that name, or nil. It looks on from the last one it
// found: devices write their members in one order, mostly that of the table.
func (o *object) find(fields []telemetry.Field, key []byte) *telemetry.Field {
	i := o.next
	for range fields {
		if i >= len(fields) {
			i = 0
		}
		if fields[i].Name == string(key) {
			o.next = i + 1
			return &fields[i]
		}
		i++
	}
	return nil
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
	return dec.Arr(func(dec *jx.Decoder) error {
		if dec.Next() != jx.Object {
			o.fail("radios", "holds something that is not an object")
			return dec.Skip()
		}
		if len(*list) > telemetry.MaxRadios { // Validate will say so
			return dec.Skip()
		}
		radio, err := o.radio(dec, len(*list))
		*list = append(*list, radio)
		return err
	})
}

func (o *object) radio(dec *jx.Decoder, index int) (radio telemetry.Radio, err error) {
	before := o.err
	fields := telemetry.RadioFields()
	err = dec.ObjBytes(func(dec *jx.Decoder, key []byte) error {
		for i := range fields {
			if fields[i].Name == string(key) {
				return o.field(dec, fields[i].Name, &fields[i], fields[i].RadioRef(&radio))
			}
		}
		o.unknown++
		return dec.Skip()
	})
	if before == nil && o.err != nil {
		o.err = rejectField("radios", "radio %d: %v", index, o.err)
	}
	return radio, err
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
		if ms != math.Trunc(ms) || ms < minUnixMilli || ms > maxUnixMilli {
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
		v = v.UTC().Truncate(time.Millisecond)
		if perr != nil || v.UnixMilli() < minUnixMilli || v.UnixMilli() > maxUnixMilli {
			o.fail(name, "%q is not RFC 3339 with a zone, such as 2026-09-01T12:00:00Z", clip(text))
			return nil
		}
		*t = v
		return nil
	case jx.Bool, jx.Array, jx.Object:
		o.fail(name, "is neither RFC 3339 text nor Unix milliseconds")
	case jx.Invalid:
	}
	return dec.Skip()
}

// The years 1 to 9999, which is what RFC 3339 can write of what time.Time can hold.
const (
	minUnixMilli = -62135596800000
	maxUnixMilli = 253402300799999
)

// identity lets a payload repeat the device of the topic but not contradict it.
func (o *object) identity(dec *jx.Decoder) error {
	switch dec.Next() {
	case jx.Null:
		return dec.Null()
	case jx.String:
		id, err := dec.StrBytes()
		if err == nil && string(id) != string(o.reading.Device) {
			o.fail(keyID, "%q is not the device of the topic, %q; the topic is the identity", clip(id), o.reading.Device)
		}
		return err
	case jx.Number, jx.Bool, jx.Array, jx.Object:
		o.fail(keyID, "is not text")
	case jx.Invalid:
	}
	return dec.Skip()
}

func (o *object) fail(field, format string, args ...any) {
	if o.err == nil {
		o.err = rejectField(field, format, args...)
	}
}

// number reads exactly what strconv would: jx's own reader rounds twice.
func number(dec *jx.Decoder) (float64, error) {
	text, err := dec.Raw()
	if err != nil {
		return 0, err
	}
	if v, ok := shortNumber(text); ok {
		return v, nil
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if errors.Is(err, strconv.ErrRange) {
		return v, nil // an infinity, which Validate refuses with the field's name
	}
	return v, err
}

// powers of ten that a float64 holds exactly, as it does every whole number of as
// many digits.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// shortNumber reads a JSON number of at most 15 digits and no exponent, which is
// what devices send. Its one division of exact values rounds as strconv would.
func shortNumber(text []byte) (v float64, ok bool) {
	if len(text) > len(powers)-1 {
		return 0, false
	}
	digits, decimals, point := int64(0), 0, false
	for i, c := range text {
		switch {
		case '0' <= c && c <= '9':
			digits = digits*10 + int64(c-'0')
			if point {
				decimals++
			}
		case c == '.':
			point = true
		case c != '-' || i > 0:
			return 0, false
		}
	}
	v = float64(digits) / powers[decimals]
	if text[0] == '-' {
		v = -v
	}
	return v, true
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
