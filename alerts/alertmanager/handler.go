package alertmanager

import (
	"io"
	"net/http"
)

// Prefix is where [Embedded.Handler] lives: `amtool --alertmanager.url http://host:port/alertmanager`.
const Prefix = "/alertmanager"

const (
	// maxBody bounds a request: some ten thousand alerts.
	maxBody = 16 << 20
	// maxQueries are answered at once; each may render all alerts.
	maxQueries = 8
)

// Handler serves API v2, the reload and the health of an Alertmanager below [Prefix], with the paths
// that amtool, Grafana and Prometheus expect. A browser can change something from pages of the same
// origin only. It asks nobody who they are: put that before it.
func (e *Embedded) Handler() http.Handler {
	mux := http.NewServeMux()
	queries := make(chan struct{}, maxQueries)
	mux.Handle(Prefix+"/api/v2/", http.StripPrefix(Prefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.running.Load() == nil {
			http.Error(w, "starting or ending; try again", http.StatusServiceUnavailable)
			return
		}
		if r.Method == http.MethodGet {
			select {
			case queries <- struct{}{}:
				defer func() { <-queries }()
			default:
				http.Error(w, "too many queries at once; try again", http.StatusServiceUnavailable)
				return
			}
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		e.api.Handler.ServeHTTP(w, r)
	})))
	mux.HandleFunc("POST "+Prefix+"/-/reload", func(w http.ResponseWriter, _ *http.Request) {
		if err := e.Reload(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	healthy := func(w http.ResponseWriter, _ *http.Request) {
		if e.running.Load() == nil {
			http.Error(w, "not running", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "OK") // the client may be gone
	}
	mux.HandleFunc("GET "+Prefix+"/-/healthy", healthy)
	mux.HandleFunc("GET "+Prefix+"/-/ready", healthy)
	return http.NewCrossOriginProtection().Handler(mux)
}
