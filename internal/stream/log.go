package stream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// countHeader carries Entry.Count. Its name is part of the format on disk.
const countHeader = "Phusong-Count"

// entryOverhead is what an entry needs beside its data within the server's
// largest message: our header, and those the server adds when it hands it out.
const entryOverhead = 1 << 10

// An Entry is one element of a Log. Data belongs to whoever received it.
type Entry struct {
	Seq   uint64    // its number; numbers only grow, holes are deleted entries
	Time  time.Time // when the server appended it
	Count int       // how many records the writer said are inside
	Data  []byte
}

// State describes a Log at one instant.
type State struct {
	First    uint64 // number of the oldest entry; Last+1 when there is none
	Last     uint64 // number of the newest entry ever appended, 0 if none
	Entries  uint64 // how many there are now
	Bytes    int64  // what they take, overhead included
	MaxBytes int64
}

// A Log is one durable ordered sequence of entries, and the positions of those
// who read it. Its methods may be called concurrently.
type Log struct {
	server    *Server
	opts      LogOptions
	entries   jetstream.Stream
	subject   string
	positions jetstream.Stream
	places    string // subject of a position without its last token
}

// Log opens the log o.Name, making it or adapting its limits as needed.
func (s *Server) Log(ctx context.Context, o LogOptions) (*Log, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.inflight.Done()

	name := s.prefix + "-" + o.Name
	l := &Log{server: s, opts: o, subject: s.prefix + "." + o.Name, places: s.prefix + "." + o.Name + ".position."}
	discard := jetstream.DiscardNew
	if o.WhenFull == DropOldest {
		discard = jetstream.DiscardOld
	}
	var err error
	l.entries, err = s.ensure(ctx, jetstream.StreamConfig{
		Name:        name,
		Subjects:    []string{l.subject},
		Discard:     discard,
		MaxBytes:    o.MaxBytes,
		AllowDirect: true, // entries are looked up as bytes, not as JSON
		Duplicates:  idsKept,
	})
	if err != nil {
		return nil, fmt.Errorf("opening log %s: %w", o.Name, err)
	}
	l.positions, err = s.ensure(ctx, jetstream.StreamConfig{
		Name:              name + "-positions",
		Subjects:          []string{l.places + "*"},
		Discard:           jetstream.DiscardOld,
		MaxBytes:          -1,
		MaxMsgsPerSubject: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the positions of log %s: %w", o.Name, err)
	}
	return l, nil
}

// idsKept is how long Append knows an id again: long beside the time after which a
// publish without an answer is given up, and its caller tries again.
const idsKept = 2 * time.Minute

// ensure returns the stream want.Name, made or changed to be as wanted. What
// want does not speak of (placement, compression) stays as an operator set it.
// An existing stream that is right is not written to: the disk may be full.
func (s *Server) ensure(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	want.Storage = jetstream.FileStorage
	want.Replicas = s.replicas
	if want.Duplicates == 0 {
		// Where no ids are sent the shortest window there is saves a restart from
		// reading the last two minutes in search of them.
		want.Duplicates = 100 * time.Millisecond
	}
	if want.MaxMsgsPerSubject == 0 {
		want.MaxMsgsPerSubject = -1
	}

	have, err := ask(ctx, func(ctx context.Context) (jetstream.Stream, error) { return s.js.Stream(ctx, want.Name) })
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		made, err := ask(ctx, func(ctx context.Context) (jetstream.Stream, error) { return s.js.CreateStream(ctx, want) })
		if err == nil && s.emb != nil {
			err = s.emb.syncDirs(want.Name)
		}
		return made, err
	}
	if err != nil {
		return nil, err
	}
	config := have.CachedInfo().Config
	if len(config.Subjects) == 1 && config.Subjects[0] == want.Subjects[0] &&
		config.Storage == want.Storage && config.Replicas == want.Replicas &&
		config.Discard == want.Discard && config.MaxBytes == want.MaxBytes &&
		config.MaxMsgsPerSubject == want.MaxMsgsPerSubject && config.AllowDirect == want.AllowDirect &&
		config.AllowRollup == want.AllowRollup && config.AllowMsgTTL == want.AllowMsgTTL &&
		config.Duplicates == want.Duplicates &&
		config.Retention == jetstream.LimitsPolicy && config.MaxAge == 0 && config.MaxMsgs <= 0 {
		return have, nil
	}
	config.Subjects, config.Replicas, config.Discard = want.Subjects, want.Replicas, want.Discard
	config.MaxBytes, config.MaxMsgsPerSubject, config.AllowDirect = want.MaxBytes, want.MaxMsgsPerSubject, want.AllowDirect
	config.Duplicates = want.Duplicates
	config.AllowRollup, config.AllowMsgTTL = want.AllowRollup, want.AllowMsgTTL || config.AllowMsgTTL // it cannot be taken back
	// Limits somebody else set would delete entries behind our back.
	config.Retention, config.MaxAge, config.MaxMsgs = jetstream.LimitsPolicy, 0, -1
	return ask(ctx, func(ctx context.Context) (jetstream.Stream, error) { return s.js.UpdateStream(ctx, config) })
}

