package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// Bounds of a rule file.
const (
	maxFileBytes = 1 << 20
	maxRules     = 1000 // in a set
	maxLabel     = 128  // bytes
	maxDuration  = 366 * 24 * time.Hour
)

// A File is the text of a rule file.
type File struct {
	Name string
	Data []byte
}

// reader reads one file and collects what is wrong with it.
type reader struct {
	file   string
	source []string
	rules  []*Rule
	errs   []error
}

type labelPair struct{ name, value string }

// readFile returns the rules of a file and everything that is wrong with it.
func readFile(f File) ([]*Rule, []error) {
	r := &reader{file: f.Name, source: splitLines(f.Data)}
	if len(f.Data) > maxFileBytes {
		r.fail(nil, "the file has %d bytes, more than %d: split it", len(f.Data), maxFileBytes)
		return nil, r.errs
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(f.Data)))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		r.syntax(err)
		return nil, r.errs
	}
	if decoder.Decode(&second) == nil {
		r.fail(&second, "there is a second document after a line ---; put everything into one")
		return nil, r.errs
	}
	r.top(document.Content[0])
	return r.rules, r.errs
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// syntax notes what the YAML parser says, with its line.
func (r *reader) syntax(err error) {
	e := &FileError{File: r.file, Message: "the file is empty: it needs groups"}
	if parts := yamlLine.FindStringSubmatch(err.Error()); parts != nil {
		e.Line, _ = strconv.Atoi(parts[1])
		e.Message = parts[2]
	}
	r.errs = append(r.errs, e)
}

// fail notes a fault at the beginning of a node.
func (r *reader) fail(n *yaml.Node, format string, args ...any) {
	e := &FileError{File: r.file, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	r.errs = append(r.errs, e)
}

// failAt notes a fault within a scalar.
func (r *reader) failAt(n *yaml.Node, offset int, message string) {
	line, column := locate(r.source, n, offset)
	r.errs = append(r.errs, &FileError{File: r.file, Line: line, Column: column, Message: message})
}

// mapping calls do for each key, which must be one of keys and be there once.
func (r *reader) mapping(n *yaml.Node, what string, keys []string, do func(key string, value *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "%s should have keys: %s", what, strings.Join(keys, ", "))
		return false
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case len(keys) > 0 && !slices.Contains(keys, key.Value):
			r.fail(key, "there is no key %q in %s; there are %s", key.Value, what, strings.Join(keys, ", "))
		case seen[key.Value]:
			r.fail(key, "the key %q is there twice", key.Value)
		case value.Kind == yaml.AliasNode || value.Anchor != "" || key.Kind != yaml.ScalarNode:
			r.fail(value, "anchors and aliases are not allowed: write it out")
		default:
			seen[key.Value] = true
			do(key.Value, value)
		}
	}
	return true
}

// scalar returns a text that is not empty; a fault otherwise.
func (r *reader) scalar(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" {
		r.fail(n, "%s should be a text", what)
		return ""
	}
	return n.Value
}

func (r *reader) sequence(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "%s should be a list, each entry with a dash", what)
		return nil
	}
	return n.Content
}

func (r *reader) top(n *yaml.Node) {
	found := false
	r.mapping(n, "a rule file", []string{"groups"}, func(_ string, value *yaml.Node) {
		found = true
		names := make(map[string]bool)
		for _, group := range r.sequence(value, "groups") {
			r.group(group, names)
		}
	})
	if !found && len(r.errs) == 0 {
		r.fail(n, "a rule file needs the key groups")
	}
}

func (r *reader) group(n *yaml.Node, names map[string]bool) {
	name := ""
	var rules []*yaml.Node
	ok := r.mapping(n, "a group", []string{"name", "rules"}, func(key string, value *yaml.Node) {
		switch key {
		case "name":
			name = r.scalar(value, "the name of the group")
		case "rules":
			rules = r.sequence(value, "rules")
		}
	})
	switch {
	case !ok:
		return
	case name == "":
		r.fail(n, "the group needs a name")
	case names[name]:
		r.fail(n, "the file has two groups of the name %q", name)
	}
	names[name] = true
	for _, rule := range rules {
		r.rule(rule, name)
	}
}

// ruleKeys are the keys of a rule, in the order in which they are usually written.
var ruleKeys = []string{"alert", "scope", "expr", "for", "keep_firing_for", "keep_unknown_for", "labels", "annotations"}

