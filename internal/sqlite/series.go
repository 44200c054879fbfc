package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"phusong/telemetry"
)

// Series returns one field of the readings that q selects, folded into steps, in
// the order of time and device; steps without a value are left out. The numbers
// by which environment sensors say "no value" do not enter.
func (s *Store) Series(ctx context.Context, q telemetry.SeriesQuery) ([]telemetry.Sample, error) {
	samples, err := s.series(ctx, &q)
	return samples, s.explain("reading", err)
}

func (s *Store) series(ctx context.Context, q *telemetry.SeriesQuery) (samples []telemetry.Sample, err error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	if q.Step%time.Millisecond != 0 {
		return nil, &telemetry.RejectedError{Reason: fmt.Sprintf("query: the step %s is not a whole number of milliseconds", q.Step)}
	}
	src, err := s.source(ctx, &q.Query)
	if err != nil {
		return nil, err
	}
	query, args := src.series(q)
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var sample telemetry.Sample
		var ms int64
		if err := rows.Scan(&ms, &sample.Device, &sample.Value); err != nil {
			return nil, err
		}
		sample.Time = time.UnixMilli(ms).UTC()
		samples = append(samples, sample)
	}
	return samples, rows.Err()
}

// series returns the query. Its inner part names the values, through the index
// and by scanning, and the outer one folds them.
func (src *source) series(q *telemetry.SeriesQuery) (string, []any) {
	step := q.Step.Milliseconds()
	value := fmt.Sprintf("CAST(%s AS REAL)", quote(q.Field))
	condition := quote(q.Field) + " IS NOT NULL"
	if q.Kind == telemetry.KindEnvironment {
		condition += fmt.Sprintf(" AND %s NOT IN (-999, -9999)", quote(q.Field))
	}
	selected := fmt.Sprintf(`SELECT "time" - "time" %% %d AS "step", "device", "time", "seq", %s AS "value"`, step, value)

	inner := fmt.Sprintf(`%s FROM %s WHERE "time" >= ? AND "time" < ? AND %s %s`,
		selected, quote(src.table.name), condition, src.filter)
	args := append([]any{src.mark, src.to}, src.args...)
	if len(src.indexed) > 0 {
		inner += fmt.Sprintf(` UNION ALL %s FROM %s CROSS JOIN %s USING ("time", "device", "seq")
			WHERE "device" IN (SELECT value FROM json_each(?)) AND "time" >= ? AND "time" < ? AND %s %s`,
			selected, quote(src.table.index()), quote(src.table.name), condition, src.filter)
		args = append(append(args, jsonList(src.indexed), src.from, src.mark), src.args...)
	}

	fold := fmt.Sprintf(`SELECT "step", "device", %s FROM (%s) GROUP BY "step", "device"`, aggregate[q.Aggregate], inner)
	if q.Aggregate == telemetry.Last {
		fold = fmt.Sprintf(`SELECT "step", "device", "value" FROM (SELECT *, row_number() OVER
			(PARTITION BY "step", "device" ORDER BY "time" DESC, "seq" DESC) AS "place" FROM (%s)) WHERE "place" = 1`, inner)
	}
	limit := -1 // none
	if q.Limit > 0 {
		limit = q.Limit
	}
	return fold + ` ORDER BY "step", "device" LIMIT ?`, append(args, limit)
}

// aggregate is how SQLite calls them. total is sum that cannot overflow.
var aggregate = map[telemetry.Aggregate]string{
	telemetry.Mean:  `avg("value")`,
	telemetry.Min:   `min("value")`,
	telemetry.Max:   `max("value")`,
	telemetry.Sum:   `total("value")`,
	telemetry.Count: `count("value")`,
}
