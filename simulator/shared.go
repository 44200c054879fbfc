package simulator

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"phusong/telemetry"
)

// Shared returns a broker that plays all devices over a few connections to another
// one, as a gateway does, for fleets of more devices than a machine has ports. It
// publishes the wills itself when a device vanishes; name leads the client ids of the connections. Connections
// are opened when first needed. Close ends them.
func Shared(broker Broker, name string, connections int) *SharedBroker {
	s := &SharedBroker{broker: broker, lines: make([]line, max(connections, 1))}
	for i := range s.lines {
		s.lines[i].lock = make(chan struct{}, 1)
		s.lines[i].id = telemetry.DeviceID(fmt.Sprintf("%s-%d", name, i+1))
	}
	return s
}

// A SharedBroker is made by [Shared]. It is safe for concurrent use.
type SharedBroker struct {
	broker Broker
	lines  []line
	next   atomic.Uint64
}

// A line is one real connection. The lock is a channel so that waiting for it can
// be given up; who has it may use conn.
type line struct {
	id   telemetry.DeviceID
	lock chan struct{}
	conn Conn
}

// Connect gives the device one of the connections.
func (s *SharedBroker) Connect(ctx context.Context, session Session) (Conn, error) {
	l := &s.lines[s.next.Add(1)%uint64(len(s.lines))]
	if _, err := l.get(ctx, s.broker); err != nil {
		return nil, err
	}
	return &guest{shared: s, line: l, will: session.Will}, nil
}

// Close disconnects. The broker may be used again afterwards.
func (s *SharedBroker) Close(ctx context.Context) error {
	var failed error
	for i := range s.lines {
		l := &s.lines[i]
		if err := l.acquire(ctx); err != nil {
			return err
		}
		if l.conn != nil {
			if err := l.conn.Disconnect(ctx); err != nil && failed == nil {
				failed = fmt.Errorf("disconnecting %s: %w", l.id, err)
			}
			l.conn = nil
		}
		<-l.lock
	}
	return failed
}

func (l *line) acquire(ctx context.Context) error {
	select {
	case l.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// get returns the open connection, opening it if need be.
func (l *line) get(ctx context.Context, broker Broker) (Conn, error) {
	if err := l.acquire(ctx); err != nil {
		return nil, err
	}
	defer func() { <-l.lock }()
	if l.conn == nil {
		conn, err := broker.Connect(ctx, Session{Device: l.id})
		if err != nil {
			return nil, err
		}
		l.conn = conn
	}
	return l.conn, nil
}

// broken gives up the connection, unless somebody else did already.
func (l *line) broken(ctx context.Context, conn Conn) {
	if l.acquire(ctx) != nil {
		return
	}
	defer func() { <-l.lock }()
	if l.conn == conn {
		_ = conn.Abort(ctx) // it is broken: that is why
		l.conn = nil
	}
}

// A guest is one device on a shared connection.
type guest struct {
	shared *SharedBroker
	line   *line
	will   Message
}

func (g *guest) Publish(ctx context.Context, m Message) error {
	conn, err := g.line.get(ctx, g.shared.broker)
	if err != nil {
		return err
	}
	err = conn.Publish(ctx, m)
	if err != nil && !errors.Is(err, ErrRefused) {
		g.line.broken(ctx, conn)
	}
	return err
}

func (g *guest) Disconnect(context.Context) error { return nil }

// Abort publishes the will, as the broker would for a device with its own connection.
func (g *guest) Abort(ctx context.Context) error { return g.Publish(ctx, g.will) }
