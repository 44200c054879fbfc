package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync/atomic"
	"time"

	"phusong/alerts"
	"phusong/internal/stream"
)

// alertHistory keeps every step in the life of alerts and incidents, in a log of its
// own beside the readings: it is on disk, replicas share it, and it outlives what it
// tells of.
type alertHistory struct {
	log    *slog.Logger
	steps  *stream.Log
	take   func() ([]alerts.Change, uint64)
	news   <-chan struct{}
	last   stepMark // newest that is in the log
	missed atomic.Uint64
}

const (
	historyLog = "alert-history"
	// historyMaxBytes are some hundred thousand steps; beyond it the oldest go.
	historyMaxBytes = 256 << 20
	// historyRetry is the pause after the stream has refused.
	historyRetry = time.Second
	// historyBatch is how many steps make one entry at most.
	historyBatch = 200
)

// A historyStep is a step as it is kept.
type historyStep struct {
	Number   uint64            `json:"number"`
	At       time.Time         `json:"at"`
	Kind     alerts.ChangeKind `json:"kind"`
	Alert    *alerts.Alert     `json:"alert,omitempty"`
	Incident *alerts.Incident  `json:"incident,omitempty"`
}

// stepMark orders steps. After a restart those since the image come again, with the
// same instants and numbers.
type stepMark struct {
	at     int64
	number uint64
}

func markOf(at time.Time, number uint64) stepMark { return stepMark{at.UnixMilli(), number} }

func (m stepMark) compare(other stepMark) int {
	return cmp.Or(cmp.Compare(m.at, other.at), cmp.Compare(m.number, other.number))
}

// newAlertHistory opens the log and finds its newest step.
func newAlertHistory(ctx context.Context, server *stream.Server, room *alertRoom, log *slog.Logger) (*alertHistory, error) {
	steps, err := server.Log(ctx, stream.LogOptions{Name: historyLog, MaxBytes: historyMaxBytes, WhenFull: stream.DropOldest})
	if err != nil {
		return nil, fmt.Errorf("opening the history of alerts: %w", err)
	}
	h := &alertHistory{log: log, steps: steps, take: room.takeChanges, news: room.news}
	state, err := steps.State(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the history of alerts: %w", err)
	}
	if state.Entries == 0 {
		return h, nil
	}
	for step, err := range h.Steps(ctx, state.Last) {
		if err != nil {
			return nil, err
		}
		h.last = markOf(step.At, step.Number)
	}
	return h, nil
}

// Run keeps what changes until ctx is done; what is there by then is still kept.
func (h *alertHistory) Run(ctx context.Context) error {
	for {
		select {
		case <-h.news:
		case <-ctx.Done():
			h.keepLast(ctx)
			return nil
		}
		h.keepAll(ctx)
	}
}

// keepLast keeps what is there at the end, and does not wait for ever.
func (h *alertHistory) keepLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	h.keepAll(ctx)
}

// keepAll appends what is new, again and again until the stream takes it.
func (h *alertHistory) keepAll(ctx context.Context) {
	changes, lost := h.take()
	if lost > 0 {
		h.missed.Add(lost)
		h.log.Error("the history of alerts has a hole: the stream did not take it for too long", "steps", lost)
	}
	fresh := changes[:0]
	for i := range changes {
		if mark := markOf(changes[i].At, changes[i].Number); mark.compare(h.last) > 0 {
			fresh = append(fresh, changes[i])
		}
	}
	for len(fresh) > 0 {
		batch := fresh[:min(len(fresh), historyBatch)]
		if !h.keep(ctx, batch) {
			h.missed.Add(uint64(len(fresh)))
			return
		}
		newest := batch[len(batch)-1]
		h.last = markOf(newest.At, newest.Number)
		fresh = fresh[len(batch):]
	}
}

// keep appends one entry and reports whether it could before ctx was done.
func (h *alertHistory) keep(ctx context.Context, batch []alerts.Change) bool {
	steps := make([]historyStep, len(batch))
	for i, c := range batch {
		steps[i] = historyStep(c)
	}
	data, err := json.Marshal(steps)
	if err != nil {
		h.log.Error("a step in the life of an alert cannot be written", "error", err)
		return true // the next ones can
	}
	id := fmt.Sprintf("steps-%d-%d", batch[0].At.UnixMilli(), batch[0].Number)
	for told := false; ; {
		_, err := h.steps.Append(ctx, id, data, len(batch))
		switch {
		case err == nil:
			return true
		case errors.Is(err, stream.ErrTooLarge) && len(batch) > 1:
			half := len(batch) / 2
			return h.keep(ctx, batch[:half]) && h.keep(ctx, batch[half:])
		case errors.Is(err, stream.ErrTooLarge):
			h.log.Error("a step in the life of an alert is too long to be kept", "error", err)
			return true
		case !told:
			h.log.Warn("the history of alerts waits for the stream", "error", err)
			told = true
		}
		if pause(ctx, historyRetry) != nil {
			return false
		}
	}
}

// Steps yields the steps from an entry of the log on, oldest first. It ends after the
// first error.
func (h *alertHistory) Steps(ctx context.Context, from uint64) iter.Seq2[historyStep, error] {
	return func(yield func(historyStep, error) bool) {
		for entry, err := range h.steps.Entries(ctx, from) {
			var steps []historyStep
			if err == nil {
				err = json.Unmarshal(entry.Data, &steps)
			}
			if err != nil {
				yield(historyStep{}, fmt.Errorf("reading the history of alerts: %w", err))
				return
			}
			for _, step := range steps {
				if !yield(step, nil) {
					return
				}
			}
		}
	}
}
