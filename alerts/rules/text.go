package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"phusong/telemetry"
)

// A Language is one in which people are told.
type Language uint8

// The languages.
const (
	Vietnamese Language = iota
	English
	languages
)

var languageNames = [languages]string{"vi", "en"}

// String returns the code of the language.
func (l Language) String() string { return languageNames[l] }

// Languages returns every language, the one for people first.
func Languages() []Language { return []Language{Vietnamese, English} }

// A Message is what a rule says of one alert in one language.
type Message struct {
	Summary     string // one line: what and where
	Description string // the evidence
	NextStep    string // what field staff do now
}

// The parts of a Message, as keys of a rule's annotations.
const (
	summary = iota
	description
	nextStep
	messageParts
)

var partNames = [messageParts]string{"summary", "description", "next_step"}

// texts are the compiled templates of a rule; nil for a part that it has not.
type texts [languages][messageParts]*template.Template

// maxText bounds what a template may write, in bytes.
const maxText = 4096

var runbookName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// annotations reads and tries the texts of a rule.
func (r *reader) annotations(n *yaml.Node, rule *Rule) {
	keys := append(slices.Clone(partNames[:]), "runbook")
	r.mapping(n, "annotations", keys, func(key string, value *yaml.Node) {
		if key == "runbook" {
			rule.Runbook = r.scalar(value, key)
			if rule.Runbook != "" && !runbookName.MatchString(rule.Runbook) {
				r.fail(value, "the runbook %q should be the name of a page, such as wifi-slow", rule.Runbook)
			}
			return
		}
		part := slices.Index(partNames[:], key)
		if value.Kind == yaml.ScalarNode {
			for lang := range languages {
				rule.texts[lang][part] = r.template(value, rule, key)
			}
			return
		}
		r.mapping(value, key, languageNames[:], func(code string, text *yaml.Node) {
			rule.texts[slices.Index(languageNames[:], code)][part] = r.template(text, rule, key+"."+code)
		})
		for lang := range languages {
			if rule.texts[lang][part] == nil && len(r.errs) == 0 {
				r.fail(value, "%s has no text in %s", key, languageNames[lang])
			}
		}
	})
	if rule.texts[Vietnamese][summary] == nil && len(r.errs) == 0 {
		r.fail(n, "the rule needs the annotation summary")
	}
}

var templateError = regexp.MustCompile(`^template: [^:]*:(\d+)(?::(\d+))?: (?:executing "[^"]*" at )?(.*)`)

// template parses a text, checks what it names, and tries it with facts that are known
// and with facts that are not. A template without {{ is fine.
func (r *reader) template(n *yaml.Node, rule *Rule, what string) *template.Template {
	text := r.scalar(n, what)
	if text == "" {
		return nil
	}
	t, err := template.New(what).Option("missingkey=error").Parse(text)
	if err != nil {
		r.templateFault(n, text, err)
		return nil
	}
	if len(t.Templates()) > 1 {
		r.fail(n, "a text cannot define templates")
		return nil
	}
	if err := checkTree(t.Root, rule); err != nil {
		r.templateFault(n, text, err)
		return nil
	}
	for _, sample := range samples(rule) {
		if _, err := execute(t, newData(rule, Vietnamese, sample)); err != nil {
			r.templateFault(n, text, err)
			return nil
		}
	}
	return t
}

// templateFault notes an error of a template at its place in the file.
func (r *reader) templateFault(n *yaml.Node, text string, err error) {
	offset, message := 0, err.Error()
	if e, ok := errors.AsType[*exprError](err); ok {
		offset = utf8.RuneCountInString(text[:min(e.at, len(text))])
	} else if parts := templateError.FindStringSubmatch(message); parts != nil {
		message = parts[3]
		line, _ := strconv.Atoi(parts[1])
		column, _ := strconv.Atoi(parts[2])
		lines := strings.SplitAfter(text, "\n")
		before := strings.Join(lines[:min(max(line-1, 0), len(lines))], "")
		offset = utf8.RuneCountInString(before) + column
	}
	r.failAt(n, offset, "in the template: "+message)
}

// checkTree refuses what might not end, and names that are not there in branches that
// the samples do not reach.
func checkTree(n parse.Node, rule *Rule) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, child := range n.Nodes {
			if err := checkTree(child, rule); err != nil {
				return err
			}
		}
	case *parse.ActionNode:
		return checkPipe(n.Pipe, rule)
	case *parse.IfNode:
		return checkBranch(&n.BranchNode, rule)
	case *parse.WithNode:
		return checkBranch(&n.BranchNode, rule)
	case *parse.RangeNode:
		if field, ok := soleField(n.Pipe); !ok || field != "Items" {
			return &exprError{at: int(n.Pos), message: "range goes over .Items only"}
		}
		return checkBranch(&n.BranchNode, rule)
	case *parse.TemplateNode:
		return &exprError{at: int(n.Pos), message: "a text cannot call templates"}
	}
	return nil
}

