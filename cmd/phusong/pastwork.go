package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"phusong/alerts"
	"phusong/alerts/desk"
	"phusong/internal/registry"
)

// pastWork is the work that was announced, as the engine asks for it when it is shown the past
// again. What people had in hand then is not told: it changes nothing of what was.
type pastWork struct {
	windows  []desk.Window
	calendar *desk.Calendar
	register *registry.Registry
}

var _ alerts.Desk = (*pastWork)(nil)

// Maintenance reports whether work was announced.
func (w *pastWork) Maintenance(at time.Time, p alerts.Place) bool {
	return w.calendar.Muted(at, deskSubject(w.register, p))
}

// Acknowledged says that nobody had anything in hand.
func (*pastWork) Acknowledged(time.Time, string) bool { return false }

// in counts the windows that have a part in the time, at places of the inquiry.
func (w *pastWork) in(q *inquiry, from, to time.Time) (n int) {
	for i := range w.windows {
		window := &w.windows[i]
		if window.From.Before(to) && window.Until.After(from) && w.touches(q, window.Scope) {
			n++
		}
	}
	return n
}

func (w *pastWork) touches(q *inquiry, s desk.Scope) bool {
	area := s.Area
	if device, ok := w.register.Device(s.Device); ok {
		area = device.Area
	}
	if site, ok := w.register.Site(s.Site); ok {
		area = site.Area
	}
	return q.inArea(area) || area != "" && area == q.area.Parent
}

// askPastWork returns the work that the desk keeps, of the running service or, when none runs, of
// its data folder. Where there is neither, or neither answers, nobody knows: it returns nil, and
// in the second case says why.
func askPastWork(p *process, c *Config, register *registry.Registry) *pastWork {
	windows, err := announcedWork(p.ctx, c)
	work := &pastWork{windows: windows, register: register}
	if err == nil {
		work.calendar, err = desk.NewCalendar(windows)
	}
	if err != nil {
		if !errors.Is(err, errNoData) {
			fmt.Fprintf(p.stderr, "phusong: announced work is not known, so nothing is left out for it: %v\n", err)
		}
		return nil
	}
	return work
}

func announcedWork(ctx context.Context, c *Config) (windows []desk.Window, err error) {
	err = callJSON(ctx, c, http.MethodGet, "/maintenance?over=true", nil, &windows)
	if !errors.Is(err, errNotRunning) {
		return windows, err
	}
	err = offline(ctx, c, func(ctx context.Context, s *resting) error {
		d, err := openDesk(ctx, s.server, nil, slog.New(slog.DiscardHandler))
		if err == nil {
			windows = d.Windows(time.Time{})
		}
		return err
	})
	return windows, err
}
