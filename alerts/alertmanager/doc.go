// Package alertmanager delivers alerts to people. Three parts take the same alerts, each with a method
// Update for what changed and Replace for the whole set after a start:
//
//   - [Embedded] is the Prometheus Alertmanager inside the process: routing, grouping, inhibition,
//     silences, receivers and API v2, configured by a standard alertmanager.yml;
//   - [Client] posts to Alertmanagers outside, one or a cluster;
//   - [Topics] keeps one retained MQTT message for each firing alert.
//
// None keeps a queue of messages. Each keeps what is true now and says it until it was heard, so a
// receiver that was away for an hour gets the present, in order and once, and not an hour of history.
package alertmanager