func checkBranch(n *parse.BranchNode, rule *Rule) error {
	if err := checkPipe(n.Pipe, rule); err != nil {
		return err
	}
	if err := checkTree(n.List, rule); err != nil {
		return err
	}
	return checkTree(n.ElseList, rule)
}

// soleField returns the name of the field that a pipeline consists of.
func soleField(p *parse.PipeNode) (string, bool) {
	if len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return "", false
	}
	field, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok || len(field.Ident) != 1 {
		return "", false
	}
	return field.Ident[0], true
}

func checkPipe(p *parse.PipeNode, rule *Rule) error {
	for _, command := range p.Cmds {
		for i, arg := range command.Args {
			if nested, ok := arg.(*parse.PipeNode); ok {
				if err := checkPipe(nested, rule); err != nil {
					return err
				}
			}
			text, ok := arg.(*parse.StringNode)
			if !ok || i != 1 {
				continue
			}
			field, ok := command.Args[0].(*parse.FieldNode)
			if !ok || field.Ident[0] != "Value" && field.Ident[0] != "Known" {
				continue
			}
			if err := visible(text.Text, rule); err != nil {
				return &exprError{at: int(text.Pos), message: err.Error()}
			}
		}
	}
	return nil
}

// visible refuses a fact that no subject of the rule has.
func visible(name string, rule *Rule) error {
	scope, kind, ok := place(name)
	switch {
	case !ok:
		return fmt.Errorf("there is no fact %q%s", name, proposal(name))
	case !slices.Contains(rule.Scope.Sees(), scope):
		return fmt.Errorf("a rule of scope %s cannot use %s, which is of scope %s", rule.Scope, name, scope)
	case kind != 0 && kind != rule.Kind:
		return fmt.Errorf("%s is of a %s device, which this rule is not only about", name, kind)
	}
	return nil
}

// Message writes what the rule says of the subject in the language. A template that
// fails leaves its part with a plain sentence, and the error names it: the alert goes
// out all the same.
func (r *Rule) Message(lang Language, s *Subject) (Message, error) {
	data := newData(r, lang, s)
	var parts [messageParts]string
	var errs []error
	for i, t := range r.texts[lang] {
		if t == nil {
			continue
		}
		text, err := execute(t, data)
		if err != nil {
			errs = append(errs, fmt.Errorf("rule %s, %s.%s: %w", r.Alert, partNames[i], lang, err))
			text = fallback(r, lang, i, data)
		}
		parts[i] = text
	}
	return Message{Summary: parts[summary], Description: parts[description], NextStep: parts[nextStep]}, errors.Join(errs...)
}

// fallback is what is said when a template fails.
func fallback(r *Rule, lang Language, part int, data *data) string {
	if part == summary {
		return r.Alert + ": " + data.Name()
	}
	return [languages]string{"(lỗi mẫu nội dung của quy tắc)", "(the rule's text template failed)"}[lang]
}

// execute runs a template; what it writes is bounded and one line's spaces are one.
func execute(t *template.Template, d *data) (string, error) {
	var b bounded
	if err := t.Execute(&b, d); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// bounded is a buffer that refuses to grow without end.
type bounded struct{ strings.Builder }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxText {
		return 0, fmt.Errorf("the text is longer than %d bytes", maxText)
	}
	return b.Builder.Write(p)
}

// samples are subjects to try templates with: everything known, and nothing.
func samples(rule *Rule) []*Subject {
	known, unknownFacts := &Frame{}, &Frame{}
	for _, scope := range rule.Scope.Sees() {
		kind := rule.Kind
		if scope != ScopeDevice {
			kind = telemetry.Kind(0)
		}
		table := TableOf(scope, kind)
		unknownFacts.Values[scope] = table.NewValues()
		v := table.NewValues()
		for i := range table.facts {
			switch fact := &table.facts[i]; {
			case fact.Type != Text:
				v.SetNumber(Slot(i), 1)
			case len(fact.Values) > 0:
				v.SetText(Slot(i), fact.Values[0])
			default:
				v.SetText(Slot(i), "sample")
			}
		}
		known.Values[scope] = v
	}
	return []*Subject{
		{Device: "ap-1", Site: "Trường học", Area: "Xã", Operator: "Viettel", Zone: "z1", At: telemetry.Point{Lat: 11, Lon: 106}, Count: 2, Items: []string{"a", "b"}, Frame: known},
		{Frame: unknownFacts},
	}
}
