package desk

import (
	"slices"
	"time"
)

// A Calendar is announced work, found by its place. It is not safe for concurrent use.
type Calendar struct {
	windows map[string]known[Window] // by id
	scopes  map[Scope][]string       // ids of windows
}

func emptyCalendar() Calendar {
	return Calendar{windows: make(map[string]known[Window]), scopes: make(map[Scope][]string)}
}

// NewCalendar tells for times that are past what [Desk.Muted] told then: windows are those that
// [Desk.Windows] returns, and each counts from when it was announced on, however early it says
// that the work began. The error names a window whose time zone nobody knows here.
func NewCalendar(windows []Window) (*Calendar, error) {
	c := emptyCalendar()
	for _, w := range windows {
		if err := w.locate(); err != nil {
			return nil, err
		}
		if len(w.History) > 0 && w.History[0].At.After(w.From) {
			w.From = w.History[0].At
		}
		c.put(w.ID, known[Window]{value: w})
	}
	return &c, nil
}

// put adds a window that is not there.
func (c *Calendar) put(id string, w known[Window]) {
	c.windows[id] = w
	c.scopes[w.value.Scope] = append(c.scopes[w.value.Scope], id)
}

func (c *Calendar) drop(id string) {
	w, there := c.windows[id]
	if !there {
		return
	}
	delete(c.windows, id)
	left := slices.DeleteFunc(c.scopes[w.value.Scope], func(other string) bool { return other == id })
	if len(left) == 0 {
		delete(c.scopes, w.value.Scope)
	} else {
		c.scopes[w.value.Scope] = left
	}
}

// Muted reports whether work is announced for the subject at that instant.
func (c *Calendar) Muted(at time.Time, subject Subject) bool {
	if len(c.windows) == 0 {
		return false
	}
	for _, scope := range subject.scopes() {
		if scope == (Scope{}) {
			continue
		}
		for _, id := range c.scopes[scope] {
			w := c.windows[id].value
			if w.Open(at) {
				return true
			}
		}
	}
	return false
}
