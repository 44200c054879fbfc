package codec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"phusong/telemetry"
)

// A CSVMapping says how the columns of some logger become mobile readings. It is a
// YAML file of whoever knows the logger; docs/IMPORT.md describes its keys. It
// does not change once parsed, and may be shared.
type CSVMapping struct {
	name    string
	raw     csvKeys
	layout  *csvLayout
	columns []csvColumn // of fields, in the order of the vocabulary
	device  csvText
	area    csvText
}

// csvKeys are the keys of the file.
type csvKeys struct {
	Area      csvText             `yaml:"area"`
	Device    csvText             `yaml:"device"`
	Separator string              `yaml:"separator"`
	Decimal   string              `yaml:"decimal"`
	Grouping  string              `yaml:"grouping"`
	Encoding  string              `yaml:"encoding"`
	Quotes    *bool               `yaml:"quotes"`
	SkipLines int                 `yaml:"skip_lines"`
	Header    *bool               `yaml:"header"`
	Nothing   []string            `yaml:"nothing"`
	Bounds    *csvBounds          `yaml:"bounds"`
	Time      csvTime             `yaml:"time"`
	Seq       string              `yaml:"seq"`
	Fields    map[string]csvField `yaml:"fields"`
}

// csvText is a text that is the same for the file, or that a column gives.
type csvText struct {
	Value  string            `yaml:"value"`
	Column string            `yaml:"column"`
	Values map[string]string `yaml:"values"`
}

func (c *csvText) isNone() bool { return c.Value == "" && c.Column == "" }

// csvField is where a field of the vocabulary comes from.
type csvField struct {
	line   int
	Column string            `yaml:"column"`
	Value  *string           `yaml:"value"`
	Unit   string            `yaml:"unit"`
	Values map[string]string `yaml:"values"`
	// Otherwise is taken for words that Values does not list.
	Otherwise string `yaml:"otherwise"`
	// Missing are numbers that stand for "no value".
	Missing []float64 `yaml:"missing"`
	// Bad is what to do with a value that cannot be: refuse the row, or leave_out.
	Bad string `yaml:"bad"`
	// Derive: download makes the outcome from the download rate.
	Derive string `yaml:"derive"`
}

// csvTime is where the time comes from. Several columns are joined by a blank.
type csvTime struct {
	Column  string   `yaml:"column"`
	Columns []string `yaml:"columns"`
	Format  string   `yaml:"format"`
	Zone    string   `yaml:"zone"`
}

type csvBounds struct {
	Lat [2]float64 `yaml:"lat"`
	Lon [2]float64 `yaml:"lon"`
}

// A CSVBounds is a box of positions, in degrees. The zero box is none.
type CSVBounds struct{ South, North, West, East float64 }

// Contains reports whether the position is in the box.
func (b CSVBounds) Contains(p telemetry.Point) bool {
	return p.Lat >= b.South && p.Lat <= b.North && p.Lon >= b.West && p.Lon <= b.East
}

// IsZero reports whether there is no box.
func (b CSVBounds) IsZero() bool { return b == CSVBounds{} }

// vietNam holds the country with its islands. A latitude in it is never a longitude
// in it, so exchanged columns always show.
func vietNam() CSVBounds { return CSVBounds{South: 6, North: 24, West: 102, East: 118} }

// maxMapping bounds a mapping file, in bytes.
const maxMapping = 256 << 10

// ParseCSVMapping reads a mapping; name is that of the file, for messages. The error
// names the line of the first fault.
func ParseCSVMapping(name string, text []byte) (*CSVMapping, error) {
	m := &CSVMapping{name: name}
	if len(text) > maxMapping {
		return nil, fmt.Errorf("%s: a mapping of more than %d KiB is none", name, maxMapping>>10)
	}
	if err := m.parse(text); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

func (m *CSVMapping) parse(text []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return errors.New("the file is empty: give at least device, area, time and fields")
	} else if err != nil {
		return plainYAML(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("there is a second document after a line ---; put everything into one")
	}
	if err := decodeStrict(document.Content[0], &m.raw, ""); err != nil {
		return plainYAML(err)
	}
	m.device, m.area = m.raw.Device, m.raw.Area
	return m.check()
}

// plainYAML takes the library's name out of its errors.
func plainYAML(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		text = strings.Join(typed.Errors, "; ")
	}
	return errors.New(strings.ReplaceAll(text, "unmarshal errors:\n  ", ""))
}

// decodeStrict decodes a node into a struct and refuses keys that it has not. The
// library forgets its own strictness inside custom decoding.
func decodeStrict(node *yaml.Node, into any, place string) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: there should be keys with values here", node.Line)
	}
	var known []string
	for field := range slices.Values(reflect.VisibleFields(reflect.TypeOf(into).Elem())) {
		if tag := field.Tag.Get("yaml"); tag != "" {
			known = append(known, tag)
		}
	}
	for i := 0; i < len(node.Content); i += 2 {
		if key := node.Content[i]; !slices.Contains(known, key.Value) {
			return fmt.Errorf("line %d: there is no key %q%s; there are %s", key.Line, clip(key.Value), place, strings.Join(known, ", "))
		}
	}
	return node.Decode(into)
}

// UnmarshalYAML takes a plain text for the value.
func (c *csvText) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		c.Value = node.Value
		return nil
	}
	type plain csvText
	if err := decodeStrict(node, (*plain)(c), " here"); err != nil {
		return err
	}
	if (c.Value == "") == (c.Column == "") {
		return fmt.Errorf("line %d: give either value or column", node.Line)
	}
	return nil
}

