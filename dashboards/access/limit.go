package access

import (
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"
)

// A limiter lets each name do so many things at once and then one every so often. Its
// memory does not grow: names share buckets, by a hash that nobody outside can foresee.
type limiter struct {
	burst float64
	every time.Duration
	seed  maphash.Seed

	mu      sync.Mutex
	buckets [4096]bucket
}

type bucket struct {
	spent float64
	at    time.Time
}

func newLimiter(burst int, every time.Duration) *limiter {
	return &limiter{burst: float64(burst), every: every, seed: maphash.MakeSeed()}
}

// take returns 0 when name may, and how long it has to wait when it may not.
func (l *limiter) take(name string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.buckets[maphash.String(l.seed, name)%uint64(len(l.buckets))]
	b.spent = math.Max(0, b.spent-max(0, float64(now.Sub(b.at))/float64(l.every)))
	b.at = now
	if b.spent+1 > l.burst {
		return time.Duration((b.spent + 1 - l.burst) * float64(l.every))
	}
	b.spent++
	return 0
}

// give puts one back: what went well is not counted.
func (l *limiter) give(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.buckets[maphash.String(l.seed, name)%uint64(len(l.buckets))]
	b.spent = math.Max(0, b.spent-1)
}

// network is what one attacker has for nothing: an address of IPv4, a /64 of IPv6.
func network(a netip.Addr) string {
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}
