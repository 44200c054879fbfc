package telemetry

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// A FieldType is how a field's value is written and stored.
type FieldType uint8

// The field types.
const (
	Number  FieldType = iota + 1 // a finite real number
	Integer                      // a whole number, exact up to 2^53
	Boolean                      // true or false
	Text                         // UTF-8 text
	Radios                       // the list of an access point's radios
)

var typeNames = [...]string{Number: "number", Integer: "integer", Boolean: "boolean", Text: "string", Radios: "array"}

// String returns the JSON Schema name of the type.
func (t FieldType) String() string { return typeNames[t] }

// A Field is one quantity that a reading of some kind may carry: its name on the
// wire and in every store, its unit, its limits, and where it lives in a Reading.
type Field struct {
	Name string
	Type FieldType
	// Unit is the unit's usual symbol ("Mbit/s", "dBm", "µg/m³"); "1" for a count
	// or a ratio, empty for text and booleans.
	Unit string
	// Min and Max bound numbers and integers, both included.
	Min, Max float64
	// Values are the only texts allowed, when not empty.
	Values []string
	// MaxLength bounds a text that has no Values, in bytes.
	MaxLength int
	// Help says what is measured, for the protocol's readers.
	Help string

	sentinels bool                   // -999 and friends pass the limits
	check     func(string) error     // of a text with a syntax of its own
	at        func(r *Reading) any   // *Opt of the field's Go type; nil without the body
	radio     func(radio *Radio) any // the same for a field of a Radio
}

// Fields returns the table of what a reading of the kind may carry, in its fixed
// order. The caller must not change it.
func Fields(k Kind) []Field {
	switch k {
	case KindWiFi:
		return wifiFields
	case KindMobile:
		return mobileFields
	case KindEnvironment:
		return environmentFields
	case KindStatus:
		return statusFields
	}
	return nil
}

// RadioFields returns the table of what one radio of an access point carries.
// Use its fields with the methods that take a Radio.
func RadioFields() []Field { return radioFields }

// FieldByName returns the field of the kind with that wire name, nil if unknown.
func FieldByName(k Kind, name string) *Field {
	fields := Fields(k)
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// Ref returns where the field lives in r: a *Opt[float64], *Opt[int64],
// *Opt[bool] or *Opt[string] by Type, or the *[]Radio. It is nil when r is of
// another kind.
func (f *Field) Ref(r *Reading) any { return f.at(r) }

// RadioRef returns where a field of [RadioFields] lives in radio, as Ref does.
func (f *Field) RadioRef(radio *Radio) any { return f.radio(radio) }

// Float returns the field's value as a number: integers as they are, booleans as
// 0 and 1. It is false for an absent value, and for texts and radios.
func (f *Field) Float(r *Reading) (float64, bool) {
	switch p := f.at(r).(type) {
	case *Opt[float64]:
		return p.value, p.present
	case *Opt[int64]:
		return float64(p.value), p.present
	case *Opt[bool]:
		if p.value {
			return 1, p.present
		}
		return 0, p.present
	}
	return 0, false
}

// Present reports whether r carries the field.
func (f *Field) Present(r *Reading) bool { return present(f.at(r)) }

func present(ref any) bool {
	switch p := ref.(type) {
	case *Opt[float64]:
		return p.present
	case *Opt[int64]:
		return p.present
	case *Opt[bool]:
		return p.present
	case *Opt[string]:
		return p.present
	case *[]Radio:
		return len(*p) > 0
	}
	return false
}

// validate returns nil for an absent value or one within the field's limits.
func (f *Field) validate(ref any) error {
	switch p := ref.(type) {
	case *Opt[float64]:
		if p.present {
			return f.checkNumber(p.value)
		}
	case *Opt[int64]:
		if p.present {
			return f.checkInteger(p.value)
		}
	case *Opt[string]:
		if p.present {
			return f.checkText(p.value)
		}
	case *[]Radio:
		return f.checkRadios(*p)
	}
	return nil
}

func (f *Field) checkNumber(v float64) error {
	if v >= f.Min && v <= f.Max {
		return nil
	}
	if f.sentinels && Sentinel(v) {
		return nil
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return rejectField(f.Name, "%v is not a number", v)
	}
	return rejectField(f.Name, "%v is outside %v to %v%s", v, f.Min, f.Max, f.unitSuffix())
}

// checkInteger compares whole numbers as such: past 2^53 a float64 would round
// what is outside back to the limit.
func (f *Field) checkInteger(v int64) error {
	if v >= int64(f.Min) && v <= int64(f.Max) {
		return nil
	}
	return rejectField(f.Name, "%d is outside %d to %d%s", v, int64(f.Min), int64(f.Max), f.unitSuffix())
}

// unitSuffix returns the unit as it follows a number; "" for counts and ratios.
func (f *Field) unitSuffix() string {
	if f.Unit == "" || f.Unit == "1" {
		return ""
	}
	return " " + f.Unit
}

func (f *Field) checkText(s string) error {
	switch {
	case len(f.Values) > 0:
		if !slices.Contains(f.Values, s) {
			return rejectField(f.Name, "%q is not one of %s", clip(s), strings.Join(f.Values, ", "))
		}
	case len(s) > f.MaxLength:
		return rejectField(f.Name, "%d bytes are too long; at most %d are allowed", len(s), f.MaxLength)
	case !utf8.ValidString(s):
		return rejectField(f.Name, "the text is not UTF-8")
	case strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return rejectField(f.Name, "%q holds a control character", clip(s))
	}
	if f.check != nil {
		if err := f.check(s); err != nil {
			return rejectField(f.Name, "%v", err)
		}
	}
	return nil
}

func (f *Field) checkRadios(radios []Radio) error {
	if len(radios) > MaxRadios {
		return rejectField(f.Name, "%d radios are too many; at most %d are allowed", len(radios), MaxRadios)
	}
	for i := range radios {
		for j := range radioFields {
			rf := &radioFields[j]
			if err := rf.validate(rf.radio(&radios[i])); err != nil {
				return rejectField(f.Name, "radio %d: %v", i, err)
			}
		}
	}
	return nil
}
