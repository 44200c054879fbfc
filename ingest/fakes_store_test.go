package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// A throttle is an error that says when to come back.
type throttle time.Duration

func (t throttle) Error() string             { return "too busy" }
func (t throttle) RetryAfter() time.Duration { return time.Duration(t) }

// memoryStore is a store in memory.
type memoryStore struct {
	police
	// room is how many writes may be under way; 0 is one.
	room int32
	busy atomic.Int32
	most atomic.Int32 // that were
	// script is what becomes of the writes to come; then down decides.
	script []error // nil works; errAfter stores and fails
	bad    map[telemetry.Key]bool
	// partly stores what comes before a bad reading.
	partly  bool
	onWrite func()

	mu     sync.Mutex
	down   error
	rows   map[telemetry.Key]string
	order  []telemetry.Key // of first arrival
	writes int
	from   time.Time // no write is welcome sooner
}

// errAfter fails a write that was done.
var errAfter = errors.New("the answer was lost")

func newStore() *memoryStore {
	return &memoryStore{rows: make(map[telemetry.Key]string), bad: make(map[telemetry.Key]bool)}
}

func (s *memoryStore) Write(ctx context.Context, batch []telemetry.Reading) error {
	now := s.busy.Add(1)
	defer s.busy.Add(-1)
	if now > max(s.room, 1) {
		s.fault("%d writes at once", now)
	}
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	if s.onWrite != nil {
		s.onWrite()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if len(batch) == 0 {
		s.fault("an empty batch")
	}
	// Of several writes at a time only the one that was told has to wait.
	if now := time.Now(); now.Before(s.from) && s.room <= 1 {
		s.fault("a write %s too soon", s.from.Sub(now))
	}
	fail := s.down
	if len(s.script) > 0 {
		fail, s.script = s.script[0], s.script[1:]
	}
	if later, ok := errors.AsType[throttle](fail); ok {
		s.from = time.Now().Add(later.RetryAfter())
	}
	if fail != nil && !errors.Is(fail, errAfter) {
		return fail
	}
	if i := slices.IndexFunc(batch, func(r telemetry.Reading) bool { return s.bad[r.Key()] }); i >= 0 {
		if s.partly {
			s.keep(batch[:i])
		}
		return fmt.Errorf("the store answers 422: %w", &telemetry.RejectedError{Field: "clients", Reason: "type conflict"})
	}
	s.keep(batch)
	return fail
}

func (s *memoryStore) keep(batch []telemetry.Reading) {
	for i := range batch {
		key, row := batch[i].Key(), record(&batch[i])
		known, ok := s.rows[key]
		if !ok {
			s.order = append(s.order, key)
		} else if stripReceived(known) != stripReceived(row) {
			s.fault("%v is overwritten: %s by %s", key, known, row)
		}
		s.rows[key] = row
	}
}

func (s *memoryStore) setDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

// written is how often Write was called.
func (s *memoryStore) written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

func (s *memoryStore) keys() []telemetry.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.order)
}

// tags returns the tags of what is stored, sorted.
func (s *memoryStore) tags() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var d wire.Decoder
	var tags []int64
	for _, row := range s.rows {
		readings, err := d.DecodeRecords(nil, []byte(row))
		if err != nil {
			panic(err)
		}
		tags = append(tags, tag(&readings[0]))
	}
	slices.Sort(tags)
	return tags
}

func (s *memoryStore) Has(_ context.Context, keys []telemetry.Key) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(keys) == 0 {
		s.fault("asked for no keys")
	}
	there := make([]bool, len(keys))
	for i, key := range keys {
		_, there[i] = s.rows[key]
	}
	return there, s.down
}

func (s *memoryStore) remove(key telemetry.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows, key)
	s.order = slices.DeleteFunc(s.order, func(k telemetry.Key) bool { return k == key })
}

// record writes r as the stream keeps it.
func record(r *telemetry.Reading) string {
	return string(wire.AppendRecords(nil, []telemetry.Reading{*r}))
}

// stripReceived leaves out what a second delivery may change.
func stripReceived(row string) string {
	var d wire.Decoder
	readings, err := d.DecodeRecords(nil, []byte(row))
	if err != nil {
		panic(err)
	}
	r := &readings[0]
	r.Received, r.Flags = time.UnixMilli(0), r.Flags&^(telemetry.FlagLate|telemetry.FlagRetained)
	return record(r)
}
