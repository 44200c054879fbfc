package environment

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
	"time"

	"phusong/telemetry"
)

// ErrDamaged is wrapped when a snapshot is not what was written, or of another format. The
// remedy is to rebuild the book from the stream or the store.
var ErrDamaged = errors.New("the snapshot of the environment is damaged or of another version")

// archiveMagic names the format. A snapshot is this line, the walk of [Book.walk] as
// variable-length integers, and a SHA-256 of all that.
const archiveMagic = "phusong environment 1\n"

// An archive writes the fields that a walk names, or reads them: one walk does for both, so
// that they cannot differ. It remembers the first error.
type archive struct {
	w    *bufio.Writer // nil when reading
	r    *bufio.Reader
	sum  hash.Hash
	err  error
	room [binary.MaxVarintLen64]byte
}

func (a *archive) fail(what string) {
	if a.err == nil {
		a.err = fmt.Errorf("%w: %s", ErrDamaged, what)
	}
}

// ReadByte lets varints be read, and summed.
func (a *archive) ReadByte() (byte, error) {
	c, err := a.r.ReadByte()
	if err == nil {
		a.sum.Write([]byte{c})
	}
	return c, err
}

// whole passes a whole number.
func whole[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64](a *archive, v *T) {
	if a.w != nil {
		_, _ = a.w.Write(a.room[:binary.PutVarint(a.room[:], int64(*v))])
		return
	}
	if a.err != nil {
		return
	}
	n, err := binary.ReadVarint(a)
	if err != nil {
		a.fail("it ends too early")
		return
	}
	if *v = T(n); int64(*v) != n {
		a.fail("a number is too large for its place")
	}
}

func (a *archive) float(v *float64) {
	n := math.Float64bits(*v)
	whole(a, &n)
	if a.w == nil { // what is written is shared with the writer of the book
		*v = math.Float64frombits(n)
	}
}

func (a *archive) truth(v *bool) {
	var n uint8
	if *v {
		n = 1
	}
	whole(a, &n)
	if a.w == nil {
		*v = n == 1
	}
}

// instant passes a time, to the nanosecond.
func (a *archive) instant(t *time.Time) {
	known := !t.IsZero()
	if a.truth(&known); !known {
		return
	}
	n := t.UnixNano()
	whole(a, &n)
	if a.w == nil {
		*t = time.Unix(0, n).UTC()
	}
}

// count passes a length, of which there may not be more than most.
func (a *archive) count(n, most int) int {
	whole(a, &n)
	if n < 0 || n > most {
		a.fail("a list is too long")
		return 0
	}
	if a.err != nil {
		return 0
	}
	return n
}

func text[T ~string](a *archive, s *T) {
	raw := []byte(*s)
	n := a.count(len(raw), telemetry.MaxIDLength)
	if a.w != nil {
		_, _ = a.w.Write(raw)
		return
	}
	raw = make([]byte, n)
	for i := range raw {
		c, err := a.ReadByte()
		if err != nil {
			a.fail("it ends too early")
			return
		}
		raw[i] = c
	}
	*s = T(raw)
}

// Snapshot returns a function that writes the book as it is now. It copies what is small and
// shares what does not change, so it is cheap here; the function may run beside further
// entries, once. The registry is not part of it.
func (b *Book) Snapshot() func(io.Writer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	image := &Book{now: b.now, tidied: b.tidied, closing: b.closing, arranged: b.arranged, counters: b.counters}
	for _, s := range b.sorted() {
		image.order = append(image.order, s.image())
	}
	return func(w io.Writer) error {
		a := &archive{sum: sha256.New()}
		a.w = bufio.NewWriterSize(io.MultiWriter(w, a.sum), 1<<16)
		_, _ = a.w.WriteString(archiveMagic)
		image.walk(a)
		if err := a.w.Flush(); err != nil {
			return fmt.Errorf("writing the snapshot of the environment: %w", err)
		}
		if _, err := w.Write(a.sum.Sum(nil)); err != nil {
			return fmt.Errorf("writing the snapshot of the environment: %w", err)
		}
		return a.err
	}
}

// image copies a station for a snapshot. It shares the hours, which the station copies before
// it changes them from now on.
func (s *station) image() *station {
	c := *s
	c.near, c.listeners, c.reference = nil, nil, nil
	s.epoch++
	return &c
}

