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
	brokerFlags
	Seed         uint64        `default:"1" help:"Which of the possible worlds (default ${default})."`
	AccessPoints int           `default:"300" help:"Wi-Fi access points (default ${default})."`
	Probes       int           `default:"40" help:"Coverage probes (default ${default})."`
	Sensors      int           `default:"60" help:"Environment sensors (default ${default})."`
	Interval     time.Duration `default:"1m" help:"Time between the readings of a device (default ${default})."`
	Speed        float64       `default:"1" help:"1: real time; 60: an hour in a minute; 0: as fast as the broker takes it (default ${default})."`
	For          time.Duration `default:"0s" help:"How much of the devices' time to play; 0: for ever."`
	Connections  int           `default:"0" help:"Share so many MQTT connections; 0: one a device."`
}

// Run plays the fleet until it is over or the process is told to stop.
func (c *simulateCmd) Run(p *process) error {
	world, err := simulator.New(simulator.Options{
		Seed: c.Seed, Start: time.Now(), AccessPoints: c.AccessPoints, Probes: c.Probes, Sensors: c.Sensors,
		WiFiInterval: c.Interval, MobileInterval: c.Interval, EnvironmentInterval: c.Interval,
	})
	if err != nil {
		return err
	}
	options, err := c.options(nil)
	if err != nil {
		return err
	}
	log := newLogger(p.stderr, DefaultConfig().Log)
	var broker simulator.Broker = deviceBroker{options}
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
	fmt.Fprintln(p.stdout, progressLine(player.Progress()))
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
	return fmt.Sprintf("%d devices connected, %d messages, %d readings sent, %d attempts repeated, %d refused", p.Connected, p.Messages, p.Readings, p.Retries, p.Refused)
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
