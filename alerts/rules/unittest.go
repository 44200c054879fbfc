package rules

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// A testFile is a file of unit tests, as promtool test rules takes it. Series are
// facts; their labels name the subject.
type testFile struct {
	RuleFiles          []string       `yaml:"rule_files"`
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	GroupEvalOrder     []string       `yaml:"group_eval_order"` // rules do not see one another here
	FuzzyCompare       bool           `yaml:"fuzzy_compare"`    // nothing compares numbers here
	Tests              []testGroup    `yaml:"tests"`
}

type testGroup struct {
	Name     string         `yaml:"name"`
	Interval model.Duration `yaml:"interval"`
	Series   []struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	} `yaml:"input_series"`
	Alerts []alertTest `yaml:"alert_rule_test"`
}

type alertTest struct {
	EvalTime model.Duration  `yaml:"eval_time"`
	Alert    string          `yaml:"alertname"`
	Expected []expectedAlert `yaml:"exp_alerts"`
}

type expectedAlert struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

// maxSteps bounds how long a test may run, in evaluations.
const maxSteps = 100_000

// TestFile runs the unit tests of a file and writes a report as promtool does. The
// rule files it names are sought from its folder. It reports whether all tests
// passed; an error means that nothing could be written.
func TestFile(w io.Writer, name string) (passed bool, err error) {
	failures, err := runTestFile(name)
	if err != nil {
		failures = []string{indent(err.Error(), "    ")}
	}
	report := fmt.Sprintf("Unit Testing:  %s\n", name)
	if len(failures) == 0 {
		report += "  SUCCESS\n\n"
	} else {
		report += "  FAILED:\n" + strings.Join(failures, "\n") + "\n\n"
	}
	_, err = io.WriteString(w, report)
	return len(failures) == 0, err
}

// runTestFile returns a text for each test that failed.
func runTestFile(name string) ([]string, error) {
	file, err := readTestFile(name)
	if err != nil {
		return nil, err
	}
	var patterns []string
	for _, pattern := range file.RuleFiles {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(filepath.Dir(name), pattern)
		}
		patterns = append(patterns, pattern)
	}
	if len(patterns) == 0 {
		return nil, errors.New("the file names no rule_files")
	}
	set, err := Load(patterns...)
	if err != nil {
		return nil, err
	}
	var failures []string
	for i := range file.Tests {
		group := &file.Tests[i]
		title := group.Name
		if title == "" {
			title = fmt.Sprintf("test %d", i+1)
		}
		failed, err := group.run(set, time.Duration(file.EvaluationInterval))
		if err != nil {
			failed = []string{indent(err.Error(), "        ")}
		}
		if len(failed) > 0 {
			failures = append(failures, "    name: "+title+",\n"+strings.Join(failed, "\n"))
		}
	}
	return failures, nil
}

func readTestFile(name string) (*testFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // it was only read
	decoder := yaml.NewDecoder(io.LimitReader(f, maxFileBytes))
	decoder.KnownFields(true)
	file := &testFile{EvaluationInterval: model.Duration(time.Minute)}
	if err := decoder.Decode(file); err != nil {
		return nil, fmt.Errorf("%s: %s", name, plainError(err))
	}
	if file.EvaluationInterval <= 0 {
		return nil, fmt.Errorf("%s: evaluation_interval must be more than 0", name)
	}
	return file, nil
}

var unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)

// plainError says in words of the file what the decoder says in Go's.
func plainError(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	return unknownKey.ReplaceAllString(text, `there is no key "$1" in tests of rules, see docs/ALERTS.md`)
}

// run plays one group of tests and returns what was not as expected.
func (g *testGroup) run(set *Set, step time.Duration) ([]string, error) {
	if g.Interval <= 0 {
		g.Interval = model.Duration(step)
	}
	if len(g.Alerts) == 0 {
		return nil, errors.New("it expects nothing: add alert_rule_test")
	}
	var all []series
	for _, text := range g.Series {
		s, err := parseSeries(text.Series, text.Values)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	var instants []time.Duration
	names := make(map[string]bool)
	for _, rule := range set.rules {
		names[rule.Alert] = true
	}
	for _, a := range g.Alerts {
		if !names[a.Alert] {
			return nil, fmt.Errorf("there is no alert %q in the rule files", a.Alert)
		}
		instants = append(instants, time.Duration(a.EvalTime))
	}
	slices.Sort(instants)
	instants = slices.Compact(instants)
	if slices.Max(instants)/min(step, time.Duration(g.Interval)) > maxSteps {
		return nil, fmt.Errorf("it needs more than %d evaluations: use a longer interval", maxSteps)
	}
	t, err := newTrial(set, time.Duration(g.Interval), all)
	if err != nil {
		return nil, err
	}
	var failures []string
	t.run(step, instants, func(now time.Duration) {
		for i := range g.Alerts {
			if time.Duration(g.Alerts[i].EvalTime) == now {
				if failure := g.Alerts[i].compare(t.firing(g.Alerts[i].Alert)); failure != "" {
					failures = append(failures, failure)
				}
			}
		}
	})
	for _, fault := range t.faults {
		failures = append(failures, "        fault of the rule "+fault)
	}
	return slices.Compact(failures), nil
}

// compare returns "" when exactly the expected alerts fire. Labels are compared in
// full; of the annotations those that the test names.
func (a *alertTest) compare(got []trialAlert) string {
	var want []trialAlert
	for _, e := range a.Expected {
		want = append(want, trialAlert{labels: e.Labels, annotations: e.Annotations})
	}
	sortAlerts(want)
	same := len(want) == len(got)
	for i := 0; same && i < len(want); i++ {
		same = maps.Equal(want[i].labels, got[i].labels)
		for key, text := range want[i].annotations {
			same = same && strings.TrimSpace(got[i].annotations[key]) == strings.TrimSpace(text)
		}
	}
	if same {
		return ""
	}
	// Of the annotations that were got, those are of interest that some test names.
	named := make(map[string]bool)
	for i := range want {
		for key := range want[i].annotations {
			named[key] = true
		}
	}
	for i := range got {
		maps.DeleteFunc(got[i].annotations, func(key, _ string) bool { return !named[key] && key != "error" })
	}
	return fmt.Sprintf("        alertname: %s, time: %v, \n            exp:%s, \n            got:%s",
		a.Alert, a.EvalTime, listAlerts(a.Alert, want), listAlerts(a.Alert, got))
}

func listAlerts(name string, alerts []trialAlert) string {
	if len(alerts) == 0 {
		return "[]"
	}
	var b strings.Builder
	b.WriteString("[")
	for i, alert := range alerts {
		labels := maps.Clone(alert.labels)
		if labels == nil {
			labels = make(map[string]string)
		}
		labels["alertname"] = name
		fmt.Fprintf(&b, "\n                %d:\n                  Labels:%s\n                  Annotations:%s", i, labelString(labels), labelString(alert.annotations))
	}
	b.WriteString("\n                ]")
	return b.String()
}

func indent(text, by string) string { return by + strings.ReplaceAll(text, "\n", "\n"+by) }
