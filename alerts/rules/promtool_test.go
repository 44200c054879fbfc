package rules

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// TestAgreesWithPromtool plays random series to rules with every mix of for and
// keep_firing_for, here and in the real promtool, which must expect the same alerts at
// the same minutes. Prometheus has no unknown, so every series is complete; and it looks
// once an interval only, while we fire when "for" is over, so all are whole minutes.
func TestAgreesWithPromtool(t *testing.T) {
	t.Parallel()
	promtool := testbed.Require(t, "promtool")
	durations := []string{"0s", "1m", "2m", "3m", "5m"}
	const minutes = 40
	random := rand.New(rand.NewPCG(1, 2))

	var theirRules, ourRules, tests strings.Builder
	theirRules.WriteString("groups:\n- name: g\n  rules:\n")
	ourRules.WriteString("groups:\n- name: g\n  rules:\n")
	tests.WriteString("rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n")
	var names []string
	for _, wait := range durations {
		for _, keep := range durations {
			name := fmt.Sprintf("A_%s_%s", wait, keep)
			names = append(names, name)
			// Prometheus takes a keep_firing_for of 0 for none, as we do.
			const form = "  - alert: %s\n    expr: %s > 10\n    for: %s\n    keep_firing_for: %s\n    labels: {severity: info}\n    annotations: {summary: x}\n"
			fmt.Fprintf(&theirRules, form, name, "clients", wait, keep)
			fmt.Fprintf(&ourRules, form, name, "wifi.clients", wait, keep)
		}
	}
	set, err := Parse(File{Name: "rules.yml", Data: []byte(ourRules.String())})
	if err != nil {
		t.Fatal(err)
	}
	fired := 0
	for range 6 {
		var values []string
		for len(values) <= minutes {
			x := []string{"5", "15"}[random.IntN(2)]
			for range 1 + random.IntN(7) {
				values = append(values, x)
			}
		}
		s, err := parseSeries(`wifi.clients{device="ap"}`, strings.Join(values, " "))
		if err != nil {
			t.Fatal(err)
		}
		trial, err := newTrial(set, time.Minute, []series{s})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&tests, "- interval: 1m\n  input_series:\n  - series: 'clients{device=\"ap\"}'\n    values: '%s'\n  alert_rule_test:\n", strings.Join(values, " "))
		trial.run(time.Minute, everyMinute(minutes), func(now time.Duration) {
			for _, name := range names {
				fmt.Fprintf(&tests, "  - eval_time: %dm\n    alertname: %s\n", now/time.Minute, name)
				if len(trial.firing(name)) > 0 {
					fired++
					tests.WriteString("    exp_alerts: [{exp_labels: {severity: info, device: ap}, exp_annotations: {summary: x}}]\n")
				}
			}
		})
	}
	if fired < 500 {
		t.Errorf("only %d alerts fire: the comparison says little", fired)
	}
	folder := t.TempDir()
	for name, text := range map[string]string{"rules.yml": theirRules.String(), "test.yml": tests.String()} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", filepath.Join(folder, "test.yml")).CombinedOutput()
	if err != nil {
		t.Errorf("promtool sees it otherwise: %v\n%.4000s", err, out)
	}
}

func everyMinute(n int) []time.Duration {
	var instants []time.Duration
	for i := range n {
		instants = append(instants, time.Duration(i)*time.Minute)
	}
	return instants
}
