package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// A call is one way to use an operation that must work for who has the permission.
type call struct {
	method, path, body string
	permission         access.Permission
	// foreign is the same about what belongs to another area; empty where there is none.
	foreign string
}

const window = `{"area":"25459","owner":"o","reason":"r","from":"2026-11-20T05:00:00Z","until":"2026-11-20T06:00:00Z"}`

// calls has every operation at least once, which a test holds.
var calls = map[string]call{
	"list-areas":        {method: "GET", path: "/areas"},
	"map-areas":         {method: "GET", path: "/areas.geojson"},
	"list-sites":        {method: "GET", path: "/sites"},
	"map-sites":         {method: "GET", path: "/sites.geojson?bbox=105,10,107,13"},
	"list-devices":      {method: "GET", path: "/devices"},
	"map-devices":       {method: "GET", path: "/devices.geojson"},
	"list-targets":      {method: "GET", path: "/targets"},
	"get-device":        {method: "GET", path: "/devices/ap-25459", foreign: "/devices/ap-25460"},
	"count-devices":     {method: "GET", path: "/device-states"},
	"get-scale":         {method: "GET", path: "/environment/scale"},
	"list-stations":     {method: "GET", path: "/environment/stations"},
	"get-station":       {method: "GET", path: "/environment/stations/air-25459", foreign: "/environment/stations/air-25460"},
	"list-usage":        {method: "GET", path: "/wifi/usage"},
	"list-availability": {method: "GET", path: "/wifi/availability"},
	"list-alerts":       {method: "GET", path: "/alerts"},
	"get-alert":         {method: "GET", path: "/alerts/a25459", foreign: "/alerts/a25460"},
	"get-alert-history": {method: "GET", path: "/alerts/a25459/history", foreign: "/alerts/over/history"},
	"act-on-alert": {method: "POST", path: "/alerts/a25459/acknowledge", body: `{"until":"2026-11-20T06:00:00Z"}`,
		permission: access.WorkAlerts, foreign: "/alerts/a25460/acknowledge"},
	"list-incidents":   {method: "GET", path: "/incidents"},
	"list-windows":     {method: "GET", path: "/maintenance"},
	"announce-window":  {method: "POST", path: "/maintenance", body: window, permission: access.Maintenance},
	"change-window":    {method: "POST", path: "/maintenance/w1/end", body: `{}`, permission: access.Maintenance, foreign: "/maintenance/w2/end"},
	"map-cells":        {method: "GET", path: "/coverage/cells.geojson"},
	"get-cell":         {method: "GET", path: "/coverage/cells/ours?operator=45204", foreign: "/coverage/cells/theirs?operator=45204"},
	"list-cell-tests":  {method: "GET", path: "/coverage/cells/ours/tests?operator=45204", foreign: "/coverage/cells/theirs/tests?operator=45204"},
	"get-cell-history": {method: "GET", path: "/coverage/cells/ours/history?operator=45204", foreign: "/coverage/cells/theirs/history?operator=45204"},
	"map-zones":        {method: "GET", path: "/coverage/zones.geojson"},
	"get-service":      {method: "GET", path: "/service"},
	"get-console":      {method: "GET", path: "/console"},
	"list-days":        {method: "GET", path: "/coverage/days"},
	"get-tile":         {method: "GET", path: "/coverage/tiles/10/813/479.mvt"},
	"plan-survey":      {method: "GET", path: "/survey"},
	"list-cases":       {method: "GET", path: "/cases"},
	"get-case":         {method: "GET", path: "/cases/c1", foreign: "/cases/c3"},
	"get-dossier":      {method: "GET", path: "/cases/c1/dossier", foreign: "/cases/c3/dossier"},
	"review-case":      {method: "GET", path: "/cases/c1/review", foreign: "/cases/c3/review"},
	"print-dossier":    {method: "GET", path: "/cases/c1/dossier/html", foreign: "/cases/c3/dossier/html"},
	"get-zone":         {method: "GET", path: "/coverage/zones/z1", foreign: "/coverage/zones/z2"},
	"open-case":        {method: "POST", path: "/cases", body: `{"zone":"z1"}`, permission: access.WorkCases},
	"act-on-case":      {method: "POST", path: "/cases/c1/send", body: `{}`, permission: access.WorkCases, foreign: "/cases/c2/send"},
	"get-series": {method: "GET", path: "/series?kind=wifi&device=ap-25459&field=clients&from=2026-11-20T00:00:00Z&to=2026-11-20T05:00:00Z",
		foreign: "/series?kind=wifi&device=ap-25460&field=clients&from=2026-11-20T00:00:00Z&to=2026-11-20T05:00:00Z"},
	"list-changes":   {method: "GET", path: "/audit?who=lan&limit=5", permission: access.Administer},
	"list-letters":   {method: "GET", path: "/deadletters", permission: access.Administer},
	"replay-letters": {method: "POST", path: "/deadletters/replay", body: `{"ids":["1-0"]}`, permission: access.Administer},
	"listen":         {}, // see events_test.go
	"get-session":    {}, // see package access, as the following
	"log-in":         {},
	"log-out":        {},
}

