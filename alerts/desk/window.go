package desk

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"phusong/telemetry"
)

// A Window is announced work: alerts of its subject go on being judged, and nobody is called. It
// ends by itself. Windows may overlap. Its methods return another Window.
type Window struct {
	ID    string `json:"id"`
	Scope Scope  `json:"scope"`
	// Owner answers for the work and Reason says what it is; both are needed.
	Owner  string `json:"owner"`
	Reason string `json:"reason"`
	// From and Until bound the window, From included. Of a recurring one they bound the
	// series.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Weekly are the hours of a recurring window in Zone; empty for once.
	Weekly []Slot `json:"weekly,omitempty"`
	Zone   string `json:"zone,omitempty"`
	// History says who announced, extended and ended it.
	History []Entry `json:"history,omitempty"`

	zone *time.Location
}

// A Scope names one device, one site or one area.
type Scope struct {
	Device telemetry.DeviceID `json:"device,omitempty"`
	Site   telemetry.SiteID   `json:"site,omitempty"`
	// Area is a commune or a province with all its communes.
	Area telemetry.AreaCode `json:"area,omitempty"`
}

// A Slot is a span of each week by local clocks; it may run past midnight.
type Slot struct {
	Day time.Weekday `json:"day"` // 0 is Sunday
	// FromMinute is the minute of the day, Minutes how long it lasts.
	FromMinute int `json:"from_minute"`
	Minutes    int `json:"minutes"`
}

// A Subject is what an alert is about, as far as it is known: a window of any of these
// covers it.
type Subject struct {
	Device telemetry.DeviceID
	Site   telemetry.SiteID
	// Area is a commune or a province, Province that of the commune.
	Area, Province telemetry.AreaCode
}

// The bounds of windows.
const (
	// MaxOnce is the longest that a window may last without a break.
	MaxOnce = 31 * 24 * time.Hour
	// MaxSeries is the longest that a recurring window may recur.
	MaxSeries   = 2 * 366 * 24 * time.Hour
	maxSlots    = 28
	maxChanges  = 100
	dayMinutes  = 24 * 60
	weekMinutes = 7 * dayMinutes
	// DefaultZone is that of the clocks when a window does not say.
	DefaultZone = "Asia/Ho_Chi_Minh"
)

// Announce returns the window as it is announced, checked. Its ID is the caller's, new and
// never used again.
func (w Window) Announce(act Act) (Window, error) {
	if err := act.check(); err != nil {
		return w, err
	}
	w.From, w.Until, w.Weekly = instant(w.From), instant(w.Until), slices.Clone(w.Weekly)
	if len(w.Weekly) > 0 && w.Zone == "" {
		w.Zone = DefaultZone
	}
	if err := w.check(); err != nil {
		return w, err
	}
	if !w.Until.After(act.At) {
		return w, w.over("")
	}
	w.History = []Entry{act.entry(Announced)}
	return w, nil
}

// check refuses what makes no sense, and finds the zone.
func (w *Window) check() error {
	if err := checkID(w.ID); err != nil {
		return err
	}
	if err := w.Scope.check(); err != nil {
		return err
	}
	if err := checkName(written{"owner", "owner", w.Owner}); err != nil {
		return err
	}
	if err := checkText(written{"reason", "reason", w.Reason}); err != nil {
		return err
	}
	length := w.Until.Sub(w.From)
	switch {
	case w.Reason == "":
		return refuse(RefusedMissing, params{"field": "reason"}, "reason: missing; say what is being done")
	case w.From.Year() < 2000 || w.Until.Year() > 2200:
		return refuse(RefusedTimes, nil, "from and until must be times of this century")
	case length <= 0:
		return refuse(RefusedOrder, nil, "until must be after from")
	case len(w.Weekly) == 0 && length > MaxOnce:
		return refuse(RefusedOnceLong, params{"days": days(MaxOnce)}, "a window lasts %s days at most; a device that is out of use for longer is to be retired in the registry", days(MaxOnce))
	case len(w.Weekly) > 0 && length > MaxSeries:
		return refuse(RefusedSeriesLong, params{"days": days(MaxSeries)}, "a window recurs for %s days at most", days(MaxSeries))
	case len(w.Weekly) > maxSlots:
		return refuse(RefusedSpans, params{"most": strconv.Itoa(maxSlots)}, "a week has %d spans at most", maxSlots)
	case len(w.Weekly) == 0 && w.Zone != "":
		return refuse(RefusedZoneOnce, nil, "zone: only recurring windows have one")
	}
	return w.checkWeekly()
}

func (w *Window) checkWeekly() error {
	if len(w.Weekly) == 0 {
		return nil
	}
	covered := 0
	for _, s := range w.Weekly {
		switch {
		case s.Day < time.Sunday || s.Day > time.Saturday:
			return refuse(RefusedWeekly, nil, "weekly: %d is no day of the week; 0 is Sunday and 6 is Saturday", s.Day)
		case s.FromMinute < 0 || s.FromMinute >= dayMinutes:
			return refuse(RefusedWeekly, nil, "weekly: a day has the minutes 0 to %d", dayMinutes-1)
		case s.Minutes < 1 || s.Minutes > dayMinutes:
			return refuse(RefusedWeekly, nil, "weekly: a span lasts 1 to %d minutes", dayMinutes)
		}
		covered += s.Minutes
	}
	if covered >= weekMinutes {
		return refuse(RefusedWholeWeek, nil, "weekly: the spans leave no time of the week; announce it for once, or retire the device")
	}
	return w.locate()
}

