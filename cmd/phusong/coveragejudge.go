package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"phusong/coverage"
	"phusong/telemetry"
)

// coverageStore is what the map asks of the store when it is rebuilt.
type coverageStore interface {
	Readings(ctx context.Context, q telemetry.Query) iter.Seq2[telemetry.Reading, error]
}

// Run rebuilds the map when there is no image of it or when the registry has changed
// the land, and judges what has changed, until ctx is done. Its error is a fault of
// phusong.
func (c *coverageRoom) Run(ctx context.Context) error {
	tick := time.NewTicker(c.options.Config.JudgeEvery)
	defer tick.Stop()
	var following sync.WaitGroup
	defer following.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	following.Go(func() { c.cases.follow(ctx) })
	if err := c.cases.await(ctx); err != nil {
		return nil // ctx is done
	}
	var judge *coverage.Judge
	for {
		c.readDeclared()
		err := c.settle(ctx)
		if err == nil {
			judge, err = c.assess(ctx, judge)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-c.again:
		case <-ctx.Done():
			return nil
		}
	}
}

// judgeSoon asks for a judgement before the next is due.
func (c *coverageRoom) judgeSoon() {
	select {
	case c.again <- struct{}{}:
	default: // it is asked for already
	}
}

// settle makes the map one of the present land, with all that the store holds.
func (c *coverageRoom) settle(ctx context.Context) error {
	var land *coverageLand
	var whole bool
	c.locked(func() { land, whole = c.land, c.whole })
	if now := c.options.Registry(); now != land.from {
		next, err := newCoverageLand(now, time.Now())
		if err != nil {
			c.options.Logger.Error("the coverage map cannot take the changed registry; it stays with the one before", "error", err)
			next = land
		}
		next = &coverageLand{from: now, grid: next.grid, roads: next.roads, fixed: next.fixed, print: next.print}
		if whole && next.print == land.print {
			next.grid, next.fixed = land.grid, land.fixed // equal, and shared with the map
			c.locked(func() { c.land = next; c.version++ })
			return nil
		}
		if err := c.clear(next); err != nil {
			return err
		}
		land, whole = next, false
		// What the old map had seen and the store has not yet must be found there.
		if err := c.options.Settled(ctx); err != nil {
			return err
		}
	}
	if whole {
		return nil
	}
	return c.rebuild(ctx, land)
}

// clear begins a map of another land.
func (c *coverageRoom) clear(land *coverageLand) error {
	fold, err := land.newMap(c.rules, c.zone)
	if err != nil {
		return err
	}
	c.locked(func() { c.land, c.fold, c.whole = land, fold, false })
	return nil
}

