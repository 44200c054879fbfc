package coverage

import (
	"cmp"
	"slices"
)

// TestsPerDay is how many tests of one operator, cell and day are kept. It is the
// number of clean tests that proves coverage, so one day's survey can; and more tests
// of one day would say more about that day than about the cell. Of more, a draw decides
// that nobody can steer and anybody can repeat: see record.compare.
const TestsPerDay = 29

// A bucket holds the tests of one operator, cell and local day: of each device and
// slot the earliest, of those at most TestsPerDay, first by whether they count and then by
// the draw.
//
// It is a set with a limit, and what it holds is a function of the set of all records
// that were ever added: an id that falls off can never come back, because its place in
// the order is fixed and those before it only become more. Hence adding twice, in any
// order, or in parts that are merged, comes to the same.
type bucket struct {
	day     Day
	records []record // sorted by compare
}

// add returns whether the bucket changed.
func (b *bucket) add(r record) bool {
	at, found := slices.BinarySearchFunc(b.records, r, func(x, y record) int { return x.compare(y, b.day) })
	switch {
	case found:
		if !r.less(b.records[at]) {
			return false
		}
		b.records[at] = r
		return true
	case at == TestsPerDay:
		return false
	case len(b.records) == TestsPerDay:
		copy(b.records[at+1:], b.records[at:])
		b.records[at] = r
		return true
	}
	if n := len(b.records); n == cap(b.records) {
		// append would leave room for more than a day ever holds.
		b.records = append(make([]record, 0, min(max(2*n, 1), TestsPerDay)), b.records...)
	}
	b.records = slices.Insert(b.records, at, r)
	return true
}

// full reports whether tests that count may have been left out.
func (b *bucket) full() bool {
	return len(b.records) == TestsPerDay && b.records[TestsPerDay-1].counts()
}

// appendCounted appends the records of a day that count: valid, not superseded, not struck
// out, and at least slotSeconds after the last such one of the same device. They come in the order
// of device and time.
func (s *series) appendCounted(list []record, b *bucket) []record {
	if b.day < s.from {
		return list
	}
	from := len(list)
	for _, r := range b.records {
		if r.counts() && !s.isStruck(b.day, r) {
			list = append(list, r)
		}
	}
	day := list[from:]
	slices.SortFunc(day, func(x, y record) int { return cmp.Compare(x.who, y.who) })
	kept := day[:0]
	for _, r := range day {
		if n := len(kept); n > 0 && kept[n-1].device() == r.device() && r.second()-kept[n-1].second() < slotSeconds {
			continue
		}
		kept = append(kept, r)
	}
	return list[:from+len(kept)]
}
