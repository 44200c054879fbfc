package ingest

import (
	"context"

	"phusong/telemetry"
)

// The limits that tests go up to.
const (
	MinEntry  = minEntry
	MaxTracks = maxTracks
	MaxKept   = maxKept
	Memory    = memory
)

// Spacer keeps readings apart, one call after the other.
type Spacer struct{ spacer }

// Space moves r where its key would be that of an earlier one.
func (s *Spacer) Space(r *telemetry.Reading) { s.space(r) }

// Tracks is how many devices t remembers.
func (t *Tracker) Tracks() int { return len(t.current) + len(t.previous) }

// Kept is how many hashes of backlogs t remembers.
func (t *Tracker) Kept() (n int) {
	for _, d := range t.current {
		n += d.backlog.size()
	}
	for id, d := range t.previous {
		if t.current[id] != d {
			n += d.backlog.size()
		}
	}
	return n
}

// The movements of a ledger.

func (l *Ledger) Receive(n int)                   { l.receive(n) }
func (l *Ledger) LogAll(r []telemetry.Reading)    { l.log(r) }
func (l *Ledger) Refuse(letters []DeadLetter)     { l.refuse(letters) }
func (l *Ledger) Settle(n, m int, d []DeadLetter) { l.settle(n, m, d) }
func (p *Pipeline) Queued() int                   { return len(p.queue) }
func AppendLetters(ctx context.Context, log Log, letters []DeadLetter) ([]DeadLetter, error) {
	return appendLetters(ctx, log, letters)
}
