package codec

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"phusong/telemetry"
)

// A csvColumn turns the text of one column into one field of a reading.
type csvColumn struct {
	field  *telemetry.Field
	from   csvField
	factor float64
	// derived: the outcome follows from the download rate.
	derived  bool
	leaveOut bool
	words    map[string]string // Values, by lower case
	keys     *csvKeys
}

// explaining are fields that explain a verdict and decide none: an impossible value
// costs the value and not the test, unless the mapping says otherwise.
var explaining = []string{"rsrp_dbm", "rsrq_db", "sinr_db", "cell_id", "pci", "speed_kmh", "jitter_ms", "latency_ms", "loss", "server"}

func newCSVColumn(field *telemetry.Field, from csvField, keys *csvKeys) (csvColumn, error) {
	c := csvColumn{field: field, from: from, keys: keys, words: lowered(from.Values), derived: from.Derive != ""}
	switch {
	case c.derived && (field.Name != "outcome" || from.Derive != "download"):
		return c, errors.New("derive: only outcome can be derived, from download")
	case from.Bad != "" && from.Bad != "refuse" && from.Bad != "leave_out":
		return c, fmt.Errorf("bad: %q; use refuse or leave_out", clip(from.Bad))
	case from.Unit != "" && field.Type != telemetry.Number && field.Type != telemetry.Integer:
		return c, errors.New("unit: this field is no number")
	case len(from.Missing) > 0 && field.Type != telemetry.Number && field.Type != telemetry.Integer:
		return c, errors.New("missing: this field is no number; list the texts in nothing")
	case from.Otherwise != "" && len(from.Values) == 0:
		return c, errors.New("otherwise: there are no values that it could differ from")
	}
	c.leaveOut = from.Bad == "leave_out" || from.Bad == "" && slices.Contains(explaining, field.Name)
	var err error
	if c.factor, err = unitFactor(field.Unit, from.Unit); err != nil {
		return c, err
	}
	// What the mapping itself says must be right, before any row.
	constants := slices.Collect(maps.Values(from.Values))
	if from.Value != nil {
		constants = append(constants, *from.Value)
	}
	if from.Otherwise != "" {
		constants = append(constants, from.Otherwise)
	}
	slices.Sort(constants)
	for _, text := range constants {
		if text == "" {
			continue // a word that stands for nothing
		}
		r := telemetry.NewReading(telemetry.KindMobile)
		if err := c.set(&r, text, 1); err != nil {
			return c, errors.New(strings.TrimPrefix(err.Error(), field.Name+": "))
		}
		if err := checkAlone(field, &r); err != nil {
			return c, err
		}
	}
	return c, nil
}

func lowered(values map[string]string) map[string]string {
	words := make(map[string]string, len(values))
	for word, value := range values {
		words[strings.ToLower(strings.TrimSpace(word))] = value
	}
	return words
}

// checkAlone checks one field of an otherwise good reading.
func checkAlone(field *telemetry.Field, r *telemetry.Reading) error {
	whole := telemetry.NewReading(telemetry.KindMobile)
	*whole.Mobile = *r.Mobile
	whole.Device, whole.Area = "d", "80"
	if !whole.Mobile.SIMOperator.Present() {
		whole.Mobile.SIMOperator = telemetry.Some("45204")
	}
	if lat, lon := &whole.Mobile.Lat, &whole.Mobile.Lon; lat.Present() != lon.Present() {
		if lat.Present() {
			*lon = telemetry.Some(1.0)
		} else {
			*lat = telemetry.Some(1.0)
		}
	}
	err := whole.Validate()
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), field.Name+": "))
}

// apply sets the field from the text of a row. It reports false when the value could
// not be and the mapping says to leave such values out.
func (c *csvColumn) apply(r *telemetry.Reading, text string) (kept bool, err error) {
	if c.from.Value != nil {
		return true, c.set(r, *c.from.Value, 1)
	}
	text = strings.TrimSpace(text)
	if slices.Contains(c.keys.Nothing, text) || text == "" {
		return true, nil
	}
	factor := c.factor
	if len(c.words) > 0 {
		value, listed := c.words[strings.ToLower(text)]
		switch {
		case listed && value == "":
			return true, nil
		case listed:
			text, factor = value, 1
		case c.from.Otherwise != "":
			text, factor = c.from.Otherwise, 1
		}
	}
	err = c.set(r, text, factor)
	if err == nil {
		err = c.limits(r)
	}
	if err != nil && c.leaveOut {
		c.unset(r)
		return false, nil
	}
	return true, err
}

// limits names the unit where a value is outside of what can be: a wrong unit is the
// usual reason.
func (c *csvColumn) limits(r *telemetry.Reading) error {
	v, ok := c.field.Float(r)
	// Where coordinates are, the place as a whole decides.
	if !ok || c.field.Type == telemetry.Boolean || c.field.Unit == "°" || v >= c.field.Min && v <= c.field.Max {
		return nil
	}
	return fmt.Errorf("%s: %v %s is outside %v to %v; is the unit of the mapping right?", c.field.Name, v, c.field.Unit, c.field.Min, c.field.Max)
}

