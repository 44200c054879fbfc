package simulator

import (
	"context"
	"sync"
	"time"
)

// A pacer maps event time to the clock on the wall. It is safe for concurrent use.
type pacer struct {
	speed float64
	now   func() time.Time

	begin sync.Once // the first event sets what follows
	event time.Time
	wall  time.Time
}

func newPacer(speed float64, now func() time.Time) *pacer {
	return &pacer{speed: speed, now: now}
}

// due returns when an event happens, zero for at once.
func (p *pacer) due(at time.Time) time.Time {
	switch p.speed {
	case 0:
		return time.Time{}
	case 1:
		return at
	}
	p.begin.Do(func() { p.event, p.wall = at, p.now() })
	return p.wall.Add(time.Duration(float64(at.Sub(p.event)) / p.speed))
}

// wait returns when the event's time has come, and how late it is. Its only error
// is that of ctx.
func (p *pacer) wait(ctx context.Context, at time.Time) (behind time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	due := p.due(at)
	if due.IsZero() {
		return 0, nil
	}
	left := due.Sub(p.now())
	if left <= 0 {
		return -left, nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return 0, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// eventTime returns what time it is for the devices while the event at is played.
func (p *pacer) eventTime(at time.Time) time.Time {
	if p.speed == 0 {
		return at
	}
	late := p.now().Sub(p.due(at))
	return at.Add(time.Duration(float64(max(late, 0)) * p.speed))
}
