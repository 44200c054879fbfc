package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"phusong/internal/testbed"
)

// manual is where people find commands to type.
var manual = []string{"../../README.md", "../../docs/OPERATIONS.md", "../../docs/API.md", "../../docs/PROTOCOL.md", "../../docs/REGISTRY.md", "../../docs/DECISIONS.md", "../../docs/DEPLOY.md", "../../deploy/phusong.example.yml"}

// Every command of ours in the manual must be one that the command line takes.
func TestTheManualsCommandsExist(t *testing.T) {
	t.Parallel()
	commands := 0
	for _, page := range manual {
		for _, line := range append(codeLines(t, page), inlineCode(t, page)...) {
			args, ok := ourCommand(line)
			if !ok {
				continue
			}
			commands++
			var c cli
			exited := false
			p := &process{ctx: context.Background(), stdout: io.Discard, stderr: io.Discard}
			if _, err := newParser(&c, p, func(int) { exited = true }).Parse(args); err != nil && !exited {
				t.Errorf("%s: %s: %v", page, line, err)
			}
		}
	}
	if commands < 12 {
		t.Errorf("only %d commands were found in the manual", commands)
	}
}

func TestTheManualsTargetsExist(t *testing.T) {
	t.Parallel()
	makefile := text(t, "../../Makefile")
	target := regexp.MustCompile(`^make ([a-z]+)`)
	targets := 0
	for _, page := range manual {
		for _, line := range append(codeLines(t, page), inlineCode(t, page)...) {
			if m := target.FindStringSubmatch(line); m != nil {
				targets++
				if !regexp.MustCompile(`(?m)^` + m[1] + `:.*## `).MatchString(makefile) {
					t.Errorf("%s: %s: the Makefile has no such target", page, line)
				}
			}
		}
	}
	if targets < 3 {
		t.Errorf("only %d targets were found in the manual", targets)
	}
}

// What a reader would type, against a service that runs: the devices of README and
// PROTOCOL, and the questions of README. Nothing of it may be refused.
func TestTheManualsCommandsRun(t *testing.T) {
	t.Parallel()
	addr := testbed.Addr(t)
	s := serve(t, anonymous(addr))
	_, port, _ := strings.Cut(addr, ":")
	sent := 0
	for _, page := range []string{"../../README.md", "../../docs/PROTOCOL.md"} {
		script := "set -e\n"
		for _, line := range codeLines(t, page) {
			if strings.HasPrefix(line, "mosquitto_pub ") {
				line = strings.Replace(line, "-h 127.0.0.1 ", "-h 127.0.0.1 -p "+port+" ", 1)
				line = strings.Replace(line, " -p 1883 ", " ", 1)
				sent++
			} else if !strings.HasPrefix(line, "T=") {
				continue
			}
			script += line + "\n"
		}
		testbed.Require(t, "mosquitto_pub")
		shell := testbed.Run(t, testbed.Command{Path: testbed.Require(t, "sh"), Args: []string{"-c", script}})
		if code := shell.Wait(); code != 0 {
			t.Errorf("%s: its commands end with %d: %s", page, code, shell.Log())
		}
	}
	if sent < 7 {
		t.Errorf("only %d messages were found in the manual", sent)
	}
	s.awaitMetric("phusong_mqtt_messages_received_total", func(v float64) bool { return v == float64(sent) })
	s.awaitMetric("phusong_readings_waiting", func(v float64) bool { return v == 0 })
	if got := command(t, "deadletters", "list", "--data", s.data); got.stdout != "there are no dead letters\n" {
		t.Errorf("what the manual proposes was refused:\n%s", got.stdout)
	}
	if err := metric(s.listen, "phusong_unknown_fields_total", func(v float64) bool { return v == 0 }); err != nil {
		t.Errorf("the manual proposes fields that do not exist: %v", err)
	}
	asked := 0
	for _, line := range codeLines(t, "../../README.md") {
		args, ok := ourCommand(strings.Replace(line, "./data", s.data, 1))
		if !ok || !strings.Contains(line, "./data") {
			continue
		}
		asked++
		if got := command(t, args...); got.code != 0 || got.stdout == "" {
			t.Errorf("%s: exit status %d\n%s%s", line, got.code, got.stdout, got.stderr)
		}
	}
	if asked != 3 {
		t.Errorf("%d questions of README were asked, want 3", asked)
	}
}

// The example holds the defaults, and by default nobody is let in: whoever starts it
// unread is told what to decide.
func TestTheManualsExampleWantsADecision(t *testing.T) {
	t.Parallel()
	if got := command(t, "check", "config", exampleFile); got.code != 1 || !strings.Contains(got.stderr, "broker.passwords_file") {
		t.Errorf("the example as it stands: exit status %d, %q; want it to say that nobody could connect", got.code, got.stderr)
	}
}

// codeLines returns the lines of the blocks of code of a page, without comments
// and continued lines joined.
func codeLines(t *testing.T, page string) (lines []string) {
	t.Helper()
	fenced, shell := false, false
	before := ""
	for line := range strings.Lines(text(t, page)) {
		line = strings.TrimRight(line, "\n")
		if language, ok := strings.CutPrefix(line, "```"); ok {
			fenced, shell = !fenced, language == "sh"
			continue
		}
		indented, ok := strings.CutPrefix(line, "    ")
		if fenced {
			indented, ok = line, shell
		}
		if !ok {
			continue
		}
		if i := strings.Index(indented, "  # "); i >= 0 {
			indented = indented[:i]
		}
		indented = before + strings.TrimSpace(strings.Split(indented, " # ")[0])
		if before = ""; strings.HasSuffix(indented, `\`) {
			before = strings.TrimSuffix(indented, `\`)
			continue
		}
		lines = append(lines, indented)
	}
	return lines
}

// inlineCode returns what stands between backquotes.
func inlineCode(t *testing.T, page string) (list []string) {
	t.Helper()
	for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(text(t, page), -1) {
		list = append(list, m[1])
	}
	return list
}

// ourCommand returns the arguments of a command line of phusong, with files in
// place of placeholders.
func ourCommand(line string) (args []string, ok bool) {
	for _, name := range []string{"phusong ", "./bin/phusong "} {
		if rest, found := strings.CutPrefix(line, name); found {
			return strings.Fields(strings.NewReplacer("FILE…", "a.txt b.txt", "FILE", "phusong.yml").Replace(rest)), true
		}
	}
	return nil, false
}

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(fmt.Errorf("reading the manual: %w", err))
	}
	return string(content)
}
