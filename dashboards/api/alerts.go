package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// ranks put the worst first.
var ranks = map[string]int{"critical": 0, "warning": 1, "info": 2}

// alertKey orders the worst first, and of these the newest.
func alertKey(a *Alert) string {
	rank, ok := ranks[a.Severity]
	if !ok {
		rank = 3
	}
	return fmt.Sprintf("%d-%015d-%s", rank, max(0, int64(1e15)-1-a.Fired.UnixMilli()), a.ID)
}

func incidentKey(i *Incident) string {
	over := 0
	if !i.Until.IsZero() {
		over = 1
	}
	return fmt.Sprintf("%d-%015d-%s", over, max(0, int64(1e15)-1-i.Since.UnixMilli()), i.ID)
}

// findAlert returns an alert that who asks may see.
func (s *server) findAlert(ctx context.Context, id string) (Alert, error) {
	for _, a := range s.Alerts.Firing() {
		if a.ID == id {
			if !s.covers(ctx, a.Area) {
				return a, outside("alert", id)
			}
			return a, nil
		}
	}
	done, err := s.alone(ctx)
	if err != nil {
		return Alert{}, err
	}
	defer done()
	a, err := s.Alerts.Find(ctx, id)
	if err == nil && !s.covers(ctx, a.Area) {
		err = outside("alert", id)
	}
	return a, err
}

