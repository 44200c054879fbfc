package simulator

import (
	"iter"
	"time"

	"phusong/telemetry"
)

// Events yields what the fleet does from Start on, in the order of time and, within
// one millisecond, of the devices' place in the fleet. It ends before the given
// instant; the zero time has no end. Each call lives through the time anew, and
// gives the same events.
func (w *World) Events(until time.Time) iter.Seq[Event] {
	end := int64(1<<63 - 1)
	if !until.IsZero() {
		end = until.UnixMilli()
	}
	return func(yield func(Event) bool) {
		f := fleet{world: w, runs: make([]run, len(w.devices)), queue: make([]turn, 0, len(w.devices))}
		for i := range w.devices {
			f.runs[i] = newRun(w, &w.devices[i])
			f.queue.push(turn{at: f.runs[i].tick, device: i})
		}
		f.play(end, yield)
	}
}

// fleet is one life of all devices. Only the goroutine that consumes the events uses it.
type fleet struct {
	world *World
	runs  []run
	queue agenda
	yield func(Event) bool
	ended bool
}

func (f *fleet) play(end int64, yield func(Event) bool) {
	f.yield = yield
	for len(f.queue) > 0 && !f.ended {
		now, r := f.queue[0].at, &f.runs[f.queue[0].device]
		if now >= end {
			return
		}
		f.queue.replaceFirst(f.wake(r, now))
	}
}

// A run is one device on its way through time.
type run struct {
	*device
	tick      int64 // the next reading is due
	dropAt    int64 // the broker will notice that the device vanished; 0 when it has not
	session   int64
	seq       int64
	boot      int64
	last      int64 // the last sample
	rx, tx    int64
	up        bool
	connected bool
	reached   bool  // a probe had service when it last looked
	babbleAt  int64 // it will send nonsense; 0 for a sane device
	remembers bool  // the history is still to be uploaded
	backlog   []sample
	day       int64
	outages   []outage
	route     route
	latest    moment
	visitors  visitors
	past      bool // it only tells what was before the world's start
}

// A moment is what was looked up in the world for one sample. The latest is kept
// because most samples are sent at once.
type moment struct {
	at   int64
	wifi wifiState
	fix  fix
	sig  signal
}

// look finds out what the device can observe at an instant.
func (w *World) look(d *device, r *route, ms int64) moment {
	m := moment{at: ms}
	switch d.Kind {
	case telemetry.KindWiFi:
		m.wifi = w.wifiAt(d, ms)
	case telemetry.KindMobile:
		m.fix = w.fix(d, r, ms)
		m.sig = w.signal(d.operator, m.fix.at, ms)
	default:
	}
	return m
}

// maxBacklog is how many samples a device keeps while it cannot send; then the
// oldest make room, and their sequence numbers will be missed.
const maxBacklog = 1440

// maxUpload is how many readings a device puts into one message.
const maxUpload = 200

func newRun(w *World, d *device) run {
	join := w.start + int64(unit(key(d.key, forPhase, 1))*float64(millis(w.options.ConnectWithin)))
	return run{
		device:    d,
		tick:      join,
		session:   w.start / second * sessionsBetween, // rises when the same world is started again later
		remembers: w.options.History > 0,
		reached:   true,
		day:       -1,
	}
}

// wake does what is due for the device now and returns when it wants to be woken next.
func (f *fleet) wake(r *run, now int64) int64 {
	f.refresh(r, now)
	dark, cut, clean, change := r.condition(now)
	if r.dropAt != 0 && now >= r.dropAt {
		f.emit(Event{At: instant(now), Device: r.ID, Action: Drop})
		r.dropAt = 0
	}
	if dark {
		f.goDark(r, now, clean)
		r.tick = max(r.tick, change)
		return soonest(change, r.dropAt)
	}
	if !r.up {
		f.comeUp(r, now)
	}
	if now >= r.tick {
		f.takeSample(r, now)
		r.tick = r.nextTick(now)
	}
	switch {
	case !cut && r.reached:
		f.send(r, now)
	case r.connected:
		f.vanish(r, now)
	}
	f.babble(r, now)
	return soonest(soonest(r.tick, change), soonest(r.babbleAt, r.dropAt))
}

// soonest ignores a zero, which stands for never.
func soonest(a, b int64) int64 {
	if b == 0 || (a != 0 && a < b) {
		return a
	}
	return b
}

// refresh keeps the outages of the current day at hand.
func (f *fleet) refresh(r *run, now int64) {
	if today := localDay(now); today != r.day {
		r.day, r.outages = today, f.world.outages(r.device, today)
	}
}

