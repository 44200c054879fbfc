package sqlite

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"phusong/telemetry"
)

// radiosJSON writes the radios with the names of the wire; absent values are left
// out. It is written by hand because it would else cost as much as storing the
// row.
func radiosJSON(radios []telemetry.Radio) (string, error) {
	b := make([]byte, 0, 128*len(radios))
	fields := telemetry.RadioFields()
	b = append(b, '[')
	for i := range radios {
		b = append(b, '{')
		for j := range fields {
			var err error
			if b, err = appendMember(b, fields[j].Name, fields[j].RadioRef(&radios[i])); err != nil {
				return "", err
			}
		}
		if b[len(b)-1] == ',' {
			b = b[:len(b)-1]
		}
		b = append(b, "},"...)
	}
	b[len(b)-1] = ']' // there is at least one radio
	return string(b), nil
}

// appendMember appends a member of an object, and a comma; nothing when it is absent.
func appendMember(b []byte, name string, ref any) ([]byte, error) {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		if v, ok := p.Get(); ok {
			if _, err := number(name, v); err != nil {
				return b, err
			}
			b = append(strconv.AppendFloat(appendName(b, name), v, 'g', -1, 64), ',')
		}
	case *telemetry.Opt[int64]:
		if v, ok := p.Get(); ok {
			b = append(strconv.AppendInt(appendName(b, name), v, 10), ',')
		}
	case *telemetry.Opt[bool]:
		if v, ok := p.Get(); ok {
			b = append(strconv.AppendBool(appendName(b, name), v), ',')
		}
	case *telemetry.Opt[string]:
		if v, ok := p.Get(); ok {
			return appendText(appendName(b, name), v)
		}
	}
	return b, nil
}

func appendName(b []byte, name string) []byte {
	return append(append(append(b, '"'), name...), `":`...)
}

func appendText(b []byte, s string) ([]byte, error) {
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }) {
		text, err := json.Marshal(s)
		return append(append(b, text...), ','), err
	}
	return append(append(append(b, '"'), s...), `",`...), nil
}

func parseRadios(s string, radios *[]telemetry.Radio) error {
	var parsed []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &parsed); err != nil {
		return fmt.Errorf("radios: %w", err)
	}
	*radios = make([]telemetry.Radio, len(parsed))
	fields := telemetry.RadioFields()
	for i, radio := range parsed {
		for j := range fields {
			raw, there := radio[fields[j].Name]
			if !there {
				continue
			}
			if err := parseJSON(raw, fields[j].RadioRef(&(*radios)[i])); err != nil {
				return fmt.Errorf("radio %d: %s: %w", i, fields[j].Name, err)
			}
		}
	}
	return nil
}

func parseJSON(raw json.RawMessage, ref any) error {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		return unmarshal(raw, p)
	case *telemetry.Opt[int64]:
		return unmarshal(raw, p)
	case *telemetry.Opt[bool]:
		return unmarshal(raw, p)
	case *telemetry.Opt[string]:
		return unmarshal(raw, p)
	}
	return wrongType(ref, false)
}

func unmarshal[T comparable](raw json.RawMessage, p *telemetry.Opt[T]) error {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	*p = telemetry.Some(v)
	return nil
}
