// Package telemetry is the vocabulary of phusong: what a device, a site, an
// area, an operator and a reading are, in which units, within which limits.
//
// It holds values only. There is no input or output here, no goroutine and no
// clock, and it imports nothing but the standard library, so every other
// package may speak it.
//
// The one table of what a reading may carry is [Fields]: the wire decoder, the
// stores, the documentation test and the rules all walk the same table, so that
// a quantity is named, typed and limited in exactly one place.
package telemetry
