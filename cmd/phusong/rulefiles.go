package main

import (
	"context"
	"log/slog"
	"time"

	"phusong/alerts/rules"
)

// ruleFiles are the rule files that the configuration names, and whether they changed.
type ruleFiles struct {
	reloader *rules.Reloader // nil for the default rule-set, which never changes
	log      *slog.Logger
}

// openRules loads the rules that the patterns name, or the default rule-set. Without a
// good set there is nothing to judge by, so a fault is an error.
func openRules(patterns []string, log *slog.Logger) (*ruleFiles, *rules.Set, error) {
	if len(patterns) == 0 {
		set, err := loadRules(nil)
		return &ruleFiles{log: log}, set, err
	}
	reloader, set, err := rules.NewReloader(func() ([]rules.File, error) { return rules.Files(patterns...) })
	return &ruleFiles{reloader: reloader, log: log}, set, err
}

// rulesEvery is how often rule files are looked at; what changed counts at the second look.
const rulesEvery = 2 * time.Second

// run looks at the files every so often until ctx is done: apply is given each new set,
// and broken is told whether the files are refused and the set before them stays.
func (f *ruleFiles) run(ctx context.Context, every time.Duration, apply func(*rules.Set), broken func(bool)) error {
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
		}
		set, err := f.reloader.Look()
		switch {
		case err != nil:
			broken(true)
			f.log.Error("the changed rule files are refused; the rules before them stay in force", "error", err)
		case set != nil:
			broken(false)
			apply(set)
			f.log.Info("rules read again", "rules", len(set.Rules()))
		}
	}
}
