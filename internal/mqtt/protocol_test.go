package mqtt_test

import (
	"bufio"
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

// scripted is a broker that does what the test says, packet by packet. It serves one client at a time.
type scripted struct {
	t        *testing.T
	listener net.Listener
	conn     net.Conn
	reader   *bufio.Reader
}

func newScripted(t *testing.T) *scripted {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return &scripted{t: t, listener: listener}
}

func (b *scripted) URL() string { return "tcp://" + b.listener.Addr().String() }

// accept waits for the client and answers its CONNECT.
func (b *scripted) accept(code byte) {
	b.t.Helper()
	var err error
	if b.conn, err = b.listener.Accept(); err != nil {
		b.t.Fatal(err)
	}
	conn := b.conn
	b.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testbed.Patience)); err != nil {
		b.t.Fatal(err)
	}
	b.reader = bufio.NewReader(conn)
	read[*packets.ConnectPacket](b)
	answer := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
	answer.ReturnCode = code
	b.write(answer)
}

// grant answers a SUBSCRIBE with these codes.
func (b *scripted) grant(codes ...byte) *packets.SubscribePacket {
	b.t.Helper()
	ask := read[*packets.SubscribePacket](b)
	answer := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	answer.MessageID, answer.ReturnCodes = ask.MessageID, codes
	b.write(answer)
	return ask
}

func (b *scripted) publish(id uint16, payload string) {
	b.t.Helper()
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.Qos, p.MessageID, p.TopicName, p.Payload = 1, id, "t", []byte(payload)
	b.write(p)
}

func (b *scripted) write(p packets.ControlPacket) {
	b.t.Helper()
	if err := p.Write(b.conn); err != nil {
		b.t.Fatalf("writing %v: %v", p, err)
	}
}

// read returns the next packet, which must be a P; pings are answered and skipped.
func read[P packets.ControlPacket](b *scripted) P {
	b.t.Helper()
	for {
		packet, err := packets.ReadPacket(b.reader)
		if err != nil {
			b.t.Fatalf("reading from the client: %v", err)
		}
		if _, ping := packet.(*packets.PingreqPacket); ping {
			b.write(packets.NewControlPacket(packets.Pingresp))
			continue
		}
		want, ok := packet.(P)
		if !ok {
			b.t.Fatalf("the client sent %v, want another kind of packet", packet)
		}
		return want
	}
}

func TestAnAcknowledgementGoesOutOnceAndOnItsConnectionOnly(t *testing.T) {
	t.Parallel()
	b := newScripted(t)
	p := run(t, mqtt.Options{URL: b.URL(), ClientID: "c", Filters: []string{"t"}})
	b.accept(0)
	b.grant(1)
	b.publish(5, "first")
	b.publish(6, "second")
	first, second := p.next(), p.next()
	first.Ack()
	first.Ack()
	if got := read[*packets.PubackPacket](b).MessageID; got != 5 {
		t.Errorf("PUBACK for %d, want 5", got)
	}
	_ = b.conn.Close()

	b.accept(0)
	b.grant(1)
	p.await()
	second.Ack() // of the connection before: here, 6 will be another message
	b.publish(6, "third")
	p.next()
	b.publish(7, "fourth")
	p.next().Ack()
	if got := read[*packets.PubackPacket](b).MessageID; got != 7 {
		t.Errorf("PUBACK for %d, want 7 only: an old acknowledgement hit a new message", got)
	}
	if got := p.Stats().Acked; got != 2 {
		t.Errorf("Acked = %d, want 2", got)
	}
}

func TestGoodbyeFollowsTheLastAcknowledgement(t *testing.T) {
	t.Parallel()
	b := newScripted(t)
	p := run(t, mqtt.Options{URL: b.URL(), ClientID: "c", Filters: []string{"t"}, AckDelay: time.Hour})
	b.accept(0)
	b.grant(1)
	b.publish(5, "x")
	p.next().Ack()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		p.stop()
	}()
	read[*packets.PubackPacket](b)
	read[*packets.DisconnectPacket](b)
	select {
	case <-stopped:
		t.Error("Run ended before the broker had hung up")
	default:
	}
	_ = b.conn.Close()
	<-stopped
}

