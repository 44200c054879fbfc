package broker_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"phusong/internal/broker"
	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

// start runs a broker for the time of the test, open to everybody unless adjusted.
func start(t *testing.T, adjust ...func(*broker.Options)) *broker.Broker {
	t.Helper()
	o := broker.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Anonymous: true, AckWait: time.Second}
	for _, change := range adjust {
		change(&o)
	}
	b, err := broker.Start(t.Context(), o)
	if err != nil {
		t.Fatalf("starting the broker: %v", err)
	}
	t.Cleanup(b.Close)
	return b
}

// unrepeated is for tests that count what arrives: however slow the machine is, nothing comes twice.
func unrepeated(o *broker.Options) { o.AckWait = time.Hour }

// guarded sets the authentication of a broker.
func guarded(check func(broker.Credentials) (broker.Permission, bool)) func(*broker.Options) {
	return func(o *broker.Options) { o.Anonymous, o.Authenticate = false, check }
}

// devices is how a service would guard its devices: each owns its subtree, "service" owns everything.
func devices(c broker.Credentials) (broker.Permission, bool) {
	if c.Password != "secret of "+c.Username {
		return broker.Permission{}, false
	}
	if c.Username == "service" {
		return broker.Everything(), true
	}
	return broker.Permission{
		Publish:   []string{"data/+/" + c.Username + "/#"},
		Subscribe: []string{"commands/" + c.Username + "/#"},
	}, true
}

// device runs mosquitto_pub or mosquitto_sub, line by line: left alone they keep what they say until they end.
func device(t *testing.T, program string, b *broker.Broker, args ...string) *testbed.Process {
	t.Helper()
	host, port, _ := strings.Cut(b.Addr().String(), ":")
	return testbed.Run(t, testbed.Command{
		Name: program, Path: testbed.Require(t, "stdbuf"),
		Args: append([]string{"-oL", testbed.Require(t, program), "-h", host, "-p", port}, args...),
	})
}

// publish has a foreign device publish with QoS 1 and waits until the broker has answered.
func publish(t *testing.T, b *broker.Broker, topic, message string, args ...string) {
	t.Helper()
	p := device(t, "mosquitto_pub", b, append([]string{"-q", "1", "-t", topic, "-m", message}, args...)...)
	if code := p.Wait(); code != 0 {
		t.Fatalf("mosquitto_pub to %s ended with %d:\n%s", topic, code, p.Log())
	}
}

// client is one of ours, with everything it has received.
type client struct {
	*mqtt.Client
	t       *testing.T
	arrived chan *mqtt.Delivery
	stop    func()
}

// connect starts a client of the broker, or of the one that adjust names when b is nil.
func connect(t *testing.T, b *broker.Broker, adjust ...func(*mqtt.Options)) *client {
	t.Helper()
	c := &client{t: t, arrived: make(chan *mqtt.Delivery, 100_000)}
	o := mqtt.Options{
		ClientID: "test", MaxReconnectDelay: 100 * time.Millisecond,
		Handle: func(_ context.Context, d *mqtt.Delivery) { c.arrived <- d },
	}
	if b != nil {
		o.URL = b.URL()
	}
	for _, change := range adjust {
		change(&o)
	}
	var err error
	if c.Client, err = mqtt.New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = c.Run(ctx) })
	c.stop = func() {
		cancel()
		wg.Wait()
	}
	t.Cleanup(c.stop)
	return c
}

func as(user string) func(*mqtt.Options) {
	return func(o *mqtt.Options) {
		o.ClientID, o.Username = user, user
		o.Password = func() (string, error) { return "secret of " + user, nil }
	}
}

func to(filters ...string) func(*mqtt.Options) {
	return func(o *mqtt.Options) { o.Filters = filters }
}

// ready waits until the client is connected and subscribed.
func (c *client) ready() *client {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), testbed.Patience)
	defer cancel()
	if err := c.Await(ctx); err != nil {
		c.t.Fatalf("waiting for the subscription: %v", err)
	}
	return c
}

func (c *client) send(m mqtt.Message) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), testbed.Patience)
	defer cancel()
	if err := c.Publish(ctx, m); err != nil {
		c.t.Fatalf("publishing to %s: %v", m.Topic, err)
	}
}

// until returns "topic payload" of what arrives up to and including the topic last, acknowledged.
func (c *client) until(last string) []string {
	c.t.Helper()
	var got []string
	for {
		select {
		case d := <-c.arrived:
			d.Ack()
			got = append(got, d.Topic+" "+string(d.Payload))
			if d.Topic == last {
				return got
			}
		case <-time.After(testbed.Patience):
			c.t.Fatalf("nothing on %s; before that came %q", last, got)
		}
	}
}
