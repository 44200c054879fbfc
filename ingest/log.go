package ingest

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// An Entry is one batch in the durable log. Data belongs to whoever received it.
type Entry struct {
	Seq   uint64    // position, rising from 1 without repetition
	Time  time.Time // when it was appended
	Count int       // how many records Data holds; a tick holds none
	Data  []byte
}

// A Log is a durable sequence of entries. Append returns nil only when the entry
// would survive the loss of power. After an error the entry may or may not be in
// the log, and is appended again under the same id, which within minutes adds it
// only once; an empty id never recognises a repetition. Append does not keep data.
// An entry that is there twice after all does no harm.
type Log interface {
	Append(ctx context.Context, id string, data []byte, count int) (seq uint64, err error)
	// MaxEntry is the most bytes that one entry may hold, at least 256 KiB.
	MaxEntry() int
}

// minEntry holds any one reading, whose longest text may be written in escapes,
// and any dead letter without its payload. In a log with less room such a reading
// could never be appended, and everything would wait behind it.
const minEntry = 256 << 10

func checkRoom(name string, l Log) error {
	if n := l.MaxEntry(); n < minEntry {
		return fmt.Errorf("%s takes entries of at most %d bytes, and %d are needed: raise the stream's largest message (max_payload)", name, n, minEntry)
	}
	return nil
}

// A Source reads a log in order, without gaps, from where it was opened.
type Source interface {
	// Next waits for the next entry. Its error means that ctx ended or that the
	// log is gone for good; passing failures it mends itself.
	Next(ctx context.Context) (Entry, error)
	// TryNext returns the next entry if it is there already, and never waits.
	TryNext() (Entry, bool)
}

// Letters is a log of dead letters, which can also be read back and deleted from.
type Letters interface {
	Log
	// Entries yields the entries that are in the log when it begins, oldest first.
	// It ends after the first error.
	Entries(ctx context.Context) iter.Seq2[Entry, error]
	Delete(ctx context.Context, seq uint64) error
}
