package simulator

import (
	"phusong/telemetry"
)

// connect opens the next session: with a will that says offline, then a retained
// birth and a retained online, and after the first connection what the device
// remembers from before Start.
func (f *fleet) connect(r *run, now int64) {
	r.session += sessionsBetween    // see there
	r.connected, r.dropAt = true, 0 // the broker ends the old session as it opens the new one
	will := f.statusReading(r, telemetry.StateOffline)
	f.emit(Event{
		At: instant(now), Device: r.ID, Action: Connect,
		Topic: r.topics[topicStatus], Retained: true, Readings: []telemetry.Reading{will},
	})
	f.birth(r, now)
	f.status(r, now, telemetry.StateOnline)
	if r.remembers {
		r.remembers = false
		f.uploadHistory(r, now)
	}
}

// statusReading has no time: a will is written before its time comes.
func (f *fleet) statusReading(r *run, state string) telemetry.Reading {
	out := telemetry.NewReading(telemetry.KindStatus)
	out.Area, out.Device = r.Area, r.ID
	out.Status.Class = r.Kind
	out.Status.State = telemetry.Some(state)
	out.Status.Session = telemetry.Some(r.session)
	return out
}

func (f *fleet) status(r *run, now int64, state string) {
	out := f.statusReading(r, state)
	out.Time = instant(f.world.deviceClock(r.device, now))
	f.emit(Event{
		At: instant(now), Device: r.ID, Action: Publish,
		Topic: r.topics[topicStatus], Retained: true, Readings: []telemetry.Reading{out},
	})
}

func (f *fleet) birth(r *run, now int64) {
	out := f.statusReading(r, telemetry.StateBirth)
	out.Time = instant(f.world.deviceClock(r.device, now))
	out.Status.Model = telemetry.Some(r.Model)
	out.Status.Firmware = telemetry.Some(r.firmware())
	out.Status.IntervalS = telemetry.Some(r.Interval.Seconds())
	if !r.At.IsZero() {
		out.Status.Lat, out.Status.Lon = telemetry.Some(r.At.Lat), telemetry.Some(r.At.Lon)
	}
	f.emit(Event{
		At: instant(now), Device: r.ID, Action: Publish,
		Topic: r.topics[topicBirth], Retained: true, Readings: []telemetry.Reading{out},
	})
}

// uploadHistory sends the readings from before Start. They were numbered before all
// others: the device takes its first sample of the live time later.
func (f *fleet) uploadHistory(r *run, now int64) {
	step := f.world.historyStep(r.device)
	pending, live := make([]sample, 0, maxUpload), r.backlog
	r.backlog = nil
	seq := r.seq - int64(len(live))
	old := run{device: r.device, seq: seq, up: true, day: -1, past: true}
	begin := f.world.start - millis(f.world.options.History)
	old.boot, old.last = begin, begin
	for t := begin + r.phase%step; t < f.world.start && !f.ended; t += step {
		f.refresh(&old, t)
		if dark, _, _, _ := old.condition(t); dark {
			old.up = false
			continue
		}
		if !old.up {
			old.up, old.boot, old.last, old.rx, old.tx = true, t, t, 0, 0
		}
		if pending = append(pending, f.nextSample(&old, t)); len(pending) == maxUpload {
			f.upload(r, now, pending)
			pending = pending[:0]
		}
	}
	if len(pending) > 0 {
		f.upload(r, now, pending)
	}
	for i := range live {
		old.seq++
		live[i].seq = old.seq
	}
	r.seq, r.backlog = old.seq, live
}

// historyStep is the time between the readings of a device's memory. Probes keep
// every test: each is evidence of its own.
func (w *World) historyStep(d *device) int64 {
	if d.Kind == telemetry.KindMobile {
		return d.interval
	}
	return millis(w.options.HistoryInterval)
}

// HistoryReadings returns how many readings from before Start the fleet uploads at
// most: devices that were dark for a while have fewer. It is for progress bars.
func (w *World) HistoryReadings() int {
	var sum int64
	for i := range w.devices {
		sum += millis(w.options.History) / w.historyStep(&w.devices[i])
	}
	return int(sum)
}
