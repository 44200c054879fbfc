package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFaultsOfTestFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "rules.yml"), []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	const head = "rule_files: [rules.yml]\ntests:\n- name: one\n"
	const ask = "  alert_rule_test: [{eval_time: 1m, alertname: Slow}]\n"
	for _, test := range []struct{ name, text, want string }{
		{"no rules", "tests: []", "names no rule_files"},
		{"rules that are not there", "rule_files: [none.yml]", "there is no rule file"},
		{"not of ours", head + "  promql_expr_test: []\n", `line 4: there is no key "promql_expr_test"`},
		{"nothing expected", head + "  input_series: []\n", "it expects nothing"},
		{"unknown alert", head + "  alert_rule_test: [{eval_time: 1m, alertname: Fast}]\n", `there is no alert "Fast"`},
		{"unknown fact", head + "  input_series: [{series: 'wifi.client{device=\"a\"}', values: '1'}]\n" + ask, "do you mean wifi.clients?"},
		{"two sites", head + "  input_series:\n  - {series: 'wifi.clients{device=\"a\", site=\"x\"}', values: '1'}\n  - {series: 'wifi.cpu{device=\"a\", site=\"y\"}', values: '1'}\n" + ask, `site is "y" here and "x" in another series`},
		{"two kinds", head + "  input_series:\n  - {series: 'wifi.clients{device=\"a\"}', values: '1'}\n  - {series: 'mobile.loss{device=\"a\"}', values: '1'}\n" + ask, "is already a wifi device"},
		{"too long", head + "  interval: 1ms\n  alert_rule_test: [{eval_time: 1d, alertname: Slow}]\n", "more than 100000 evaluations"},
		{"wrong", head + "  alert_rule_test: [{eval_time: 1m, alertname: Slow, exp_alerts: [{exp_labels: {device: a}}]}]\n", "got:[]"},
		{"interval", "rule_files: [rules.yml]\nevaluation_interval: 0s\n", "must be more than 0"},
	} {
		name := filepath.Join(folder, strings.ReplaceAll(test.name, " ", "-")+".test.yml")
		if err := os.WriteFile(name, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var report strings.Builder
		passed, err := TestFile(&report, name)
		if passed || err != nil || !strings.Contains(report.String(), test.want) {
			t.Errorf("%s: passed %v, error %v\n%s\nwant %s", test.name, passed, err, &report, test.want)
		}
	}
}