// alone holds the turn for what walks a whole log.
func (s *server) alone(ctx context.Context) (done func(), err error) {
	select {
	case s.scan <- struct{}{}:
		return func() { <-s.scan }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ByID asks for one thing.
type ByID struct {
	ID string `path:"id" maxLength:"100"`
}

type alertAct struct {
	ByID
	Action string `path:"action" enum:"acknowledge,release,assign,comment"`
	Body   struct {
		ID    string    `json:"id,omitempty" maxLength:"64" doc:"the same again changes nothing"`
		Text  string    `json:"text,omitempty" maxLength:"2000"`
		Until time.Time `json:"until,omitzero" doc:"of an acknowledgement; it is needed"`
		To    string    `json:"to,omitempty" maxLength:"64" doc:"of an assignment; empty: nobody"`
	}
}

func (s *server) registerAlerts() {
	const tag = "alerts"
	handle(s, http.MethodGet, "/alerts", "list-alerts", tag, "Alerts that fire, worst first", access.Read, func(ctx context.Context, in *struct {
		Paging
		AreaFilter
		Severity     string             `query:"severity" maxLength:"20"`
		Name         string             `query:"name" maxLength:"100"`
		Site         telemetry.SiteID   `query:"site" maxLength:"64"`
		Device       telemetry.DeviceID `query:"device" maxLength:"64"`
		Told         string             `query:"told" enum:"true,false,"`
		Acknowledged string             `query:"acknowledged" enum:"true,false,"`
	}) (*answer[Page[Alert]], error) {
		var list []Alert
		i := access.From(ctx)
		for _, a := range s.Alerts.Firing() {
			if s.sees(&i, a.Area) && s.within(a.Area, in.Area) && (in.Severity == "" || a.Severity == in.Severity) && (in.Name == "" || a.Name == in.Name) &&
				(in.Site == "" || a.Site == in.Site) && (in.Device == "" || a.Device == in.Device) &&
				(in.Told == "" || a.Told == (in.Told == "true")) && (in.Acknowledged == "" || a.Acknowledged == (in.Acknowledged == "true")) {
				list = append(list, a)
			}
		}
		return said(pageOf(in.Paging, list, alertKey)), nil
	})
	handle(s, http.MethodGet, "/alerts/{id}", "get-alert", tag, "One alert, firing or over", access.Read, func(ctx context.Context, in *ByID) (*answer[Alert], error) {
		a, err := s.findAlert(ctx, in.ID)
		return said(a), err
	})
	handle(s, http.MethodGet, "/alerts/{id}/history", "get-alert-history", tag, "All that happened to an alert", access.Read, func(ctx context.Context, in *ByID) (*answer[[]Step], error) {
		if _, err := s.findAlert(ctx, in.ID); err != nil {
			return nil, err
		}
		done, err := s.alone(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		steps, err := s.Alerts.History(ctx, in.ID)
		return said(append([]Step{}, steps...)), err
	})
	handle(s, http.MethodPost, "/alerts/{id}/{action}", "act-on-alert", tag, "Acknowledge, release, assign or comment", access.WorkAlerts, s.actOnAlert)
	handle(s, http.MethodGet, "/incidents", "list-incidents", tag, "Incidents, open ones first", access.Read, func(ctx context.Context, in *struct {
		Paging
		AreaFilter
	}) (*answer[Page[Incident]], error) {
		var list []Incident
		for _, i := range s.Alerts.Incidents() {
			if s.covers(ctx, i.Area) && s.within(i.Area, in.Area) {
				list = append(list, i)
			}
		}
		return said(pageOf(in.Paging, list, incidentKey)), nil
	})
}

func (s *server) actOnAlert(ctx context.Context, in *alertAct) (*answer[Handling], error) {
	a, err := s.findAlert(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Action == "acknowledge" && in.Body.Until.IsZero() {
		return nil, refusal(http.StatusUnprocessableEntity, codeUntil, "until is needed: an acknowledgement ends by itself")
	}
	if in.Action == "comment" && in.Body.Text == "" {
		return nil, refusal(http.StatusUnprocessableEntity, codeTextMissing, "text is needed", "field", "text")
	}
	h, err := s.Alerts.Act(ctx, in.ID, AlertAct{
		Action: in.Action, ID: in.Body.ID, At: s.Now(), Until: in.Body.Until, Who: who(ctx), Text: in.Body.Text, To: in.Body.To,
	})
	if err != nil {
		return nil, err
	}
	s.Events.Publish("handling", a.Area, HandlingEvent{in.ID, in.Action, who(ctx), h})
	return said(h), nil
}

// placeOf returns the area of what a window is about.
func (s *server) placeOf(w *Window) (telemetry.AreaCode, bool) {
	if w.Area != "" {
		_, ok := s.Places.Area(w.Area)
		return w.Area, ok
	}
	return s.Places.AreaOf(w.Device, w.Site)
}

// windows returns those that one may see and that are over, or are not.
func (s *server) windows(ctx context.Context, over bool) []Window {
	var list []Window
	i := access.From(ctx)
	now := s.Now()
	at := now
	if over {
		at = time.Time{} // all that are kept
	}
	for _, w := range s.Alerts.Windows(at) {
		if over == w.Until.After(now) {
			continue
		}
		if area, ok := s.placeOf(&w); ok && s.sees(&i, area) || i.Everywhere() {
			list = append(list, w)
		}
	}
	return list
}

func (s *server) findWindow(ctx context.Context, id string) error {
	for _, w := range s.windows(ctx, false) {
		if w.ID == id {
			return nil
		}
	}
	return outside("window", id)
}

func windowKey(w *Window) string { return w.From.UTC().Format(time.RFC3339) + w.ID }

// pastWindowKey puts what ended last first.
func pastWindowKey(w *Window) string {
	return fmt.Sprintf("%015d-%s", max(0, int64(1e15)-1-w.Until.UnixMilli()), w.ID)
}

func (s *server) registerWindows() {
	const tag = "maintenance"
	handle(s, http.MethodGet, "/maintenance", "list-windows", tag, "Announced work", access.Read, func(ctx context.Context, in *struct {
		Paging
		Over string `query:"over" enum:"true,false," doc:"true: work that is over, the latest first; else what is not over, the earliest first"`
	}) (*answer[Page[Window]], error) {
		key := windowKey
		if in.Over == "true" {
			key = pastWindowKey
		}
		return said(pageOf(in.Paging, s.windows(ctx, in.Over == "true"), key)), nil
	})
	handle(s, http.MethodPost, "/maintenance", "announce-window", tag, "Announce work", access.Maintenance, func(ctx context.Context, in *answer[Window]) (*answer[Window], error) {
		w := in.Body
		area, ok := s.placeOf(&w)
		if !ok {
			return nil, refusal(http.StatusUnprocessableEntity, codeWindowPlace, "name one device, site or area of the registry")
		}
		if !s.covers(ctx, area) {
			return nil, otherAreas()
		}
		w, err := s.Alerts.Announce(ctx, w, who(ctx), s.Now())
		if err == nil {
			s.Events.Publish("maintenance", area, w)
		}
		return said(w), err
	})
	handle(s, http.MethodPost, "/maintenance/{id}/{action}", "change-window", tag, "Extend a window, or end it", access.Maintenance, func(ctx context.Context, in *struct {
		ByID
		Action string `path:"action" enum:"extend,end"`
		Body   struct {
			Until time.Time `json:"until,omitzero"`
		}
	}) (*answer[Window], error) {
		if err := s.findWindow(ctx, in.ID); err != nil {
			return nil, err
		}
		var w Window
		var err error
		if in.Action == "extend" {
			w, err = s.Alerts.Extend(ctx, in.ID, who(ctx), s.Now(), in.Body.Until)
		} else {
			w, err = s.Alerts.EndWindow(ctx, in.ID, who(ctx), s.Now())
		}
		if err == nil {
			area, _ := s.placeOf(&w)
			s.Events.Publish("maintenance", area, w)
		}
		return said(w), err
	})
}
