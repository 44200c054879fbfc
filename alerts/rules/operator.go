package rules

import (
	"math"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// binary compiles an operator with two operands.
func (c *compiler) binary(n *ast.BinaryNode) (operand, error) {
	switch n.Operator {
	case "and", "&&", "or", "||":
		return c.logical(n)
	case "==", "!=", "<", "<=", ">", ">=":
		return c.comparison(n)
	case "+", "-":
		return c.sum(n)
	case "*", "/":
		return c.product(n)
	case "in":
		return c.in(n)
	case "contains", "startsWith", "endsWith":
		return c.search(n)
	case "??":
		return c.coalesce(n)
	}
	return operand{}, faulty(n.Right, "the operator %s is not part of the language of rules", n.Operator)
}

// logical: false decides "and" and true decides "or", whatever the other side is.
func (c *compiler) logical(n *ast.BinaryNode) (operand, error) {
	x, y, err := c.pair(n.Left, n.Right)
	if err != nil {
		return operand{}, err
	}
	if x.typ != Bool {
		return operand{}, faulty(n.Left, "%s stands between what is true or false, and this is %s", n.Operator, article(x.typ))
	}
	decides := truth(n.Operator == "or" || n.Operator == "||")
	a, b := x.num, y.num
	return operand{typ: Bool, num: func(f *Frame) float64 {
		left := a(f)
		if left == decides {
			return decides
		}
		right := b(f)
		if right == decides || left == left {
			return right
		}
		return left // unknown
	}}, nil
}

func (c *compiler) comparison(n *ast.BinaryNode) (operand, error) {
	x, err := c.operand(n.Left)
	if err != nil {
		return operand{}, err
	}
	y, err := c.operand(n.Right)
	if err != nil {
		return operand{}, err
	}
	ordered := n.Operator != "==" && n.Operator != "!="
	switch {
	case x.age || y.age:
		return compareAge(n, x, y)
	case alike(n.Right, x, y) != nil:
		return operand{}, alike(n.Right, x, y)
	case ordered && (x.typ == Bool || x.typ == Text):
		return operand{}, faulty(n, "%s cannot be ordered: use == or !=", article(x.typ))
	}
	if err := possible(n, x, y); err != nil {
		return operand{}, err
	}
	if x.typ == Text {
		return compareTexts(n.Operator, x, y), nil
	}
	return operand{typ: Bool, num: compareNumbers(n.Operator, x, y)}, nil
}

// possible refuses a comparison that no value of the fact could ever meet, which is a
// slip of the pen: 5 for 5 %, or a state that does not exist.
func possible(n *ast.BinaryNode, x, y operand) error {
	at := n.Right
	if x.literal {
		x, y, at = y, x, n.Left
	}
	if x.fact == nil || !y.literal {
		return nil
	}
	if x.typ == Text {
		return oneOf(at, x.fact, y.string)
	}
	low, high := math.Inf(-1), math.Inf(1)
	switch {
	case x.fact.Share:
		low, high = 0, 1
	case x.fact.field != nil && x.typ == Number:
		low, high = x.fact.field.Min, x.fact.field.Max
	}
	if y.value < low || y.value > high {
		return faulty(at, "%s is never %v: it goes from %v to %v", x.fact.Name, y.value, low, high)
	}
	return nil
}

func oneOf(at ast.Node, fact *Fact, text string) error {
	if len(fact.Values) > 0 && !slices.Contains(fact.Values, text) {
		return faulty(at, "%s is never %q; it is one of %s", fact.Name, text, strings.Join(fact.Values, ", "))
	}
	return nil
}

// compareNumbers returns unknown when a side is. The commonest form, a fact and a
// literal, has closures of its own that call nothing.
func compareNumbers(operator string, x, y operand) func(*Frame) float64 {
	compare := comparers[operator]
	if x.fact != nil && y.literal {
		scope, slot, limit := x.scope, x.slot, y.value
		return func(f *Frame) float64 {
			v := f.Values[scope]
			if v == nil {
				return unknown
			}
			a := v.numbers[slot]
			if a != a {
				return unknown
			}
			return truth(compare(a, limit))
		}
	}
	left, right := x.num, y.num
	return func(f *Frame) float64 {
		a, b := left(f), right(f)
		if a != a || b != b {
			return unknown
		}
		return truth(compare(a, b))
	}
}

var comparers = map[string]func(a, b float64) bool{
	"==": func(a, b float64) bool { return a == b },
	"!=": func(a, b float64) bool { return a != b },
	"<":  func(a, b float64) bool { return a < b },
	"<=": func(a, b float64) bool { return a <= b },
	">":  func(a, b float64) bool { return a > b },
	">=": func(a, b float64) bool { return a >= b },
}

func compareTexts(operator string, x, y operand) operand {
	equal := operator == "=="
	return operand{typ: Bool, num: func(f *Frame) float64 {
		a, b := x.text(f), y.text(f)
		if a == "" || b == "" {
			return unknown
		}
		return truth((a == b) == equal)
	}}
}

// compareAge compares the age of an instant with a duration, and notes in the frame
// when time alone will change the answer.
func compareAge(n *ast.BinaryNode, x, y operand) (operand, error) {
	operator := n.Operator
	if y.age {
		x, y = y, x
		operator = strings.NewReplacer("<", ">", ">", "<").Replace(operator)
	}
	if y.age || y.typ != Duration || operator == "==" || operator == "!=" {
		return operand{}, faulty(n, "age(x) is compared with a duration by <, <=, > or >=, as in age(device.since) > duration(\"1h\")")
	}
	compare := comparers[operator]
	later := truth(operator == ">" || operator == "<=") / 1000 // the answer changes after the limit
	return operand{typ: Bool, num: func(f *Frame) float64 {
		since, limit := x.num(f), y.num(f)
		if since != since || limit != limit {
			return unknown
		}
		// In whole milliseconds, which is what the engine's clock can say.
		change := math.Ceil((since+limit)*1000)/1000 + later
		if f.Now < change && (f.Recheck == 0 || change < f.Recheck) {
			f.Recheck = change
		}
		return truth(compare(f.Now-since, limit))
	}}, nil
}

// sum compiles + and -: numbers of one unit, instants and durations.
func (c *compiler) sum(n *ast.BinaryNode) (operand, error) {
	x, err := c.plain(n.Left)
	if err != nil {
		return operand{}, err
	}
	y, err := c.plain(n.Right)
	if err != nil {
		return operand{}, err
	}
	o := operand{unit: firstUnit(x, y)}
	switch minus := n.Operator == "-"; {
	case x.typ == Instant && y.typ == Duration, x.typ == Duration && y.typ == Instant && !minus:
		o.typ, o.unit = Instant, ""
	case x.typ == Instant && y.typ == Instant && minus:
		o.typ, o.unit = Duration, "s"
	case x.typ == y.typ && (x.typ == Number || x.typ == Duration):
		if err := alike(n.Right, x, y); err != nil {
			return operand{}, err
		}
		o.typ = x.typ
	default:
		return operand{}, faulty(n.Right, "%s cannot stand between %s and %s", n.Operator, article(x.typ), article(y.typ))
	}
	a, b := x.num, y.num
	o.num = func(f *Frame) float64 { return f.finite(a(f) + b(f)) }
	if n.Operator == "-" {
		o.num = func(f *Frame) float64 { return f.finite(a(f) - b(f)) }
	}
	return o, nil
}

// product compiles * and /. A product of two units has a unit that is not followed
// further; a quotient of one unit is a plain number.
func (c *compiler) product(n *ast.BinaryNode) (operand, error) {
	x, err := c.plain(n.Left)
	if err != nil {
		return operand{}, err
	}
	y, err := c.plain(n.Right)
	if err != nil {
		return operand{}, err
	}
	for i, o := range []operand{x, y} {
		if o.typ != Number && o.typ != Duration {
			return operand{}, faulty([]ast.Node{n.Left, n.Right}[i], "%s needs numbers, and this is %s", n.Operator, article(o.typ))
		}
	}
	a, b := x.num, y.num
	if n.Operator == "*" {
		o := operand{typ: Number, unit: productUnit(x, y), num: func(f *Frame) float64 { return f.finite(a(f) * b(f)) }}
		if (x.typ == Duration) != (y.typ == Duration) {
			o.typ, o.unit = Duration, "s"
		}
		return o, nil
	}
	if y.literal && y.value == 0 {
		return operand{}, faulty(n.Right, "this divides by zero")
	}
	o := operand{typ: Number, num: func(f *Frame) float64 {
		dividend, divisor := a(f), b(f)
		if divisor == 0 && dividend == dividend {
			f.fault = DivisionByZero
			return unknown
		}
		return f.finite(dividend / divisor)
	}}
	switch {
	case x.typ == Duration && y.typ == Number:
		o.typ, o.unit = Duration, "s"
	case x.unit != "" && x.unit == y.unit:
		o.unit = "1"
	case y.unit == "" || y.unit == "1":
		o.unit = x.unit
	}
	return o, nil
}

func productUnit(x, y operand) string {
	switch {
	case x.unit == "" || x.unit == "1":
		return y.unit
	case y.unit == "" || y.unit == "1":
		return x.unit
	}
	return ""
}

// in compiles "x in [a, b]", of literals.
func (c *compiler) in(n *ast.BinaryNode) (operand, error) {
	x, err := c.plain(n.Left)
	if err != nil {
		return operand{}, err
	}
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok || len(list.Nodes) == 0 {
		return operand{}, faulty(n.Right, "after in stands a list, such as [\"silent\", \"offline\"]")
	}
	var texts []string
	var numbers []float64
	for _, node := range list.Nodes {
		y, err := c.operand(node)
		if err != nil {
			return operand{}, err
		}
		if !y.literal {
			return operand{}, faulty(node, "the list holds fixed texts or numbers only")
		}
		if err := alike(node, x, y); err != nil {
			return operand{}, err
		}
		if x.fact != nil && x.typ == Text {
			if err := oneOf(node, x.fact, y.string); err != nil {
				return operand{}, err
			}
		}
		texts, numbers = append(texts, y.string), append(numbers, y.value)
	}
	if x.typ == Text {
		return operand{typ: Bool, num: func(f *Frame) float64 {
			a := x.text(f)
			if a == "" {
				return unknown
			}
			return truth(slices.Contains(texts, a))
		}}, nil
	}
	return operand{typ: Bool, num: func(f *Frame) float64 {
		a := x.num(f)
		if a != a {
			return unknown
		}
		return truth(slices.Contains(numbers, a))
	}}, nil
}

// search compiles the questions about parts of texts.
func (c *compiler) search(n *ast.BinaryNode) (operand, error) {
	x, y, err := c.pair(n.Left, n.Right)
	if err != nil {
		return operand{}, err
	}
	if x.typ != Text {
		return operand{}, faulty(n.Left, "%s needs texts, and this is %s", n.Operator, article(x.typ))
	}
	find := map[string]func(s, part string) bool{
		"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix,
	}[n.Operator]
	return operand{typ: Bool, num: func(f *Frame) float64 {
		a, b := x.text(f), y.text(f)
		if a == "" || b == "" {
			return unknown
		}
		return truth(find(a, b))
	}}, nil
}

// coalesce compiles "x ?? y".
func (c *compiler) coalesce(n *ast.BinaryNode) (operand, error) {
	x, y, err := c.pair(n.Left, n.Right)
	if err != nil {
		return operand{}, err
	}
	o := operand{typ: x.typ, unit: firstUnit(x, y)}
	if x.typ == Text {
		o.text = func(f *Frame) string {
			if a := x.text(f); a != "" {
				return a
			}
			return y.text(f)
		}
		return o, nil
	}
	o.num = func(f *Frame) float64 {
		if a := x.num(f); a == a {
			return a
		}
		return y.num(f)
	}
	return o, nil
}

// rounding compiles abs, round, floor and ceil.
func (c *compiler) rounding(n ast.Node, name string, args []ast.Node) (operand, error) {
	o, err := c.number(n, name, args[0])
	if err != nil {
		return operand{}, err
	}
	do := map[string]func(float64) float64{"abs": math.Abs, "round": math.Round, "floor": math.Floor, "ceil": math.Ceil}[name]
	num := o.num
	return operand{typ: o.typ, unit: o.unit, num: func(f *Frame) float64 { return do(num(f)) }}, nil
}

func (c *compiler) number(_ ast.Node, name string, arg ast.Node) (operand, error) {
	o, err := c.plain(arg)
	if err == nil && o.typ != Number && o.typ != Duration {
		err = faulty(arg, "%s needs a number, and this is %s", name, article(o.typ))
	}
	return o, err
}

// extreme compiles min and max; unknown when one of the numbers is.
func (c *compiler) extreme(n ast.Node, name string, args []ast.Node) (operand, error) {
	result, err := c.number(n, name, args[0])
	if err != nil {
		return operand{}, err
	}
	nums := []func(*Frame) float64{result.num}
	for _, arg := range args[1:] {
		o, err := c.number(n, name, arg)
		if err != nil {
			return operand{}, err
		}
		if err := alike(arg, result, o); err != nil {
			return operand{}, err
		}
		result.unit = firstUnit(result, o)
		nums = append(nums, o.num)
	}
	pick := math.Min // which is not a number when a side is none
	if name == "max" {
		pick = math.Max
	}
	return operand{typ: result.typ, unit: result.unit, num: func(f *Frame) float64 {
		x := nums[0](f)
		for _, num := range nums[1:] {
			x = pick(x, num(f))
		}
		return x
	}}, nil
}
