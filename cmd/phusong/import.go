package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"phusong/ingest/codec"
	"phusong/internal/mqtt"
	"phusong/internal/wire"
	"phusong/telemetry"
)

type importCmd struct {
	Gnettrack gnettrackCmd `cmd:"" help:"Publish drive tests made with G-NetTrack Pro (the log, _datatest and _events files)."`
	CSV       importCSVCmd `cmd:"" name:"csv" help:"Publish tests of any other logger, from CSV files and a mapping of their columns."`
	Freifunk  freifunkCmd  `cmd:"" help:"Publish what a Freifunk controller knows of its access points (meshviewer.json), and write a registry of them."`
}

// brokerFlags say where to publish.
type brokerFlags struct {
	Broker       string `default:"tcp://127.0.0.1:1883" placeholder:"URL" help:"MQTT broker (default ${default})."`
	Username     string `help:"User name at the broker."`
	PasswordFile string `placeholder:"FILE" help:"File with the password."`
	CAFile       string `placeholder:"FILE" help:"Authorities that may have signed the broker's certificate."`
	CertFile     string `placeholder:"FILE" help:"Client certificate."`
	KeyFile      string `placeholder:"FILE" help:"Key of the client certificate."`
}

// options returns what every connection to the broker has in common.
func (f *brokerFlags) options(log *slog.Logger) (mqtt.Options, error) {
	tls, err := loadTLS("broker", f.CAFile, f.CertFile, f.KeyFile)
	if err != nil {
		return mqtt.Options{}, err
	}
	password, err := passwordFrom("--password-file", f.PasswordFile)
	if err != nil {
		return mqtt.Options{}, err
	}
	return mqtt.Options{URL: f.Broker, Username: f.Username, Password: password, TLS: tls, CleanSession: true, Logger: log}, nil
}

// publishFlags say how files are published.
type publishFlags struct {
	brokerFlags
	Wait time.Duration `default:"15s" help:"How long to wait for the broker to answer."`
}

// An importLog is one opened file, as its codec reads it.
type importLog struct {
	readings iter.Seq2[telemetry.Reading, error]
	summary  func() codec.Summary
}

// A logOpener begins to read a file. What is odd about rows that are read all the same,
// it puts into the result.
type logOpener func(path string, r io.Reader, result *importResult) (importLog, error)

// publish publishes the readings of each file and says what became of its rows.
func (f *publishFlags) publish(p *process, files []string, open logOpener) error {
	// Every file is understood before the first reading leaves: a mistake in the last
	// must not leave half a drive published.
	for _, file := range files {
		if _, err := eachBatch(file, open, nil, func([]telemetry.Reading) error { return nil }); err != nil {
			return err
		}
	}
	return f.connected(p, func(ctx context.Context, client *mqtt.Client) error {
		var all importTotal
		for _, file := range files {
			summary, err := publishFile(ctx, p, client, file, open)
			if err != nil {
				return err
			}
			all.add(summary)
		}
		return all.report(p.stdout)
	})
}

// connected calls do with a connection to the broker, once it stands.
func (f *publishFlags) connected(p *process, do func(context.Context, *mqtt.Client) error) error {
	options, err := f.options(newLogger(p.stderr, LogConfig{Level: slog.LevelWarn}))
	if err != nil {
		return err
	}
	options.ClientID = "phusong-import-" + strings.ToLower(rand.Text()[:8])
	client, err := mqtt.New(options)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(p.ctx)
	running, stop := context.WithCancel(ctx)
	group.Go(func() error { return client.Run(running) })
	group.Go(func() error {
		defer stop()
		waiting, cancel := context.WithTimeout(ctx, f.Wait)
		defer cancel()
		if err := client.Await(waiting); err != nil {
			return f.unanswered(p.ctx.Err() != nil, err)
		}
		return do(ctx, client)
	})
	return group.Wait()
}

