package dashboards_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"phusong/internal/testbed"
)

type promRules struct {
	Groups []struct {
		Rules []struct {
			Alert       string
			Record      string
			Annotations map[string]string
		}
	}
}

type promTests struct {
	Tests []struct {
		AlertRuleTest []struct {
			Alertname string
			ExpAlerts []any `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
		PromqlExprTest []struct{ Expr string } `yaml:"promql_expr_test"`
	}
}

// Prometheus itself finds the rules right, and they do what their tests say.
func TestPrometheusRules(t *testing.T) {
	t.Parallel()
	promtool := testbed.Require(t, "promtool")
	for _, pattern := range []struct{ verb, files string }{{"check", "*.rules.yml"}, {"test", "*.test.yml"}} {
		files, err := filepath.Glob(filepath.Join("prometheus", pattern.files))
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s: %v", pattern.files, err)
		}
		p := testbed.Run(t, testbed.Command{Name: "promtool", Path: promtool, Args: append([]string{pattern.verb, "rules"}, files...)})
		if code := p.Wait(); code != 0 {
			t.Errorf("promtool %s rules ended with %d:\n%s", pattern.verb, code, p.Log())
		}
	}
}

// Each alert is shown to fire, and speaks both languages.
func TestPrometheusRulesAreTested(t *testing.T) {
	t.Parallel()
	var rules promRules
	var tests promTests
	read := func(file string, into any) {
		raw, err := os.ReadFile(filepath.Join("prometheus", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(raw, into); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	read("self.rules.yml", &rules)
	read("self.test.yml", &tests)
	var shown []string
	for _, test := range tests.Tests {
		for _, alert := range test.AlertRuleTest {
			if len(alert.ExpAlerts) > 0 {
				shown = append(shown, alert.Alertname)
			}
		}
		for _, query := range test.PromqlExprTest {
			shown = append(shown, query.Expr)
		}
	}
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			if rule.Record != "" {
				if !slices.ContainsFunc(shown, func(s string) bool { return len(s) >= len(rule.Record) && s[:len(rule.Record)] == rule.Record }) {
					t.Errorf("no test asks for %s", rule.Record)
				}
				continue
			}
			if !slices.Contains(shown, rule.Alert) {
				t.Errorf("no test sees %s fire", rule.Alert)
			}
			for _, key := range []string{"summary", "summary_vi", "description", "next_step"} {
				if rule.Annotations[key] == "" {
					t.Errorf("%s has no %s", rule.Alert, key)
				}
			}
		}
	}
}
