package coverage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrOtherRules is wrapped when two things do not go together because they were made
// under different rules of validity. The remedy is to rebuild the map from the store.
var ErrOtherRules = errors.New("made under other rules of validity; rebuild the map from the store")

// intakeID names the rules under which tests are taken in, with what is fixed in the
// code: equal ids mean that equal readings make equal records.
func intakeID(v *Validity) string {
	text, err := json.Marshal(v)
	if err != nil { // only a NaN can cause it, and the check refuses those
		return "invalid"
	}
	h := sha256.New()
	fmt.Fprintf(h, "records 1, %d a day, %d s\n%s", TestsPerDay, slotSeconds, text)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func (m *Map) intake() string { return intakeID(&m.rules.Validity) }
