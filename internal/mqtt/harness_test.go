package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"phusong/internal/broker"
	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

// server is a broker that can be away for a while.
type server interface {
	URL() string
	Stop()
	Start()
}

// onEachBroker runs the test against a real Mosquitto and against our own broker.
func onEachBroker(t *testing.T, test func(t *testing.T, b server), adjust ...func(*broker.Options)) {
	t.Helper()
	t.Run("mosquitto", func(t *testing.T) {
		t.Parallel()
		test(t, testbed.Mosquitto(t, testbed.MosquittoOptions{Persistence: true}))
	})
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, newEmbedded(t, adjust...))
	})
}

// embedded is our own broker behind the same methods as testbed's Mosquitto.
type embedded struct {
	t       *testing.T
	options broker.Options
	running *broker.Broker
}

func newEmbedded(t *testing.T, adjust ...func(*broker.Options)) *embedded {
	t.Helper()
	b := &embedded{t: t, options: broker.Options{
		Dir: t.TempDir(), Listen: testbed.Addr(t), Anonymous: true, AckWait: time.Hour,
	}}
	for _, change := range adjust {
		change(&b.options)
	}
	b.Start()
	t.Cleanup(b.Stop)
	return b
}

// repeatSoon is for tests that wait for unacknowledged messages; others do not want them repeated,
// however slow the machine is.
func repeatSoon(o *broker.Options) { o.AckWait = time.Second }

func (b *embedded) URL() string { return b.running.URL() }
func (b *embedded) Stop()       { b.running.Close() }

func (b *embedded) Start() {
	b.t.Helper()
	// A program that another test is just starting holds copies of our sockets until it has been
	// executed, the listener of the broker that was stopped among them.
	testbed.Eventually(b.t, testbed.Patience, func() error {
		running, err := broker.Start(b.t.Context(), b.options)
		if errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		if err != nil {
			b.t.Fatalf("starting the embedded broker: %v", err)
		}
		b.running = running
		return nil
	})
}

// peer is a running client with everything it has received.
type peer struct {
	*mqtt.Client
	t        *testing.T
	arrived  chan *mqtt.Delivery
	log      *logBuffer
	stopOnce func()
}

// run starts a client and waits for nothing. It keeps what arrives in a box that is larger than any test needs.
func run(t *testing.T, o mqtt.Options) *peer {
	t.Helper()
	p := &peer{t: t, arrived: make(chan *mqtt.Delivery, 100_000), log: newLogBuffer()}
	if len(o.Filters) > 0 && o.Handle == nil {
		o.Handle = func(_ context.Context, d *mqtt.Delivery) { p.arrived <- d }
	}
	if o.MaxReconnectDelay == 0 {
		o.MaxReconnectDelay = 100 * time.Millisecond
	}
	o.Logger = p.log.logger()
	client, err := mqtt.New(o)
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	p.Client = client
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }()
	p.stopOnce = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run returned %v", err)
			}
		case <-time.After(testbed.Patience):
			t.Errorf("Run did not end; its log:\n%s", p.log)
		}
	})
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("log of %s:\n%s", o.ClientID, p.log)
		}
	})
	return p
}

// connected starts a client and waits until it is connected and subscribed.
func connected(t *testing.T, o mqtt.Options) *peer {
	t.Helper()
	p := run(t, o)
	p.await()
	return p
}

func (p *peer) stop() { p.stopOnce() }

func (p *peer) await() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), testbed.Patience)
	defer cancel()
	if err := p.Await(ctx); err != nil {
		p.t.Fatalf("waiting for the subscription: %v\n%s", err, p.log)
	}
}

func (p *peer) publish(topic, payload string) {
	p.t.Helper()
	p.send(mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: mqtt.AtLeastOnce})
}

// tryPublish is publish for goroutines other than the test's.
func (p *peer) tryPublish(topic, payload string) {
	ctx, cancel := context.WithTimeout(p.t.Context(), testbed.Patience)
	defer cancel()
	if err := p.Publish(ctx, mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: mqtt.AtLeastOnce}); err != nil {
		p.t.Errorf("publishing to %s: %v", topic, err)
	}
}

func (p *peer) send(m mqtt.Message) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), testbed.Patience)
	defer cancel()
	if err := p.Publish(ctx, m); err != nil {
		p.t.Fatalf("publishing to %s: %v", m.Topic, err)
	}
}

// next returns the next message that arrives.
func (p *peer) next() *mqtt.Delivery {
	p.t.Helper()
	select {
	case d := <-p.arrived:
		return d
	case <-time.After(testbed.Patience):
		p.t.Fatalf("no message arrived; log:\n%s", p.log)
		return nil
	}
}

// until returns the payloads that arrive up to and including last, acknowledged.
func (p *peer) until(last string) []string {
	p.t.Helper()
	var payloads []string
	for {
		d := p.next()
		d.Ack()
		payloads = append(payloads, string(d.Payload))
		if string(d.Payload) == last {
			return payloads
		}
	}
}

// distinct returns the first n different payloads in order of arrival. All that arrives is acknowledged.
func (p *peer) distinct(n int) []string {
	p.t.Helper()
	var payloads []string
	seen := map[string]bool{}
	for len(payloads) < n {
		d := p.next()
		d.Ack()
		if payload := string(d.Payload); !seen[payload] {
			seen[payload] = true
			payloads = append(payloads, payload)
		}
	}
	return payloads
}

// logBuffer keeps a log and lets tests wait for lines in it.
type logBuffer struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newLogBuffer() *logBuffer { return &logBuffer{changed: make(chan struct{})} }

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.changed)
	b.changed = make(chan struct{})
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// wait returns the first line that holds all of the words.
func (b *logBuffer) wait(t *testing.T, words ...string) string {
	t.Helper()
	timeout := time.After(testbed.Patience)
	for {
		b.mu.Lock()
		text, changed := b.text.String(), b.changed
		b.mu.Unlock()
	lines:
		for line := range strings.Lines(text) {
			for _, word := range words {
				if !strings.Contains(line, word) {
					continue lines
				}
			}
			return line
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("no line with %q in the log:\n%s", words, text)
		}
	}
}

// cable is a TCP connection to a broker that the test can cut.
type cable struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	conns    []net.Conn
	wg       sync.WaitGroup
}

func newCable(t *testing.T, url string) *cable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, target, _ := strings.Cut(url, "://")
	c := &cable{listener: listener, target: target}
	c.wg.Go(c.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		c.cut()
		c.wg.Wait()
	})
	return c
}

func (c *cable) URL() string { return "tcp://" + c.listener.Addr().String() }

func (c *cable) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", c.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, near, far)
		c.mu.Unlock()
		c.wg.Go(func() { pipe(far, near) })
		c.wg.Go(func() { pipe(near, far) })
	}
}

func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

// cut breaks all connections, in the middle of whatever goes on.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

func numbers(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%06d", i)
	}
	return list
}
