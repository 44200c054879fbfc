package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const shipped = "../../deploy/rules"

func loadShipped(t testing.TB) *Set {
	t.Helper()
	set, err := Load(filepath.Join(shipped, "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestShippedRules: each has texts in both languages, a next step and a runbook page
// that says the same things in the same order.
func TestShippedRules(t *testing.T) {
	t.Parallel()
	used := make(map[string]bool)
	for _, rule := range loadShipped(t).Rules() {
		for _, lang := range Languages() {
			for _, sample := range samples(rule) {
				message, err := rule.Message(lang, sample)
				if err != nil || message.Summary == "" || message.NextStep == "" {
					t.Errorf("%s in %s: %+v, %v", rule.Alert, lang, message, err)
				}
				if strings.Contains(message.Summary+message.Description, "\n") {
					t.Errorf("%s in %s: more than one line", rule.Alert, lang)
				}
			}
		}
		vi, _ := rule.Message(Vietnamese, samples(rule)[0])
		en, _ := rule.Message(English, samples(rule)[0])
		if vi.Summary == en.Summary || vi.NextStep == en.NextStep {
			t.Errorf("%s says the same in both languages", rule.Alert)
		}
		used[rule.Runbook] = true
		checkRunbook(t, rule)
	}
	pages, err := filepath.Glob("../../docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if name := strings.TrimSuffix(filepath.Base(page), ".md"); !used[name] && name != "README" {
			t.Errorf("docs/runbooks/%s.md belongs to no rule", name)
		}
	}
}

// runbookHeadings are what a page has, in Vietnamese and in English.
var runbookHeadings = []string{
	"## Ý nghĩa", "## Kiểm tra", "## Xử lý", "## Khi nào báo cấp trên",
	"## What it means", "## Check", "## Do", "## When to escalate",
}

func checkRunbook(t *testing.T, rule *Rule) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs/runbooks", rule.Runbook+".md"))
	if err != nil {
		t.Errorf("%s: %v", rule.Alert, err)
		return
	}
	page, at := string(text), 0
	if !strings.Contains(page, "`"+rule.Alert+"`") {
		t.Errorf("docs/runbooks/%s.md does not name %s", rule.Runbook, rule.Alert)
	}
	for _, heading := range runbookHeadings {
		next := strings.Index(page[at:], "\n"+heading+"\n")
		if next < 0 {
			t.Errorf("docs/runbooks/%s.md has no %q, or not in its place", rule.Runbook, heading)
			return
		}
		at += next + 1
	}
}

// TestShippedRulesAreTested: each rule is expected to fire at some time, and at some
// time not to, by the unit tests that ship with them; and these pass.
func TestShippedRulesAreTested(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(shipped, "tests", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	fires, rests := make(map[string]bool), make(map[string]bool)
	for _, name := range files {
		var report strings.Builder
		if passed, err := TestFile(&report, name); err != nil || !passed {
			t.Errorf("%v\n%s", err, &report)
		}
		file, err := readTestFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range file.Tests {
			for _, a := range group.Alerts {
				if len(a.Expected) > 0 {
					fires[a.Alert] = true
				} else {
					rests[a.Alert] = true
				}
			}
		}
	}
	for _, rule := range loadShipped(t).Rules() {
		if !fires[rule.Alert] || !rests[rule.Alert] {
			t.Errorf("%s: tests expect that it fires: %v, and that it does not: %v", rule.Alert, fires[rule.Alert], rests[rule.Alert])
		}
	}
}
