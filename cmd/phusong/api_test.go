package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// ask sends a request to the API of the running service, and decodes its answer.
func (w *town) ask(method, path, body string, into any, headers ...string) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, w.url("/api/v1"+path), strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := (&http.Client{}).Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// account makes an account or a token and returns its secret.
func (w *town) account(file, name string, args ...string) string {
	w.t.Helper()
	p := testbed.Phusong(w.t, append([]string{"accounts", "add", name, "--file", file}, args...)...)
	if code := p.Wait(); code != 0 {
		w.t.Fatalf("phusong accounts add %s: %s", name, p.Log())
	}
	fields := strings.Fields(p.Log())
	return fields[len(fields)-1]
}

// heardEvent is an event of the stream of events.
type heardEvent struct{ id, kind, data string }

// hear listens until the test ends.
func (w *town) hear(headers ...string) <-chan heardEvent {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url("/api/v1/events"), http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		w.t.Fatalf("listening: %d", answer.StatusCode)
	}
	events := make(chan heardEvent, 10_000)
	done := make(chan struct{})
	w.t.Cleanup(func() { _ = answer.Body.Close(); <-done })
	go func() {
		defer close(done)
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 1<<20)
		var e heardEvent
		for lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				e.id = id
			} else if kind, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				e.kind = kind
			} else if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				e.data = data
				select {
				case events <- e:
				default: // more than anybody waits for
				}
			}
		}
	}()
	return events
}

// awaitEvent waits for an event whose data hold all the words.
func awaitEvent(t *testing.T, events <-chan heardEvent, kind string, words ...string) heardEvent {
	t.Helper()
	deadline := time.After(testbed.Patience)
search:
	for {
		select {
		case e := <-events:
			if e.kind != kind {
				continue
			}
			for _, word := range words {
				if !strings.Contains(e.data, word) {
					continue search
				}
			}
			return e
		case <-deadline:
			t.Fatalf("no event %s with %q came", kind, words)
		}
	}
}

type listedAlert struct {
	ID, Name, Site, Severity string
	Acknowledged             bool
}

