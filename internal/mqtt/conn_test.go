package mqtt

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wire is a network connection whose other end is the test. It works on the fake clock of synctest.
type wire struct {
	net.Conn // the near end of a pipe: reading, deadlines

	mu      sync.Mutex
	writes  [][]byte      // one for each system call
	at      []time.Time   // and when it was made
	broken  error         // what the next writes return
	blocked chan struct{} // writes wait for it, if not nil
	closed  atomic.Int32
}

func newWire(t *testing.T) (near *wire, far net.Conn) {
	t.Helper()
	a, b := net.Pipe()
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return &wire{Conn: a}, b
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	blocked := w.blocked
	w.mu.Unlock()
	if blocked != nil {
		<-blocked
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return 0, w.broken
	}
	w.writes = append(w.writes, bytes.Clone(p))
	w.at = append(w.at, time.Now())
	return len(p), nil
}

func (w *wire) Close() error {
	w.closed.Add(1)
	return w.Conn.Close()
}

func (w *wire) written() [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.writes)
}

func TestConnGathersAcknowledgements(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newWire(t)
		c := newConn(w, 0, time.Millisecond, nil)
		began := time.Now()
		for _, id := range []uint16{1, 2, 0x1234} {
			if err := c.ack(id); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if got := w.written(); len(got) != 0 {
			t.Errorf("written before the delay: % x", got)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		want := [][]byte{{0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0x12, 0x34}}
		if diff := cmp.Diff(want, w.written()); diff != "" {
			t.Errorf("after the delay (-want +got):\n%s", diff)
		}
		if waited := w.at[0].Sub(began); waited != time.Millisecond {
			t.Errorf("acknowledgements waited %v, want 1ms from the first", waited)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestConnWritesEverythingElseAtOnceWithWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newWire(t)
		c := newConn(w, 0, time.Hour, nil)
		if err := c.ack(7); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Write([]byte("publish")); n != 7 || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
		synctest.Wait() // without the clock moving
		if diff := cmp.Diff([][]byte{[]byte("\x40\x02\x00\x07publish")}, w.written()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestConnWritesManyAcknowledgementsBeforeTheirTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newWire(t)
		c := newConn(w, 0, time.Hour, nil)
		for id := range uint16(ackFlushSize / 4) {
			if err := c.ack(id); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if got := w.written(); len(got) != 1 || len(got[0]) != ackFlushSize {
			t.Errorf("%d writes, want one of %d bytes", len(got), ackFlushSize)
		}
		_ = c.Close()
	})
}

func TestConnCloseWritesWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newWire(t)
		ended := 0
		c := newConn(w, 0, time.Hour, func() { ended++ })
		if err := c.ack(1); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if got := w.written(); len(got) != 1 || w.closed.Load() != 1 || ended != 1 {
			t.Errorf("writes %d, closes %d, end reported %d times; want one of each", len(got), w.closed.Load(), ended)
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after Close = %v, want %v", err, net.ErrClosed)
		}
		if err := c.ack(2); !errors.Is(err, net.ErrClosed) {
			t.Errorf("ack after Close = %v, want %v", err, net.ErrClosed)
		}
	})
}

func TestConnReportsTheFirstWriteError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newWire(t)
		c := newConn(w, 0, time.Millisecond, nil)
		first := errors.New("cable pulled")
		w.broken = first
		if _, err := c.Write([]byte("x")); err != nil {
			t.Errorf("buffered Write = %v", err)
		}
		synctest.Wait()
		w.mu.Lock()
		w.broken = errors.New("another error")
		w.mu.Unlock()
		if _, err := c.Write([]byte("x")); !errors.Is(err, first) {
			t.Errorf("next Write = %v, want %v", err, first)
		}
		if err := c.ack(1); !errors.Is(err, first) {
			t.Errorf("next ack = %v, want %v", err, first)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, first) {
			t.Errorf("Read = %v, want %v: the reader must learn what is wrong", err, first)
		}
		if err := c.Close(); !errors.Is(err, first) {
			t.Errorf("Close = %v, want %v", err, first)
		}
	})
}

