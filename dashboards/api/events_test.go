package api

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"phusong/dashboards/access"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// A listener reads events over a real connection.
type listener struct {
	t      testing.TB
	answer *http.Response
	lines  *bufio.Scanner
}

type heard struct{ id, kind, data string }

// serve serves the API over a real socket to everybody as who.
func (c *console) serve(t testing.TB, who func() access.Identity) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.handler.ServeHTTP(w, r.WithContext(access.With(r.Context(), who())))
	}))
	t.Cleanup(func() { c.hub.End(); server.Close() })
	return server
}

func listen(t testing.TB, server *httptest.Server, last string) *listener {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+Prefix+"/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return &listener{t, answer, bufio.NewScanner(answer.Body)}
}

// next returns the next event, and false at the end of the connection.
func (l *listener) next() (heard, bool) {
	var h heard
	for l.lines.Scan() {
		line := l.lines.Text()
		switch {
		case strings.HasPrefix(line, "id: "):
			h.id = line[4:]
		case strings.HasPrefix(line, "event: "):
			h.kind = line[7:]
		case strings.HasPrefix(line, "data: "):
			h.data = line[6:]
		case line == "" && h.kind != "":
			return h, true
		}
	}
	return h, false
}

func (l *listener) expect(kind, data string) heard {
	l.t.Helper()
	h, ok := l.next()
	if !ok || h.kind != kind || data != "" && h.data != data {
		l.t.Fatalf("heard %+v, want %s %s", h, kind, data)
	}
	return h
}

func TestEventsArriveAndResume(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	server := c.serve(t, func() access.Identity { return admin })
	l := listen(t, server, "")
	hello := l.expect("hello", "{}")
	c.hub.Publish("alert", "25459", 1)
	first := l.expect("alert", "1")
	c.hub.Publish("alert", "25460", 2)
	l.expect("alert", "2")
	_ = l.answer.Body.Close()
	c.hub.Publish("coverage", "", hostile)

	for last, want := range map[string][]string{first.id: {"2", `"\u003cscript\u003ealert(\"xss\")\u003c/script\u003e"`}, hello.id: {"1", "2"}} {
		back := listen(t, server, last)
		back.expect("hello", "")
		for _, data := range want {
			back.expect(map[bool]string{true: "alert", false: "coverage"}[len(data) == 1], data)
		}
	}
	for _, stale := range []string{"another-3", "rubbish", hello.id + "99", "-"} {
		back := listen(t, server, stale)
		back.expect("hello", "")
		back.expect("reset", "")
	}
}

func TestEventsOfOtherAreasAreNotHeard(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	l := listen(t, c.serve(t, func() access.Identity { return field }), "")
	l.expect("hello", "")
	c.hub.Publish("alert", "25460", "theirs")
	c.hub.Publish("alert", "", "the province's")
	c.hub.PublishAll("coverage", "everybody's")
	c.hub.Publish("alert", "25459", "ours")
	l.expect("coverage", `"everybody's"`)
	l.expect("alert", `"ours"`)
}

func TestWhatIsDoneIsHeard(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	l := listen(t, c.serve(t, func() access.Identity { return admin }), "")
	l.expect("hello", "")
	for kind, call := range map[string]string{"handling": "act-on-alert", "maintenance": "announce-window", "case": "act-on-case"} {
		if answer := c.as(t.Context(), admin, calls[call].method, Prefix+calls[call].path, calls[call].body); answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", call, answer.StatusCode)
		}
		l.expect(kind, "")
	}
}

// However many come, so many are served, and places become free again.
func TestListenersAreBounded(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	var n atomic.Int64
	server := c.serve(t, func() access.Identity {
		return access.Identity{Name: fmt.Sprint(n.Add(1) % 10), Role: access.Viewer}
	})
	c.hub.most = 20
	var all []*listener
	for range 20 {
		l := listen(t, server, "")
		l.expect("hello", "")
		all = append(all, l)
	}
	for range 50 {
		l := listen(t, server, "")
		if l.answer.StatusCode != http.StatusServiceUnavailable || l.answer.Header.Get("Retry-After") == "" {
			t.Fatalf("one too many gets %d", l.answer.StatusCode)
		}
		_ = l.answer.Body.Close()
	}
	c.hub.Publish("alert", "", 1)
	all[0].expect("alert", "1") // the others are served
	for _, l := range all {
		_ = l.answer.Body.Close()
	}
	testbed.Eventually(t, testbed.Patience, func() error {
		if n := c.hub.Clients(); n > 0 {
			return fmt.Errorf("%d places are not free again", n)
		}
		return nil
	})
	c.hub.eachMax = 1
	me := func() access.Identity { return viewer }
	server = c.serve(t, me)
	listen(t, server, "").expect("hello", "")
	if l := listen(t, server, ""); l.answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one account may take more than its places: %d", l.answer.StatusCode)
	}
}