// A hospital falls silent. The alert is heard live, listed, acknowledged by field staff of its
// commune with a password; a viewer may not, and field staff elsewhere do not see it. All of
// it through Mosquitto and the service as it is installed.
func TestAnAlertThroughTheAPI(t *testing.T) {
	t.Parallel()
	testbed.Slow(t) // the incident waits for company
	w := newTown(t, townOptions{})
	d := newDistrict(t, w.broker.URL())
	maps.Copy(w.keys, d.registry(map[string]int{"cho-ray": 4, "other-1": 6}))
	file := filepath.Join(t.TempDir(), "accounts")
	w.keys["access.accounts_file"] = file
	w.configure()
	viewer := "Bearer " + w.account(file, "@wall", "--role", "viewer")
	elsewhere := "Bearer " + w.account(file, "@elsewhere", "--role", "field", "--area", "25460")
	password := w.account(file, "minh", "--role", "field", "--area", "25459")
	w.start()
	d.speak()
	if err := w.ask(http.MethodGet, "/devices", "", nil); err == nil || !strings.Contains(err.Error(), " 401 ") {
		t.Errorf("without a login: %v", err)
	}
	w.awaitExactly(`phusong_devices{kind="wifi",state="up"}`, 10)
	// That the map was judged concerns those with an area too.
	epoch, _, _ := strings.Cut(awaitEvent(t, w.hear("Authorization", elsewhere), "hello").id, "-")
	awaitEvent(t, w.hear("Authorization", elsewhere, "Last-Event-ID", epoch+"-0"), "coverage", `"day":`)
	events := w.hear("Authorization", viewer)
	d.set("cho-ray", false, 0)
	awaitEvent(t, events, "alert", `"change":"fired"`, "cho-ray")
	awaitEvent(t, events, "alert", `"change":"told"`, "cho-ray")
	awaitEvent(t, w.hear("Authorization", viewer), "hello")

	var alerts struct{ Items []listedAlert }
	if err := w.ask(http.MethodGet, "/alerts?told=true&area=25459", "", &alerts, "Authorization", viewer); err != nil {
		t.Fatal(err)
	}
	if len(alerts.Items) == 0 {
		t.Fatal("the alert is not listed")
	}
	alert := alerts.Items[0]
	until := fmt.Sprintf(`{"until": %q, "text": "đang đến"}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	acknowledge := "/alerts/" + alert.ID + "/acknowledge"
	if err := w.ask(http.MethodPost, acknowledge, until, nil, "Authorization", viewer); err == nil || !strings.Contains(err.Error(), " 403 ") {
		t.Errorf("a viewer acknowledges: %v", err)
	}
	if err := w.ask(http.MethodPost, acknowledge, until, nil, "Authorization", elsewhere); err == nil || !strings.Contains(err.Error(), " 404 ") {
		t.Errorf("field staff of another commune acknowledge: %v", err)
	}
	cookie, csrf := w.login("minh", password)
	if err := w.ask(http.MethodPost, acknowledge, until, nil, "Cookie", cookie); err == nil || !strings.Contains(err.Error(), " 403 ") {
		t.Errorf("without the token of the session: %v", err)
	}
	if err := w.ask(http.MethodPost, acknowledge, until, nil, "Cookie", cookie, "X-CSRF-Token", csrf); err != nil {
		t.Fatal(err)
	}
	awaitEvent(t, events, "handling", alert.ID, `"who":"minh"`)
	awaitEvent(t, events, "alert", `"change":"acknowledged"`, alert.ID)
	var now listedAlert
	if err := w.ask(http.MethodGet, "/alerts/"+alert.ID, "", &now, "Authorization", viewer); err != nil || !now.Acknowledged {
		t.Errorf("afterwards it is %+v, %v", now, err)
	}
	w.await(func() error {
		var steps []struct{ What, Who, Text string }
		if err := w.ask(http.MethodGet, "/alerts/"+alert.ID+"/history", "", &steps, "Authorization", viewer); err != nil {
			return err
		}
		for _, s := range steps {
			if s.Who == "minh" && s.Text == "đang đến" && steps[0].What == "fired" {
				return nil
			}
		}
		return fmt.Errorf("history %+v", steps)
	})
	w.stop()
	log, err := os.ReadFile(filepath.Join(w.data, "audit", "changes.jsonl"))
	if err != nil || bytes.Count(log, []byte(acknowledge)) != 3 || !bytes.Contains(log, []byte(`"action":"login"`)) || bytes.Contains(log, []byte(password)) {
		t.Errorf("the log of changes: %v\n%s", err, log)
	}
}

// login returns the cookie and the token of a session.
func (w *town) login(name, password string) (cookie, csrf string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	body := fmt.Sprintf(`{"name": %q, "password": %q}`, name, password)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url("/api/v1/session"), strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var me struct{ CSRF string }
	if err := json.NewDecoder(answer.Body).Decode(&me); err != nil || answer.StatusCode != http.StatusOK {
		w.t.Fatalf("logging in: %d %v", answer.StatusCode, err)
	}
	c := answer.Cookies()[0]
	return c.Name + "=" + c.Value, me.CSRF
}

// What docs/API.md proposes to type works against a service that runs.
func TestTheExamplesOfTheAPIRun(t *testing.T) {
	t.Parallel()
	w := newTown(t, townOptions{})
	d := newDistrict(t, w.broker.URL())
	maps.Copy(w.keys, d.registry(map[string]int{"cho-ray": 2}))
	file := filepath.Join(t.TempDir(), "accounts")
	w.keys["access.accounts_file"] = file
	w.configure()
	token := w.account(file, "@lgsp", "--role", "viewer")
	password := w.account(file, "lan", "--role", "operations")
	adminToken := w.account(file, "@backup", "--role", "admin")
	w.start()
	d.speak()
	w.awaitExactly(`phusong_devices{kind="wifi",state="up"}`, 2)
	w.awaitAtLeast("phusong_coverage_judged_timestamp_seconds", 1)
	page, err := os.ReadFile("../../docs/API.md")
	if err != nil {
		t.Fatal(err)
	}
	script, examples := "set -e\ncd "+t.TempDir()+"\n", 0
	for block := range strings.SplitSeq(string(page), "```sh\n") {
		block, _, _ = strings.Cut(block, "```")
		for line := range strings.Lines(block) {
			if strings.HasPrefix(line, "curl ") || strings.HasPrefix(line, "CSRF=") {
				script += line
				examples++
			}
		}
	}
	if examples < 12 {
		t.Fatalf("only %d examples were found", examples)
	}
	shell := testbed.Run(t, testbed.Command{Path: testbed.Require(t, "sh"), Args: []string{"-c", script}, Env: []string{
		"URL=" + w.url(""), "TOKEN=" + token, "ADMIN_TOKEN=" + adminToken, "NAME=lan", "PASSWORD=" + password, "DEVICE=cho-ray-0",
	}})
	if code := shell.Wait(); code != 0 {
		t.Fatalf("an example ends with %d: %s", code, shell.Log())
	}
	for _, said := range []string{`"reason":"thay cáp"`, `"FeatureCollection"`, `"unit":`, `"role":"operations"`, `"action":"POST /api/v1/maintenance"`, `"action":"login"`} {
		if !strings.Contains(shell.Log(), said) {
			t.Errorf("no example was answered with %s:\n%s", said, shell.Log())
		}
	}
}

// Without accounts there is no API, and it says what to do; what machines ask for is there.
func TestWithoutAccountsThereIsNoAPI(t *testing.T) {
	t.Parallel()
	w := newTown(t, townOptions{})
	w.start()
	for _, path := range []string{"/alerts", "/session", "/deadletters/replay"} {
		if err := w.ask(http.MethodPost, path, "{}", nil); err == nil || !strings.Contains(err.Error(), " 503 ") || !strings.Contains(err.Error(), "phusong accounts add") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if code, _, err := w.get("/metrics"); err != nil || code != http.StatusOK {
		t.Errorf("/metrics answers %d, %v", code, err)
	}
	w.stop()
}
