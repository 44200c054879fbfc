package codec

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"phusong/telemetry"
)

// CSVOptions say what is known of a file besides its mapping.
type CSVOptions struct {
	// Name of the file, for messages; "csv" when empty.
	Name string
	// Device and Area, when not empty, go before those of the mapping.
	Device telemetry.DeviceID
	Area   telemetry.AreaCode
	// Bounds is where the area is; the mapping's own go before it. Without either,
	// they are those of the country.
	Bounds CSVBounds
	// Now is when the file is read: rows from later are refused. Zero refuses none.
	Now time.Time
	// Note gets what is odd about a row that is read all the same. nil drops it.
	Note func(line int, text string)
}

// The reasons of a [Summary].Skipped and LeftOut that only CSV files have.
const (
	skipSyntax  = "syntax"  // quotes that do not match
	skipSwapped = "swapped" // latitude and longitude are exchanged
	skipFuture  = "future"  // from after the reading of the file
	skipValue   = "value"   // a field that cannot be
	skipDevice  = "device"  // no device id, or none that can be one
	skipArea    = "area"    // no area code
	leftNoFix   = "no_fix"  // a position of 0, 0, or half of one
)

// A CSV reads one file of a logger through a mapping. Use it from one goroutine.
type CSV struct {
	m       *CSVMapping
	o       CSVOptions
	table   *csvTable
	places  csvPlaces
	bounds  CSVBounds
	summary Summary
	// inside and swapped count positions.
	inside, swapped int
	firstSwapped    int
}

// csvPlaces are the numbers of the columns; -1 for none.
type csvPlaces struct {
	time              []int
	seq, device, area int
	fields            []int
}

// NewCSV reads the header of r and finds the columns of the mapping in it. A column
// that is missing is an error that lists those that there are.
func NewCSV(r io.Reader, m *CSVMapping, o CSVOptions) (*CSV, error) {
	if o.Name == "" {
		o.Name = "csv"
	}
	c := &CSV{m: m, o: o, bounds: m.bounds(o.Bounds)}
	c.summary.Skipped, c.summary.LeftOut = make(map[string]int), make(map[string]int)
	if o.Device == "" && m.device.isNone() {
		return nil, fmt.Errorf("%s: device: missing; say in the mapping or in the call which device measured", m.name)
	}
	if o.Area == "" && m.area.isNone() {
		return nil, fmt.Errorf("%s: area: missing; say in the mapping or in the call where, by official code", m.name)
	}
	var err error
	if c.table, err = newCSVTable(r, o.Name, &m.raw); err != nil {
		return nil, err
	}
	if c.places, err = m.find(c.table.header); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", o.Name, c.table.headerLine, err)
	}
	return c, nil
}

// find looks up the columns in the header.
func (m *CSVMapping) find(header []string) (csvPlaces, error) {
	var missing []string
	need := func(name string) int {
		i := slices.Index(header, name)
		if i < 0 {
			i = slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(h, name) })
		}
		if i < 0 {
			missing = append(missing, name)
		} else if slices.Contains(header[i+1:], header[i]) {
			missing = append(missing, name+" (which is there twice)")
		}
		return i
	}
	may := func(name string) int {
		if name == "" {
			return -1
		}
		return need(name)
	}
	p := csvPlaces{device: may(m.device.Column), area: may(m.area.Column), seq: may(m.raw.Seq)}
	for _, name := range m.raw.Time.Columns {
		p.time = append(p.time, need(name))
	}
	for i := range m.columns {
		p.fields = append(p.fields, may(m.columns[i].from.Column))
	}
	if len(missing) > 0 {
		return p, fmt.Errorf("%s maps the columns %q, which the file has not; it has %q", m.name, missing, header)
	}
	return p, nil
}

// Summary returns the counts so far. The caller owns it.
func (c *CSV) Summary() Summary { return c.summary.clone() }

// Readings returns the readings of the file in its order, once. An error that is a
// [*RowError] concerns its row alone; after any other nothing follows. When more
// positions would be inside the bounds with latitude and longitude exchanged than
// are inside as they are, the last error says so: nothing of the file should be used.
//
// The sequence number is of a column when the mapping names one, else a hash of the
// reading. So importing a file again, or another export that shares rows with it,
// stores every test once.
func (c *CSV) Readings() iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		for {
			row, err := c.table.next()
			if errors.Is(err, io.EOF) {
				break
			}
			var bad *RowError
			if err != nil && !errors.As(err, &bad) {
				yield(telemetry.Reading{}, err)
				return
			}
			c.summary.Rows++
			var r telemetry.Reading
			if err == nil {
				r, err = c.read(row)
			} else {
				c.summary.Skipped[skipSyntax]++
			}
			if !yield(r, err) {
				return
			}
		}
		if c.swapped > c.inside {
			yield(telemetry.Reading{}, c.exchanged())
		}
	}
}

