package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

const (
	// One request asks for so much; this bounds what waits inside a Reader.
	pullEntries = 256
	pullBytes   = 4 << 20

	pullExpires   = 30 * time.Second
	pullHeartbeat = time.Second
	// silenceMax without an entry or a heartbeat means that the request is lost.
	silenceMax = 3 * pullHeartbeat

	// forgetReader is when the server drops the consumer of a reader that
	// asks for nothing. A reader that was only slow makes itself a new one.
	forgetReader = time.Minute

	attachEvery    = 20 * time.Millisecond // first wait before another attach
	attachEveryMax = time.Second

	// pullQueue holds the answers to one request: entries, heartbeats, the end.
	pullQueue = pullEntries + 64

	// beyondEndTries in a row make ErrBeyondEnd believable: a cluster that
	// has just changed its leader may not know its own end for a moment.
	beyondEndTries = 8
)

// A Reader yields the entries of a Log in order, each once, from a given number
// on. It survives the loss of the connection and of the server. It is used by
// one goroutine at a time; give it back with Close.
type Reader struct {
	log  *Log
	from uint64 // the lowest number not yet yielded

	// The rest belongs to one attachment: a consumer on the server, and one
	// request for entries that is open or answered.
	sub       *nats.Subscription // nil while detached
	msgs      chan *nats.Msg
	inbox     string // answers to a request arrive at inbox.number
	request   int    // the number of the newest request
	consumer  string
	delivered uint64 // how many entries this consumer has sent
	open      bool   // a request is open
	wanted    int    // entries still to come for it
	fruitless bool   // it has brought no entry yet
	single    bool   // the next one asks for one entry of any size
	heard     time.Time
	lost      <-chan struct{} // closed when the connection was replaced

	pause time.Duration // before the next attach; grows while none brings anything
}

type pullRequest struct {
	Batch     int           `json:"batch"`
	MaxBytes  int           `json:"max_bytes,omitempty"`
	Expires   time.Duration `json:"expires"`
	Heartbeat time.Duration `json:"idle_heartbeat"`
}

// Reader returns a reader that begins at the first entry whose number is at
// least from, appended already or not. When from is more than one beyond the
// newest entry the error wraps ErrBeyondEnd.
func (l *Log) Reader(ctx context.Context, from uint64) (*Reader, error) {
	r := &Reader{log: l, from: max(from, 1)}
	if err := r.attachPatiently(ctx); err != nil {
		return nil, fmt.Errorf("opening a reader of %s: %w", l.opts.Name, err)
	}
	return r, nil
}

// Next waits for the next entry. The only errors are those of ctx, ErrClosed
// when the server was closed, and ErrBeyondEnd when the log was replaced by a
// shorter one; everything else is waited out.
func (r *Reader) Next(ctx context.Context) (Entry, error) {
	d, err := r.next(ctx)
	if err != nil {
		return Entry{}, err
	}
	return d.entry(), nil
}

func (r *Reader) next(ctx context.Context) (delivery, error) {
	for {
		if d, ok := r.tryNext(); ok {
			return d, nil
		}
		if r.sub == nil {
			if err := r.attachPatiently(ctx); err != nil {
				return delivery{}, fmt.Errorf("reading %s: %w", r.log.opts.Name, err)
			}
			continue
		}
		m, err := r.await(ctx)
		if err != nil {
			return delivery{}, fmt.Errorf("reading %s: %w", r.log.opts.Name, err)
		}
		if m != nil {
			if d, ok := r.accept(m); ok {
				return d, nil
			}
		}
	}
}

// A delivery is a message of the log, with what the server says of it.
type delivery struct {
	msg  *nats.Msg
	seq  uint64
	time time.Time
}

func (d *delivery) entry() Entry {
	return Entry{Seq: d.seq, Time: d.time, Count: entryCount(d.msg.Header), Data: d.msg.Data}
}

// TryNext returns the next entry if it has arrived already. It never waits, so
// it is the way to take many at once after Next has returned one.
func (r *Reader) TryNext() (Entry, bool) {
	d, ok := r.tryNext()
	if !ok {
		return Entry{}, false
	}
	return d.entry(), true
}

func (r *Reader) tryNext() (delivery, bool) {
	for r.sub != nil {
		select {
		case m := <-r.msgs:
			if d, ok := r.accept(m); ok {
				return d, true
			}
		default:
			if !r.open {
				r.pull()
			}
			return delivery{}, false
		}
	}
	return delivery{}, false
}

// Close gives back what the reader holds on the server.
func (r *Reader) Close() { r.detach() }

// await returns the next message of the attachment, or nil when it is gone.
func (r *Reader) await(ctx context.Context) (*nats.Msg, error) {
	silence := time.NewTimer(time.Until(r.heard.Add(silenceMax)))
	defer silence.Stop()
	select {
	case m := <-r.msgs:
		return m, nil
	case <-r.lost:
	case <-silence.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-r.log.server.closing:
		return nil, ErrClosed
	}
	r.detach()
	return nil, nil
}