func TestConnHoldsWritersBackWhileThePeerDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newWire(t)
		w.blocked = make(chan struct{})
		c := newConn(w, 0, time.Millisecond, nil)
		packet := make([]byte, writeBufferSize/2)
		for range 3 { // one on its way, two in the buffer
			if _, err := c.Write(packet); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := c.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(packet); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write into a full buffer = %v, want %v", err, os.ErrDeadlineExceeded)
		}
		if err := c.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		released := make(chan error)
		go func() {
			_, err := c.Write(packet)
			released <- err
		}()
		synctest.Wait()
		close(w.blocked)
		if err := <-released; err != nil {
			t.Errorf("Write when there is room again = %v", err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if got := len(bytes.Join(w.written(), nil)); got != 4*len(packet) {
			t.Errorf("%d bytes written, want %d: the refused packet must not be among them, the others must", got, 4*len(packet))
		}
	})
}

func TestConnEndsWaitingWritersOnClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newWire(t)
		w.blocked = make(chan struct{})
		c := newConn(w, 0, time.Millisecond, func() { close(w.blocked) }) // as closing a socket does
		packet := make([]byte, writeBufferSize)
		waiting := make(chan error)
		for range 2 {
			if _, err := c.Write(packet); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		go func() {
			_, err := c.Write(packet)
			waiting <- err
		}()
		synctest.Wait()
		began := time.Now()
		closed := make(chan error, 1)
		go func() { closed <- c.Close() }()
		if err := <-waiting; !errors.Is(err, net.ErrClosed) {
			t.Errorf("waiting Write = %v, want %v", err, net.ErrClosed)
		}
		if err := <-closed; err == nil {
			t.Error("Close returned nil though packets were left unwritten")
		}
		if took := time.Since(began); took != closeTimeout {
			t.Errorf("Close took %v with a peer that does not read, want %v", took, closeTimeout)
		}
	})
}

func TestConnPingsWhenOneDirectionIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, far := newWire(t)
		c := newConn(w, 20*time.Second, time.Millisecond, nil)
		broken := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, c)
			broken <- err
		}()
		// We write all the time and hear nothing: only a ping shows whether the broker lives.
		for range 15 {
			if _, err := c.Write([]byte{0x30}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if !bytes.Contains(bytes.Join(w.written(), nil), []byte{0xC0, 0}) {
			t.Errorf("no ping in 15 s: % x", w.written())
		}
		// An answer buys another one and a half keepalives.
		if _, err := far.Write([]byte{0xD0, 0}); err != nil {
			t.Fatal(err)
		}
		answered := time.Now()
		if err := <-broken; !errors.Is(err, errSilent) {
			t.Errorf("reading from a silent broker = %v, want %v", err, errSilent)
		}
		if waited := time.Since(answered); waited != 30*time.Second {
			t.Errorf("a silent broker was given up after %v, want 30s", waited)
		}
		_ = c.Close()
	})
}

func TestConnDoesNotMistakeABusyReaderForASilentBroker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, far := newWire(t)
		c := newConn(w, 20*time.Second, time.Millisecond, nil)
		time.Sleep(time.Hour) // nobody reads
		go func() { _, _ = far.Write([]byte{1}) }()
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Errorf("Read after an hour of other work = %v", err)
		}
		pings := bytes.Count(bytes.Join(w.written(), nil), []byte{0xC0, 0})
		if pings < 180 { // one in each keepalive
			t.Errorf("%d pings in an hour: the broker would have given us up", pings)
		}
		_ = c.Close()
	})
}

func TestConnKeepsTheReadDeadlineOfItsUser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newWire(t)
		c := newConn(w, time.Hour, time.Millisecond, nil)
		began := time.Now()
		if err := c.SetDeadline(began.Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errSilent) {
			t.Errorf("Read = %v, want %v", err, os.ErrDeadlineExceeded)
		}
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("waited %v, want 5s", waited)
		}
		_ = c.Close()
	})
}

func TestConnAbortEndsAWriteThatNobodyTakes(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe() // a pipe has no buffer: a write waits for the reader
	defer func() { _ = far.Close() }()
	c := newConn(near, 0, time.Millisecond, nil)
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	c.abort()
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after abort = %v, want %v", err, net.ErrClosed)
	}
}
