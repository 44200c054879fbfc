package desk

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// A Refusal says why something must not be done as it was asked for: in English, and by a
// code with its parameters, of which a console makes the sentence in the language of its
// reader. It wraps ErrRefused.
type Refusal struct {
	Code   RefusalCode
	Params map[string]string
	Text   string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%v: %s", ErrRefused, r.Text) }

// Unwrap returns ErrRefused.
func (*Refusal) Unwrap() error { return ErrRefused }

// Reason returns what the sentence is made of.
func (r *Refusal) Reason() (code string, params map[string]string) { return string(r.Code), r.Params }

// A RefusalCode names a reason. It never changes its meaning: others rely on it.
type RefusalCode string

// The reasons, each with its parameters. Times are RFC 3339 in UTC. A field is one of id, act, who,
// to, owner, reason or text.
const (
	RefusedTime       RefusalCode = "act-time"             // the time of an act is missing, or of another century
	RefusedMissing    RefusalCode = "text-missing"         // field
	RefusedLong       RefusalCode = "text-too-long"        // field, characters, most
	RefusedCharacters RefusalCode = "text-characters"      // field: not UTF-8, or a control character
	RefusedNoSpan     RefusalCode = "alert-no-span"        // after: an acknowledgement would end before it begins
	RefusedTooLong    RefusalCode = "alert-too-long"       // days: an acknowledgement lasts so many at most
	RefusedNotInHand  RefusalCode = "alert-not-in-hand"    // nobody has it in hand
	RefusedAction     RefusalCode = "alert-action"         // action: rules do no such thing
	RefusedExists     RefusalCode = "window-exists"        // window
	RefusedNoWindow   RefusalCode = "window-unknown"       // window
	RefusedOver       RefusalCode = "window-over"          // until: it ended then
	RefusedPast       RefusalCode = "window-past"          // until: it would end in the past
	RefusedTimes      RefusalCode = "window-times"         // they are of another century
	RefusedOrder      RefusalCode = "window-order"         // until must be after from
	RefusedOnceLong   RefusalCode = "window-too-long"      // days: one lasts so many at most
	RefusedSeriesLong RefusalCode = "window-series-long"   // days: one recurs for so many at most
	RefusedWeekly     RefusalCode = "window-weekly"        // a day, a time of day or a length of the week is none
	RefusedSpans      RefusalCode = "window-spans"         // most: a week has so many
	RefusedWholeWeek  RefusalCode = "window-whole-week"    // the spans leave no time of the week
	RefusedZoneOnce   RefusalCode = "window-zone-for-once" // only recurring ones have a time zone
	RefusedZone       RefusalCode = "window-zone"          // zone: there is no such time zone
	RefusedScope      RefusalCode = "window-scope"         // it is not of one device, one site or one area
	RefusedChanges    RefusalCode = "window-changes"       // most: it was changed so often
)

// RefusalCodes returns every code, in a fixed order.
func RefusalCodes() []RefusalCode {
	return []RefusalCode{
		RefusedTime, RefusedMissing, RefusedLong, RefusedCharacters, RefusedNoSpan, RefusedTooLong, RefusedNotInHand, RefusedAction, RefusedExists, RefusedNoWindow,
		RefusedOver, RefusedPast, RefusedTimes, RefusedOrder, RefusedOnceLong, RefusedSeriesLong, RefusedWeekly, RefusedSpans, RefusedWholeWeek, RefusedZoneOnce,
		RefusedZone, RefusedScope, RefusedChanges,
	}
}

type params = map[string]string

func refuse(code RefusalCode, p params, format string, args ...any) error {
	return &Refusal{Code: code, Params: p, Text: fmt.Sprintf(format, args...)}
}

// days is how a length of time is told.
func days(d time.Duration) string { return strconv.Itoa(int(d / (24 * time.Hour))) }

// A written is a text of somebody: field is its name for programs, name that in a sentence.
type written struct{ field, name, text string }

func (w *written) refuse(code RefusalCode, format string, args ...any) error {
	return refuse(code, params{"field": w.field}, "%s: "+format, append([]any{w.name}, args...)...)
}

func (w *written) tooLong(most int) error {
	length := utf8.RuneCountInString(w.text)
	p := params{"field": w.field, "characters": strconv.Itoa(length), "most": strconv.Itoa(most)}
	return refuse(RefusedLong, p, "%s: %d characters are too long; at most %d are allowed", w.name, length, most)
}
