package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"phusong/ingest/codec"
	"phusong/internal/mqtt"
	"phusong/internal/wire"
	"phusong/telemetry"
)

type freifunkCmd struct {
	publishFlags
	File     string        `arg:"" name:"file" help:"The controller's meshviewer.json."`
	Area     string        `required:"" help:"Official code of the area: province (2 digits) or commune (5 digits)."`
	Category string        `default:"residential" help:"What kind of places they are: school, hospital, residential, tourism or office (default ${default})."`
	Interval time.Duration `default:"1m" help:"Time between two pictures of the controller (default ${default})."`
	Registry string        `placeholder:"FOLDER" help:"Write devices.csv and sites.csv there, for the registry. What is there already is never overwritten."`
	Now      bool          `help:"Take the picture as of now: for one fetched just now, or to try an old one."`
	NoSend   bool          `help:"Publish nothing; only read, and write the registry."`
}

// Run reads the picture, writes the registry and publishes the readings.
func (c *freifunkCmd) Run(p *process) error {
	area, err := telemetry.ParseAreaCode(c.Area)
	if err != nil {
		return fmt.Errorf("--area: %w", err)
	}
	if c.Interval <= 0 {
		return fmt.Errorf("--interval is %v: use a duration such as 1m", c.Interval)
	}
	options := codec.FreifunkOptions{Name: c.File, Area: area, Category: telemetry.Category(c.Category), Interval: c.Interval}
	if c.Now {
		options.Now = time.Now().UTC().Truncate(time.Millisecond)
	}
	picture, err := readFreifunk(c.File, options)
	if err != nil {
		return err
	}
	if c.Registry != "" {
		if err := writeFreifunkRegistry(c.Registry, picture); err != nil {
			return err
		}
	}
	if !c.NoSend {
		err := c.connected(p, func(ctx context.Context, client *mqtt.Client) error {
			return publishEach(ctx, client, picture.Readings)
		})
		if err != nil {
			return err
		}
	}
	return c.report(p.stdout, picture)
}

func readFreifunk(path string, o codec.FreifunkOptions) (*codec.Freifunk, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // it was only read
	return codec.ReadFreifunk(file, o)
}

// publishEach publishes readings of any kinds, each on its own topic, and waits
// until the broker has them all.
func publishEach(ctx context.Context, client *mqtt.Client, readings []telemetry.Reading) error {
	group, publishing := errgroup.WithContext(ctx)
	group.SetLimit(importInFlight)
	for i := range readings {
		message := mqtt.Message{
			Topic: wire.ReadingTopic(&readings[i]).String(), Payload: wire.AppendPayloads(nil, readings[i:i+1]), QoS: mqtt.AtLeastOnce,
		}
		group.Go(func() error { return client.Publish(publishing, message) })
		if publishing.Err() != nil {
			break
		}
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped in the middle: import it again, what was sent already is stored once")
		}
		return fmt.Errorf("publishing: %w", err)
	}
	return nil
}

// writeFreifunkRegistry writes the two tables, or nothing where one is already.
func writeFreifunkRegistry(folder string, picture *codec.Freifunk) error {
	sites, devices := filepath.Join(folder, "sites.csv"), filepath.Join(folder, "devices.csv")
	for _, path := range []string{sites, devices} {
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("--registry: %s exists already; name another folder, and take over by hand what is new", path)
		}
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("--registry: %w", err)
	}
	if err := writeNew(sites, func(f *os.File) error { return writeSites(f, picture.Sites) }); err != nil {
		return fmt.Errorf("--registry: %w", err)
	}
	if err := writeNew(devices, func(f *os.File) error { return writeDevices(f, picture.Devices) }); err != nil {
		return fmt.Errorf("--registry: %w", err)
	}
	return nil
}

func (c *freifunkCmd) report(w io.Writer, picture *codec.Freifunk) error {
	s := &picture.Summary
	fmt.Fprintf(w, "%s: %d access points as of %s: %d online, %d offline, %d located, %d clients\n",
		c.File, s.Nodes, picture.At.Format(time.RFC3339), s.Online, s.Offline, s.Located, s.Clients)
	if s.Refused > 0 {
		fmt.Fprintf(w, "  %d refused\n", s.Refused)
	}
	if len(s.LeftOut) > 0 {
		fmt.Fprintf(w, "  values left out: %s\n", counts(s.LeftOut))
	}
	for i, fault := range picture.Faults {
		if i == maxFaults {
			fmt.Fprintf(w, "  … and more\n")
			break
		}
		fmt.Fprintf(w, "  %v\n", fault)
	}
	if c.Registry != "" {
		fmt.Fprintf(w, "%d devices and %d sites are written to %s\n", len(picture.Devices), len(picture.Sites), c.Registry)
	}
	if c.NoSend {
		return nil
	}
	_, err := fmt.Fprintf(w, "%d readings are published; the broker has them all\n", len(picture.Readings))
	return err
}
