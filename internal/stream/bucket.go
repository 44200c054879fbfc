package stream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// MaxValue is the largest value that a Bucket takes, in bytes. It fits the
	// largest message of a NATS server that nobody has configured.
	MaxValue = 512 << 10

	// bucketBytes bounds what a bucket takes on disk.
	bucketBytes = 1 << 30

	// tombstoneFor is how long a bucket remembers that a key was deleted. Whoever
	// watches and is cut off for longer does not hear of it.
	tombstoneFor = 7 * 24 * time.Hour

	// Words of the key-value format of NATS, so that its tools can read a bucket.
	operationHeader = "KV-Operation"
	operationPurge  = "PURGE"
)

// NATS allows the same, and more than 200 characters; these end up in subjects.
var keyShape = regexp.MustCompile(`^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$`)

const maxKey = 200

// A Bucket keeps the latest value of each key, durably, for several processes: who
// changes a value says which one it knew (compare and set). It is a key-value
// bucket of NATS with a history of one. Its methods may be called concurrently.
type Bucket struct {
	log *Log // of the changes, with its positions unused
}

// An Item is a key as it is, or as it became. Value belongs to whoever received it.
type Item struct {
	Key      string
	Value    []byte
	Revision uint64    // grows with every change of the bucket
	Time     time.Time // of the change, by the server's clock
	Deleted  bool      // Watch only: the key is gone
}

// Bucket opens the bucket with this name, making it as needed. Buckets and logs
// do not share their names.
func (s *Server) Bucket(ctx context.Context, name string) (*Bucket, error) {
	if !nameShape.MatchString(name) {
		return nil, fmt.Errorf("opening bucket %q: use lower-case letters, digits and hyphens", name)
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.inflight.Done()
	full := s.prefix + "-" + name
	subject := "$KV." + full + "."
	changes, err := s.ensure(ctx, jetstream.StreamConfig{
		Name:              "KV_" + full,
		Subjects:          []string{subject + ">"},
		Discard:           jetstream.DiscardNew,
		MaxBytes:          bucketBytes,
		MaxMsgsPerSubject: 1,
		MaxMsgSize:        MaxValue + entryOverhead,
		AllowRollup:       true, // a deleted key leaves one message behind,
		AllowMsgTTL:       true, // and that only for tombstoneFor
		DenyDelete:        true,
	})
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", name, err)
	}
	return &Bucket{&Log{server: s, opts: LogOptions{Name: "bucket " + name}, entries: changes, subject: subject}}, nil
}

// Get returns the value of key and its revision. The error wraps ErrNotFound when
// there is none. After an own Put it returns that value or a newer one.
func (b *Bucket) Get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	item, err := b.get(ctx, key)
	if err == nil && item.Deleted {
		err = ErrNotFound
	}
	if err != nil {
		return nil, 0, fmt.Errorf("getting %s of %s: %w", key, b.log.opts.Name, err)
	}
	return item.Value, item.Revision, nil
}

func (b *Bucket) get(ctx context.Context, key string) (Item, error) {
	if err := checkKey(key); err != nil {
		return Item{}, err
	}
	if err := b.log.server.enter(); err != nil {
		return Item{}, err
	}
	defer b.log.server.inflight.Done()
	m, err := ask(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return b.log.entries.GetLastMsgForSubject(ctx, b.log.subject+key)
	})
	if notFound(err) {
		return Item{}, ErrNotFound
	}
	if err != nil {
		return Item{}, err
	}
	return Item{Key: key, Value: m.Data, Revision: m.Sequence, Time: m.Time, Deleted: isTombstone(m.Header)}, nil
}

func isTombstone(h nats.Header) bool {
	return h.Get(operationHeader) != "" || h.Get(jetstream.MarkerReasonHeader) != ""
}