func (c *csvColumn) unset(r *telemetry.Reading) {
	switch p := c.field.Ref(r).(type) {
	case *telemetry.Opt[float64]:
		*p = telemetry.Opt[float64]{}
	case *telemetry.Opt[int64]:
		*p = telemetry.Opt[int64]{}
	case *telemetry.Opt[bool]:
		*p = telemetry.Opt[bool]{}
	case *telemetry.Opt[string]:
		*p = telemetry.Opt[string]{}
	}
}

func (c *csvColumn) set(r *telemetry.Reading, text string, factor float64) error {
	switch p := c.field.Ref(r).(type) {
	case *telemetry.Opt[float64]:
		v, missing, err := c.number(text)
		if err != nil || missing {
			return err
		}
		*p = telemetry.Some(exact(v, factor))
	case *telemetry.Opt[int64]:
		v, missing, err := c.number(text)
		if err != nil || missing {
			return err
		}
		v = exact(v, factor)
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return fmt.Errorf("%s: %q is no whole number", c.field.Name, clip(text))
		}
		*p = telemetry.Some(int64(v))
	case *telemetry.Opt[bool]:
		v, ok := booleanWords[strings.ToLower(text)]
		if !ok {
			return fmt.Errorf("%s: %q is neither true nor false; list the word in values", c.field.Name, clip(text))
		}
		*p = telemetry.Some(v)
	case *telemetry.Opt[string]:
		v, err := c.text(text)
		if err != nil {
			return err
		}
		*p = telemetry.Some(v)
	}
	return nil
}

// exact multiplies without the noise of binary fractions: 38120 kbit/s are 38.12 Mbit/s.
func exact(v, factor float64) float64 {
	if factor == 1 {
		return v
	}
	const digits = 15 // that a float64 always holds
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v*factor, 'g', digits, 64), 64)
	if err != nil { // out of range; the limits refuse it
		return v * factor
	}
	return rounded
}

// number reads a number as the logger writes it, with or without the unit behind it.
func (c *csvColumn) number(text string) (v float64, missing bool, err error) {
	plain := strings.TrimSpace(text)
	for _, unit := range []string{c.from.Unit, c.field.Unit} {
		if unit != "" && unit != "1" && len(plain) > len(unit) && strings.EqualFold(plain[len(plain)-len(unit):], unit) {
			plain = strings.TrimSpace(plain[:len(plain)-len(unit)])
			break
		}
	}
	if g := c.keys.Grouping; g != "" {
		plain = strings.ReplaceAll(plain, g, "")
	}
	if d := c.keys.decimal(); d != "." {
		if strings.Contains(plain, ".") {
			return 0, false, fmt.Errorf("%s: %q has a point, and the mapping says that decimals have a comma", c.field.Name, clip(text))
		}
		plain = strings.Replace(plain, d, ".", 1)
	}
	v, err = strconv.ParseFloat(plain, 64)
	// The library also reads hexadecimal, underscores and words.
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || strings.ContainsAny(plain, "xXpP_") {
		return 0, false, fmt.Errorf("%s: %q is no number%s", c.field.Name, clip(text), c.decimalHint(text))
	}
	return v, slices.Contains(c.from.Missing, v), nil
}

func (c *csvColumn) decimalHint(text string) string {
	if c.keys.decimal() == "." && strings.Count(text, ",") == 1 {
		return "; if it has a decimal comma, say decimal: \",\" in the mapping"
	}
	return ""
}

var plmnText = regexp.MustCompile(`^(\d{3})[- ]?(\d{2,3})$`)

// text reads a text: networks by code or by the name that everybody knows, technologies
// by their usual names, the rest as it is.
func (c *csvColumn) text(text string) (string, error) {
	switch c.field.Name {
	case "operator", "sim_operator":
		if m := plmnText.FindStringSubmatch(text); m != nil {
			return m[1] + m[2], nil
		}
		for _, o := range telemetry.Operators() {
			if strings.EqualFold(o.Name, text) {
				return string(o.Code), nil
			}
		}
		return "", fmt.Errorf("the operator %q has no PLMN; list it in the values of %s, such as %q: \"45204\"", clip(text), c.field.Name, clip(text))
	case "technology":
		if word, ok := technologyWords[strings.ToLower(text)]; ok {
			return word, nil
		}
	}
	if len(c.field.Values) > 0 && !slices.Contains(c.field.Values, text) {
		return "", fmt.Errorf("%s: %q is none of %s; list the word in values", c.field.Name, clip(text), strings.Join(c.field.Values, ", "))
	}
	return text, nil
}
