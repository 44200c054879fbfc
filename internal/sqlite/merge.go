package sqlite

import (
	"cmp"
	"iter"
	"slices"

	"phusong/telemetry"
)

// merge returns the readings of all parts, each of which is ordered, in one
// order. There are few parts, so that looking at all their heads costs little.
// The first error ends it.
func merge(parts []iter.Seq2[telemetry.Reading, error]) iter.Seq2[telemetry.Reading, error] {
	if len(parts) == 1 {
		return parts[0]
	}
	return func(yield func(telemetry.Reading, error) bool) {
		type head struct {
			reading telemetry.Reading
			err     error
			next    func() (telemetry.Reading, error, bool)
		}
		var heads []head
		var stops []func()
		defer func() {
			for _, stop := range stops {
				stop()
			}
		}()
		for _, part := range parts {
			next, stop := iter.Pull2(part)
			stops = append(stops, stop)
			if r, err, ok := next(); ok {
				heads = append(heads, head{r, err, next})
			}
		}
		for len(heads) > 0 {
			i := 0
			for j := range heads {
				if heads[j].err != nil {
					yield(telemetry.Reading{}, heads[j].err)
					return
				}
				if before(&heads[j].reading, &heads[i].reading) {
					i = j
				}
			}
			if !yield(heads[i].reading, nil) {
				return
			}
			h := &heads[i]
			var ok bool
			if h.reading, h.err, ok = h.next(); !ok {
				heads = slices.Delete(heads, i, i+1)
			}
		}
	}
}

// before reports whether a comes first in the order of a Query.
func before(a, b *telemetry.Reading) bool {
	x, y := a.Key(), b.Key()
	return cmp.Or(cmp.Compare(x.Time, y.Time), cmp.Compare(x.Device, y.Device), cmp.Compare(x.Seq, y.Seq)) < 0
}
