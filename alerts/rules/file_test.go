package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const good = `# A comment.
groups:
  - name: wifi
    rules:
      - alert: Slow
        expr: wifi.download_mbps < 30
        for: 1h30m
        keep_firing_for: 5m
        keep_unknown_for: 1d
        labels: {severity: warning, team: field}
        annotations:
          summary:
            vi: "{{ .Name }} chậm: {{ .Value \"wifi.download_mbps\" }}"
            en: "{{ .Name }} is slow: {{ .Value \"wifi.download_mbps\" }}"
          description: Below 30.
          runbook: wifi-slow
      - alert: Failed
        scope: site
        expr: site.verdict == "failed"
        labels: {severity: critical}
        annotations: {summary: "{{ .Site }}"}
`

func TestParse(t *testing.T) {
	t.Parallel()
	set, err := Parse(File{Name: "a.yml", Data: []byte(good)})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Rules()) != 2 {
		t.Fatalf("%d rules", len(set.Rules()))
	}
	slow := set.Rules()[0]
	if slow.Alert != "Slow" || slow.Group != "wifi" || slow.For != 90*time.Minute || slow.KeepFiring != 5*time.Minute ||
		slow.KeepUnknown != 24*time.Hour || slow.Severity != "warning" || slow.Runbook != "wifi-slow" || slow.Line != 5 {
		t.Errorf("%+v", slow)
	}
	if diff := cmp.Diff("Slow/device/severity=warning/team=field", slow.ID()); diff != "" {
		t.Error(diff)
	}
	wifi := TableOf(ScopeDevice, 1)
	if got := set.For(wifi); !cmp.Equal(got, []int{0}) {
		t.Errorf("rules of access points: %v", got)
	}
	if got := set.For(TableOf(ScopeDevice, 2)); got != nil {
		t.Errorf("rules of probes: %v", got)
	}
	slot, _ := wifi.Slot("wifi.download_mbps")
	var mask Mask
	mask.Add(slot)
	if !slow.Touches(ScopeDevice, mask) || slow.Uses(ScopeDevice) != mask || slow.Touches(ScopeSite, mask) {
		t.Error("the rule uses other slots than its expression")
	}
	f := frame()
	f.Values[ScopeDevice].SetNumber(slot, 12.345)
	s := &Subject{Device: "AP 1", Site: "Trường Tân Lập", Frame: f}
	message, err := slow.Message(Vietnamese, s)
	if diff := cmp.Diff(Message{Summary: "AP 1 · Trường Tân Lập chậm: 12,3 Mbit/s", Description: "Below 30."}, message); diff != "" || err != nil {
		t.Error(diff, err)
	}
	message, err = slow.Message(English, s)
	if message.Summary != "AP 1 · Trường Tân Lập is slow: 12.3 Mbit/s" || err != nil {
		t.Error(message.Summary, err)
	}
}

