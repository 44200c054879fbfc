package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // the zone of a phone, on machines that have no zone files

	"golang.org/x/sync/errgroup"

	"phusong/ingest/codec"
	"phusong/internal/mqtt"
	"phusong/internal/wire"
	"phusong/telemetry"
)

type importCmd struct {
	Gnettrack gnettrackCmd `cmd:"" help:"Publish drive tests made with G-NetTrack Pro (the log, _datatest and _events files)."`
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

type gnettrackCmd struct {
	brokerFlags
	Files    []string          `arg:"" name:"file" help:"Log files. The operator's code is read from the per-second log beside a _datatest or _events file."`
	Area     string            `required:"" help:"Official code of the area: province (2 digits) or commune (5 digits)."`
	Zone     string            `default:"Asia/Ho_Chi_Minh" help:"Time zone of the phone; the logs hold local times."`
	Device   string            `help:"Device id; default: gnettrack- and the beginning of the file's name."`
	Operator map[string]string `placeholder:"NAME=PLMN" help:"Code of an operator name, such as Viettel=45204; needed when no per-second log is there."`
	SIM      string            `placeholder:"PLMN" help:"Network of the SIM, where the log does not tell."`
	Wait     time.Duration     `default:"15s" help:"How long to wait for the broker to answer."`
}

// Run publishes the readings of each file and says what became of its rows.
func (c *gnettrackCmd) Run(p *process) error {
	area, err := telemetry.ParseAreaCode(c.Area)
	if err != nil {
		return fmt.Errorf("--area: %w", err)
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return fmt.Errorf("--zone: %w", err)
	}
	if c.SIM != "" {
		if _, err := telemetry.ParseOperatorCode(c.SIM); err != nil {
			return fmt.Errorf("--sim: %w", err)
		}
	}
	base := codec.GNetTrackOptions{Area: area, Location: zone, SIMOperator: telemetry.OperatorCode(c.SIM), Operators: map[string]telemetry.OperatorCode{}}
	for name, code := range c.Operator {
		if base.Operators[name], err = telemetry.ParseOperatorCode(code); err != nil {
			return fmt.Errorf("--operator %s: %w", name, err)
		}
	}
	// Every file is understood before the first reading leaves: a mistake in the last
	// must not leave half a drive published.
	for _, file := range c.Files {
		if _, err := c.each(file, base, nil, func([]telemetry.Reading) error { return nil }); err != nil {
			return err
		}
	}
	return c.publish(p, base)
}

func (c *gnettrackCmd) publish(p *process, base codec.GNetTrackOptions) error {
	options, err := c.options(newLogger(p.stderr, LogConfig{Level: slog.LevelWarn}))
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
		waiting, cancel := context.WithTimeout(ctx, c.Wait)
		defer cancel()
		if err := client.Await(waiting); err != nil {
			return c.unanswered(p.ctx.Err() != nil, err)
		}
		var all importTotal
		for _, file := range c.Files {
			summary, err := c.publishFile(ctx, p, client, file, base)
			if err != nil {
				return err
			}
			all.add(summary)
		}
		return all.report(p.stdout)
	})
	return group.Wait()
}

// unanswered says why no connection came to stand in time.
func (c *gnettrackCmd) unanswered(stopped bool, err error) error {
	if stopped {
		return errors.New("stopped before the broker answered; nothing was published")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the broker at %s does not answer within %v: start it, or name another with --broker", redactedURL(c.Broker), c.Wait)
	}
	return fmt.Errorf("the broker at %s: %w", redactedURL(c.Broker), err)
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
func (c *gnettrackCmd) publishFile(ctx context.Context, p *process, client *mqtt.Client, file string, base codec.GNetTrackOptions) (codec.GNetTrackSummary, error) {
	group, publishing := errgroup.WithContext(ctx)
	group.SetLimit(importInFlight)
	result, err := c.each(file, base, p, func(batch []telemetry.Reading) error {
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
		return codec.GNetTrackSummary{}, fmt.Errorf("stopped in the middle of %s: import it again, what was sent already is stored once", file)
	}
	if err != nil {
		return codec.GNetTrackSummary{}, fmt.Errorf("publishing %s: %w", file, err)
	}
	return result.summary, result.report(p.stdout, file)
}

// each calls do with the readings of a file, some at a time, and returns what
// became of the rows. With p it shows progress.
func (c *gnettrackCmd) each(path string, base codec.GNetTrackOptions, p *process, do func([]telemetry.Reading) error) (result importResult, err error) {
	file, err := os.Open(path)
	if err != nil {
		return result, err
	}
	defer file.Close() // it was only read
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return result, fmt.Errorf("%s is a folder: name the log files in it", path)
	}
	if err := c.complete(path, &base); err != nil {
		return result, err
	}
	var r io.Reader = file
	if p != nil {
		bar := newBar(p.stderr, file, filepath.Base(path))
		defer bar.Close() // it only draws
		r = io.TeeReader(file, bar)
	}
	log, err := codec.NewGNetTrack(r, base)
	if err != nil {
		return result, err
	}
	batch := make([]telemetry.Reading, 0, importBatch)
	for reading, err := range log.Readings() {
		var row *codec.RowError
		switch {
		case errors.As(err, &row):
			result.fault(row)
			continue
		case err != nil:
			return result, err
		}
		if batch = append(batch, reading); len(batch) == importBatch {
			if err := do(batch); err != nil {
				return result, err
			}
			batch = batch[:0]
		}
	}
	if len(batch) > 0 {
		if err := do(batch); err != nil {
			return result, err
		}
	}
	result.summary = log.Summary()
	return result, nil
}

var notID = regexp.MustCompile(`[^a-z0-9]+`)

// complete fills in what the options leave to the file: its device and the codes
// of its operators.
func (c *gnettrackCmd) complete(path string, options *codec.GNetTrackOptions) error {
	options.Name = path
	stem, kind, _ := strings.Cut(filepath.Base(path), "_log")
	id := c.Device
	if id == "" {
		id = "gnettrack-" + strings.Trim(notID.ReplaceAllString(strings.ToLower(strings.TrimSuffix(stem, filepath.Ext(stem))), "-"), "-")
	}
	device, err := telemetry.ParseDeviceID(id)
	if err != nil {
		return fmt.Errorf("%s: %w; name one with --device", path, err)
	}
	options.Device = device
	// Only the per-second log says the codes; this may be it.
	seconds := path
	if kind != "" && kind != filepath.Ext(path) {
		seconds = filepath.Join(filepath.Dir(path), stem+"_log"+filepath.Ext(path))
	}
	found, err := operatorsIn(seconds)
	if err != nil {
		// What is wrong with a file that is imported, its own reading says better; and
		// what was said by hand needs no other file.
		if seconds == path || len(c.Operator) > 0 || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	all := maps.Clone(found)
	maps.Copy(all, options.Operators) // what was said by hand wins
	options.Operators = all
	return nil
}

func operatorsIn(path string) (map[string]telemetry.OperatorCode, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // it was only read
	return codec.GNetTrackOperators(file, path)
}