// MaxEntry is the largest Data that Append takes, in bytes.
func (l *Log) MaxEntry() int {
	return int(l.server.conn.MaxPayload()) - entryOverhead
}

// Append adds one entry of count records and returns its number. When it
// returns nil the entry is durable. Errors wrap ErrFull, ErrTooLarge or
// ErrUnavailable, or are those of ctx. After ErrUnavailable, and after an end
// of ctx, the entry may be in the log nevertheless. Appending it again under the
// same id within two minutes then adds nothing and returns its number; without an
// id ("") it can appear twice. Append retries nothing by itself and fails quickly
// while the storage is broken, so a caller should pause between tries. Entries
// appended one after the other are read in that order. Data is not kept after
// the return.
func (l *Log) Append(ctx context.Context, id string, data []byte, count int) (uint64, error) {
	switch {
	case len(data) == 0:
		return 0, fmt.Errorf("appending to %s: entry is empty", l.opts.Name)
	case count < 0:
		return 0, fmt.Errorf("appending to %s: count is %d", l.opts.Name, count)
	case len(data) > l.MaxEntry():
		return 0, fmt.Errorf("appending to %s: %w: %d bytes of at most %d", l.opts.Name, ErrTooLarge, len(data), l.MaxEntry())
	}
	header := nats.Header{countHeader: {strconv.Itoa(count)}}
	if id != "" {
		header[jetstream.MsgIDHeader] = []string{id}
	}
	seq, err := l.server.publish(ctx, &nats.Msg{Subject: l.subject, Header: header, Data: data})
	if err != nil {
		return 0, fmt.Errorf("appending to %s: %w", l.opts.Name, err)
	}
	return seq, nil
}

// State returns the present bounds and size of the log.
func (l *Log) State(ctx context.Context) (State, error) {
	info, err := l.info(ctx)
	if err != nil {
		return State{}, fmt.Errorf("reading the state of %s: %w", l.opts.Name, err)
	}
	st := State{
		First:    info.State.FirstSeq,
		Last:     info.State.LastSeq,
		Entries:  info.State.Msgs,
		Bytes:    int64(info.State.Bytes),
		MaxBytes: info.Config.MaxBytes,
	}
	if st.Entries == 0 {
		st.First = st.Last + 1
	}
	return st, nil
}

// Entries yields the entries from the given number to the one that is last when
// it begins. It asks for each, so it suits lists for people; to follow a log
// use a Reader. It ends after the first error.
func (l *Log) Entries(ctx context.Context, from uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		st, err := l.State(ctx)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for seq := max(from, st.First); seq <= st.Last; seq++ {
			e, err := l.atOrAfter(ctx, seq)
			if errors.Is(err, ErrNotFound) || err == nil && e.Seq > st.Last {
				return
			}
			if !yield(e, err) || err != nil {
				return
			}
			seq = e.Seq
		}
	}
}

// Entry returns the entry with this number; the error wraps ErrNotFound when
// there is none, or no more.
func (l *Log) Entry(ctx context.Context, seq uint64) (Entry, error) {
	e, err := l.atOrAfter(ctx, seq)
	if err != nil {
		return Entry{}, err
	}
	if e.Seq != seq {
		return Entry{}, fmt.Errorf("reading entry %d of %s: %w", seq, l.opts.Name, ErrNotFound)
	}
	return e, nil
}

// Delete removes one entry. The error wraps ErrNotFound when it is not there.
func (l *Log) Delete(ctx context.Context, seq uint64) error {
	if err := l.server.enterWriting(); err != nil {
		return fmt.Errorf("deleting entry %d of %s: %w", seq, l.opts.Name, err)
	}
	defer l.server.inflight.Done()
	// The server's answer to a missing entry has no code of its own.
	if _, err := l.Entry(ctx, seq); err != nil {
		return fmt.Errorf("deleting entry %d of %s: %w", seq, l.opts.Name, err)
	}
	if _, err := ask(ctx, func(ctx context.Context) (any, error) { return nil, l.entries.DeleteMsg(ctx, seq) }); err != nil {
		return fmt.Errorf("deleting entry %d of %s: %w", seq, l.opts.Name, err)
	}
	l.server.health.roomMade()
	return nil
}

func (l *Log) info(ctx context.Context) (*jetstream.StreamInfo, error) {
	return ask(ctx, func(ctx context.Context) (*jetstream.StreamInfo, error) { return l.entries.Info(ctx) })
}

// atOrAfter returns the first entry whose number is at least seq.
func (l *Log) atOrAfter(ctx context.Context, seq uint64) (Entry, error) {
	m, err := ask(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return l.entries.GetMsg(ctx, max(seq, 1), jetstream.WithGetMsgSubject(l.subject))
	})
	if notFound(err) {
		err = ErrNotFound
	}
	if err != nil {
		return Entry{}, fmt.Errorf("reading entry %d of %s: %w", seq, l.opts.Name, err)
	}
	return Entry{Seq: m.Sequence, Time: m.Time, Count: entryCount(m.Header), Data: m.Data}, nil
}

func entryCount(h nats.Header) int {
	// Whoever else wrote into the stream set no count: then nothing is known.
	n, _ := strconv.Atoi(h.Get(countHeader))
	return n
}
