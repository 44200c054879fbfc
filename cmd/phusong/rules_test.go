package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const alertsPage = "../../docs/ALERTS.md"

// TestTheAlertsPageWorks does what docs/ALERTS.md says, from its top to its end: it
// writes the files, runs the commands, and expects what the page shows.
func TestTheAlertsPageWorks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	inFolder := func(word string) string {
		if strings.HasPrefix(word, "my-rules") {
			return filepath.Join(folder, word)
		}
		return word
	}
	files, commands, last := 0, 0, outcome{}
	for _, b := range blocks(t, alertsPage) {
		switch language, name, _ := strings.Cut(b.info, " "); {
		case language == "yaml" && name != "":
			files++
			if err := os.MkdirAll(filepath.Dir(inFolder(name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(inFolder(name), []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
		case language == "sh":
			for line := range strings.Lines(b.text) {
				args, ok := ourCommand(strings.TrimSpace(line))
				if !ok {
					t.Errorf("%s: this is none of our commands", line)
					continue
				}
				commands++
				last = command(t, expandArgs(t, args, inFolder)...)
				if last.code != 0 {
					t.Fatalf("%s: exit status %d\n%s%s", line, last.code, last.stdout, last.stderr)
				}
			}
		case strings.HasPrefix(b.text, "Unit Testing"):
			if got := strings.ReplaceAll(last.stdout, folder+"/", ""); got != b.text {
				t.Errorf("the page says otherwise:\n%s", cmp.Diff(b.text, got))
			}
		}
	}
	if files < 2 || commands < 7 {
		t.Errorf("only %d files and %d commands were found", files, commands)
	}

	// What the page shows of faults.
	page := text(t, alertsPage)
	rule := text(t, filepath.Join(folder, "my-rules/schools.yml"))
	broken := filepath.Join(folder, "my-rules/broken.yml")
	write(t, broken, strings.Replace(rule, "wifi.clients", "wifi.client", 1))
	got := command(t, "check", "rules", broken)
	shown := strings.TrimPrefix(strings.TrimSpace(got.stderr), "phusong: "+folder+"/")
	if got.code != 1 || !strings.Contains(page, shown) {
		t.Errorf("exit status %d; the page does not show %q", got.code, shown)
	}
	test := filepath.Join(folder, "my-rules/tests/schools.yml")
	write(t, test, strings.Replace(text(t, test), "alertname: SchoolAccessPointUnused\n", "alertname: SchoolAccessPointUnused\n        exp_alerts: [{}]\n", 1))
	got = command(t, "rules", "test", test)
	_, report, _ := strings.Cut(got.stdout, "FAILED:\n")
	if got.code != 1 || report == "" || !strings.Contains(page, strings.TrimRight(report, "\n")) {
		t.Errorf("exit status %d; the page does not show\n%s", got.code, report)
	}
}

// expandArgs does what a shell would.
func expandArgs(t *testing.T, args []string, inFolder func(string) string) (words []string) {
	t.Helper()
	for _, arg := range args {
		matches, err := filepath.Glob(inFolder(arg))
		if err != nil || len(matches) == 0 {
			matches = []string{inFolder(arg)}
		}
		words = append(words, matches...)
	}
	return words
}

type block struct{ info, text string }

// blocks returns the fenced blocks of a page.
func blocks(t *testing.T, page string) (list []block) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?s)\n```([a-z][^\n]*)\n(.*?\n)```\n").FindAllStringSubmatch(text(t, page), -1) {
		list = append(list, block{m[1], m[2]})
	}
	return list
}

func TestTheAlertsPageListsTheFacts(t *testing.T) {
	t.Parallel()
	_, listed, ok := strings.Cut(text(t, alertsPage), "<!-- facts -->\n")
	if diff := cmp.Diff(command(t, "rules", "facts").stdout, listed); !ok || diff != "" {
		t.Errorf("run `phusong rules facts` and put its output at the end of docs/ALERTS.md:\n%s", diff)
	}
}

// The runbooks and the page of alerts name commands; each must be one that is taken.
func TestTheRunbooksCommandsExist(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/runbooks/*.md")
	if err != nil || len(pages) < 30 {
		t.Fatal(len(pages), err)
	}
	known := []string{"check rules", "check ledger", "rules test", "rules facts", "deadletters list", "deadletters replay", "devices"}
	for _, page := range append(pages, alertsPage) {
		for _, code := range inlineCode(t, page) {
			if name, ok := strings.CutPrefix(code, "phusong "); ok && !slices.Contains(known, name) {
				t.Errorf("%s: %s is not known", page, code)
			}
		}
	}
	for _, name := range known {
		args := append(strings.Fields(name), "--help")
		if got := command(t, args...); got.code != 0 {
			t.Errorf("phusong %s: exit status %d", name, got.code)
		}
	}
}

func TestRulesCommandsRefuse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if got := command(t, "rules", "copy", folder); got.code != 0 {
		t.Fatal(got.stderr)
	}
	if got := command(t, "rules", "copy", folder); got.code != 1 || !strings.Contains(got.stderr, "file exists: choose another folder") {
		t.Errorf("a file is overwritten: %d %s", got.code, got.stderr)
	}
	if got := command(t, "check", "rules", filepath.Join(folder, "none*.yml")); got.code != 1 || !strings.Contains(got.stderr, "there is no rule file") {
		t.Errorf("rules that are not there are right: %d %s", got.code, got.stderr)
	}
	if got := command(t, "check", "rules"); got.code != 0 || !strings.Contains(got.stdout, "the rules are right: 5") {
		t.Errorf("the default rule-set: %d %s%s", got.code, got.stdout, got.stderr)
	}
	if got := command(t, "rules", "test", filepath.Join(folder, "wifi.yml")); got.code != 1 || !strings.Contains(got.stdout, "FAILED") {
		t.Errorf("a rule file as a test: %d %s", got.code, got.stdout)
	}
}
