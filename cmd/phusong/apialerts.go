package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nuid"

	"phusong/alerts"
	"phusong/alerts/desk"
	"phusong/dashboards/api"
	"phusong/telemetry"
)

// apiAlerts gives the API what is wrong, and what people do about it.
type apiAlerts struct{ s *service }

func alertValue(a *alerts.Alert) api.Alert {
	return api.Alert{
		ID: a.ID, Name: a.Name, Severity: a.Severity, Scope: a.Subject.Scope.String(), Subject: a.Subject.ID,
		Area: a.Place.Area, Site: a.Place.Site, Device: a.Place.Device, Operator: a.Place.Operator, Zone: a.Place.Zone, Lat: a.Place.At.Lat, Lon: a.Place.At.Lon,
		Since: a.Since, Fired: a.Fired, ToldAt: a.ToldAt, Resolved: a.Resolved, Told: a.Told, Quiet: string(a.Quiet),
		Acknowledged: a.Acknowledged, Renewed: a.Renewed, Flapping: a.Flapping, Incident: a.Incident, Annotations: a.Annotations,
	}
}

func incidentValue(i *alerts.Incident) api.Incident {
	return api.Incident{
		ID: i.ID, Cause: string(i.Cause), Name: i.Name, Area: i.Area, Sites: append([]telemetry.SiteID{}, i.Sites...), Device: i.Device, Since: i.Since, Until: i.Until,
		Decided: i.Decided, Recovering: i.Recovering, Children: len(i.Children), Down: i.Down, Alerts: append([]string{}, i.Alerts...), Follows: i.Follows,
	}
}

func handlingValue(h *desk.Handling) api.Handling {
	v := api.Handling{Assignee: h.Assignee}
	if a := h.Acknowledgement; a != nil {
		v.AcknowledgedBy, v.AcknowledgedUntil = a.Who, a.Until
	}
	return v
}

// handled adds what people did. Who acknowledged just now need not wait until the engine
// has heard of it.
func (a *apiAlerts) handled(v api.Alert) api.Alert {
	h := a.s.desk.Handling(v.ID)
	if len(h.History) > 0 {
		handling := handlingValue(&h)
		v.Handling, v.Acknowledged = &handling, h.Acknowledged(time.Now())
	}
	return v
}

func (a *apiAlerts) Firing() []api.Alert {
	firing := a.s.judgement.engine.Alerts()
	list := make([]api.Alert, len(firing))
	for i := range firing {
		list[i] = a.handled(alertValue(&firing[i]))
	}
	return list
}

func (a *apiAlerts) Find(ctx context.Context, id string) (api.Alert, error) {
	var last *alerts.Alert
	for step, err := range a.s.history.Steps(ctx, 1) {
		if err != nil {
			return api.Alert{}, err
		}
		if step.Alert != nil && step.Alert.ID == id {
			last = step.Alert
		}
	}
	if last == nil {
		return api.Alert{}, fmt.Errorf("alert %s: %w", id, api.ErrNotFound)
	}
	return a.handled(alertValue(last)), nil
}

func (a *apiAlerts) History(ctx context.Context, id string) ([]api.Step, error) {
	var list []api.Step
	for step, err := range a.s.history.Steps(ctx, 1) {
		if err != nil {
			return nil, err
		}
		if step.Alert != nil && step.Alert.ID == id {
			list = append(list, api.Step{At: step.At, What: string(step.Kind), Text: string(step.Alert.Quiet)})
		}
	}
	for e, err := range a.s.desk.History(ctx, id) {
		if err != nil {
			return nil, inAPIWords(err)
		}
		step := api.Step{At: e.At, What: string(e.Action), Who: e.Who, Text: e.Text, To: e.To}
		if e.Until != nil {
			step.Until = *e.Until
		}
		list = append(list, step)
	}
	slices.SortStableFunc(list, func(x, y api.Step) int { return x.At.Compare(y.At) })
	return list, nil
}

func (a *apiAlerts) Incidents() []api.Incident {
	open, over := a.s.judgement.engine.Incidents()
	var list []api.Incident
	for _, group := range [][]alerts.Incident{open, over} {
		for i := range group {
			list = append(list, incidentValue(&group[i]))
		}
	}
	return list
}

func (a *apiAlerts) Act(ctx context.Context, id string, act api.AlertAct) (api.Handling, error) {
	done := desk.Act{ID: act.ID, At: act.At, Who: act.Who, Text: act.Text}
	h, err := a.s.desk.do(ctx, id, act.Action, done, act.To, act.Until)
	if errors.Is(err, errNoAct) {
		err = fmt.Errorf("nobody can %s an alert: %w", act.Action, api.ErrRefused)
	}
	return handlingValue(&h), inAPIWords(err)
}

func windowValue(w *desk.Window, at time.Time) api.Window {
	v := api.Window{
		ID: w.ID, Device: w.Scope.Device, Site: w.Scope.Site, Area: w.Scope.Area, Owner: w.Owner, Reason: w.Reason,
		From: w.From, Until: w.Until, Zone: w.Zone, Open: w.Open(at),
	}
	for _, s := range w.Weekly {
		v.Weekly = append(v.Weekly, api.Slot{Day: int(s.Day), FromMinute: s.FromMinute, Minutes: s.Minutes})
	}
	return v
}

func (a *apiAlerts) Windows(at time.Time) []api.Window {
	windows := a.s.desk.Windows(at)
	list := make([]api.Window, len(windows))
	for i := range windows {
		list[i] = windowValue(&windows[i], at)
	}
	return list
}

func (a *apiAlerts) Announce(ctx context.Context, v api.Window, who string, at time.Time) (api.Window, error) {
	w := desk.Window{
		ID: "work-" + strings.ToLower(nuid.Next()), Scope: desk.Scope{Device: v.Device, Site: v.Site, Area: v.Area},
		Owner: v.Owner, Reason: v.Reason, From: v.From, Until: v.Until, Zone: v.Zone,
	}
	for _, s := range v.Weekly {
		w.Weekly = append(w.Weekly, desk.Slot{Day: time.Weekday(s.Day), FromMinute: s.FromMinute, Minutes: s.Minutes})
	}
	w, err := a.s.desk.Announce(ctx, w, desk.Act{At: at, Who: who})
	return windowValue(&w, at), inAPIWords(err)
}

func (a *apiAlerts) Extend(ctx context.Context, id, who string, at, until time.Time) (api.Window, error) {
	w, err := a.s.desk.Extend(ctx, id, desk.Act{At: at, Who: who}, until)
	return windowValue(&w, at), inAPIWords(err)
}

func (a *apiAlerts) EndWindow(ctx context.Context, id, who string, at time.Time) (api.Window, error) {
	w, err := a.s.desk.End(ctx, id, desk.Act{At: at, Who: who})
	return windowValue(&w, at), inAPIWords(err)
}

// inAPIWords wraps what the client can do something about.
func inAPIWords(err error) error {
	switch {
	case errors.Is(err, desk.ErrRefused):
		return fmt.Errorf("%w: %w", api.ErrRefused, err)
	case errors.Is(err, desk.ErrConflict):
		return fmt.Errorf("%w: %w", api.ErrConflict, err)
	}
	return err
}
