package coverage

import (
	"fmt"

	"phusong/telemetry"
)

// A Refusal says why something cannot be done to a case: in English, and by a code with its
// parameters, of which a console makes the sentence in the language of its reader. It wraps
// ErrCase.
type Refusal struct {
	// Case is its id; empty where there is none yet.
	Case   string
	Code   RefusalCode
	Params map[string]string
	Text   string
}

func (r *Refusal) Error() string {
	if r.Case == "" {
		return r.Text
	}
	return fmt.Sprintf("case %s: %v: %s", r.Case, ErrCase, r.Text)
}

// Unwrap returns ErrCase.
func (*Refusal) Unwrap() error { return ErrCase }

// Reason returns what the sentence is made of.
func (r *Refusal) Reason() (code string, params map[string]string) { return string(r.Code), r.Params }

// A RefusalCode names a reason. It never changes its meaning: others rely on it.
type RefusalCode string

// The reasons, each with its parameters. Times are RFC 3339 in UTC.
const (
	RefusedIncomplete     RefusalCode = "case-incomplete"         // no id, operator or cell
	RefusedState          RefusalCode = "case-state"              // state, action: send, answer, re-test, dispute, close or reopen
	RefusedZoneTaken      RefusalCode = "case-zone-taken"         // zone, case: the one that is about it and not closed
	RefusedUntested       RefusalCode = "case-untested"           // cell, operator: nobody has tested it
	RefusedOtherEvidence  RefusalCode = "case-other-evidence"     // it is of other cells or another operator
	RefusedUnproven       RefusalCode = "case-unproven"           // nothing is proven against the operator
	RefusedAnswer         RefusalCode = "case-answer"             // answer: it is none
	RefusedStrikeReason   RefusalCode = "case-strike-reason"      // test, reason: it is none
	RefusedStrikeTest     RefusalCode = "case-strike-test"        // test, cell: it is not in the evidence
	RefusedNoEvidence     RefusalCode = "case-no-evidence"        // resolution: it needs new evidence on all cells
	RefusedBadCell        RefusalCode = "case-bad-cell"           // cell, verdict: it is proven bad still
	RefusedNotShown       RefusalCode = "case-coverage-not-shown" // shown, cells: how many of how many
	RefusedNotBetter      RefusalCode = "case-not-better"         // no cell is proven to be better
	RefusedResolution     RefusalCode = "case-resolution"         // resolution: it is none
	RefusedReopenReason   RefusalCode = "case-reopen-reason"      // the note is missing
	RefusedWhoAndWhen     RefusalCode = "case-who-and-when"       // one of them is missing
	RefusedBeforeTheTrail RefusalCode = "case-before-trail"       // at, last: the act would be before the last entry
)

// RefusalCodes returns every code, in a fixed order.
func RefusalCodes() []RefusalCode {
	return []RefusalCode{
		RefusedIncomplete, RefusedState, RefusedZoneTaken, RefusedUntested, RefusedOtherEvidence, RefusedUnproven, RefusedAnswer, RefusedStrikeReason,
		RefusedStrikeTest, RefusedNoEvidence, RefusedBadCell, RefusedNotShown, RefusedNotBetter, RefusedResolution, RefusedReopenReason, RefusedWhoAndWhen,
		RefusedBeforeTheTrail,
	}
}

type params = map[string]string

func (c *Case) refuse(code RefusalCode, p params, format string, args ...any) error {
	return &Refusal{Case: c.ID, Code: code, Params: p, Text: fmt.Sprintf(format, args...)}
}

// Untested says that there is no evidence on a cell.
func Untested(cell Cell, operator telemetry.OperatorCode) *Refusal {
	return &Refusal{
		Code: RefusedUntested, Params: params{"cell": cell.String(), "operator": string(operator)},
		Text: fmt.Sprintf("nothing is known of cell %s for %s", cell, operator),
	}
}
