package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"phusong/alerts/rules"
	"phusong/internal/testbed"
)

// TestRuleFilesAreReadAgain: a change is taken without a restart, a broken one is refused
// whole and told, and the old content counts again when it comes back.
func TestRuleFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if got := command(t, "rules", "copy", folder); got.code != 0 {
		t.Fatal(got.stderr)
	}
	var log buffer
	f, err := openRules([]string{filepath.Join(folder, "*.yml")}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	f.register(prometheus.WrapRegistererWithPrefix("phusong_", registry))
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}

	ctx, stop := context.WithCancel(t.Context())
	applied := make(chan *rules.Set, 10)
	done := make(chan error, 1)
	go func() { done <- f.run(ctx, 10*time.Millisecond, func(set *rules.Set) { applied <- set }) }()
	broken := func(want bool) {
		t.Helper()
		testbed.Eventually(t, patience, func() error {
			if f.Broken() != want {
				return fmt.Errorf("the files are broken: %v", !want)
			}
			return nil
		})
	}
	wifi := filepath.Join(folder, "wifi.yml")
	right := text(t, wifi)
	all := len(f.Set().Rules())

	write(t, wifi, strings.Replace(right, "alert: WiFiSlow", "alert: WiFiTooSlow", 1))
	if set := <-applied; len(set.Rules()) != all {
		t.Errorf("%d rules became %d", all, len(set.Rules()))
	}
	write(t, wifi, strings.Replace(right, "wifi.wan_up", "wifi.wan_upp", 1))
	broken(true)
	if set := f.Set(); len(set.Rules()) != all {
		t.Errorf("a broken file leaves %d of %d rules", len(set.Rules()), all)
	}
	if got := log.String(); !strings.Contains(got, "wifi.yml:40:19: there is no fact") {
		t.Errorf("the log does not say where: %s", got)
	}
	write(t, wifi, right)
	<-applied
	broken(false)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(applied) > 0 {
		t.Errorf("%d more sets were applied than the files had", len(applied))
	}

	if _, err := openRules([]string{filepath.Join(folder, "none.yml")}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it starts without rules")
	}
}
