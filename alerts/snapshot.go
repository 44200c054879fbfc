package alerts

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"

	"phusong/alerts/rules"
)

// imageFormat names the format of snapshots; another one is not read.
const imageFormat = "phusong alerts 2\n"

// Snapshot takes an image of the state after the last entry. The returned function writes
// it, on any goroutine. What is given from outside and waits for an entry is not in it.
func (e *Engine) Snapshot() func(io.Writer) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	w := &writer{b: make([]byte, 0, 256*len(e.devices)+4096)}
	w.b = append(w.b, imageFormat...)
	e.writeClock(w)
	writeTables(w)
	e.writeSubjects(w)
	e.writeIncidents(w)
	e.writeAlerts(w)
	var books []func(io.Writer) error
	if b := e.options.WiFi; b != nil {
		books = append(books, b.Snapshot())
	} else {
		books = append(books, nil)
	}
	if b := e.options.Environment; b != nil {
		books = append(books, b.Snapshot())
	} else {
		books = append(books, nil)
	}
	return func(to io.Writer) error {
		for _, book := range books {
			var own bytes.Buffer
			if book != nil {
				if err := book(&own); err != nil {
					return fmt.Errorf("alerts: writing the snapshot: %w", err)
				}
			}
			w.bytes(own.Bytes())
		}
		if _, err := to.Write(w.b); err != nil {
			return fmt.Errorf("alerts: writing the snapshot: %w", err)
		}
		return nil
	}
}

func (e *Engine) writeClock(w *writer) {
	for _, v := range []int64{e.at, e.now, e.gapFrom, e.resumed, e.lastSign, e.lastSecond, e.wheel.step, e.alerts.next, e.book.next, int64(e.alerts.change)} {
		w.num(v)
	}
}

// writeTables notes the names of all facts, so that a later version knows what the slots
// were.
func writeTables(w *writer) {
	tables := rules.AllTables()
	w.num(int64(len(tables)))
	for _, t := range tables {
		w.num(int64(t.Scope()))
		w.num(int64(t.Kind()))
		w.num(int64(len(t.Facts())))
		for i := range t.Facts() {
			w.text(t.Facts()[i].Name)
			w.flag(t.Facts()[i].Type == rules.Text)
		}
	}
}

func (e *Engine) writeSubjects(w *writer) {
	w.num(int64(len(e.areas)))
	for _, a := range e.areas {
		w.text(string(a.Code))
		e.writeSubject(w, &a.subject)
		w.num(seqOf(a.silence))
	}
	w.num(int64(len(e.sites)))
	for _, s := range e.sites {
		w.text(string(s.ID))
		e.writeSubject(w, &s.subject)
		w.num(seqOf(s.uplink))
		w.num(e.wheel.at(s.hours))
	}
	w.num(int64(len(e.devices)))
	for _, d := range e.devices {
		e.writeDevice(w, d)
	}
	w.num(int64(len(e.others)))
	for _, o := range e.others {
		w.num(int64(o.Scope))
		w.text(o.ID)
		w.text(string(o.place.Area))
		w.text(string(o.place.Operator))
		w.text(o.place.Zone)
		w.float(o.place.At.Lat)
		w.float(o.place.At.Lon)
		e.writeSubject(w, &o.subject)
	}
}

func seqOf(i *incident) int64 {
	if i == nil {
		return 0
	}
	return i.seq
}

func (e *Engine) writeDevice(w *writer, d *device) {
	w.text(string(d.ID))
	w.num(int64(d.Kind))
	w.text(string(d.Area))
	w.num(d.Interval.Milliseconds())
	w.flag(d.registered)
	e.writeSubject(w, &d.subject)
	w.num(int64(d.state))
	w.flag(d.flapping)
	w.flag(d.maintained)
	for _, v := range []int64{d.since, d.heard, d.lastSeen, d.birth, d.session, e.wheel.at(d.live), e.wheel.at(d.calm)} {
		w.num(v)
	}
	w.flaps(&d.flaps)
	w.num(seqOf(d.incident))
	w.num(int64(d.member))
}

