package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	var log testbed.Buffer
	f, first, err := openRules([]string{filepath.Join(folder, "*.yml")}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	applied, broken, done := make(chan *rules.Set, 10), make(chan bool, 10), make(chan error, 1)
	go func() {
		done <- f.run(ctx, 10*time.Millisecond, func(set *rules.Set) { applied <- set }, func(is bool) { broken <- is })
	}()
	wifi := filepath.Join(folder, "wifi.yml")
	right := text(t, wifi)
	replace(t, wifi, strings.Replace(right, "alert: WiFiSlow", "alert: WiFiTooSlow", 1))
	if is, set := <-broken, <-applied; is || len(set.Rules()) != len(first.Rules()) {
		t.Errorf("%d rules became %d, broken: %v", len(first.Rules()), len(set.Rules()), is)
	}
	replace(t, wifi, strings.Replace(right, "wifi.wan_up", "wifi.wan_upp", 1))
	if is := <-broken; !is {
		t.Error("a broken file is not refused")
	}
	replace(t, wifi, right)
	if is, set := <-broken, <-applied; is || len(set.Rules()) != len(first.Rules()) {
		t.Errorf("the right files are not taken: broken %v", is)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := log.String(); !strings.Contains(got, "wifi.yml:40:19: there is no fact") {
		t.Errorf("the log does not say where: %s", got)
	}
	if len(applied) > 0 {
		t.Errorf("%d more sets were applied than the files had", len(applied))
	}

	if _, _, err := openRules([]string{filepath.Join(folder, "none.yml")}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it starts without rules")
	}
}

// replace puts another file in the place of one that is looked at meanwhile.
func replace(t *testing.T, path, text string) {
	t.Helper()
	next := filepath.Join(t.TempDir(), filepath.Base(path))
	write(t, next, text)
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}
