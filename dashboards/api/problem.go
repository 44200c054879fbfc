package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"phusong/dashboards/access"
)

// A reasoned error knows the code of what it says, and its parameters.
type reasoned interface {
	error
	Reason() (code string, params map[string]string)
}

// A problem is what a client is told that cannot have what it asks for (RFC 9457).
type problem struct {
	huma.ErrorModel
	Code   Code              `json:"code,omitempty"`
	Params map[string]string `json:"params,omitempty"`
}

// refusal returns a problem; params are names and values by turns.
func refusal(status int, code Code, detail string, params ...string) *problem {
	p := &problem{ErrorModel: huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail}, Code: code}
	for pair := range slices.Chunk(params, 2) {
		if p.Params == nil {
			p.Params = make(map[string]string)
		}
		p.Params[pair[0]] = pair[1]
	}
	return p
}

// invalid returns a problem with a field of the question.
func invalid(field, detail string) *problem {
	return refusal(http.StatusUnprocessableEntity, codeInvalid, detail, "fields", field)
}

// problem turns an error into what the client is told. What is unknown stays in the log.
func (s *server) problem(operation string, err error) error {
	if status, ok := errors.AsType[huma.StatusError](err); ok {
		return status
	}
	p := problemOf(err)
	if p.Code == codeInternal {
		s.Logger.Error("the API could not answer", "operation", operation, "error", err)
	}
	return p
}

func problemOf(err error) *problem {
	var p *problem
	switch {
	case errors.Is(err, ErrNotFound):
		p = refusal(http.StatusNotFound, codeNotFound, err.Error())
	case errors.Is(err, ErrRefused):
		p = refusal(http.StatusConflict, codeRefused, err.Error())
	case errors.Is(err, ErrConflict):
		p = refusal(http.StatusConflict, codeConflict, err.Error()+"; try again")
	case errors.Is(err, ErrNotReady):
		p = refusal(http.StatusServiceUnavailable, codeNotReady, err.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return refusal(http.StatusServiceUnavailable, codeTimeout, "it took too long")
	default:
		return refusal(http.StatusInternalServerError, codeInternal, "something went wrong; the log of the service says what")
	}
	if r, ok := errors.AsType[reasoned](err); ok {
		code, params := r.Reason()
		p.Code, p.Params = Code(code), params
	}
	return p
}

// Outlook returns the outlook of an act whose trial ended with err; nil: it is possible. What is
// unknown is told by its code alone.
func Outlook(o CaseOutlook, err error) CaseOutlook {
	if o.Possible = err == nil; err != nil {
		p := problemOf(err)
		o.Why, o.Code, o.Params = p.Detail, p.Code, p.Params
	}
	return o
}

// codesByStatus are those of what the library refuses before we are asked.
var codesByStatus = map[int]Code{
	http.StatusBadRequest: codeInvalid, http.StatusForbidden: codeForbidden, http.StatusNotFound: codeNotFound, http.StatusConflict: codeRefused,
	http.StatusRequestEntityTooLarge: codeTooLarge, http.StatusUnprocessableEntity: codeInvalid, http.StatusTooManyRequests: codeTooMany,
	http.StatusRequestTimeout: codeTimeout, http.StatusServiceUnavailable: codeNotReady, http.StatusInternalServerError: codeInternal,
}

// withCode is a [huma.Transformer]: it gives a code to what has none.
func withCode(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &problem{ErrorModel: *m, Code: codesByStatus[m.Status]}
	if p.Code == codeInvalid {
		p.Params = map[string]string{"fields": fieldsOf(m.Errors)}
	}
	return p, nil
}

// fieldsOf names where the question is wrong, without the part of the request: "owner,weekly[0].day".
func fieldsOf(errs []*huma.ErrorDetail) string {
	var fields []string
	for _, e := range errs {
		part, field, _ := strings.Cut(e.Location, ".")
		if field == "" {
			field = part
		}
		if field != "" && !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	return strings.Join(fields, ",")
}

// forbid says that a role may not do something.
func (s *server) forbid(ctx huma.Context, role access.Role) {
	detail := "the role " + string(role) + " may not do this"
	p := refusal(http.StatusForbidden, codeForbidden, detail, "role", string(role))
	ctx.SetHeader("Content-Type", p.ContentType("application/json"))
	ctx.SetStatus(p.Status)
	_ = s.api.Marshal(ctx.BodyWriter(), "application/json", p) // the client may be gone
}

// describeProblems adds to the description what problems have besides what the library knows of.
func (s *server) describeProblems() {
	of := s.api.OpenAPI().Components.Schemas
	text := &huma.Schema{Type: huma.TypeString}
	model := of.Map()["ErrorModel"]
	model.Properties["code"] = Code("").Schema(of)
	model.Properties["params"] = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: text, Description: "of the code: what its sentence is about"}
}
