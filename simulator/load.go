package simulator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// LoadOptions say how to load a broker and what stands behind it.
type LoadOptions struct {
	Broker Broker
	// World gives the devices in whose names is sent, and what they say; only its access
	// points are used.
	World *World
	// Connections is how many MQTT sessions share the work. 0 is 8.
	Connections int
	// Window is how many messages may wait for their acknowledgement on each. 0 is 64.
	Window int
	// Now is the clock; nil is that of the machine.
	Now func() time.Time
}

// A Load sends access points' readings at a steady rate. It measures from when a
// message was due, not from when it could be sent, so that a server that stalls is not
// spared the messages that had to wait meanwhile.
type Load struct {
	options LoadOptions
	conns   []Conn
	// devices are the access points in whose names the workers send, in turn.
	devices []loadDevice
}

type loadDevice struct {
	*device
	lock sync.Mutex // around reading and seq
	seq  int64
	body telemetry.Reading
}

// NewLoad connects. Close ends what it began.
func NewLoad(ctx context.Context, o LoadOptions) (*Load, error) {
	switch {
	case o.Broker == nil:
		return nil, errors.New("simulator: LoadOptions.Broker is not set; say what to load")
	case o.World == nil || o.World.options.AccessPoints == 0:
		return nil, errors.New("simulator: LoadOptions.World has no access points; make one with some")
	case o.Connections < 0 || o.Window < 0:
		return nil, errors.New("simulator: LoadOptions.Connections and Window cannot be negative")
	}
	if o.Connections == 0 {
		o.Connections = 8
	}
	if o.Window == 0 {
		o.Window = 64
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Load{options: o, devices: make([]loadDevice, o.World.options.AccessPoints)}
	l.prepare()
	for i := range o.Connections {
		conn, err := o.Broker.Connect(ctx, Session{Device: telemetry.DeviceID(fmt.Sprintf("phusong-load-%d", i+1))})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("opening connection %d: %w", i+1, err), l.Close(ctx))
		}
		l.conns = append(l.conns, conn)
	}
	return l, nil
}

// prepare draws one reading of each access point. Sending it again with another
// time and number costs a microsecond; living a life costs more than the server
// that is to be loaded.
func (l *Load) prepare() {
	w, n := l.options.World, 0
	for i := range w.devices {
		d := &w.devices[i]
		if d.Kind != telemetry.KindWiFi {
			continue
		}
		m := w.look(d, nil, w.start)
		l.devices[n].device = d
		l.devices[n].body = w.read(d, &sample{at: w.start, boot: w.start - day, rx: 1 << 30, tx: 1 << 33}, &m)
		l.devices[n].seq = w.start / second
		n++
	}
}

// Close ends the connections.
func (l *Load) Close(ctx context.Context) error {
	var failed error
	for _, c := range l.conns {
		failed = errors.Join(failed, c.Disconnect(ctx))
	}
	l.conns = nil
	return failed
}

// A LoadResult says how one run went.
type LoadResult struct {
	Rate     float64 // messages a second that were asked for
	Sent     uint64  // messages that were acknowledged
	Failed   uint64  // messages that were not
	Took     time.Duration
	Achieved float64 // acknowledged messages a second
	// The times from when a message was due to when it was acknowledged.
	P50, P90, P99, Max time.Duration
}

// Run sends rate messages a second for that long, and waits for the acknowledgements.
// Messages that fail are counted; the error is that of ctx, or the last one when everything failed.
func (l *Load) Run(ctx context.Context, rate float64, lasting time.Duration) (LoadResult, error) {
	if !(rate > 0) || lasting <= 0 {
		return LoadResult{}, fmt.Errorf("simulator: a load of %v messages a second for %v is none", rate, lasting)
	}
	due := make(chan time.Time, 4*l.options.Window)
	workers := make([]loadWorker, len(l.conns)*l.options.Window)
	var wait sync.WaitGroup
	for i := range workers {
		workers[i] = loadWorker{load: l, conn: l.conns[i%len(l.conns)], next: i, step: len(workers)}
		wait.Go(func() { workers[i].run(ctx, due) })
	}
	begin := l.options.Now()
	l.deal(ctx, due, begin, rate, lasting)
	close(due)
	wait.Wait()
	return l.sum(workers, rate, l.options.Now().Sub(begin)), l.verdict(ctx, workers)
}

// deal hands out the instants at which messages are due.
func (l *Load) deal(ctx context.Context, due chan<- time.Time, begin time.Time, rate float64, lasting time.Duration) {
	const tick = time.Millisecond // a timer for each message would cost more than the message
	total := int(rate * lasting.Seconds())
	for n := 0; n < total; {
		until := min(int(rate*l.options.Now().Sub(begin).Seconds())+1, total)
		for ; n < until; n++ {
			select {
			case due <- begin.Add(time.Duration(float64(n) / rate * float64(time.Second))):
			case <-ctx.Done():
				return
			}
		}
		if n < total && !sleep(ctx, tick) {
			return
		}
	}
}

// A loadWorker sends one message at a time; what it counts is its own.
type loadWorker struct {
	load       *Load
	conn       Conn
	next, step int // its devices are next, next+step, …
	buffer     []byte
	sent       uint64
	failed     uint64
	latency    histogram
	err        error
}

func (w *loadWorker) run(ctx context.Context, due <-chan time.Time) {
	for at := range due {
		if ctx.Err() != nil {
			w.failed++
			continue
		}
		if err := w.conn.Publish(ctx, w.message(at)); err != nil {
			w.failed++
			w.err = err
			continue
		}
		w.sent++
		w.latency.add(w.load.options.Now().Sub(at))
	}
}

func (w *loadWorker) message(at time.Time) Message {
	d := &w.load.devices[w.next%len(w.load.devices)]
	w.next += w.step
	d.lock.Lock()
	defer d.lock.Unlock()
	d.seq++
	d.body.Seq, d.body.Time = telemetry.Some(d.seq), at
	w.buffer = wire.AppendPayload(w.buffer[:0], &d.body)
	return Message{Topic: d.topics[topicTelemetry], Payload: w.buffer}
}

func (l *Load) sum(workers []loadWorker, rate float64, took time.Duration) LoadResult {
	r := LoadResult{Rate: rate, Took: took}
	var all histogram
	for i := range workers {
		r.Sent += workers[i].sent
		r.Failed += workers[i].failed
		all.merge(&workers[i].latency)
	}
	r.Achieved = float64(r.Sent) / took.Seconds()
	r.P50, r.P90, r.P99, r.Max = all.quantile(0.5), all.quantile(0.9), all.quantile(0.99), all.max
	return r
}

func (l *Load) verdict(ctx context.Context, workers []loadWorker) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var last error
	for i := range workers {
		if workers[i].sent > 0 {
			return nil
		}
		if workers[i].err != nil {
			last = workers[i].err
		}
	}
	return last
}
