package mqtt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	// handOver is how long paho may take to pass a packet to its writer. It does so at once unless the
	// connection is going down or the broker does not read.
	handOver = time.Second
	farewell = 2 * closeTimeout
	// resubscribe is the pause before a refused filter is asked for again on the same connection.
	resubscribe = 30 * time.Second
)

// session is one connection from dialling to goodbye. paho's own reconnecting is not used: its
// clients cannot be told to stop while they wait, and acknowledgements of an old connection
// must never reach a new one.
type session struct {
	client  *Client
	ctx     context.Context //nolint:containedctx // it is the lifetime of this very value
	cancel  context.CancelFunc
	conn    *conn // set while connecting
	paho    paho.Client
	present bool       // the broker remembered our session
	lost    chan error // 1 slot: why paho gave the connection up
	sending chan struct{}
	hooks   sync.WaitGroup
	// handling is held while Handle runs.
	handling sync.Mutex
}

// connect makes one attempt. It returns a session that must be closed, or an error.
func (c *Client) connect(ctx context.Context) (*session, error) {
	s := &session{client: c, lost: make(chan error, 1), sending: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(ctx)
	options, err := s.pahoOptions()
	if err != nil {
		s.cancel()
		return nil, err
	}
	var dialErr error
	unwatch := func() bool { return true } // until there is something to watch over
	options.SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) {
		raw, err := c.address.dial(ctx, c.options.TLS, c.options.ConnectTimeout)
		if err != nil {
			dialErr = err
			return nil, err
		}
		s.conn = newConn(raw, c.options.KeepAlive, c.options.AckDelay, s.cancel)
		unwatch = context.AfterFunc(ctx, s.conn.abort)
		return s.conn, nil
	})
	s.paho = paho.NewClient(options)
	token, ok := s.paho.Connect().(*paho.ConnectToken)
	if !ok {
		s.cancel()
		return nil, errors.New("connecting: paho returned a token of another kind")
	}
	<-token.Done() // bounded by ConnectTimeout, cut short by ctx
	watched := unwatch()
	switch err := token.Error(); {
	case dialErr != nil:
		s.cancel()
		return nil, dialErr
	case err != nil:
		s.cancel()
		return nil, refusal(token.ReturnCode(), err)
	case !watched: // ctx ended at the last moment and has cut the connection
		s.close()
		return nil, context.Cause(ctx)
	}
	s.present = token.SessionPresent()
	return s, nil
}

func (s *session) pahoOptions() (*paho.ClientOptions, error) {
	c := s.client
	password, err := c.password()
	if err != nil {
		return nil, fmt.Errorf("fetching the password: %w", err)
	}
	options := paho.NewClientOptions().
		AddBroker(c.address.String()).
		SetClientID(c.options.ClientID).
		SetUsername(c.username).
		SetPassword(password).
		SetCleanSession(c.options.CleanSession).
		SetProtocolVersion(4).
		SetConnectTimeout(c.options.ConnectTimeout).
		SetWriteTimeout(handOver).
		SetKeepAlive(c.options.KeepAlive).
		// The connection watches the keepalive; paho would mistake a blocked handler for a dead broker.
		SetPingTimeout(math.MaxInt64).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetResumeSubs(false).
		SetOrderMatters(true).
		SetAutoAckDisabled(true).
		// Every unanswered publish is sent again by Publish itself, so there is nothing to remember.
		SetStore(noStore{}).
		SetDefaultPublishHandler(s.deliver).
		SetConnectionLostHandler(func(_ paho.Client, err error) { s.lost <- err })
	if c.options.Will != nil {
		will := c.options.Will()
		if err := will.validate(); err != nil {
			return nil, fmt.Errorf("making the will: %w", err)
		}
		options.SetBinaryWill(will.Topic, will.Payload, byte(will.QoS), will.Retained)
	}
	return options, nil
}

// serve keeps the subscriptions and returns why the connection ended, nil if ctx ended it.
func (s *session) serve(ctx context.Context) error {
	if err := s.subscribeAll(ctx); err != nil {
		return err
	}
	if hook := s.client.options.OnConnect; hook != nil {
		s.hooks.Go(func() { hook(s.ctx) })
	}
	retry := time.NewTicker(resubscribe)
	defer retry.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return s.cause(ctx)
		case <-retry.C:
			if err := s.subscribeRefused(ctx); err != nil {
				return err
			}
		}
	}
}

// cause returns why the connection ended, nil if ctx ended it. The connection itself knows best; a
// protocol error is known to paho, which tells when it has tidied up.
func (s *session) cause(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	if err := s.conn.cause(); err != nil {
		return err
	}
	patience := time.NewTimer(handOver)
	defer patience.Stop()
	select {
	case err := <-s.lost:
		return err
	case <-ctx.Done():
	case <-patience.C:
	}
	return nil
}

// close says goodbye and waits until nothing of the session runs any more.
func (s *session) close() {
	s.cancel()
	s.handling.Lock()   // paho waits for Handle, but only so long
	s.handling.Unlock() //nolint:staticcheck // the wait is the purpose
	s.conn.polite.Store(true)
	s.paho.Disconnect(uint(farewell.Milliseconds()))
	s.conn.abort()
	s.paho.Disconnect(uint(farewell.Milliseconds())) // returns at once if the first had time enough
	s.hooks.Wait()
}

// deliver is called by paho, one message at a time.
func (s *session) deliver(_ paho.Client, m paho.Message) {
	s.handling.Lock()
	defer s.handling.Unlock()
	c := s.client
	if s.ctx.Err() != nil || c.options.Handle == nil {
		return // not acknowledged, so it will come again
	}
	d := &Delivery{
		Topic:     m.Topic(),
		Payload:   m.Payload(),
		Retained:  m.Retained(),
		Duplicate: m.Duplicate(),
		session:   s,
	}
	if m.Qos() > 0 {
		d.id = m.MessageID()
	}
	if m.Qos() == 2 {
		d.message = m // left over from somebody who subscribed with QoS 2 under our name
	}
	c.counters.received.Add(1)
	if d.Duplicate {
		c.counters.duplicates.Add(1)
	}
	c.options.Handle(s.ctx, d)
}

// ack bypasses paho, which would pass the packet through two goroutines and a map on its way here.
func (s *session) ack(d *Delivery) {
	switch {
	case d.id == 0:
		return
	case d.message != nil:
		d.message.Ack()
	case s.conn.ack(d.id) != nil:
		return // the connection has ended: the message comes again
	}
	s.client.counters.acked.Add(1)
}

// noStore forgets what paho would remember for its own reconnecting.
type noStore struct{}

func (noStore) Open()                             {}
func (noStore) Put(string, packets.ControlPacket) {}
func (noStore) Get(string) packets.ControlPacket  { return nil }
func (noStore) All() []string                     { return nil }
func (noStore) Del(string)                        {}
func (noStore) Close()                            {}
func (noStore) Reset()                            {}
