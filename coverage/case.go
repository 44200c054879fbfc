package coverage

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"phusong/telemetry"
)

// A CaseState is where a gap case stands.
type CaseState string

// The states of a case.
const (
	CaseOpen     CaseState = "open"     // found, not sent yet
	CaseSent     CaseState = "sent"     // with the operator, evidence frozen
	CaseAnswered CaseState = "answered" // the operator has answered
	CaseRetest   CaseState = "retest"   // to be measured again
	CaseDisputed CaseState = "disputed" // the operator contests it, and the province does not give in
	CaseClosed   CaseState = "closed"
)

// An Answer is what the operator says.
type Answer string

// The answers.
const (
	Concedes Answer = "concedes" // will repair
	Contests Answer = "contests" // denies, with or without tests struck out
)

// A Resolution is how a case ended.
type Resolution string

// The resolutions.
const (
	Repaired  Resolution = "repaired"  // the re-test proved coverage, or service where there was none
	Rebutted  Resolution = "rebutted"  // the operator has shown coverage
	Restored  Resolution = "restored"  // the evidence no longer suffices, and nothing else is proven
	Withdrawn Resolution = "withdrawn" // opened by mistake
)

// A StrikeReason is why a test is taken out of the evidence. They are those for which
// 47 CFR 1.7006(e)(5) lets an operator object to single tests.
type StrikeReason string

// The reasons.
const (
	StrikeOutage    StrikeReason = "outage"    // outage or maintenance of the site
	StrikeDevice    StrikeReason = "device"    // the device lacks the band or technology
	StrikeEvent     StrikeReason = "event"     // an uncommon special event
	StrikeLoad      StrikeReason = "load"      // load abnormally above what was planned for
	StrikeThrottled StrikeReason = "throttled" // the data plan was slowed down
	StrikeRoaming   StrikeReason = "roaming"   // a roaming or virtual operator's customer
	StrikeFault     StrikeReason = "fault"     // the probe was faulty: the province's own correction
)

// StrikeReasons returns every reason, in a fixed order.
func StrikeReasons() []StrikeReason {
	return []StrikeReason{StrikeOutage, StrikeDevice, StrikeEvent, StrikeLoad, StrikeThrottled, StrikeRoaming, StrikeFault}
}

// A Strike is one test taken out of the evidence, and why.
type Strike struct {
	Cell   Cell         `json:"cell"`
	Test   TestID       `json:"test"`
	Reason StrikeReason `json:"reason"`
	Note   string       `json:"note,omitempty"`
}

// A Case is the liaison's file on a gap or dead zone. It is a value: its methods return the case
// as it is afterwards and leave the old one alone. The zero Case is none; make one with
// [OpenCase].
type Case struct {
	ID       string                 `json:"id"`
	Operator telemetry.OperatorCode `json:"operator"`
	Zone     string                 `json:"zone,omitempty"`
	Cells    []Cell                 `json:"cells"`
	State    CaseState              `json:"state"`
	// Round counts how often the case was sent.
	Round int `json:"round"`
	// Due is when the operator should have answered, or when what it promised should be done.
	Due time.Time `json:"due,omitzero"`
	// Evidence is what was sent last, frozen, and Hash its SHA-256.
	Evidence   *Dossier   `json:"evidence,omitempty"`
	Hash       string     `json:"hash,omitempty"`
	Answer     Answer     `json:"answer,omitempty"`
	Strikes    []Strike   `json:"strikes,omitempty"`
	Resolution Resolution `json:"resolution,omitempty"`
	// Trail is the audit trail. Each entry holds the hash of all before it.
	Trail []Entry `json:"trail"`
}

// An Act says who does something to a case, when, and with what words.
type Act struct {
	At    time.Time
	Actor string
	Note  string
}

// Time limits of 47 CFR 1.7006(e)(3) and (4): to answer, and to correct what was conceded.
const (
	AnswerWithin = 60 * 24 * time.Hour
	RepairWithin = 30 * 24 * time.Hour
)

// ErrCase is wrapped by errors that say what cannot be done to a case as it stands: see [Refusal].
var ErrCase = errors.New("this cannot be done to the case")

// OpenCase begins a file on cells of one operator. zone may be empty.
func OpenCase(id string, operator telemetry.OperatorCode, zone string, cells []Cell, act Act) (Case, error) {
	c := Case{ID: id, Operator: operator, Zone: zone}
	if id == "" || len(cells) == 0 || operator == "" {
		return Case{}, c.refuse(RefusedIncomplete, nil, "it needs an id, an operator and at least one cell")
	}
	c.Cells = slices.Compact(slices.Sorted(slices.Values(cells)))
	return c.to(CaseOpen, "open", act, "")
}

