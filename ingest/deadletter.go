package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// A DeadLetter is a message, or one element of a message, that was refused.
type DeadLetter struct {
	// ID is "entry-index" of where the letter first stood in the log of dead letters.
	// It is set when listed, and stays when others of the same entry are replayed.
	ID      string    `json:"id,omitempty"`
	Time    time.Time `json:"time"` // when it was received
	Topic   string    `json:"topic"`
	Payload []byte    `json:"payload"`
	// Size is the length of the payload as received; Payload is only its beginning
	// when it is shorter. Hardware addresses in it are made unreadable.
	Size int `json:"size"`
	// Reason says what was wrong, for people; Class names the part, for metrics.
	Reason string `json:"reason"`
	Class  string `json:"class"`
	// Count is how many readings it stands for: 1, but for a damaged log entry.
	Count int `json:"count"`
}

// Truncated reports whether the payload was too long to keep whole.
func (d *DeadLetter) Truncated() bool { return len(d.Payload) < d.Size }

// Replayable reports whether the letter is a whole message: replaying a part would invent data.
func (d *DeadLetter) Replayable() bool { return !d.Truncated() && d.Topic != "" }

func newDeadLetter(at time.Time, topic string, payload []byte, err error) DeadLetter {
	return DeadLetter{
		Time: at, Topic: topic, Payload: redact(payload, topic), Size: len(payload),
		Reason: string(redact([]byte(err.Error()), topic)), Class: class(err), Count: 1,
	}
}

// classStore is the class of readings that the store refused.
const classStore = "store"

// key returns the key of a reading that the store refused.
func (d *DeadLetter) key() (telemetry.Key, bool) {
	if d.Class != classStore || d.Truncated() {
		return telemetry.Key{}, false
	}
	var decoder wire.Decoder
	m := decoder.Decode(d.Topic, d.Payload)
	if len(m.Readings) != 1 {
		return telemetry.Key{}, false
	}
	return m.Readings[0].Key(), true
}

// letterOverhead is what a dead letter needs in the log beside payload and topic.
const letterOverhead = 1 << 10

// appendLetters appends the letters to the log in as few entries as fit, and
// returns what is left of them when it fails, so that another attempt does not
// begin anew.
func appendLetters(ctx context.Context, log Log, letters []DeadLetter) (rest []DeadLetter, err error) {
	limit := log.MaxEntry()
	for len(letters) > 0 {
		size, n := 0, 0
		for ; n < len(letters); n++ {
			clipLetter(&letters[n], limit)
			if size += letterSize(&letters[n]); n > 0 && size > limit {
				break
			}
		}
		if err := appendEntry(ctx, log, letters[:n]); err != nil {
			return letters, err
		}
		letters = letters[n:]
	}
	return nil, nil
}

func appendEntry(ctx context.Context, log Log, letters []DeadLetter) error {
	data, err := json.Marshal(letters)
	if err != nil {
		return fmt.Errorf("encoding dead letters: %w", err)
	}
	if _, err := log.Append(ctx, "", data, len(letters)); err != nil {
		return fmt.Errorf("keeping dead letters: %w", err)
	}
	return nil
}

// letterSize is an upper bound of the letter's size in JSON: base64 needs four
// bytes for three, and a text byte at most six.
func letterSize(d *DeadLetter) int {
	return letterOverhead + (len(d.Payload)+2)/3*4 + 6*(len(d.Topic)+len(d.Reason))
}

// clipLetter shortens what would not fit into one entry even alone.
func clipLetter(d *DeadLetter, limit int) {
	const text = 2 << 10
	d.Topic = strings.ToValidUTF8(d.Topic[:min(len(d.Topic), text)], "?")
	d.Reason = strings.ToValidUTF8(d.Reason[:min(len(d.Reason), text)], "?")
	bare := *d
	bare.Payload = nil
	d.Payload = d.Payload[:min(len(d.Payload), max(0, limit-letterSize(&bare))/4*3)]
}

// ListDeadLetters calls yield for each dead letter, oldest first, until it
// returns false.
func ListDeadLetters(ctx context.Context, log Letters, yield func(DeadLetter) bool) error {
	return eachEntry(ctx, log, func(_ Entry, letters []DeadLetter) (bool, error) {
		for i := range letters {
			if !yield(letters[i]) {
				return false, nil
			}
		}
		return true, nil
	})
}

// ReplayDeadLetters hands the dead letters that pick accepts to handle, some at a
// time, and removes them when handle has returned nil: they are then durable as
// readings, or dead letters anew. It returns how many were handed over. pick is asked
// once about each letter that is replayable.
func ReplayDeadLetters(ctx context.Context, log Letters, pick func(*DeadLetter) bool, handle func(context.Context, []DeadLetter) error) (int, error) {
	replayed := 0
	err := eachEntry(ctx, log, func(e Entry, letters []DeadLetter) (bool, error) {
		var keep, again []DeadLetter
		for i := range letters {
			if !letters[i].Replayable() || !pick(&letters[i]) {
				keep = append(keep, letters[i])
			} else {
				again = append(again, letters[i])
			}
		}
		if len(again) == 0 {
			return true, nil
		}
		if err := handle(ctx, again); err != nil {
			return false, fmt.Errorf("replaying dead letters: %w", err)
		}
		replayed += len(again)
		// What stays is appended before the old entry goes: a crash in between keeps
		// both, and a letter twice is better than none.
		if _, err := appendLetters(ctx, log, keep); err != nil {
			return false, err
		}
		return true, log.Delete(ctx, e.Seq)
	})
	return replayed, err
}

// eachEntry reads the entries that were in the log when it was called. One that
// is damaged is itself a dead letter: it must not hide the others.
func eachEntry(ctx context.Context, log Letters, do func(Entry, []DeadLetter) (more bool, err error)) error {
	for e, err := range log.Entries(ctx) {
		if err != nil {
			return fmt.Errorf("reading dead letters: %w", err)
		}
		var letters []DeadLetter
		if err := json.Unmarshal(e.Data, &letters); err != nil {
			letters = []DeadLetter{damagedEntry(e, "the dead letters", err)}
		}
		for i := range letters {
			if letters[i].ID == "" {
				letters[i].ID = strconv.FormatUint(e.Seq, 10) + "-" + strconv.Itoa(i)
			}
		}
		more, err := do(e, letters)
		if err != nil || !more {
			return err
		}
	}
	return nil
}
