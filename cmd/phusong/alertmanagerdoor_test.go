package main_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// askDoor sends a request to the Alertmanager inside and returns what it answers.
func (w *town) askDoor(method, path, body string, headers ...string) (int, string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, w.url("/alertmanager"+path), strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// The Alertmanager inside lets in whom the API lets in: everybody reads who is bound to no
// area, operations silence, and a foreign page does nothing.
func TestTheDoorOfTheAlertmanager(t *testing.T) {
	t.Parallel()
	w := newTown(t, townOptions{})
	d := newDistrict(t, w.broker.URL())
	maps.Copy(w.keys, d.registry(map[string]int{"cho-ray": 1}))
	file := filepath.Join(t.TempDir(), "accounts")
	w.keys["access.accounts_file"] = file
	w.configure()
	bearer := func(name string, args ...string) string { return "Bearer " + w.account(file, name, args...) }
	viewer, field := bearer("@wall", "--role", "viewer"), bearer("@phone", "--role", "field", "--area", "25459")
	operations, admin := bearer("@ops", "--role", "operations"), bearer("@admin", "--role", "admin")
	password := w.account(file, "lan", "--role", "operations")
	w.start()
	cookie, csrf := w.login("lan", password)
	now := time.Now().UTC()
	silence := fmt.Sprintf(`{"matchers": [{"name": "site", "value": "cho-ray", "isRegex": false}], "startsAt": %q, "endsAt": %q, "createdBy": "lan", "comment": "sửa điện"}`,
		now.Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339))
	for _, test := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/api/v2/alerts", nil, 401},
		{"GET", "/api/v2/alerts", []string{"Authorization", field}, 403},
		{"GET", "/api/v2/alerts", []string{"Authorization", viewer}, 200},
		{"GET", "/api/v2/silences", []string{"Cookie", cookie}, 200},
		{"POST", "/api/v2/silences", nil, 401},
		{"POST", "/api/v2/silences", []string{"Authorization", viewer}, 403},
		{"POST", "/api/v2/silences", []string{"Cookie", cookie}, 403}, // without the token of the session
		{"POST", "/api/v2/silences", []string{"Cookie", cookie, "X-CSRF-Token", csrf, "Origin", "https://evil.example"}, 403},
		{"POST", "/api/v2/silences", []string{"Cookie", cookie, "X-CSRF-Token", csrf}, 200},
		{"POST", "/api/v2/silences", []string{"Authorization", operations}, 200},
		{"POST", "/api/v2/alerts", []string{"Authorization", operations}, 403},             // nobody but the rules raises alerts
		{"POST", "/api/v2/silences/../alerts", []string{"Authorization", operations}, 307}, // put right by the router, and then as above
		{"POST", "/-/reload", []string{"Authorization", operations}, 403},
		{"POST", "/-/reload", []string{"Authorization", admin}, 200},
	} {
		if code, text := w.askDoor(test.method, test.path, silence, test.headers...); code != test.want {
			t.Errorf("%s %s with %.20v: %d %s, want %d", test.method, test.path, test.headers, code, text, test.want)
		}
	}
	if _, text := w.askDoor("GET", "/api/v2/silences", "", "Authorization", viewer); strings.Count(text, "cho-ray") != 2 {
		t.Errorf("silences: %s", text)
	}
}
