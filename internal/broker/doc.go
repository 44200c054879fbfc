// Package broker is an MQTT 3.1.1 broker inside the process: a nats-server of which only the MQTT
// listener is open. It is meant for demonstrations, tests and small towns; larger places run
// Mosquitto or a cluster.
//
// # Promises
//
// A QoS 1 publish is acknowledged when the message is written to the files under [Options.Dir]; it
// is in the hands of the disk [Options.SyncInterval] later. Killing the process loses nothing;
// a power cut may lose that last interval. Sessions, retained messages and queued messages outlive
// the broker.
//
// # Access
//
// Nobody enters without [Options.Authenticate] having returned a [Permission], unless
// [Options.Anonymous] opens the door on a loopback address. A permission lists MQTT filters;
// everything else is forbidden: a forbidden publish (or will) is acknowledged and dropped, as MQTT
// 3.1.1 knows no refusal; a forbidden subscription is refused with 0x80. Topics that begin with $
// are closed to everybody.
//
// # Limits of nats-server as a broker
//
//   - MQTT 3.1.1 only; clients of 3.1 and 5 are refused. QoS 2 works but is slow.
//   - No shared subscriptions: $share/… is refused.
//   - Spaces, tabs and control characters in topics end the connection. Dots and empty levels are
//     allowed and come through unchanged. Client ids must be free of spaces, dots, * and >.
//   - A session may have at most 65535 messages in flight, divided among its subscriptions: each
//     takes [Options.MaxInFlight], a filter that ends in # takes it twice. A subscription for which
//     nothing is left is refused.
//   - A filter that ends in # is two subscriptions: the order between a and a/b is not kept. Within
//     one subscription it is.
//   - An unacknowledged message is sent again after [Options.AckWait] on the same connection, and
//     after a reconnect not earlier than that; MQTT wants it at the reconnect and only then. A message
//     that arrives just while a session changes its connection may wait as long.
//   - A new connection that takes over the client id of an old one silences the old one's will. When
//     it happens again within a second, the newcomer is made to wait and then turned away.
package broker
