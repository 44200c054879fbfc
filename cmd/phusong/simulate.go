package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"phusong/internal/mqtt"
	"phusong/simulator"
)

type simulateCmd struct {
	Play      playCmd      `cmd:"" default:"withargs" help:"Play simulated devices against a broker. It is what simulate does when nothing else is said."`
	Score     scoreCmd     `cmd:"" help:"Measure how well faults are found: judge a simulated world, or take conclusions, and compare with the truth."`
	Scenarios scenariosCmd `cmd:"" help:"List the stories that are shipped."`
	Registry  registryCmd  `cmd:"" help:"Write the registry of the simulated province."`
}

type playCmd struct {
	brokerFlags
	worldFlags
	Speed       float64       `default:"1" help:"1: real time; 60: an hour in a minute; 0: as fast as the broker takes it."`
	For         time.Duration `default:"0s" help:"How much of the devices' time to play; 0: for ever."`
	Back        time.Duration `default:"0s" help:"Begin so long ago in the devices' time. With a high speed this keeps their times out of the future."`
	Connections int           `default:"0" help:"Share so many MQTT connections; 0: one a device."`
	Truth       string        `placeholder:"FOLDER" help:"Write there, at the end, what was really the case: faults, sites, air and coverage."`
}

// Validate reports the first flag that cannot be.
func (c *playCmd) Validate() error {
	switch {
	case !(c.Speed >= 0):
		return fmt.Errorf("--speed is %v: use 1 for real time, 60 for an hour in a minute, 0 for as fast as possible", c.Speed)
	case c.For < 0 || c.Back < 0:
		return fmt.Errorf("--for and --back are %v and %v: use a duration such as 1h, or 0", c.For, c.Back)
	case c.Connections < 0:
		return fmt.Errorf("--connections is %d: use 0 or more", c.Connections)
	}
	return c.worldFlags.Validate() // ours hides it
}

// Run plays the fleet until it is over or the process is told to stop.
func (c *playCmd) Run(p *process) error {
	options, err := c.worldFlags.options(time.Now().Add(-c.Back))
	if err != nil {
		return err
	}
	world, err := simulator.New(options)
	if err != nil {
		return err
	}
	connection, err := c.brokerFlags.options(nil)
	if err != nil {
		return err
	}
	log := newLogger(aboveProgress(p.stderr), DefaultConfig().Log)
	var broker simulator.Broker = deviceBroker{connection}
	if c.Connections > 0 {
		shared := simulator.Shared(broker, "phusong-simulator", c.Connections)
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), farewellTimeout)
			defer cancel()
			if err := shared.Close(ctx); err != nil {
				log.Warn("closing the shared connections", "error", err)
			}
		}()
		broker = shared
	}
	player, err := simulator.NewPlayer(simulator.PlayerOptions{Broker: broker, Speed: c.Speed, Logger: log})
	if err != nil {
		return err
	}
	until := forever
	if c.For > 0 {
		until = world.Start().Add(c.For)
	}
	group, ctx := errgroup.WithContext(p.ctx)
	done, stop := context.WithCancel(ctx)
	group.Go(func() error { return showProgress(done, p.stderr, player) })
	group.Go(func() error {
		defer stop()
		return player.Run(ctx, world.Events(until))
	})
	err = group.Wait()
	fmt.Fprintln(p.stdout, sentLine(player.Progress()))
	if c.Truth == "" {
		return err
	}
	return errors.Join(err, c.writeTruth(p, world, player))
}

// writeTruth writes what was really the case up to where the player came. Whoever
// stopped the play still wants it, so only a second signal ends the writing.
func (c *playCmd) writeTruth(p *process, world *simulator.World, player *simulator.Player) error {
	until := player.Progress().At
	if !until.After(world.Start()) {
		return fmt.Errorf("there is no truth to write: nothing was played")
	}
	bar := newCountBar(p.stderr, "writing the truth")
	defer bar.Close() // it only draws
	err := simulator.WriteTruth(context.WithoutCancel(p.ctx), world, c.Truth, simulator.CoverageQuestion{From: world.Start(), To: until}, func(done, all int) {
		bar.ChangeMax(all)
		_ = bar.Set(done) // it only draws
	})
	if err == nil {
		_, err = fmt.Fprintf(p.stdout, "the truth until %s is in %s\n", until.Format(time.RFC3339), c.Truth)
	}
	return err
}

const farewellTimeout = 5 * time.Second

// forever is later than any demonstration.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// progressEvery is how often the counters are shown.
const progressEvery = time.Second

// showProgress keeps one line of counters up to date on a terminal.
func showProgress(ctx context.Context, w io.Writer, player *simulator.Player) error {
	if !isTerminal(w) {
		return nil
	}
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fmt.Fprintf(w, "\r\x1b[K%s", progressLine(player.Progress()))
		case <-ctx.Done():
			fmt.Fprint(w, "\r\x1b[K")
			return nil
		}
	}
}

func progressLine(p simulator.Progress) string {
	return fmt.Sprintf("%d devices connected, %s", p.Connected, sentLine(p))
}

// sentLine says what was sent, and what went wrong if anything did.
func sentLine(p simulator.Progress) string {
	line := fmt.Sprintf("%d messages with %d readings sent", p.Messages, p.Readings)
	if p.Retries > 0 || p.Refused > 0 {
		line += fmt.Sprintf(", %d attempts repeated, %d refused", p.Retries, p.Refused)
	}
	return line
}

// aboveProgress returns a writer of whole lines that do not run into a line of
// progress on the same terminal.
func aboveProgress(w io.Writer) io.Writer {
	if !isTerminal(w) {
		return w
	}
	return clearing{w}
}

type clearing struct{ io.Writer }

func (c clearing) Write(line []byte) (int, error) {
	if _, err := c.Writer.Write(append([]byte("\r\x1b[K"), line...)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// deviceBroker gives each simulated device an MQTT connection of its own.
type deviceBroker struct{ options mqtt.Options }

func (b deviceBroker) Connect(ctx context.Context, s simulator.Session) (simulator.Conn, error) {
	options := b.options
	options.ClientID = string(s.Device)
	if s.Will.Topic != "" {
		options.Will = func() mqtt.Message { return message(s.Will) }
	}
	link, err := mqtt.Dial(ctx, options)
	if err != nil {
		if mqtt.Refused(err) {
			err = errors.Join(simulator.ErrRefused, err)
		}
		return nil, err
	}
	return deviceConn{link}, nil
}

type deviceConn struct{ link *mqtt.Link }

func (c deviceConn) Publish(ctx context.Context, m simulator.Message) error {
	return c.link.Publish(ctx, message(m))
}

func (c deviceConn) Disconnect(context.Context) error {
	c.link.Close()
	return nil
}

func (c deviceConn) Abort(context.Context) error {
	c.link.Abort()
	return nil
}

func message(m simulator.Message) mqtt.Message {
	return mqtt.Message{Topic: m.Topic, Payload: m.Payload, QoS: mqtt.AtLeastOnce, Retained: m.Retained}
}
