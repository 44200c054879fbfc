package alertmanager

import (
	"sync"
	"time"
)

// health knows which ways to people fail, and since when.
type health struct {
	mu    sync.Mutex
	since map[string]time.Time // guarded by mu; by name, of those that fail
}

func newHealth() *health { return &health{since: make(map[string]time.Time)} }

// report says how an attempt at now went.
func (h *health) report(name string, err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		delete(h.since, name)
	} else if _, fails := h.since[name]; !fails {
		h.since[name] = now
	}
}

// forget is for a new configuration, whose receivers are others.
func (h *health) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.since)
}

// failing returns how many ways fail, and since when the first and the last of them do.
func (h *health) failing() (n int, first, last time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, at := range h.since {
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return len(h.since), first, last
}
