package desk

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrRefused is wrapped by every error that says that something must not be done as it was
// asked for; trying again does not help. See [Refusal].
var ErrRefused = errors.New("refused")

// An Act is something that somebody does.
type Act struct {
	// ID tells a repetition from a second act: an act whose ID is in the history already
	// changes nothing. Empty: never a repetition.
	ID string
	// At is when, Who by whom: an account's name, or [System].
	At  time.Time
	Who string
	// Text is what was written with it; may be empty, but for a comment.
	Text string
}

// System is who acts when nobody does: the rules.
const System = "phusong"

// An Action says what was done.
type Action string

// The actions.
const (
	Acknowledged Action = "acknowledged"
	Released     Action = "released" // taken out of hand before its time
	Assigned     Action = "assigned" // To names whom; nobody when empty
	Commented    Action = "commented"
	// What the rules did, as [Desk.Record] is told.
	Raised   Action = "raised"
	Changed  Action = "changed" // severity or values
	Renewed  Action = "renewed" // told again, after an acknowledgement expired
	Resolved Action = "resolved"
	Muted    Action = "muted" // announced work began
	Unmuted  Action = "unmuted"
	// Of windows.
	Announced Action = "announced"
	Extended  Action = "extended"
	Ended     Action = "ended"
)

var recordable = []Action{Raised, Changed, Renewed, Resolved, Muted, Unmuted}

// An Entry is one line of a history.
type Entry struct {
	ID     string    `json:"id,omitempty"`
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	Action Action    `json:"action"`
	Text   string    `json:"text,omitempty"`
	// Until is when an acknowledgement or an extended window ends.
	Until *time.Time `json:"until,omitempty"`
	To    string     `json:"to,omitempty"`
}

// The bounds of what people write, in characters, and of an id, in bytes.
const (
	maxName = 100
	maxText = 2000
	maxID   = 140
)

func (a *Act) check() error {
	switch {
	case a.At.IsZero():
		return refuse(RefusedTime, nil, "say when")
	case a.At.Year() < 2000 || a.At.Year() > 2200:
		return refuse(RefusedTime, nil, "the time %s is none of this service", a.At.Format(time.RFC3339))
	}
	if err := checkName(written{"who", "who", a.Who}); err != nil {
		return err
	}
	if a.ID != "" {
		if err := checkName(written{"act", "the id of the act", a.ID}); err != nil {
			return err
		}
	}
	return checkText(written{"text", "the text", a.Text})
}

// checkName bounds a name that is shown in lists.
func checkName(w written) error {
	switch {
	case strings.TrimSpace(w.text) == "":
		return w.refuse(RefusedMissing, "missing")
	case utf8.RuneCountInString(w.text) > maxName:
		return w.tooLong(maxName)
	case !utf8.ValidString(w.text):
		return w.refuse(RefusedCharacters, "the text is not UTF-8")
	case strings.ContainsFunc(w.text, hidden):
		return w.refuse(RefusedCharacters, "the text holds a control character")
	}
	return nil
}

// checkText bounds what people write; it may have several lines.
func checkText(w written) error {
	switch {
	case utf8.RuneCountInString(w.text) > maxText:
		return w.tooLong(maxText)
	case !utf8.ValidString(w.text):
		return w.refuse(RefusedCharacters, "the text is not UTF-8")
	case strings.ContainsFunc(w.text, func(c rune) bool { return c != '\n' && hidden(c) }):
		return w.refuse(RefusedCharacters, "the text holds a control character")
	}
	return nil
}

// hidden are characters that change how others look: controls, and those that turn the
// direction of what follows.
func hidden(c rune) bool {
	return unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control) || c == '\u2028' || c == '\u2029'
}

func (a *Act) entry(action Action) Entry {
	return Entry{ID: a.ID, At: instant(a.At), Who: a.Who, Action: action, Text: a.Text}
}

// instant is what survives being written: UTC, milliseconds, no monotonic clock.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond).Round(0) }

func done(history []Entry, id string) bool {
	return id != "" && slices.ContainsFunc(history, func(e Entry) bool { return e.ID == id })
}
