package influx

import (
	"fmt"
	"time"

	"phusong/telemetry"
)

// torn reports whether a row is not yet all of a point: InfluxDB may answer with
// some fields of a point that is being written at that moment.
func torn(row map[string]any) bool { return row["received"] == nil || row["flags"] == nil }

// decode makes the reading again of a row that holds all of a point's fields.
func decode(k telemetry.Kind, row map[string]any) (telemetry.Reading, error) {
	r := telemetry.NewReading(k)
	device, at, err := place(row)
	if err != nil {
		return r, err
	}
	area, _ := row["area"].(string)
	r.Device, r.Area = device, telemetry.AreaCode(area)
	r.Time = time.UnixMilli(at / nanosPerMilli).UTC()
	if err := decodeCommon(&r, row); err != nil {
		return r, fmt.Errorf("a %s of device %s at %s: %w", k, device, r.Time, err)
	}
	fields := telemetry.Fields(k)
	for i := range fields {
		f := &fields[i]
		ref := f.Ref(&r)
		if radios, ok := ref.(*[]telemetry.Radio); ok {
			*radios, err = decodeRadios(f.Name, row)
		} else {
			err = setValue(ref, row[f.Name])
		}
		if err != nil {
			return r, fmt.Errorf("field %s of device %s at %s: %w", f.Name, device, r.Time, err)
		}
	}
	return r, nil
}

func decodeCommon(r *telemetry.Reading, row map[string]any) error {
	var received, flags, deviceTime telemetry.Opt[int64]
	var class telemetry.Opt[string]
	for name, ref := range map[string]any{
		"received": &received, "flags": &flags, "seq": &r.Seq, "device_time": &deviceTime, "class": &class,
	} {
		if err := setValue(ref, row[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	r.Received = time.UnixMilli(received.Or(0)).UTC()
	r.Flags = telemetry.Flags(flags.Or(0))
	if ms, ok := deviceTime.Get(); ok {
		r.DeviceTime = time.UnixMilli(ms).UTC()
	}
	name, ok := class.Get()
	if r.Status == nil || !ok {
		return nil // without a class it is one of the points that torn speaks of
	}
	var err error
	r.Status.Class, err = telemetry.ParseKind(name)
	return err
}

func decodeRadios(name string, row map[string]any) ([]telemetry.Radio, error) {
	var number telemetry.Opt[int64]
	if err := setValue(&number, row[name]); err != nil {
		return nil, err
	}
	n := number.Or(0)
	if n < 0 || n > telemetry.MaxRadios {
		return nil, fmt.Errorf("there cannot be %d radios", n)
	}
	if n == 0 {
		return nil, nil
	}
	radios := make([]telemetry.Radio, n)
	fields := telemetry.RadioFields()
	for i := range radios {
		for j := range fields {
			if err := setValue(fields[j].RadioRef(&radios[i]), row[radioField(i, fields[j].Name)]); err != nil {
				return nil, fmt.Errorf("radio %d: %s: %w", i, fields[j].Name, err)
			}
		}
	}
	return radios, nil
}

// setValue sets what is behind a reference of the table of fields to a value of
// the client, nil for none.
func setValue(ref, v any) error {
	if v == nil {
		return nil
	}
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		return set(p, v)
	case *telemetry.Opt[int64]:
		return set(p, v)
	case *telemetry.Opt[bool]:
		return set(p, v)
	case *telemetry.Opt[string]:
		if v == emptyText {
			v = ""
		}
		return set(p, v)
	}
	return fmt.Errorf("a %T has no place", ref)
}

func set[T comparable](p *telemetry.Opt[T], v any) error {
	value, ok := v.(T)
	if !ok {
		return fmt.Errorf("a value of type %T does not belong here", v)
	}
	*p = telemetry.Some(value)
	return nil
}
