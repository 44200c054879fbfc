package mqtt

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readBufferSize = 64 << 10
	// ackFlushSize is how many bytes of acknowledgements are worth a system call before their time.
	ackFlushSize = 16 << 10
	// writeBufferSize is how much may wait for the kernel before writers wait too.
	writeBufferSize = 64 << 10
	// keptBufferSize is the largest write buffer that is kept for the next round.
	keptBufferSize = 4 * writeBufferSize

	writeTimeout = 30 * time.Second
	closeTimeout = 2 * time.Second
)

// errSilent says that the broker did not even answer pings.
var errSilent = errors.New("the broker fell silent")

// conn is the connection given to paho. It reads ahead, gathers small writes, and owns the
// keepalive of MQTT.
//
// Each Write must hold whole packets: acknowledgements and pings are put between them. (paho relies
// on the same, for its own pings.) Write returns when the packets are in the buffer; the first
// error of the real writing is returned by every later call and closes the connection, so that the
// reader learns of it too.
type conn struct {
	raw       net.Conn
	reader    *bufio.Reader // only the reading goroutine
	keepAlive time.Duration // 0 is none
	ackDelay  time.Duration
	onClose   func() // called once, when the connection is closed or broken

	polite          atomic.Bool  // Close waits for the broker to hang up; somebody must be reading
	ownReadDeadline atomic.Bool  // the user of the connection set a read deadline: it holds, not ours
	lastRead        atomic.Int64 // Unix nanoseconds
	lastWrite       atomic.Int64 // Unix nanoseconds

	wake      chan struct{} // 1 slot: there is something to write
	closing   chan struct{} // closed by Close
	flushed   chan struct{} // closed when the flusher has ended
	ended     chan struct{} // closed when reading has failed: the broker has hung up
	endOnce   sync.Once
	closeOnce sync.Once
	shutOnce  sync.Once

	mu            sync.Mutex // guards what follows
	buf           []byte     // packets the kernel does not have yet
	spare         []byte     // the other buffer, while it is not being written
	linger        *time.Timer
	lingering     bool
	room          chan struct{} // closed when the buffer was taken; nil when nobody waits
	writeDeadline time.Time     // bounds the wait for room
	closed        bool
	err           error // the first failure of writing
	readErr       error // the first failure of reading
}

// newConn takes raw over. keepAlive is the interval promised to the broker in CONNECT.
func newConn(raw net.Conn, keepAlive, ackDelay time.Duration, onClose func()) *conn {
	c := &conn{
		raw:       raw,
		keepAlive: keepAlive,
		ackDelay:  ackDelay,
		onClose:   onClose,
		wake:      make(chan struct{}, 1),
		closing:   make(chan struct{}),
		flushed:   make(chan struct{}),
		ended:     make(chan struct{}),
		linger:    time.NewTimer(time.Hour),
	}
	c.linger.Stop()
	c.reader = bufio.NewReaderSize((*source)(c), readBufferSize)
	now := time.Now().UnixNano()
	c.lastRead.Store(now)
	c.lastWrite.Store(now)
	go c.flushLoop()
	return c
}

// Read returns buffered bytes; it goes to the network only when there are none.
func (c *conn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// source is what the buffer of a conn reads from.
type source conn

// Read measures the broker's silence. It is only called when somebody wants bytes and none are
// left, so a reader that is busy elsewhere is not mistaken for a dead broker.
func (s *source) Read(p []byte) (int, error) {
	guarded := s.keepAlive > 0 && !s.ownReadDeadline.Load()
	limit := s.keepAlive * 3 / 2
	if guarded {
		if err := s.raw.SetReadDeadline(time.Now().Add(limit)); err != nil {
			return 0, fmt.Errorf("watching the connection: %w", err)
		}
	}
	n, err := s.raw.Read(p)
	s.lastRead.Store(time.Now().UnixNano())
	if err == nil {
		return n, nil
	}
	if guarded && errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w: nothing for %v, not even an answer to a ping", errSilent, limit)
	}
	return n, (*conn)(s).readFailed(err)
}

// readFailed returns why the connection is broken. If it was closed because writing failed, that is
// the reason: paho takes "use of closed network connection" for our own wish and would tell nobody.
func (c *conn) readFailed(err error) error {
	c.endOnce.Do(func() { close(c.ended) })
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if c.readErr == nil {
		c.readErr = err
	}
	return err
}

// cause returns what broke the connection, nil if it was closed on purpose.
func (c *conn) cause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	return c.readErr
}

// Write buffers whole packets and has them written at once. It waits while the buffer is full.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.append(p); err != nil {
		return 0, err
	}
	c.wakeFlusher()
	return len(p), nil
}

// ack acknowledges the QoS 1 message with this packet id, within the acknowledgement delay.
func (c *conn) ack(id uint16) error {
	packet := [4]byte{0x40, 2, byte(id >> 8), byte(id)}
	if err := c.append(packet[:]); err != nil {
		return err
	}
	if c.ackDelay <= 0 {
		c.wakeFlusher()
		return nil
	}
	c.mu.Lock()
	full := len(c.buf) >= ackFlushSize
	if !full && !c.lingering && len(c.buf) > 0 {
		c.lingering = true
		c.linger.Reset(c.ackDelay)
	}
	c.mu.Unlock()
	if full {
		c.wakeFlusher()
	}
	return nil
}

