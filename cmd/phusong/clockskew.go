package main

import (
	"slices"
	"sync"
	"time"

	"phusong/telemetry"
)

// A clockSkew tells whether our own clock is wrong: when most devices disagree with it
// by the same, it is not they. What one device says, or uploads late, moves nothing.
type clockSkew struct {
	mu     sync.Mutex
	at     map[telemetry.DeviceID]int // guarded by mu; where its claim stands
	claims []clockClaim               // guarded by mu; a ring
	next   int
}

// clockClaim is by how much our clock is ahead of a device's, and when that was.
type clockClaim struct {
	device telemetry.DeviceID
	ahead  time.Duration
	heard  time.Time // our clock
}

const (
	// skewDevices is how many devices are asked, skewLeast how many of them must have
	// spoken within skewWithin.
	skewDevices, skewLeast = 500, 10
	skewWithin             = 15 * time.Minute
)

func newClockSkew() *clockSkew {
	return &clockSkew{at: make(map[telemetry.DeviceID]int, skewDevices)}
}

// observe takes what devices with a clock say of the time.
func (c *clockSkew) observe(readings []telemetry.Reading) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range readings {
		r := &readings[i]
		claimed := r.DeviceTime // what it said, where that was not believed
		if claimed.IsZero() && !r.TimeAssigned() {
			claimed = r.Time
		}
		if claimed.IsZero() || r.Flags.Has(telemetry.FlagRetained) || claimed.Year() < 2000 {
			continue
		}
		c.put(clockClaim{r.Device, r.Received.Sub(claimed), r.Received})
	}
}

func (c *clockSkew) put(claim clockClaim) {
	if i, ok := c.at[claim.device]; ok {
		c.claims[i] = claim
		return
	}
	if len(c.claims) < skewDevices {
		c.at[claim.device] = len(c.claims)
		c.claims = append(c.claims, claim)
		return
	}
	delete(c.at, c.claims[c.next].device)
	c.claims[c.next], c.at[claim.device] = claim, c.next
	c.next = (c.next + 1) % skewDevices
}

// median returns by how much our clock is ahead of the devices'; not known while too
// few of them have spoken.
func (c *clockSkew) median(now time.Time) (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ahead []time.Duration
	for _, claim := range c.claims {
		if now.Sub(claim.heard) <= skewWithin {
			ahead = append(ahead, claim.ahead)
		}
	}
	if len(ahead) < skewLeast {
		return 0, false
	}
	slices.Sort(ahead)
	return ahead[len(ahead)/2], true
}
