package access

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// Whoever is not let through is told why by a code, too.
func TestARefusalSaysWhyByACode(t *testing.T) {
	t.Parallel()
	d := newDoor(t, people(), nil)
	problemOf := func(answer *reply, code string) map[string]string {
		t.Helper()
		var p struct {
			Code, Detail string
			Params       map[string]string
		}
		if err := json.NewDecoder(answer.Body).Decode(&p); err != nil || p.Code != code || p.Detail == "" || !slices.Contains(Codes(), code) {
			t.Errorf("%d %+v, want %s: %v", answer.StatusCode, p, code, err)
		}
		return p.Params
	}
	problemOf(d.ask(http.MethodGet, "/x", ""), CodeLogIn)
	problemOf(d.ask(http.MethodGet, "/api/v1/session", ""), CodeLogIn)
	problemOf(d.ask(http.MethodPost, "/api/v1/session", "name=lan"), CodeUnreadable)
	problemOf(d.ask(http.MethodPut, "/api/v1/session", ""), CodeWrongMethod)
	problemOf(d.ask(http.MethodPost, "/x", "", "Sec-Fetch-Site", "cross-site"), CodeForeign)
	cookie, _ := d.enter("lan")
	problemOf(d.ask(http.MethodPost, "/x", "", "Cookie", cookie), CodeSession)
	for range 5 {
		problemOf(d.login("minh", "something else"), CodeWrong)
	}
	params := problemOf(d.login("minh", "something else"), CodeTooMany)
	if seconds, err := strconv.Atoi(params["seconds"]); err != nil || seconds < 1 || seconds > 11 {
		t.Errorf("to wait: %v", params)
	}
}

func TestEveryCodeIsListed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("problem.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`\tCode\w+ += "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(declared) != len(Codes()) {
		t.Errorf("%d codes are declared, %d listed", len(declared), len(Codes()))
	}
	for _, m := range declared {
		if !slices.Contains(Codes(), m[1]) {
			t.Errorf("%s is not listed", m[1])
		}
	}
}