func (w *writer) flaps(f *flaps) {
	for _, at := range f.times {
		w.num(at)
	}
}

func (e *Engine) writeSubject(w *writer, s *subject) {
	w.values(s.values)
	w.num(e.wheel.at(s.timer))
	w.num(int64(len(s.tracks)))
	for i := range s.tracks {
		t := &s.tracks[i]
		w.text(t.rule.ID())
		w.b = t.state.Append(w.b)
		w.flaps(&t.flaps)
		order := int64(0)
		if t.alert != nil {
			order = t.alert.order
		}
		w.num(order)
	}
}

func (e *Engine) writeIncidents(w *writer) {
	w.num(int64(len(e.book.open)))
	for _, i := range e.book.open {
		e.writeIncident(w, i)
	}
	w.num(seqOf(e.book.fleet))
	w.num(int64(len(e.book.closed)))
	for i := range e.book.closed {
		w.closed(&e.book.closed[i])
	}
}

func (e *Engine) writeIncident(w *writer, i *incident) {
	for _, s := range []string{i.id, string(i.cause), i.name, i.follows, string(i.shown)} {
		w.text(s)
	}
	for _, v := range []int64{i.seq, i.from, i.to, i.since, i.decideAt, i.recoverAt, e.wheel.at(i.timer), int64(i.down), int64(i.peak)} {
		w.num(v)
	}
	w.flag(i.decided)
	w.flag(i.everywhere)
	// Places are written as their number and one more; 0 is none.
	w.num(placeOf(i.area != nil, func() int32 { return i.area.order }))
	w.num(placeOf(i.site != nil, func() int32 { return i.site.order }))
	w.num(placeOf(i.device != nil, func() int32 { return i.device.order }))
	w.num(int64(len(i.sites)))
	for _, s := range i.sites {
		w.num(int64(s.order))
	}
	w.num(int64(len(i.members)))
	for _, m := range i.members {
		w.num(int64(m.device.order))
		w.num(m.since)
		w.flag(m.down)
	}
	w.num(int64(i.alerts.live))
	for a := range i.alerts.all() {
		w.num(a.order)
	}
}

func placeOf(is bool, order func() int32) int64 {
	if !is {
		return 0
	}
	return int64(order()) + 1
}

// closed appends an incident that is over.
func (w *writer) closed(v *Incident) {
	for _, s := range []string{v.ID, string(v.Cause), v.Name, string(v.Area), string(v.Device), v.Follows} {
		w.text(s)
	}
	w.num(milli(v.Since))
	w.num(milli(v.Until))
	w.num(int64(len(v.Sites)))
	for _, s := range v.Sites {
		w.text(string(s))
	}
	w.num(int64(len(v.Children)))
	for _, c := range v.Children {
		w.text(string(c.Device))
		w.num(milli(c.Since))
		w.flag(c.Back)
	}
}

func (e *Engine) writeAlerts(w *writer) {
	w.num(int64(e.alerts.firing.live))
	for a := range e.alerts.firing.all() {
		e.writeAlert(w, a)
	}
	w.num(int64(len(e.alerts.ended)))
	for _, a := range e.alerts.ended {
		e.writeAlert(w, a)
	}
}

func (e *Engine) writeAlert(w *writer, a *alert) {
	for _, s := range []string{a.id, a.rule.ID(), a.rule.Alert, a.rule.Severity, string(a.quiet), a.incident.id, string(a.incident.cause)} {
		w.text(s)
	}
	w.num(int64(a.subject.Scope))
	w.num(int64(a.subject.order))
	for _, v := range []int64{a.order, a.since, a.fired, a.toldAt, a.resolved, int64(a.renewed), a.incident.seq} {
		w.num(v)
	}
	w.flag(a.muted)
	w.flag(a.acknowledged)
	w.flag(a.flapping)
	w.texts(a.labels, slices.Sorted(maps.Keys(a.labels)))
	w.texts(a.annotations, slices.Sorted(maps.Keys(a.annotations)))
}
