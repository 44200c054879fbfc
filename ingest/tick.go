package ingest

import (
	"context"
	"sync/atomic"
	"time"

	"phusong/internal/wire"
)

// A Ticker is a Log that never falls silent: where nothing was appended for a while,
// it appends an entry without readings. The entries' times are the clock by which
// silence is judged, so a silence that is read again later is the same silence.
type Ticker struct {
	Log
	every time.Duration
	moved atomic.Bool // something was appended since the last look
}

// NewTicker returns a ticker over log that looks at it every so often.
func NewTicker(log Log, every time.Duration) *Ticker { return &Ticker{Log: log, every: every} }

// Append is that of the log.
func (t *Ticker) Append(ctx context.Context, id string, data []byte, count int) (uint64, error) {
	seq, err := t.Log.Append(ctx, id, data, count)
	if err == nil {
		t.moved.Store(true)
	}
	return seq, err
}

// Run ticks until ctx is done, and returns nil. A tick that cannot be appended is left
// out: what is true of the log says whoever has readings for it.
func (t *Ticker) Run(ctx context.Context) error {
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	nothing := wire.AppendRecords(nil, nil)
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if !t.moved.Swap(false) {
			_, _ = t.Log.Append(ctx, "", nothing, 0)
		}
	}
}
