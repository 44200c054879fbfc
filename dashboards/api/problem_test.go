package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/dashboards/access"
)

// told is a problem as a client reads it.
type told struct {
	Status int
	Detail string
	Code   Code
	Params map[string]string
}

func problemIn(t *testing.T, answer *reply) told {
	t.Helper()
	var p told
	if err := json.Unmarshal(answer.Body.Bytes(), &p); err != nil || answer.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s %s: %v", answer.StatusCode, answer.Header.Get("Content-Type"), answer.Body, err)
	}
	return p
}

// Whoever is refused something is told why by a code, whether we or the library refuse it.
func TestARefusalSaysWhyByACode(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	for _, test := range []struct {
		who                access.Identity
		method, path, body string
		status             int
		code               Code
		params             map[string]string
	}{
		{admin, "GET", "/sites?bbox=1,2", "", 422, codeInvalid, map[string]string{"fields": "bbox"}},
		{admin, "GET", "/sites?limit=0", "", 422, codeInvalid, map[string]string{"fields": "limit"}},
		{admin, "GET", "/sites?colour=red", "", 422, codeInvalid, map[string]string{"fields": "colour"}},
		{admin, "GET", "/coverage/cells.geojson?day=today", "", 422, codeInvalid, map[string]string{"fields": "day"}},
		{admin, "POST", "/maintenance", `{"area":"25459","owner":"","reason":"","from":"2026-11-20T05:00:00Z","until":"2026-11-20T06:00:00Z"}`, 422, codeInvalid, map[string]string{"fields": "owner,reason"}},
		{admin, "POST", "/maintenance", `{`, 400, codeInvalid, map[string]string{"fields": "body"}},
		{admin, "POST", "/maintenance", `{"area":"99","owner":"o","reason":"r","from":"2026-11-20T05:00:00Z","until":"2026-11-20T06:00:00Z"}`, 422, codeWindowPlace, nil},
		{viewer, "POST", "/maintenance", window, 403, codeForbidden, map[string]string{"role": "viewer"}},
		{admin, "GET", "/alerts/none", "", 404, codeNotFound, nil},
		{admin, "GET", "/devices/none", "", 404, codeNotFound, nil},
		{admin, "POST", "/alerts/a25459/acknowledge", `{}`, 422, codeUntil, nil},
		{admin, "POST", "/alerts/a25459/comment", `{}`, 422, codeTextMissing, map[string]string{"field": "text"}},
		{admin, "POST", "/alerts/a25459/assign", `{"to":"nobody-known"}`, 409, codeRefused, nil},
		{admin, "POST", "/cases", `{}`, 422, codeCaseSubject, nil},
		{field, "GET", "/survey?area=25460", "", 403, codeOtherAreas, nil},
		{admin, "POST", "/cases/c1/reopen", `{}`, 409, "case-state", map[string]string{"state": "open", "action": "reopen"}},
		{admin, "POST", "/deadletters/replay", `{}`, 422, codeReplay, nil},
	} {
		answer := c.as(t.Context(), test.who, test.method, Prefix+test.path, test.body)
		got := problemIn(t, answer)
		want := told{test.status, got.Detail, test.code, test.params}
		if diff := cmp.Diff(want, got); diff != "" || answer.StatusCode != test.status || got.Detail == "" || !slices.Contains(Codes(), got.Code) {
			t.Errorf("%s %s %s: %d (-want +got):\n%s", test.method, test.path, test.body, answer.StatusCode, diff)
		}
	}
}

func TestProblemsOfSources(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want told
	}{
		{fmt.Errorf("cell x: %w", ErrNotFound), told{Status: 404, Detail: "cell x: there is no such thing", Code: codeNotFound}},
		{fmt.Errorf("case 1: %w", ErrConflict), told{Status: 409, Detail: "case 1: changed at once; try again", Code: codeConflict}},
		{ErrNotReady, told{Status: 503, Detail: "not ready yet", Code: codeNotReady}},
		{fmt.Errorf("writing: %w", t.Context().Err()), told{Status: 500, Detail: "something went wrong; the log of the service says what", Code: codeInternal}},
		{errors.New("secret"), told{Status: 500, Detail: "something went wrong; the log of the service says what", Code: codeInternal}},
	} {
		p := problemOf(test.err)
		if diff := cmp.Diff(test.want, told{p.Status, p.Detail, p.Code, p.Params}); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.err, diff)
		}
	}
	o := Outlook(CaseOutlook{Action: "send"}, errors.New("the disk at /data is full"))
	if want := "something went wrong; the log of the service says what"; o.Possible || o.Why != want || o.Code != codeInternal {
		t.Errorf("the outlook is %+v, want %q", o, want)
	}
	if o = Outlook(o, nil); !o.Possible {
		t.Errorf("the outlook is %+v", o)
	}
}

// A code that is not in the description is one that no console has a sentence for.
func TestEveryCodeIsDescribed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := Codes()
	declared := regexp.MustCompile(`(?m)^(?:const|\t)\s*[cC]ode\w+ +Code += "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(declared) < 10 {
		t.Errorf("%d codes are declared", len(declared))
	}
	for _, m := range declared {
		if !slices.Contains(listed, Code(m[1])) {
			t.Errorf("%s is not in Codes", m[1])
		}
	}
	for _, code := range codesByStatus {
		if !slices.Contains(listed, code) {
			t.Errorf("%s is not in Codes", code)
		}
	}
	w := httptest.NewRecorder()
	newConsole(t).description.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, OpenAPI, http.NoBody))
	var d struct {
		Components struct {
			Schemas struct{ Code struct{ Enum []Code } }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(listed, d.Components.Schemas.Code.Enum); diff != "" {
		t.Errorf("(-listed +described):\n%s", diff)
	}
	slices.Sort(listed)
	if len(slices.Compact(slices.Clone(listed))) != len(listed) {
		t.Errorf("some code is there twice: %v", listed)
	}
}

// Each code has a line in the manual.
func TestEveryCodeIsInTheManual(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/API.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range Codes() {
		if !regexp.MustCompile("(?m)^\\|.*`" + string(code) + "`").Match(manual) {
			t.Errorf("docs/API.md does not explain %s", code)
		}
	}
}
