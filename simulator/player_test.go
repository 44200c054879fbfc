package simulator

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// fakeBroker keeps what a broker keeps, and complains about what none would allow.
type fakeBroker struct {
	mu       sync.Mutex
	open     map[telemetry.DeviceID]*fakeConn
	retained map[string]string
	readings map[telemetry.DeviceID][]telemetry.Reading
	wills    int
	ordered  int // sessions that ended in order
	faults   []string
	fail     func(telemetry.DeviceID, Message) error // asked before a message is taken
	refuse   func(telemetry.DeviceID) error
}

func newFakeBroker() *fakeBroker {
	return &fakeBroker{
		open:     make(map[telemetry.DeviceID]*fakeConn),
		retained: make(map[string]string),
		readings: make(map[telemetry.DeviceID][]telemetry.Reading),
	}
}

type fakeConn struct {
	broker  *fakeBroker
	session Session
	ended   bool
}

func (b *fakeBroker) Connect(_ context.Context, s Session) (Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		if err := b.refuse(s.Device); err != nil {
			return nil, err
		}
	}
	if b.open[s.Device] != nil {
		b.faults = append(b.faults, fmt.Sprintf("%s connects twice", s.Device))
	}
	c := &fakeConn{broker: b, session: s}
	b.open[s.Device] = c
	return c, nil
}

func (c *fakeConn) Publish(_ context.Context, m Message) error {
	b := c.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.ended {
		return errors.New("the session has ended")
	}
	if b.fail != nil {
		if err := b.fail(c.session.Device, m); err != nil {
			return err
		}
	}
	b.take(m)
	return nil
}

func (b *fakeBroker) take(m Message) {
	var d wire.Decoder
	got := d.Decode(m.Topic, m.Payload)
	for _, r := range got.Rejects {
		b.faults = append(b.faults, r.Err.Error())
	}
	for i := range got.Readings {
		r := got.Readings[i]
		b.readings[r.Device] = append(b.readings[r.Device], r)
	}
	if m.Retained {
		b.retained[m.Topic] = string(m.Payload)
	} else if !strings.HasSuffix(m.Topic, "/telemetry") {
		b.faults = append(b.faults, m.Topic+" is not retained")
	}
}

func (c *fakeConn) Disconnect(context.Context) error { return c.end(false) }
func (c *fakeConn) Abort(context.Context) error      { return c.end(true) }

func (c *fakeConn) end(vanished bool) error {
	b := c.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.ended {
		b.faults = append(b.faults, fmt.Sprintf("%s ends twice", c.session.Device))
	}
	c.ended = true
	delete(b.open, c.session.Device)
	if vanished {
		b.wills++
		b.take(c.session.Will)
	} else {
		b.ordered++
	}
	return nil
}

func play(t *testing.T, w *World, b *fakeBroker, events iter.Seq[Event], change func(*PlayerOptions)) *Player {
	t.Helper()
	o := PlayerOptions{Broker: b}
	if change != nil {
		change(&o)
	}
	p, err := NewPlayer(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	for _, f := range b.faults {
		t.Error(f)
	}
	for i := range w.devices {
		topic := w.devices[i].topics[topicStatus]
		if got := b.retained[topic]; !strings.Contains(got, `"offline"`) {
			t.Errorf("at the end the broker remembers %s of %s, want offline", got, topic)
		}
	}
	if len(b.open) != 0 || p.Progress().Connected != 0 {
		t.Errorf("%d sessions are still open, and %d are counted", len(b.open), p.Progress().Connected)
	}
	return p
}

// telemetryOf returns what the events hold of each device, in order.
func telemetryOf(events iter.Seq[Event]) map[telemetry.DeviceID][]string {
	all := make(map[telemetry.DeviceID][]string)
	for e := range events {
		for i := range e.Readings {
			if r := &e.Readings[i]; r.Kind != telemetry.KindStatus {
				all[r.Device] = append(all[r.Device], string(wire.AppendPayload(nil, r)))
			}
		}
	}
	return all
}

func checkDelivered(t *testing.T, b *fakeBroker, events iter.Seq[Event]) {
	t.Helper()
	for id, want := range telemetryOf(events) {
		var got []string
		for i := range b.readings[id] {
			if r := &b.readings[id][i]; r.Kind != telemetry.KindStatus {
				got = append(got, string(wire.AppendPayload(nil, r)))
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: the broker has %d readings, want %d in the same order", id, len(got), len(want))
		}
	}
}

func TestPlayerDeliversEverythingInOrder(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t, nil), newFakeBroker()
	until := testStart.Add(20 * time.Minute)
	p := play(t, w, b, w.Events(until), nil)
	checkDelivered(t, b, w.Events(until))
	if got := p.Progress(); got.Messages == 0 || got.Readings < got.Messages || got.Bytes == 0 || got.Retries != 0 {
		t.Errorf("progress is %+v", got)
	}
}

func TestPlayerSurvivesABrokerThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, b := newWorld(t, nil), newFakeBroker()
		n := 0
		b.fail = func(telemetry.DeviceID, Message) error {
			if n++; n%50 == 0 {
				return errors.New("the line broke")
			}
			return nil
		}
		until := testStart.Add(20 * time.Minute)
		p := play(t, w, b, w.Events(until), nil)
		checkDelivered(t, b, w.Events(until))
		if got := p.Progress(); got.Retries == 0 || b.wills < int(got.Retries) {
			t.Errorf("%d retries and %d wills; each failure should leave both", got.Retries, b.wills)
		}
		for id, readings := range b.readings {
			checkSessions(t, id, readings)
		}
	})
}

