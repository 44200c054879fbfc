package mqtt

import (
	"context"
	"errors"
	"fmt"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Publish returns nil when the broker has the message: with QoS 1 when it has said so, with QoS 0
// when it is on its way. It waits for a connection if there is none, and sends again what was
// under way when the connection broke, so a message may arrive twice. It ends early with ctx
// (the message may have arrived nevertheless) or ErrStopped. At most MaxInFlight calls are at
// work at a time. The payload must not change before it returns.
func (c *Client) Publish(ctx context.Context, m Message) error {
	if err := m.validate(); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return fmt.Errorf("publishing: %w", context.Cause(ctx))
	}
	for {
		s, err := c.connection(ctx)
		if err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
		sent, err := s.publish(ctx, m)
		if err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
		if sent {
			c.counters.published.Add(1)
			return nil
		}
	}
}

// publish reports whether the broker has the message; if not, and without an error, it must be
// sent again.
func (s *session) publish(ctx context.Context, m Message) (bool, error) {
	token, err := s.send(ctx, m)
	if token == nil {
		return false, err
	}
	select {
	case <-token.Done():
	case <-s.ctx.Done():
		// The answer may have come just before the end.
		select {
		case <-token.Done():
		default:
			return false, s.waitEnd(ctx)
		}
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	switch err := token.Error(); {
	case err == nil:
		return true, nil
	case errors.Is(err, paho.ErrNotConnected):
		return false, s.waitEnd(ctx)
	default:
		return false, nil // paho could not hand it over in time
	}
}

// send gives the message to paho. One caller at a time is inside paho, where waiting cannot be
// cancelled but ends after handOver; the others wait outside, where it can.
func (s *session) send(ctx context.Context, m Message) (paho.Token, error) {
	select {
	case s.sending <- struct{}{}:
		defer func() { <-s.sending }()
	case <-s.ctx.Done():
		return nil, s.waitEnd(ctx)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return s.paho.Publish(m.Topic, byte(m.QoS), m.Retained, m.Payload), nil
}

// waitEnd returns when the client has let go of this session, so that the next attempt meets the next one.
func (s *session) waitEnd(ctx context.Context) error {
	err := s.client.wait(ctx, func() bool { return s.client.current != s })
	if errors.Is(err, ErrStopped) {
		return nil // said by the next attempt
	}
	return err
}
