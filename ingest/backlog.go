package ingest

import "time"

// A backlog remembers readings of a device that sends many at once: all it kept
// while it had no network, in a few long messages or in many short ones. A broker
// repeats whole messages, so the memory must hold the largest of them; how large
// that is, the device tells by what it sends.
//
// It is two generations of hashes, of which the older is forgotten when the younger
// holds twice what the device ever sent at once.
type backlog struct {
	young, old map[uint64]struct{}
}

func (b *backlog) has(hash uint64) bool {
	if b == nil {
		return false
	}
	_, young := b.young[hash]
	_, old := b.old[hash]
	return young || old
}

// add returns by how many the backlog has grown.
func (b *backlog) add(hash uint64, most int) int {
	before := b.size()
	if b.young == nil || len(b.young) >= 2*most {
		b.old, b.young = b.young, make(map[uint64]struct{}, most)
	}
	b.young[hash] = struct{}{}
	return b.size() - before
}

func (b *backlog) size() int {
	if b == nil {
		return 0
	}
	return len(b.young) + len(b.old)
}

// atOnce is the time within which readings count as sent at once.
const atOnce = time.Second

// A burst is how many readings a device sends at once.
type burst struct {
	began int64 // Unix ms, by our clock
	count int
	most  int // the largest so far
}

func (b *burst) add(received time.Time) {
	at := received.UnixMilli()
	if since := at - b.began; since < 0 || since >= atOnce.Milliseconds() {
		b.began, b.count = at, 0
	}
	b.count++
	b.most = max(b.most, b.count)
}
