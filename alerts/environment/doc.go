// Package environment turns the readings of environment sensors into what may be
// judged: hourly means, the index VN_AQI with its NowCast, running means for the
// limits of QCVN 05:2023, equivalent noise levels, heat, rain and the rise of water;
// and beside each value the reasons, if any, not to trust it.
//
// A [Book] is fed from the stream by one writer and read by many. It keeps the
// readings of the last three days of each station, bounded, and two views of them:
//
//   - Hours are event-time history. An hour is a function of the set of its readings:
//     order of arrival and repetition change nothing, and a late reading corrects the
//     hour it belongs to. A corrected index says what it was and when it changed.
//   - Facts are the present, for rules. Late readings never touch them.
//
// Values with a flag never enter a mean, an index or a fact. Nothing here reads a
// clock: equal entries give equal books. Formulas are those of package airquality;
// the method, with a worked example that a test recomputes, is in docs/ENVIRONMENT.md.
package environment