// condition says how the device is doing now, and when that can change: at the
// latest when the day ends.
func (r *run) condition(now int64) (dark, cut, clean bool, change int64) {
	change = dayStart(r.day + 1)
	for i := range r.outages {
		o := &r.outages[i]
		switch {
		case o.covers(now):
			change = min(change, o.to)
			cut = true
			if o.dark {
				dark, clean = true, o.clean
			}
		case o.from > now:
			change = min(change, o.from)
		}
	}
	return dark, cut, clean, change
}

func (f *fleet) comeUp(r *run, now int64) {
	r.up, r.boot, r.last, r.rx, r.tx = true, now, now, 0, 0
	r.tick = now
}

func (f *fleet) goDark(r *run, now int64, clean bool) {
	if r.up && r.connected && clean {
		f.status(r, now, telemetry.StateOffline)
		f.emit(Event{At: instant(now), Device: r.ID, Action: Disconnect})
		r.connected = false
	} else if r.connected {
		f.vanish(r, now)
	}
	r.up = false
}

// vanish leaves the broker to find out, as MQTT has it: after one and a half keepalives.
func (f *fleet) vanish(r *run, now int64) {
	r.connected = false
	r.dropAt = now + millis(f.world.options.KeepAlive)*3/2
}

func (f *fleet) takeSample(r *run, now int64) {
	a := f.nextSample(r, now)
	if len(r.backlog) == maxBacklog {
		r.backlog = append(r.backlog[:0], r.backlog[1:]...)
	}
	r.backlog = append(r.backlog, a)
	if r.Kind == telemetry.KindMobile {
		r.reached = r.latest.sig.service
	}
}

// nextSample counts on from the last one.
func (f *fleet) nextSample(r *run, now int64) sample {
	r.seq++
	r.latest = f.world.look(r.device, &r.route, now)
	a := sample{at: now, seq: r.seq, boot: r.boot, rx: r.rx, tx: r.tx}
	if f.world.options.Users && r.Kind == telemetry.KindWiFi && !r.past && floorDiv(now, hour) != floorDiv(r.last, hour) {
		a.users = f.world.countUsers(&r.visitors, r.device, now)
	}
	a.advance(&r.latest.wifi, now-r.last)
	r.rx, r.tx = a.rx, a.tx
	r.last = now
	return a
}

// send connects if need be and empties the backlog.
func (f *fleet) send(r *run, now int64) {
	if !r.connected {
		f.connect(r, now)
	}
	for len(r.backlog) > 0 && !f.ended {
		n := min(len(r.backlog), maxUpload)
		f.upload(r, now, r.backlog[:n])
		r.backlog = append(r.backlog[:0], r.backlog[n:]...)
	}
	if cap(r.backlog) > maxUpload {
		r.backlog = nil
	}
}

func (f *fleet) upload(r *run, now int64, samples []sample) {
	readings := make([]telemetry.Reading, len(samples))
	for i := range samples {
		m := &r.latest
		if samples[i].at != m.at {
			earlier := f.world.look(r.device, &r.route, samples[i].at)
			m = &earlier
		}
		readings[i] = f.world.read(r.device, &samples[i], m)
	}
	f.emit(Event{At: instant(now), Device: r.ID, Action: Publish, Topic: r.topics[topicTelemetry], Readings: readings})
}

// read turns a sample into what the device says about it, by its own clock.
func (w *World) read(d *device, a *sample, m *moment) telemetry.Reading {
	var out telemetry.Reading
	switch d.Kind {
	case telemetry.KindMobile:
		out = probeReading(d, a, m)
	case telemetry.KindEnvironment:
		out = w.sensorReading(d, a)
	default:
		out = w.wifiReading(d, a, &m.wifi)
	}
	out.Area, out.Device = d.Area, d.ID
	out.Time = instant(w.deviceClock(d, a.at))
	out.Seq = telemetry.Some(a.seq)
	return out
}

// deviceClock is what the device believes the time is. Cheap crystals are a few
// millionths off; the network sets them right every six hours.
func (w *World) deviceClock(d *device, ms int64) int64 {
	const sync = 6 * hour
	drift := 8e-6 * normal(key(d.key, forClock, 0))
	ms += int64(drift * float64((ms+d.phase)%sync))
	for _, e := range w.effects.devices[d.index] {
		if e.Do == "clock_fault" && e.active(ms) {
			ms += millis(time.Duration(e.Offset))
		}
	}
	return ms
}

func (f *fleet) emit(e Event) {
	if !f.ended && !f.yield(e) {
		f.ended = true
	}
}
