package mqtt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// ErrStopped is returned by calls that need a connection after Run has ended.
var ErrStopped = errors.New("the MQTT client has been stopped")

const (
	firstReconnectDelay = 250 * time.Millisecond
	// A connection that lasted this long was a good one: the next attempt follows at once.
	goodConnection = 10 * time.Second
)

// Client is one session with one broker, for the time of its Run. Its methods may be called by any
// number of goroutines.
type Client struct {
	options  Options
	address  address
	username string
	password func() (string, error)
	log      *slog.Logger
	slots    chan struct{} // one for each publish under way
	started  atomic.Bool

	counters counters
	troubles troubles // only Run's goroutine

	mu         sync.Mutex // guards what follows
	current    *session   // nil while there is no connection
	subscribed bool
	stopped    bool
	changed    chan struct{} // closed and replaced at each change of the above
}

// Stats is what a client has seen since it was made; the numbers only grow.
type Stats struct {
	Connected  bool   // a connection stands
	Subscribed bool   // and the broker has granted every filter
	Connects   uint64 // connections that came to stand: the first and all reconnects
	Failures   uint64 // attempts to connect that failed
	Losses     uint64 // connections that broke
	Received   uint64 // messages handed to Handle
	Duplicates uint64 // those of them that the broker marked as sent before
	Acked      uint64 // acknowledgements given to a standing connection
	Published  uint64 // messages that Publish delivered
}

type counters struct {
	connects, failures, losses, received, duplicates, acked, published atomic.Uint64
}

// New checks the options and returns a client that Run brings to life. It touches no network.
func New(options Options) (*Client, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("mqtt options: %w", err)
	}
	addr, user, err := parseAddress(o.URL)
	if err != nil {
		return nil, fmt.Errorf("mqtt options: URL: %w", err)
	}
	username, password := o.Username, o.Password
	if user != nil {
		if username != "" {
			return nil, errors.New("mqtt options: Username: there is one in URL already; keep one of them")
		}
		username = user.Username()
		secret, _ := user.Password()
		password = func() (string, error) { return secret, nil }
	}
	if password == nil {
		password = func() (string, error) { return "", nil }
	}
	return &Client{
		options:  o,
		address:  addr,
		username: username,
		password: password,
		log:      o.Logger.With("broker", addr.String(), "client_id", o.ClientID),
		slots:    make(chan struct{}, o.MaxInFlight),
		changed:  make(chan struct{}),
	}, nil
}

// Run connects, connects again whenever the connection is lost, and ends with ctx, after saying
// goodbye to the broker; then Handle is not running and no goroutine is left. It returns nil then:
// trouble with the broker is logged and retried, never returned. Only a second Run is an error.
func (c *Client) Run(ctx context.Context) error {
	if c.started.Swap(true) {
		return errors.New("running the MQTT client: it can run once only")
	}
	defer c.update(func() { c.stopped = true })
	pause := backoff{limit: c.options.MaxReconnectDelay}
	for ctx.Err() == nil {
		began := time.Now()
		if err := c.runSession(ctx); err != nil {
			c.counters.failures.Add(1)
			c.troubles.report(c.log, "cannot connect to the broker", err)
		}
		if time.Since(began) >= goodConnection {
			pause.reset()
		}
		if !sleep(ctx, pause.next()) {
			break
		}
	}
	return nil
}

// runSession returns an error when no connection came to stand, nil when it stood and ended.
func (c *Client) runSession(ctx context.Context) error {
	s, err := c.connect(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the attempt was called off, it did not fail
		}
		return err
	}
	defer s.close()
	c.counters.connects.Add(1)
	c.update(func() { c.current = s })
	defer c.update(func() { c.current, c.subscribed = nil, false })
	c.troubles.clear(trouble{text: "cannot connect to the broker"})
	c.log.Info("connected to the broker", "session_present", s.present)

	began := time.Now()
	if err := s.serve(ctx); ctx.Err() == nil {
		c.counters.losses.Add(1)
		reason, remedy := explain(err)
		c.log.Warn("lost the connection to the broker",
			"error", reason, "remedy", remedy, "after", time.Since(began).Round(time.Millisecond))
	}
	return nil
}

// update changes the state under the lock and tells who waits for it.
func (c *Client) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Connected reports whether a connection stands now.
func (c *Client) Connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current != nil
}

// Stats returns a snapshot.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	connected, subscribed := c.current != nil, c.subscribed
	c.mu.Unlock()
	n := &c.counters
	return Stats{
		Connected:  connected,
		Subscribed: subscribed,
		Connects:   n.connects.Load(),
		Failures:   n.failures.Load(),
		Losses:     n.losses.Load(),
		Received:   n.received.Load(),
		Duplicates: n.duplicates.Load(),
		Acked:      n.acked.Load(),
		Published:  n.published.Load(),
	}
}

// Await returns when a connection stands and the broker has granted every filter, with the context's
// error when that ends first, or ErrStopped.
func (c *Client) Await(ctx context.Context) error {
	return c.wait(ctx, func() bool { return c.subscribed })
}

// wait returns when done, called with the lock held, returns true.
func (c *Client) wait(ctx context.Context, done func() bool) error {
	for {
		c.mu.Lock()
		ok, stopped, changed := done(), c.stopped, c.changed
		c.mu.Unlock()
		switch {
		case ok:
			return nil
		case stopped:
			return ErrStopped
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the broker: %w", context.Cause(ctx))
		}
	}
}

// connection returns the session that stands, waiting for one if there is none.
func (c *Client) connection(ctx context.Context) (*session, error) {
	var s *session
	err := c.wait(ctx, func() bool {
		s = c.current
		return s != nil
	})
	return s, err
}

// backoff is a pause that doubles up to its limit. Half of it is left to chance, so that the clients of a
// broker that comes back do not arrive together.
type backoff struct{ delay, limit time.Duration }

func (b *backoff) reset() { b.delay = 0 }

func (b *backoff) next() time.Duration {
	b.delay = min(max(2*b.delay, firstReconnectDelay), b.limit)
	half := b.delay / 2
	return half + rand.N(half+1)
}

// sleep reports whether the time has passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
