package stream

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	// ErrFull means that the log has reached its MaxBytes (or the cluster its
	// quota). Nothing was dropped; Append works again when Trim made room.
	ErrFull = errors.New("log is full")

	// ErrUnavailable means that the log cannot be written now: the disk is
	// full or broken, or the cluster out of reach. Trying again later helps;
	// the server mends itself.
	ErrUnavailable = errors.New("log is not writable")

	// ErrTooLarge means that one entry is above MaxEntry. Trying again does not help.
	ErrTooLarge = errors.New("entry is too large")

	// ErrNotFound means that the log has no entry with that number, or the bucket
	// no such key.
	ErrNotFound = errors.New("no such entry")

	// ErrConflict means that somebody else changed the key of a bucket meanwhile:
	// get it again and think again.
	ErrConflict = errors.New("it was changed meanwhile")

	// ErrBeyondEnd means that a reader was asked to go on after an entry that
	// the log has never had: it was replaced by another one, and a saved
	// position belongs to the old one.
	ErrBeyondEnd = errors.New("position is beyond the end of the log")

	// ErrClosed means that the server was closed.
	ErrClosed = errors.New("stream is closed")
)

// Codes of the JetStream API that its Go client does not name.
const (
	codeAccountResources  = 10002
	codeInsufficient      = 10023
	codeStorageResources  = 10047
	codeMessageTooLarge   = 10054
	codeStoreFailed       = 10077
	storeFailedFullPhrase = "maximum "
)

// publishError puts the answer to a publish into our words.
func publishError(err error) error {
	if errors.Is(err, nats.ErrMaxPayload) {
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		switch api.ErrorCode {
		case codeStoreFailed:
			// One code for all that the store refuses; only the text tells
			// a reached limit from a failure.
			if strings.Contains(api.Description, storeFailedFullPhrase) {
				return fmt.Errorf("%w: %w", ErrFull, err)
			}
		case codeAccountResources, codeInsufficient, codeStorageResources:
			return fmt.Errorf("%w: %w", ErrFull, err)
		case jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant:
			return fmt.Errorf("%w: %w", ErrConflict, err)
		case codeMessageTooLarge:
			return fmt.Errorf("%w: %w", ErrTooLarge, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
