package simulator

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"phusong/telemetry"
)

// PlayerOptions say how to play a stream of events.
type PlayerOptions struct {
	Broker Broker
	// Speed 1 plays each event at its own time by the clock of this machine, and at
	// once when that is past. Any other speed counts from the first event: 60 plays an hour in a
	// minute. 0 plays as fast as the broker takes it.
	Speed float64
	// Lanes is how many devices can be sending at the same time. 0 is 32. The events
	// of one device always keep their order.
	Lanes int
	// StopWithin bounds how long the farewells may take. 0 is five seconds.
	StopWithin time.Duration
	Logger     *slog.Logger
}

// A Player plays events to a broker. It is the only part of the simulator that
// knows clocks and networks.
type Player struct {
	options PlayerOptions
	log     *slog.Logger
	tally   tally
	// complained is when the last complaint was logged, in ns since 1970.
	complained atomic.Int64
}

// NewPlayer checks the options; its errors name the field.
func NewPlayer(o PlayerOptions) (*Player, error) {
	if o.Broker == nil {
		return nil, errors.New("simulator: PlayerOptions.Broker is not set; say where to play to")
	}
	if !(o.Speed >= 0) {
		return nil, fmt.Errorf("simulator: PlayerOptions.Speed is %v; 1 is real time, 0 as fast as possible", o.Speed)
	}
	if o.Lanes < 0 || o.Lanes > 4096 {
		return nil, fmt.Errorf("simulator: PlayerOptions.Lanes is %d; it must be 0 to 4096", o.Lanes)
	}
	if o.Lanes == 0 {
		o.Lanes = 32
	}
	if o.StopWithin == 0 {
		o.StopWithin = 5 * time.Second
	}
	p := &Player{options: o, log: o.Logger}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	return p, nil
}

// Run plays the events until they end or ctx is done. Either way every device that
// is connected then says goodbye, within PlayerOptions.StopWithin. A broker that is away is waited
// for, and time stands still meanwhile: nothing is left out. Run returns nil, or an error when a
// farewell did not get through. It is called once.
func (p *Player) Run(ctx context.Context, events iter.Seq[Event]) error {
	clock := newPacer(p.options.Speed, time.Now)
	lanes := make([]lane, p.options.Lanes)
	var wait sync.WaitGroup
	errs := make([]error, len(lanes))
	for i := range lanes {
		lanes[i] = lane{player: p, clock: clock, inbox: make(chan Event, 16), open: make(map[telemetry.DeviceID]*client)}
		wait.Go(func() { errs[i] = lanes[i].run(ctx) })
	}
	p.deal(ctx, clock, events, lanes)
	for i := range lanes {
		close(lanes[i].inbox)
	}
	wait.Wait()
	return errors.Join(errs...)
}

// deal hands the events to the lanes when their time has come. A full lane makes it
// wait: the events are produced no faster than they are played.
func (p *Player) deal(ctx context.Context, clock *pacer, events iter.Seq[Event], lanes []lane) {
	laneOf := make(map[telemetry.DeviceID]int)
	for e := range events {
		behind, err := clock.wait(ctx, e.At)
		if err != nil {
			return
		}
		p.tally.behind.Store(int64(behind))
		p.tally.at.Store(&e.At)
		i, known := laneOf[e.Device]
		if !known {
			i = len(laneOf) % len(lanes)
			laneOf[e.Device] = i
		}
		select {
		case lanes[i].inbox <- e:
		case <-ctx.Done():
			return
		}
	}
}

// complaintEvery is how often it is said that the broker does not take something:
// when it goes away, thousands of devices notice at once, and again at each try.
const complaintEvery = 10 * time.Second

// complain logs why the broker did not take something, for all devices.
func (p *Player) complain(now time.Time, device telemetry.DeviceID, err error) {
	last := p.complained.Load()
	if now.UnixNano()-last < int64(complaintEvery) || !p.complained.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	p.log.Warn("the broker does not take what devices say; they try again until it does",
		slog.String("device", string(device)), slog.Any("error", err), slog.Uint64("failures", p.tally.retries.Load()))
}

// Progress is what a player did so far.
type Progress struct {
	Messages, Readings, Bytes uint64        // that the broker has
	Connected                 int64         // devices that are connected now
	Sessions                  uint64        // that were opened
	Retries                   uint64        // attempts that failed and were, or will be, made again
	Refused                   uint64        // messages that were not sent because the broker refuses the device or the message
	Behind                    time.Duration // by how much the last event was late
	At                        time.Time     // event time of the last event; zero before the first
}

type tally struct {
	messages, readings, bytes, sessions, retries, refused atomic.Uint64
	connected, behind                                     atomic.Int64
	at                                                    atomic.Pointer[time.Time]
}

// Progress may be called at any time from any goroutine.
func (p *Player) Progress() Progress {
	t := &p.tally
	var at time.Time
	if last := t.at.Load(); last != nil {
		at = *last
	}
	return Progress{
		Messages: t.messages.Load(), Readings: t.readings.Load(), Bytes: t.bytes.Load(),
		Connected: t.connected.Load(), Sessions: t.sessions.Load(),
		Retries: t.retries.Load(), Refused: t.refused.Load(),
		Behind: time.Duration(t.behind.Load()), At: at,
	}
}
