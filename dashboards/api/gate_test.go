package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"phusong/dashboards/access"
	"phusong/internal/testbed"
)

// behindGate serves the API as the service does: over a socket, behind the real gate.
func (c *console) behindGate(t *testing.T, accounts ...access.Account) *httptest.Server {
	t.Helper()
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	file := filepath.Join(dir, "accounts")
	if err := access.WriteFile(file, accounts); err != nil {
		t.Fatal(err)
	}
	book, err := access.OpenBook(file, log)
	if err != nil {
		t.Fatal(err)
	}
	audit, err := access.OpenAudit(filepath.Join(dir, "audit", "changes.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = audit.Close() })
	c.audit = audit
	c.rebuild(t, c.province)
	gate, err := access.NewGate(access.Options{Book: book, Audit: audit, Now: time.Now, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(Prefix+"/session", gate.Sessions())
	mux.Handle(Prefix+"/", gate.Protect(c.handler))
	server := httptest.NewServer(mux)
	t.Cleanup(func() { c.hub.End(); server.Close() })
	return server
}

// request asks the server, with header names and values in turn.
func request(t *testing.T, server *httptest.Server, method, path, body string, headers ...string) *reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+Prefix+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &reply{answer.StatusCode, answer.Header, bytes.NewBuffer(text)}
}

// enter logs in and returns cookie and token of the session.
func enter(t *testing.T, server *httptest.Server, name, password string) (cookie, csrf string) {
	t.Helper()
	text, _ := json.Marshal(map[string]string{"name": name, "password": password})
	answer := request(t, server, http.MethodPost, "/session", string(text))
	var me access.Self
	if err := json.NewDecoder(answer.Body).Decode(&me); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("logging in: %d %v", answer.StatusCode, err)
	}
	cookie, _, _ = strings.Cut(answer.Header.Get("Set-Cookie"), ";")
	return cookie, me.CSRF
}

// What was recorded of another session, or is sent by another page, changes nothing.
func TestAReplayedTokenChangesNothing(t *testing.T) {
	t.Parallel()
	const password = "mật khẩu đủ dài"
	hash, err := access.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	c := newConsole(t)
	server := c.behindGate(t, access.Account{Name: "lan", Role: access.Operations, Hash: hash}, access.Account{Name: "minh", Role: access.Operations, Hash: hash})
	oldCookie, oldToken := enter(t, server, "lan", password)
	if answer := request(t, server, http.MethodDelete, "/session", "", "Cookie", oldCookie); answer.StatusCode != http.StatusNoContent {
		t.Fatalf("logging out: %d", answer.StatusCode)
	}
	cookie, token := enter(t, server, "lan", password)
	_, others := enter(t, server, "minh", password)
	own := []string{"Cookie", cookie, access.CSRFHeader, token}
	const path, body = "/alerts/a25459/comment", `{"text":"đang đến"}`
	for name, test := range map[string]struct {
		headers []string
		want    int
	}{
		"no token":                          {[]string{"Cookie", cookie}, http.StatusForbidden},
		"another's token":                   {[]string{"Cookie", cookie, access.CSRFHeader, others}, http.StatusForbidden},
		"the token of an ended session":     {[]string{"Cookie", cookie, access.CSRFHeader, oldToken}, http.StatusForbidden},
		"cookie and token of an ended one":  {[]string{"Cookie", oldCookie, access.CSRFHeader, oldToken}, http.StatusUnauthorized},
		"a token alone":                     {[]string{access.CSRFHeader, token}, http.StatusUnauthorized},
		"a foreign origin":                  {append(slices.Clone(own), "Origin", "https://evil.example"), http.StatusForbidden},
		"an origin of nobody":               {append(slices.Clone(own), "Origin", "null"), http.StatusForbidden},
		"another port of this host":         {append(slices.Clone(own), "Origin", "http://127.0.0.1:1"), http.StatusForbidden},
		"a foreign site, as a browser says": {append(slices.Clone(own), "Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		"a neighbouring site":               {append(slices.Clone(own), "Sec-Fetch-Site", "same-site"), http.StatusForbidden},
	} {
		answer := request(t, server, http.MethodPost, path, body, test.headers...)
		if answer.StatusCode != test.want || answer.Header.Get("Content-Type") != "application/problem+json" || answer.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v, want %d", name, answer.StatusCode, answer.Header, test.want)
		}
	}
	if len(c.acts) > 0 { // nobody is at it any more
		t.Errorf("it was done all the same: %q", c.acts)
	}
	if answer := request(t, server, http.MethodPost, path, body, append(own, "Origin", server.URL)...); answer.StatusCode != http.StatusOK || len(c.acts) != 1 {
		t.Errorf("with its own token: %d, done %q", answer.StatusCode, c.acts)
	}
}

// A crowd listens over connections of its own.
type crowd struct {
	conns    []net.Conn
	heard    []*bufio.Reader // of those who were let in
	admitted map[string]int  // by token
	waits    []time.Duration // of those who were not
	errs     []error
}

// gather has n listeners come, many at once, and stay whatever they are told.
func gather(t *testing.T, address string, n int, tokens []string) *crowd {
	t.Helper()
	c := &crowd{admitted: make(map[string]int)}
	t.Cleanup(c.leave)
	var mu sync.Mutex // guards c
	var coming sync.WaitGroup
	next := make(chan int)
	for range 64 {
		coming.Go(func() {
			for i := range next {
				token, start := tokens[i%len(tokens)], time.Now()
				conn, lines, status, err := knock(t, address, token)
				mu.Lock()
				switch {
				case err != nil:
					c.errs = append(c.errs, err)
				case status == http.StatusOK:
					c.admitted[token]++
					c.heard = append(c.heard, lines)
				default:
					c.waits = append(c.waits, time.Since(start))
				}
				if conn != nil {
					c.conns = append(c.conns, conn)
				}
				mu.Unlock()
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	coming.Wait()
	return c
}

// knock asks for events. Who is refused must be told when to come again.
func knock(t *testing.T, address, token string) (net.Conn, *bufio.Reader, int, error) {
	conn, err := (&net.Dialer{Timeout: testbed.Patience}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return nil, nil, 0, err
	}
	_ = conn.SetDeadline(time.Now().Add(2 * testbed.Patience)) // a socket takes any
	if _, err := fmt.Fprintf(conn, "GET %s/events HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", Prefix, address, token); err != nil {
		return conn, nil, 0, err
	}
	lines := bufio.NewReaderSize(conn, 1024)
	answer, err := http.ReadResponse(lines, nil) //nolint:bodyclose // the connection is what stays open, and is closed
	if err != nil {
		return conn, nil, 0, err
	}
	if answer.StatusCode != http.StatusOK && (answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "") {
		err = fmt.Errorf("answered %s %v", answer.Status, answer.Header)
	}
	return conn, lines, answer.StatusCode, err
}

func (c *crowd) leave() {
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// Thousands come at once and stay: 500 hear, each account 250 at most, all others are told when to
// come again; everybody else is served meanwhile; and nothing is left of them when they leave.
//
//nolint:paralleltest // it counts the goroutines of the process, and takes nearly all its descriptors
func TestThousandsOfListeners(t *testing.T) {
	testbed.Slow(t)
	const many = 9_000 // each takes two descriptors, since both ends are ours, of 20,000
	var accounts []access.Account
	var tokens []string
	for n := range 3 {
		token, hash := access.NewToken()
		tokens = append(tokens, token)
		accounts = append(accounts, access.Account{Name: fmt.Sprint("@wall-", n), Role: access.Viewer, Hash: hash})
	}
	c := newConsole(t)
	server := c.behindGate(t, accounts...)
	served := func(when string) {
		t.Helper()
		if answer := request(t, server, http.MethodGet, "/devices", "", "Authorization", "Bearer "+tokens[0]); answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", when, answer.StatusCode)
		}
	}
	served("before")
	server.Client().CloseIdleConnections()
	goroutines, memory := runtime.NumGoroutine(), memoryInUse()

	all := gather(t, server.Listener.Addr().String(), many, tokens)
	for i, err := range all.errs {
		if i < 5 {
			t.Errorf("%d had an error, such as %v", len(all.errs), err)
		}
	}
	if c.hub.Clients() != hubClients || len(all.heard) != hubClients || len(all.waits) != many-hubClients {
		t.Errorf("%d listen, %d were let in, %d refused; want %d to listen", c.hub.Clients(), len(all.heard), len(all.waits), hubClients)
	}
	for _, token := range tokens {
		if all.admitted[token] > hubEachClient {
			t.Errorf("one account listens %d times, want %d at most", all.admitted[token], hubEachClient)
		}
	}
	served("while they are there")
	c.hub.Publish("alert", "25459", "heard by all")
	for _, lines := range all.heard {
		if err := awaitLine(lines, `data: "heard by all"`); err != nil {
			t.Fatal(err)
		}
	}
	// Both ends, with their buffers.
	each := (memoryInUse() - memory) / many
	if each > 64<<10 {
		t.Errorf("each connection takes %d KiB", each>>10)
	}
	slices.Sort(all.waits)
	t.Logf("refused within %v (median %v); %d KiB for both ends of each connection", all.waits[len(all.waits)*99/100], all.waits[len(all.waits)/2], each>>10)

	all.leave()
	testbed.Eventually(t, testbed.Patience, func() error {
		server.Client().CloseIdleConnections()
		if clients, now := c.hub.Clients(), runtime.NumGoroutine(); clients > 0 || now > goroutines {
			return fmt.Errorf("%d listen, and there are %d goroutines; %d before", clients, now, goroutines)
		}
		return nil
	})
	served("afterwards")
	if l := listen(t, server, ""); l.answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %d", l.answer.StatusCode)
	}
}

// memoryInUse is what the heap and the stacks hold after a collection.
func memoryInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func awaitLine(lines *bufio.Reader, want string) error {
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", want, err)
		}
		if strings.TrimSpace(line) == want {
			return nil
		}
	}
}
