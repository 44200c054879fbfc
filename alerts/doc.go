// Package alerts is judgement: from readings to the few true sentences that
// people act on. It keeps the live picture of every device in event time, and
// will hold the rules, incidents and notifications that are made from it.
//
// Nothing here reads a clock: each question carries the time it is asked for, so
// a recorded day can be judged again and gives the same answers.
package alerts