// checkSessions: numbers never fall, and only a new one goes online.
func checkSessions(t *testing.T, id telemetry.DeviceID, readings []telemetry.Reading) {
	t.Helper()
	var last int64
	offline := true
	for i := range readings {
		s := readings[i].Status
		if s == nil {
			continue
		}
		session := s.Session.Or(0)
		if session < last || (s.State.Or("") == telemetry.StateOnline && offline && session == 0) {
			t.Errorf("%s: session %d after %d", id, session, last)
		}
		last = session
	}
}

func TestPlayerNamesWhoIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, b := newWorld(t, nil), newFakeBroker()
		unwanted := w.devices[3].ID
		b.refuse = func(id telemetry.DeviceID) error {
			if id == unwanted {
				return fmt.Errorf("not authorized: %w", ErrRefused)
			}
			return nil
		}
		var log strings.Builder
		p, err := NewPlayer(PlayerOptions{Broker: b, Speed: 1, Logger: textLogger(&log)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(testStart)) // the clock of the bubble
		if err := p.Run(t.Context(), w.Events(testStart.Add(5*time.Minute))); err != nil {
			t.Fatal(err)
		}
		if got := p.Progress(); got.Refused == 0 {
			t.Errorf("nothing is counted as refused: %+v", got)
		}
		if len(b.readings[unwanted]) != 0 || !strings.Contains(log.String(), string(unwanted)) {
			t.Errorf("the log does not name %s:\n%s", unwanted, &log)
		}
		if lines := strings.Count(log.String(), "\n"); lines > 12 {
			t.Errorf("%d lines were logged in five minutes, want about one in thirty seconds", lines)
		}
	})
}

func TestPlayerKeepsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, b := newWorld(t, nil), newFakeBroker()
		const speed = 60
		began := time.Now()
		play(t, w, b, w.Events(testStart.Add(time.Hour)), func(o *PlayerOptions) { o.Speed = speed })
		if took := time.Since(began); took < 58*time.Second || took > 61*time.Second {
			t.Errorf("an hour at speed %d took %v, want a minute", speed, took)
		}
	})
}

func TestPlayerStopsInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, b := newWorld(t, func(o *Options) { o.Probes, o.Calm = 0, true }), newFakeBroker()
		p, err := NewPlayer(PlayerOptions{Broker: b, Speed: 60})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := p.Run(ctx, w.Events(time.Time{})); err != nil {
			t.Fatal(err)
		}
		if b.wills != 0 || b.ordered == 0 || len(b.open) != 0 {
			t.Errorf("%d devices vanished, %d left in order, %d stayed", b.wills, b.ordered, len(b.open))
		}
	})
}

func TestSharedBrokerPublishesWills(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t, nil), newFakeBroker()
	shared := Shared(b, "gateway", 3)
	events := w.Events(testStart.Add(2 * time.Hour))
	drops := 0
	for e := range events {
		if e.Action == Drop {
			drops++
		}
	}
	p, err := NewPlayer(PlayerOptions{Broker: shared})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	checkDelivered(t, b, events)
	for _, f := range b.faults {
		t.Error(f)
	}
	offline := 0
	for _, readings := range b.readings {
		for i := range readings {
			if s := readings[i].Status; s != nil && s.State.Or("") == telemetry.StateOffline {
				offline++
			}
		}
	}
	if want := drops + len(w.devices); drops == 0 || offline < want-len(w.devices) || offline > want {
		t.Errorf("%d words of being offline were published, want one for each of %d drops and at most one more a device", offline, drops)
	}
	if len(b.open) != 3 {
		t.Errorf("%d connections are open, want 3", len(b.open))
	}
	if err := shared.Close(t.Context()); err != nil || len(b.open) != 0 {
		t.Errorf("after Close %d connections are open: %v", len(b.open), err)
	}
}

func TestNewPlayerNamesTheField(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]PlayerOptions{
		"Broker": {},
		"Speed":  {Broker: newFakeBroker(), Speed: -1},
		"Lanes":  {Broker: newFakeBroker(), Lanes: -1},
	} {
		if _, err := NewPlayer(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
}

func TestNewNamesTheField(t *testing.T) {
	t.Parallel()
	good := Options{Start: testStart, AccessPoints: 1}
	for want, change := range map[string]func(*Options){
		"Start":        func(o *Options) { o.Start = time.Time{} },
		"AccessPoints": func(o *Options) { o.AccessPoints = -1 },
		"no devices":   func(o *Options) { o.AccessPoints = 0 },
		"WiFiInterval": func(o *Options) { o.WiFiInterval = time.Millisecond },
		"History":      func(o *Options) { o.History = -time.Hour },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}
