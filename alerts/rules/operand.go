package rules

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/prometheus/common/model"
)

// An operand is a part of an expression, checked and compiled. num is set for all
// types but Text, which has text.
type operand struct {
	typ  Type
	unit string // "" when none is known, as of a literal
	num  func(*Frame) float64
	text func(*Frame) string

	fact    *Fact // of a plain fact, with where it is
	scope   Scope
	slot    Slot
	literal bool
	value   float64 // of a literal
	string  string
	age     bool // num is the instant of age(instant), to be compared
}

func literal(typ Type, value float64) operand {
	return operand{typ: typ, literal: true, value: value, num: func(*Frame) float64 { return value }}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// operand compiles any node.
func (c *compiler) operand(n ast.Node) (operand, error) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return literal(Number, float64(n.Value)), nil
	case *ast.FloatNode:
		return literal(Number, n.Value), nil
	case *ast.BoolNode:
		return literal(Bool, truth(n.Value)), nil
	case *ast.StringNode:
		return operand{typ: Text, literal: true, string: n.Value, text: func(*Frame) string { return n.Value }}, nil
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.BuiltinNode:
		return c.call(n, n.Name, n.Arguments)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return c.call(n, callee.Value, n.Arguments)
		}
	}
	return operand{}, faulty(n, "%s is not part of the language of rules: see docs/ALERTS.md for what is", describe(n))
}

// describe names what stands in the source, for people.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.NilNode:
		return "nil (use known(x) or ??)"
	case *ast.ArrayNode:
		return "a list outside of \"in [...]\""
	case *ast.ChainNode:
		return "?. (facts need none)"
	case *ast.VariableDeclaratorNode:
		return "let"
	case *ast.SequenceNode:
		return "a sequence of expressions"
	}
	return "this"
}

func (c *compiler) identifier(n *ast.IdentifierNode) (operand, error) {
	if n.Value == "firing" {
		return operand{typ: Bool, num: func(f *Frame) float64 { return f.firing }}, nil
	}
	for _, t := range AllTables() {
		for i := range t.facts {
			if _, short, _ := strings.Cut(t.facts[i].Name, "."); short == n.Value {
				return operand{}, faulty(n, "%s needs its group: do you mean %s?", n.Value, t.facts[i].Name)
			}
		}
	}
	return operand{}, faulty(n, "there is no %s: facts are written as group.name, such as wifi.clients", n.Value)
}

// member compiles a fact, which resolve has found.
func (c *compiler) member(n *ast.MemberNode) (operand, error) {
	name, _ := factName(n)
	scope, kind, _ := place(name)
	table := TableOf(scope, kind)
	slot := table.names[name]
	c.uses[scope].Add(slot)
	fact := &table.facts[slot]
	o := operand{typ: fact.Type, unit: fact.Unit, fact: fact, scope: scope, slot: slot}
	if fact.Type == Text {
		at := fact.text
		o.text = func(f *Frame) string {
			if v := f.Values[scope]; v != nil {
				return v.texts[at]
			}
			return ""
		}
		return o, nil
	}
	o.num = func(f *Frame) float64 {
		if v := f.Values[scope]; v != nil {
			return v.numbers[slot]
		}
		return unknown
	}
	return o, nil
}

func (c *compiler) unary(n *ast.UnaryNode) (operand, error) {
	o, err := c.plain(n.Node)
	if err != nil {
		return operand{}, err
	}
	switch n.Operator {
	case "not", "!":
		if o.typ != Bool {
			return operand{}, faulty(n.Node, "%s needs what is true or false, and this is a %s", n.Operator, o.typ)
		}
		return operand{typ: Bool, num: func(f *Frame) float64 { return 1 - o.num(f) }}, nil
	}
	if o.typ != Number && o.typ != Duration {
		return operand{}, faulty(n.Node, "%s needs a number, and this is a %s", n.Operator, o.typ)
	}
	if n.Operator == "+" {
		return o, nil
	}
	if o.literal {
		return literal(o.typ, -o.value), nil
	}
	return operand{typ: o.typ, unit: o.unit, num: func(f *Frame) float64 { return -o.num(f) }}, nil
}

// plain compiles a node that may not be age(x): age changes by itself, and only a
// comparison knows when that matters.
func (c *compiler) plain(n ast.Node) (operand, error) {
	o, err := c.operand(n)
	if err == nil && o.age {
		return operand{}, faulty(n, "age(x) can only be compared with a duration, as in age(zone.since) > duration(\"30d\")")
	}
	return o, err
}

// pair compiles two operands that must be of one type and unit.
func (c *compiler) pair(a, b ast.Node) (x, y operand, err error) {
	if x, err = c.plain(a); err != nil {
		return x, y, err
	}
	if y, err = c.plain(b); err != nil {
		return x, y, err
	}
	return x, y, alike(b, x, y)
}

