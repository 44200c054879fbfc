package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"phusong/coverage"
	"phusong/dashboards/api"
	"phusong/dashboards/tiles"
)

// apiCoverage gives the API the map of coverage, as it is now and as it was.
type apiCoverage struct {
	room  *coverageRoom
	epoch string // of the process
	atlas tiles.Atlas

	// judging is the turn of who judges an earlier day, which takes a core for a moment.
	judging chan struct{}
	// drawing is held by who draws the latest map.
	drawing sync.Mutex

	mu     sync.Mutex
	latest *drawnDay
	past   []*drawnDay // the last asked for stands last
}

func newAPICoverage(room *coverageRoom, begun time.Time) *apiCoverage {
	return &apiCoverage{room: room, epoch: fmt.Sprint(begun.UnixNano()), judging: make(chan struct{}, 1)}
}

// A drawnDay is the map of one day. It does not change.
type drawnDay struct {
	day   coverage.Day
	state *coverageState // that it was judged from
	cells *api.CellLayer
	zones *api.ZoneLayer
	err   error // of drawing the zones
}

const (
	// daysDrawn is how many earlier days are kept, some 20 MB each in a large province.
	daysDrawn = 6
	// pastKept is how long an earlier day is not judged again although late tests come.
	pastKept = 10 * time.Minute
)

// layerVersion is the same as long as the map and the day are.
func layerVersion(epoch string, s *coverageState, a *coverage.Assessment) string {
	return fmt.Sprintf("%s-%d-%s-%s", epoch, s.version, a.Day, a.Rules)
}

func (c *apiCoverage) Layer(ctx context.Context, day string) (*api.CellLayer, error) {
	d, err := c.drawn(ctx, day)
	if err != nil {
		return nil, err
	}
	return d.cells, nil
}

func (c *apiCoverage) Zones(ctx context.Context, day string) (*api.ZoneLayer, error) {
	d, err := c.drawn(ctx, day)
	if err != nil {
		return nil, err
	}
	return d.zones, d.err
}

func (c *apiCoverage) Days() (api.Days, error) {
	s, err := c.room.state()
	if err != nil {
		return api.Days{}, inCoverageWords(err)
	}
	first, last := c.days(s)
	return api.Days{First: first.String(), Last: last.String()}, nil
}

// days are those of the present window that have tests or come later: the tests that days
// before it depend on begin to be forgotten.
func (c *apiCoverage) days(s *coverageState) (first, last coverage.Day) {
	last = s.Assessment.Day
	return min(last, max(s.View.FirstDay(), last-coverage.Day(c.room.rules.WindowDays)+1)), last
}

// drawn returns the map of a day, the latest for "".
func (c *apiCoverage) drawn(ctx context.Context, text string) (*drawnDay, error) {
	s, err := c.room.state()
	if err != nil {
		return nil, inCoverageWords(err)
	}
	if text == "" || text == s.Assessment.Day.String() {
		return c.now(s), nil
	}
	day, err := coverage.ParseDay(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", api.ErrRefused, err)
	}
	if d := c.known(s, day); d != nil {
		return d, nil
	}
	if first, last := c.days(s); day < first || day > last {
		return nil, fmt.Errorf("the map of %s: days from %s to %s can be asked: %w", day, first, last, api.ErrNotFound)
	}
	select {
	case c.judging <- struct{}{}:
		defer func() { <-c.judging }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if d := c.known(s, day); d != nil { // somebody else wanted the same
		return d, nil
	}
	d, err := c.judge(ctx, s, day)
	if err != nil {
		return nil, err
	}
	c.keep(d)
	return d, nil
}

// now returns the latest map. Of those who ask after it was judged anew one draws it; the
// others see the one before rather than wait.
func (c *apiCoverage) now(s *coverageState) *drawnDay {
	before := c.last()
	switch {
	case before == nil:
		c.drawing.Lock()
	case before.state == s || !c.drawing.TryLock():
		return before
	}
	defer c.drawing.Unlock()
	return c.nowLocked(s)
}

// prepare returns when the map of a state can be asked for.
func (c *apiCoverage) prepare(s *coverageState) {
	c.drawing.Lock()
	defer c.drawing.Unlock()
	c.nowLocked(s)
}

// nowLocked is called with drawing held.
func (c *apiCoverage) nowLocked(s *coverageState) *drawnDay {
	before := c.last()
	if before != nil && (before.state == s || before.state.At.After(s.At)) {
		return before // somebody else was faster
	}
	d := c.draw(s, s.Assessment, &s.Zones, before)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latest = d
	return d
}

func (c *apiCoverage) last() *drawnDay {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}

// known returns an earlier day that was drawn already and not too long ago.
func (c *apiCoverage) known(s *coverageState, day coverage.Day) *drawnDay {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.past, func(d *drawnDay) bool {
		return d.day == day && d.state.land == s.land && (d.state.version == s.version || s.At.Sub(d.state.At) < pastKept)
	})
	if i < 0 {
		return nil
	}
	d := c.past[i]
	c.past = append(slices.Delete(c.past, i, i+1), d)
	return d
}

func (c *apiCoverage) keep(d *drawnDay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.past = slices.DeleteFunc(c.past, func(o *drawnDay) bool { return o.day == d.day })
	c.past = append(c.past, d)
	if len(c.past) > daysDrawn {
		c.past = slices.Delete(c.past, 0, len(c.past)-daysDrawn)
	}
}

// judge judges the tests up to a day by the present rules.
func (c *apiCoverage) judge(ctx context.Context, s *coverageState, day coverage.Day) (*drawnDay, error) {
	judge, err := coverage.NewJudge(c.room.rules, s.land.roads.Accessible)
	if err != nil {
		return nil, err
	}
	a, err := judge.Assess(ctx, s.View, day.In(c.room.zone).Add(12*time.Hour))
	if err != nil {
		return nil, fmt.Errorf("judging %s: %w", day, err)
	}
	zones, err := zonesOn(&s.Zones, a)
	if err != nil {
		return nil, err
	}
	return c.draw(s, a, zones, nil), nil
}

// zonesOn returns the zones of an earlier assessment, under the ids that they had.
func zonesOn(all *coverage.Zones, a *coverage.Assessment) (*coverage.Zones, error) {
	var then coverage.Zones
	for _, z := range slices.Concat(all.Open, all.Closed) {
		if z.Born <= a.Day && (z.Ended == nil || *z.Ended > a.Day) {
			z.Changed, z.Ended, z.MergedInto = min(z.Changed, a.Day), nil, ""
			then.Open = append(then.Open, z)
		}
	}
	_, err := then.Update(a)
	return &then, err
}

// draw makes what the API answers with. What the one before shows as well is taken from it.
func (c *apiCoverage) draw(s *coverageState, a *coverage.Assessment, zones *coverage.Zones, before *drawnDay) *drawnDay {
	d := &drawnDay{day: a.Day, state: s}
	version := layerVersion(c.epoch, s, a)
	if before != nil && before.cells.Version == version {
		d.cells = before.cells
	} else {
		d.cells = c.cellsOf(a, version)
	}
	d.zones, d.err = zonesOf(zones)
	return d
}
