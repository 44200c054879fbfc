package mqtt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// FloodOptions configure a Flood.
type FloodOptions struct {
	// Broker says where and as whom to connect. What it says about receiving, wills, sessions and
	// reconnecting has no effect.
	Broker Options
	// Next makes the n-th message of the connection, counted from 0. It may append the payload to dst,
	// which is empty and has room that is used again for the next message. It is called by one
	// goroutine, inside Send, and what it returns is not used after its next call.
	Next func(n uint64, dst []byte) (topic string, payload []byte)
	// Window bounds the messages that the broker has not acknowledged; the default is 1000.
	Window int
}

// FloodRun says how much to send. Count, For or both must bound it.
type FloodRun struct {
	Rate  float64       // messages a second; 0 is as many as the broker takes
	Count uint64        // messages; 0 is no bound
	For   time.Duration // 0 is no bound
}

// FloodResult says what became of a run.
type FloodResult struct {
	Due   uint64        // messages that the rate called for; without a rate, those sent
	Sent  uint64        // given to the connection; fewer than Due when the broker is too slow
	Acked uint64        // acknowledged by the broker; all that were sent, unless there was an error
	Took  time.Duration // from the beginning to the last acknowledgement
}

// A Flood is one connection that publishes with QoS 1 for no other purpose than load. A message costs
// a fraction of what it costs [Client.Publish]: packets are encoded here, and many of them share a
// system call and a look at the acknowledgements. In exchange a lost connection is the end of it, and
// nothing is sent twice.
type Flood struct {
	address address
	next    func(n uint64, dst []byte) (string, []byte)
	window  uint64
	conn    *conn
	gathers bool // one read of the connection gives all that has arrived: not so with TLS and WebSockets

	sent  atomic.Uint64 // written by Send's goroutine, before the packets leave
	acked atomic.Uint64 // written by the reader: that many from the first on
	room  chan struct{} // 1 slot: acked has grown and the window is half empty
	ended chan struct{} // closed by the reader when it ends
	err   error         // why; after ended

	payload, batch []byte // Send's, used again

	base  uint64              // the reader's: messages acknowledged without a gap
	ahead map[uint16]struct{} // the reader's: those acknowledged behind a gap
}

const (
	// A paced flood sends what has become due as often as there is some tickMessages of it, within
	// bounds: more often is smoother and costs more system calls.
	tickMessages = 32
	shortestTick = 2 * time.Millisecond
	longestTick  = 20 * time.Millisecond
	// ackPause is how long acknowledgements may gather before they are read. Mosquitto sends each by
	// itself, and reading each by itself costs more than all the rest. A window must not run out
	// meanwhile: the default one allows a million messages a second.
	ackPause = time.Millisecond
	// floodBatch is how many bytes are given to the connection at once.
	floodBatch    = 16 << 10
	defaultWindow = 1000
	packetIDs     = 65535
)

// DialFlood opens the connection. ctx bounds the opening only. The caller must Close the flood.
func DialFlood(ctx context.Context, options FloodOptions) (*Flood, error) {
	if options.Window == 0 {
		options.Window = defaultWindow
	}
	switch {
	case options.Next == nil:
		return nil, errors.New("mqtt flood options: Next: nil; somebody must make the messages")
	case options.Window < 0 || options.Window > packetIDs:
		return nil, fmt.Errorf("mqtt flood options: Window: %d; MQTT has packet ids for 1 to %d", options.Window, packetIDs)
	}
	broker := options.Broker
	broker.Filters, broker.Handle, broker.FiltersFile, broker.Will = nil, nil, "", nil
	c, err := New(broker) // for its checks and its address; it never runs
	if err != nil {
		return nil, err
	}
	raw, err := c.address.dial(ctx, c.options.TLS, c.options.ConnectTimeout)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", c.address, err)
	}
	f := &Flood{
		address: c.address, next: options.Next, window: uint64(options.Window),
		conn: newConn(raw, c.options.KeepAlive, 0, nil),
		room: make(chan struct{}, 1), ended: make(chan struct{}), ahead: make(map[uint16]struct{}),
	}
	_, f.gathers = raw.(*net.TCPConn)
	unwatch := context.AfterFunc(ctx, f.conn.abort)
	err = f.greet(c)
	if !unwatch() {
		err = context.Cause(ctx)
	}
	if err != nil {
		f.conn.abort()
		return nil, fmt.Errorf("connecting to %s: %w", c.address, err)
	}
	go f.read()
	return f, nil
}

