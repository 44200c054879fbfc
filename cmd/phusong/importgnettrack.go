package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // the zone of a phone, on machines that have no zone files

	"phusong/ingest/codec"
	"phusong/telemetry"
)

type gnettrackCmd struct {
	publishFlags
	Files    []string          `arg:"" name:"file" help:"Log files. The operator's code is read from the per-second log beside a _datatest or _events file."`
	Area     string            `required:"" help:"Official code of the area: province (2 digits) or commune (5 digits)."`
	Zone     string            `default:"Asia/Ho_Chi_Minh" help:"Time zone of the phone; the logs hold local times."`
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
	return c.publish(p, c.Files, func(path string, r io.Reader, _ *importResult) (importLog, error) {
		options := base
		if err := c.complete(path, &options); err != nil {
			return importLog{}, err
		}
		log, err := codec.NewGNetTrack(r, options)
		if err != nil {
			return importLog{}, err
		}
		return importLog{log.Readings(), func() codec.Summary { return log.Summary().Summary }}, nil
	})
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
