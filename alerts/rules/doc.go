// Package rules reads rule files, in the shape of Prometheus' rule files, and
// judges subjects by them: a device, a site, an area, an operator in an area, a
// zone of bad mobile coverage, or the service itself.
//
// A rule is an expression over facts, numbers and texts with fixed names in the
// [Table] of each scope. The engine keeps the [Values] of each subject, and asks
// the rules that use what changed, see [Rule.Touches]. A [State] per rule and
// subject turns the answers into pending, firing and resolved.
//
// # Three values
//
// What is not known is neither true nor false. An expression over a fact that has
// no value is [Unknown], except where the answer does not depend on it: "false and
// x" is false, "true or x" is true. known(x) tells, and "x ?? y" is y when x is not
// known. An unknown answer raises nothing and resolves nothing: the state is held,
// at most for the rule's keep_unknown_for. A division by zero, or a result that is
// no number, is unknown too and is reported as a [Fault].
//
// # The language
//
// Expressions are written in expr-lang and parsed by it. Of the language, what
// always ends and never allocates is allowed: numbers, texts, true and false,
// comparisons, arithmetic, and, or, not, in, contains, startsWith, endsWith, the
// conditional "a ? b : c", "??" and a few functions. Names, types and units are
// checked when the file is read. The checked expression is compiled to closures
// over slots, since expr's own machine allocates for each number it touches.
//
// Nothing here reads a clock or keeps a goroutine.
package rules
