package dashboards

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A scrape that takes a fifth of its interval is named, once an hour; one that takes
// a hundredth is not.
func TestScrapesThatCostTooMuchAreNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		every, cost time.Duration
		minutes     int
		want        int
	}{
		{"quiet", 15 * time.Second, 150 * time.Millisecond, 10, 0},
		{"each second", time.Second, 200 * time.Millisecond, 59, 1},
		{"for two hours", time.Second, 200 * time.Millisecond, 130, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var said bytes.Buffer
				h := newScrapeWatch(slog.New(slog.NewTextHandler(&said, nil))).around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(test.cost) }))
				for end := time.Now().Add(time.Duration(test.minutes) * time.Minute); time.Now().Before(end); time.Sleep(test.every - test.cost) {
					h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
				}
				if got := strings.Count(said.String(), "scraped too often"); got != test.want {
					t.Errorf("it was said %d times, want %d:\n%s", got, test.want, said.String())
				}
			})
		})
	}
}

// What scrapes cost is on the page itself, for whoever scrapes too often to see.
func TestScrapesAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := NewPlaceCollector(func() Places { time.Sleep(250 * time.Millisecond); return Places{} })
		h := Handler(HandlerOptions{Gatherer: prometheus.NewRegistry(), Sources: []Source{slow}, Prefix: "phusong_"})
		var page string
		for range 3 {
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
			page = answer.Body.String()
		}
		for _, want := range []string{"\nphusong_scrapes_total 2\n", "\nphusong_scrape_seconds_total 0.5\n"} {
			if !strings.Contains(page, want) {
				t.Errorf("the third page lacks %q:\n%s", want, page)
			}
		}
	})
}
