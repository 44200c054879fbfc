package alerts

import (
	"cmp"
	"slices"
)

// A wheel is a hierarchical timing wheel: setting a timer, and moving time on, cost
// the same however many timers wait. Time is in Unix milliseconds and moves in steps of
// 1<<wheelShift; a timer is due at the first step that begins after its instant, so
// what happens in the very instant of a timer comes before it.
//
// Timers that are moved to a later instant, as most are with each reading of a
// device, stay where they are until their old place comes by.
type wheel struct {
	step  int64 // all timers due at this step or before have been given out
	heads [wheelLevels * wheelSlots]int32
	count [wheelLevels]int // of timers in the slots of a level
	nodes []wheelNode
	spare []timerID
	due   []dueTimer
}

// timerID names a timer of a wheel; 0 is none.
type timerID int32

type wheelNode struct {
	at         int64  // instant in ms; 0 when the timer is off
	rank       uint64 // among timers of one instant
	next, prev int32  // of the list of its slot; -1 ends it
	slot       int32  // -1 when in no list
}

type dueTimer struct {
	at   int64
	rank uint64
	id   timerID
}

const (
	wheelShift  = 7 // steps of 128 ms
	wheelBits   = 6
	wheelSlots  = 1 << wheelBits
	wheelLevels = 4
	// wheelReach is how many steps ahead a timer can be put; a farther one is looked at
	// on the way.
	wheelReach = 1 << (wheelBits * wheelLevels)
)

func newWheel(now int64) *wheel {
	w := &wheel{step: now >> wheelShift}
	for i := range w.heads {
		w.heads[i] = -1
	}
	w.add(0) // timer 0 is none
	return w
}

// add returns a new timer, which is off. Its rank, which no other may have, is its
// place among timers of the same instant, so that a copy of the wheel gives out the same.
func (w *wheel) add(rank uint64) timerID {
	node := wheelNode{rank: rank, next: -1, prev: -1, slot: -1}
	if n := len(w.spare); n > 0 {
		id := w.spare[n-1]
		w.spare = w.spare[:n-1]
		w.nodes[id] = node
		return id
	}
	w.nodes = append(w.nodes, node)
	return timerID(len(w.nodes) - 1)
}

// drop gives the timer up.
func (w *wheel) drop(id timerID) {
	if id == 0 {
		return
	}
	w.unlink(int32(id))
	w.nodes[id].at = 0
	w.spare = append(w.spare, id)
}

// set makes the timer due after an instant; 0 turns it off.
func (w *wheel) set(id timerID, at int64) {
	n := &w.nodes[id]
	old := n.at
	n.at = at
	if at == 0 || (n.slot >= 0 && old != 0 && at >= old) {
		return // its place comes by no later than it is due
	}
	w.unlink(int32(id))
	w.link(int32(id))
}

// at returns when the timer is due, 0 for off.
func (w *wheel) at(id timerID) int64 { return w.nodes[id].at }

// dueStep is the first step that begins after the instant.
func dueStep(at int64) int64 { return at>>wheelShift + 1 }

func (w *wheel) link(id int32) {
	n := &w.nodes[id]
	// What is due already is given out at the next step.
	target := max(dueStep(n.at), w.step+1)
	target = min(target, w.step+wheelReach-1)
	level := 0
	for ahead := target - w.step; ahead >= wheelSlots; ahead >>= wheelBits {
		level++
	}
	slot := int32(level*wheelSlots) + int32(target>>(wheelBits*level)&(wheelSlots-1))
	n.slot, n.prev, n.next = slot, -1, w.heads[slot]
	if n.next >= 0 {
		w.nodes[n.next].prev = id
	}
	w.heads[slot] = id
	w.count[level]++
}

func (w *wheel) unlink(id int32) {
	n := &w.nodes[id]
	if n.slot < 0 {
		return
	}
	if n.prev >= 0 {
		w.nodes[n.prev].next = n.next
	} else {
		w.heads[n.slot] = n.next
	}
	if n.next >= 0 {
		w.nodes[n.next].prev = n.prev
	}
	w.count[n.slot>>wheelBits]--
	n.slot, n.next, n.prev = -1, -1, -1
}

// advance moves time on and gives out each timer that is due at now or before, in the
// order of their instants and then of their ranks, by its rank. Each is off when it is
// given out; give may set any timer.
func (w *wheel) advance(now int64, give func(rank uint64, at int64)) {
	for target := now >> wheelShift; w.step < target; {
		if w.skip(target); w.step == target {
			return
		}
		w.step++
		for level := wheelLevels - 1; level > 0; level-- {
			if w.step&(1<<(wheelBits*level)-1) == 0 {
				w.empty(int32(level*wheelSlots) + int32(w.step>>(wheelBits*level)&(wheelSlots-1)))
			}
		}
		w.empty(int32(w.step & (wheelSlots - 1)))
		if len(w.due) == 0 {
			continue
		}
		due := w.due
		slices.SortFunc(due, func(a, b dueTimer) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank)) })
		w.due = nil
		for _, d := range due {
			if n := &w.nodes[d.id]; n.at == d.at && n.rank == d.rank { // nobody moved it meanwhile
				n.at = 0
				give(d.rank, d.at)
			}
		}
		w.due = due[:0]
	}
}

// skip passes over steps at which nothing can be due.
func (w *wheel) skip(target int64) {
	level := 0
	for level < wheelLevels && w.count[level] == 0 {
		level++
	}
	w.step = min(target, w.step|(1<<(wheelBits*level)-1))
}

// empty takes the timers out of a slot: those that are due now go to w.due, the others
// to where they belong.
func (w *wheel) empty(slot int32) {
	for id := w.heads[slot]; id >= 0; {
		n := &w.nodes[id]
		next := n.next
		n.slot, n.next, n.prev = -1, -1, -1
		w.count[slot>>wheelBits]--
		switch {
		case n.at == 0:
		case dueStep(n.at) <= w.step:
			w.due = append(w.due, dueTimer{at: n.at, rank: n.rank, id: timerID(id)})
		default:
			w.link(id)
		}
		id = next
	}
	w.heads[slot] = -1
}
