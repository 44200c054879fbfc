package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/dashboards/access"
)

// changeLog is a log with nothing in it.
type changeLog struct{}

func (changeLog) Read(context.Context, access.AuditQuery) (access.AuditPage, error) {
	return access.AuditPage{}, nil
}

// What was done behind the gate is in the log, newest first; only an administrator sees it.
func TestTheLogOfChanges(t *testing.T) {
	t.Parallel()
	var tokens []string
	var accounts []access.Account
	for _, role := range []access.Role{access.Admin, access.Operations} {
		token, hash := access.NewToken()
		tokens = append(tokens, "Bearer "+token)
		accounts = append(accounts, access.Account{Name: "@" + string(role), Role: role, Hash: hash})
	}
	c := newConsole(t)
	server := c.behindGate(t, accounts...)
	for n := range 5 {
		path, body := "/alerts/a25459/comment", fmt.Sprintf(`{"text":"đã thay cáp thứ-%d %s"}`, n, tokens[0])
		if n == 3 {
			path, body = "/alerts/a25460/release", "{}"
		}
		if answer := request(t, server, http.MethodPost, path, body, "Authorization", tokens[1]); answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", path, answer.StatusCode, answer.Body)
		}
	}
	if answer := request(t, server, http.MethodPost, "/deadletters/replay", `{"all":true}`, "Authorization", tokens[1]); answer.StatusCode != http.StatusForbidden {
		t.Fatalf("replaying: %d", answer.StatusCode)
	}
	if answer := request(t, server, http.MethodGet, "/audit", "", "Authorization", tokens[1]); answer.StatusCode != http.StatusForbidden {
		t.Errorf("operations sees it: %d", answer.StatusCode)
	}
	ask := func(query string) Changes {
		t.Helper()
		return decoded[Changes](t, request(t, server, http.MethodGet, "/audit?"+query, "", "Authorization", tokens[0]))
	}
	for query, want := range map[string][]string{
		"":                          {"replay 403", "comment 200", "release 200", "comment 200", "comment 200", "comment 200"},
		"action=RELEASE":            {"release 200"},
		"q=thay+cap+thu-2":          {"comment 200"},
		"q=127.0.0.1+deadletters":   {"replay 403"},
		"who=operat&action=replay":  {"replay 403"},
		"who=admin":                 {},
		"to=2020-01-01T00:00:00Z":   {},
		"from=2020-01-01T00:00:00Z": {"replay 403", "comment 200", "release 200", "comment 200", "comment 200", "comment 200"},
		"from=2999-01-01T00:00:00Z": {},
	} {
		got := []string{}
		for _, x := range ask(query).Items {
			got = append(got, fmt.Sprint(x.Action[strings.LastIndexByte(x.Action, '/')+1:], " ", x.Status))
			if x.Who != "@operations" || x.Role != access.Operations || x.From != "127.0.0.1" || time.Since(x.At) > time.Hour || strings.Contains(x.What, "phusong_") {
				t.Errorf("%+v", x)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	var times []time.Time
	for after, parts := "", 0; ; parts++ {
		page := ask("limit=2&after=" + after)
		for _, x := range page.Items {
			times = append(times, x.At)
		}
		if after = page.Next; after == "" || parts > 9 {
			break
		}
	}
	if len(times) != 6 || !slices.IsSortedFunc(times, func(a, b time.Time) int { return b.Compare(a) }) {
		t.Errorf("in parts: %v", times)
	}
	for _, query := range []string{"after=nonsense", "limit=0", "limit=501", "from=yesterday", "unknown=1"} {
		if answer := request(t, server, http.MethodGet, "/audit?"+query, "", "Authorization", tokens[0]); answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", query, answer.StatusCode, answer.Body)
		}
	}
}