// append waits for room and adds p to the buffer.
func (c *conn) append(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A packet larger than the buffer is taken when the buffer is empty: it is in memory anyway.
	for c.err == nil && !c.closed && len(c.buf) > 0 && len(c.buf)+len(p) > writeBufferSize {
		if err := c.waitForRoomLocked(); err != nil {
			return err
		}
	}
	if c.err != nil {
		return c.err
	}
	if c.closed {
		return net.ErrClosed
	}
	c.buf = append(c.buf, p...)
	return nil
}

// waitForRoomLocked gives the lock back while it waits for the flusher, a new deadline or the end.
func (c *conn) waitForRoomLocked() error {
	if c.room == nil {
		c.room = make(chan struct{})
	}
	room, deadline := c.room, c.writeDeadline
	c.mu.Unlock()
	defer c.mu.Lock()
	c.wakeFlusher()
	var expired <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-room:
		return nil
	case <-expired:
		return fmt.Errorf("writing to the broker: %w", os.ErrDeadlineExceeded)
	}
}

// releaseLocked lets everybody look again who waits for room.
func (c *conn) releaseLocked() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

func (c *conn) wakeFlusher() {
	select {
	case c.wake <- struct{}{}:
	default: // it is already on its way
	}
}

// flushLoop is the only goroutine that writes to the network. It ends after Close or abort.
func (c *conn) flushLoop() {
	defer close(c.flushed)
	var pings <-chan time.Time
	if c.keepAlive > 0 {
		ticker := time.NewTicker(max(c.keepAlive/4, time.Millisecond))
		defer ticker.Stop()
		pings = ticker.C
	}
	for {
		select {
		case <-c.wake:
		case <-c.linger.C:
		case now := <-pings:
			if !c.pingDue(now) {
				continue
			}
			c.appendPing()
		case <-c.closing:
			_ = c.flush() // kept in c.err, which Close returns
			return
		}
		if c.flush() != nil {
			return
		}
	}
}

// pingDue reports whether one of the two directions has been quiet for half the keepalive. The
// broker must hear from us in time, and a broker that has nothing to say must show that it lives.
func (c *conn) pingDue(now time.Time) bool {
	quiet := now.Add(-c.keepAlive / 2).UnixNano()
	return c.lastWrite.Load() <= quiet || c.lastRead.Load() <= quiet
}

// appendPing does not wait for room: its two bytes always find some.
func (c *conn) appendPing() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.buf = append(c.buf, 0xC0, 0)
	}
}

// flush writes what is buffered. Only the flusher calls it.
func (c *conn) flush() error {
	c.mu.Lock()
	out := c.buf
	c.buf, c.spare = c.spare[:0], nil
	c.lingering = false
	c.linger.Stop()
	c.releaseLocked()
	err := c.err
	if err == nil && len(out) > 0 {
		// A peer that takes nothing for so long is gone.
		err = c.raw.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	c.mu.Unlock()

	if err == nil && len(out) > 0 {
		_, err = c.raw.Write(out)
		c.lastWrite.Store(time.Now().UnixNano())
	}
	if err != nil {
		return c.fail(fmt.Errorf("writing to the broker: %w", err))
	}
	if cap(out) <= keptBufferSize {
		c.mu.Lock()
		c.spare = out[:0]
		c.mu.Unlock()
	}
	return nil
}

// fail keeps the first error, wakes who waits, and closes the network so that the reader ends.
func (c *conn) fail(err error) error {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	err = c.err
	c.releaseLocked()
	c.mu.Unlock()
	c.shut()
	return err
}

// shut closes the network connection once.
func (c *conn) shut() {
	c.shutOnce.Do(func() {
		_ = c.raw.Close() // nothing is waiting for its result: what was to be written is written
		if c.onClose != nil {
			c.onClose()
		}
	})
}

// Close writes what is buffered, for two seconds at most, and closes the network. If it is to be
// polite it waits for the broker to hang up first. Brokers do that after DISCONNECT: then they have read
// every acknowledgement, and the next connection does not meet messages that were acknowledged by
// this one. Close returns the first error of writing.
func (c *conn) Close() error {
	c.closeOnce.Do(func() {
		c.mu.Lock()
		c.closed = true
		c.releaseLocked()
		c.mu.Unlock()
		close(c.closing)
		c.hangUp()
	})
	c.shut() // ends a write that the peer does not take
	<-c.flushed
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// hangUp is the polite part of Close.
func (c *conn) hangUp() {
	patience := time.NewTimer(closeTimeout)
	defer patience.Stop()
	select {
	case <-c.flushed:
	case <-patience.C:
		return
	}
	half, ok := c.raw.(interface{ CloseWrite() error })
	if !ok || !c.polite.Load() || half.CloseWrite() != nil {
		return // nobody waits, a WebSocket, or broken already
	}
	select {
	case <-c.ended:
	case <-patience.C:
	}
}

// abort closes the network without ceremony; reads and writes under way fail.
func (c *conn) abort() {
	_ = c.fail(net.ErrClosed) // so that Close has nobody to wait for
	_ = c.Close()
}

// LocalAddr returns the near end's address.
func (c *conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr returns the broker's address.
func (c *conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetWriteDeadline(t); err != nil {
		return err
	}
	return c.SetReadDeadline(t)
}

// SetReadDeadline replaces the watch over the broker's silence until it is set to zero.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.ownReadDeadline.Store(!t.IsZero())
	return c.raw.SetReadDeadline(t)
}

// SetWriteDeadline bounds how long Write waits for room. Writing to the network has a limit of its own.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writeDeadline = t
	c.releaseLocked()
	return nil
}
