// Package sqlite keeps readings in one SQLite file: the store of a province that
// wants no other server, and of the demo.
//
// There is one table per kind, named after it, with one column per field of
// [telemetry.Fields], so that
//
//	sqlite3 phusong.db "select at, device, clients from wifi_readable where area = '25459'"
//
// answers a person. time, received and device_time are Unix milliseconds; the
// view KIND_readable adds at, the time in readable UTC. Booleans are 0 and 1,
// radios is a JSON array, seq is -1 where the device sent no number, and what a
// device left out is NULL.
//
// # How it is fast
//
// Readings arrive roughly in the order of time, from all devices at once. So the
// tables are clustered by (time, device, seq): a batch goes to the end of the
// file, a few dense pages, and what is old is deleted from the front. An ordinary
// index by device would cost three times as much as the table itself, because
// each batch would dirty one page per device. Here that index, the table
// KIND_by_device, is filled late and in bulk: Write folds the oldest rows into it
// once enough have come together. The table indexed says up to which time. A
// reading that comes later than that goes into both at once. Queries by device
// use the index before that time and scan the few rows after it.
package sqlite
