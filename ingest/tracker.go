package ingest

import (
	"hash/maphash"
	"slices"
	"time"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// A Tracker recognises repetitions and gaps in what devices send, in the order of
// the log. It is not safe for concurrent use.
//
// A repeated reading has the same key and the store would take it twice without
// harm, except where we had to give it our own time: the repetition, received
// later, would get another one. Those the Tracker recognises by the device's own
// claim, and the Writer leaves them out. A broker repeats what it had sent just
// before the connection or the process died, and so does a device, so the last
// readings of each device are memory enough: the last few, or the last few
// messages of one that sends many readings at once.
type Tracker struct {
	current, previous map[telemetry.DeviceID]*track
	seed              maphash.Seed
	sent              telemetry.Reading // scratch, as is content
	content           []byte
	kept              int // hashes in the backlogs of current
}

// maxTracks bounds how many devices are remembered before the oldest half is
// forgotten; a flood of invented device ids must not fill the memory.
const maxTracks = 200_000

// maxKept bounds in the same way what is remembered of backlogs, to some ten
// megabytes.
const maxKept = 500_000

// memory is how many of a device's last readings are remembered: more than a
// device that sends no backlog says between our log and our acknowledgement.
const memory = 32

type track struct {
	recent  [memory]uint64 // hashes of claims, a ring
	next    int
	burst   burst    // of readings whose time is ours
	backlog *backlog // of them; nil until the ring is too small
	seen    bool     // lastSeq is set
	lastSeq int64
	last    int64 // Unix ms of the reading with lastSeq
}

// maxGap is the largest step of a sequence number taken for a loss; beyond it the
// device has begun a new count.
const maxGap = 1_000_000

// NewTracker returns an empty tracker.
func NewTracker() *Tracker {
	return &Tracker{current: make(map[telemetry.DeviceID]*track), seed: maphash.MakeSeed()}
}

// An Observation is what a Tracker has to say about a reading.
type Observation struct {
	// Repeated: the same reading came before.
	Repeated bool
	// Redundant: it is repeated and its key is another one, so it must not be written.
	Redundant bool
	// Missing is how many readings of the device were skipped before this one.
	Missing int64
}

// Observe looks at the next reading.
func (t *Tracker) Observe(r *telemetry.Reading) Observation {
	hash, identifying := t.hash(r)
	d := t.device(r.Device)
	if identifying {
		if slices.Contains(d.recent[:], hash) || d.backlog.has(hash) {
			return Observation{Repeated: true, Redundant: r.TimeAssigned()}
		}
		d.recent[d.next%memory] = hash
		d.next++
		if r.TimeAssigned() {
			t.kept += d.keep(hash, r.Received)
		}
	}
	if r.Kind == telemetry.KindStatus {
		return Observation{}
	}
	return Observation{Missing: d.missing(r)}
}

// hash identifies what the device sent, if anything does. Where the key is not
// the device's own the whole content counts: a clock that stands still, or a
// device that begins to count anew at each start, claims the same for readings
// that are not the same, while a repetition by the broker is the same throughout.
func (t *Tracker) hash(r *telemetry.Reading) (hash uint64, identifying bool) {
	claim, identifying := r.Claim()
	if !identifying {
		return 0, false
	}
	hash = maphash.Comparable(t.seed, claim)
	if !r.TimeAssigned() {
		return hash, true
	}
	if r.Kind == telemetry.KindStatus && r.DeviceTime.IsZero() && !r.Status.Session.Present() {
		return 0, false // every "online" of the device is like this one
	}
	t.sent = *r
	t.sent.Time = r.DeviceTime
	t.content = wire.AppendPayload(t.content[:0], &t.sent)
	return hash ^ maphash.Bytes(t.seed, t.content), true
}

// keep remembers a hash in the backlog, if the device sends so much at once that
// the ring does not hold it, and returns by how many the backlog has grown.
func (d *track) keep(hash uint64, received time.Time) (grown int) {
	d.burst.add(received)
	switch {
	case d.backlog != nil:
		return d.backlog.add(hash, d.burst.most)
	case d.burst.count <= memory/2:
		return 0
	}
	d.backlog = new(backlog)
	for _, earlier := range d.recent { // with the beginning of this burst
		grown += d.backlog.add(earlier, memory)
	}
	return grown
}

// missing follows the sequence number. A lower number with a newer time is a
// device that began to count anew; with an older time it is backlog.
func (d *track) missing(r *telemetry.Reading) int64 {
	seq, ok := r.Seq.Get()
	if !ok {
		return 0
	}
	at := r.Time.UnixMilli()
	step := seq - d.lastSeq
	switch {
	case !d.seen:
		d.seen = true
		step = 1
	case step <= 0 && at <= d.last:
		return 0
	}
	d.lastSeq, d.last = seq, at
	if step <= 1 || step > maxGap {
		return 0
	}
	return step - 1
}

func (t *Tracker) device(id telemetry.DeviceID) *track {
	if d := t.current[id]; d != nil {
		return d
	}
	d := t.previous[id]
	if d == nil {
		d = new(track)
	}
	if len(t.current) >= maxTracks/2 || t.kept >= maxKept/2 {
		t.previous, t.current = t.current, make(map[telemetry.DeviceID]*track)
		t.kept = 0
	}
	t.current[id] = d
	t.kept += d.backlog.size()
	return d
}