// locate finds the zone by its name, which is all that a window needs that was kept.
func (w *Window) locate() (err error) {
	if len(w.Weekly) == 0 {
		return nil
	}
	if w.zone, err = time.LoadLocation(w.Zone); err != nil {
		return refuse(RefusedZone, params{"zone": clip(w.Zone)}, "zone: %q is no time zone; name one such as %s", clip(w.Zone), DefaultZone)
	}
	return nil
}

// clock is the zone of a window that was announced or kept. One that was not has none yet,
// and is read in UTC.
func (w *Window) clock() *time.Location {
	if w.zone == nil {
		return time.UTC
	}
	return w.zone
}

func clip(s string) string { return fmt.Sprintf("%.40s", s) }

func (s *Scope) check() error {
	given := 0
	if s.Device != "" {
		given++
		if _, err := telemetry.ParseDeviceID(string(s.Device)); err != nil {
			return refuse(RefusedScope, nil, "scope: %v", err)
		}
	}
	if s.Site != "" {
		given++
		if _, err := telemetry.ParseSiteID(string(s.Site)); err != nil {
			return refuse(RefusedScope, nil, "scope: %v", err)
		}
	}
	if s.Area != "" {
		given++
		if _, err := telemetry.ParseAreaCode(string(s.Area)); err != nil {
			return refuse(RefusedScope, nil, "scope: %v", err)
		}
	}
	if given != 1 {
		return refuse(RefusedScope, nil, "scope: name one device, one site or one area")
	}
	return nil
}

// scopes are those of the windows that cover the subject.
func (s *Subject) scopes() [4]Scope {
	return [...]Scope{{Device: s.Device}, {Site: s.Site}, {Area: s.Area}, {Area: s.Province}}
}

// Extend moves the end, earlier or later, but not into the past: that is to [Window.End] it.
func (w Window) Extend(act Act, until time.Time) (Window, error) {
	if err := act.check(); err != nil {
		return w, err
	}
	if done(w.History, act.ID) {
		return w, nil
	}
	if !act.At.Before(w.Until) {
		return w, w.over("; announce another")
	}
	w.Until = instant(until)
	if err := w.check(); err != nil {
		return w, err
	}
	if !w.Until.After(act.At) {
		return w, refuse(RefusedPast, params{"until": w.Until.Format(time.RFC3339)}, "%s is past; end the window instead", w.Until.Format(time.RFC3339))
	}
	e := act.entry(Extended)
	e.Until = &w.Until
	return w.with(e)
}

// End ends the window now, before its time.
func (w Window) End(act Act) (Window, error) {
	if err := act.check(); err != nil {
		return w, err
	}
	if done(w.History, act.ID) {
		return w, nil
	}
	at := instant(act.At)
	if !at.Before(w.Until) {
		return w, w.over("")
	}
	if at.Before(w.From) {
		w.From = at // it never began
	}
	w.Until = at
	return w.with(act.entry(Ended))
}

// over refuses to change what has ended.
func (w *Window) over(advice string) error {
	until := w.Until.Format(time.RFC3339)
	return refuse(RefusedOver, params{"until": until}, "the window ended at %s already%s", until, advice)
}

func (w Window) with(e Entry) (Window, error) {
	if len(w.History) >= maxChanges {
		return w, refuse(RefusedChanges, params{"most": strconv.Itoa(maxChanges)}, "the window was changed %d times; announce another", maxChanges)
	}
	w.History = append(slices.Clip(w.History), e)
	return w, nil
}

// Open reports whether the window is open at that instant.
func (w *Window) Open(at time.Time) bool {
	if at.Before(w.From) || !at.Before(w.Until) {
		return false
	}
	if len(w.Weekly) == 0 {
		return true
	}
	zone := w.clock()
	for _, s := range w.Weekly {
		// The span that began on this local day, or on the day before.
		for back := range 2 {
			from, to := s.on(at.In(zone).AddDate(0, 0, -back), zone)
			if !at.Before(from) && at.Before(to) {
				return true
			}
		}
	}
	return false
}

// on returns the span that begins on the local day of at; an empty one when that is
// another day of the week.
func (s Slot) on(at time.Time, zone *time.Location) (from, to time.Time) {
	if at.Weekday() != s.Day {
		return time.Time{}, time.Time{}
	}
	year, month, day := at.Date()
	from = time.Date(year, month, day, 0, s.FromMinute, 0, 0, zone)
	return from, from.Add(time.Duration(s.Minutes) * time.Minute)
}

// Next returns when the window opens or closes next after that instant; the zero time
// when never again. Between two spans that touch nothing changes, and it may say that
// something does: look again then.
func (w *Window) Next(after time.Time) time.Time {
	var next time.Time
	consider := func(t time.Time) {
		if t.After(after) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if !after.Before(w.Until) {
		return time.Time{}
	}
	if len(w.Weekly) == 0 || after.Before(w.From) {
		consider(w.From)
	}
	consider(w.Until)
	if len(w.Weekly) == 0 {
		return next
	}
	start := after
	if start.Before(w.From) {
		start = w.From
	}
	zone := w.clock()
	for _, s := range w.Weekly {
		for ahead := -1; ahead <= 7; ahead++ {
			from, to := s.on(start.In(zone).AddDate(0, 0, ahead), zone)
			if from.IsZero() {
				continue
			}
			if from.After(w.From) && from.Before(w.Until) {
				consider(from)
			}
			if to.After(w.From) && to.Before(w.Until) {
				consider(to)
			}
		}
	}
	return next
}