// About reports whether the case is about the zone: the one that it was opened on or, as long as the case
// is not closed, any of its operator all of whose cells are among its own, as those of a part
// that split off are.
func (c *Case) About(z *Zone) bool {
	if c.Zone == z.ID {
		return true
	}
	if c.State == CaseClosed || c.Operator != z.Operator {
		return false
	}
	return !slices.ContainsFunc(z.Cells, func(cell Cell) bool {
		_, among := slices.BinarySearch(c.Cells, cell)
		return !among
	})
}

// in refuses what the state does not allow.
func (c *Case) in(action string, states ...CaseState) error {
	if slices.Contains(states, c.State) {
		return nil
	}
	return c.refuse(RefusedState, params{"state": string(c.State), "action": action}, "it is %s, and one can %s only what is one of %v", c.State, action, states)
}

// Send freezes the evidence and hands the case to the operator, who has AnswerWithin. The
// evidence must be about the cells of the case, and at least one of them must be
// proven bad.
func (c Case) Send(evidence *Dossier, act Act) (Case, error) {
	if err := c.in("send", CaseOpen, CaseDisputed); err != nil {
		return c, err
	}
	if evidence.Operator != c.Operator || len(evidence.Cells) != len(c.Cells) {
		return c, c.refuse(RefusedOtherEvidence, nil, "the evidence is of other cells or another operator")
	}
	bad := false
	for i := range evidence.Cells {
		if evidence.Cells[i].Cell != c.Cells[i] {
			return c, c.refuse(RefusedOtherEvidence, nil, "the evidence is of other cells")
		}
		bad = bad || evidence.Cells[i].Decision.Verdict.IsBad()
	}
	if !bad {
		return c, c.refuse(RefusedUnproven, nil, "the evidence proves nothing against the operator; measure again first")
	}
	if err := evidence.Verify(); err != nil {
		return c, err
	}
	frozen, err := evidence.clone()
	if err != nil {
		return c, err
	}
	hash, err := frozen.Hash()
	if err != nil {
		return c, err
	}
	next, err := c.to(CaseSent, "send", act, hash)
	if err != nil {
		return c, err
	}
	next.Evidence, next.Hash = frozen, hash
	next.Round++
	next.Due, next.Answer, next.Resolution = act.At.UTC().Add(AnswerWithin), "", ""
	return next, nil
}

// clone copies by way of JSON, which is also what is hashed: what cannot survive
// being written must not be frozen.
func (d *Dossier) clone() (*Dossier, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("freezing a dossier: %w", err)
	}
	frozen := new(Dossier)
	if err := json.Unmarshal(text, frozen); err != nil {
		return nil, fmt.Errorf("freezing a dossier: %w", err)
	}
	return frozen, nil
}

// Answered records the operator's answer, and the tests it wants struck out. Who concedes has
// RepairWithin, unless due gives another day. What is struck must be in the evidence; the
// caller strikes it from the map too, with [Map.Strike], and has the cells judged again.
func (c Case) Answered(answer Answer, strikes []Strike, due time.Time, act Act) (Case, error) {
	if err := c.in("answer", CaseSent, CaseDisputed); err != nil {
		return c, err
	}
	if answer != Concedes && answer != Contests {
		return c, c.refuse(RefusedAnswer, params{"answer": string(answer)}, "%q is no answer; say concedes or contests", answer)
	}
	next, err := c.struck(strikes)
	if err != nil {
		return c, err
	}
	if next, err = next.to(CaseAnswered, "answer: "+string(answer), act, c.Hash); err != nil {
		return c, err
	}
	next.Answer, next.Due = answer, time.Time{}
	if answer == Concedes {
		if next.Due = due.UTC(); due.IsZero() {
			next.Due = act.At.UTC().Add(RepairWithin)
		}
	}
	return next, nil
}

// struck adds strikes, each of which must name a test of the evidence and a reason.
func (c Case) struck(strikes []Strike) (Case, error) {
	c.Strikes = slices.Clone(c.Strikes)
	for _, s := range strikes {
		if !slices.Contains(StrikeReasons(), s.Reason) {
			p := params{"test": s.Test.String(), "reason": string(s.Reason)}
			return c, c.refuse(RefusedStrikeReason, p, "test %s: %q is no reason to strike it; give one of %v", s.Test, s.Reason, StrikeReasons())
		}
		if !c.Evidence.holds(s.Cell, s.Test) {
			p := params{"test": s.Test.String(), "cell": s.Cell.String()}
			return c, c.refuse(RefusedStrikeTest, p, "test %s of cell %s is not in the evidence", s.Test, s.Cell)
		}
		if !slices.ContainsFunc(c.Strikes, func(o Strike) bool { return o.Cell == s.Cell && o.Test == s.Test }) {
			c.Strikes = append(c.Strikes, s)
		}
	}
	return c, nil
}

