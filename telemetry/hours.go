package telemetry

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hours are the weekly opening hours of a site, in local time. The zero Hours
// are unknown, which counts as always open: better one question too many than
// a closed eye. Written as a part of OpenStreetMap's opening_hours:
// "24/7", or "Mo-Fr 07:00-17:00; Sa,Su 08:00-12:00".
type Hours struct {
	text  string
	spans []span // sorted; none for always open
}

// A span is an opening within one week, in minutes since Monday 00:00.
type span struct{ from, to int }

const minutesPerDay = 24 * 60

var weekdays = [...]string{"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"}

// ParseHours reads opening hours; empty text gives unknown hours.
func ParseHours(s string) (Hours, error) {
	text := strings.TrimSpace(s)
	if text == "" || text == "24/7" {
		return Hours{text: text}, nil
	}
	h := Hours{text: text}
	for part := range strings.SplitSeq(text, ";") {
		spans, err := parseDays(strings.TrimSpace(part))
		if err != nil {
			return Hours{}, reject("opening hours %q: %v; write them like \"Mo-Fr 07:00-17:00; Sa 08:00-12:00\" or \"24/7\"", clip(text), err)
		}
		h.spans = append(h.spans, spans...)
	}
	slices.SortFunc(h.spans, func(a, b span) int { return a.from - b.from })
	return h, nil
}

// String returns the hours as they were written.
func (h Hours) String() string { return h.text }

// Open reports whether the site is open at t, read in t's own location.
func (h Hours) Open(t time.Time) bool {
	if len(h.spans) == 0 {
		return true
	}
	day := (int(t.Weekday()) + 6) % 7 // Monday is 0
	minute := day*minutesPerDay + t.Hour()*60 + t.Minute()
	const week = 7 * minutesPerDay
	return slices.ContainsFunc(h.spans, func(s span) bool {
		// A span may run past Sunday midnight into Monday.
		return (minute >= s.from && minute < s.to) || (minute+week >= s.from && minute+week < s.to)
	})
}

// Equal reports whether both are written alike.
func (h Hours) Equal(other Hours) bool { return h.text == other.text }

func parseDays(s string) ([]span, error) {
	days, times, ok := strings.Cut(s, " ")
	if !ok {
		return nil, fmt.Errorf("%q lacks days or times", s)
	}
	open := make([]bool, len(weekdays))
	for part := range strings.SplitSeq(days, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from := slices.Index(weekdays[:], first)
		to := from
		if isRange {
			to = slices.Index(weekdays[:], last)
		}
		if from < 0 || to < 0 {
			return nil, fmt.Errorf("%q is not a day; days are Mo Tu We Th Fr Sa Su", part)
		}
		for d := from; ; d = (d + 1) % len(weekdays) {
			open[d] = true
			if d == to {
				break
			}
		}
	}
	return parseTimes(strings.TrimSpace(times), open)
}

func parseTimes(s string, open []bool) ([]span, error) {
	var spans []span
	for part := range strings.SplitSeq(s, ",") {
		a, b, ok := strings.Cut(strings.TrimSpace(part), "-")
		if !ok {
			return nil, fmt.Errorf("%q is not a span of time", part)
		}
		from, err := parseClock(a)
		if err != nil {
			return nil, err
		}
		if from == minutesPerDay {
			return nil, fmt.Errorf("%q is when a day ends; begin the next day at 00:00", a)
		}
		to, err := parseClock(b)
		if err != nil {
			return nil, err
		}
		if to <= from {
			to += minutesPerDay // past midnight
		}
		for d, isOpen := range open {
			if isOpen {
				spans = append(spans, span{from: d*minutesPerDay + from, to: d*minutesPerDay + to})
			}
		}
	}
	return spans, nil
}

// parseClock reads "07:30" as minutes since midnight; "24:00" is allowed.
func parseClock(s string) (int, error) {
	if len(s) != 5 || s[2] != ':' || !isDigits(s[:2]) || !isDigits(s[3:]) {
		return 0, fmt.Errorf("%q is not a time of day; write it like 07:30", s)
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	if m > 59 || h*60+m > minutesPerDay {
		return 0, fmt.Errorf("%q is not a time of day; write it like 07:30", s)
	}
	return h*60 + m, nil
}
