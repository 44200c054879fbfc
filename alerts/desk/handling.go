package desk

import (
	"slices"
	"time"
)

// A Handling is what people know and did about one alert. Its methods return another
// Handling and leave it as it is.
type Handling struct {
	Alert string `json:"alert"`
	// Acknowledgement is the last one that was not released; it may have expired.
	Acknowledgement *Acknowledgement `json:"acknowledgement,omitempty"`
	Assignee        string           `json:"assignee,omitempty"`
	// History are the last entries, oldest first. Those before them are in Pages pages of the
	// store: see [Desk.History].
	History []Entry `json:"history"`
	Pages   int     `json:"pages,omitempty"`
	// Recent are the ids of the last acts that are no longer in History, so that a
	// repetition is still known for one.
	Recent []string `json:"recent,omitempty"`
}

// An Acknowledgement says that somebody has the alert in hand.
type Acknowledgement struct {
	Who   string    `json:"who"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
}

// MaxAcknowledge is the longest that an alert can be in hand without being told again:
// what takes longer is work to be announced, or to be acknowledged anew.
const MaxAcknowledge = 7 * 24 * time.Hour

// Acknowledge takes the alert in hand. Whoever has had it in hand does not any more.
func (h Handling) Acknowledge(act Act, until time.Time) (Handling, error) {
	if err := act.check(); err != nil {
		return h, err
	}
	if h.has(act.ID) { // also one that has ended since: its answer was lost, and a phone asks again
		return h, nil
	}
	until = instant(until)
	switch {
	case !until.After(act.At):
		after := instant(act.At).Format(time.RFC3339)
		return h, refuse(RefusedNoSpan, params{"after": after}, "the acknowledgement would end before it begins; give a time after %s", after)
	case until.Sub(act.At) > MaxAcknowledge:
		return h, refuse(RefusedTooLong, params{"days": days(MaxAcknowledge)}, "an acknowledgement lasts %s at most; announce work instead", MaxAcknowledge)
	}
	e := act.entry(Acknowledged)
	e.Until = &until
	return h.with(e, func(h *Handling) {
		h.Acknowledgement = &Acknowledgement{Who: act.Who, At: e.At, Until: until}
	}), nil
}

// Release takes the alert out of hand: it is told again.
func (h Handling) Release(act Act) (Handling, error) {
	if err := act.check(); err != nil {
		return h, err
	}
	if h.has(act.ID) {
		return h, nil
	}
	if !h.Acknowledged(act.At) {
		return h, refuse(RefusedNotInHand, nil, "nobody has the alert in hand")
	}
	return h.with(act.entry(Released), func(h *Handling) { h.Acknowledgement = nil }), nil
}

// Assign gives the alert to somebody, or to nobody.
func (h Handling) Assign(act Act, to string) (Handling, error) {
	if err := act.check(); err != nil {
		return h, err
	}
	if to != "" {
		if err := checkName(written{"to", "to whom", to}); err != nil {
			return h, err
		}
	}
	e := act.entry(Assigned)
	e.To = to
	return h.with(e, func(h *Handling) { h.Assignee = to }), nil
}

// Comment adds what somebody found.
func (h Handling) Comment(act Act) (Handling, error) {
	if err := act.check(); err != nil {
		return h, err
	}
	if act.Text == "" {
		return h, refuse(RefusedMissing, params{"field": "text"}, "the comment is empty")
	}
	return h.with(act.entry(Commented), func(*Handling) {}), nil
}

// Record notes what the rules did. Nobody has a resolved alert in hand any more: should it come
// back, it is another one.
func (h Handling) Record(act Act, action Action) (Handling, error) {
	if err := act.check(); err != nil {
		return h, err
	}
	if !slices.Contains(recordable, action) {
		return h, refuse(RefusedAction, params{"action": string(action)}, "%q is nothing that rules do", action)
	}
	return h.with(act.entry(action), func(h *Handling) {
		if action == Resolved {
			h.Acknowledgement = nil
		}
	}), nil
}

// with returns the handling after one more entry; unchanged when it is a repetition.
func (h Handling) with(e Entry, change func(*Handling)) Handling {
	if h.has(e.ID) {
		return h
	}
	h.History = append(slices.Clip(h.History), e)
	change(&h)
	return h
}

// has reports whether the act of that ID was done.
func (h *Handling) has(id string) bool {
	return done(h.History, id) || id != "" && slices.Contains(h.Recent, id)
}

// Acknowledged reports whether somebody has the alert in hand at that instant.
func (h *Handling) Acknowledged(at time.Time) bool {
	return h.Acknowledgement != nil && at.Before(h.Acknowledgement.Until)
}

// Last is when something was done with it last; zero for never.
func (h *Handling) Last() (last time.Time) {
	for _, e := range h.History {
		if e.At.After(last) {
			last = e.At
		}
	}
	return last
}

// Of a history this many entries stay at hand; beyond it, the oldest go into a page.
const (
	maxHistory  = 64
	pageEntries = 32
	maxRecent   = 64
)

// turn takes a page out of a history that has become too long. The page is a function of the
// handling alone, so two replicas that turn it write the same.
func (h Handling) turn() (rest Handling, page []Entry) {
	if len(h.History) <= maxHistory {
		return h, nil
	}
	page = h.History[:pageEntries]
	h.History = slices.Clone(h.History[pageEntries:])
	recent := slices.Clone(h.Recent)
	for _, e := range page {
		if e.ID != "" {
			recent = append(recent, e.ID)
		}
	}
	h.Recent = recent[max(len(recent)-maxRecent, 0):]
	h.Pages++
	return h, page
}
