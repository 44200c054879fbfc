package sqlite

import (
	"fmt"
	"math"
	"time"

	"phusong/telemetry"
)

// commonColumns are what every reading has. The first three are the key.
func commonColumns(k telemetry.Kind) []column {
	columns := []column{
		{
			name: "time", sql: "INTEGER NOT NULL",
			get: func(r *telemetry.Reading) (any, error) { return r.Time.UnixMilli(), nil },
			set: func(r *telemetry.Reading, v any) error { return setTime(&r.Time, v) },
		},
		{
			name: "device", sql: "TEXT NOT NULL",
			get: func(r *telemetry.Reading) (any, error) { return string(r.Device), nil },
			set: func(r *telemetry.Reading, v any) error { return setText(&r.Device, v) },
		},
		{
			name: "seq", sql: "INTEGER NOT NULL",
			get: func(r *telemetry.Reading) (any, error) { return r.Seq.Or(telemetry.NoSeq), nil },
			set: func(r *telemetry.Reading, v any) error {
				seq, ok := v.(int64)
				if ok && seq != telemetry.NoSeq {
					r.Seq = telemetry.Some(seq)
				}
				return wrongType(v, ok)
			},
		},
		{
			name: "area", sql: "TEXT NOT NULL",
			get: func(r *telemetry.Reading) (any, error) { return string(r.Area), nil },
			set: func(r *telemetry.Reading, v any) error { return setText(&r.Area, v) },
		},
		{
			name: "received", sql: "INTEGER NOT NULL",
			get: func(r *telemetry.Reading) (any, error) { return r.Received.UnixMilli(), nil },
			set: func(r *telemetry.Reading, v any) error { return setTime(&r.Received, v) },
		},
		{
			name: "device_time", sql: "INTEGER",
			get: func(r *telemetry.Reading) (any, error) {
				if r.DeviceTime.IsZero() {
					return nil, nil
				}
				return r.DeviceTime.UnixMilli(), nil
			},
			set: func(r *telemetry.Reading, v any) error {
				if v == nil {
					return nil
				}
				return setTime(&r.DeviceTime, v)
			},
		},
		{
			name: "flags", sql: "INTEGER NOT NULL",
			get: func(r *telemetry.Reading) (any, error) { return int64(r.Flags), nil },
			set: func(r *telemetry.Reading, v any) error {
				flags, ok := v.(int64)
				r.Flags = telemetry.Flags(flags)
				return wrongType(v, ok)
			},
		},
	}
	if k == telemetry.KindStatus {
		columns = append(columns, classColumn())
	}
	return columns
}

// classColumn is the kind of the device that a status is about; it comes from the
// topic and is therefore not in the table of fields.
func classColumn() column {
	return column{
		name: "class", sql: "TEXT NOT NULL",
		get: func(r *telemetry.Reading) (any, error) { return r.Status.Class.String(), nil },
		set: func(r *telemetry.Reading, v any) error {
			name, ok := v.(string)
			if !ok {
				return wrongType(v, ok)
			}
			var err error
			r.Status.Class, err = telemetry.ParseKind(name)
			return err
		},
	}
}

func fieldColumn(f *telemetry.Field) column {
	c := column{
		name: f.Name,
		get:  func(r *telemetry.Reading) (any, error) { return value(f.Name, f.Ref(r)) },
		set:  func(r *telemetry.Reading, v any) error { return setValue(f.Ref(r), v) },
	}
	switch f.Type {
	case telemetry.Number:
		c.sql = "REAL"
	case telemetry.Integer, telemetry.Boolean:
		c.sql = "INTEGER"
	default:
		c.sql = "TEXT"
	}
	return c
}

// value returns what is behind a reference of the table of fields, nil when absent.
func value(name string, ref any) (any, error) {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		if v, ok := p.Get(); ok {
			return number(name, v)
		}
	case *telemetry.Opt[int64]:
		if v, ok := p.Get(); ok {
			return v, nil
		}
	case *telemetry.Opt[bool]:
		if v, ok := p.Get(); ok {
			if v {
				return int64(1), nil
			}
			return int64(0), nil
		}
	case *telemetry.Opt[string]:
		if v, ok := p.Get(); ok {
			return v, nil
		}
	case *[]telemetry.Radio:
		if len(*p) > 0 {
			return radiosJSON(*p)
		}
	}
	return nil, nil
}

// number refuses what no column can hold: SQLite would make NULL of it.
func number(name string, v float64) (any, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, &telemetry.RejectedError{Field: name, Reason: fmt.Sprintf("%v is not a number", v)}
	}
	return v, nil
}

func setValue(ref, v any) error {
	if v == nil {
		return nil
	}
	ok := false
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		var n float64
		if n, ok = v.(float64); ok {
			*p = telemetry.Some(n)
		}
	case *telemetry.Opt[int64]:
		var n int64
		if n, ok = v.(int64); ok {
			*p = telemetry.Some(n)
		}
	case *telemetry.Opt[bool]:
		var n int64
		if n, ok = v.(int64); ok {
			*p = telemetry.Some(n != 0)
		}
	case *telemetry.Opt[string]:
		var s string
		if s, ok = v.(string); ok {
			*p = telemetry.Some(s)
		}
	case *[]telemetry.Radio:
		s, isText := v.(string)
		if isText {
			return parseRadios(s, p)
		}
	}
	return wrongType(v, ok)
}

func setTime(t *time.Time, v any) error {
	ms, ok := v.(int64)
	*t = time.UnixMilli(ms).UTC()
	return wrongType(v, ok)
}

func setText[T ~string](p *T, v any) error {
	s, ok := v.(string)
	*p = T(s)
	return wrongType(v, ok)
}

// wrongType is for files that someone changed by hand.
func wrongType(v any, ok bool) error {
	if ok {
		return nil
	}
	return fmt.Errorf("a value of type %T does not belong here", v)
}
