package telemetry

import (
	"errors"
	"fmt"
)

// ErrRejected is wrapped by every error that trying again cannot cure: the
// reading itself is wrong. Whatever carries it goes to the dead letters with the
// error's text as the reason, and is never retried.
var ErrRejected = errors.New("rejected")

// A RejectedError says why a reading can never be accepted. It wraps ErrRejected
// without repeating the word in its text, because the text is shown to people.
type RejectedError struct {
	// Field is the wire name of the offending field, empty when it is not one field.
	Field string
	// Reason says what is wrong and what would be right.
	Reason string
}

// Error returns the reason, led by the field's name.
func (e *RejectedError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// Unwrap makes errors.Is(err, ErrRejected) true.
func (e *RejectedError) Unwrap() error { return ErrRejected }

func reject(format string, args ...any) error {
	return &RejectedError{Reason: fmt.Sprintf(format, args...)}
}

func rejectField(field, format string, args ...any) error {
	return &RejectedError{Field: field, Reason: fmt.Sprintf(format, args...)}
}