// A document is what is looked at of OpenAPI.
type document struct {
	OpenAPI string
	Paths   map[string]map[string]struct{ OperationID, Summary string }
}

func description(t testing.TB) *document {
	t.Helper()
	c := newConsole(t)
	w := httptest.NewRecorder()
	c.description.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, OpenAPI, http.NoBody))
	var d document
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

func TestEveryOperationIsDescribedAndTried(t *testing.T) {
	t.Parallel()
	d := description(t)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s, want 3.1.0", d.OpenAPI)
	}
	seen := 0
	for path, item := range d.Paths {
		for _, op := range item {
			seen++
			if _, ok := calls[op.OperationID]; !ok || op.Summary == "" || !strings.HasPrefix(path, Prefix+"/") {
				t.Errorf("%s %q is not tried, or not described", path, op.OperationID)
			}
		}
	}
	if seen != len(calls) {
		t.Errorf("%d operations, %d calls", seen, len(calls))
	}
}

// Every role meets every operation: what it may do works, what it may not do is refused and
// changes nothing.
func TestRoles(t *testing.T) {
	t.Parallel()
	for id, call := range calls {
		for _, role := range append(access.Roles(), "") {
			if call.method == "" {
				continue
			}
			t.Run(id+" as "+string(role), func(t *testing.T) {
				t.Parallel()
				c := newConsole(t)
				who := access.Identity{Name: "somebody", Role: role}
				if role == access.Field {
					who.Areas = field.Areas
				}
				permission := call.permission
				if permission == "" {
					permission = access.Read
				}
				answer := c.as(t.Context(), who, call.method, Prefix+call.path, call.body)
				body, _ := io.ReadAll(answer.Body)
				if allowed := who.May(permission); allowed != (answer.StatusCode == http.StatusOK) || !allowed && answer.StatusCode != http.StatusForbidden {
					t.Errorf("%d %s, allowed %v", answer.StatusCode, body, allowed)
				}
				changed := call.method != http.MethodGet && answer.StatusCode == http.StatusOK
				if changed != (len(c.acts) > 0) {
					t.Errorf("what was done: %v", c.acts)
				}
			})
		}
	}
}

