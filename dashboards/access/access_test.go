package access

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/telemetry"
)

const password = "mật khẩu đủ dài"

// passwordHash is made once: it is slow on purpose.
var passwordHash = sync.OnceValue(func() string {
	h, err := HashPassword(password)
	if err != nil {
		panic(err)
	}
	return h
})

// A reply is what a handler answered.
type reply struct {
	StatusCode int
	Header     http.Header
	Body       *bytes.Buffer
}

// Cookie returns the cookie that is set.
func (r *reply) Cookie(t *testing.T) *http.Cookie {
	t.Helper()
	c, err := http.ParseSetCookie(r.Header.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A door is a gate before a handler that says who came in, with a clock of its own.
type door struct {
	t       *testing.T
	gate    *Gate
	handler http.Handler
	file    string
	audit   string
	mu      sync.Mutex
	now     time.Time
}

func newDoor(t *testing.T, accounts []Account, change func(*Options)) *door {
	t.Helper()
	dir := t.TempDir()
	d := &door{t: t, file: filepath.Join(dir, "accounts"), audit: filepath.Join(dir, "audit", "changes.jsonl"), now: time.Unix(1_700_000_000, 0)}
	if err := WriteFile(d.file, accounts); err != nil {
		t.Fatal(err)
	}
	o := Options{Logger: slog.New(slog.DiscardHandler), Now: func() time.Time {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.now
	}}
	var err error
	if o.Book, err = OpenBook(d.file, o.Logger); err != nil {
		t.Fatal(err)
	}
	if o.Audit, err = OpenAudit(d.audit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Audit.Close() })
	if change != nil {
		change(&o)
	}
	if d.gate, err = NewGate(o); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/v1/session", d.gate.Sessions())
	mux.Handle("/", d.gate.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := From(r.Context())
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprintf(w, "%s %s", i.Name, i.Role)
	})))
	d.handler = mux
	return d
}

func (d *door) wait(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func (d *door) ask(method, path, body string, headers ...string) *reply {
	r := httptest.NewRequestWithContext(d.t.Context(), method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "peer" {
			r.RemoteAddr = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return &reply{w.Code, w.Header(), w.Body}
}

func (d *door) login(name, with string, headers ...string) *reply {
	text, _ := json.Marshal(map[string]string{"name": name, "password": with})
	return d.ask(http.MethodPost, "/api/v1/session", string(text), headers...)
}

// enter logs in and returns cookie and token of the session.
func (d *door) enter(name string) (cookie, csrf string) {
	d.t.Helper()
	answer := d.login(name, password)
	var me Self
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&me) != nil || me.CSRF == "" || me.Name != name {
		d.t.Fatalf("logging in as %s: %d %+v", name, answer.StatusCode, me)
	}
	c := answer.Cookie(d.t)
	return c.Name + "=" + c.Value, me.CSRF
}

func people() []Account {
	return []Account{
		{Name: "lan", Role: Operations, Hash: passwordHash()},
		{Name: "minh", Role: Field, Areas: []telemetry.AreaCode{"25459"}, Hash: passwordHash()},
	}
}

func want(t *testing.T, what string, answer *reply, status int) {
	t.Helper()
	if answer.StatusCode != status {
		body, _ := io.ReadAll(answer.Body)
		t.Errorf("%s: %d %s, want %d", what, answer.StatusCode, body, status)
	}
}

func TestNobodyGetsInWithoutALogin(t *testing.T) {
	t.Parallel()
	d := newDoor(t, people(), nil)
	want(t, "no cookie", d.ask(http.MethodGet, "/x", ""), http.StatusUnauthorized)
	want(t, "a cookie of no session", d.ask(http.MethodGet, "/x", "", "Cookie", "phusong="+secret()), http.StatusUnauthorized)
	want(t, "a token of nobody", d.ask(http.MethodGet, "/x", "", "Authorization", "Bearer phusong_"+secret()), http.StatusUnauthorized)
	want(t, "an empty token", d.ask(http.MethodGet, "/x", "", "Authorization", "Bearer "), http.StatusUnauthorized)
	for _, name := range []string{"lan", "nobody", "@token", ""} {
		want(t, "a wrong password of "+name, d.login(name, "something else"), http.StatusUnauthorized)
	}
	want(t, "the hash as password", d.login("minh", passwordHash()), http.StatusUnauthorized)
	want(t, "no JSON", d.ask(http.MethodPost, "/api/v1/session", "name=lan"), http.StatusBadRequest)
}

func TestASessionFromLoginToLogout(t *testing.T) {
	t.Parallel()
	d := newDoor(t, people(), func(o *Options) { o.Secure = true })
	answer := d.login("lan", password)
	c := answer.Cookie(t)
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
		t.Errorf("the cookie is %+v", c)
	}
	for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if got := answer.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy: %s", policy)
	}
	cookie, csrf := d.enter("lan")
	want(t, "reading", d.ask(http.MethodGet, "/x", "", "Cookie", cookie), http.StatusOK)
	want(t, "changing", d.ask(http.MethodPost, "/x", "", "Cookie", cookie, CSRFHeader, csrf), http.StatusOK)
	want(t, "out", d.ask(http.MethodDelete, "/api/v1/session", "", "Cookie", cookie), http.StatusNoContent)
	want(t, "afterwards", d.ask(http.MethodGet, "/x", "", "Cookie", cookie), http.StatusUnauthorized)
}