// Put sets key to value, provided that its revision is still the given one, 0 for
// a key that must not be there. It returns the new revision. When it returns
// nil the value is durable. Errors wrap ErrConflict, ErrTooLarge (above MaxValue),
// ErrFull or ErrUnavailable, or are those of ctx. After the last two the value may
// have been set: get it to know. The value is not kept after the return.
func (b *Bucket) Put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	err := checkKey(key)
	switch {
	case err == nil && len(value) == 0:
		err = errors.New("the value is empty")
	case err == nil && len(value) > MaxValue:
		err = fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, len(value), MaxValue)
	}
	if err != nil {
		return 0, fmt.Errorf("putting %s into %s: %w", key, b.log.opts.Name, err)
	}
	next, err := b.change(ctx, key, value, revision, nil)
	if errors.Is(err, ErrConflict) && revision == 0 {
		// A deleted key has a revision too, which only we know of.
		if item, getErr := b.get(ctx, key); getErr == nil && item.Deleted {
			next, err = b.change(ctx, key, value, item.Revision, nil)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("putting %s into %s: %w", key, b.log.opts.Name, err)
	}
	return next, nil
}

// Delete removes key, provided that its revision is still the given one. Errors are
// those of Put; there is nothing to delete where ErrConflict is returned.
func (b *Bucket) Delete(ctx context.Context, key string, revision uint64) error {
	err := checkKey(key)
	if err == nil && revision == 0 {
		err = errors.New("revision is 0: say which value is to go")
	}
	if err == nil {
		_, err = b.change(ctx, key, nil, revision, nats.Header{
			operationHeader:        {operationPurge},
			jetstream.MsgRollup:    {jetstream.MsgRollupSubject},
			jetstream.MsgTTLHeader: {tombstoneFor.String()},
		})
	}
	if err != nil {
		return fmt.Errorf("deleting %s from %s: %w", key, b.log.opts.Name, err)
	}
	return nil
}

func (b *Bucket) change(ctx context.Context, key string, value []byte, revision uint64, h nats.Header) (uint64, error) {
	if h == nil {
		h = make(nats.Header)
	}
	h.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(revision, 10))
	return b.log.server.publish(ctx, &nats.Msg{Subject: b.log.subject + key, Header: h, Data: value})
}

// Each yields the items as they are now, in the order of their last change. It
// ends after the first error.
func (b *Bucket) Each(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for item, err := range b.Watch(ctx) {
			if err == nil && item.Key == "" {
				return
			}
			if err == nil && item.Deleted {
				continue
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// Watch yields the items as they are now, in the order of their last change, then
// one Item without a Key, and then every change as it comes; of several changes
// of one key between two looks perhaps only the last. It ends after the first
// error, which is that of ctx or wraps ErrClosed; everything else is waited out.
func (b *Bucket) Watch(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		st, err := b.log.State(ctx)
		if err != nil {
			yield(Item{}, err)
			return
		}
		r, err := b.log.Reader(ctx, 1)
		if err != nil {
			yield(Item{}, err)
			return
		}
		defer r.Close()
		// What was last may have been replaced since; then something newer comes.
		told := st.Entries == 0
		if told && !yield(Item{}, nil) {
			return
		}
		for {
			d, err := r.next(ctx)
			if err != nil {
				yield(Item{}, err)
				return
			}
			if !told && d.seq > st.Last {
				if told = true; !yield(Item{}, nil) {
					return
				}
			}
			item := Item{
				Key: strings.TrimPrefix(d.msg.Subject, b.log.subject), Value: d.msg.Data,
				Revision: d.seq, Time: d.time, Deleted: isTombstone(d.msg.Header),
			}
			if !yield(item, nil) {
				return
			}
			if !told && d.seq == st.Last {
				if told = true; !yield(Item{}, nil) {
					return
				}
			}
		}
	}
}

func checkKey(key string) error {
	if len(key) > maxKey || !keyShape.MatchString(key) {
		return fmt.Errorf("key %q: use up to %d letters, digits and any of -/_= in parts separated by dots", key, maxKey)
	}
	return nil
}
