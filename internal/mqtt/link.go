package mqtt

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// ErrLost says that a Link's connection has ended. Whether the broker has the message is unknown.
var ErrLost = errors.New("the connection to the broker is lost")

// A Link is one connection with nothing behind it: what ends it ends it for good, as for a device
// whose owner wants to know. Its methods may be called by several goroutines.
type Link struct {
	session *session
	stop    context.CancelCauseFunc
	ended   chan struct{} // the connection is not served any more
	once    sync.Once
}

// Dial opens a connection and subscribes to the filters. ctx bounds the opening only. Options that
// govern reconnecting have no effect. The caller must Close or Abort the link.
func Dial(ctx context.Context, options Options) (*Link, error) {
	c, err := New(options)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	s, err := c.connect(life)
	if !stop() && err == nil { // ctx ended at the last moment
		s.close()
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel(nil)
		return nil, fmt.Errorf("connecting to %s: %w", c.address, err)
	}
	l := &Link{session: s, stop: cancel, ended: make(chan struct{})}
	c.update(func() { c.current = s })
	go func() {
		defer close(l.ended)
		_ = s.serve(life) // whoever uses the link is told ErrLost
		s.cancel()
		c.update(func() { c.current, c.stopped = nil, true })
	}()
	return l, nil
}

// Publish returns nil when the broker has the message, as [Client.Publish], and an error that wraps
// ErrLost when the connection ended first.
func (l *Link) Publish(ctx context.Context, m Message) error {
	if err := m.validate(); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	switch sent, err := l.session.publish(ctx, m); {
	case err != nil:
		return fmt.Errorf("publishing: %w", err)
	case !sent:
		return fmt.Errorf("publishing: %w", ErrLost)
	}
	return nil
}

// Close says goodbye to the broker, which then forgets the will, and returns when nothing of the link
// is left.
func (l *Link) Close() { l.end(func() {}) }

// Abort cuts the connection without a word, so that the broker publishes the will, and returns when
// nothing of the link is left.
func (l *Link) Abort() { l.end(l.session.conn.abort) }

func (l *Link) end(before func()) {
	l.once.Do(func() {
		before()
		l.stop(ErrLost)
		<-l.ended
		l.session.close()
	})
}

// Refused reports whether err says that the broker answered and does not want this client.
func Refused(err error) bool {
	for _, refusal := range []error{
		packets.ErrorRefusedBadUsernameOrPassword, packets.ErrorRefusedNotAuthorised,
		packets.ErrorRefusedIDRejected, packets.ErrorRefusedBadProtocolVersion,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
