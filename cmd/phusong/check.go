package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"phusong/internal/registry"
	"phusong/internal/stream"
)

type checkCmd struct {
	Config checkConfigCmd `cmd:"" help:"Check a configuration and the registry files it names."`
	Rules  checkRulesCmd  `cmd:"" help:"Check rule files: each fault with its line and column."`
	Ledger checkLedgerCmd `cmd:"" help:"Prove that every accepted reading is in the store, refused or waiting."`
}

type checkConfigCmd struct {
	File string `arg:"" optional:"" env:"PHUSONG_CONFIG" help:"Configuration file."`
}

// Run reports the first fault of the configuration, or all faults of the registry.
func (c *checkConfigCmd) Run(p *process) error {
	config, err := LoadConfig(c.File, p.env)
	if err != nil {
		return err
	}
	if err := config.checkFiles(); err != nil {
		return fmt.Errorf("configuration %s: %w", c.File, err)
	}
	reg, err := registry.Load(config.Registry.paths())
	if err != nil {
		return err
	}
	if err := config.Alerts.check(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "configuration is right: %d areas, %d sites, %d devices, %d roads registered\n", len(reg.Areas()), len(reg.Sites()), len(reg.Devices()), len(reg.Roads()))
	return err
}

// dataFlag finds the data folder of a service: by its configuration or directly.
type dataFlag struct {
	configFlag
	Data string `placeholder:"FOLDER" help:"Data folder, instead of the configuration's."`
}

func (f dataFlag) load(p *process) (Config, error) {
	config, err := f.configFlag.load(p)
	if f.Data != "" {
		// Of a service whose configuration is not at hand, such as the demo: only the
		// folder counts, so what else is missing does not matter.
		config = DefaultConfig()
		config.Data, err = f.Data, nil
	}
	return config, err
}

type checkLedgerCmd struct{ dataFlag }

// Run asks the running service, or opens stream and store itself when none runs.
func (c *checkLedgerCmd) Run(p *process) error {
	config, err := c.load(p)
	if err != nil {
		return err
	}
	var ledger ledgerAnswer
	err = callJSON(p.ctx, &config, http.MethodGet, "/ledger", nil, &ledger)
	if errors.Is(err, errNotRunning) {
		err = offline(p.ctx, &config, func(ctx context.Context, s *resting) error {
			ledger.Audit, err = audit(ctx, &config, s.readings, s.letters, s.store)
			return err
		})
	}
	if err != nil {
		return err
	}
	printLedger(p.stdout, &ledger)
	if ledger.Balance != nil && ledger.Balance.Difference() != 0 || !ledger.Audit.Balanced() {
		return errors.New("the ledger does not balance: readings were accepted and are nowhere; keep the data folder and report this")
	}
	return nil
}

func printLedger(w io.Writer, l *ledgerAnswer) {
	if l.Balance != nil {
		fmt.Fprintf(w, "since the start: %s\n", l.Balance)
	} else {
		fmt.Fprintln(w, "no service is running; this is what the disk says")
	}
	a := l.Audit
	fmt.Fprintf(w, "on disk: in stream %d = stored %d + sent twice %d + refused by the store %d + waiting %d + beyond retention %d + missing %d\n",
		a.InLog, a.Stored, a.Repeated, a.Refused, a.Waiting, a.Old, a.Missing)
	fmt.Fprintf(w, "dead letters kept: %d\n", a.DeadLetters)
	for _, key := range a.Examples {
		fmt.Fprintf(w, "missing: %s of %s at %d ms, number %d\n", key.Kind, key.Device, key.Time, key.Seq)
	}
	if a.Balanced() {
		fmt.Fprintln(w, "balanced: every accepted reading is accounted for")
	}
}

// resting is stream and store of a service that does not run.
type resting struct {
	server            *stream.Server
	store             store
	readings, letters *stream.Log
}

// errNoData says that a data folder has no stream.
var errNoData = errors.New("there are no data of phusong")

// offline opens stream and store of a service that does not run, for do.
func offline(ctx context.Context, c *Config, do func(context.Context, *resting) error) (err error) {
	// Opening would make what is not there, and an empty folder balances always.
	if len(c.Stream.URLs) == 0 {
		if _, err := os.Stat(dataFolder(c.Data).stream()); err != nil {
			return fmt.Errorf("%w in %s: name its data folder with --data, or its configuration with --config", errNoData, c.Data)
		}
	}
	unlock, err := lockFolder(dataFolder(c.Data).lock())
	if err != nil {
		return err
	}
	var closing cleanups
	closing.add(unlock)
	defer func() { err = errors.Join(err, closing.run()) }()
	quiet := slog.New(slog.DiscardHandler)
	server, readings, letters, err := openStream(ctx, c, quiet)
	if err != nil {
		return err
	}
	closing.add(func() error { return closeStream(ctx, server) })
	opened, err := openStore(ctx, c, quiet)
	if err != nil {
		return err
	}
	closing.add(opened.Close)
	return do(ctx, &resting{server: server, store: opened, readings: readings, letters: letters})
}