// Whatever role somebody bound to an area has: another area's things are not there.
func TestAreas(t *testing.T) {
	t.Parallel()
	for id, call := range calls {
		if call.foreign == "" {
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			c := newConsole(t)
			for _, role := range []access.Role{access.Field, access.Operations, access.Liaison, access.Viewer} {
				who := access.Identity{Name: "somebody", Role: role, Areas: field.Areas}
				answer := c.as(t.Context(), who, call.method, Prefix+call.foreign, call.body)
				if answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusForbidden {
					t.Errorf("%s gets %d", role, answer.StatusCode)
				}
			}
			if len(c.acts) > 0 {
				t.Errorf("what was done: %v", c.acts)
			}
		})
	}
	for path, want := range map[string][]string{
		"/areas?limit=5": {"25459"}, "/areas.geojson": {"25459"}, "/sites": {"25459"}, "/sites.geojson": {"25459"}, "/devices": {"25459", "25459"},
		"/devices.geojson": {"25459"}, "/environment/stations": {"25459"}, "/alerts": {"25459"}, "/incidents": {"25459"}, "/maintenance": {"25459"}, "/coverage/cells.geojson": {"25459"},
	} {
		c := newConsole(t)
		key := "area"
		if strings.HasPrefix(path, "/areas") {
			key = "code"
		}
		if diff := cmp.Diff(want, list(t, c.as(t.Context(), field, http.MethodGet, Prefix+path, ""), key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	c := newConsole(t)
	if got := list(t, c.as(t.Context(), field, http.MethodGet, Prefix+"/cases", ""), "id"); !slices.Equal(got, []string{"c1", "c2"}) {
		t.Errorf("cases %v", got)
	}
	bounded := access.Identity{Name: "x", Role: access.Operations, Areas: field.Areas}
	foreign := strings.Replace(window, `"area":"25459"`, `"site":"site-25460"`, 1)
	if answer := c.as(t.Context(), bounded, http.MethodPost, Prefix+"/maintenance", foreign); answer.StatusCode != http.StatusForbidden {
		t.Errorf("maintenance in another area: %d", answer.StatusCode)
	}
	liaison := access.Identity{Name: "x", Role: access.Liaison, Areas: field.Areas}
	for _, body := range []string{`{"zone":"z2"}`, `{"operator":"45204","cells":["theirs"]}`} {
		if answer := c.as(t.Context(), liaison, http.MethodPost, Prefix+"/cases", body); answer.StatusCode != http.StatusForbidden {
			t.Errorf("a case in another area: %d", answer.StatusCode)
		}
	}
	if len(c.acts) > 0 {
		t.Errorf("what was done: %v", c.acts)
	}
	province := access.Identity{Name: "x", Role: access.Viewer, Areas: []telemetry.AreaCode{"80"}}
	if got := list(t, c.as(t.Context(), province, http.MethodGet, Prefix+"/sites", ""), "area"); len(got) != 2 {
		t.Errorf("who has the province sees sites of %v", got)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	for _, test := range []struct {
		path, key string
		want      []string
	}{
		{"/areas?parent=80", "code", []string{"25459", "25460"}},
		{"/areas.geojson?level=province", "code", []string{"80"}},
		{"/sites?area=80", "id", []string{"site-25459", "site-25460"}},
		{"/sites?required=true", "id", []string{"site-25460"}},
		{"/sites?verdict=working", "id", []string{"site-25459"}},
		{"/sites.geojson?bbox=106,11,107,12", "id", []string{"site-25459"}},
		{"/devices?state=silent", "id", []string{"ap-25460"}},
		{"/devices?kind=mobile", "id", []string{"roaming"}},
		{"/devices?q=AP+25460", "id", []string{"ap-25460"}},
		{"/devices?registered=true", "id", []string{}},
		{"/environment/stations?area=25459", "id", []string{"air-25459"}},
		{"/devices.geojson?area=25460", "id", []string{"ap-25460"}},
		{"/alerts", "id", []string{"watchdog", "a25460", "a25459"}}, // worst first, then newest
		{"/alerts?severity=warning&site=site-25459", "id", []string{"a25459"}},
		{"/coverage/cells.geojson?bbox=106,11,107,12", "area", []string{"25459"}},
		{"/coverage/cells.geojson?verdict=covered", "area", []string{}},
		{"/coverage/cells.geojson?verdict=covered,dead&operator=45204&limit=1", "area", []string{"25459"}},
		{"/coverage/cells/ours/tests?operator=45204&counts=false", "reason", []string{"hours"}},
		{"/coverage/zones.geojson?verdict=gap", "id", []string{"z2"}},
		{"/cases?state=sent", "id", []string{"c2", "c3"}},
		{"/cases?overdue=true", "id", []string{"c3"}},
		{"/deadletters?limit=2", "id", []string{"1-0", "2-0"}},
		{"/deadletters?limit=2&after=4-0", "id", []string{"5-0"}},
	} {
		if diff := cmp.Diff(test.want, list(t, c.as(t.Context(), admin, http.MethodGet, Prefix+test.path, ""), test.key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.path, diff)
		}
	}
}

// Whoever reads a list page by page gets every member once, in order.
func TestPages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(rapid.StringMatching(`[a-z0-9-]{1,8}`), rapid.ID[string]).Draw(t, "keys")
		limit := rapid.IntRange(1, 7).Draw(t, "limit")
		want := slices.Sorted(slices.Values(keys))
		var got []string
		after := ""
		for range len(keys) + 2 {
			page := pageOf(Paging{Limit: limit, After: after}, slices.Clone(keys), func(s *string) string { return *s })
			if page.Total != len(keys) || len(page.Items) > limit {
				t.Fatalf("page %+v", page)
			}
			got = append(got, page.Items...)
			if after = page.Next; after == "" {
				break
			}
		}
		if !slices.Equal(want, got) {
			t.Fatalf("pages give %v, want %v", got, want)
		}
	})
}

