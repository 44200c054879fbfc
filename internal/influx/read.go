package influx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"phusong/telemetry"
)

const (
	// pageRows is about how many readings one query fetches, and so how many are
	// in memory, here and in the server.
	pageRows = 20_000
	// mostParts is into how many parts a range with too many readings is divided.
	mostParts = 64
)

// Readings returns the stored readings that q selects, in the order of time,
// device and sequence number. What is being written at the same time may be
// missing among them, or lack fields: InfluxDB does not write points at once. After an error, also that of ctx, the sequence ends.
func (s *Store) Readings(ctx context.Context, q telemetry.Query) iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		if err := q.Validate(); err != nil {
			yield(telemetry.Reading{}, err)
			return
		}
		left := q.Limit // 0 never becomes 0 again: no limit
		err := s.scan(ctx, selectionOf(&q), func(r telemetry.Reading) error {
			if !yield(r, nil) {
				return errEnough
			}
			if left--; left == 0 {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(telemetry.Reading{}, s.explain(ctx, "reading", err))
		}
	}
}

// errEnough ends a scan of which nobody wants the rest.
var errEnough = errors.New("enough")

// scan gives the selected readings in order. It counts before it fetches: a
// range that holds much is divided, because the server answers device by device
// and the order by time is made here, in memory.
func (s *Store) scan(ctx context.Context, sel selection, f func(telemetry.Reading) error) error {
	n, err := s.count(ctx, &sel)
	switch {
	case err != nil:
		return err
	case n == 0:
		return nil
	case n <= pageRows || sel.to-sel.from == 1:
		return s.page(ctx, &sel, f)
	}
	parts := min(n+n/2, mostParts*pageRows)/pageRows + 1
	for from, width := sel.from, (sel.to-sel.from+parts-1)/parts; from < sel.to; from += width {
		part := sel
		part.from, part.to = from, min(from+width, sel.to)
		if err := s.scan(ctx, part, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) page(ctx context.Context, sel *selection, f func(telemetry.Reading) error) error {
	var page []telemetry.Reading
	err := s.query(ctx, s.flux(sel)+wide, func(row map[string]any) error {
		if torn(row) {
			return nil
		}
		r, err := decode(sel.kind, row)
		page = append(page, r)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(page, func(a, b telemetry.Reading) int { return compareKeys(a.Key(), b.Key()) })
	for i := range page {
		// The answer is here already; a context that ended must be seen all the same.
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(page[i]); err != nil {
			return err
		}
	}
	return nil
}

// compareKeys is the order of a Query.
func compareKeys(a, b telemetry.Key) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Seq, b.Seq))
}

func sortSamples(samples []telemetry.Sample) {
	slices.SortFunc(samples, func(a, b telemetry.Sample) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Device, b.Device))
	})
}

// latestDevices is of how many devices one query fetches the newest reading.
const latestDevices = 500

// Latest returns the newest reading of each device, in the order of the devices.
// It holds one small entry per device in memory.
func (s *Store) Latest(ctx context.Context, k telemetry.Kind) iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		if telemetry.Fields(k) == nil {
			yield(telemetry.Reading{}, unknownKind(k))
			return
		}
		newest, err := s.newest(ctx, k)
		for some := range slices.Chunk(slices.Sorted(maps.Keys(newest)), latestDevices) {
			if err != nil {
				break
			}
			err = s.latest(ctx, k, some, newest, func(r telemetry.Reading) error {
				if !yield(r, nil) {
					return errEnough
				}
				return nil
			})
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(telemetry.Reading{}, s.explain(ctx, "reading", err))
		}
	}
}

// newest returns the time of each device's newest point, in Unix nanoseconds.
func (s *Store) newest(ctx context.Context, k telemetry.Kind) (map[telemetry.DeviceID]int64, error) {
	newest := map[telemetry.DeviceID]int64{}
	all := selection{kind: k, to: maxMilli + 1}
	err := s.query(ctx, s.flux(&all, "received")+` |> last()`, func(row map[string]any) error {
		device, at, err := place(row)
		newest[device] = max(at, newest[device])
		return err
	})
	return newest, err
}