func (c *CSV) exchanged() error {
	lat, lon := c.m.raw.Fields["lat"].Column, c.m.raw.Fields["lon"].Column
	return fmt.Errorf("%s:%d: latitude and longitude are exchanged: %d positions are inside %s only the other way round, and %d as they are; in %s write lat: %q and lon: %q",
		c.o.Name, c.firstSwapped, c.swapped, c.bounds, c.inside, c.m.name, lon, lat)
}

// String returns the box for messages.
func (b CSVBounds) String() string {
	short := func(v float64) float64 { return math.Round(v*1e5) / 1e5 } // a metre
	return fmt.Sprintf("lat %v to %v, lon %v to %v", short(b.South), short(b.North), short(b.West), short(b.East))
}

// read turns a row into a reading.
func (c *CSV) read(row csvRow) (telemetry.Reading, error) {
	r := telemetry.NewReading(telemetry.KindMobile)
	reason, err := c.fill(&r, row)
	if err == nil {
		if err = r.Validate(); err != nil {
			reason = skipInvalid
		}
	}
	if err != nil {
		c.summary.Skipped[reason]++
		return telemetry.Reading{}, &RowError{File: c.o.Name, Line: row.line, Reason: err.Error()}
	}
	c.summary.count(&r)
	return r, nil
}

func (c *CSV) fill(r *telemetry.Reading, row csvRow) (reason string, err error) {
	if len(row.fields) != len(c.table.header) {
		return skipFields, fmt.Errorf("%d fields, but there are %d columns", len(row.fields), len(c.table.header))
	}
	if err := c.identify(r, row); err != nil {
		return skipDevice, err
	}
	area, err := telemetry.ParseAreaCode(c.valueOf(&c.m.area, c.places.area, row, string(c.o.Area)))
	if err != nil {
		return skipArea, err
	}
	r.Area = area
	if reason, err := c.time(r, row); err != nil {
		return reason, err
	}
	for i := range c.m.columns {
		column := &c.m.columns[i]
		if column.derived {
			continue
		}
		kept, err := column.apply(r, field(row, c.places.fields[i]))
		if err != nil {
			switch column.field.Name {
			case "operator", "sim_operator":
				return skipOperator, err
			}
			return skipValue, err
		}
		if !kept {
			c.summary.LeftOut[column.field.Name]++
		}
	}
	c.derive(r)
	if reason, err := c.place(r, row.line); err != nil {
		return reason, err
	}
	return c.number(r, row)
}

func field(row csvRow, i int) string {
	if i < 0 {
		return ""
	}
	return row.fields[i]
}

// valueOf returns a text of the row: what the caller said, or the column's, or the
// mapping's.
func (c *CSV) valueOf(t *csvText, column int, row csvRow, said string) string {
	if said != "" {
		return said
	}
	if column < 0 {
		return t.Value
	}
	text := strings.TrimSpace(row.fields[column])
	if value, ok := t.Values[text]; ok {
		return value
	}
	return text
}

var notIDs = regexp.MustCompile(`[^a-z0-9]+`)

// identify makes an id of what the column says: "Probe 7" is probe-7.
func (c *CSV) identify(r *telemetry.Reading, row csvRow) (err error) {
	text := c.valueOf(&c.m.device, c.places.device, row, string(c.o.Device))
	r.Device, err = telemetry.ParseDeviceID(text)
	if err != nil && c.places.device >= 0 {
		r.Device, err = telemetry.ParseDeviceID(strings.Trim(notIDs.ReplaceAllString(strings.ToLower(text), "-"), "-"))
	}
	return err
}

// ahead is how far the clock of the computer that imports may be behind.
const ahead = 5 * time.Minute

func (c *CSV) time(r *telemetry.Reading, row csvRow) (reason string, err error) {
	parts := make([]string, len(c.places.time))
	for i, column := range c.places.time {
		parts[i] = strings.TrimSpace(row.fields[column])
	}
	r.Time, err = c.m.layout.read(strings.Join(parts, " "), c.m.raw.decimal())
	if err != nil {
		return skipTimestamp, err
	}
	if !c.o.Now.IsZero() && r.Time.After(c.o.Now.Add(ahead)) {
		return skipFuture, errors.New("the time is in the future; are format and zone of the mapping right?")
	}
	return "", nil
}

