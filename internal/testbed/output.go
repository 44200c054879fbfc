package testbed

import "sync"

// maxOutput bounds how much of a program's output is kept.
const maxOutput = 8 << 20

// output collects what a program writes and wakes those who wait for more.
type output struct {
	mu      sync.Mutex
	text    []byte        // guarded by mu; at most maxOutput bytes, the oldest are dropped first
	changed chan struct{} // guarded by mu; closed at the next write, nil after the last one
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

// Write implements [io.Writer] and never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	if over := len(o.text) - maxOutput; over > 0 {
		// Dropping half at once keeps the cost of a chatty program linear.
		o.text = append([]byte(nil), o.text[min(len(o.text), over+maxOutput/2):]...)
	}
	if o.changed != nil {
		close(o.changed)
		o.changed = make(chan struct{})
	}
	return len(p), nil
}

func (o *output) String() string {
	text, _ := o.snapshot()
	return text
}

// snapshot returns the text so far and a channel that is closed when there is more; the channel is
// nil when nothing will follow.
func (o *output) snapshot() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text), o.changed
}

// close says that nothing will follow.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}

// Buffer is a writer whose text can be read while it grows; of very long text only the end is
// kept. Its zero value is empty, and any number of goroutines may use it.
type Buffer struct{ output }
