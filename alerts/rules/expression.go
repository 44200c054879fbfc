package rules

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"phusong/telemetry"
)

// Bounds of an expression. What is longer is no rule that anybody could check.
const (
	maxExpression = 4096 // bytes
	maxNodes      = 400
)

// A Fault says why an answer is unknown though the facts are known.
type Fault uint8

// The faults.
const (
	NoFault        Fault = iota
	DivisionByZero       // a division by zero
	NotANumber           // a result beyond what a number can hold
)

var faultNames = [...]string{"none", "division_by_zero", "not_a_number"}

// String returns the name for labels.
func (f Fault) String() string { return faultNames[f] }

// A Frame is what a rule is asked about: the subject's values and those of what it
// belongs to, by scope; nil where there is none, of which nothing is known.
type Frame struct {
	Values [Scopes]*Values
	// Now is the event time in seconds since 1970, for age(x).
	Now float64

	// Set by Eval: when to ask again because age(x) will have passed a limit, in seconds
	// since 1970; 0 for never.
	Recheck float64

	firing float64
	fault  Fault
}

// An expression is compiled: numbers and truths as float64, not a number for unknown.
type expression struct {
	eval  func(*Frame) float64
	scope Scope
	kind  telemetry.Kind
	uses  [Scopes]Mask
	ages  bool // age(x) is used
}

// exprError is a fault of an expression at an offset in characters.
type exprError struct {
	at      int
	message string
}

func (e *exprError) Error() string { return e.message }

func faulty(n ast.Node, format string, args ...any) error {
	return &exprError{at: start(n), message: fmt.Sprintf(format, args...)}
}

// start returns where a node begins; the parser notes where its operator is.
func start(n ast.Node) int {
	at := n.Location().From
	switch n := n.(type) {
	case *ast.MemberNode:
		return min(at, start(n.Node))
	case *ast.BinaryNode:
		return min(at, start(n.Left))
	case *ast.ConditionalNode:
		return start(n.Cond)
	}
	return at
}

// compileExpression parses and checks text for a rule of the scope, or of the scope
// that its facts imply when scope is nil.
func compileExpression(text string, scope *Scope) (*expression, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return nil, &exprError{message: "the expression is empty"}
	case len(text) > maxExpression:
		return nil, &exprError{message: fmt.Sprintf("the expression has %d bytes, more than %d: split the rule", len(text), maxExpression)}
	}
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		if e, ok := err.(*file.Error); ok { //nolint:errorlint // Parse returns it as it is
			return nil, &exprError{at: e.From, message: e.Message}
		}
		return nil, err
	}
	c := &compiler{}
	if err := c.resolve(tree.Node, scope); err != nil {
		return nil, err
	}
	o, err := c.operand(tree.Node)
	if err != nil {
		return nil, err
	}
	if o.typ != Bool {
		return nil, faulty(tree.Node, "the expression must be true or false, and this is a %s", o.typ)
	}
	if scope == nil && c.uses == [Scopes]Mask{} {
		return nil, faulty(tree.Node, "the expression uses no fact; give the rule a scope and say what is judged")
	}
	return &expression{eval: o.num, scope: c.scope, kind: c.kind, uses: c.uses, ages: c.ages}, nil
}

// ask evaluates the expression.
func (e *expression) ask(f *Frame, firing bool) (Truth, Fault) {
	f.fault, f.Recheck, f.firing = NoFault, 0, 0
	if firing {
		f.firing = 1
	}
	if v := f.Values[ScopeDevice]; e.kind != 0 && (v == nil || v.table.kind != e.kind) {
		return Unknown, NoFault
	}
	switch x := e.eval(f); {
	case x != x:
		return Unknown, f.fault
	case x == 0:
		return False, f.fault
	}
	return True, f.fault
}

// compiler turns a syntax tree into closures, checking it on the way.
type compiler struct {
	scope Scope
	kind  telemetry.Kind
	uses  [Scopes]Mask
	ages  bool
}

// resolve finds the facts used, the kind of device they need, and the scope.
func (c *compiler) resolve(root ast.Node, given *Scope) error {
	finder := &factFinder{}
	ast.Walk(&root, finder)
	var used [Scopes]bool
	for _, m := range finder.members {
		name, ok := factName(m)
		if !ok {
			return faulty(m, "a fact is written as group.name, such as wifi.clients")
		}
		scope, kind, ok := place(name)
		if !ok {
			return faulty(m, "there is no fact %q%s", name, proposal(name))
		}
		used[scope] = true
		switch {
		case kind == 0 || kind == c.kind:
		case c.kind == 0:
			c.kind = kind
		default:
			return faulty(m, "%s is of a %s device, and the rule uses facts of a %s device: no device is both", name, kind, c.kind)
		}
	}
	switch {
	case given != nil:
		c.scope = *given
	case len(finder.members) > 0:
		c.scope = infer(used)
	}
	for _, m := range finder.members {
		name, _ := factName(m)
		if scope, _, _ := place(name); !slices.Contains(c.scope.Sees(), scope) {
			return faulty(m, "a rule of scope %s cannot use %s, which is of scope %s", c.scope, name, scope)
		}
	}
	return nil
}

// infer takes the scope of the facts used that sees all the others, if one does.
func infer(used [Scopes]bool) Scope {
	for _, scope := range []Scope{ScopeDevice, ScopeZone, ScopeOperator, ScopeSite, ScopeArea} {
		if used[scope] {
			return scope
		}
	}
	return ScopeService
}

// factFinder collects the facts that a tree names.
type factFinder struct{ members []*ast.MemberNode }

// Visit implements ast.Visitor.
func (f *factFinder) Visit(node *ast.Node) {
	if m, ok := (*node).(*ast.MemberNode); ok {
		f.members = append(f.members, m)
	}
}

func factName(m *ast.MemberNode) (string, bool) {
	group, ok := m.Node.(*ast.IdentifierNode)
	name, named := m.Property.(*ast.StringNode)
	if !ok || !named || m.Optional {
		return "", false
	}
	return group.Value + "." + name.Value, true
}

// place returns the scope of a fact, and the kind of device if only that has it.
func place(name string) (Scope, telemetry.Kind, bool) {
	for scope := range Scopes {
		if _, ok := tables[scope].names[name]; ok {
			return scope, 0, true
		}
	}
	for _, kind := range telemetry.DeviceKinds() {
		if _, ok := deviceTables[kind].names[name]; ok {
			return ScopeDevice, kind, true
		}
	}
	return 0, 0, false
}

// AllTables returns every table, those of device kinds after that of all devices.
func AllTables() []*Table {
	all := []*Table{tables[ScopeDevice]}
	for _, kind := range telemetry.DeviceKinds() {
		all = append(all, deviceTables[kind])
	}
	return append(all, tables[ScopeDevice+1:]...)
}

// proposal returns " ; do you mean …?" with the most similar name, if one is similar.
func proposal(name string) string {
	best, distance := "", 4
	for _, t := range AllTables() {
		for i := range t.facts {
			if d := editDistance(name, t.facts[i].Name); d < distance {
				best, distance = t.facts[i].Name, d
			}
		}
	}
	if best == "" {
		return "; see the list of facts in docs/ALERTS.md"
	}
	return fmt.Sprintf("; do you mean %s?", best)
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// finite makes a result unknown that is no number any more, and says so.
func (f *Frame) finite(x float64) float64 {
	if math.IsInf(x, 0) {
		f.fault = NotANumber
		return unknown
	}
	return x
}
