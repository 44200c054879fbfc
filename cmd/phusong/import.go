package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the zone of a phone, on machines that have no zone files

	"github.com/schollz/progressbar/v3"
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
	Zone     string            `default:"Asia/Ho_Chi_Minh" help:"Time zone of the phone (default ${default}); the logs hold local times."`
	Device   string            `help:"Device id; default: gnettrack- and the beginning of the file's name."`
	Operator map[string]string `placeholder:"NAME=PLMN" help:"Code of an operator name, such as Viettel=45204; needed when no per-second log is there."`
	SIM      string            `placeholder:"PLMN" help:"Network of the SIM, where the log does not tell."`
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
	base := codec.GNetTrackOptions{Area: area, Location: zone, SIMOperator: telemetry.OperatorCode(c.SIM), Operators: map[string]telemetry.OperatorCode{}}
	for name, code := range c.Operator {
		if base.Operators[name], err = telemetry.ParseOperatorCode(code); err != nil {
			return fmt.Errorf("--operator %s: %w", name, err)
		}
	}
	// Every file is understood before the first reading leaves: a mistake in the last
	// must not leave half a drive published.
	for _, file := range c.Files {
		if err := c.each(file, base, nil, func([]telemetry.Reading) error { return nil }); err != nil {
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
		waiting, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		if err := client.Await(waiting); err != nil {
			return fmt.Errorf("the broker at %s does not answer: %w", options.URL, err)
		}
		for _, file := range c.Files {
			if err := c.publishFile(ctx, p, client, file, base); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// connectTimeout is how long to wait for a broker before giving up.
const connectTimeout = 15 * time.Second

// importBatch is how many readings go into one message.
const importBatch = 100

// importInFlight is how many messages may be on their way at once.
const importInFlight = 32

func (c *gnettrackCmd) publishFile(ctx context.Context, p *process, client *mqtt.Client, file string, base codec.GNetTrackOptions) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(importInFlight)
	err := c.each(file, base, p, func(batch []telemetry.Reading) error {
		topic := wire.ReadingTopic(&batch[0]).String()
		payload := wire.AppendPayloads(nil, batch)
		group.Go(func() error {
			return client.Publish(ctx, mqtt.Message{Topic: topic, Payload: payload, QoS: mqtt.AtLeastOnce})
		})
		return ctx.Err()
	})
	return errors.Join(err, group.Wait())
}

// each calls do with the readings of a file, some at a time. With p it shows
// progress and, at the end, what became of the rows.
func (c *gnettrackCmd) each(path string, base codec.GNetTrackOptions, p *process, do func([]telemetry.Reading) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	if err := c.complete(path, &base); err != nil {
		return err
	}
	var r io.Reader = file
	if p != nil {
		bar := newBar(p.stderr, file, filepath.Base(path))
		defer bar.Close() //nolint:errcheck // it only draws
		r = io.TeeReader(file, bar)
	}
	log, err := codec.NewGNetTrack(r, base)
	if err != nil {
		return err
	}
	var faulty []error
	batch := make([]telemetry.Reading, 0, importBatch)
	for reading, err := range log.Readings() {
		var row *codec.RowError
		switch {
		case errors.As(err, &row):
			faulty = append(faulty, err)
			continue
		case err != nil:
			return err
		}
		if batch = append(batch, reading); len(batch) == importBatch {
			if err := do(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if len(batch) > 0 {
		if err := do(batch); err != nil {
			return err
		}
	}
	if p != nil {
		return report(p.stdout, path, log.Summary(), faulty)
	}
	return nil
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
	if kind == "" || kind == filepath.Ext(path) {
		return nil
	}
	beside, err := os.Open(filepath.Join(filepath.Dir(path), stem+"_log"+filepath.Ext(path)))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer beside.Close() //nolint:errcheck // it was only read
	found, err := codec.GNetTrackOperators(beside, beside.Name())
	if err != nil {
		return err
	}
	all := maps.Clone(found)
	maps.Copy(all, options.Operators) // what was said by hand wins
	options.Operators = all
	return nil
}

// newBar draws progress by bytes read, on a terminal only.
func newBar(w io.Writer, file *os.File, name string) *progressbar.ProgressBar {
	size := int64(-1)
	if info, err := file.Stat(); err == nil {
		size = info.Size()
	}
	out := io.Discard
	if isTerminal(w) {
		out = w
	}
	return progressbar.NewOptions64(size, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(name),
		progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// maxFaultyRows is how many faulty rows are told one by one.
const maxFaultyRows = 10

func report(w io.Writer, path string, s codec.GNetTrackSummary, faulty []error) error {
	_, err := fmt.Fprintf(w, "%s (%s): %d rows: %d tests (%d failed), %d without service, %d radio samples, %d skipped%s; values left out: %s\n",
		path, s.Source, s.Rows, s.Tests, s.Failed, s.NoService, s.Samples, total(s.Skipped), counts(s.Skipped, " (", ")"), orNone(counts(s.LeftOut, "", "")))
	for i, fault := range faulty {
		if i == maxFaultyRows {
			fmt.Fprintf(w, "  … and %d more\n", len(faulty)-i)
			break
		}
		fmt.Fprintf(w, "  %v\n", fault)
	}
	return err
}

func total(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// counts writes the map as "3 a, 2 b" in the order of its keys, "" when empty.
func counts(m map[string]int, before, after string) string {
	if len(m) == 0 {
		return ""
	}
	var list []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%d %s", m[key], key))
	}
	return before + strings.Join(list, ", ") + after
}