// rebuild reads all tests that matter from the store, beside the watcher, and joins
// them with what has come since. A map is a set: what is in both is there once.
func (c *coverageRoom) rebuild(ctx context.Context, land *coverageLand) error {
	begun := time.Now()
	for told := false; ; {
		fold, n, err := c.fromStore(ctx, land, begun)
		if err == nil {
			c.options.Logger.Info("the coverage map is rebuilt from the store", "readings", n, "took", time.Since(begun).Round(time.Millisecond))
			return c.join(fold)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !told {
			c.options.Logger.Error("the coverage map cannot be rebuilt while the store does not answer; it is tried again, and nothing is judged until then", "error", err)
			told = true
		}
		select {
		case <-time.After(c.options.Pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rebuildParts is in how many stretches of time the store is read, so that every core
// has work; rebuildReaders is how many at a time.
const rebuildParts = 16

var rebuildReaders = min(4, runtime.GOMAXPROCS(0))

// fromStore returns a map of the tests that the store holds, and how many readings
// they are. A map is a set, so that its parts can be read side by side.
func (c *coverageRoom) fromStore(ctx context.Context, land *coverageLand, now time.Time) (*coverage.Map, int, error) {
	// A day more at either end: the days of the rules are local ones, and clocks run ahead.
	from, to := now.AddDate(0, 0, -c.rules.KeepDays()-1), now.AddDate(0, 0, 1)
	whole, err := land.newMap(c.rules, c.zone)
	if err != nil {
		return nil, 0, err
	}
	var mu sync.Mutex // guards whole and readings
	readings := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(rebuildReaders)
	for i := range rebuildParts {
		q := telemetry.Query{
			Kind: telemetry.KindMobile,
			From: from.Add(to.Sub(from) / rebuildParts * time.Duration(i)), To: from.Add(to.Sub(from) / rebuildParts * time.Duration(i+1)),
		}
		group.Go(func() error {
			part, n, err := c.readPart(ctx, land, q)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			readings += n
			return whole.Merge(part)
		})
	}
	err = group.Wait()
	return whole, readings, err
}

func (c *coverageRoom) readPart(ctx context.Context, land *coverageLand, q telemetry.Query) (*coverage.Map, int, error) {
	part, err := land.newMap(c.rules, c.zone)
	if err != nil {
		return nil, 0, err
	}
	n := 0
	for r, err := range c.options.Store.Readings(ctx, q) {
		if err != nil {
			return nil, 0, err
		}
		part.Observe(&r)
		n++
	}
	return part, n, nil
}

// join puts the rebuilt map in the place of the present one, which has only what has
// come since, and takes out again what gap cases have struck.
func (c *coverageRoom) join(rebuilt *coverage.Map) (err error) {
	c.locked(func() {
		if err = rebuilt.Merge(c.fold); err == nil {
			c.fold, c.whole = rebuilt, true
			c.version++
		}
	})
	c.cases.applyAll()
	return err
}

// assess judges the map if it or the day has changed, and returns the judge, who
// remembers what has not.
func (c *coverageRoom) assess(ctx context.Context, judge *coverage.Judge) (*coverage.Judge, error) {
	next := new(coverageState)
	last := c.judged.Load()
	var same bool
	c.locked(func() {
		next.At, next.land, next.version = c.clock, c.land, c.version
		same = last != nil && last.version == next.version && last.land == next.land &&
			coverage.DayOf(last.At, c.zone) == coverage.DayOf(next.At, c.zone)
		if !same && !c.clock.IsZero() {
			c.fold.Prune(c.clock)
			next.View = c.fold.View()
		}
	})
	if next.At.IsZero() { // the stream has not said what time it is
		return judge, nil
	}
	if same { // but for the time
		now := *last
		now.At = next.At
		c.judged.Store(&now)
		return judge, nil
	}
	var err error
	if judge == nil || last == nil || last.land != next.land {
		if judge, err = coverage.NewJudge(c.rules, next.land.roads.Accessible); err != nil {
			return nil, err
		}
	}
	if next.judge, err = coverage.NewJudge(c.rules, next.land.roads.Accessible); err != nil {
		return nil, err
	}
	if next.Assessment, err = judge.Assess(ctx, next.View, next.At); err != nil {
		return nil, err
	}
	next.Areas = next.Assessment.Areas(next.View)
	if next.Zones, err = c.zones.update(ctx, next.Assessment); err != nil {
		if ctx.Err() != nil {
			return judge, ctx.Err()
		}
		c.options.Logger.Error("the coverage zones could not be kept; it is tried again", "error", err)
		next.version-- // so that it is
	}
	c.judged.Store(next)
	return judge, nil
}

// errNotJudged says that the map has not been judged since the start.
var errNotJudged = errors.New("the coverage map is not judged yet; try again in a moment")

// state returns the latest state, for questions that need one.
func (c *coverageRoom) state() (*coverageState, error) {
	if s := c.judged.Load(); s != nil {
		return s, nil
	}
	return nil, errNotJudged
}

// Dossier collects the evidence on cells as they are judged now.
func (c *coverageRoom) Dossier(operator telemetry.OperatorCode, cells []coverage.Cell) (*coverage.Dossier, error) {
	s, err := c.state()
	if err != nil {
		return nil, err
	}
	return s.Assessment.Dossier(s.View, operator, cells)
}

// Since collects the evidence of the tests from a day on alone: that of a re-test.
func (c *coverageRoom) Since(operator telemetry.OperatorCode, cells []coverage.Cell, from coverage.Day) (*coverage.Dossier, error) {
	s, err := c.state()
	if err != nil {
		return nil, err
	}
	c.asking.Lock()
	defer c.asking.Unlock()
	return s.judge.Since(s.View, operator, cells, from, s.At), nil
}

// Retested is Since, and what each cell still lacks for a proof; nil where it has one.
func (c *coverageRoom) Retested(operator telemetry.OperatorCode, cells []coverage.Cell, from coverage.Day) (*coverage.Dossier, []*coverage.Further, error) {
	d, err := c.Since(operator, cells, from)
	if err != nil {
		return nil, nil, err
	}
	s := c.Latest()
	c.asking.Lock()
	defer c.asking.Unlock()
	further := make([]*coverage.Further, len(d.Cells))
	for i := range d.Cells {
		further[i] = s.judge.Lacking(&d.Cells[i])
	}
	return d, further, nil
}

// History returns the turns of the verdict on a cell of a state.
func (c *coverageRoom) History(s *coverageState, v *coverage.CellVerdict) []coverage.Turn {
	c.asking.Lock()
	defer c.asking.Unlock()
	return s.judge.History(s.View, v)
}

// Survey plans where to measure next. The cells of cases to be re-tested must be
// visited, and declared coverage makes a cell more urgent.
func (c *coverageRoom) Survey(q coverage.SurveyQuestion) ([]coverage.SurveyStop, error) {
	s, err := c.state()
	if err != nil {
		return nil, err
	}
	if q.Declared == nil {
		q.Declared = c.Declared()
	}
	cases := c.cases.List()
	c.asking.Lock()
	defer c.asking.Unlock()
	for i := range cases {
		if cases[i].State == coverage.CaseRetest {
			q.Retests = append(q.Retests, c.retests(s, &cases[i])...)
		}
	}
	return s.judge.Survey(s.Assessment, q), nil
}

// retests returns what the tests made for a case since its re-test was asked for still lack.
// The caller holds asking.
func (c *coverageRoom) retests(s *coverageState, x *coverage.Case) []coverage.Retest {
	var list []coverage.Retest
	d := s.judge.Since(s.View, x.Operator, x.Cells, c.cases.retestedFrom(x), s.At)
	for i := range d.Cells {
		if further := s.judge.Lacking(&d.Cells[i]); further != nil {
			list = append(list, coverage.Retest{Cell: d.Cells[i].Cell, Operator: x.Operator, Further: *further})
		}
	}
	return list
}

// Compare sets what operators declare beside what was measured, worst first.
func (c *coverageRoom) Compare() ([]coverage.Mismatch, error) {
	s, err := c.state()
	if err != nil {
		return nil, err
	}
	declared := c.Declared()
	if declared == nil {
		return nil, fmt.Errorf("no declared coverage is known: name its files under coverage.declared")
	}
	return s.Assessment.Compare(declared), nil
}
