package api

import (
	"github.com/danielgtaylor/huma/v2"

	"phusong/dashboards/access"
)

// A Code says why something is refused: a console makes the sentence of it and its parameters
// in the language of its reader. It never changes its meaning.
type Code string

// The reasons that the API itself has, each with its parameters.
const (
	codeInvalid     Code = "invalid"           // fields: what is wrong in the question, with commas
	codeForbidden   Code = "forbidden"         // role: it may not do this
	codeOtherAreas  Code = "other-areas"       // it is not in an area of who asks
	codeNotFound    Code = "not-found"         // or in another's area
	codeRefused     Code = "refused"           // as it is now; detail says more
	codeConflict    Code = "changed-meanwhile" // somebody else was faster
	codeTooLarge    Code = "too-large"         // more is sent than is taken
	codeTooMany     Code = "too-many-requests"
	codeNotReady    Code = "not-ready"
	codeCrowded     Code = "crowded" // too many listen to events
	codeTimeout     Code = "took-too-long"
	codeInternal    Code = "internal"     // the log of the service says more
	codeUntil       Code = "until-needed" // an acknowledgement ends by itself
	codeWindowPlace Code = "window-place" // it is not one device, site or area of the registry
	codeCaseSubject Code = "case-subject" // neither a zone nor cells with their operator
	codeReplay      Code = "replay-choice"
)

// CodeOff is that of an API without accounts, which is none.
const CodeOff Code = "api-off"

// CodesOfSources returns those of coverage and desk, whom this package does not know. A test of cmd
// holds them against theirs.
func CodesOfSources() []Code {
	return []Code{
		"act-time", "alert-action", "alert-no-span", "alert-not-in-hand", "alert-too-long",
		"case-answer", "case-bad-cell", "case-before-trail", "case-coverage-not-shown", "case-incomplete", "case-no-evidence", "case-not-better",
		"case-other-evidence", "case-reopen-reason", "case-resolution", "case-state", "case-strike-reason", "case-strike-test", "case-unproven", "case-untested",
		"case-who-and-when", "case-zone-taken",
		codeTextMissing, "text-characters", "text-too-long",
		"window-changes", "window-exists", "window-order", "window-over", "window-past", "window-scope", "window-series-long", "window-spans", "window-times",
		"window-too-long", "window-unknown", "window-weekly", "window-whole-week", "window-zone", "window-zone-for-once",
	}
}

// codeTextMissing is a source's that the API refuses by too: field.
const codeTextMissing Code = "text-missing"

// Codes returns every code that an answer can have.
func Codes() []Code {
	all := []Code{
		codeInvalid, codeForbidden, codeOtherAreas, codeNotFound, codeRefused, codeConflict, codeTooLarge, codeTooMany, codeNotReady, codeCrowded, codeTimeout,
		codeInternal, codeUntil, codeWindowPlace, codeCaseSubject, codeReplay, CodeOff,
	}
	for _, c := range access.Codes() {
		all = append(all, Code(c))
	}
	return append(all, CodesOfSources()...)
}

// Schema implements [huma.SchemaProvider]: clients see every code there is.
func (Code) Schema(r huma.Registry) *huma.Schema {
	const name = "Code"
	if r.Map()[name] == nil {
		s := &huma.Schema{Type: huma.TypeString, Description: "Why something is refused. It never changes its meaning; new ones may come, so fall back to the English sentence."}
		for _, c := range Codes() {
			s.Enum = append(s.Enum, string(c))
		}
		r.Map()[name] = s
	}
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}
