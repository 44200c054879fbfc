package alerts

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is set, moved and dropped, the wheel gives out what a sorted list would.
func TestWheelAgreesWithAList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.Int64Range(1, 1<<42).Draw(t, "start")
		w := newWheel(now)
		var ids []timerID
		model := make(map[uint64]int64)
		for rank := range uint64(rapid.IntRange(1, 30).Draw(t, "timers")) {
			ids = append(ids, w.add(rank))
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "set") {
				n := rapid.IntRange(0, len(ids)-1).Draw(t, "timer")
				ahead := rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64Range(0, 600_000), rapid.Int64Range(0, 1<<28)).Draw(t, "ahead")
				at := max(1, now+ahead)
				w.set(ids[n], at)
				model[uint64(n)] = at
				continue
			}
			passes := rapid.OneOf(rapid.Int64Range(0, 500), rapid.Int64Range(0, 100_000), rapid.Int64Range(0, 1<<31)).Draw(t, "passes")
			before := now
			now += passes
			type given struct {
				at   int64
				rank uint64
			}
			var want, got []given
			for rank, at := range model {
				if dueStep(at) <= now>>wheelShift && now>>wheelShift > before>>wheelShift {
					want = append(want, given{at, rank})
					delete(model, rank)
				}
			}
			byStep := func(a, b given) int {
				step := func(g given) int64 { return max(dueStep(g.at), before>>wheelShift+1) }
				return cmp.Or(cmp.Compare(step(a), step(b)), cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank))
			}
			slices.SortFunc(want, byStep)
			w.advance(now, func(rank uint64, at int64) { got = append(got, given{at, rank}) })
			if !slices.Equal(want, got) {
				t.Fatalf("from %d to %d: got %v, want %v", before, now, got, want)
			}
		}
	})
}

func TestWheelDoesNotAllocate(t *testing.T) {
	w := newWheel(1)
	id := w.add(1)
	now := int64(1)
	give := func(uint64, int64) {}
	w.set(id, now+1)
	w.advance(now+1000, give)
	now += 1000
	if n := testing.AllocsPerRun(1000, func() {
		w.set(id, now+60_000)
		now += 61_000
		w.advance(now, give)
	}); n != 0 {
		t.Errorf("%v allocations for each timer", n)
	}
}
