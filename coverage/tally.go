package coverage

// maxSetOf bounds the sets of the temporal threshold.
const maxSetOf = 8

// kinds of tests that something can be shown with.
const (
	negativeKind = iota // missed the target: shows a gap
	unusableKind        // got no service: shows a dead cell
	positiveKind        // reached the target: shows coverage
	servedKind          // got service: shows that a cell is not dead
	kindCount
)

// A tally counts tests: of the cell and of each of its point-hexes, and of each kind.
type tally struct {
	tests  int
	of     [kindCount]int
	points [PointHexes]pointTally
}

type pointTally struct {
	tests int
	of    [kindCount]int
}

// kinds says of which kinds a record is.
func (r record) kinds(target, floor int) (is [kindCount]bool) {
	is[unusableKind] = !r.usable(floor)
	is[positiveKind] = r.positive(target) && !is[unusableKind]
	is[negativeKind] = !is[positiveKind]
	is[servedKind] = !is[unusableKind]
	return is
}

func (t *tally) add(r record, target, floor int) {
	p := &t.points[min(r.pointHex(), PointHexes-1)]
	t.tests++
	p.tests++
	for kind, is := range r.kinds(target, floor) {
		if is {
			t.of[kind]++
			p.of[kind]++
		}
	}
}

// plus adds another tally, or takes it away when sign is -1.
func (t *tally) plus(o *tally, sign int) {
	t.tests += sign * o.tests
	for kind := range t.of {
		t.of[kind] += sign * o.of[kind]
	}
	for i := range t.points {
		t.points[i].tests += sign * o.points[i].tests
		for kind := range t.of {
			t.points[i].of[kind] += sign * o.points[i].of[kind]
		}
	}
}

// extremes are the earliest and the latest times of day of a set, as many as a
// temporal threshold looks at.
type extremes struct {
	size             int // how many on each side
	n                int
	earliest, latest [maxSetOf]int32
}

func (e *extremes) add(second int32) {
	insert(e.earliest[:e.size], e.n, second, func(a, b int32) bool { return a < b })
	insert(e.latest[:e.size], e.n, second, func(a, b int32) bool { return a > b })
	e.n++
}

// insert keeps the first of the n values that were ever inserted, in order.
func insert(first []int32, n int, v int32, before func(a, b int32) bool) {
	at := min(n, len(first))
	for at > 0 && before(v, first[at-1]) {
		if at < len(first) {
			first[at] = first[at-1]
		}
		at--
	}
	if at < len(first) {
		first[at] = v
	}
}

// apart returns the time of day between the latest of the first set and the earliest of
// the last set of the given size; false when there are not two sets.
func (e *extremes) apart() (seconds int, ok bool) {
	if e.n < 2*e.size {
		return 0, false
	}
	return max(int(e.latest[e.size-1]-e.earliest[e.size-1]), 0), true
}
