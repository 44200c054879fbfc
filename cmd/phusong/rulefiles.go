package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/alerts/rules"
	"phusong/deploy"
)

// ruleFiles are the rules in force and the files that they come from.
type ruleFiles struct {
	patterns []string // none: the default rule-set, which never changes
	log      *slog.Logger
	reloader *rules.Reloader // of the goroutine in run; nil without patterns

	set     atomic.Pointer[rules.Set]
	broken  atomic.Bool
	changed atomic.Int64 // Unix s of the last load that succeeded
}

// openRules loads the rules that the configuration names. Without a good set there is
// nothing to judge by, so a fault is an error.
func openRules(patterns []string, log *slog.Logger) (*ruleFiles, error) {
	f := &ruleFiles{patterns: patterns, log: log}
	var set *rules.Set
	var err error
	if len(patterns) == 0 {
		set, err = rules.LoadFS(deploy.Rules, defaultRules)
	} else {
		f.reloader, set, err = rules.NewReloader(func() ([]rules.File, error) { return rules.Files(patterns...) })
	}
	if err != nil {
		return nil, err
	}
	f.took(set)
	return f, nil
}

// Set returns the rules in force.
func (f *ruleFiles) Set() *rules.Set { return f.set.Load() }

// Broken reports whether the files on disk are refused and older rules are in force.
func (f *ruleFiles) Broken() bool { return f.broken.Load() }

func (f *ruleFiles) took(set *rules.Set) {
	f.set.Store(set)
	f.broken.Store(false)
	f.changed.Store(time.Now().Unix())
}

// run looks at the files every so often, and gives apply each new set, until ctx is done.
func (f *ruleFiles) run(ctx context.Context, every time.Duration, apply func(*rules.Set)) error {
	if f.reloader == nil {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			f.look(apply)
		}
	}
}

func (f *ruleFiles) look(apply func(*rules.Set)) {
	set, err := f.reloader.Look()
	switch {
	case err != nil:
		f.broken.Store(true)
		f.log.Error("the rule files are refused; the rules before them stay in force", "files", f.patterns, "error", err)
	case set != nil:
		apply(set)
		f.took(set)
		f.log.Info("new rules are in force", "files", f.patterns, "rules", len(set.Rules()))
	}
}

// register exports what became of the files.
func (f *ruleFiles) register(r prometheus.Registerer) {
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("rules", "Rules in force.", func() float64 { return float64(len(f.Set().Rules())) })
	gauge("rules_last_reload_successful", "1 while the rule files are those in force, 0 while they are refused.", func() float64 {
		if f.Broken() {
			return 0
		}
		return 1
	})
	gauge("rules_last_reload_success_timestamp_seconds", "When rules were last taken from the files, in Unix time.", func() float64 { return float64(f.changed.Load()) })
}
