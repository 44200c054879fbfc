package alerts

import (
	"encoding/binary"
	"errors"
	"math"

	"phusong/alerts/rules"
)

// errDamaged is wrapped by every error about a snapshot that cannot be read.
var errDamaged = errors.New("the snapshot is damaged")

// writer appends to an image of the engine's state: numbers as varints, texts and lists
// led by their length.
type writer struct{ b []byte }

func (w *writer) num(v int64)     { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) float(v float64) { w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v)) }

func (w *writer) flag(v bool) {
	n := byte(0)
	if v {
		n = 1
	}
	w.b = append(w.b, n)
}

func (w *writer) text(s string) {
	w.num(int64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) bytes(p []byte) {
	w.num(int64(len(p)))
	w.b = append(w.b, p...)
}

// values appends the facts that are known, by slot.
func (w *writer) values(v *rules.Values) {
	facts := v.Table().Facts()
	known := 0
	for i := range facts {
		if v.Known(rules.Slot(i)) {
			known++
		}
	}
	w.num(int64(known))
	for i := range facts {
		slot := rules.Slot(i)
		if !v.Known(slot) {
			continue
		}
		w.b = append(w.b, byte(slot))
		if facts[i].Type == rules.Text {
			w.text(v.Text(slot))
			continue
		}
		x, _ := v.Number(slot)
		w.float(x)
	}
}

func (w *writer) texts(m map[string]string, keys []string) {
	w.num(int64(len(keys)))
	for _, k := range keys {
		w.text(k)
		w.text(m[k])
	}
}

// reader reads what writer wrote. After the first fault it returns zeros and keeps the
// error.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errDamaged
	}
	r.b = nil
}

func (r *reader) num() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads the length of a list of things of at least one byte each.
func (r *reader) count() int {
	n := r.num()
	if n < 0 || n > int64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

// index reads a number that is at least 0 and below n.
func (r *reader) index(n int) int {
	v := r.num()
	if v < 0 || v >= int64(n) {
		r.fail()
		return 0
	}
	return int(v)
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) float() float64 {
	p := r.take(8)
	if p == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(p))
}

func (r *reader) octet() byte {
	p := r.take(1)
	if p == nil {
		return 0
	}
	return p[0]
}

func (r *reader) flag() bool   { return r.octet() != 0 }
func (r *reader) text() string { return string(r.take(r.count())) }

func (r *reader) bytes() []byte { return r.take(r.count()) }

// values reads facts into v. Slots have moved when another version of the program wrote
// them: moved says where they are now, -1 for nowhere.
func (r *reader) values(v *rules.Values, moved slots) {
	facts := v.Table().Facts()
	for range r.count() {
		old := moved.of(r.octet())
		if old.text {
			text := r.text()
			if old.slot >= 0 && facts[old.slot].Type == rules.Text {
				v.SetText(rules.Slot(old.slot), text)
			}
			continue
		}
		x := r.float()
		if old.slot >= 0 && facts[old.slot].Type != rules.Text {
			v.SetNumber(rules.Slot(old.slot), x)
		}
	}
	v.ClearChanged()
}

// slots say of a table's slots, as they were when a snapshot was written, where they are.
type slots []movedSlot

type movedSlot struct {
	slot int
	text bool
}

func (s slots) of(old byte) movedSlot {
	if int(old) < len(s) {
		return s[old]
	}
	return movedSlot{slot: -1}
}

func (r *reader) texts() map[string]string {
	n := r.count()
	m := make(map[string]string, min(n, 64))
	for range n {
		k := r.text()
		m[k] = r.text()
	}
	return m
}
