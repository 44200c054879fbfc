package influx

import (
	"context"
	"fmt"
	"strings"
	"time"

	"phusong/telemetry"
)

// literal returns s as a text of Flux. An expression begins at ${ in a text, and
// the Flux of InfluxDB 1.8 misreads the escape \${ after another $, so dollars are
// written by their number.
func literal(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\x24`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}

// A selection is which points of one kind a query means. From is included, to is
// not, both in Unix milliseconds; no devices or areas means all.
type selection struct {
	kind     telemetry.Kind
	from, to int64
	devices  []telemetry.DeviceID // valid ones
	areas    []telemetry.AreaCode // valid ones
}

func selectionOf(q *telemetry.Query) selection {
	sel := selection{kind: q.Kind, from: clamp(ceilMilli(q.From)), to: clamp(ceilMilli(q.To))}
	// What is no id or code at all is not stored. Without it nothing can enter a query
	// that means something there.
	for _, d := range q.Devices {
		if id, err := telemetry.ParseDeviceID(string(d)); err == nil {
			sel.devices = append(sel.devices, id)
		}
	}
	for _, a := range q.Areas {
		if code, err := telemetry.ParseAreaCode(string(a)); err == nil {
			sel.areas = append(sel.areas, code)
		}
	}
	if (len(q.Devices) > 0 && len(sel.devices) == 0) || (len(q.Areas) > 0 && len(sel.areas) == 0) {
		sel.to = sel.from // nothing
	}
	return sel
}

// ceilMilli returns the first whole millisecond that is not before t: what is
// stored at whole milliseconds is before t exactly when it is before that.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if time.UnixMilli(ms).Before(t) {
		ms++
	}
	return ms
}

// clamp keeps a time within what InfluxDB can date; nothing is stored outside.
func clamp(ms int64) int64 { return min(max(ms, 0), maxMilli+1) }

// empty says that there is nothing to ask; Flux takes an empty range for a fault.
func (sel *selection) empty() bool { return sel.from >= sel.to }

// flux begins a query: the points of the selection, restricted to the fields
// unless there are none named.
func (s *Store) flux(sel *selection, fields ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "from(bucket: %s) |> range(start: %s, stop: %s) |> filter(fn: (r) => r._measurement == %s",
		literal(s.options.Bucket), instant(sel.from*nanosPerMilli), instant(sel.to*nanosPerMilli-1), literal(sel.kind.String()))
	anyOf(&b, "_field", fields)
	anyOf(&b, "device", sel.devices)
	anyOf(&b, "area", sel.areas)
	b.WriteString(")")
	return b.String()
}

// instant returns a time in Unix nanoseconds as Flux writes it. InfluxDB 1.8
// takes the stop of a range for included, 2.x does not: ranges end one nanosecond
// early, where no point is.
func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// orTerms is up to how many comparisons stand side by side; more become one
// regular expression, which the server evaluates in half the time.
const orTerms = 16

// anyOf adds the condition that the column is one of the values, unless there are
// none. The values hold nothing that a regular expression takes for its own.
func anyOf[T ~string](b *strings.Builder, column string, values []T) {
	switch {
	case len(values) == 0:
		return
	case len(values) > orTerms:
		fmt.Fprintf(b, " and r.%s =~ /^(", column)
		for i, v := range values {
			b.WriteString(separator(i, "|") + string(v))
		}
		b.WriteString(")$/")
	default:
		b.WriteString(" and (")
		for i, v := range values {
			b.WriteString(separator(i, " or ") + "r." + column + " == " + literal(string(v)))
		}
		b.WriteString(")")
	}
}

func separator(i int, s string) string {
	if i == 0 {
		return ""
	}
	return s
}

// wide turns points of single fields into rows of all of them. Dropping columns
// first would make the answer smaller and take twice the time.
const wide = ` |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`

// query runs a query and gives each row to f, which may keep it. It stops at the
// first error of f.
func (s *Store) query(ctx context.Context, flux string, f func(row map[string]any) error) error {
	// A client of its own each time: it keeps its address without a lock.
	answer, err := s.client.QueryAPI(s.options.Org).Query(ctx, flux)
	if err != nil {
		return err
	}
	for answer.Next() {
		if err := f(answer.Record().Values()); err != nil {
			_ = answer.Close() // the rest is not wanted
			return err
		}
	}
	// At its end the answer closes itself.
	return answer.Err()
}

// Count returns how many readings of the kind are stored with from <= time < to.
func (s *Store) Count(ctx context.Context, k telemetry.Kind, from, to time.Time) (int64, error) {
	if telemetry.Fields(k) == nil {
		return 0, unknownKind(k)
	}
	n, err := s.count(ctx, &selection{kind: k, from: clamp(ceilMilli(from)), to: clamp(ceilMilli(to))})
	return n, s.explain(ctx, "counting in", err)
}

func (s *Store) count(ctx context.Context, sel *selection) (total int64, err error) {
	if sel.empty() {
		return 0, nil
	}
	// Each point has received.
	err = s.query(ctx, s.flux(sel, "received")+` |> count() |> group() |> sum()`, func(row map[string]any) error {
		n, ok := row["_value"].(int64)
		if !ok {
			return fmt.Errorf("the count came as %T", row["_value"])
		}
		total += n
		return nil
	})
	return total, err
}

// Series returns one field of the readings that q selects, folded into steps, in
// the order of time and device; steps without a value are left out. The numbers
// by which environment sensors say "no value" do not enter.
func (s *Store) Series(ctx context.Context, q telemetry.SeriesQuery) ([]telemetry.Sample, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	if q.Step%time.Millisecond != 0 {
		return nil, &telemetry.RejectedError{Reason: fmt.Sprintf("query: the step %s is not a whole number of milliseconds", q.Step)}
	}
	sel := selectionOf(&q.Query)
	if sel.empty() {
		return nil, nil
	}
	samples, err := s.series(ctx, &sel, &q)
	return samples, s.explain(ctx, "reading", err)
}

func (s *Store) series(ctx context.Context, sel *selection, q *telemetry.SeriesQuery) (samples []telemetry.Sample, err error) {
	err = s.query(ctx, s.flux(sel, q.Field)+fold(q), func(row map[string]any) error {
		device, _ := row["device"].(string)
		at, ok := row["_time"].(time.Time)
		value := float64(0)
		switch v := row["_value"].(type) {
		case float64:
			value = v
		case int64:
			value = float64(v)
		default:
			ok = false
		}
		if !ok {
			return fmt.Errorf("a sample came as %T at %T", row["_value"], row["_time"])
		}
		// The first step may begin before the range, where its window does not.
		step := at.UnixMilli() - at.UnixMilli()%q.Step.Milliseconds()
		samples = append(samples, telemetry.Sample{Device: telemetry.DeviceID(device), Time: time.UnixMilli(step).UTC(), Value: value})
		return nil
	})
	if err != nil {
		return nil, err
	}
	sortSamples(samples)
	if q.Limit > 0 && len(samples) > q.Limit {
		samples = samples[:q.Limit]
	}
	return samples, nil
}

// fold returns the part of the query that makes one value of each step. Each
// function in it copies all points, so that none stands there without need.
func fold(q *telemetry.SeriesQuery) string {
	var b strings.Builder
	switch f := telemetry.FieldByName(q.Kind, q.Field); {
	case f.Type == telemetry.Boolean:
		b.WriteString(` |> map(fn: (r) => ({r with _value: if r._value then 1.0 else 0.0}))`)
	case f.Type == telemetry.Integer && q.Aggregate == telemetry.Sum:
		b.WriteString(` |> toFloat()`) // cannot overflow
	}
	if q.Kind == telemetry.KindEnvironment {
		b.WriteString(` |> filter(fn: (r) => r._value != -999.0 and r._value != -9999.0)`)
	}
	// A device that moved to another area is one device all the same.
	b.WriteString(` |> group(columns: ["device"])`)
	if q.Aggregate == telemetry.Last {
		b.WriteString(` |> sort(columns: ["_time"])`)
	}
	fmt.Fprintf(&b, ` |> aggregateWindow(every: %dms, fn: %s, createEmpty: false, timeSrc: "_start")`, q.Step.Milliseconds(), q.Aggregate)
	return b.String()
}
