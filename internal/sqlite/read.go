package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"phusong/telemetry"
)

const (
	// pageRows is how many readings one query fetches. Between pages no lock and no
	// snapshot is held, so that a slow consumer never makes the log grow.
	pageRows = 1000
	// mergedDevices is up to how many devices the index by device is the better way.
	mergedDevices = 16
)

// Readings returns the stored readings that q selects, in the order of time,
// device and sequence number. What is written meanwhile may or may not be among
// them. After an error, also that of ctx, the sequence ends.
func (s *Store) Readings(ctx context.Context, q telemetry.Query) iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		if err := q.Validate(); err != nil {
			yield(telemetry.Reading{}, s.explain("reading", err))
			return
		}
		left := q.Limit // 0 never becomes 0 again: no limit
		for r, err := range s.readings(ctx, &q) {
			if err != nil {
				yield(telemetry.Reading{}, s.explain("reading", err))
				return
			}
			if !yield(r, nil) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

func (s *Store) readings(ctx context.Context, q *telemetry.Query) iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		src, err := s.source(ctx, q)
		if err != nil {
			yield(telemetry.Reading{}, err)
			return
		}
		var parts []iter.Seq2[telemetry.Reading, error]
		for _, device := range src.indexed {
			parts = append(parts, s.pages(ctx, src.table, src.history(device), q.Limit))
		}
		// All that the index holds is older than what it does not.
		parts = []iter.Seq2[telemetry.Reading, error]{merge(parts)}
		if src.mark < src.to {
			parts = append(parts, s.pages(ctx, src.table, src.scan(), q.Limit))
		}
		for _, part := range parts {
			for r, err := range part {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// A source says where the rows of a query are: those before mark are found
// through the index, for each of the devices in indexed, and the others by
// scanning the table from mark on.
type source struct {
	table    *table
	indexed  []telemetry.DeviceID
	from, to int64 // ms; to is not included
	mark     int64 // from to to; from when the index is of no use
	filter   string
	args     []any // of filter
}

func (s *Store) source(ctx context.Context, q *telemetry.Query) (*source, error) {
	src := &source{table: s.tables[q.Kind], from: ceilMilli(q.From), to: ceilMilli(q.To)}
	src.mark = src.from
	if n := len(q.Devices); n > 0 && n <= mergedDevices {
		var mark int64
		if err := s.readers.QueryRowContext(ctx, "SELECT "+src.table.indexedBefore()).Scan(&mark); err != nil {
			return nil, err
		}
		if mark > src.from {
			src.mark = min(mark, src.to)
			src.indexed = unique(q.Devices)
		}
	}
	var filters []string
	if len(q.Devices) > 0 {
		filters = append(filters, `AND "device" IN (SELECT value FROM json_each(?))`)
		src.args = append(src.args, jsonList(q.Devices))
	}
	if len(q.Areas) > 0 {
		filters = append(filters, `AND "area" IN (SELECT value FROM json_each(?))`)
		src.args = append(src.args, jsonList(q.Areas))
	}
	src.filter = strings.Join(filters, " ")
	return src, nil
}

// A span is one ordered run of rows, read page by page.
type span struct {
	query string
	// args returns those of the page after the key, the limit excepted.
	args  func(after telemetry.Key) []any
	first telemetry.Key // less than the key of each row
}

// history is one device's part before the mark, through the index.
func (src *source) history(device telemetry.DeviceID) span {
	return span{
		query: fmt.Sprintf(`SELECT %s FROM %s CROSS JOIN %s USING ("time", "device", "seq")
			WHERE "device" = ? AND ("time", "seq") > (?, ?) AND "time" < ? %s
			ORDER BY "time", "seq" LIMIT ?`,
			src.table.names, quote(src.table.index()), quote(src.table.name), src.filter),
		args: func(after telemetry.Key) []any {
			return append([]any{string(device), after.Time, after.Seq, src.mark}, src.args...)
		},
		first: telemetry.Key{Time: src.from, Seq: math.MinInt64},
	}
}

// scan is the part from the mark on, in the order of the table.
func (src *source) scan() span {
	return span{
		query: fmt.Sprintf(`SELECT %s FROM %s
			WHERE ("time", "device", "seq") > (?, ?, ?) AND "time" < ? %s
			ORDER BY "time", "device", "seq" LIMIT ?`,
			src.table.names, quote(src.table.name), src.filter),
		args: func(after telemetry.Key) []any {
			return append([]any{after.Time, string(after.Device), after.Seq, src.to}, src.args...)
		},
		first: telemetry.Key{Time: src.mark, Seq: math.MinInt64},
	}
}

// pages reads a span page by page. Each page is whole in memory before the first
// reading of it is given away.
func (s *Store) pages(ctx context.Context, t *table, sp span, limit int) iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		size := pageRows
		if limit > 0 {
			size = min(size, limit)
		}
		page := make([]telemetry.Reading, 0, size)
		after := sp.first
		for {
			var err error
			page, err = s.page(ctx, t, page[:0], sp.query, append(sp.args(after), size)...)
			if err != nil {
				yield(telemetry.Reading{}, err)
				return
			}
			for i := range page {
				if !yield(page[i], nil) {
					return
				}
			}
			if len(page) < size {
				return
			}
			after = page[len(page)-1].Key()
		}
	}
}

// page appends the rows of one query of all columns.
func (s *Store) page(ctx context.Context, t *table, page []telemetry.Reading, query string, args ...any) (_ []telemetry.Reading, err error) {
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return page, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]any, len(t.columns))
	into := make([]any, len(row))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return page, err
		}
		r := telemetry.NewReading(t.kind)
		for i := range t.columns {
			if err := t.columns[i].set(&r, row[i]); err != nil {
				return page, fmt.Errorf("column %s of table %s: %w", t.columns[i].name, t.name, err)
			}
		}
		page = append(page, r)
	}
	return page, rows.Err()
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

func unique(devices []telemetry.DeviceID) []telemetry.DeviceID {
	sorted := slices.Clone(devices)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// jsonList returns texts as the argument of json_each, so that a list of any
// length is one argument.
func jsonList[T ~string](texts []T) string {
	b, err := json.Marshal(texts)
	if err != nil {
		panic(err) // texts always marshal
	}
	return string(b)
}
