package coverage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// An Entry is one line of the audit trail.
type Entry struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	From   CaseState `json:"from,omitempty"`
	To     CaseState `json:"to"`
	Note   string    `json:"note,omitempty"`
	// Evidence is the hash of the dossier that the action is about.
	Evidence string `json:"evidence,omitempty"`
	// Chain is the SHA-256 of the entry before it and of this one without Chain.
	Chain string `json:"chain"`
}

// to returns the case in another state, with an entry in the trail.
func (c Case) to(state CaseState, action string, act Act, evidence string) (Case, error) {
	if act.Actor == "" || act.At.IsZero() {
		return c, c.refuse(RefusedWhoAndWhen, nil, "say who does it and when")
	}
	last := ""
	if n := len(c.Trail); n > 0 {
		if act.At.Before(c.Trail[n-1].At) {
			at, before := act.At.UTC().Format(time.RFC3339), c.Trail[n-1].At.Format(time.RFC3339)
			return c, c.refuse(RefusedBeforeTheTrail, params{"at": at, "last": before}, "%s is before the last entry of %s", at, before)
		}
		last = c.Trail[n-1].Chain
	}
	e := Entry{
		At: act.At.UTC().Round(0), Actor: act.Actor, Action: action, From: c.State, To: state,
		Note: act.Note, Evidence: evidence,
	}
	e.Chain = e.chain(last)
	c.State = state
	c.Trail = append(slices.Clip(c.Trail), e)
	return c, nil
}

func (e Entry) chain(before string) string {
	e.Chain = before
	text, err := json.Marshal(e)
	if err != nil { // a year beyond 9999
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Verify checks that neither the trail nor the frozen evidence was altered.
func (c *Case) Verify() error {
	last, sent := "", ""
	for i, e := range c.Trail {
		if e.chain(last) != e.Chain {
			return fmt.Errorf("case %s: entry %d of the audit trail was altered", c.ID, i+1)
		}
		last = e.Chain
		if e.Action == "send" {
			sent = e.Evidence
		}
	}
	if c.Evidence == nil {
		return nil
	}
	hash, err := c.Evidence.Hash()
	if err != nil {
		return err
	}
	if hash != c.Hash || hash != sent {
		return fmt.Errorf("case %s: the evidence is not what was sent", c.ID)
	}
	return c.Evidence.Verify()
}
