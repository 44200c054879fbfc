package ingest

import (
	"context"
	"fmt"

	"phusong/telemetry"
)

// Evidence is what an audit asks of the store: which of the keys it has. The
// answer has the length and order of keys.
type Evidence interface {
	Has(ctx context.Context, keys []telemetry.Key) ([]bool, error)
}

// AuditOptions of an Audit. All but Forgotten are required.
type AuditOptions struct {
	// Source is open at the oldest entry of the log; Last is the newest, 0 when
	// there is none, Position the last one that the writer has settled.
	Source         Source
	Last, Position uint64
	Store          Evidence
	DeadLetters    Letters
	// Forgotten says that the store may have removed the reading by now, because it
	// is beyond its retention. Nil means never.
	Forgotten func(*telemetry.Reading) bool
}

// An AuditReport is the ledger as the disk has it. It covers what the log still
// holds, which is everything that is not long settled.
type AuditReport struct {
	// InLog is how many readings the log holds; of these Stored are in the store,
	// Repeated were sent twice and are there once, Refused are dead letters, Waiting
	// are behind the writer's position, and Old are beyond the store's
	// retention.
	InLog    int64 `json:"in_log"`
	Stored   int64 `json:"stored"`
	Repeated int64 `json:"repeated"`
	Refused  int64 `json:"refused"`
	Waiting  int64 `json:"waiting"`
	Old      int64 `json:"old"`
	// DeadLetters is how many dead letters are kept, for whatever reason.
	DeadLetters int64 `json:"dead_letters"`
	// Missing is how many were accepted and are nowhere. It must be 0; Examples
	// are the first of them.
	Missing  int64           `json:"missing"`
	Examples []telemetry.Key `json:"examples,omitempty"`
}

// Balanced reports whether every accepted reading is accounted for.
func (r *AuditReport) Balanced() bool { return r.Missing == 0 }

// auditBatch is how many keys the store is asked for at once.
const auditBatch = 1000

const maxExamples = 10

type audit struct {
	options AuditOptions
	report  AuditReport
	refused map[telemetry.Key]bool
	tracker *Tracker
	keys    []telemetry.Key
}

// Audit looks for every reading of the log in the store.
func Audit(ctx context.Context, o AuditOptions) (*AuditReport, error) {
	a := audit{options: o, refused: make(map[telemetry.Key]bool), tracker: NewTracker()}
	if err := a.readLetters(ctx); err != nil {
		return nil, err
	}
	err := eachReading(ctx, o.Source, o.Last, func(seq uint64, r *telemetry.Reading) error {
		a.report.InLog++
		switch {
		case seq > o.Position:
			a.report.Waiting++
		case a.tracker.Observe(r).Redundant:
			a.report.Repeated++
		case o.Forgotten != nil && o.Forgotten(r):
			a.report.Old++
		default:
			a.keys = append(a.keys, r.Key())
		}
		if len(a.keys) >= auditBatch {
			return a.ask(ctx)
		}
		return nil
	})
	if err == nil {
		err = a.ask(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return &a.report, nil
}

// readLetters remembers what the store refused.
func (a *audit) readLetters(ctx context.Context) error {
	return eachEntry(ctx, a.options.DeadLetters, func(_ Entry, letters []DeadLetter) (bool, error) {
		for i := range letters {
			a.report.DeadLetters++
			if key, ok := letters[i].key(); ok {
				a.refused[key] = true
			}
		}
		return true, nil
	})
}

// ask looks up the keys gathered so far.
func (a *audit) ask(ctx context.Context) error {
	if len(a.keys) == 0 {
		return nil
	}
	there, err := a.options.Store.Has(ctx, a.keys)
	if err != nil {
		return fmt.Errorf("asking the store: %w", err)
	}
	for i, key := range a.keys {
		switch {
		case there[i]:
			a.report.Stored++
		case a.refused[key]:
			a.report.Refused++
		default:
			a.report.Missing++
			if len(a.report.Examples) < maxExamples {
				a.report.Examples = append(a.report.Examples, key)
			}
		}
	}
	a.keys = a.keys[:0]
	return nil
}
