package simulator

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever is put off to when, turns come in the order of time and then of devices.
func TestTheAgendaKeepsOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var a agenda
		for i, at := range rapid.SliceOfN(rapid.Int64Range(0, 50), 1, 40).Draw(t, "times") {
			a.push(turn{at: at, device: i})
		}
		var last turn
		for _, pause := range rapid.SliceOfN(rapid.Int64Range(1, 30), 1, 200).Draw(t, "pauses") {
			if now := a[0]; now.before(last) {
				t.Fatalf("%v comes after %v", now, last)
			}
			if first := slices.MinFunc(a, func(x, y turn) int {
				if x.before(y) {
					return -1
				}
				return 1
			}); first != a[0] {
				t.Fatalf("%v is on top, but %v is due", a[0], first)
			}
			last = a[0]
			a.replaceFirst(last.at + pause)
		}
	})
}

// Any instant can be asked for without living through those before it: the truth about
// it does not depend on what was asked before.
func TestTheWorldForgetsNothingAndLearnsNothing(t *testing.T) {
	t.Parallel()
	w, twin := newWorld(t, nil), newWorld(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		at := testStart.Add(time.Duration(rapid.Int64Range(-1e6, 1e8).Draw(t, "seconds")) * time.Second)
		if got, want := w.Down(at), twin.Down(at); !slices.Equal(got, want) {
			t.Fatalf("at %v: %v, asked afresh %v", at, got, want)
		}
		d := &w.devices[rapid.IntRange(0, len(w.devices)-1).Draw(t, "device")]
		place := w.communes[d.commune].Center
		if got, want := w.Air(place, at), twin.Air(place, at); got != want {
			t.Fatalf("at %v: %+v, asked afresh %+v", at, got, want)
		}
		if got, want := w.Service("45204", place, at), twin.Service("45204", place, at); got != want {
			t.Fatalf("at %v: %+v, asked afresh %+v", at, got, want)
		}
	})
}
