package testbed

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// inbox keeps what arrived, in order, and wakes those who wait for it.
type inbox[T any] struct {
	mu      sync.Mutex
	items   []T           // guarded by mu
	refused int           // guarded by mu; attempts while away
	away    bool          // guarded by mu
	changed chan struct{} // guarded by mu; closed and replaced at each change
}

func newInbox[T any]() *inbox[T] { return &inbox[T]{changed: make(chan struct{})} }

func (b *inbox[T]) update(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	close(b.changed)
	b.changed = make(chan struct{})
}

// refuse reports whether the sink is away, and counts the attempt if it is.
func (b *inbox[T]) refuse() bool {
	b.mu.Lock()
	away := b.away
	b.mu.Unlock()
	if away {
		b.update(func() { b.refused++ })
	}
	return away
}

// SetAway makes the sink refuse everybody, or come back.
func (b *inbox[T]) SetAway(away bool) { b.update(func() { b.away = away }) }

// All returns what arrived so far.
func (b *inbox[T]) All() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]T(nil), b.items...)
}

// Refused returns how many attempts met a sink that was away.
func (b *inbox[T]) Refused() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused
}

// await waits until enough says so. The state is as after a change, or at the call.
func (b *inbox[T]) await(t TB, what string, enough func() bool) {
	t.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	for {
		b.mu.Lock()
		done, changed := enough(), b.changed
		arrived, refused := len(b.items), b.refused
		b.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			t.Fatalf("no %s within %v: %d arrived, %d were refused", what, Patience, arrived, refused)
		}
	}
}

// Await waits until n have arrived in all and returns them.
func (b *inbox[T]) Await(t TB, n int) []T {
	t.Helper()
	b.await(t, fmt.Sprintf("message %d", n), func() bool { return len(b.items) >= n })
	return b.All()
}

// AwaitRefused waits until n attempts were refused in all.
func (b *inbox[T]) AwaitRefused(t TB, n int) {
	t.Helper()
	b.await(t, fmt.Sprintf("attempt %d", n), func() bool { return b.refused >= n })
}

// Request is what a program posted.
type Request struct {
	Path string
	Body []byte
}

// HTTPSink is an HTTP server that takes whatever is posted to it. While it is away it answers 503.
type HTTPSink struct {
	*inbox[Request]
	addr string
}

// StartHTTPSink starts a sink for the time of the test.
func StartHTTPSink(t TB) *HTTPSink {
	t.Helper()
	s := &HTTPSink{inbox: newInbox[Request]()}
	listener := listen(t)
	s.addr = listener.Addr().String()
	server := &http.Server{Handler: s, ReadHeaderTimeout: Patience}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it ends with Close
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return s
}

// URL returns the base address.
func (s *HTTPSink) URL() string { return "http://" + s.addr }

// ServeHTTP implements [http.Handler].
func (s *HTTPSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client broke off
	}
	if s.refuse() {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	s.update(func() { s.items = append(s.items, Request{Path: r.URL.Path, Body: body}) })
	// What a Telegram server says to a message; others do not look.
	_, _ = io.WriteString(w, `{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1}}}`)
}

func listen(t TB) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", Addr(t))
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	return listener
}