func (d *Dossier) holds(cell Cell, test TestID) bool {
	for i := range d.Cells {
		if d.Cells[i].Cell == cell {
			return slices.ContainsFunc(d.Cells[i].Tests, func(t TestRecord) bool { return t.ID == test })
		}
	}
	return false
}

// Retest asks for new measurements, by due.
func (c Case) Retest(due time.Time, act Act) (Case, error) {
	if err := c.in("re-test", CaseAnswered, CaseDisputed); err != nil {
		return c, err
	}
	next, err := c.to(CaseRetest, "re-test", act, "")
	if err != nil {
		return c, err
	}
	next.Due = due.UTC()
	return next, nil
}

// Dispute records that the parties do not agree.
func (c Case) Dispute(act Act) (Case, error) {
	if err := c.in("dispute", CaseAnswered, CaseRetest); err != nil {
		return c, err
	}
	return c.to(CaseDisputed, "dispute", act, "")
}

// Close ends the case. Repaired needs evidence that no cell is bad and at least one is
// proven covered, or served where it was dead; Rebutted that in every cell the tests that
// reach the target meet the thresholds of a rebuttal (47 CFR 1.7006(e)(4)); Restored that none is bad. Withdrawn needs no evidence.
func (c Case) Close(how Resolution, evidence *Dossier, act Act) (Case, error) {
	states := []CaseState{CaseAnswered, CaseRetest, CaseDisputed}
	if how == Withdrawn {
		states = append(states, CaseOpen, CaseSent)
	}
	if err := c.in("close", states...); err != nil {
		return c, err
	}
	hash := ""
	if how != Withdrawn {
		if err := c.supports(how, evidence); err != nil {
			return c, err
		}
		var err error
		if hash, err = evidence.Hash(); err != nil {
			return c, err
		}
	}
	next, err := c.to(CaseClosed, "close: "+string(how), act, hash)
	if err != nil {
		return c, err
	}
	next.Resolution, next.Due = how, time.Time{}
	return next, nil
}

// supports checks the new evidence against the resolution.
func (c *Case) supports(how Resolution, evidence *Dossier) error {
	if evidence == nil || evidence.Operator != c.Operator || len(evidence.Cells) != len(c.Cells) {
		return c.refuse(RefusedNoEvidence, params{"resolution": string(how)}, "closing it as %s needs new evidence on all its cells", how)
	}
	if err := evidence.Verify(); err != nil {
		return err
	}
	shown, better := 0, 0
	for i := range evidence.Cells {
		e := &evidence.Cells[i]
		if e.Decision.Covered.Hold() {
			shown++
		}
		switch {
		case e.Cell != c.Cells[i]:
			return c.refuse(RefusedOtherEvidence, nil, "the evidence is of other cells")
		case e.Decision.Verdict.IsBad():
			return c.refuse(RefusedBadCell, params{"cell": e.Cell.String(), "verdict": e.Decision.Verdict.String()}, "cell %s is proven %s", e.Cell, e.Decision.Verdict)
		case e.Decision.Verdict == Covered:
			better++
		case c.wasDead(i) && e.Decision.ServedP < evidence.Rules.Level && e.Decision.Served.Hold():
			better++
		}
	}
	switch {
	case how == Rebutted && shown < len(c.Cells):
		return c.refuse(RefusedNotShown, params{"shown": strconv.Itoa(shown), "cells": strconv.Itoa(len(c.Cells))},
			"coverage is shown in %d of %d cells; it must be in all", shown, len(c.Cells))
	case how == Repaired && better == 0:
		return c.refuse(RefusedNotBetter, nil, "no cell is proven to be better; close it as %s or measure more", Restored)
	case how != Rebutted && how != Repaired && how != Restored:
		return c.refuse(RefusedResolution, params{"resolution": string(how)}, "%q is no resolution", how)
	}
	return nil
}

func (c *Case) wasDead(i int) bool {
	return c.Evidence != nil && i < len(c.Evidence.Cells) && c.Evidence.Cells[i].Decision.Verdict == Dead
}

// Reopen takes a closed case up again: the note says why.
func (c Case) Reopen(act Act) (Case, error) {
	if err := c.in("reopen", CaseClosed); err != nil {
		return c, err
	}
	if act.Note == "" {
		return c, c.refuse(RefusedReopenReason, nil, "say why it is reopened")
	}
	next, err := c.to(CaseOpen, "reopen", act, "")
	if err != nil {
		return c, err
	}
	next.Resolution = ""
	return next, nil
}

// Comment adds a note to the trail.
func (c Case) Comment(act Act) (Case, error) { return c.to(c.State, "comment", act, "") }

// Overdue reports whether somebody should have acted by now.
func (c *Case) Overdue(now time.Time) bool {
	return !c.Due.IsZero() && now.After(c.Due) && c.State != CaseClosed
}
