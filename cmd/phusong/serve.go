package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// configFlag chooses the configuration; the same for every command that has one.
type configFlag struct {
	Config string `short:"c" env:"PHUSONG_CONFIG" placeholder:"FILE" help:"Configuration file (YAML). Without it the defaults hold, and the environment."`
}

func (f configFlag) load(p *process) (Config, error) { return LoadConfig(f.Config, p.env) }

type serveCmd struct{ configFlag }

// Run runs the service until the process is told to stop.
func (c *serveCmd) Run(p *process) error {
	config, err := c.load(p)
	if err != nil {
		return err
	}
	log := newLogger(p.stderr, config.Log)
	done, err := takeTurn(p.ctx, &config, log)
	if errors.Is(err, context.Canceled) {
		return nil // it was told to stop while it stood by
	}
	if err != nil {
		return err
	}
	defer done()
	s, err := newService(p.ctx, config, log)
	if err != nil {
		return err
	}
	log.Info("phusong is running", "version", version(), "http", s.http.Addr().String(), "https", config.HTTPS.Listen, "mqtt", s.config.MQTT.URL, "store", config.Store.Kind, "data", config.Data)
	context.AfterFunc(p.ctx, func() { log.Info("stopping") })
	err = s.run(p.ctx)
	log.Info("stopped", "ledger", s.ledger.Balance().String())
	return err
}

// lockFolder keeps two processes from using one data folder. The lock goes with
// the process, however it ends.
func lockFolder(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", err)
	}
	if err := lockFile(file); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("the data folder %s is in use by another phusong: stop it, or choose another folder with --data or the key data", filepath.Dir(path))
	}
	return file.Close, nil
}
