package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"phusong/telemetry"
)

// Count returns how many readings of the kind are stored with from <= time < to.
func (s *Store) Count(ctx context.Context, k telemetry.Kind, from, to time.Time) (int64, error) {
	t := s.tables[k]
	if t == nil {
		return 0, s.explain("counting in", unknownKind(k))
	}
	var n int64
	err := s.readers.QueryRowContext(ctx,
		fmt.Sprintf(`SELECT count(*) FROM %s WHERE "time" >= ? AND "time" < ?`, quote(t.name)),
		ceilMilli(from), ceilMilli(to)).Scan(&n)
	return n, s.explain("counting in", err)
}

func unknownKind(k telemetry.Kind) error {
	return &telemetry.RejectedError{Reason: fmt.Sprintf("kind %s is unknown", k)}
}

// keysPerQuery bounds one look-up, which takes four arguments a key.
const keysPerQuery = 500

// Has reports for each key whether a reading with it is stored.
func (s *Store) Has(ctx context.Context, keys []telemetry.Key) ([]bool, error) {
	there := make([]bool, len(keys))
	byKind := map[telemetry.Kind][]int{}
	for i, key := range keys {
		if s.tables[key.Kind] == nil {
			return nil, s.explain("looking into", unknownKind(key.Kind))
		}
		byKind[key.Kind] = append(byKind[key.Kind], i)
	}
	for k, positions := range byKind {
		for some := range slices.Chunk(positions, keysPerQuery) {
			if err := s.has(ctx, s.tables[k], keys, some, there); err != nil {
				return nil, s.explain("looking into", err)
			}
		}
	}
	return there, nil
}

// has sets there at those of the positions whose key is stored.
func (s *Store) has(ctx context.Context, t *table, keys []telemetry.Key, positions []int, there []bool) (err error) {
	args := make([]any, 0, 4*len(positions))
	for _, i := range positions {
		args = append(args, i, keys[i].Time, string(keys[i].Device), keys[i].Seq)
	}
	rows, err := s.readers.QueryContext(ctx, fmt.Sprintf(
		`WITH "wanted" ("position", "time", "device", "seq") AS (VALUES %s)
		SELECT "position" FROM "wanted" CROSS JOIN %s USING ("time", "device", "seq")`,
		values(len(positions), 4), quote(t.name)), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var i int
		if err := rows.Scan(&i); err != nil {
			return err
		}
		there[i] = true
	}
	return rows.Err()
}

// Latest returns the newest reading of each device, in the order of the devices.
// It holds one small entry per device in memory.
func (s *Store) Latest(ctx context.Context, k telemetry.Kind) iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		t := s.tables[k]
		if t == nil {
			yield(telemetry.Reading{}, s.explain("reading", unknownKind(k)))
			return
		}
		newest, err := s.newest(ctx, t)
		if err != nil {
			yield(telemetry.Reading{}, s.explain("reading", err))
			return
		}
		query := fmt.Sprintf(`SELECT %s FROM %s WHERE "device" = ? AND "time" = ? ORDER BY "seq" DESC LIMIT 1`, t.names, quote(t.name))
		var page []telemetry.Reading
		for _, device := range slices.Sorted(maps.Keys(newest)) {
			page, err = s.page(ctx, t, page[:0], query, device, newest[device])
			if err != nil {
				yield(telemetry.Reading{}, s.explain("reading", err))
				return
			}
			// None when it was just deleted for its age.
			if len(page) == 1 && !yield(page[0], nil) {
				return
			}
		}
	}
}

// newest returns the time of each device's newest reading: by hopping over the
// index from device to device, and from the rows that are not in the index yet.
func (s *Store) newest(ctx context.Context, t *table) (_ map[string]int64, err error) {
	rows, err := s.readers.QueryContext(ctx, fmt.Sprintf(`
		WITH RECURSIVE "hop" ("device") AS (
			SELECT min("device") FROM %[1]s
			UNION ALL
			SELECT (SELECT min("device") FROM %[1]s AS "n" WHERE "n"."device" > "hop"."device") FROM "hop" WHERE "device" IS NOT NULL)
		SELECT "device", (SELECT max("time") FROM %[1]s AS "n" WHERE "n"."device" = "hop"."device") FROM "hop" WHERE "device" IS NOT NULL
		UNION ALL
		SELECT "device", max("time") FROM %[2]s WHERE "time" >= %[3]s GROUP BY "device"`,
		quote(t.index()), quote(t.name), t.indexedBefore()))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	newest := map[string]int64{}
	for rows.Next() {
		var device string
		var ms int64
		if err := rows.Scan(&device, &ms); err != nil {
			return nil, err
		}
		newest[device] = max(ms, newest[device])
	}
	return newest, rows.Err()
}
