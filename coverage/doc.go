// Package coverage turns tests of mobile networks into a map that stands up in
// front of an operator: for each hexagon and operator a verdict of covered, gap,
// dead or unproven, the evidence it rests on, the zones that bad cells form, and
// the file that the liaison keeps on each of them.
//
// Everything here is a value or a pure function of values. Time is an argument,
// nothing is read or written, no goroutine is started. Two properties carry the
// rest:
//
//   - A [Map] is a set, not a log. The order in which tests arrive, repetitions
//     and the way the work is divided change nothing: see [Map.Observe] and [Map.Merge].
//   - A verdict is a function of the tests in the map, the [Rules] and the day. It
//     has no memory of its own, so a map rebuilt from the store judges as the
//     one that was fed live.
//
// The method, with a verdict recomputed by hand, is in docs/COVERAGE.md.
package coverage
