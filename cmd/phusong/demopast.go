package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"phusong/ingest"
	"phusong/simulator"
	"phusong/telemetry"
)

// How often the devices of the past measured. Coverage tests stand closer: what proves a
// verdict is their number.
const (
	demoHistoryInterval = 10 * time.Minute
	demoDriveInterval   = 5 * time.Minute
	never               = 366 * 24 * time.Hour // the longest interval there is
)

// fillPast gives the pipeline what the devices would have sent before until. It leaves out
// the broker, which has nothing to add but time.
func (c *demoCmd) fillPast(ctx context.Context, p *process, s *service, until time.Time) error {
	recent := until.Add(-c.History)
	if c.Drives > c.History {
		if err := c.fillDrives(ctx, p, s, until.Add(-c.Drives), recent); err != nil {
			return err
		}
	}
	if c.History <= 0 {
		return nil
	}
	world, err := c.pastWorld(recent, func(*simulator.Options) {})
	if err != nil {
		return err
	}
	n, err := c.fill(ctx, p.stderr, s, world, until, "filling in the last days, in minutes", func(*telemetry.Reading) bool { return true })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "The last %s hours are filled in: %d readings.\n", strconv.FormatFloat(c.History.Hours(), 'g', 3, 64), n)
	return err
}

// fillDrives fills in coverage tests only, of those who test by day and outdoors, so that
// gaps and dead zones are proven when somebody looks.
func (c *demoCmd) fillDrives(ctx context.Context, p *process, s *service, from, until time.Time) error {
	world, err := c.pastWorld(from, func(o *simulator.Options) {
		o.MobileInterval, o.WiFiInterval, o.EnvironmentInterval = demoDriveInterval, never, never
	})
	if err != nil {
		return err
	}
	n, err := c.fill(ctx, p.stderr, s, world, until, "filling in drive tests, in minutes of them", func(r *telemetry.Reading) bool {
		if r.Kind != telemetry.KindMobile || r.Mobile == nil {
			return false
		}
		indoor, _ := r.Mobile.Indoor.Get()
		hour := r.Time.In(s.coverage.zone).Hour()
		return !indoor && hour >= 6 && hour < 22
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Drive tests of %.0f days are filled in: %d readings. Gaps and dead zones are on the map in a moment.\n", until.Sub(from).Hours()/24, n)
	return err
}

// pastWorld is the province of the demonstration in calmer days: of its story only what has
// always been so.
func (c *demoCmd) pastWorld(start time.Time, change func(*simulator.Options)) (*simulator.World, error) {
	story, err := loadScenario(demoScenario)
	if err != nil {
		return nil, err
	}
	o := c.fleet(start, demoHistoryInterval)
	o.Scenario = story.Standing()
	change(&o)
	return simulator.New(o)
}

// fill plays the world up to until into the pipeline, without the readings that are not
// wanted, and returns how many it took.
func (c *demoCmd) fill(ctx context.Context, progress io.Writer, s *service, world *simulator.World, until time.Time, label string, wanted func(*telemetry.Reading) bool) (int, error) {
	bar := newCountBar(progress, label)
	defer bar.Close() // it only draws
	bar.ChangeMax(int(until.Sub(world.Start()).Minutes()))
	n := 0
	for e := range world.Events(until) {
		if e.Action != simulator.Publish || e.Retained || len(e.Readings) > 0 && !wanted(&e.Readings[0]) {
			continue
		}
		_ = bar.Set(int(e.At.Sub(world.Start()).Minutes())) // it only draws
		n += len(e.Readings)
		if err := s.pipeline.Handle(ctx, ingest.Message{Topic: e.Topic, Payload: e.AppendPayload(nil), Received: time.Now(), Ack: func() {}}); err != nil {
			return n, err
		}
	}
	return n, nil
}
