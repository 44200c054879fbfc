package simulator_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"phusong/internal/mqtt"
	"phusong/internal/testbed"
	"phusong/internal/wire"
	"phusong/simulator"
	"phusong/telemetry"
)

// links gives each device an MQTT connection of its own, as a program would.
type links struct{ options mqtt.Options }

func (b links) Connect(ctx context.Context, s simulator.Session) (simulator.Conn, error) {
	o := b.options
	o.ClientID, o.CleanSession = string(s.Device), true
	if s.Will.Topic != "" {
		o.Will = func() mqtt.Message { return message(s.Will) }
	}
	l, err := mqtt.Dial(ctx, o)
	if mqtt.Refused(err) {
		err = errors.Join(simulator.ErrRefused, err)
	}
	if err != nil {
		return nil, err
	}
	return link{l}, nil
}

type link struct{ *mqtt.Link }

func (l link) Publish(ctx context.Context, m simulator.Message) error {
	return l.Link.Publish(ctx, message(m))
}
func (l link) Disconnect(context.Context) error { l.Close(); return nil }
func (l link) Abort(context.Context) error      { l.Link.Abort(); return nil }

func message(m simulator.Message) mqtt.Message {
	return mqtt.Message{Topic: m.Topic, Payload: m.Payload, QoS: mqtt.AtLeastOnce, Retained: m.Retained}
}

// A listener is the service's side: it has a persistent session and keeps what comes.
type listener struct {
	mu       sync.Mutex
	readings map[telemetry.DeviceID]map[int64]bool // sequence numbers
	states   map[telemetry.DeviceID]string
	rejects  int
}

func (l *listener) handle(_ context.Context, d *mqtt.Delivery) {
	var decoder wire.Decoder
	m := decoder.Decode(d.Topic, d.Payload)
	l.mu.Lock()
	l.rejects += len(m.Rejects)
	for i := range m.Readings {
		r := &m.Readings[i]
		if r.Kind == telemetry.KindStatus {
			if !strings.HasSuffix(d.Topic, "/birth") {
				l.states[r.Device] = r.Status.State.Or("")
			}
			continue
		}
		if l.readings[r.Device] == nil {
			l.readings[r.Device] = make(map[int64]bool)
		}
		l.readings[r.Device][r.Seq.Or(0)] = true
	}
	l.mu.Unlock()
	d.Ack()
}

func listen(t *testing.T, url string) *listener {
	t.Helper()
	l := &listener{readings: make(map[telemetry.DeviceID]map[int64]bool), states: make(map[telemetry.DeviceID]string)}
	c, err := mqtt.New(mqtt.Options{URL: url, ClientID: "listener", Filters: []string{wire.Filter}, Handle: l.handle})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() { _ = c.Run(ctx) })
	t.Cleanup(func() { cancel(); wait.Wait() })
	if err := c.Await(ctx); err != nil {
		t.Fatal(err)
	}
	return l
}

// Everything that the world says arrives through a real broker that is restarted in
// the middle of it, and every device is offline in the end.
func TestPlayingToARealBrokerThatRestarts(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{Persistence: true})
	story, err := simulator.ShippedScenario("bad-devices")
	if err != nil {
		t.Fatal(err)
	}
	w, err := simulator.New(simulator.Options{
		Seed: 3, Start: time.Now().Add(-40 * time.Minute), AccessPoints: 200, Probes: 10, Sensors: 20, Scenario: story,
		WiFiInterval: 2 * time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, broker.URL())
	p, err := simulator.NewPlayer(simulator.PlayerOptions{Broker: links{mqtt.Options{URL: broker.URL(), ConnectTimeout: time.Second}}, StopWithin: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	until := w.Start().Add(32 * time.Minute)
	played := 0
	events := func(yield func(simulator.Event) bool) {
		for e := range w.Events(until) {
			if played++; played == 4000 {
				broker.Stop()
				broker.Start()
			}
			if !yield(e) {
				return
			}
		}
	}
	if err := p.Run(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if p.Progress().Retries == 0 {
		t.Error("the broker was away and nobody noticed")
	}
	testbed.Eventually(t, testbed.Patience, func() error { return l.complete(w, until) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rejects < 100 {
		t.Errorf("%d messages were refused, want the hundreds that a mad device sent", l.rejects)
	}
}

// complete reports what is still missing.
func (l *listener) complete(w *simulator.World, until time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	missing := 0
	for e := range w.Events(until) {
		for i := range e.Readings {
			if seq, ok := e.Readings[i].Seq.Get(); ok && !l.readings[e.Device][seq] {
				missing++
			}
		}
	}
	for _, d := range w.Devices() {
		if state, known := l.states[d.ID]; known && state != telemetry.StateOffline {
			missing++
		}
	}
	if missing > 0 {
		return errors.New("readings or farewells are missing")
	}
	return nil
}

func TestARealBrokerThatRefuses(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{Config: []string{"allow_anonymous false"}})
	w, err := simulator.New(simulator.Options{Seed: 3, Start: time.Now(), AccessPoints: 5})
	if err != nil {
		t.Fatal(err)
	}
	p, err := simulator.NewPlayer(simulator.PlayerOptions{Broker: links{mqtt.Options{URL: broker.URL()}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), w.Events(w.Start().Add(3*time.Minute))); err != nil {
		t.Fatal(err)
	}
	if got := p.Progress(); got.Refused < 15 || got.Messages != 0 {
		t.Errorf("%+v, want everything counted as refused", got)
	}
}
