package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"phusong/ingest"
	"phusong/internal/wire"
	"phusong/simulator"
	"phusong/telemetry"
)

// worldFlags choose a world; the same world for the same flags.
type worldFlags struct {
	Seed         uint64        `default:"1" help:"Which of the possible worlds."`
	Scenario     string        `placeholder:"NAME" help:"Story to play: one that is shipped (see phusong simulate scenarios) or a YAML file."`
	Calm         bool          `help:"Without the faults of everyday life: only what the scenario says happens."`
	Devices      int           `placeholder:"N" help:"So many devices in all, three quarters of them access points, a tenth probes; instead of the three numbers below."`
	AccessPoints int           `default:"300" help:"Wi-Fi access points."`
	Probes       int           `default:"40" help:"Coverage probes."`
	Sensors      int           `default:"60" help:"Environment sensors."`
	Interval     time.Duration `default:"1m" help:"Time between the readings of a device."`
}

// Validate reports the first flag that cannot be.
func (f *worldFlags) Validate() error {
	if f.Interval <= 0 {
		return fmt.Errorf("--interval is %v: use a duration such as 1m", f.Interval)
	}
	for _, flag := range []struct {
		name string
		is   int
	}{{"--devices", f.Devices}, {"--access-points", f.AccessPoints}, {"--probes", f.Probes}, {"--sensors", f.Sensors}} {
		if flag.is < 0 {
			return fmt.Errorf("%s is %d: use 0 or more", flag.name, flag.is)
		}
	}
	return nil
}

func (f *worldFlags) options(start time.Time) (simulator.Options, error) {
	scenario, err := loadScenario(f.Scenario)
	if f.Devices > 0 {
		f.AccessPoints, f.Probes = f.Devices*3/4, f.Devices/10
		f.Sensors = f.Devices - f.AccessPoints - f.Probes
	}
	return simulator.Options{
		Seed: f.Seed, Start: start, Scenario: scenario, Calm: f.Calm,
		AccessPoints: f.AccessPoints, Probes: f.Probes, Sensors: f.Sensors,
		WiFiInterval: f.Interval, MobileInterval: f.Interval, EnvironmentInterval: f.Interval,
	}, err
}

