package coverage

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
)

// ErrDamaged is wrapped when a snapshot is not what was written. The remedy is to
// rebuild the map from the store.
var ErrDamaged = errors.New("the snapshot is damaged")

// A snapshot is a line of text that names the format, the id of the rules of validity,
// the position, every cell with its days and records, and a SHA-256 of all that.
// Integers are unsigned varints, records twelve bytes, little-endian.
const (
	snapshotMagic = "phusong coverage 1\n"
	recordBytes   = 12
)

// Encode writes the view so that [Decode] can restore it. position is the caller's: how
// far into the stream the map had come. Equal views with equal positions make equal
// bytes. It may run while the map goes on.
func (v *View) Encode(w io.Writer, position uint64) error {
	e := encoder{sum: sha256.New()}
	e.w = bufio.NewWriter(io.MultiWriter(w, e.sum))
	e.text(snapshotMagic)
	e.number(uint64(len(v.validityID)))
	e.text(v.validityID)
	e.number(position)
	keys := v.keys()
	e.number(uint64(len(keys)))
	for _, k := range keys {
		e.series(k, v.series[k])
	}
	if err := e.w.Flush(); err != nil {
		return fmt.Errorf("writing the coverage snapshot: %w", err)
	}
	if _, err := w.Write(e.sum.Sum(nil)); err != nil {
		return fmt.Errorf("writing the coverage snapshot: %w", err)
	}
	return nil
}

// An encoder keeps quiet about errors, which its buffered writer remembers.
type encoder struct {
	w    *bufio.Writer
	sum  hash.Hash
	room [binary.MaxVarintLen64]byte
}

func (e *encoder) text(s string) { _, _ = e.w.WriteString(s) }

func (e *encoder) number(n uint64) {
	_, _ = e.w.Write(e.room[:binary.PutUvarint(e.room[:], n)])
}

func (e *encoder) series(k key, s *series) {
	e.number(uint64(k.cell))
	e.number(uint64(k.operator))
	e.number(uint64(len(s.days)))
	for i := range s.days {
		b := &s.days[i]
		e.number(uint64(uint32(b.day)))
		e.number(uint64(len(b.records)))
		for _, r := range b.records {
			var raw [recordBytes]byte
			binary.LittleEndian.PutUint32(raw[0:], r.who)
			binary.LittleEndian.PutUint32(raw[4:], r.what)
			binary.LittleEndian.PutUint32(raw[8:], r.how)
			_, _ = e.w.Write(raw[:])
		}
	}
	e.number(uint64(uint32(s.from)))
	e.number(uint64(len(s.struck)))
	for _, t := range s.struck {
		e.number(uint64(uint32(t.day)))
		e.number(uint64(t.who))
	}
}

// Decode restores a map from what Encode wrote, and the position. The options must
// have the rules of validity that the map was made under; the error wraps
// ErrOtherRules when not, and ErrDamaged when the bytes are not what was written.
func Decode(r io.Reader, o Options) (m *Map, position uint64, err error) {
	if m, err = NewMap(o); err != nil {
		return nil, 0, err
	}
	d := decoder{r: bufio.NewReader(r), sum: sha256.New()}
	if position, err = d.whole(m); err != nil {
		return nil, 0, fmt.Errorf("restoring the coverage map: %w", err)
	}
	return m, position, nil
}

// A decoder remembers the first error, after which everything is zero.
type decoder struct {
	r   *bufio.Reader
	sum hash.Hash
	err error
}

func (d *decoder) whole(m *Map) (position uint64, err error) {
	if d.text(len(snapshotMagic)) != snapshotMagic {
		return 0, fmt.Errorf("%w: it does not begin like one of this version", ErrDamaged)
	}
	if id := d.text(int(min(d.number(), 256))); id != m.intake() && d.err == nil {
		return 0, ErrOtherRules
	}
	position = d.number()
	var last key
	for n := d.number(); n > 0 && d.err == nil; n-- {
		k := key{Cell(d.number()), plmn(d.number())}
		if k.cell < last.cell || k.cell == last.cell && k.operator <= last.operator {
			d.fail("its cells are out of order")
		}
		last = k
		m.series[k] = d.series()
	}
	if d.err != nil {
		return 0, d.err
	}
	want := d.sum.Sum(nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(d.r, got); err != nil || !slices.Equal(got, want) {
		return 0, fmt.Errorf("%w: its checksum is wrong", ErrDamaged)
	}
	return position, nil
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrDamaged, what)
	}
}

// ReadByte lets varints be read, and summed.
func (d *decoder) ReadByte() (byte, error) {
	b, err := d.r.ReadByte()
	if err == nil {
		d.sum.Write([]byte{b})
	}
	return b, err
}

func (d *decoder) number() uint64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(d)
	if err != nil {
		d.fail("it ends too early")
		return 0
	}
	return n
}

func (d *decoder) text(n int) string {
	raw := make([]byte, n)
	d.bytes(raw)
	return string(raw)
}

func (d *decoder) bytes(raw []byte) {
	if d.err != nil {
		return
	}
	if _, err := io.ReadFull(d.r, raw); err != nil {
		d.fail("it ends too early")
		return
	}
	d.sum.Write(raw)
}

func (d *decoder) series() *series {
	s := new(series)
	for n := d.number(); n > 0 && d.err == nil; n-- {
		b := bucket{day: Day(int32(uint32(d.number())))}
		if len(s.days) > 0 && b.day <= s.days[len(s.days)-1].day {
			d.fail("its days are out of order")
		}
		d.records(&b)
		s.days = append(s.days, b)
	}
	s.from = Day(int32(uint32(d.number())))
	for n := d.number(); n > 0 && d.err == nil; n-- {
		t := struckTest{day: Day(int32(uint32(d.number()))), who: uint32(d.number())}
		if len(s.struck) > 0 && s.struck[len(s.struck)-1].compare(t) >= 0 {
			d.fail("its struck tests are out of order")
		}
		s.struck = append(s.struck, t)
	}
	return s
}

func (d *decoder) records(b *bucket) {
	n := d.number()
	if n > TestsPerDay {
		d.fail("a day has too many tests")
		return
	}
	b.records = make([]record, n)
	for i := range b.records {
		var raw [recordBytes]byte
		d.bytes(raw[:])
		r := record{
			who:  binary.LittleEndian.Uint32(raw[0:]),
			what: binary.LittleEndian.Uint32(raw[4:]),
			how:  binary.LittleEndian.Uint32(raw[8:]),
		}
		if d.err == nil && (r.second() >= secondsPerDay || r.pointHex() >= PointHexes || i > 0 && b.records[i-1].compare(r, b.day) >= 0) {
			d.fail("a test is not possible where it stands")
		}
		b.records[i] = r
	}
}
