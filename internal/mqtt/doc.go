// Package mqtt is an MQTT 3.1.1 client that keeps its promises over a bad line. It is built on
// paho.mqtt.golang and knows no topic and no payload format: those are its caller's business.
//
// # Receiving
//
// A [Client] subscribes with QoS 1 in a persistent session under a fixed client id. The broker
// therefore keeps what arrives while we are away, and keeps each message until [Delivery.Ack] is
// called, which may happen later and in any goroutine: acknowledge after the message is durable.
// What was not acknowledged comes again after the next connection and never before (MQTT 3.1.1
// §4.4; NATS servers also repeat after a time). Duplicates are normal, and not every one is marked
// as such. A persistent session outlives its configuration: with [Options.FiltersFile] the client
// remembers what it subscribed to and unsubscribes from filters that left the list.
//
// # Back-pressure
//
// [Options.Handle] is called for one message at a time, in the order of arrival. It may block for as
// long as it likes: the client then stops reading, TCP slows the broker down, and the broker holds
// the rest. A client that only used paho would lose its connection that way: paho cannot see the
// answers to its pings behind the blocked message, and the broker hears nothing from it. Here the
// connection itself sends the pings and measures silence only while it is reading, so that a blocked
// handler keeps its session and a dead broker is noticed. Handle must not wait for [Client.Publish]
// with QoS 1: the broker's answer would be behind the message being handled.
//
// The order is paho's SetOrderMatters(true), one call after the other. The alternative starts a
// goroutine for every message: measured, it saves no processor time (about a tenth more), and it
// loses the order of a device's readings and puts no bound on the memory that a blocked handler takes.
//
// # The connection
//
// Reading packet by packet costs three system calls a message and writing each PUBACK another.
// The connection given to paho reads through a buffer of 64 KiB and lets acknowledgements wait for
// each other for [Options.AckDelay]. Everything else is written at once, by one goroutine, so that
// packets written meanwhile still share a system call. BenchmarkReceive measures the difference: about
// 0.7 of the processor time of paho as it comes.
//
// # Limits
//
// No MQTT 5, no QoS 2, one broker address, no proxy except for WebSockets. A publish that was under
// way when the connection broke is sent again as a new message, so it can arrive twice.
package mqtt