func TestConnectRefusalsAreExplained(t *testing.T) {
	t.Parallel()
	for code, remedy := range map[byte]string{
		1: "must speak MQTT 3.1.1", 2: "choose another client id", 3: "starting or overloaded",
		4: "check user name", 5: "check user name",
	} {
		b := newScripted(t)
		p := run(t, mqtt.Options{URL: b.URL(), ClientID: "c"})
		b.accept(code)
		p.log.wait(t, "cannot connect", "refused", remedy, b.URL())
		b.accept(0)
		p.await()
	}
}

func TestABrokerThatSpeaksTLSOrNothingIsExplained(t *testing.T) {
	t.Parallel()
	certs := testbed.NewCertificates(t, "c")
	secure := testbed.Mosquitto(t, testbed.MosquittoOptions{TLS: certs})
	plain := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	p := run(t, mqtt.Options{URL: "mqtt://" + secure.Addr(), ClientID: "c"})
	p.log.wait(t, "cannot connect", "does the port expect TLS")
	p = run(t, mqtt.Options{URL: "mqtts://" + plain.Addr(), ClientID: "c", ConnectTimeout: time.Second})
	p.log.wait(t, "cannot connect", "mqtts://"+plain.Addr())
	p = run(t, mqtt.Options{URL: "mqtt://no-such-host.invalid", ClientID: "c"})
	p.log.wait(t, "cannot connect", "check the host name")
}

func TestASilentBrokerIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newScripted(t)
	p := run(t, mqtt.Options{URL: b.URL(), ClientID: "c", KeepAlive: time.Second})
	b.accept(0)
	p.await()
	p.log.wait(t, "lost the connection", "fell silent", "check the network")
	b.accept(0)
	p.await()
}

func TestASubscriptionWithoutAnAnswerIsTriedOnANewConnection(t *testing.T) {
	t.Parallel()
	b := newScripted(t)
	p := run(t, mqtt.Options{URL: b.URL(), ClientID: "c", Filters: []string{"t"}, ConnectTimeout: 2 * time.Second})
	b.accept(0)
	read[*packets.SubscribePacket](b)
	p.log.wait(t, "lost the connection", "subscribing: no answer")
	b.accept(0)
	b.grant(1)
	p.await()
}

func TestSubscriptionsAreRenewedOnEveryConnect(t *testing.T) {
	t.Parallel()
	b := newScripted(t)
	p := run(t, mqtt.Options{URL: b.URL(), ClientID: "c", Filters: []string{"t"}})
	for _, code := range []byte{1, 0x80, 1} {
		b.accept(0)
		ask := b.grant(code)
		if len(ask.Topics) != 1 || ask.Topics[0] != "t" || ask.Qoss[0] != 1 {
			t.Errorf("the client subscribes to %q with %v, want t with QoS 1", ask.Topics, ask.Qoss)
		}
		if code == 1 {
			p.await()
		} else {
			p.log.wait(t, "refuses a subscription", "filter=t")
		}
		_ = b.conn.Close()
		p.log.wait(t, "lost the connection")
	}
	p.log.wait(t, "grants the subscription now", "filter=t")
}

// This test is not parallel: it looks at all goroutines of the process.
func TestRunLeavesNothingRunning(t *testing.T) {
	b := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	line := newCable(t, b.URL())
	entered := make(chan struct{}, 1)
	p := connected(t, mqtt.Options{
		URL: line.URL(), ClientID: "c", Filters: []string{"t"},
		OnConnect: func(ctx context.Context) { <-ctx.Done() },
		Handle: func(ctx context.Context, _ *mqtt.Delivery) {
			entered <- struct{}{}
			<-ctx.Done() // blocked, as back-pressure does
		},
	})
	p.publish("t", "before the cut")
	<-entered
	line.cut()
	<-entered
	p.stop()
	p = run(t, mqtt.Options{URL: "tcp://" + testbed.Addr(t), ClientID: "c"})
	p.log.wait(t, "cannot connect")
	p.stop()
	testbed.Eventually(t, testbed.Patience, func() error {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for stack := range strings.SplitSeq(string(stacks), "\n\n") {
			if strings.Contains(stack, "paho.mqtt") || strings.Contains(stack, "mqtt.(*") {
				return &leak{stack}
			}
		}
		return nil
	})
}

type leak struct{ stack string }

func (l *leak) Error() string { return "still running after Run:\n" + l.stack }
