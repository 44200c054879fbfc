package main

import (
	"context"
	"time"

	"phusong/internal/sqlite"
	"phusong/telemetry"
)

// drainTimeout bounds how long a stopping service waits for the store. What is
// left waits in the stream for the next start.
const drainTimeout = 5 * time.Second

// drain stops after the pipeline and before the writer, and gives the writer
// the time to empty the stream.
func (s *service) drain(ctx context.Context) error {
	<-ctx.Done()
	deadline := time.NewTimer(drainTimeout)
	defer deadline.Stop()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for s.ledger.Balance().InLog > 0 {
		select {
		case <-poll.C:
		case <-deadline.C:
			s.log.Warn("stopping while readings wait in the stream; they are stored at the next start", "readings", s.ledger.Balance().InLog)
			return nil
		}
	}
	return nil
}

// janitorEvery is how often old readings are removed.
const janitorEvery = 10 * time.Minute

// janitor removes what was kept long enough.
func (s *service) janitor(ctx context.Context) error {
	tick := time.NewTicker(janitorEvery)
	defer tick.Stop()
	for {
		s.tidy(ctx, time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *service) tidy(ctx context.Context, now time.Time) {
	if err := s.readings.Trim(ctx, now, storePosition); err != nil && ctx.Err() == nil {
		s.log.Warn("the stream could not be trimmed; it is tried again", "error", err)
	}
	local, ok := s.store.(*sqlite.Store)
	if !ok {
		return
	}
	for _, kind := range telemetry.Kinds() {
		keep := s.config.Store.Retention.of(kind)
		if keep == 0 {
			continue
		}
		removed, err := local.Prune(ctx, kind, now.Add(-keep))
		if err != nil && ctx.Err() == nil {
			s.log.Warn("old readings could not be removed; it is tried again", "kind", kind, "error", err)
		}
		if removed > 0 {
			s.log.Info("removed readings beyond store.retention", "kind", kind, "readings", removed)
		}
	}
}

// settled waits until the store holds all that the stream holds now.
func (s *service) settled(ctx context.Context) error {
	state, err := s.readings.State(ctx)
	if err != nil {
		return err
	}
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for {
		// While the stream is silent the position moves once a minute only, and then
		// nothing is on its way.
		position, err := s.readings.Position(ctx, storePosition)
		if err == nil && position >= state.Last || s.ledger.Balance().InLog == 0 {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