func TestBadQuestions(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/sites?limit=100000", "", 422},
		{"GET", "/sites?limit=-1", "", 422},
		{"GET", "/sites?colour=red", "", 422},
		{"GET", "/sites.geojson?bbox=1,2,3", "", 422},
		{"GET", "/sites.geojson?bbox=NaN,NaN,NaN,NaN", "", 422},
		{"GET", "/sites.geojson?bbox=-999,-999,999,999", "", 422},
		{"GET", "/coverage/cells.geojson?bbox=107,11,106,12", "", 422},
		{"GET", "/coverage/cells.geojson?bbox=-180,-90,180,90", "", 200}, // all the Earth is bounded by limit
		{"GET", "/coverage/cells.geojson?verdict=purple", "", 422},
		{"GET", "/coverage/cells.geojson?limit=30001", "", 422},
		{"GET", "/coverage/cells.geojson?day=yesterday", "", 422},
		{"GET", "/coverage/cells.geojson?day=2026-11-31", "", 422},
		{"GET", "/coverage/zones.geojson?day=../../etc", "", 422},
		{"GET", "/coverage/zones.geojson?day=2020-01-01", "", 404},
		{"GET", "/coverage/tiles/15/0/0.mvt", "", 422},
		{"GET", "/coverage/tiles/3/8/0.mvt", "", 422},
		{"GET", "/coverage/tiles/3/0/8.mvt", "", 422},
		{"GET", "/coverage/tiles/3/-1/0.mvt", "", 422},
		{"GET", "/coverage/tiles/3/0/4294967296.mvt", "", 422},
		{"GET", "/coverage/tiles/3/0/0.png", "", 422},
		{"GET", "/coverage/tiles/3/0/0.mvt?verdict=purple", "", 422},
		{"GET", "/coverage/tiles/3/0/0.mvt?day=2020-01-01", "", 404},
		{"GET", "/coverage/cells/ours", "", 422},
		{"GET", "/coverage/cells/..%2f..%2fetc%2fpasswd?operator=45204", "", 404},
		{"GET", "/alerts/..%2f..%2fpasswd", "", 404},
		{"GET", "/alerts/" + strings.Repeat("a", 5000), "", 422},
		{"POST", "/alerts/a25459/delete", `{}`, 422},
		{"POST", "/alerts/a25459/acknowledge", `{}`, 422},
		{"POST", "/alerts/a25459/acknowledge", `{"until":"soon"}`, 422},
		{"POST", "/alerts/a25459/comment", `{}`, 422},
		{"POST", "/alerts/a25459/comment", `{"text":"x","role":"admin"}`, 422},
		{"POST", "/alerts/a25459/comment", `{"text":"` + strings.Repeat("x", 3000) + `"}`, 422},
		{"POST", "/alerts/a25459/comment", `{"text":"` + strings.Repeat("x", 2<<20) + `"}`, 413},
		{"POST", "/alerts/a25459/comment", `not JSON`, 400},
		{"POST", "/alerts/a25459/assign", `{"to":"nobody-known"}`, 409},
		{"POST", "/alerts/nothing/release", `{}`, 404},
		{"POST", "/maintenance", strings.Replace(window, "25459", "99999", 1), 422},
		{"POST", "/maintenance", `{"area":"25459"}`, 422},
		{"POST", "/maintenance/nothing/end", `{}`, 404},
		{"POST", "/cases", `{}`, 422},
		{"POST", "/cases", `{"zone":"z1","cells":["ours"]}`, 422},
		{"POST", "/cases", `{"zone":"nothing"}`, 404},
		{"POST", "/cases/c1/reopen", `{}`, 409},
		{"POST", "/cases/c1/close", `{"resolution":"forgotten"}`, 422},
		{"GET", "/cases/nothing/dossier", "", 404},
		{"GET", "/cases/nothing/review", "", 404},
		{"GET", "/cases/nothing/dossier/html", "", 404},
		{"GET", "/cases/c1/dossier/pdf", "", 422},
		{"GET", "/coverage/zones/nothing", "", 404},
		{"GET", "/series?kind=wifi&device=ap-25459&field=clients&from=2026-01-01T00:00:00Z&to=2026-11-20T05:00:00Z&step=1s", "", 422},
		{"GET", "/series?kind=wifi&device=ap-25459&field=passwords&from=2026-11-20T00:00:00Z&to=2026-11-20T05:00:00Z", "", 422},
		{"GET", "/series?kind=wifi&device=nothing&field=clients&from=2026-11-20T00:00:00Z&to=2026-11-20T05:00:00Z", "", 404},
		{"GET", "/devices/nothing", "", 404},
		{"GET", "/environment/stations/nothing", "", 404},
		{"GET", "/wifi/availability?month=Novembe", "", 409},
		{"POST", "/deadletters/replay", `{}`, 422},
		{"POST", "/deadletters/replay", `{"all":true,"limit":0}`, 422},
		{"PUT", "/alerts", `{}`, 405},
	} {
		answer := c.as(t.Context(), admin, test.method, Prefix+test.path, test.body)
		body, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != test.want {
			t.Errorf("%s %.100s: %d %.300s, want %d", test.method, test.path, answer.StatusCode, body, test.want)
		}
		if kind := answer.Header.Get("Content-Type"); test.want >= 400 && test.want != 405 && kind != "application/problem+json" {
			t.Errorf("%s %.100s: the problem is %s", test.method, test.path, kind)
		}
	}
	if len(c.acts) > 0 {
		t.Errorf("what was done: %v", c.acts)
	}
	c.notReady = true
	for _, path := range []string{"/coverage/cells.geojson", "/coverage/zones.geojson", "/coverage/tiles/10/813/479.mvt"} {
		if answer := c.as(t.Context(), admin, http.MethodGet, Prefix+path, ""); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s before the first judgement: %d", path, answer.StatusCode)
		}
	}
}