// Who does not read is told so and sent away, and nobody waits for him.
func TestTheSlowAreSentAway(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	c.hub.keep = 100
	l := listen(t, c.serve(t, func() access.Identity { return admin }), "")
	l.expect("hello", "")
	data, heard := strings.Repeat("x", 10_000), 0
	for range 4_000 { // 40 MB, more than the buffers of both sockets
		c.hub.Publish("alert", "", data)
	}
	for {
		// Who reads nothing for long is cut off without a word.
		if h, ok := l.next(); !ok || h.kind == "dropped" {
			break
		}
		if heard++; heard == 4_000 {
			t.Fatal("all of it was heard by who did not read in time")
		}
	}
}

func TestAStoppingServiceSendsListenersAway(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	l := listen(t, c.serve(t, func() access.Identity { return admin }), "")
	l.expect("hello", "")
	c.hub.End()
	if h, ok := l.next(); ok {
		t.Errorf("heard %+v, want the end", h)
	}
}

// BenchmarkEvents: 200 clients hear each event; one operation is one event heard by all.
func BenchmarkEvents(b *testing.B) {
	c := newConsole(b)
	server := c.serve(b, func() access.Identity { return access.Identity{Name: "x", Role: access.Viewer} })
	const clients = 200
	got := make(chan struct{}, clients)
	for range clients {
		l := listen(b, server, "")
		l.expect("hello", "")
		go func() {
			for {
				if _, ok := l.next(); !ok {
					return
				}
				got <- struct{}{}
			}
		}()
	}
	a := newProvince().alerts[0]
	published := time.Duration(0)
	for b.Loop() {
		start := time.Now()
		c.hub.Publish("alert", "25459", a)
		published += time.Since(start)
		for range clients {
			<-got
		}
	}
	b.ReportMetric(float64(published.Nanoseconds())/float64(b.N), "publish-ns/op")
}

// BenchmarkCells: one viewport, a ninth of a province of 30,000 cells.
func BenchmarkCells(b *testing.B) {
	c := newConsole(b)
	feature := `{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[` + strings.Repeat("[106.123456,11.123456],", 6) + `[106.123456,11.123456]]]},"properties":{` +
		strings.Repeat(`"property_of_a_cell":12.34,`, 20) + `"verdict":"unproven"}}`
	c.layer.Cells = nil
	for n := range 30_000 {
		c.layer.Cells = append(c.layer.Cells, CellFeature{
			Operator: "45204", Area: telemetry.AreaCode(fmt.Sprint(25400 + n/300)), Verdict: "unproven",
			Center: telemetry.Point{Lat: 11 + float64(n%173)/173, Lon: 106 + float64(n/173)/173}, GeoJSON: []byte(feature),
		})
	}
	for name, query := range map[string]string{"viewport": "?operator=45204&bbox=106.33,11.33,106.66,11.66", "all": "?limit=30000"} {
		for _, encoding := range []string{"identity", "gzip"} {
			b.Run(name+"/"+encoding, func(b *testing.B) {
				for b.Loop() {
					r := httptest.NewRequestWithContext(access.With(b.Context(), viewer), http.MethodGet, Prefix+"/coverage/cells.geojson"+query, http.NoBody)
					r.Header.Set("Accept-Encoding", encoding)
					w := httptest.NewRecorder()
					c.handler.ServeHTTP(w, r)
					if w.Code != http.StatusOK {
						b.Fatal(w.Code)
					}
					b.SetBytes(int64(w.Body.Len()))
				}
			})
		}
	}
}
