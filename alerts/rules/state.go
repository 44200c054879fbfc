package rules

import (
	"encoding/binary"
	"errors"
	"time"
)

// A Truth is the answer of a rule.
type Truth uint8

// The answers. The zero Truth is Unknown.
const (
	Unknown Truth = iota
	False
	True
)

var truthNames = [...]string{Unknown: "unknown", False: "false", True: "true"}

// String returns the answer as a word.
func (t Truth) String() string { return truthNames[t] }

// A Phase is where an alert is in its life.
type Phase uint8

// The phases. Keeping is firing, too: the rule is no longer true, and
// keep_firing_for has not passed.
const (
	Inactive Phase = iota
	Pending
	Firing
	Keeping
)

var phaseNames = [...]string{Inactive: "inactive", Pending: "pending", Firing: "firing", Keeping: "keep_firing"}

// String returns the name for labels.
func (p Phase) String() string { return phaseNames[p] }

// A Transition is what a step changed.
type Transition uint8

// The transitions.
const (
	Unchanged Transition = iota
	Began                // it is true, and waits for the rule's "for"
	Fired                // it fires now
	Withdrawn            // it was pending and will not fire
	Resolved             // it fired and no longer does
)

var transitionNames = [...]string{"unchanged", "began", "fired", "withdrawn", "resolved"}

// String returns the name for logs.
func (t Transition) String() string { return transitionNames[t] }

// A State is one rule's alert for one subject. The zero State is inactive. It is a
// small value: keep those that are not inactive.
//
// A rule that comes from a new file with the same identity goes on with the state;
// other durations hold from the next step, as in Prometheus.
type State struct {
	Phase Phase
	Truth Truth // the last answer
	// ActiveAt is when the rule became true, FiredAt when the alert fired, in Unix
	// milliseconds; 0 when it has not.
	ActiveAt, FiredAt int64
	// turnedAt is when the answer stopped being true, for as long as that matters.
	turnedAt int64
}

// Firing reports whether the alert is out: [Firing] or [Keeping].
func (s *State) Firing() bool { return s.Phase >= Firing }

// Since returns when the rule became true; the zero time when inactive.
func (s *State) Since() time.Time {
	if s.Phase == Inactive {
		return time.Time{}
	}
	return time.UnixMilli(s.ActiveAt).UTC()
}

// Step enters the rule's answer at now, which must not go back.
//
// True begins, and fires when it has held for the rule's For. False withdraws what
// is pending, and resolves what fires, after KeepFiring. Unknown holds: it neither
// fires nor resolves, but for KeepUnknown, if the rule has one, which ends both.
func (s *State) Step(r *Rule, truth Truth, now time.Time) Transition {
	at := now.UnixMilli()
	previous := s.Truth
	s.Truth = truth
	switch truth {
	case True:
		return s.hold(r, at)
	case False:
		return s.end(r, at)
	default:
		return s.wait(r, previous, at)
	}
}

// hold: the rule is true.
func (s *State) hold(r *Rule, at int64) Transition {
	s.turnedAt = 0
	result := Unchanged
	switch s.Phase {
	case Firing:
		return Unchanged
	case Keeping:
		s.Phase = Firing
		return Unchanged
	case Inactive:
		s.Phase, s.ActiveAt = Pending, at
		result = Began
	}
	if at-s.ActiveAt < r.For.Milliseconds() {
		return result
	}
	s.Phase, s.FiredAt = Firing, at
	return Fired
}

// end: the rule is false.
func (s *State) end(r *Rule, at int64) Transition {
	switch s.Phase {
	case Pending:
		s.reset()
		return Withdrawn
	case Firing:
		s.Phase, s.turnedAt = Keeping, at
	}
	if s.Phase == Keeping && at-s.turnedAt >= r.KeepFiring.Milliseconds() {
		s.reset()
		return Resolved
	}
	return Unchanged
}

// wait: nobody knows.
func (s *State) wait(r *Rule, previous Truth, at int64) Transition {
	limit := r.KeepUnknown.Milliseconds()
	switch s.Phase {
	case Inactive:
		return Unchanged
	case Keeping:
		return s.end(r, at)
	}
	if previous != Unknown {
		s.turnedAt = at
	}
	if limit == 0 || at-s.turnedAt < limit {
		return Unchanged
	}
	result := Withdrawn
	if s.Phase == Firing {
		result = Resolved
	}
	s.reset()
	return result
}

// reset makes the alert inactive; the last answer stays.
func (s *State) reset() { *s = State{Truth: s.Truth} }

// Expire is the step at a Deadline: time has passed and the answer is the same.
func (s *State) Expire(r *Rule, now time.Time) Transition { return s.Step(r, s.Truth, now) }

// Deadline returns when time alone changes the state, the zero time for never. Call
// Expire then, or any time later.
func (s *State) Deadline(r *Rule) time.Time {
	var from int64
	var after time.Duration
	switch {
	case s.Phase == Keeping:
		from, after = s.turnedAt, r.KeepFiring
	case s.Phase == Inactive:
		return time.Time{}
	case s.Truth == Unknown && r.KeepUnknown > 0:
		from, after = s.turnedAt, r.KeepUnknown
	case s.Phase == Pending && s.Truth == True:
		from, after = s.ActiveAt, r.For
	default:
		return time.Time{}
	}
	return time.UnixMilli(from + after.Milliseconds()).UTC()
}

// StateSize is the length of an encoded State in bytes.
const StateSize = 2 + 3*8

// Append appends the state, in StateSize bytes.
func (s *State) Append(b []byte) []byte {
	b = append(b, byte(s.Phase), byte(s.Truth))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.ActiveAt))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.FiredAt))
	return binary.LittleEndian.AppendUint64(b, uint64(s.turnedAt))
}

// DecodeState reads what Append wrote.
func DecodeState(b []byte) (State, error) {
	if len(b) < StateSize {
		return State{}, errors.New("an alert's state is cut short")
	}
	if b[0] > byte(Keeping) || b[1] > byte(True) {
		return State{}, errors.New("an alert's state is damaged")
	}
	word := func(at int) int64 { return int64(binary.LittleEndian.Uint64(b[at:])) }
	return State{Phase: Phase(b[0]), Truth: Truth(b[1]), ActiveAt: word(2), FiredAt: word(10), turnedAt: word(18)}, nil
}