// greet introduces us to the broker.
func (f *Flood) greet(c *Client) error {
	password, err := c.password()
	if err != nil {
		return fmt.Errorf("fetching the password: %w", err)
	}
	hello, ok := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	if !ok {
		return errors.New("paho made a packet of another kind")
	}
	hello.ProtocolName, hello.ProtocolVersion, hello.CleanSession = "MQTT", 4, true
	hello.ClientIdentifier, hello.Keepalive = c.options.ClientID, uint16(c.options.KeepAlive/time.Second)
	hello.UsernameFlag, hello.Username = c.username != "", c.username
	hello.PasswordFlag, hello.Password = password != "", []byte(password)
	if err := f.conn.SetReadDeadline(time.Now().Add(c.options.ConnectTimeout)); err != nil {
		return err
	}
	if err := hello.Write(f.conn); err != nil {
		return err
	}
	packet, err := packets.ReadPacket(f.conn)
	if err != nil {
		return refusal(packets.ErrNetworkError, err)
	}
	answer, ok := packet.(*packets.ConnackPacket)
	if !ok {
		return fmt.Errorf("the broker answered CONNECT with %v", packet)
	}
	if answer.ReturnCode != packets.Accepted {
		return refusal(answer.ReturnCode, fmt.Errorf("unknown code %d", answer.ReturnCode))
	}
	return f.conn.SetReadDeadline(time.Time{})
}

// Counts returns how many messages were sent and how many of them acknowledged since the connection
// stands. Any goroutine may ask at any time.
func (f *Flood) Counts() (sent, acked uint64) {
	acked = f.acked.Load() // first, so that it is never the larger
	return f.sent.Load(), acked
}

// Close says goodbye to the broker and returns when nothing of the flood is left. Send must not be
// running.
func (f *Flood) Close() {
	_ = f.conn.SetWriteDeadline(time.Now().Add(closeTimeout)) // it only bounds the wait for room
	if _, err := f.conn.Write([]byte{packets.Disconnect << 4, 0}); err == nil {
		f.conn.polite.Store(true)
	}
	_ = f.conn.Close() // who wanted to know whether all arrived has asked Send
	<-f.ended
}

func (r FloodRun) validate() error {
	switch {
	case !(r.Rate >= 0) || math.IsInf(r.Rate, 0):
		return fmt.Errorf("Rate: %v; use messages a second, or 0 for as many as the broker takes", r.Rate)
	case r.For < 0:
		return fmt.Errorf("For: %v is negative", r.For)
	case r.Count == 0 && r.For == 0:
		return errors.New("Count and For: both 0; one of them must end the run")
	}
	return nil
}

// tick is how often to look for what has become due.
func (r FloodRun) tick() time.Duration {
	if r.Rate == 0 {
		return longestTick
	}
	return time.Duration(min(max(tickMessages/r.Rate*float64(time.Second), float64(shortestTick)), float64(longestTick)))
}

// goal returns how many messages should have been sent after so long, and whether more will never be due.
func (r FloodRun) goal(elapsed time.Duration) (due uint64, last bool) {
	over := r.For > 0 && elapsed >= r.For
	if over {
		elapsed = r.For
	}
	due = math.MaxInt64
	if r.Rate > 0 {
		due = uint64(min(r.Rate*elapsed.Seconds(), math.MaxInt64/2))
	}
	if r.Count > 0 {
		due = min(due, r.Count)
	}
	return due, over || r.Count > 0 && due == r.Count
}
