package codec

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"strings"
	"time"

	"phusong/telemetry"
)

// A GNetTrackSource says which of the logs of a G-NetTrack Pro drive is read.
type GNetTrackSource uint8

// The logs. The statistics file ("_stats") holds no readings and is refused.
const (
	GNetTrackSamples GNetTrackSource = iota + 1 // the log itself: the radio state about once a second
	GNetTrackTests                              // "_datatest": one row per ping, upload and download test
	GNetTrackEvents                             // "_events": handovers, calls, loss of coverage
)

// String returns the name used in messages.
func (s GNetTrackSource) String() string {
	return [...]string{"unknown", "samples", "tests", "events"}[s]
}

// A GNetTrackSummary counts what became of the rows of one log. Skipped also counts
// rows that say nothing that another row does not ("in_coverage", "other_event").
type GNetTrackSummary struct {
	Source GNetTrackSource
	Summary
}

// The reasons of [Summary].Skipped and LeftOut.
const (
	skipFields      = "fields"       // another number of fields than the header
	skipTimestamp   = "timestamp"    // unreadable
	skipShifted     = "shifted"      // a number where the technology belongs
	skipNumber      = "number"       // a column that decides the outcome is not a number
	skipOperator    = "operator"     // a name without a PLMN, or no name at all
	skipInvalid     = "invalid"      // refused by the vocabulary
	skipInCoverage  = "in_coverage"  // an event: service is back
	skipOtherEvent  = "other_event"  // an event: handover, call, start of a test
	leftLevel       = "level"        // Level outside the range of RSRP
	leftQuality     = "quality"      // Qual outside the range of RSRQ
	leftSNRZero     = "snr_zero"     // what phones write that do not know the SNR
	leftSNR         = "snr"          // SNR out of range
	leftCell        = "cell"         // Node and CellID make no cell identity
	leftPCI         = "pci"          // PSC out of range
	leftPosition    = "position"     // no fix, or not on Earth
	leftPing        = "ping"         // round trip, its variation or loss out of range
	leftUpload      = "upload"       // no upload, or an impossible rate
	leftTechnology  = "technology"   // an unknown word
	leftServingName = "serving_name" // the row does not say who serves; the SIM's network is known
)

// A RowError says why one row gave no reading. The rows after it are still read.
type RowError struct {
	File   string
	Line   int    // 1 is the header
	Reason string // what is wrong and what would be right
}

// Error returns "file:line: reason".
func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason) }

// A GNetTrack reads one log of a drive test made with G-NetTrack Pro. Use it
// from one goroutine.
type GNetTrack struct {
	opts    GNetTrackOptions
	sim     telemetry.OperatorCode
	rows    *rowReader
	columns gnetColumns
	summary GNetTrackSummary
	ahead   *row // the first data row, read to check the columns
}

// NewGNetTrack reads the header and the first row of r, finds out by the column
// names which log it is, and refuses what is none or has its columns shifted.
// Commas or semicolons in place of tabs are understood.
func NewGNetTrack(r io.Reader, opts GNetTrackOptions) (*GNetTrack, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	if opts.Name == "" {
		opts.Name = "gnettrack"
	}
	opts.Operators = maps.Clone(opts.Operators)
	g := &GNetTrack{opts: opts, sim: opts.simOperator()}
	g.summary.Skipped = make(map[string]int)
	g.summary.LeftOut = make(map[string]int)
	if err := g.open(r); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *GNetTrack) open(r io.Reader) error {
	var err error
	if g.rows, err = newRowReader(r, g.opts.Name); err != nil {
		return err
	}
	if g.columns, err = findGNetColumns(g.rows.header); err != nil {
		return fmt.Errorf("%s:1: %w", g.opts.Name, err)
	}
	g.summary.Source = g.columns.source
	first, err := g.rows.next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	if first.fields != nil && g.columns.shifted(first.fields) {
		return fmt.Errorf("%s:%d: the columns are shifted: NetworkTech holds %q and not 2G, 3G, 4G, 5G or --, so no column after it can be trusted; import the log as the app wrote it",
			g.opts.Name, first.line, clip(g.columns.value(first.fields, g.columns.tech)))
	}
	g.ahead = &first
	return nil
}

// Summary returns the counts so far. The caller owns it.
func (g *GNetTrack) Summary() GNetTrackSummary {
	return GNetTrackSummary{Source: g.summary.Source, Summary: g.summary.clone()}
}

// Readings returns the readings of the log in its order, once. An error that is
// a [*RowError] concerns its row alone; after any other error nothing follows.
//
// What becomes a reading:
//   - tests: every row, with an outcome. A download of 0 or none is a failed
//     transfer and not a dead zone: the upload may well have worked. The rate of
//     a failed transfer is left out, because nothing was measured.
//   - samples: the radio state, without an outcome: a passive rate proves nothing.
//     Rows with the technology "--" are no service.
//   - events: NO_COVERAGE is no service. IN_COVERAGE and all others are skipped and
//     counted: the samples of the same second say the same and more.
//
// A second without service stands in both the samples and the events. It is one
// fact, so both give the same reading with the same key (sequence number 0, only
// SIM, outcome and position): importing either, both, or both twice stores it once.
// Other sequence numbers come from the line, since rows share a second; the logs
// count in ranges of their own. Importing a file again therefore changes nothing.
func (g *GNetTrack) Readings() iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		for {
			row, err := g.nextRow()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(telemetry.Reading{}, err)
				return
			}
			r, ok, err := g.read(row)
			if (ok || err != nil) && !yield(r, err) {
				return
			}
		}
	}
}