// derive makes the outcome of the download where the mapping says so. A rate of 0 is
// a transfer that failed and not a measured rate.
func (c *CSV) derive(r *telemetry.Reading) {
	if !slices.ContainsFunc(c.m.columns, func(c csvColumn) bool { return c.derived }) {
		return
	}
	outcome := telemetry.OutcomeOK
	if r.Mobile.DownloadMbps.Or(0) == 0 {
		outcome = telemetry.OutcomeFailed
		r.Mobile.DownloadMbps = telemetry.Opt[float64]{}
	}
	r.Mobile.Outcome = telemetry.Some(outcome)
}

// place judges the position: none, exchanged, impossible, or elsewhere.
func (c *CSV) place(r *telemetry.Reading, line int) (reason string, err error) {
	m := r.Mobile
	lat, ok := m.Lat.Get()
	lon, also := m.Lon.Get()
	p, other := telemetry.Point{Lat: lat, Lon: lon}, telemetry.Point{Lat: lon, Lon: lat}
	switch {
	case !ok && !also:
	case !ok || !also || p.IsZero():
		m.Lat, m.Lon = telemetry.Opt[float64]{}, telemetry.Opt[float64]{}
		c.summary.LeftOut[leftNoFix]++
		c.note(line, "the position is 0, 0 or half of one; the test is kept without a place")
	case c.bounds.Contains(p):
		c.inside++
	case c.bounds.Contains(other):
		if c.swapped++; c.swapped == 1 {
			c.firstSwapped = line
		}
		return skipSwapped, fmt.Errorf("latitude and longitude are exchanged: only the other way round the position is inside %s", c.bounds)
	case p.Validate() != nil:
		return skipValue, p.Validate()
	default:
		c.note(line, fmt.Sprintf("the position is outside %s; the test is kept", c.bounds))
	}
	return "", nil
}

func (c *CSV) note(line int, text string) {
	if c.o.Note != nil {
		c.o.Note(line, text)
	}
}

// number gives the reading its sequence number.
func (c *CSV) number(r *telemetry.Reading, row csvRow) (reason string, err error) {
	if c.places.seq < 0 {
		r.Seq = telemetry.Some(contentNumber(r))
		return "", nil
	}
	text := strings.TrimSpace(row.fields[c.places.seq])
	var n int64
	if _, err := fmt.Sscan(text, &n); err != nil || n < 0 {
		return skipNumber, fmt.Errorf("the sequence number %q is no whole number from 0 up", clip(text))
	}
	r.Seq = telemetry.Some(n)
	return "", nil
}

// contentNumber hashes what the reading says, to 52 bits.
func contentNumber(r *telemetry.Reading) int64 {
	h := fnv.New64a()
	fields := telemetry.Fields(r.Kind)
	for i := range fields {
		if fields[i].Present(r) {
			fmt.Fprintf(h, "%s=%v\n", fields[i].Name, deref(fields[i].Ref(r)))
		}
	}
	return int64(h.Sum64() >> 12)
}

func deref(ref any) any {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		return p.Or(0)
	case *telemetry.Opt[int64]:
		return p.Or(0)
	case *telemetry.Opt[bool]:
		return p.Or(false)
	case *telemetry.Opt[string]:
		return p.Or("")
	}
	return nil
}

// A Summary counts what became of the rows of a file:
// Rows = Tests + Samples + NoService + the sum of Skipped.
type Summary struct {
	Rows    int // read so far, without the header and blank lines
	Tests   int // readings with the outcome of a test
	Failed  int // of Tests, those whose download failed
	Samples int // readings of the radio state alone
	// NoService counts readings that say that there was no network.
	NoService int
	// Skipped counts rows without a reading by reason.
	Skipped map[string]int
	// LeftOut counts values that were left out of a reading, by reason or field.
	LeftOut map[string]int
}

func (s *Summary) clone() Summary {
	c := *s
	c.Skipped, c.LeftOut = maps.Clone(s.Skipped), maps.Clone(s.LeftOut)
	return c
}

func (s *Summary) count(r *telemetry.Reading) {
	switch outcome, tested := r.Mobile.Outcome.Get(); {
	case outcome == telemetry.OutcomeNoService:
		s.NoService++
	case tested:
		s.Tests++
		if outcome == telemetry.OutcomeFailed {
			s.Failed++
		}
	default:
		s.Samples++
	}
}
