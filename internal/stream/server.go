// Package stream keeps what was received until everybody has read it. A Log is
// one durable, ordered sequence of entries; an entry is bytes, a number and the
// time it was appended. When Append returns, the entry has been fsynced (or
// replicated) and survives the death of the process and of the machine.
//
// The logs are streams of NATS JetStream. Given a directory, the server runs
// inside this process and listens on no port; given URLs, the same client code
// speaks to an external cluster. That choice is all an operator sees of it.
//
// Readers keep their own place: they read in order from a number, and say with
// SavePosition how far they came. JetStream's own acknowledgements are not used,
// because after a crash they redeliver only when a timer has run out, and in
// another order; a reader that starts at its saved position goes on at once,
// and sees exactly the same sequence again.
//
// One thing is left to the file system: when nats-server begins another file of
// a log (every 8 MiB) it fsyncs the file, but not the directory that names it.
// On ext4, xfs and btrfs the one includes the other.
//
// What this package does not do: it does not know what is in an entry, and it
// never deletes an entry by itself, except from a log that asks for it (DropOldest).
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// An acknowledgement may take so long before Append gives up. A healthy
	// disk needs milliseconds; a busy one may stall for seconds, and giving up
	// early would only append the same thing twice. A cluster without a leader
	// drops what it is sent, so there waiting long is pointless.
	publishTimeoutEmbedded = 15 * time.Second
	publishTimeoutExternal = 5 * time.Second

	// requestTimeout is how long the answer to one question may take. While a
	// cluster elects a leader questions are not answered, ever; so a question is
	// given up and asked again, however long the caller is ready to wait.
	requestTimeout = 3 * time.Second
	requestTries   = 5

	// connectTimeout bounds one attempt to reach one server.
	connectTimeout = 5 * time.Second
)

// Server holds the logs of one process. Its methods may be called concurrently.
type Server struct {
	log      *slog.Logger
	prefix   string
	replicas int

	conn   *nats.Conn
	silent chan struct{} // closed after the last callback of conn
	js     jetstream.JetStream
	emb    *embedded // nil with an external cluster

	health health
	link   broadcast // told when the connection was lost and came back

	closing chan struct{} // closed when Close begins: readers end
	abort   chan struct{} // closed when Close stops waiting: appends end
	stop    context.CancelFunc
	wait    sync.WaitGroup // the supervisor

	mu       sync.Mutex
	closed   bool           // guarded by mu
	inflight sync.WaitGroup // Add only under mu while closed is false
}

// Open starts the embedded server on o.Dir, recovering what it holds, or
// connects to the cluster at o.URLs. ctx bounds the opening only. The caller
// must Close what it opened.
func Open(ctx context.Context, o Options) (*Server, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	s := &Server{
		log:      o.Logger,
		prefix:   o.Prefix,
		replicas: max(o.Replicas, 1),
		closing:  make(chan struct{}),
		abort:    make(chan struct{}),
		silent:   make(chan struct{}),
	}
	if o.Dir != "" {
		emb, err := openEmbedded(ctx, o.Dir, o.Logger)
		if err != nil {
			return nil, err
		}
		s.emb = emb
	}
	if err := s.connect(ctx, o); err != nil {
		if s.emb != nil {
			s.emb.close()
		}
		return nil, err
	}
	// The supervisor outlives the opening, so it must not end with ctx.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = cancel
	if s.emb != nil {
		s.wait.Go(func() { s.supervise(life) })
	}
	return s, nil
}

// Close refuses new calls with ErrClosed, ends the readers, waits for the
// appends under way (until ctx is done, then they fail), and stops the embedded
// server. Nothing is left running when it returns. Closing twice does nothing.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.closing)

	drained := make(chan struct{})
	go func() {
		s.inflight.Wait()
		close(drained)
	}()
	var err error
	select {
	case <-drained:
	case <-ctx.Done():
		err = fmt.Errorf("closing stream: gave up on calls under way: %w", context.Cause(ctx))
	}
	close(s.abort)
	s.stop()
	s.wait.Wait()
	s.conn.Close()
	<-s.silent
	<-drained
	if s.emb != nil {
		s.emb.close()
	}
	return err
}

// Healthy returns nil when the server can take an Append: the connection
// stands, the storage is writable, and the last Append (if any) was not refused.
func (s *Server) Healthy() error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if err := s.health.err(); err != nil {
		return err
	}
	if st := s.conn.Status(); st != nats.CONNECTED {
		return fmt.Errorf("%w: connection is %s", ErrUnavailable, st)
	}
	return nil
}

// enter registers a call that Close has to wait for; leave it with s.inflight.Done.
func (s *Server) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.inflight.Add(1)
	return nil
}

// enterWriting is enter for calls that change what is stored. A broken store
// would leave them without an answer.
func (s *Server) enterWriting() error {
	if _, err := s.health.writable(); err != nil {
		return err
	}
	return s.enter()
}

// publish stores one message and returns its number. After an error other than
// ErrFull and ErrTooLarge it is unknown whether the message was stored.
func (s *Server) publish(ctx context.Context, m *nats.Msg) (uint64, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.inflight.Done()
	broken, err := s.health.writable()
	if err != nil {
		return 0, err
	}
	// No retries inside the client: it would keep the caller's data after we returned.
	future, err := s.js.PublishMsgAsync(m, jetstream.WithRetryAttempts(0))
	if err != nil {
		return 0, s.failed(publishError(err))
	}
	select {
	case ack := <-future.Ok():
		s.health.worked()
		return ack.Sequence, nil
	case err := <-future.Err():
		if s.emb != nil && errors.Is(err, jetstream.ErrAsyncPublishTimeout) {
			s.emb.suspect()
		}
		return 0, s.failed(publishError(err))
	case <-broken:
		return 0, s.health.reason()
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-s.abort:
		return 0, ErrClosed
	}
}

// failed remembers err for Healthy. An entry that is too large is the caller's
// fault, and a conflict nobody's; they say nothing about the server.
func (s *Server) failed(err error) error {
	if !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrConflict) {
		s.health.failed(err)
	}
	return err
}