// Restore reads what a Snapshot wrote into a book that nothing was observed with. The book
// keeps its own stations of the registry. After an error, which wraps [ErrDamaged], it is as
// it was.
func (b *Book) Restore(r io.Reader) error {
	a := &archive{r: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
	magic := make([]byte, len(archiveMagic))
	if _, err := io.ReadFull(a.r, magic); err != nil || !bytes.Equal(magic, []byte(archiveMagic)) {
		return fmt.Errorf("%w: it does not begin like one of this version", ErrDamaged)
	}
	a.sum.Write(magic)
	var image Book
	image.walk(a)
	if a.err != nil {
		return a.err
	}
	want := a.sum.Sum(nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(a.r, got); err != nil || !slices.Equal(got, want) {
		return fmt.Errorf("%w: its checksum is wrong", ErrDamaged)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now, b.tidied, b.closing, b.counters = image.now, image.tidied, image.closing, image.counters
	for _, s := range image.order {
		if old := b.stations[s.Device]; old != nil {
			s.Station, s.registered = old.Station, old.registered
		}
		b.stations[s.Device] = s
	}
	b.order, b.cursor = nil, 0
	b.link()
	b.arranged = image.arranged
	for _, s := range b.stations {
		b.arranged = b.arranged && s.stood == s.place() // the registry is another one now
	}
	return nil
}

// walk passes all that a book consists of, but for what the registry says and for what
// follows from the rest.
func (b *Book) walk(a *archive) {
	a.instant(&b.now)
	a.instant(&b.tidied)
	whole(a, &b.closing)
	a.truth(&b.arranged)
	b.counters.walk(a)
	n := a.count(len(b.order), math.MaxInt32)
	for i := 0; i < n && a.err == nil; i++ {
		if a.w == nil {
			b.order = append(b.order, newStation(""))
		}
		b.order[i].walk(a)
		if i > 0 && b.order[i-1].Device >= b.order[i].Device {
			a.fail("its stations are out of order")
		}
	}
}

func (c *Counters) walk(a *archive) {
	for _, v := range [...]*int64{&c.Readings, &c.TooLate, &c.Ahead, &c.Refused, &c.Corrections} {
		whole(a, v)
	}
	for i := range c.Flagged {
		whole(a, &c.Flagged[i])
	}
}

func (s *station) walk(a *archive) {
	text(a, &s.Device)
	a.instant(&s.first)
	a.instant(&s.heard)
	a.instant(&s.spoke)
	a.float(&s.stood.Lat)
	a.float(&s.stood.Lon)
	n := a.count(len(s.columns), int(quantities))
	for i := range n {
		if a.w == nil {
			s.columns = append(s.columns, 0)
		}
		if whole(a, &s.columns[i]); s.columns[i] >= quantities {
			a.fail("a quantity is not known")
			return
		}
		s.column[s.columns[i]] = int8(i)
	}
	whole(a, &s.closedTo)
	whole(a, &s.tooLate)
	for q := range s.suspects {
		p := &s.suspects[q]
		whole(a, &p.flag)
		whole(a, &p.since)
		a.float(&p.base)
	}
	s.identity.walk(a)
	s.live.walk(a)
	whole(a, &s.facts.known)
	for i := range s.facts.values {
		a.float(&s.facts.values[i])
	}
	for i := range s.hours {
		there := s.hours[i] != nil
		if a.truth(&there); !there {
			continue
		}
		if a.w == nil {
			s.hours[i] = new(hour)
		}
		s.hours[i].walk(a, s.stride())
		if mod(s.hours[i].number) != i {
			a.fail("an hour is out of its place")
		}
	}
}

func (i *identity) walk(a *archive) {
	text(a, &i.area)
	text(a, &i.before)
	a.instant(&i.switched)
	a.instant(&i.twoPlaces)
	a.float(&i.at.Lat)
	a.float(&i.at.Lon)
	a.truth(&i.moved)
	a.instant(&i.movedAt)
	whole(a, &i.interval)
	whole(a, &i.seq)
	whole(a, &i.seqTime)
	whole(a, &i.back)
	a.truth(&i.twoSenders)
}

func (l *live) walk(a *archive) {
	a.instant(&l.last)
	whole(a, &l.flags)
	for q := range l.recent {
		r := &l.recent[q]
		for i := range r.v {
			whole(a, &r.v[i])
		}
		if whole(a, &r.n); int(r.n) > len(r.v) {
			a.fail("a list is too long")
		}
		whole(a, &l.held[q])
		whole(a, &l.leapt[q])
	}
}

func (h *hour) walk(a *archive, stride int) {
	whole(a, &h.number)
	n := a.count(len(h.rows), slotsPerHour*stride)
	if n%stride != 0 {
		a.fail("a reading is not whole")
		return
	}
	if a.w == nil {
		h.rows = make([]int32, n)
	}
	for i := range n {
		whole(a, &h.rows[i])
	}
	n = a.count(len(h.tallies), stride-1)
	if a.w == nil {
		h.tallies = make([]Tally, n)
	}
	for i := range n {
		t := &h.tallies[i]
		a.float(&t.Mean)
		whole(a, &t.N)
		whole(a, &t.Flagged)
		whole(a, &t.Flags)
	}
	for i := range h.barred {
		whole(a, &h.barred[i])
	}
	for i := range h.differ {
		n := math.Float32bits(h.differ[i])
		if whole(a, &n); a.w == nil {
			h.differ[i] = math.Float32frombits(n)
		}
	}
	whole(a, &h.leaps)
	whole(a, &h.believed)
	for _, v := range [...]*bool{&h.dirty, &h.stuckFirst, &h.stuckLast, &h.published, &h.corrected} {
		a.truth(v)
	}
	whole(a, &h.aqi)
	whole(a, &h.was)
	a.instant(&h.changed)
}
