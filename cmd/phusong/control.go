package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"phusong/dashboards"
	"phusong/ingest"
)

// The control socket is how the other commands speak to a running service: HTTP
// over a Unix socket in the data folder. Whoever may write there is an
// administrator of this service, so it needs no password and opens no port.

// ledgerAnswer is the answer of GET /ledger.
type ledgerAnswer struct {
	// Balance is what the running service has counted; nil when none is running.
	Balance *ingest.Balance     `json:"balance,omitempty"`
	Audit   *ingest.AuditReport `json:"audit"`
}

// replayRequest is the body of POST /deadletters/replay; no ids means all.
type replayRequest struct {
	IDs []string `json:"ids"`
}

type replayAnswer struct {
	Replayed int `json:"replayed"`
}

// maxSocketPath is what Linux allows.
const maxSocketPath = 107

// openControl listens on the socket. A folder too deep for one costs the other
// commands their way in, not the service its life.
func (s *service) openControl(ctx context.Context) error {
	path := dataFolder(s.config.Data).socket()
	if len(path) > maxSocketPath {
		s.log.Warn("the data folder's path is too long for a control socket; phusong check ledger, deadletters and devices cannot reach this service", "path", path)
		return nil
	}
	// Ours for certain: the folder is locked, so nobody listens there any more.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing an old control socket: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	s.closing.add(func() error { return ignoreClosed(listener.Close()) })
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	s.parts.add("control", func(ctx context.Context) error { return serveUntilDone(ctx, listener, s.controlHandler(), s.log) })
	return nil
}

func (s *service) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, r *http.Request) {
		balance := s.ledger.Balance()
		report, err := s.audit(r.Context())
		answer(w, ledgerAnswer{Balance: &balance, Audit: report}, err)
	})
	mux.HandleFunc("GET /deadletters", func(w http.ResponseWriter, r *http.Request) {
		// One value a line: there may be more than fit into memory twice.
		encoder := json.NewEncoder(w)
		err := ingest.ListDeadLetters(r.Context(), durableLog{s.letters}, func(d ingest.DeadLetter) bool {
			return encoder.Encode(d) == nil
		})
		if err != nil {
			_ = encoder.Encode(map[string]string{"error": err.Error()})
		}
	})
	mux.HandleFunc("POST /deadletters/replay", func(w http.ResponseWriter, r *http.Request) {
		var request replayRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		n, err := ingest.ReplayDeadLetters(r.Context(), durableLog{s.letters}, picker(request.IDs), s.replay)
		s.log.Info("dead letters replayed", "count", n)
		answer(w, replayAnswer{Replayed: n}, err)
	})
	mux.HandleFunc("GET /devices", func(w http.ResponseWriter, _ *http.Request) {
		var all []dashboards.DeviceState
		for d := range devices(s.judgement.engine)(time.Now()) {
			all = append(all, d)
		}
		answer(w, all, nil)
	})
	s.handleAlerts(mux)
	return mux
}

// picker accepts the dead letters with one of the ids, or all when there are none.
func picker(ids []string) func(*ingest.DeadLetter) bool {
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	return func(d *ingest.DeadLetter) bool { return len(ids) == 0 || wanted[d.ID] }
}

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the client may be gone
}

// errNotRunning says that no service uses the data folder.
var errNotRunning = errors.New("no service is running")

// controlClient speaks to the service that uses the data folder.
func controlClient(c *Config) *http.Client {
	path := dataFolder(c.Data).socket()
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
}

// call asks the running service and returns its answer, whose body the caller
// closes. The error wraps errNotRunning when there is none.
func call(ctx context.Context, c *Config, method, path string, body []byte) (*http.Response, error) {
	request, err := newRequest(ctx, method, "http://phusong"+path, body)
	if err != nil {
		return nil, err
	}
	response, err := controlClient(c).Do(request)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("%w on the data folder %s", errNotRunning, c.Data)
	}
	if err != nil {
		return nil, fmt.Errorf("asking the running service: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		defer closeBody(response)
		return nil, fmt.Errorf("the running service answers: %s", readText(response))
	}
	return response, nil
}

// callJSON asks the running service and decodes its answer into value.
func callJSON(ctx context.Context, c *Config, method, path string, body []byte, value any) error {
	response, err := call(ctx, c, method, path, body)
	if err != nil {
		return err
	}
	defer closeBody(response)
	if err := json.NewDecoder(response.Body).Decode(value); err != nil {
		return fmt.Errorf("the answer of the running service: %w", err)
	}
	return nil
}