func alike(at ast.Node, x, y operand) error {
	switch {
	case x.typ == Duration && y.typ == Number || x.typ == Number && y.typ == Duration:
		return faulty(at, "a duration is compared with a number: write it as duration(\"5m\")")
	case x.typ != y.typ:
		return faulty(at, "%s stands beside %s", article(x.typ), article(y.typ))
	case x.unit != "" && y.unit != "" && x.unit != y.unit:
		return faulty(at, "the units differ: %s and %s", unitName(x.unit), unitName(y.unit))
	}
	return nil
}

func article(t Type) string {
	if t == Bool {
		return "true or false"
	}
	if t == Instant {
		return "an instant"
	}
	return "a " + t.String()
}

func unitName(unit string) string {
	if unit == "1" {
		return "a plain number"
	}
	return unit
}

func (c *compiler) conditional(n *ast.ConditionalNode) (operand, error) {
	cond, err := c.plain(n.Cond)
	if err != nil {
		return operand{}, err
	}
	if cond.typ != Bool {
		return operand{}, faulty(n.Cond, "before ? stands what is true or false, and this is %s", article(cond.typ))
	}
	x, y, err := c.pair(n.Exp1, n.Exp2)
	if err != nil {
		return operand{}, err
	}
	o := operand{typ: x.typ, unit: firstUnit(x, y)}
	if x.typ == Text {
		o.text = func(f *Frame) string {
			switch b := cond.num(f); {
			case b != b:
				return ""
			case b == 0:
				return y.text(f)
			}
			return x.text(f)
		}
		return o, nil
	}
	o.num = func(f *Frame) float64 {
		switch b := cond.num(f); {
		case b != b:
			return unknown
		case b == 0:
			return y.num(f)
		}
		return x.num(f)
	}
	return o, nil
}

func firstUnit(x, y operand) string {
	if x.unit != "" {
		return x.unit
	}
	return y.unit
}

// call compiles a function.
func (c *compiler) call(n ast.Node, name string, args []ast.Node) (operand, error) {
	signature, ok := functionNamed(name)
	if !ok {
		return operand{}, faulty(n, "there is no function %s; there are %s", name, functionNames)
	}
	if len(args) < signature.least || len(args) > signature.most {
		return operand{}, faulty(n, "%s takes %s", name, signature.takes)
	}
	return signature.compile(c, n, name, args)
}

// A function of the language.
type function struct {
	least, most int
	takes       string
	compile     func(c *compiler, n ast.Node, name string, args []ast.Node) (operand, error)
}

// functionNames are those that functionNamed knows, for people.
const functionNames = "abs, age, ceil, duration, floor, known, max, min, round"

// functionNamed returns the function with the name.
func functionNamed(name string) (f function, ok bool) {
	const one, some = "one number", "two to eight numbers of one unit"
	switch name {
	case "known":
		f = function{1, 1, "one fact or expression", (*compiler).known}
	case "age":
		f = function{1, 1, "one instant, such as device.since", (*compiler).age}
	case "duration":
		f = function{1, 1, "a text such as \"90s\", \"1h30m\" or \"7d\"", (*compiler).duration}
	case "abs", "round", "floor", "ceil":
		f = function{1, 1, one, (*compiler).rounding}
	case "min", "max":
		f = function{2, 8, some, (*compiler).extreme}
	default:
		return f, false
	}
	return f, true
}

func (c *compiler) known(_ ast.Node, _ string, args []ast.Node) (operand, error) {
	o, err := c.plain(args[0])
	if err != nil {
		return operand{}, err
	}
	if o.typ == Text {
		return operand{typ: Bool, num: func(f *Frame) float64 { return truth(o.text(f) != "") }}, nil
	}
	return operand{typ: Bool, num: func(f *Frame) float64 { x := o.num(f); return truth(x == x) }}, nil
}

func (c *compiler) age(_ ast.Node, _ string, args []ast.Node) (operand, error) {
	o, err := c.plain(args[0])
	if err != nil {
		return operand{}, err
	}
	if o.typ != Instant {
		return operand{}, faulty(args[0], "age needs an instant, such as device.since, and this is %s", article(o.typ))
	}
	c.ages = true
	return operand{typ: Duration, unit: "s", age: true, num: o.num}, nil
}

func (c *compiler) duration(n ast.Node, _ string, args []ast.Node) (operand, error) {
	text, ok := args[0].(*ast.StringNode)
	if !ok {
		return operand{}, faulty(n, "duration takes a text in quotes, such as duration(\"90s\")")
	}
	d, err := model.ParseDuration(text.Value)
	if err != nil {
		return operand{}, faulty(args[0], "%q is not a duration such as 90s, 1h30m or 7d", text.Value)
	}
	return literal(Duration, float64(d)/1e9), nil
}