func TestAChangeNeedsTheTokenOfItsOwnSession(t *testing.T) {
	t.Parallel()
	d := newDoor(t, people(), nil)
	cookie, csrf := d.enter("lan")
	_, others := d.enter("minh")
	old, oldToken := d.enter("lan")
	want(t, "logging out", d.ask(http.MethodDelete, "/api/v1/session", "", "Cookie", old), http.StatusNoContent)
	want(t, "no token", d.ask(http.MethodPost, "/x", "", "Cookie", cookie), http.StatusForbidden)
	want(t, "an empty token", d.ask(http.MethodPost, "/x", "", "Cookie", cookie, CSRFHeader, ""), http.StatusForbidden)
	want(t, "another's token", d.ask(http.MethodPost, "/x", "", "Cookie", cookie, CSRFHeader, others), http.StatusForbidden)
	want(t, "a token of a session that is over", d.ask(http.MethodPost, "/x", "", "Cookie", cookie, CSRFHeader, oldToken), http.StatusForbidden)
	want(t, "a foreign origin", d.ask(http.MethodPost, "/x", "", "Cookie", cookie, CSRFHeader, csrf, "Origin", "https://evil.example"), http.StatusForbidden)
	want(t, "a foreign site", d.ask(http.MethodPost, "/x", "", "Cookie", cookie, CSRFHeader, csrf, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden)
	want(t, "a login from a foreign site", d.login("lan", password, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden)
	want(t, "its own", d.ask(http.MethodPost, "/x", "", "Cookie", cookie, CSRFHeader, csrf, "Origin", "http://127.0.0.1:8080"), http.StatusOK)
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	d := newDoor(t, people(), nil)
	idle, _ := d.enter("lan")
	d.wait(2 * time.Hour)
	want(t, "after two idle hours", d.ask(http.MethodGet, "/x", "", "Cookie", idle), http.StatusUnauthorized)
	busy, _ := d.enter("lan")
	for range 11 {
		d.wait(time.Hour)
		want(t, "in use", d.ask(http.MethodGet, "/x", "", "Cookie", busy), http.StatusOK)
	}
	d.wait(time.Hour)
	want(t, "after twelve hours", d.ask(http.MethodGet, "/x", "", "Cookie", busy), http.StatusUnauthorized)
}

// Who is removed, or gets another password, is out at once; a new role holds at once; a bad
// file changes nothing.
func TestTheAccountIsAsTheFileSaysNow(t *testing.T) {
	t.Parallel()
	all := people()
	d := newDoor(t, all, nil)
	lan, _ := d.enter("lan")
	minh, _ := d.enter("minh")
	all[0].Role = Viewer
	all[1].Hash, _ = HashPassword("another password")
	for _, step := range []func() error{func() error { return WriteFile(d.file, all) }, d.gate.o.Book.look} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	body, _ := io.ReadAll(d.ask(http.MethodGet, "/x", "", "Cookie", lan).Body)
	if string(body) != "lan viewer" {
		t.Errorf("lan is %q", body)
	}
	want(t, "the session of an old password", d.ask(http.MethodGet, "/x", "", "Cookie", minh), http.StatusUnauthorized)
	if err := os.WriteFile(d.file, []byte("lan:king::x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.gate.o.Book.look(); err == nil {
		t.Error("a bad file was taken")
	}
	want(t, "after a bad file", d.ask(http.MethodGet, "/x", "", "Cookie", lan), http.StatusOK)
	if err := WriteFile(d.file, all[1:]); err != nil {
		t.Fatal(err)
	}
	if err := d.gate.o.Book.look(); err != nil {
		t.Fatal(err)
	}
	want(t, "removed", d.ask(http.MethodGet, "/x", "", "Cookie", lan), http.StatusUnauthorized)
}

func TestTokensNeedNoCookieAndNoCSRF(t *testing.T) {
	t.Parallel()
	token, hash := NewToken()
	d := newDoor(t, append(people(), Account{Name: "@lgsp", Role: Viewer, Hash: hash}), nil)
	want(t, "reading", d.ask(http.MethodGet, "/x", "", "Authorization", "Bearer "+token), http.StatusOK)
	want(t, "changing", d.ask(http.MethodPost, "/x", "", "Authorization", "Bearer "+token), http.StatusOK)
	want(t, "the hash as token", d.ask(http.MethodGet, "/x", "", "Authorization", "Bearer "+hash), http.StatusUnauthorized)
	want(t, "the token as password", d.login("@lgsp", token), http.StatusUnauthorized)
	if text, _ := os.ReadFile(d.file); strings.Contains(string(text), token) {
		t.Error("the file holds the token itself")
	}
}

func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	d := newDoor(t, people(), nil)
	for range 5 {
		want(t, "a guess", d.login("lan", "a wrong password"), http.StatusUnauthorized)
	}
	answer := d.login("lan", password)
	want(t, "one guess more, though right", answer, http.StatusTooManyRequests)
	if answer.Header.Get("Retry-After") == "" {
		t.Error("nobody says how long to wait")
	}
	d.wait(10 * time.Second)
	want(t, "after a while", d.login("lan", password), http.StatusOK)

	// One address, many names.
	refused := 0
	for n := range 40 {
		if d.login(fmt.Sprintf("guess-%d", n), "a wrong password", "peer", "[2001:db8::1]:5").StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 9 {
		t.Errorf("%d of 40 guesses from one address were refused, want 10 or so", refused)
	}
	want(t, "its neighbour in the same /64", d.login("another", "a wrong password", "peer", "[2001:db8::2]:5"), http.StatusTooManyRequests)
	want(t, "somebody elsewhere", d.login("minh", password, "peer", "[2001:db8:1::2]:5"), http.StatusOK)
}

func TestTheDemonstrationAnswersOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	d := newDoor(t, people(), func(o *Options) { o.Book = nil })
	want(t, "reading", d.ask(http.MethodGet, "/x", ""), http.StatusOK)
	want(t, "changing", d.ask(http.MethodPost, "/x", ""), http.StatusOK)
	want(t, "a foreign page", d.ask(http.MethodPost, "/x", "", "Origin", "https://evil.example"), http.StatusForbidden)
	for host, status := range map[string]int{
		"evil.example:8080": http.StatusMisdirectedRequest, "localhost:8080": http.StatusOK, "[::1]:8080": http.StatusOK, "127.0.0.1": http.StatusOK,
		"127.0.0.1.evil.example": http.StatusMisdirectedRequest, "10.0.0.1": http.StatusMisdirectedRequest,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/x", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, r)
		want(t, host, &reply{w.Code, w.Header(), w.Body}, status)
	}
}

func TestEveryChangeIsRecorded(t *testing.T) {
	t.Parallel()
	d := newDoor(t, people(), nil)
	cookie, csrf := d.enter("lan")
	d.ask(http.MethodGet, "/x", "", "Cookie", cookie)
	d.ask(http.MethodPost, "/alerts/a1/comment", `{"text":"`+strings.Repeat("ghi chú ", 1000)+`"}`, "Cookie", cookie, CSRFHeader, csrf)
	d.login("minh", "a wrong password")
	text, err := os.ReadFile(d.audit)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), password) || strings.Contains(string(text), "a wrong password") {
		t.Error("the log holds a password")
	}
	type line struct {
		Who, Action string
		Status      int
	}
	var got []line
	for text := range strings.Lines(string(text)) {
		var e Event
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		if e.At.IsZero() || e.From == "" || len(e.What) > auditedBody+3 {
			t.Errorf("an event lacks something or is too long: %.200s", text)
		}
		got = append(got, line{e.Who, e.Action, e.Status})
	}
	wanted := []line{{"lan", "login", 200}, {"lan", "POST /alerts/a1/comment", 200}, {"minh", "login", 401}}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeRecordedIsNotDone(t *testing.T) {
	t.Parallel()
	token, hash := NewToken()
	d := newDoor(t, append(people(), Account{Name: "@a", Role: Admin, Hash: hash}), nil)
	audit := d.gate.o.Audit
	audit.mu.Lock()
	_ = audit.file.Close() // as if the disk were gone
	audit.mu.Unlock()
	want(t, "the first change", d.ask(http.MethodPost, "/x", "", "Authorization", "Bearer "+token), http.StatusOK)
	want(t, "the next", d.ask(http.MethodPost, "/x", "", "Authorization", "Bearer "+token), http.StatusServiceUnavailable)
	want(t, "reading", d.ask(http.MethodGet, "/x", "", "Authorization", "Bearer "+token), http.StatusOK)
	audit.mu.Lock()
	audit.file = nil // the disk is back
	audit.mu.Unlock()
	want(t, "afterwards", d.ask(http.MethodPost, "/x", "", "Authorization", "Bearer "+token), http.StatusOK)
}

func TestTheLogIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "changes.jsonl")
	a, err := OpenAudit(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	a.size, a.keep = 1000, 3
	for n := range 200 {
		if err := a.Record(Event{Who: "lan", Action: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(path + "*")
	if len(files) != 4 {
		t.Errorf("files %v, want the log and three before it", files)
	}
	text, _ := os.ReadFile(path)
	if !strings.Contains(string(text), `"action":"199"`) {
		t.Errorf("the last change is not in %s", text)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Size() > 1000 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", file, info, err)
		}
	}
}

func TestAddressBehindProxies(t *testing.T) {
	t.Parallel()
	d := newDoor(t, people(), func(o *Options) { o.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, test := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:1", "198.51.100.1", "192.0.2.1"},
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "198.51.100.1, 192.0.2.7, 10.1.1.1", "192.0.2.7"},
		{"10.0.0.1:1", "rubbish", "10.0.0.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = test.peer
		r.Header.Set("X-Forwarded-For", test.forwarded)
		if got := d.gate.Address(r).String(); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func TestRolesAndAreas(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		who            Identity
		area, province telemetry.AreaCode
		want           bool
	}{
		{Identity{Role: Viewer}, "25459", "80", true},
		{Identity{Role: Viewer}, "", "", true},
		{Identity{Role: Field}, "25459", "80", false},
		{Identity{Role: Field, Areas: []telemetry.AreaCode{"25459"}}, "25459", "80", true},
		{Identity{Role: Field, Areas: []telemetry.AreaCode{"25459"}}, "25460", "80", false},
		{Identity{Role: Field, Areas: []telemetry.AreaCode{"80"}}, "25460", "80", true},
		{Identity{Role: Field, Areas: []telemetry.AreaCode{"25459"}}, "80", "", false},
		{Identity{Role: Liaison, Areas: []telemetry.AreaCode{"25459"}}, "", "", false},
	} {
		if got := test.who.Covers(test.area, test.province); got != test.want {
			t.Errorf("%+v covers %s of %s: %v", test.who, test.area, test.province, got)
		}
	}
	nobody := Identity{}
	for _, p := range Permissions() {
		if nobody.May(p) {
			t.Errorf("nobody may %s", p)
		}
	}
}

func TestFilesOfAccounts(t *testing.T) {
	t.Parallel()
	_, token := NewToken()
	for name, test := range map[string]struct{ text, want string }{
		"empty":          {"# nobody\n\n", ""},
		"too few parts":  {"lan:viewer:\n", "line 1"},
		"unknown role":   {"lan:king::" + passwordHash(), "king"},
		"no areas":       {"lan:field::" + passwordHash(), "areas"},
		"bad area":       {"lan:viewer:1:" + passwordHash(), "lan"},
		"twice":          {"lan:viewer::" + passwordHash() + "\nlan:admin::" + passwordHash(), "twice"},
		"bad name":       {"../lan:viewer::" + passwordHash(), "name"},
		"bcrypt":         {"lan:viewer::$2y$05$s3cr3t", "hash"},
		"a costly hash":  {"lan:viewer::$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5aw", "hash"},
		"a token's hash": {"lan:viewer::" + token, "hash"},
		"a token":        {"@lgsp:viewer:80:" + token, ""},
		"good":           {"lan:viewer:80,25459:" + passwordHash(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(test.text))
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("lan:viewer:80,25459:" + passwordHash() + "\n# x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := Parse(text)
		if err != nil {
			return
		}
		again := ""
		for i := range all {
			again += all[i].line() + "\n"
		}
		back, err := Parse([]byte(again))
		if diff := cmp.Diff(all, back); err != nil || diff != "" {
			t.Errorf("written and read again: %v\n%s", err, diff)
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	s := newSessions(time.Hour, 2*time.Hour)
	now := time.Unix(0, 0)
	var keys []string
	for n := range 25 {
		key, _ := s.begin(&Account{Name: "lan"}, now.Add(time.Duration(n)*time.Second))
		keys = append(keys, key)
	}
	open := slices.DeleteFunc(keys, func(k string) bool { _, ok := s.find(k, now.Add(time.Minute)); return !ok })
	if len(open) != s.most {
		t.Errorf("%d sessions of one account are open, want %d", len(open), s.most)
	}
}
