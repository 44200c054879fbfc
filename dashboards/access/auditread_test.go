package access

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var auditStart = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)

func newAudit(t *testing.T) *Audit {
	t.Helper()
	a, err := OpenAudit(filepath.Join(t.TempDir(), "changes.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// fill records changes number first to last, one each minute.
func fill(t *testing.T, a *Audit, first, last int) {
	t.Helper()
	for n := first; n <= last; n++ {
		e := Event{At: auditStart.Add(time.Duration(n) * time.Minute), Who: []string{"lan", "minh"}[n%2], From: "::1", Action: fmt.Sprint(n), Status: http.StatusOK}
		if err := a.Record(e); err != nil {
			t.Fatal(err)
		}
	}
}

// readAll reads part after part and returns the actions and the damaged lines.
func readAll(t *testing.T, a *Audit, q AuditQuery, between func()) (actions []string, damaged int) {
	t.Helper()
	for range 10_000 {
		page, err := a.Read(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Events) > q.Limit {
			t.Fatalf("%d events, want %d at most", len(page.Events), q.Limit)
		}
		for _, e := range page.Events {
			actions = append(actions, e.Action)
		}
		damaged += page.Damaged
		if q.After = page.Next; page.Next == "" {
			return actions, damaged
		}
		if between != nil {
			between()
		}
	}
	t.Fatal("it never ends")
	return nil, 0
}

func numbers(from, to, step int) (all []string) {
	for n := from; n >= to; n -= step {
		all = append(all, fmt.Sprint(n))
	}
	return all
}

func TestTheLogIsReadBackwards(t *testing.T) {
	t.Parallel()
	a := newAudit(t)
	a.size = 2000
	if page, err := a.Read(t.Context(), AuditQuery{Limit: 5}); err != nil || len(page.Events) > 0 || page.Next != "" {
		t.Errorf("of nothing: %+v, %v", page, err)
	}
	fill(t, a, 1, 100) // several files
	for _, limit := range []int{1, 7, 100, 1000} {
		got, damaged := readAll(t, a, AuditQuery{Limit: limit}, nil)
		if diff := cmp.Diff(numbers(100, 1, 1), got); diff != "" || damaged > 0 {
			t.Errorf("by %d, %d damaged (-want +got):\n%s", limit, damaged, diff)
		}
	}
	at := func(n int) time.Time { return auditStart.Add(time.Duration(n) * time.Minute) }
	got, _ := readAll(t, a, AuditQuery{Limit: 7, From: at(20), To: at(40), Match: func(e *Event) bool { return e.Who == "lan" }}, nil)
	if diff := cmp.Diff(numbers(40, 20, 2), got); diff != "" {
		t.Errorf("filtered (-want +got):\n%s", diff)
	}
}

// Who looks through the log while it grows and files are set aside sees each line once.
func TestACursorStaysRight(t *testing.T) {
	t.Parallel()
	a := newAudit(t)
	a.size, a.keep = 2000, 100
	fill(t, a, 1, 100)
	next := 101
	got, _ := readAll(t, a, AuditQuery{Limit: 3}, func() { fill(t, a, next, next+4); next += 5 })
	if diff := cmp.Diff(numbers(100, 1, 1), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	page, err := a.Read(t.Context(), AuditQuery{Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	a.keep = 2
	fill(t, a, next, next+200)
	if gone, err := a.Read(t.Context(), AuditQuery{Limit: 3, After: page.Next}); err != nil || len(gone.Events) > 0 || gone.Next != "" {
		t.Errorf("what is not kept any more: %+v, %v", gone, err)
	}
	for _, cursor := range []string{"x", "1-", "-1", "1--1", "1-x", strings.Repeat("9", 99) + "-1"} {
		if _, err := a.Read(t.Context(), AuditQuery{Limit: 3, After: cursor}); !errors.Is(err, ErrCursor) {
			t.Errorf("%q: %v", cursor, err)
		}
	}
}

// A damaged line is counted, and hides no other.
func TestDamagedLines(t *testing.T) {
	t.Parallel()
	a := newAudit(t)
	fill(t, a, 1, 3)
	long := strings.Repeat("\x00", 3*auditChunk+17)
	for _, text := range []string{"{\"at\":\n", "\n\n", "null\n", "[]\n", long + "\n", "\xff\xfe\n"} {
		fill(t, a, 4, 4)
		if _, err := a.file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.file.WriteString(`{"at":"2026-11-2`); err != nil { // the power went off
		t.Fatal(err)
	}
	b, err := OpenAudit(a.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	fill(t, b, 5, 5)
	for _, limit := range []int{1, 100} {
		got, damaged := readAll(t, b, AuditQuery{Limit: limit}, nil)
		if diff := cmp.Diff([]string{"5", "4", "4", "4", "4", "4", "4", "3", "2", "1"}, got); diff != "" || damaged != 6 {
			t.Errorf("by %d, %d damaged, want 6 (-want +got):\n%s", limit, damaged, diff)
		}
	}
}

// A question that finds little looks at a bounded part, and says where it goes on.
func TestAPartOfTheLogIsBounded(t *testing.T) {
	t.Parallel()
	a := newAudit(t)
	fill(t, a, 1, 1)
	line, err := os.ReadFile(a.path)
	if err != nil {
		t.Fatal(err)
	}
	many := strings.Repeat(string(line), 2*auditScan/len(line))
	if _, err := a.file.WriteString(many); err != nil {
		t.Fatal(err)
	}
	fill(t, a, 2, 2)
	q := AuditQuery{Limit: 10, Match: func(e *Event) bool { return e.Action == "none" }}
	first, err := a.Read(t.Context(), q)
	if err != nil || len(first.Events) > 0 || first.Next == "" || first.Seen.IsZero() {
		t.Fatalf("%+v, %v", first, err)
	}
	parts := 0
	_, _ = readAll(t, a, q, func() { parts++ })
	if parts < 1 || parts > 3 {
		t.Errorf("%d parts more, want one or two", parts)
	}
	if last, err := a.Read(t.Context(), AuditQuery{Limit: 10, From: auditStart.Add(48 * time.Hour)}); err != nil || last.Next != "" {
		t.Errorf("what begins after the end is looked for up to the beginning: %+v, %v", last.Next, err)
	}
}

// No password and no token gets into the log, whatever is sent, and however it is cut off.
func TestTheLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	token, hash := NewToken()
	d := newDoor(t, append(people(), Account{Name: "@lgsp", Role: Operations, Hash: hash}), nil)
	const secret = "rừng-tràm-trà-sư"
	bodies := []string{
		`{"text":"kept 1","password":"` + secret + `"}`,
		`{"newPassword" : "` + secret + `\"` + secret + `","text":"kept 2"}`,
		`{"api_key":["` + secret + `",{"a":"` + secret + `"}]}`,
		`{"token":{"is":"` + secret + `"}}`,
		`name=lan&password=` + secret,
		`{"text":"I log in with ` + token + `"}`,
		`{"text":"Bearer ` + token + ` kept 3"}`,
		`{"text":"` + strings.Repeat("x", auditedBody-40) + `","password":"` + strings.Repeat(secret, 10),
		`{"text":"` + passwordHash() + `","other":"` + hash + `"}`,
	}
	for _, body := range bodies {
		want(t, "a change", d.ask(http.MethodPost, "/alerts/a1/comment", body, "Authorization", "Bearer "+token), http.StatusOK)
	}
	want(t, "a long path", d.ask(http.MethodPost, "/"+strings.Repeat("x", 5000), "", "Authorization", "Bearer "+token), http.StatusOK)
	cookie, csrf := d.enter("lan")
	want(t, "a password as name", d.login(secret, "something"), http.StatusUnauthorized)
	want(t, "logging out", d.ask(http.MethodDelete, "/api/v1/session", "", "Cookie", cookie), http.StatusNoContent)
	text, err := os.ReadFile(d.audit)
	if err != nil {
		t.Fatal(err)
	}
	_, session, _ := strings.Cut(cookie, "=")
	for _, s := range []string{secret, "rừng", token, hash, passwordHash(), password, session, csrf} {
		if strings.Contains(string(text), s) {
			t.Errorf("the log holds %s", s)
		}
	}
	page, err := d.gate.o.Audit.Read(t.Context(), AuditQuery{Limit: 100})
	if err != nil || len(page.Events) != len(bodies)+4 || page.Damaged > 0 {
		t.Fatalf("%d events, %d damaged, %v", len(page.Events), page.Damaged, err)
	}
	slices.Reverse(page.Events)
	for i, kept := range map[int]string{0: "kept 1", 1: "kept 2", 6: "kept 3"} {
		if !strings.Contains(page.Events[i].What, kept) {
			t.Errorf("%q lacks %q", page.Events[i].What, kept)
		}
	}
	if e := page.Events[len(bodies)]; len(e.Action) > auditedAction {
		t.Errorf("an action of %d bytes", len(e.Action))
	}
	if e := page.Events[len(bodies)+2]; e.Who != "" || e.Status != http.StatusUnauthorized {
		t.Errorf("a login by a name that nobody has: %+v", e)
	}
}