func (g *GNetTrack) nextRow() (row, error) {
	if g.ahead != nil {
		first := *g.ahead
		g.ahead = nil
		return first, nil
	}
	return g.rows.next()
}

// read turns a row into a reading; ok is false when the row gives none.
func (g *GNetTrack) read(row row) (r telemetry.Reading, ok bool, err error) {
	g.summary.Rows++
	refuse := func(reason, format string, args ...any) (telemetry.Reading, bool, error) {
		g.summary.Skipped[reason]++
		return telemetry.Reading{}, false, &RowError{File: g.opts.Name, Line: row.line, Reason: fmt.Sprintf(format, args...)}
	}
	if row.fields == nil {
		return refuse(skipFields, "%d fields, but the header names %d", row.count, len(g.rows.header))
	}
	c := &g.columns
	if c.shifted(row.fields) {
		return refuse(skipShifted, "the columns are shifted: NetworkTech holds %q", clip(c.value(row.fields, c.tech)))
	}
	noService := c.noService(row.fields)
	if c.source == GNetTrackEvents && !noService {
		reason := skipOtherEvent
		if c.value(row.fields, c.event) == "IN_COVERAGE" {
			reason = skipInCoverage
		}
		g.summary.Skipped[reason]++
		return telemetry.Reading{}, false, nil
	}
	at, err := time.ParseInLocation("2006.01.02_15.04.05", c.value(row.fields, c.timestamp), g.opts.Location)
	if err != nil {
		return refuse(skipTimestamp, "the timestamp %q is not of the form 2025.07.18_22.11.08", clip(c.value(row.fields, c.timestamp)))
	}
	r = telemetry.NewReading(telemetry.KindMobile)
	r.Device, r.Area, r.Time = g.opts.Device, g.opts.Area, at.UTC().Truncate(time.Millisecond)
	left, reason, err := g.fill(&r, row, noService)
	if err != nil {
		return refuse(reason, "%v", err)
	}
	if err := r.Validate(); err != nil {
		return refuse(skipInvalid, "%v", err)
	}
	g.count(&r, noService, left)
	return r, true, nil
}

// testLines is where the sequence numbers of tests begin: beyond the samples of
// eleven days, so that a test and a sample of the same second never share a key.
const testLines = 1_000_000

// fill sets the body and the sequence number. It returns which values it left out.
func (g *GNetTrack) fill(r *telemetry.Reading, row row, noService bool) (left []string, reason string, err error) {
	c, m := &g.columns, r.Mobile
	left = c.position(row.fields, m)
	if g.sim != "" {
		m.SIMOperator = telemetry.Some(string(g.sim))
	}
	if noService {
		if g.sim == "" {
			return nil, skipOperator, errors.New("there is no service, and no option says whose SIM it was; give SIMOperator")
		}
		m.Outcome = telemetry.Some(telemetry.OutcomeNoService)
		r.Seq = telemetry.Some[int64](0)
		if c.source == GNetTrackTests {
			r.Seq = telemetry.Some[int64](testLines + int64(row.line))
		}
		return left, "", nil
	}
	serving, err := g.serving(row.fields)
	if err != nil {
		return nil, skipOperator, err
	}
	if serving != "" {
		m.Operator = telemetry.Some(string(serving))
	} else {
		left = append(left, leftServingName)
	}
	left = append(left, c.radio(row.fields, m)...)
	r.Seq = telemetry.Some(int64(row.line))
	if c.source == GNetTrackTests {
		r.Seq = telemetry.Some[int64](testLines + int64(row.line))
		more, err := c.test(row.fields, m)
		if err != nil {
			return nil, skipNumber, err
		}
		left = append(left, more...)
	}
	return left, "", nil
}

// serving returns the network that served the row: from the PLMN column, else by
// name; "" when the row does not say and the SIM's network is known.
func (g *GNetTrack) serving(fields []string) (telemetry.OperatorCode, error) {
	c := &g.columns
	if plmn := c.value(fields, c.plmn); plmn != "" {
		return telemetry.ParseOperatorCode(plmn)
	}
	name := c.value(fields, c.operator)
	if code, ok := g.opts.Operators[name]; ok && name != "" {
		return code, nil
	}
	switch {
	case name != "":
		return "", fmt.Errorf("the operator %q has no PLMN; give it in the options, such as %s=45204", clip(name), clip(name))
	case g.sim == "":
		return "", errors.New("the row names no operator, and no option says whose SIM it was; give SIMOperator")
	}
	return "", nil
}

func (g *GNetTrack) count(r *telemetry.Reading, noService bool, left []string) {
	switch {
	case g.summary.Source == GNetTrackTests:
		g.summary.Tests++
		if r.Mobile.Outcome.Or("") == telemetry.OutcomeFailed {
			g.summary.Failed++
		}
	case noService:
		g.summary.NoService++
	default:
		g.summary.Samples++
	}
	for _, reason := range left {
		g.summary.LeftOut[reason]++
	}
}

// clip shortens foreign text for a message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
