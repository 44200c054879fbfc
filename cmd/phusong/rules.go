package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"phusong/alerts/rules"
	"phusong/deploy"
)

// defaultRules are the rule files in the program.
const defaultRules = "rules/*.yml"

type rulesCmd struct {
	Test   testRulesCmd   `cmd:"" help:"Run unit tests of rules, from the kind of file that promtool takes."`
	List   listRulesCmd   `cmd:"" help:"List the rules of files, or of the default rule-set."`
	Replay replayRulesCmd `cmd:"" help:"Show what rules would have raised on the readings in the store. Nobody is told."`
	Facts  factsRulesCmd  `cmd:"" help:"List the facts that rules may use."`
	Copy   copyRulesCmd   `cmd:"" help:"Copy the default rule-set into a folder, to change it."`
}

type testRulesCmd struct {
	Files []string `arg:"" help:"Files of unit tests."`
}

// Run runs every file and fails when one did not pass.
func (c *testRulesCmd) Run(p *process) error {
	failed := 0
	for _, name := range c.Files {
		passed, err := rules.TestFile(p.stdout, name)
		if err != nil {
			return err
		}
		if !passed {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d files did not pass", failed, len(c.Files))
	}
	return nil
}

// loadRules reads the files that the patterns match, or the default rule-set when
// there are none.
func loadRules(patterns []string) (*rules.Set, error) {
	if len(patterns) == 0 {
		return rules.LoadFS(deploy.Rules, defaultRules)
	}
	return rules.Load(patterns...)
}

type checkRulesCmd struct {
	Files []string `arg:"" optional:"" help:"Rule files; the default rule-set without any."`
}

// Run reports everything that is wrong with the files, each with its line and column.
func (c *checkRulesCmd) Run(p *process) error {
	set, err := loadRules(c.Files)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "the rules are right: %d alerts\n", len(set.Rules()))
	return err
}

type listRulesCmd struct {
	Files []string `arg:"" optional:"" help:"Rule files; the default rule-set without any."`
}

// Run prints a line for each rule.
func (c *listRulesCmd) Run(p *process) error {
	set, err := loadRules(c.Files)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ALERT\tSEVERITY\tSCOPE\tFOR\tRUNBOOK\tEXPRESSION")
	for _, r := range set.Rules() {
		scope := r.Scope.String()
		if r.Kind != 0 {
			scope += " " + r.Kind.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%s\t%s\n", r.Alert, r.Severity, scope, r.For, r.Runbook, strings.Join(strings.Fields(r.Expr), " "))
	}
	return w.Flush()
}

type factsRulesCmd struct{}

// Run prints every fact as a table of Markdown.
func (factsRulesCmd) Run(p *process) error { return writeFacts(p.stdout) }

func writeFacts(w io.Writer) error {
	var b strings.Builder
	seen := make(map[string]bool) // devices of each kind repeat what all devices have
	for _, t := range rules.AllTables() {
		fmt.Fprintf(&b, "\n**%s**\n\n| fact | type | unit | meaning |\n|---|---|---|---|\n", strings.TrimSpace(t.Scope().String()+" "+kindName(t)))
		for _, f := range t.Facts() {
			if seen[f.Name] {
				continue
			}
			seen[f.Name] = true
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, f.Type, unit(&f), meaning(&f))
		}
	}
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

func kindName(t *rules.Table) string {
	if t.Kind() == 0 {
		return ""
	}
	return t.Kind().String()
}

func unit(f *rules.Fact) string {
	switch {
	case f.Share:
		return "0 to 1"
	case f.Unit == "1":
		return ""
	}
	return f.Unit
}

func meaning(f *rules.Fact) string {
	if len(f.Values) == 0 {
		return f.Help
	}
	return f.Help + ": " + strings.Join(f.Values, ", ")
}

type copyRulesCmd struct {
	Folder string `arg:"" help:"Folder; it is made, and no file in it is overwritten."`
}

// Run writes the default rule-set.
func (c *copyRulesCmd) Run(p *process) error {
	if err := os.MkdirAll(c.Folder, 0o755); err != nil {
		return err
	}
	names, err := fs.Glob(deploy.Rules, defaultRules)
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(deploy.Rules, name)
		if err != nil {
			return err
		}
		if err := writeNewFile(filepath.Join(c.Folder, filepath.Base(name)), text); err != nil {
			return fmt.Errorf("%w: choose another folder, or move it away", err)
		}
	}
	_, err = fmt.Fprintf(p.stdout, "%d rule files are in %s\n", len(names), c.Folder)
	return err
}