func (r *reader) rule(n *yaml.Node, group string) {
	rule := &Rule{File: r.file, Line: n.Line, Group: group}
	var expr, annotations *yaml.Node
	var scope *Scope
	var labels []labelPair
	before := len(r.errs)
	if !r.mapping(n, "a rule", ruleKeys, func(key string, value *yaml.Node) {
		switch key {
		case "alert":
			rule.Alert = r.alert(value)
		case "scope":
			if s, err := ParseScope(r.scalar(value, "scope")); err == nil {
				scope = &s
			} else {
				r.fail(value, "%v", err)
			}
		case "expr":
			expr = value
		case "for":
			rule.For = r.duration(value, key)
		case "keep_firing_for":
			rule.KeepFiring = r.duration(value, key)
		case "keep_unknown_for":
			rule.KeepUnknown = r.duration(value, key)
		case "labels":
			labels = r.labels(value)
		case "annotations":
			annotations = value
		}
	}) {
		return
	}
	for key, missing := range map[string]bool{"alert": rule.Alert == "", "expr": expr == nil, "annotations": annotations == nil} {
		if missing && len(r.errs) == before {
			r.fail(n, "the rule needs the key %s", key)
		}
	}
	if len(r.errs) > before {
		return
	}
	r.finish(n, rule, scope, expr, labels, annotations)
}

// finish compiles what the keys said.
func (r *reader) finish(n *yaml.Node, rule *Rule, scope *Scope, expr *yaml.Node, labels []labelPair, annotations *yaml.Node) {
	before := len(r.errs)
	rule.Labels = make(map[string]string, len(labels))
	for _, l := range labels {
		rule.Labels[l.name] = l.value
	}
	rule.Severity = rule.Labels["severity"]
	if !slices.Contains(severities, rule.Severity) {
		r.fail(n, "the rule needs the label severity: %s", strings.Join(severities, ", "))
	}
	rule.Expr = r.scalar(expr, "expr")
	compiled, err := compileExpression(rule.Expr, scope)
	if err != nil {
		at := 0
		if e, ok := errors.AsType[*exprError](err); ok {
			at = e.at
		}
		if len(r.errs) == before || rule.Expr != "" {
			r.failAt(expr, at, err.Error())
		}
		return
	}
	rule.expr, rule.Scope, rule.Kind = compiled, compiled.scope, compiled.kind
	rule.id = identity(rule.Alert, rule.Scope, labels)
	r.annotations(annotations, rule)
	if len(r.errs) == before {
		r.rules = append(r.rules, rule)
	}
}

// severities are those that routes know.
var severities = []string{"info", "warning", "critical"}

var alertName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,99}$`)

func (r *reader) alert(n *yaml.Node) string {
	name := r.scalar(n, "alert")
	if name != "" && !alertName.MatchString(name) {
		r.fail(n, "the alert's name %q should be of letters, digits and _, at most 100", name)
	}
	return name
}

func (r *reader) duration(n *yaml.Node, key string) time.Duration {
	d, err := model.ParseDuration(r.scalar(n, key))
	if err != nil || time.Duration(d) > maxDuration {
		r.fail(n, "%s should be a duration such as 90s, 5m or 1h30m, at most 366d", key)
	}
	return time.Duration(d)
}

// given are the labels that the engine gives; a file that set them would name the
// wrong subject.
var given = []string{"alertname", "area", "site", "device", "kind", "operator", "zone", "scope", "incident"}

// labels reads them in the order of their names.
func (r *reader) labels(n *yaml.Node) []labelPair {
	var pairs []labelPair
	r.mapping(n, "labels", nil, func(name string, value *yaml.Node) {
		text := r.scalar(value, "the label "+name)
		switch {
		case !alertName.MatchString(name):
			r.fail(value, "%q is not a label's name: use letters, digits and _", name)
		case slices.Contains(given, name):
			r.fail(value, "the label %s comes from the subject; the file cannot set it", name)
		case len(text) > maxLabel:
			r.fail(value, "the label %s has %d bytes, more than %d", name, len(text), maxLabel)
		case strings.Contains(text, "{{"):
			r.fail(value, "labels identify an alert and never change: put the template into an annotation")
		case text != "":
			pairs = append(pairs, labelPair{name, text})
		}
	})
	slices.SortFunc(pairs, func(a, b labelPair) int { return strings.Compare(a.name, b.name) })
	return pairs
}
