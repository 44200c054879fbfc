package stream

import (
	"errors"
	"fmt"
	"sync"
)

// health is what is known about the storage. Its zero value is healthy.
type health struct {
	mu     sync.Mutex
	fault  error         // why writes are refused, nil when they are not
	last   error         // what the last write got
	broken chan struct{} // made on demand; closed when fault is set
}

// writable returns a channel that is closed when the storage breaks, or the
// reason why it is broken now.
func (h *health) writable() (<-chan struct{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken == nil {
		h.broken = make(chan struct{})
	}
	return h.broken, h.fault
}

// breaks makes every write fail with err, those under way too, until mended.
func (h *health) breaks(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fault = fmt.Errorf("%w: %w", ErrUnavailable, err)
	if h.broken != nil {
		close(h.broken)
	}
	h.broken = nil
}

// reason returns why a write was broken off.
func (h *health) reason() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fault != nil {
		return h.fault
	}
	return fmt.Errorf("%w: storage failed during the write", ErrUnavailable) // and is mended by now
}

// mended lets writes through again. It may be called when nothing was broken.
func (h *health) mended() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fault, h.last = nil, nil
	// A write that raced with the break may have made the channel after it
	// was closed; it stays valid for the next one.
}

func (h *health) worked() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = nil
}

func (h *health) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = err
}

// roomMade forgets that a log was full.
func (h *health) roomMade() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if errors.Is(h.last, ErrFull) {
		h.last = nil
	}
}

func (h *health) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fault != nil {
		return h.fault
	}
	return h.last
}

// broadcast wakes everybody who is waiting. Its zero value is ready.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// next returns a channel that is closed by the next call of tell.
func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
	}
	b.ch = nil
}
