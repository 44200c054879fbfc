package codec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A csvLayout reads times as one logger writes them.
type csvLayout struct {
	format string  // as in the mapping
	unit   float64 // seconds for each; 0 for a calendar time
	layout string  // Go's
	zoned  bool    // the text says its zone
	zone   *time.Location
}

// calendarTokens are the letters that people know from spreadsheets, longest first,
// and Go's for them. Fractions of a second are read without being asked for.
var calendarTokens = []struct{ letters, layout string }{
	{"yyyy", "2006"}, {"yy", "06"}, {"MMM", "Jan"}, {"MM", "01"}, {"M", "1"}, {"dd", "02"}, {"d", "2"},
	{"HH", "15"}, {"H", "15"}, {"hh", "03"}, {"h", "3"}, {"mm", "04"}, {"m", "4"}, {"ss", "05"}, {"s", "5"},
	{"a", "PM"}, {"XXX", "Z07:00"}, {"XX", "Z0700"},
}

func newCSVLayout(format string) (*csvLayout, error) {
	l := &csvLayout{format: format}
	switch format {
	case "":
		return nil, fmt.Errorf("format: missing; give unix, unix_ms, rfc3339, or a pattern such as yyyy-MM-dd HH:mm:ss")
	case "unix":
		l.unit, l.zoned = 1, true
		return l, nil
	case "unix_ms":
		l.unit, l.zoned = 1e-3, true
		return l, nil
	case "rfc3339":
		l.layout, l.zoned = time.RFC3339, true
		return l, nil
	}
	var layout strings.Builder
	has := make(map[byte]bool)
	for rest := format; rest != ""; {
		token, ok := calendarToken(rest)
		switch {
		case ok:
			layout.WriteString(token.layout)
			has[token.letters[0]] = true
			rest = rest[len(token.letters):]
		case strings.ContainsRune(" -/.:,_T", rune(rest[0])):
			layout.WriteByte(rest[0])
			rest = rest[1:]
		default:
			return nil, fmt.Errorf("format: %q is not understood at %q; write yyyy MM dd HH mm ss, and XXX for an offset such as +07:00", clip(format), clip(rest))
		}
	}
	if !has['y'] || !has['M'] || !has['d'] || !has['H'] && !has['h'] || has['h'] && !has['a'] {
		return nil, fmt.Errorf("format: %q gives no instant; it needs year, month, day and hour", clip(format))
	}
	l.layout, l.zoned = layout.String(), has['X']
	return l, nil
}

func calendarToken(s string) (token struct{ letters, layout string }, ok bool) {
	for _, t := range calendarTokens {
		if strings.HasPrefix(s, t.letters) {
			return t, true
		}
	}
	return token, false
}

// read returns the instant to the millisecond.
func (l *csvLayout) read(text, decimal string) (time.Time, error) {
	if l.unit == 0 {
		at, err := time.ParseInLocation(l.layout, text, l.zone)
		if err != nil {
			return at, fmt.Errorf("the time %q is not of the form %s", clip(text), l.format)
		}
		return plausible(at, text)
	}
	if strings.ContainsAny(text, "eE") {
		return time.Time{}, fmt.Errorf("the time %q was rounded by a spreadsheet; export the column as text", clip(text))
	}
	v, err := strconv.ParseFloat(strings.Replace(text, decimal, ".", 1), 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) > 1e15 {
		return time.Time{}, fmt.Errorf("the time %q is no number of %s", clip(text), l.format)
	}
	return plausible(time.UnixMilli(int64(math.Round(v*l.unit*1000))), text)
}

// plausible refuses what is no time of a measurement: seconds read as milliseconds
// are in 1970, and the other way round they are in the far future.
func plausible(at time.Time, text string) (time.Time, error) {
	at = at.UTC().Truncate(time.Millisecond)
	if y := at.Year(); y < 2000 || y > 2100 {
		return at, fmt.Errorf("the time %q is in the year %d; is the format of the mapping right?", clip(text), y)
	}
	return at, nil
}
