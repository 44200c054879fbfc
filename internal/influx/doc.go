// Package influx keeps readings in InfluxDB: 1.8 and 2.x, through the API that
// both speak.
//
// There is one measurement per kind, named after it. The tags are area and
// device, and nothing else, because a tag is part of what identifies a point;
// everything else is a field with the name of the wire. Beside the fields of
// [telemetry.Fields] there are received and device_time (Unix milliseconds),
// flags, seq, the class of a status, and of an access point's radios their number
// (radios) and radio0_band, radio0_channel, … radio7_clients.
//
// InfluxDB tells points of one device apart by their time alone. So the time of a
// point is the event time in milliseconds with the sequence number below it, in
// nanoseconds: 0 without a number, else 1 + number modulo 999,998. Two readings
// of one device in one millisecond are one point only when their numbers differ
// by a multiple of 999,998. A present but empty text is stored as U+0000, because
// an answer does not tell an empty text from none.
//
// # Errors of Write
//
// What trying again cannot cure (the server says 400, 413 or 422) wraps
// [telemetry.ErrRejected]. InfluxDB may have stored the other points of such a
// batch; as writing twice is writing once, splitting it and writing again is
// right. What may pass (429, 5xx, the network, wrong credentials, a missing
// database) does not wrap it, and where the server says how long to wait the
// error has a method RetryAfter() time.Duration.
package influx
