package simulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// A lane plays the events of some devices, one after the other. Its fields belong to
// the goroutine that runs it.
type lane struct {
	player *Player
	clock  *pacer
	inbox  chan Event
	open   map[telemetry.DeviceID]*client
	buffer []byte
}

// A client is a device as a lane sees it.
type client struct {
	id     telemetry.DeviceID
	conn   Conn // nil while there is none
	will   Event
	birth  *Event // what has to be said again in a new session; nil until said
	online *Event
	again  int64     // sessions opened beyond those of the stream
	refuse time.Time // until then the broker is not asked again
}

// How long to wait before trying again, and before asking a broker that said no.
const (
	firstRetry   = 100 * time.Millisecond
	lastRetry    = 10 * time.Second
	refusedPause = 30 * time.Second
)

// run returns when the inbox is closed, or ctx is done, and the farewells are said.
func (l *lane) run(ctx context.Context) error {
	for e := range l.inbox {
		if ctx.Err() == nil {
			l.play(ctx, &e)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.player.options.StopWithin)
	defer cancel()
	return l.farewell(ctx)
}

// play does one event, unless ctx ends first.
func (l *lane) play(ctx context.Context, e *Event) {
	c := l.open[e.Device]
	if c == nil {
		c = &client{id: e.Device}
		l.open[e.Device] = c
	}
	switch e.Action {
	case Connect:
		l.close(ctx, c, Conn.Abort) // a session that the device forgot ends as the broker would end it
		c.will, c.birth, c.online, c.again = *e, nil, nil, 0
		l.persist(ctx, c, e, l.join)
	case Publish:
		l.persist(ctx, c, e, l.say)
		c.remember(e)
	case Disconnect:
		l.close(ctx, c, Conn.Disconnect)
		delete(l.open, e.Device)
	case Drop:
		l.close(ctx, c, Conn.Abort)
		delete(l.open, e.Device)
	}
}

// remember keeps what must be said again when the connection has to be made anew.
func (c *client) remember(e *Event) {
	if !e.Retained || len(e.Readings) != 1 || e.Readings[0].Kind != telemetry.KindStatus {
		return
	}
	switch e.Readings[0].Status.State.Or("") {
	case telemetry.StateBirth:
		c.birth = e
	case telemetry.StateOnline:
		c.online = e
	}
}

// persist tries until the event is done, the broker refuses it, or ctx is done.
func (l *lane) persist(ctx context.Context, c *client, e *Event, do func(context.Context, *client, *Event) error) {
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		err := do(ctx, c, e)
		switch {
		case err == nil || ctx.Err() != nil:
			return
		case errors.Is(err, ErrRefused):
			l.refused(c, e, err)
			return
		}
		l.player.tally.retries.Add(1)
		l.player.complain(l.clock.now(), c.id, err)
		l.close(ctx, c, Conn.Abort)
		if !sleep(ctx, pause) {
			return
		}
	}
}

func (l *lane) refused(c *client, e *Event, err error) {
	if e.Action == Publish {
		l.player.tally.refused.Add(1)
	}
	if now := l.clock.now(); now.After(c.refuse) {
		l.player.log.Error("the broker refuses the device", slog.String("device", string(c.id)), slog.Any("error", err))
		c.refuse = now.Add(refusedPause)
	}
}

// join makes sure that the device has a session.
func (l *lane) join(ctx context.Context, c *client, e *Event) error {
	if c.conn != nil {
		return nil
	}
	if l.clock.now().Before(c.refuse) {
		return fmt.Errorf("asking again later: %w", ErrRefused)
	}
	return l.connect(ctx, c, e)
}

// say publishes the event in the device's session.
func (l *lane) say(ctx context.Context, c *client, e *Event) error {
	if err := l.join(ctx, c, e); err != nil {
		return err
	}
	return l.publish(ctx, c, e)
}

// connect opens the session of the last Connect event, or, when that one was lost,
// another with a higher number, in which the device first says again who it is.
func (l *lane) connect(ctx context.Context, c *client, e *Event) error {
	renewed := e.Action != Connect || c.birth != nil
	if renewed && len(c.will.Readings) == 0 {
		return fmt.Errorf("device %s sends before it connected: %w", c.id, ErrRefused)
	}
	if renewed {
		c.again++
	}
	will := l.message(c, &c.will, time.Time{})
	conn, err := l.player.options.Broker.Connect(ctx, Session{Device: c.id, Will: will})
	if err != nil {
		return fmt.Errorf("connecting %s: %w", c.id, err)
	}
	c.conn = conn
	l.player.tally.sessions.Add(1)
	l.player.tally.connected.Add(1)
	if !renewed {
		return nil
	}
	for _, again := range [...]*Event{c.birth, c.online} {
		if again == nil {
			continue
		}
		again.Readings[0].Time = l.clock.eventTime(e.At)
		if err := l.publish(ctx, c, again); err != nil {
			return err
		}
	}
	return nil
}

// sessionsBetween is the room that the stream leaves between two of its session
// numbers for sessions it does not know of.
const sessionsBetween = 1 << 10

// message writes the event for the client's present session. It reuses no memory:
// a broker keeps a will.
func (l *lane) message(c *client, e *Event, at time.Time) Message {
	out := e.Readings[0]
	body := *out.Status
	body.Session = telemetry.Some(body.Session.Or(0) + c.again%sessionsBetween)
	out.Status, out.Time = &body, at
	return Message{Topic: e.Topic, Payload: wire.AppendPayload(nil, &out), Retained: e.Retained}
}

func (l *lane) publish(ctx context.Context, c *client, e *Event) error {
	m := Message{Topic: e.Topic, Retained: e.Retained}
	if e.Retained && len(e.Readings) == 1 && e.Readings[0].Status != nil {
		m = l.message(c, e, e.Readings[0].Time)
	} else {
		l.buffer = e.AppendPayload(l.buffer[:0])
		m.Payload = l.buffer
	}
	if err := c.conn.Publish(ctx, m); err != nil {
		return fmt.Errorf("publishing for %s: %w", c.id, err)
	}
	t := &l.player.tally
	t.messages.Add(1)
	t.readings.Add(uint64(max(len(e.Readings), 1)))
	t.bytes.Add(uint64(len(m.Payload)))
	return nil
}

// close ends the client's session, if there is one. That it does not end in order
// is worth a word and nothing more: it ends.
func (l *lane) close(ctx context.Context, c *client, end func(Conn, context.Context) error) {
	if c.conn == nil {
		return
	}
	if err := end(c.conn, ctx); err != nil {
		l.player.log.Debug("a session did not end in order", slog.String("device", string(c.id)), slog.Any("error", err))
	}
	c.conn = nil
	l.player.tally.connected.Add(-1)
}

// farewell lets every device that is connected say that it goes, with the words of its will.
func (l *lane) farewell(ctx context.Context) error {
	for _, c := range l.open {
		if c.conn == nil {
			continue
		}
		l.persist(ctx, c, &c.will, l.say)
		l.close(ctx, c, Conn.Disconnect)
		if ctx.Err() != nil {
			return fmt.Errorf("the broker did not take the farewell of %s in time: %w", c.id, ctx.Err())
		}
	}
	return nil
}

// sleep reports false when ctx was done first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