// loadScenario takes a shipped name or a file; nil for none.
func loadScenario(name string) (*simulator.Scenario, error) {
	if name == "" {
		return nil, nil
	}
	if filepath.Ext(name) == "" {
		return simulator.ShippedScenario(name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	return simulator.ParseScenario(name, data)
}

type scenariosCmd struct{}

// Run lists the shipped scenarios with their stories.
func (scenariosCmd) Run(p *process) error {
	for _, name := range simulator.ScenarioNames() {
		s, err := simulator.ShippedScenario(name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(p.stdout, "%-20s %s\n", name, s.Title); err != nil {
			return err
		}
	}
	return nil
}

type scoreCmd struct {
	worldFlags
	Start       time.Time     `default:"2026-06-01T00:00:00Z" help:"Where the world's time begins."`
	For         time.Duration `default:"24h" help:"How much of it to judge."`
	Conclusions string        `placeholder:"FILE" help:"Score what is in this file instead of judging here: JSON with alarms [{from, device, site, area, operator}] and coverage {cell: {operator: verdict}}."`
	Least       time.Duration `default:"10m" help:"How long a fault must last to be one that should be found."`
	Grace       time.Duration `default:"10m" help:"How long after the end of a fault an alarm about it is still right."`
	Roads       bool          `default:"true" negatable:"" help:"Judge coverage with the road layer of the world."`
	Truth       string        `default:"roads" enum:"roads,area" help:"Compare coverage with attempts along the roads of a cell, or all over its area."`
	JSON        bool          `help:"Print the score as JSON."`
}

// conclusions is what a service concluded.
type conclusions struct {
	Alarms   []simulator.Alarm                                       `json:"alarms"`
	Coverage map[string]map[telemetry.OperatorCode]simulator.Verdict `json:"coverage"`
}

// score is how well that agrees with the truth.
type score struct {
	Alarms simulator.AlarmScore `json:"alarms"`
	// Notices are the messages that people would have got; the urgent ones are the alarms.
	Notices  []*notice      `json:"notices,omitempty"`
	Coverage *coverageScore `json:"coverage,omitempty"`
}

// Run lives through the world, judges what its devices say as the service would,
// or takes the conclusions of a file, and compares with what was really the case.
func (c *scoreCmd) Run(p *process) error {
	options, err := c.options(c.Start)
	if err != nil {
		return err
	}
	world, err := simulator.New(options)
	if err != nil {
		return err
	}
	result, err := c.score(p.ctx, world, world.Start().Add(c.For))
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.stdout).Encode(result)
	}
	return printScore(p.stdout, result)
}

func (c *scoreCmd) score(ctx context.Context, world *simulator.World, until time.Time) (*score, error) {
	var concluded conclusions
	var verdicts *coverageScore
	var notices []*notice
	onRoads := c.Truth == "roads"
	if c.Conclusions != "" {
		if err := readConclusions(c.Conclusions, &concluded); err != nil {
			return nil, err
		}
		if concluded.Coverage != nil {
			var err error
			asked := simulator.CoverageQuestion{From: world.Start(), To: until, OnRoads: onRoads}
			if verdicts, err = scoreConclusions(ctx, world, asked, concluded.Coverage); err != nil {
				return nil, err
			}
		}
	} else {
		judge, err := newCoverageJudge(world, c.Roads)
		if err != nil {
			return nil, err
		}
		watcher, err := newAlarmJudge(world)
		if err != nil {
			return nil, err
		}
		if err := watcher.watch(told(heard(ctx, world.Events(until)), judge.observe), until); err != nil {
			return nil, err
		}
		concluded.Alarms, notices = watcher.alarms(), watcher.notices
		if c.Probes > 0 {
			if verdicts, err = judge.score(ctx, until, onRoads); err != nil {
				return nil, err
			}
		}
	}
	question := simulator.AlarmQuestion{From: world.Start(), To: until, Least: c.Least, Grace: c.Grace}
	faults := world.Faults(question.From, question.To)
	explain(notices, faults, question)
	return &score{Alarms: simulator.ScoreAlarms(faults, concluded.Alarms, question), Notices: notices, Coverage: verdicts}, nil
}

// told yields the same readings, after somebody else was told of each.
func told(readings iter.Seq2[*telemetry.Reading, error], tell func(*telemetry.Reading)) iter.Seq2[*telemetry.Reading, error] {
	return func(yield func(*telemetry.Reading, error) bool) {
		for r, err := range readings {
			if err == nil {
				tell(r)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func readConclusions(path string, into *conclusions) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("conclusions: %w", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("conclusions: %s: %w", path, err)
	}
	return nil
}

// heard yields the readings of the events as a service receives them: wills when
// the broker gives a device up, nothing that is no reading, and times as the clock
// rules have them.
func heard(ctx context.Context, events iter.Seq[simulator.Event]) iter.Seq2[*telemetry.Reading, error] {
	return func(yield func(*telemetry.Reading, error) bool) {
		wills := make(map[telemetry.DeviceID][]telemetry.Reading)
		var clock ingest.Clock
		for e := range events {
			readings := e.Readings
			switch e.Action {
			case simulator.Connect:
				for i := range readings {
					if err := address(&readings[i], e); err != nil {
						yield(nil, err)
						return
					}
				}
				wills[e.Device], readings = readings, nil
			case simulator.Drop:
				readings = wills[e.Device]
			case simulator.Publish, simulator.Disconnect:
			}
			for i := range readings {
				r := readings[i]
				r.Received = e.At
				err := errors.Join(ctx.Err(), address(&r, e), clock.Settle(&r))
				if !yield(&r, err) || err != nil {
					return
				}
			}
		}
	}
}

// address gives a reading what only its topic says.
func address(r *telemetry.Reading, e simulator.Event) error {
	if r.Device != "" && r.Area != "" {
		return nil
	}
	t, err := wire.ParseTopic(e.Topic)
	r.Device, r.Area = t.Device, t.Area
	return err
}

func printScore(w io.Writer, s *score) error {
	if err := printNotices(w, s.Notices); err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	a := &s.Alarms
	fmt.Fprintf(table, "faults that should be found\t%d\n", a.Faults)
	fmt.Fprintf(table, "of them found\t%d\trecall %.3f\n", a.Found, a.Recall)
	fmt.Fprintf(table, "alarms\t%d\n", a.Alarms)
	fmt.Fprintf(table, "of them about something real\t%d\tprecision %.3f\n", a.Right, a.Precision)
	fmt.Fprintf(table, "false alarms a day\t%.2f\n", a.FalsePerDay)
	fmt.Fprintf(table, "time to detect\tmedian %s\t90 %% within %s\n", a.MedianDetection.Round(time.Second), a.P90Detection.Round(time.Second))
	if err := table.Flush(); err != nil || s.Coverage == nil {
		return err
	}
	return printCoverage(w, s.Coverage)
}
