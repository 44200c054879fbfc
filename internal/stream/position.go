package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Position returns the number of the last entry that the reader called name
// has done with, 0 if it never saved one. Go on reading at the next number.
func (l *Log) Position(ctx context.Context, name string) (uint64, error) {
	if !nameShape.MatchString(name) {
		return 0, fmt.Errorf("reading a position of %s: name %q: use lower-case letters, digits and hyphens", l.opts.Name, name)
	}
	m, err := ask(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return l.positions.GetLastMsgForSubject(ctx, l.places+name)
	})
	if notFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading position %s of %s: %w", name, l.opts.Name, err)
	}
	seq, err := strconv.ParseUint(string(m.Data), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading position %s of %s: %w", name, l.opts.Name, err)
	}
	return seq, nil
}

// SavePosition remembers durably that the reader called name has done with all
// entries up to seq. A lower number than before is a wish to read again. Errors
// are those of Append; then the old position may still hold, which costs a
// repetition at the next start and nothing else.
func (l *Log) SavePosition(ctx context.Context, name string, seq uint64) error {
	if !nameShape.MatchString(name) {
		return fmt.Errorf("saving a position of %s: name %q: use lower-case letters, digits and hyphens", l.opts.Name, name)
	}
	_, err := l.server.publish(ctx, &nats.Msg{
		Subject: l.places + name,
		Data:    strconv.AppendUint(nil, seq, 10),
	})
	if err != nil {
		return fmt.Errorf("saving position %s of %s: %w", name, l.opts.Name, err)
	}
	return nil
}

// Trim deletes the entries that were appended longer than Keep before now and
// that every named reader has done with. Name all readers of the log: with no
// names, age alone decides. A reader that never saved a position keeps everything.
// Storage that failed (ErrUnavailable) cannot be trimmed either.
func (l *Log) Trim(ctx context.Context, now time.Time, readers ...string) error {
	if err := l.server.enterWriting(); err != nil {
		return fmt.Errorf("trimming %s: %w", l.opts.Name, err)
	}
	defer l.server.inflight.Done()

	info, err := l.info(ctx)
	if err != nil {
		return fmt.Errorf("trimming %s: %w", l.opts.Name, err)
	}
	limit := info.State.LastSeq
	for _, name := range readers {
		seq, err := l.Position(ctx, name)
		if err != nil {
			return fmt.Errorf("trimming %s: %w", l.opts.Name, err)
		}
		limit = min(limit, seq)
	}
	cutoff := now.Add(-l.opts.Keep)
	if info.State.Msgs == 0 || limit < info.State.FirstSeq || !info.State.FirstTime.Before(cutoff) {
		return nil
	}
	keep, err := l.firstSince(ctx, cutoff, info.State.FirstSeq, limit)
	if err != nil {
		return fmt.Errorf("trimming %s: %w", l.opts.Name, err)
	}
	_, err = ask(ctx, func(ctx context.Context) (any, error) {
		return nil, l.entries.Purge(ctx, jetstream.WithPurgeSequence(keep))
	})
	if err != nil {
		return fmt.Errorf("trimming %s: %w", l.opts.Name, err)
	}
	l.server.health.roomMade()
	return nil
}

// firstSince returns the number of the first entry in [first, limit] that was
// appended at or after cutoff, limit+1 if all are older. It bisects; where the
// server's clock jumped back it may find a place a jump too early or too late,
// which concerns only entries that everybody has read.
func (l *Log) firstSince(ctx context.Context, cutoff time.Time, first, limit uint64) (uint64, error) {
	low, high := first, limit+1
	for low < high {
		mid := low + (high-low)/2
		e, err := l.atOrAfter(ctx, mid)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && !e.Time.Before(cutoff):
			high = mid
		case err != nil:
			return 0, err
		default:
			low = min(e.Seq+1, high)
		}
	}
	return low, nil
}