// Text from outside cannot become markup, wherever an answer is put.
func TestHostileTextIsEscaped(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	for _, path := range []string{"/sites", "/sites.geojson", "/devices", "/alerts", "/alerts/a25459/history", "/cases/c1", "/deadletters"} {
		answer := c.as(t.Context(), admin, http.MethodGet, Prefix+path, "")
		body, _ := io.ReadAll(answer.Body)
		if strings.ContainsAny(string(body), "<>") || !strings.Contains(string(body), `\u003cscript`) {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestAnswersAreNotSentTwice(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	for _, path := range []string{"/sites", "/devices.geojson", "/coverage/cells.geojson", "/coverage/tiles/10/813/479.mvt"} {
		first := c.as(t.Context(), admin, http.MethodGet, Prefix+path, "")
		tag := first.Header.Get("ETag")
		again := c.as(t.Context(), admin, http.MethodGet, Prefix+path, "", "If-None-Match", tag)
		body, _ := io.ReadAll(again.Body)
		if tag == "" || again.StatusCode != http.StatusNotModified || len(body) > 0 {
			t.Errorf("%s: tag %q, then %d with %d bytes", path, tag, again.StatusCode, len(body))
		}
		if other := c.as(t.Context(), field, http.MethodGet, Prefix+path, "", "If-None-Match", tag); other.StatusCode != http.StatusOK {
			t.Errorf("%s: somebody with another area gets %d for the tag", path, other.StatusCode)
		}
	}
}

// No question makes the API fail, or answer something that is no JSON.
func FuzzQuestions(f *testing.F) {
	for _, call := range calls {
		if call.method == http.MethodGet {
			f.Add(call.path)
		}
	}
	f.Add("/sites?bbox=1e309,0,0,0&limit=٣")
	c := newConsole(f)
	f.Fuzz(func(t *testing.T, question string) {
		u, err := url.ParseRequestURI(Prefix + question)
		if err != nil || strings.HasSuffix(u.Path, "/events") {
			return
		}
		r := httptest.NewRequestWithContext(access.With(t.Context(), viewer), http.MethodGet, "/", http.NoBody)
		r.URL = u
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s: %d %s", question, w.Code, w.Body)
		}
		if strings.HasSuffix(w.Header().Get("Content-Type"), "json") && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: no JSON: %s", question, w.Body)
		}
	})
}

// A page is shown under its own policy, and everything else is saved under a name.
func TestDossierIsShownOrSaved(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	page := c.as(t.Context(), viewer, http.MethodGet, Prefix+"/cases/c1/dossier/html", "")
	if got := page.Header.Get("Content-Security-Policy"); got != "default-src 'none'; style-src 'self'" || page.Header.Get("Content-Disposition") != "" {
		t.Errorf("the page: %v", page.Header)
	}
	table := c.as(t.Context(), viewer, http.MethodGet, Prefix+"/cases/c1/dossier/csv?table=tests", "")
	if got := table.Header.Get("Content-Disposition"); got != "attachment; filename=c1.csv" || table.Body.String() != "tests" || table.Header.Get("Content-Type") != "text/csv" {
		t.Errorf("the file: %v %s", table.Header, table.Body)
	}
}