// UnmarshalYAML takes a plain text for the name of the column.
func (f *csvField) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*f = csvField{line: node.Line, Column: node.Value}
		if f.Column == "" {
			return fmt.Errorf("line %d: name a column", node.Line)
		}
		return nil
	}
	type plain csvField
	if err := decodeStrict(node, (*plain)(f), " of a field"); err != nil {
		return err
	}
	f.line = node.Line
	given := 0
	for _, is := range []bool{f.Column != "", f.Value != nil, f.Derive != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return fmt.Errorf("line %d: give one of column, value and derive", f.line)
	}
	return nil
}

// UnmarshalYAML refuses unknown keys.
func (t *csvTime) UnmarshalYAML(node *yaml.Node) error {
	type plain csvTime
	return decodeStrict(node, (*plain)(t), " in time")
}

// UnmarshalYAML refuses unknown keys.
func (b *csvBounds) UnmarshalYAML(node *yaml.Node) error {
	type plain csvBounds
	return decodeStrict(node, (*plain)(b), " in bounds")
}

func (m *CSVMapping) check() error {
	k := &m.raw
	switch {
	case k.Separator != "" && separators[k.Separator] == 0:
		return fmt.Errorf("separator: %q is none; use comma, semicolon, tab or pipe", clip(k.Separator))
	case k.Decimal != "" && k.Decimal != "." && k.Decimal != ",":
		return fmt.Errorf("decimal: %q; use \".\" or \",\"", clip(k.Decimal))
	case len(k.Grouping) > 2 || k.Grouping != "" && k.Grouping == k.decimal():
		return fmt.Errorf("grouping: %q; give the one character that separates thousands, not that of decimals", clip(k.Grouping))
	case k.Encoding != "" && !slices.Contains(csvEncodings, k.Encoding):
		return fmt.Errorf("encoding: %q; use one of %s", clip(k.Encoding), strings.Join(csvEncodings, ", "))
	case k.SkipLines < 0 || k.SkipLines > 1000:
		return fmt.Errorf("skip_lines: %d; give 0 to 1000", k.SkipLines)
	case len(k.Fields) == 0:
		return errors.New("fields: missing; say which column is which quantity")
	}
	if b := k.Bounds; b != nil && (b.Lat[0] >= b.Lat[1] || b.Lon[0] >= b.Lon[1]) {
		return errors.New("bounds: give lat: [south, north] and lon: [west, east]")
	}
	var err error
	if m.layout, err = k.Time.parse(); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	return m.checkFields()
}

func (k *csvKeys) decimal() string {
	if k.Decimal == "" {
		return "."
	}
	return k.Decimal
}

func (k *csvKeys) quoted() bool { return k.Quotes == nil || *k.Quotes }

func (k *csvKeys) hasHeader() bool { return k.Header == nil || *k.Header }

// separators are the words for what stands between columns.
var separators = map[string]rune{"comma": ',', ",": ',', "semicolon": ';', ";": ';', "tab": '\t', "\t": '\t', "pipe": '|', "|": '|'}

// checkFields makes the columns in the order of the vocabulary.
func (m *CSVMapping) checkFields() error {
	known := telemetry.Fields(telemetry.KindMobile)
	for name, f := range m.raw.Fields {
		if telemetry.FieldByName(telemetry.KindMobile, name) == nil {
			names := make([]string, len(known))
			for i := range known {
				names[i] = known[i].Name
			}
			return fmt.Errorf("line %d: there is no field %q; there are %s", f.line, clip(name), strings.Join(names, ", "))
		}
	}
	for i := range known {
		f, mapped := m.raw.Fields[known[i].Name]
		if !mapped {
			continue
		}
		c, err := newCSVColumn(&known[i], f, &m.raw)
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", f.line, known[i].Name, err)
		}
		m.columns = append(m.columns, c)
	}
	_, operator := m.raw.Fields["operator"]
	_, sim := m.raw.Fields["sim_operator"]
	_, lat := m.raw.Fields["lat"]
	_, lon := m.raw.Fields["lon"]
	switch {
	case !operator && !sim:
		return errors.New("fields: neither operator nor sim_operator says whose network it is; a constant does: operator: {value: \"45204\"}")
	case lat != lon:
		return errors.New("fields: lat and lon come together or not at all")
	}
	return nil
}

// bounds is the box that positions should be in: the mapping's own, else what the
// caller knows, else the country.
func (m *CSVMapping) bounds(known CSVBounds) CSVBounds {
	if b := m.raw.Bounds; b != nil {
		return CSVBounds{South: b.Lat[0], North: b.Lat[1], West: b.Lon[0], East: b.Lon[1]}
	}
	if !known.IsZero() {
		return known
	}
	return vietNam()
}

// parse checks where the time comes from and how it is written.
func (t *csvTime) parse() (*csvLayout, error) {
	if (t.Column == "") == (len(t.Columns) == 0) {
		return nil, errors.New("give column, or columns: [date, time]")
	}
	if t.Column != "" {
		t.Columns = []string{t.Column}
	}
	if slices.Contains(t.Columns, "") || len(t.Columns) > 4 {
		return nil, errors.New("columns: name one to four columns")
	}
	l, err := newCSVLayout(t.Format)
	if err != nil {
		return nil, err
	}
	switch {
	case l.zoned && t.Zone != "":
		return nil, errors.New("zone: the format says it already; take one of them out")
	case l.zoned:
		l.zone = time.UTC
	case t.Zone == "":
		return nil, errors.New("zone: missing; name the time zone of the clock, such as Asia/Ho_Chi_Minh")
	default:
		if l.zone, err = time.LoadLocation(t.Zone); err != nil {
			return nil, fmt.Errorf("zone: %w", err)
		}
	}
	return l, nil
}
