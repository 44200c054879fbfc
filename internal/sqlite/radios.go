package sqlite

import (
	"encoding/json"
	"errors"
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

// parseRadios reads what radiosJSON wrote, by hand as well: a report reads millions of
// rows, and a general parser took half of its time. The strings of the radios are parts of s.
func parseRadios(s string, radios *[]telemetry.Radio) error {
	in := scanner{s}
	list := make([]telemetry.Radio, 0, 3)
	for first := true; ; first = false {
		if first && !in.take('[') || !first && !in.take(',') || !in.take('{') {
			return in.fail(s)
		}
		list = append(list, telemetry.Radio{})
		if err := in.members(&list[len(list)-1]); err != nil {
			return fmt.Errorf("radio %d: %w", len(list)-1, err)
		}
		if in.take(']') {
			break
		}
	}
	if in.rest != "" {
		return in.fail(s)
	}
	*radios = list
	return nil
}

// A scanner reads JSON without blanks from its beginning.
type scanner struct{ rest string }

func (in *scanner) fail(all string) error {
	return fmt.Errorf("radios: not what was written, from byte %d", len(all)-len(in.rest))
}

func (in *scanner) take(c byte) bool {
	if in.rest == "" || in.rest[0] != c {
		return false
	}
	in.rest = in.rest[1:]
	return true
}

// members reads the members of an object to its end. Those of other versions are left out.
func (in *scanner) members(radio *telemetry.Radio) error {
	if in.take('}') {
		return nil
	}
	fields := telemetry.RadioFields()
	for {
		name, err := in.text()
		if err != nil {
			return err
		}
		if !in.take(':') {
			return fmt.Errorf("%s: no value", name)
		}
		value, err := in.value()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for i := range fields {
			if fields[i].Name == name {
				err = setRadioValue(fields[i].RadioRef(radio), value)
			}
		}
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case in.take('}'):
			return nil
		case !in.take(','):
			return fmt.Errorf("after %s: neither a comma nor the end", name)
		}
	}
}

// value reads a text, or else whatever stands before the next comma or end.
func (in *scanner) value() (string, error) {
	if strings.HasPrefix(in.rest, `"`) {
		return in.text()
	}
	end := strings.IndexAny(in.rest, ",}]")
	if end <= 0 {
		return "", errors.New("no value")
	}
	value := in.rest[:end]
	in.rest = in.rest[end:]
	return value, nil
}

// text reads a text.
func (in *scanner) text() (text string, err error) {
	if !strings.HasPrefix(in.rest, `"`) {
		return "", errors.New("no text")
	}
	plain := true
	for i := 1; i < len(in.rest); i++ {
		switch in.rest[i] {
		case '\\':
			plain = false
			i++
		case '"':
			quoted := in.rest[:i+1]
			in.rest = in.rest[i+1:]
			if plain {
				return quoted[1:i], nil
			}
			err = json.Unmarshal([]byte(quoted), &text)
			return text, err
		}
	}
	return "", errors.New("a text without an end")
}

func setRadioValue(ref any, value string) error {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		return set(p, value, parseFloat)
	case *telemetry.Opt[int64]:
		return set(p, value, parseInt)
	case *telemetry.Opt[bool]:
		return set(p, value, strconv.ParseBool)
	case *telemetry.Opt[string]:
		*p = telemetry.Some(value)
		return nil
	}
	return wrongType(ref, false)
}

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }
func parseInt(s string) (int64, error)     { return strconv.ParseInt(s, 10, 64) }

func set[T comparable](p *telemetry.Opt[T], value string, parse func(string) (T, error)) error {
	v, err := parse(value)
	if err == nil {
		*p = telemetry.Some(v)
	}
	return err
}
