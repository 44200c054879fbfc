package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nuid"

	"phusong/alerts"
	"phusong/alerts/desk"
)

// alertAnswer is one alert that fires, with what people have done about it.
type alertAnswer struct {
	alerts.Alert
	Handling desk.Handling `json:"handling"`
}

// actRequest is what somebody does with an alert.
type actRequest struct {
	Who   string    `json:"who"`
	Text  string    `json:"text,omitempty"`
	To    string    `json:"to,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// windowRequest announces or ends work.
type windowRequest struct {
	Who    string      `json:"who"`
	Window desk.Window `json:"window"`
}

// A lifeStep is one line of an alert's life: what the rules did, or what somebody did.
type lifeStep struct {
	At    time.Time  `json:"at"`
	Who   string     `json:"who"`
	What  string     `json:"what"`
	Text  string     `json:"text,omitempty"`
	To    string     `json:"to,omitempty"`
	Until *time.Time `json:"until,omitempty"`
}

// handleAlerts adds what people do with alerts to the control socket.
func (s *service) handleAlerts(mux *http.ServeMux) {
	mux.HandleFunc("GET /alerts", func(w http.ResponseWriter, _ *http.Request) {
		firing := s.judgement.engine.Alerts()
		list := make([]alertAnswer, len(firing))
		for i := range firing {
			list[i] = alertAnswer{firing[i], s.desk.Handling(firing[i].ID)}
		}
		answer(w, list, nil)
	})
	mux.HandleFunc("GET /alerts/{id}/history", func(w http.ResponseWriter, r *http.Request) {
		life, err := s.lifeOf(r)
		answer(w, life, err)
	})
	mux.HandleFunc("POST /alerts/{id}/{action}", s.handleAct)
	mux.HandleFunc("GET /maintenance", func(w http.ResponseWriter, r *http.Request) {
		since := time.Now()
		if r.FormValue("over") == "true" { // also what is over
			since = time.Time{}
		}
		answer(w, s.desk.Windows(since), nil)
	})
	mux.HandleFunc("POST /maintenance", func(w http.ResponseWriter, r *http.Request) {
		var request windowRequest
		if !decode(w, r, &request) {
			return
		}
		request.Window.ID = "work-" + strings.ToLower(nuid.Next())
		if err := s.knownScope(&request.Window.Scope); err != nil {
			refuseOrFail(w, err)
			return
		}
		announced, err := s.desk.Announce(r.Context(), request.Window, desk.Act{At: time.Now(), Who: request.Who})
		answerAct(w, announced, err)
	})
	mux.HandleFunc("POST /maintenance/{id}/end", func(w http.ResponseWriter, r *http.Request) {
		var request actRequest
		if !decode(w, r, &request) {
			return
		}
		ended, err := s.desk.End(r.Context(), r.PathValue("id"), desk.Act{At: time.Now(), Who: request.Who, Text: request.Text})
		answerAct(w, ended, err)
	})
}

// handleAct carries out what somebody does with an alert.
func (s *service) handleAct(w http.ResponseWriter, r *http.Request) {
	var request actRequest
	if !decode(w, r, &request) {
		return
	}
	id, act := r.PathValue("id"), desk.Act{At: time.Now(), Who: request.Who, Text: request.Text}
	if !slices.ContainsFunc(s.judgement.engine.Alerts(), func(a alerts.Alert) bool { return a.ID == id }) {
		http.Error(w, "no alert "+id+" fires; phusong alerts list shows those that do", http.StatusNotFound)
		return
	}
	h, err := s.desk.do(r.Context(), id, r.PathValue("action"), act, request.To, request.Until)
	if errors.Is(err, errNoAct) {
		http.Error(w, "nobody can "+r.PathValue("action")+" an alert", http.StatusNotFound)
		return
	}
	answerAct(w, h, err)
}

// knownScope refuses work at what the registry does not know: it would mute nothing.
func (s *service) knownScope(scope *desk.Scope) error {
	reg := s.register.Current()
	known := true
	switch {
	case scope.Device != "":
		_, known = reg.Device(scope.Device)
	case scope.Site != "":
		_, known = reg.Site(scope.Site)
	case scope.Area != "":
		_, known = reg.Area(scope.Area)
	}
	if !known {
		return errors.Join(desk.ErrRefused, errors.New("the registry does not know the place; see phusong devices and the files of the registry"))
	}
	return nil
}

// lifeOf puts together what the rules and people did with an alert.
func (s *service) lifeOf(r *http.Request) ([]lifeStep, error) {
	id := r.PathValue("id")
	var life []lifeStep
	for step, err := range s.history.Steps(r.Context(), 1) {
		if err != nil {
			return nil, err
		}
		if step.Alert != nil && step.Alert.ID == id {
			text := step.Alert.Annotations["summary"]
			if step.Alert.Quiet != "" {
				text = string(step.Alert.Quiet)
			}
			life = append(life, lifeStep{At: step.At, Who: desk.System, What: string(step.Kind), Text: text})
		}
	}
	for entry, err := range s.desk.History(r.Context(), id) {
		if err != nil {
			return nil, err
		}
		life = append(life, lifeStep{At: entry.At, Who: entry.Who, What: string(entry.Action), Text: entry.Text, To: entry.To, Until: entry.Until})
	}
	slices.SortStableFunc(life, func(a, b lifeStep) int { return a.At.Compare(b.At) })
	return life, nil
}

// longestRequest bounds what the control socket reads.
const longestRequest = 1 << 20

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestRequest))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func answerAct(w http.ResponseWriter, value any, err error) {
	if err != nil {
		refuseOrFail(w, err)
		return
	}
	answer(w, value, nil)
}

func refuseOrFail(w http.ResponseWriter, err error) {
	if errors.Is(err, desk.ErrRefused) {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	answer(w, nil, err)
}