// latest gives the newest readings of a few devices, in order.
func (s *Store) latest(ctx context.Context, k telemetry.Kind, devices []telemetry.DeviceID, newest map[telemetry.DeviceID]int64, f func(telemetry.Reading) error) error {
	sel := selection{kind: k, from: maxMilli, to: maxMilli + 1, devices: devices}
	for _, device := range devices {
		sel.from = min(sel.from, newest[device]/nanosPerMilli)
	}
	found := make(map[telemetry.DeviceID]telemetry.Reading, len(devices))
	// The last value of each field: those that the newest reading did not carry are
	// older than it and make rows of their own.
	err := s.query(ctx, s.flux(&sel)+` |> last()`+wide, func(row map[string]any) error {
		device, at, err := place(row)
		if err != nil || at < newest[device] || torn(row) {
			return err
		}
		found[device], err = decode(k, row)
		newest[device] = at // perhaps newer, just written
		return err
	})
	if err != nil {
		return err
	}
	for _, device := range devices {
		if r, ok := found[device]; ok {
			if err := f(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// place returns the device and the time, in Unix nanoseconds, of a row.
func place(row map[string]any) (telemetry.DeviceID, int64, error) {
	device, ok := row["device"].(string)
	at, okTime := row["_time"].(time.Time)
	if !ok || !okTime {
		return "", 0, fmt.Errorf("a row came without device or time")
	}
	return telemetry.DeviceID(device), at.UnixNano(), nil
}

const (
	keysPerQuery = 1000
	// keysSpan bounds the time that one look-up covers, in milliseconds, because the
	// server answers with all that is there and not with what was asked for.
	keysSpan = 60_000
	// keysDevices is up to how many devices are worth naming: of more, the server
	// answers faster with all.
	keysDevices = 128
)

// Has reports for each key whether a reading with it is stored.
func (s *Store) Has(ctx context.Context, keys []telemetry.Key) ([]bool, error) {
	order := make([]int, len(keys))
	for i, key := range keys {
		if telemetry.Fields(key.Kind) == nil {
			return nil, unknownKind(key.Kind)
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(keys[a].Kind, keys[b].Kind), compareKeys(keys[a], keys[b]))
	})
	there := make([]bool, len(keys))
	for len(order) > 0 {
		first, n := keys[order[0]], 1
		for n < min(len(order), keysPerQuery) && keys[order[n]].Kind == first.Kind && keys[order[n]].Time-first.Time < keysSpan {
			n++
		}
		if err := s.has(ctx, keys, order[:n], there); err != nil {
			return nil, s.explain(ctx, "looking into", err)
		}
		order = order[n:]
	}
	return there, nil
}

// has sets there at those of the positions whose key is stored. They are of one
// kind and in order.
func (s *Store) has(ctx context.Context, keys []telemetry.Key, positions []int, there []bool) error {
	type point struct {
		device telemetry.DeviceID
		at     int64
	}
	wanted := map[point][]int{}
	sel := selection{kind: keys[positions[0]].Kind}
	for _, i := range positions {
		if _, err := telemetry.ParseDeviceID(string(keys[i].Device)); err != nil {
			continue // not stored, and nothing to put into a query
		}
		p := point{keys[i].Device, pointTime(keys[i])}
		wanted[p] = append(wanted[p], i)
		sel.devices = append(sel.devices, p.device)
	}
	sel.from, sel.to = clamp(keys[positions[0]].Time), clamp(keys[positions[len(positions)-1]].Time+1)
	if sel.empty() || len(wanted) == 0 {
		return nil
	}
	slices.Sort(sel.devices)
	if sel.devices = slices.Compact(sel.devices); len(sel.devices) > keysDevices {
		sel.devices = nil
	}
	return s.query(ctx, s.flux(&sel, "received"), func(row map[string]any) error {
		device, at, err := place(row)
		for _, i := range wanted[point{device, at}] {
			there[i] = true
		}
		return err
	})
}
