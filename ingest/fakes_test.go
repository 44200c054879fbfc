package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"phusong/ingest"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// The fakes below keep the contracts of the interfaces that ingest declares, note
// whoever breaks them, and fail when they are told to.

// An outcome is what becomes of one call.
type outcome uint8

const (
	works       outcome = iota
	failsBefore         // an error, and nothing was done
	failsAfter          // an error, and it was done
	hangsBefore         // until the context ends, and nothing was done
	hangsAfter          // until the context ends, and it was done
)

func (o outcome) String() string {
	return [...]string{"works", "fails before", "fails after", "hangs before", "hangs after"}[o]
}

var errDown = errors.New("out of order")

// police collects breaches of contract.
type police struct {
	mu     sync.Mutex
	faults []string
}

func (p *police) fault(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults) < 10 { // the same one may come again and again
		p.faults = append(p.faults, fmt.Sprintf(format, args...))
	}
}

// reporter is the part that testing.T and rapid.T share.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

func (p *police) check(t reporter) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fault := range p.faults {
		t.Errorf("contract broken: %s", fault)
	}
}

// memoryLog is a log in memory; it is also one of dead letters.
type memoryLog struct {
	police
	max int
	// forgetful logs recognise no repetition: their window is over.
	forgetful bool
	// script is what becomes of the appends to come; afterwards down decides.
	script   []outcome
	down     bool
	onAppend func()

	mu      sync.Mutex
	entries []ingest.Entry
	last    uint64
	ids     map[string]ingest.Entry
	appends int
	grown   chan struct{}
	deletes []outcome // what becomes of the deletions to come
}

func newLog() *memoryLog {
	return &memoryLog{max: 1 << 20, ids: make(map[string]ingest.Entry), grown: make(chan struct{})}
}

func (l *memoryLog) MaxEntry() int { return l.max }

func (l *memoryLog) Append(ctx context.Context, id string, data []byte, count int) (uint64, error) {
	l.mu.Lock()
	l.appends++
	do := works
	if l.down {
		do = failsBefore
	}
	if len(l.script) > 0 {
		do, l.script = l.script[0], l.script[1:]
	}
	hook := l.onAppend
	l.mu.Unlock()
	if hook != nil {
		hook()
	}
	if len(data) == 0 || len(data) > l.max || count < 0 {
		l.fault("append of %d bytes and %d records to a log of entries up to %d", len(data), count, l.max)
		return 0, errors.New("no such entry")
	}
	switch do {
	case works:
		return l.add(id, data, count), nil
	case failsAfter:
		l.add(id, data, count)
	case hangsAfter:
		l.add(id, data, count)
		<-ctx.Done()
		return 0, ctx.Err()
	case hangsBefore:
		<-ctx.Done()
		return 0, ctx.Err()
	case failsBefore:
	}
	return 0, errDown
}

func (l *memoryLog) add(id string, data []byte, count int) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.ids[id]; ok && id != "" {
		if !bytes.Equal(known.Data, data) || known.Count != count {
			l.fault("id %s was used for two different entries", id)
		}
		if !l.forgetful {
			return known.Seq
		}
	}
	l.last++
	e := ingest.Entry{Seq: l.last, Time: time.Now(), Count: count, Data: bytes.Clone(data)}
	l.ids[id] = e
	l.entries = append(l.entries, e)
	close(l.grown)
	l.grown = make(chan struct{})
	return e.Seq
}

// put appends without a fault.
func (l *memoryLog) put(readings ...telemetry.Reading) uint64 {
	return l.add("", wire.AppendRecords(nil, readings), len(readings))
}

// repair ends all planned faults.
func (l *memoryLog) repair() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down, l.script = false, nil
}

// end returns the position of the newest entry there ever was.
func (l *memoryLog) end() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// held returns the entries there are.
func (l *memoryLog) held() []ingest.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// readings returns the readings of the log in order.
func (l *memoryLog) readings() []telemetry.Reading {
	var all []telemetry.Reading
	for _, e := range l.held() {
		all = append(all, decodeEntry(e)...)
	}
	return all
}

func decodeEntry(e ingest.Entry) []telemetry.Reading {
	var d wire.Decoder
	readings, err := d.DecodeRecords(nil, e.Data)
	if err != nil {
		panic(err)
	}
	return readings
}

// after returns the first entry beyond seq, or what to wait for.
func (l *memoryLog) after(seq uint64) (ingest.Entry, bool, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, _ := slices.BinarySearchFunc(l.entries, seq+1, func(e ingest.Entry, seq uint64) int { return int(e.Seq) - int(seq) })
	if i == len(l.entries) {
		return ingest.Entry{}, false, l.grown
	}
	e := l.entries[i]
	e.Data = bytes.Clone(e.Data)
	return e, true, nil
}

func (l *memoryLog) Entries(ctx context.Context) iter.Seq2[ingest.Entry, error] {
	return func(yield func(ingest.Entry, error) bool) {
		for _, e := range l.held() {
			if err := ctx.Err(); err != nil {
				yield(ingest.Entry{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (l *memoryLog) Delete(_ context.Context, seq uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	do := works
	if len(l.deletes) > 0 {
		do, l.deletes = l.deletes[0], l.deletes[1:]
	}
	if do == failsBefore {
		return errDown
	}
	before := len(l.entries)
	l.entries = slices.DeleteFunc(l.entries, func(e ingest.Entry) bool { return e.Seq == seq })
	if len(l.entries) == before {
		return fmt.Errorf("entry %d: not found", seq)
	}
	if do == failsAfter {
		return errDown
	}
	return nil
}

// read returns a source that begins after the entry seq.
func (l *memoryLog) read(seq uint64) *memorySource { return &memorySource{log: l, last: seq} }

// memorySource reads a memoryLog.
type memorySource struct {
	log    *memoryLog
	last   uint64
	busy   atomic.Bool
	onRead func()
	broken error // what Next returns instead of waiting
}

func (s *memorySource) Next(ctx context.Context) (ingest.Entry, error) {
	s.enter()
	defer s.busy.Store(false)
	for {
		if ctx.Err() != nil {
			return ingest.Entry{}, ctx.Err()
		}
		e, ok, grown := s.log.after(s.last)
		if ok {
			s.last = e.Seq
			return e, nil
		}
		if s.broken != nil {
			return ingest.Entry{}, s.broken
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ingest.Entry{}, ctx.Err()
		}
	}
}

func (s *memorySource) TryNext() (ingest.Entry, bool) {
	s.enter()
	defer s.busy.Store(false)
	e, ok, _ := s.log.after(s.last)
	if ok {
		s.last = e.Seq
	}
	return e, ok
}

func (s *memorySource) enter() {
	if s.onRead != nil {
		s.onRead()
	}
	if s.busy.Swap(true) {
		s.log.fault("a source is used by two goroutines at once")
	}
}