// accept takes one message of the attachment. It returns false for anything
// that is not the next entry, and detaches when an entry must have been lost on
// the way.
func (r *Reader) accept(m *nats.Msg) (delivery, bool) {
	r.heard = time.Now()
	if status := m.Header.Get("Status"); status != "" && len(m.Data) == 0 {
		r.control(m, status)
		return delivery{}, false
	}
	meta, err := m.Metadata()
	// A hole in the log's numbers is a deleted entry. A hole in what the
	// consumer sent is an entry that did not arrive.
	if err != nil || meta.Sequence.Consumer != r.delivered+1 {
		r.detach()
		return delivery{}, false
	}
	r.delivered++
	r.wanted--
	r.open = r.wanted > 0
	r.fruitless, r.single = false, false
	if meta.Sequence.Stream < r.from {
		return delivery{}, false
	}
	r.pause = 0
	r.from = meta.Sequence.Stream + 1
	return delivery{msg: m, seq: meta.Sequence.Stream, time: meta.Timestamp}, true
}

// control handles what the server says about a request.
func (r *Reader) control(m *nats.Msg, status string) {
	description := strings.ToLower(m.Header.Get("Description"))
	tooBig := status == "409" && strings.Contains(description, "maxbytes")
	switch {
	case status == "100": // still there, nothing new
		// What the consumer has sent and did not arrive was lost on the way: where nothing
		// follows, no hole would ever tell.
		if sent, err := strconv.ParseUint(m.Header.Get("Nats-Last-Consumer"), 10, 64); err == nil && sent > r.delivered {
			r.detach()
			return
		}
		r.pause = 0
	case status == "404", status == "408", // nothing came in time
		status == "409" && strings.Contains(description, "batch completed"), tooBig:
		// That one request is done with may be said when the next one is open, which it
		// does not end: each such word would make two of one from then on.
		if m.Subject != r.reply() {
			return
		}
		r.open = false
		if tooBig { // the next entry alone is above pullBytes, or the request is used up
			r.single = r.fruitless
		}
	default: // consumer deleted, leader changed, server stopped, nobody there
		r.detach()
	}
}

// reply is where the answers to the newest request arrive.
func (r *Reader) reply() string { return r.inbox + "." + strconv.Itoa(r.request) }

// pull asks for more entries without waiting for them.
func (r *Reader) pull() {
	req := pullRequest{Batch: pullEntries, MaxBytes: pullBytes, Expires: pullExpires, Heartbeat: pullHeartbeat}
	if r.single {
		req.Batch, req.MaxBytes = 1, 0
	}
	r.request++
	body, err := json.Marshal(req)
	if err == nil {
		err = r.log.server.conn.PublishRequest(r.api("MSG.NEXT"), r.reply(), body)
	}
	if err != nil {
		r.detach()
		return
	}
	r.open, r.wanted, r.fruitless, r.heard = true, req.Batch, true, time.Now()
}

// api is the subject of the server's function verb on the present consumer.
func (r *Reader) api(verb string) string {
	return "$JS.API.CONSUMER." + verb + "." + r.log.entries.CachedInfo().Config.Name + "." + r.consumer
}

// attachPatiently attaches, however often it takes.
func (r *Reader) attachPatiently(ctx context.Context) error {
	server := r.log.server
	for beyond := 0; ; {
		select {
		case <-time.After(r.pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-server.closing:
			return ErrClosed
		}
		err := r.attach(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, ErrBeyondEnd) {
			if beyond++; beyond == beyondEndTries || server.emb != nil {
				return err
			}
		}
		if r.slower() {
			server.log.Warn("stream reader cannot attach, trying on", "log", r.log.opts.Name, "error", err)
		}
	}
}

// slower makes the next pause longer; it returns true when the longest is reached.
func (r *Reader) slower() bool {
	before := r.pause
	r.pause = min(max(2*r.pause, attachEvery), attachEveryMax)
	return before < attachEveryMax && r.pause == attachEveryMax
}

// attach makes a consumer that begins at r.from and asks it for entries.
func (r *Reader) attach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	server := r.log.server
	// Before anything else, or a loss in between would go unnoticed.
	lost := server.link.next()
	info, err := r.log.entries.Info(ctx)
	if err != nil {
		return err
	}
	if last := info.State.LastSeq; r.from > last+1 {
		return fmt.Errorf("%w: entry %d wanted, the last is %d", ErrBeyondEnd, r.from, last)
	}
	consumer := "reader-" + nuid.Next()
	_, err = r.log.entries.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Name:              consumer,
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       r.from,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: forgetReader,
	})
	if err != nil {
		return err
	}
	msgs := make(chan *nats.Msg, pullQueue)
	inbox := server.conn.NewInbox()
	sub, err := server.conn.ChanSubscribe(inbox+".*", msgs)
	if err != nil {
		return err
	}
	r.sub, r.msgs, r.inbox, r.request, r.consumer, r.lost = sub, msgs, inbox, 0, consumer, lost
	r.delivered, r.open, r.single = 0, false, false
	r.pull()
	return nil
}

// detach forgets the attachment. The server is told, but not waited for: it
// drops an idle consumer by itself.
func (r *Reader) detach() {
	if r.sub == nil {
		return
	}
	_ = r.sub.Unsubscribe()
	_ = r.log.server.conn.Publish(r.api("DELETE"), nil)
	r.sub, r.msgs, r.open = nil, nil, false
	r.slower()
}