// unanswered says why no connection came to stand in time.
func (f *publishFlags) unanswered(stopped bool, err error) error {
	if stopped {
		return errors.New("stopped before the broker answered; nothing was published")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the broker at %s does not answer within %v: start it, or name another with --broker", redactedURL(f.Broker), f.Wait)
	}
	return fmt.Errorf("the broker at %s: %w", redactedURL(f.Broker), err)
}

// redactedURL is an address without its password, for messages.
func redactedURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "--broker"
	}
	return u.Redacted()
}

// importBatch is how many readings go into one message.
const importBatch = 100

// importInFlight is how many messages may be on their way at once.
const importInFlight = 32

// publishFile publishes the readings of a file, waits until the broker has them
// all, and says what became of the rows.
func publishFile(ctx context.Context, p *process, client *mqtt.Client, file string, open logOpener) (codec.Summary, error) {
	group, publishing := errgroup.WithContext(ctx)
	group.SetLimit(importInFlight)
	result, err := eachBatch(file, open, p, func(batch []telemetry.Reading) error {
		topic := wire.ReadingTopic(&batch[0]).String()
		payload := wire.AppendPayloads(nil, batch)
		group.Go(func() error {
			return client.Publish(publishing, mqtt.Message{Topic: topic, Payload: payload, QoS: mqtt.AtLeastOnce})
		})
		return publishing.Err()
	})
	if sendErr := group.Wait(); sendErr != nil {
		err = sendErr // what ended the reading
	}
	if ctx.Err() != nil {
		return codec.Summary{}, fmt.Errorf("stopped in the middle of %s: import it again, what was sent already is stored once", file)
	}
	if err != nil {
		return codec.Summary{}, fmt.Errorf("publishing %s: %w", file, err)
	}
	return result.summary, result.report(p.stdout, file)
}

// eachBatch calls do with the readings of a file, some of one device at a time, and
// returns what became of the rows. With p it shows progress.
func eachBatch(path string, open logOpener, p *process, do func([]telemetry.Reading) error) (result importResult, err error) {
	file, err := os.Open(path)
	if err != nil {
		return result, err
	}
	defer file.Close() // it was only read
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return result, fmt.Errorf("%s is a folder: name the log files in it", path)
	}
	var r io.Reader = file
	if p != nil {
		bar := newBar(p.stderr, file, filepath.Base(path))
		defer bar.Close() // it only draws
		r = io.TeeReader(file, bar)
	}
	log, err := open(path, r, &result)
	if err != nil {
		return result, err
	}
	batches := importBatches{do: do}
	for reading, err := range log.readings {
		var row *codec.RowError
		switch {
		case errors.As(err, &row):
			result.fault(row)
			continue
		case err != nil:
			return result, err
		}
		if err := batches.add(reading); err != nil {
			return result, err
		}
	}
	result.summary = log.summary()
	return result, batches.flush()
}

// importBatches gathers readings by device and area, since a message is of one.
type importBatches struct {
	do   func([]telemetry.Reading) error
	open []importSource
}

type importSource struct {
	device   telemetry.DeviceID
	area     telemetry.AreaCode
	readings []telemetry.Reading
}

// maxImportSources bounds how many devices of one file are gathered at once.
const maxImportSources = 64

func (b *importBatches) add(r telemetry.Reading) error {
	i := slices.IndexFunc(b.open, func(s importSource) bool { return s.device == r.Device && s.area == r.Area })
	if i < 0 {
		if len(b.open) == maxImportSources {
			if err := b.flush(); err != nil {
				return err
			}
		}
		i = len(b.open)
		b.open = append(b.open, importSource{device: r.Device, area: r.Area})
	}
	s := &b.open[i]
	s.readings = append(s.readings, r)
	if len(s.readings) < importBatch {
		return nil
	}
	full := s.readings
	s.readings = nil
	return b.do(full)
}

func (b *importBatches) flush() error {
	for _, s := range b.open {
		if len(s.readings) == 0 {
			continue
		}
		if err := b.do(s.readings); err != nil {
			return err
		}
	}
	b.open = nil
	return nil
}
