// Package ingest turns messages into durable readings, and never loses one.
//
// It has two halves, joined by a durable log. The [Pipeline] decodes messages,
// refuses what no device could have said, appends batches to the log and only
// then acknowledges. The [Writer] reads the log from where it stopped and writes
// to the store, for as long as it takes. Whatever is refused, by us or by the
// store, becomes a [DeadLetter], which people can read, mend and replay. The
// [Ledger] counts every reading on its way, so that at any instant
//
//	received = stored + rejected + waiting
//
// and [Audit] proves the same from what is on disk.
//
// Delivery is at least once everywhere and writing twice is harmless, which
// together is exactly once in the store: see [Tracker] for the readings that
// need help with that.
//
// What this package does not do: judge readings, or talk to a broker, a log or a
// store itself. It declares what it needs of them.
package ingest
