package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"phusong/alerts"
	"phusong/dashboards/access"
	"phusong/dashboards/api"
	"phusong/telemetry"
)

// web is the API and what stands before it.
type web struct {
	gate        *access.Gate
	hub         *api.Hub
	coverage    *apiCoverage
	protected   http.Handler
	description http.Handler
}

// accountsEvery is how often the accounts are looked at.
const accountsEvery = 2 * time.Second

// openAPI makes the API, unless nobody was decided to be let in.
func (s *service) openAPI(ctx context.Context) error {
	c := &s.config.Access
	if !c.Open && c.AccountsFile == "" {
		s.log.Info("the API is off: make accounts with phusong accounts add and name their file in access.accounts_file")
		return nil
	}
	o := access.Options{Now: time.Now, Logger: s.log, Secure: s.secureOnly()}
	var err error
	if o.Proxies, err = c.proxies(); err != nil {
		return err
	}
	if c.AccountsFile != "" {
		if o.Book, err = access.OpenBook(c.AccountsFile, s.log); err != nil {
			return fmt.Errorf("access.accounts_file: %w", err)
		}
		s.parts.add("accounts", func(ctx context.Context) error { return o.Book.Run(ctx, accountsEvery) })
	}
	if o.Audit, err = access.OpenAudit(dataFolder(s.config.Data).audit()); err != nil {
		return err
	}
	s.closing.add(o.Audit.Close)
	w := &web{hub: api.NewHub(time.Now()), coverage: newAPICoverage(s.coverage, time.Now())}
	if w.gate, err = access.NewGate(o); err != nil {
		return err
	}
	store, ok := s.store.(seriesStore)
	if !ok {
		return fmt.Errorf("the store %T cannot fold series", s.store)
	}
	w.protected, w.description, err = api.New(api.Options{
		Version: version(), Places: apiPlaces{s}, Alerts: &apiAlerts{s}, Coverage: w.coverage,
		Cases: apiCases{s.coverage}, Readings: apiReadings{store, s}, Service: apiState{s, time.Now(), s.caughtUp(ctx)}, Environment: apiEnvironment{s}, WiFi: apiWiFi{s}, Audit: o.Audit, Events: w.hub, Now: time.Now, Logger: s.log,
	})
	if err != nil {
		return err
	}
	s.web = w
	s.judgement.listen = w.alertChanged
	s.parts.add("events", s.tellStates)
	return nil
}

// secureOnly reports whether people come by TLS, ours or that of somebody before us.
func (s *service) secureOnly() bool {
	return s.https != nil || !isLoopback(s.config.Listen) || strings.HasPrefix(s.config.Alerts.ExternalURL, "https:")
}

// mountAPI serves the API until ctx is done, or says why there is none.
func (s *service) mountAPI(ctx context.Context, mux *http.ServeMux) {
	if s.web == nil {
		mux.HandleFunc(api.Prefix+"/", func(w http.ResponseWriter, _ *http.Request) {
			access.Headers(w)
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = json.NewEncoder(w).Encode(map[string]any{ // the client may be gone
				"title": "Service Unavailable", "status": http.StatusServiceUnavailable, "code": api.CodeOff,
				"detail": "the API is off: make accounts with phusong accounts add and name their file in access.accounts_file",
			})
		})
		return
	}
	context.AfterFunc(ctx, s.web.hub.End)
	mux.Handle(api.Prefix+"/session", s.web.gate.Sessions())
	mux.Handle(api.Prefix+"/", s.web.gate.Protect(s.web.protected))
	mux.Handle("GET "+api.OpenAPI, s.web.description)
}

// alertChanged tells those who listen what became of an alert or incident.
func (w *web) alertChanged(c alerts.Change) {
	if c.Alert != nil {
		w.hub.Publish("alert", c.Alert.Place.Area, api.AlertEvent{Change: string(c.Kind), At: c.At, Alert: alertValue(c.Alert)})
	}
	if c.Incident != nil {
		w.hub.Publish("incident", c.Incident.Area, api.IncidentEvent{Change: string(c.Kind), At: c.At, Incident: incidentValue(c.Incident)})
	}
}

// statesEvery is how often the states of devices are compared.
const statesEvery = time.Second

// tellStates tells those who listen which devices changed their state, and when coverage
// was judged anew.
func (s *service) tellStates(ctx context.Context) error {
	tick := time.NewTicker(statesEvery)
	defer tick.Stop()
	before := make(map[telemetry.DeviceID]alerts.State)
	first := true
	var judged string
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		s.judgement.engine.Devices(func(d alerts.DeviceState) bool {
			if old, known := before[d.Device.ID]; !first && (!known || old != d.State) {
				s.web.hub.Publish("device", d.Device.Area, deviceValue(&d))
			}
			before[d.Device.ID] = d.State
			return true
		})
		first = false
		if state := s.coverage.Latest(); state != nil {
			if version := layerVersion("", state, state.Assessment); version != judged {
				judged = version
				s.web.coverageChanged(state)
			}
		}
	}
}

// coverageChanged tells everybody that the map differs, once it is there to be asked for.
func (w *web) coverageChanged(state *coverageState) {
	if w.hub.Clients() > 0 {
		w.coverage.prepare(state)
	}
	w.hub.PublishAll("coverage", api.CoverageEvent{Day: state.Assessment.Day.String(), At: state.At})
}
