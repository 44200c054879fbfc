package dashboards

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Check is one condition of readiness. Its function returns nil when it holds,
// returns when its context ends, and may run at the same time as others.
type Check struct {
	Name string
	Do   func(context.Context) error
}

// HandlerOptions of a Handler.
type HandlerOptions struct {
	// Gatherer has what is not in Sources.
	Gatherer prometheus.Gatherer
	// Sources are shown with Prefix before their names, and so is what scrapes cost. They
	// are registered nowhere else.
	Sources []Source
	Prefix  string
	// Ready are the conditions of /readyz.
	Ready []Check
	// Logger is told of scrapes that fail; nil discards.
	Logger *slog.Logger
}

// readyTimeout bounds how long /readyz waits for its checks.
const readyTimeout = 3 * time.Second

// Handler serves what machines ask for: /metrics, /healthz (the process answers) and
// /readyz (it can do its work).
func Handler(o HandlerOptions) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	scrapes := newScrapeWatch(o.Logger)
	mux.Handle("GET /metrics", scrapes.around(newPage(o.Gatherer, o.Prefix, append(slices.Clip(o.Sources), scrapes), o.Logger)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { ready(w, r, o.Ready) })
	return mux
}

// ready answers 200 when every check holds and 503 when one does not, with the
// result of each.
func ready(w http.ResponseWriter, r *http.Request, checks []Check) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	// All at once: one that hangs must not make the others late.
	errs := make([]error, len(checks))
	var wait sync.WaitGroup
	for i, c := range checks {
		wait.Go(func() { errs[i] = c.Do(ctx) })
	}
	wait.Wait()
	results := make(map[string]string, len(checks))
	code := http.StatusOK
	for i, c := range checks {
		results[c.Name] = "ok"
		if errs[i] != nil {
			results[c.Name] = errs[i].Error()
			code = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(results)
}