func TestFaultsOfFiles(t *testing.T) {
	t.Parallel()
	rule := func(lines string) string {
		return "groups:\n  - name: g\n    rules:\n" + lines
	}
	const ok = `
        labels: {severity: info}
        annotations: {summary: x}`
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "f.yml: the file is empty"},
		{"syntax", "groups:\n\t- x", "f.yml:2: found character that cannot start any token"},
		{"no groups", "{}", "f.yml:1:1: a rule file needs the key groups"},
		{"unknown top key", "group: []", `f.yml:1:1: there is no key "group" in a rule file; there are groups`},
		{"second document", "groups: []\n---\nx: 1", "f.yml:2:1: there is a second document"},
		{"unknown rule key", rule("      - alert: A\n        exprs: site.open" + ok), `f.yml:5:9: there is no key "exprs" in a rule; there are alert, scope, expr`},
		{"key twice", rule("      - alert: A\n        alert: B\n        expr: site.open" + ok), `f.yml:5:9: the key "alert" is there twice`},
		{"no expr", rule("      - alert: A" + ok), "f.yml:4:9: the rule needs the key expr"},
		{"alert name", rule("      - alert: A b\n        expr: site.open" + ok), `f.yml:4:16: the alert's name "A b"`},
		{"scope", rule("      - alert: A\n        scope: town\n        expr: site.open" + ok), `f.yml:5:16: there is no scope "town"; there are device, site`},
		{"scope sees not", rule("      - alert: A\n        scope: area\n        expr: site.open" + ok), `f.yml:6:15: a rule of scope area cannot use site.open`},
		{"duration", rule("      - alert: A\n        for: 5 min\n        expr: site.open" + ok), `f.yml:5:14: for should be a duration`},
		{"plain expr", rule("      - alert: A\n        expr: site.open and site.opn" + ok), `f.yml:5:29: there is no fact "site.opn"; do you mean site.open?`},
		{"quoted expr", rule("      - alert: A\n        expr: \"site.verdict == \\\"fail\\\"\"" + ok), `f.yml:5:33: site.verdict is never "fail"`},
		{"literal expr", rule("      - alert: A\n        expr: |\n          site.open and\n            site.opn" + ok), `f.yml:7:13: there is no fact "site.opn"`},
		{"folded expr", rule("      - alert: A\n        expr: >-\n          site.open and\n          site.opn" + ok), `f.yml:7:11: there is no fact "site.opn"`},
		{"plain over lines", rule("      - alert: A\n        expr: site.open\n          and site.opn" + ok), `f.yml:6:15: there is no fact "site.opn"`},
		{"divides by zero", rule("      - alert: A\n        expr: site.clients / 0 > 1" + ok), `f.yml:5:30: this divides by zero`},
		{"no severity", rule("      - alert: A\n        expr: site.open\n        annotations: {summary: x}"), "f.yml:4:9: the rule needs the label severity"},
		{"severity", rule("      - alert: A\n        expr: site.open\n        labels: {severity: page}\n        annotations: {summary: x}"), "severity: info, warning, critical"},
		{"given label", rule("      - alert: A\n        expr: site.open\n        labels: {severity: info, site: x}\n        annotations: {summary: x}"), "f.yml:6:40: the label site comes from the subject"},
		{"label template", rule("      - alert: A\n        expr: site.open\n        labels: {severity: info, v: \"{{ .Count }}\"}\n        annotations: {summary: x}"), "labels identify an alert"},
		{"alias", "a: &x 1\ngroups: []", `there is no key "a"`},
		{"alias in labels", rule("      - alert: A\n        expr: site.open\n        labels: &l {severity: info}\n        annotations: {summary: x}"), "anchors and aliases"},
		{"no summary", rule("      - alert: A\n        expr: site.open\n        labels: {severity: info}\n        annotations: {description: x}"), "the rule needs the annotation summary"},
		{"one language", rule("      - alert: A\n        expr: site.open\n        labels: {severity: info}\n        annotations:\n          summary: {vi: x}"), "f.yml:8:20: summary has no text in en"},
		{"unknown annotation", rule("      - alert: A\n        expr: site.open\n        labels: {severity: info}\n        annotations: {title: x}"), `there is no key "title" in annotations`},
		{"runbook", rule("      - alert: A\n        expr: site.open\n        labels: {severity: info}\n        annotations: {summary: x, runbook: http://x}"), "should be the name of a page"},
		{"equal", rule("      - alert: A\n        expr: site.open" + ok + "\n      - alert: A\n        expr: not site.open" + ok), "f.yml:8: the alert A with the same scope and labels is also in f.yml:4"},
		{"group twice", "groups:\n  - {name: a, rules: []}\n  - {name: a, rules: []}", `f.yml:3:5: the file has two groups of the name "a"`},
		{"group key", "groups:\n  - {name: a, interval: 1m, rules: []}", `there is no key "interval" in a group; there are name, rules`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(File{Name: "f.yml", Data: []byte(test.text)})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestFaultsOfTemplates(t *testing.T) {
	t.Parallel()
	const head = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: wifi.clients > 3\n    labels: {severity: info}\n    annotations:\n"
	for _, test := range []struct{ name, text, want string }{
		{"syntax", "      summary: 'x {{ .Name }'", "f.yml:8:"},
		{"field", "      summary: 'x {{ .Nam }}'", "f.yml:8:22: in the template: <.Nam>: can't evaluate field Nam"},
		{"fact", "      summary: 'x {{ .Value \"wifi.client\" }}'", `f.yml:8:29: in the template: there is no fact "wifi.client"; do you mean wifi.clients?`},
		{"fact in a branch", "      summary: '{{ if false }}{{ .Value \"wifi.client\" }}{{ end }}'", `f.yml:8:41: in the template: there is no fact`},
		{"scope", "      summary: '{{ .Value \"zone.cells\" }}'", "a rule of scope device cannot use zone.cells"},
		{"kind", "      summary: '{{ .Value \"mobile.outcome\" }}'", "mobile.outcome is of a mobile device"},
		{"never ends", "      summary: '{{ range 1000000000 }}{{ end }}'", "range goes over .Items only"},
		{"calls itself", "      summary: '{{ template \"summary\" . }}'", "in the template"},
		{"defines", "      summary: '{{ define \"x\" }}{{ end }}y'", "cannot define templates"},
		{"too long", "      summary: '{{ printf \"%9999d\" 1 }}'", "longer than 4096 bytes"},
		{"in a block", "      summary: |\n        Tên\n        là {{ .Nam }}", "f.yml:10:16: in the template"},
		{"missing label", "      summary: '{{ .Labels.team }}'", "no entry for key \"team\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(File{Name: "f.yml", Data: []byte(head + test.text + "\n")})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nwant %s", err, test.want)
			}
		})
	}
}
