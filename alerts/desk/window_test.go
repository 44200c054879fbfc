package desk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phusong/alerts/desk"
	"phusong/telemetry"
)

var hcm = time.FixedZone("UTC+7", 7*3600)

func local(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, hcm) }

// announced is a window of a site, open for once or in some hours of each week.
func announced(t testing.TB, from, until time.Time, weekly ...desk.Slot) desk.Window {
	t.Helper()
	w, err := desk.Window{ID: "w", Scope: desk.Scope{Site: "s"}, Owner: "lan", Reason: "bảo trì", From: from, Until: until, Weekly: weekly}.Announce(act("lan", from.Add(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestRecurringWindow(t *testing.T) {
	t.Parallel()
	// Tuesdays 22:00 to 02:00, the first on 3 November, until the 18th at noon.
	w := announced(t, local(3, 0, 0), local(18, 12, 0), desk.Slot{Day: time.Tuesday, FromMinute: 22 * 60, Minutes: 4 * 60})
	for _, tt := range []struct {
		at   time.Time
		open bool
		next time.Time
	}{
		{local(2, 23, 0), false, local(3, 0, 0)},
		{local(3, 21, 59), false, local(3, 22, 0)},
		{local(3, 22, 0), true, local(4, 2, 0)},
		{local(4, 1, 59), true, local(4, 2, 0)},
		{local(4, 2, 0), false, local(10, 22, 0)},
		{local(10, 23, 0), true, local(11, 2, 0)},
		{local(17, 23, 0), true, local(18, 2, 0)},
		{local(18, 2, 0), false, local(18, 12, 0)}, // the series ends by itself
		{local(18, 12, 0), false, time.Time{}},
		{local(24, 23, 0), false, time.Time{}},
	} {
		if got := w.Open(tt.at); got != tt.open {
			t.Errorf("at %s it is open: %v, want %v", tt.at, got, tt.open)
		}
		if got := w.Next(tt.at); !got.Equal(tt.next) {
			t.Errorf("after %s it changes at %s, want %s", tt.at, got, tt.next)
		}
	}
}

// Between an instant and the next change, nothing changes: whoever sleeps until then misses
// nothing.
func TestNextMissesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var weekly []desk.Slot
		for range rapid.IntRange(0, 4).Draw(rt, "spans") {
			weekly = append(weekly, desk.Slot{
				Day:        time.Weekday(rapid.IntRange(0, 6).Draw(rt, "day")),
				FromMinute: rapid.IntRange(0, 95).Draw(rt, "from") * 15, Minutes: rapid.IntRange(1, 96).Draw(rt, "length") * 15,
			})
		}
		from := local(3, 0, 0).Add(time.Duration(rapid.IntRange(0, 2000).Draw(rt, "begin")) * 15 * time.Minute)
		until := from.Add(time.Duration(rapid.IntRange(1, 2500).Draw(rt, "for")) * 15 * time.Minute)
		w := announced(t, from, until, weekly...)
		at := from.Add(time.Duration(rapid.IntRange(-700, 3000).Draw(rt, "at")) * 15 * time.Minute)
		is, next := w.Open(at), w.Next(at)
		if !next.IsZero() && !next.After(at) {
			rt.Fatalf("the next change after %s is at %s", at, next)
		}
		end := next
		if next.IsZero() {
			end = until.Add(24 * time.Hour)
		}
		for step := at; step.Before(end); step = step.Add(15 * time.Minute) {
			if w.Open(step) != is {
				rt.Fatalf("from %s to %s nothing should change, and at %s it does", at, next, step)
			}
		}
		if is && next.IsZero() {
			rt.Fatalf("it is open at %s and never ends", at)
		}
		if w.Open(until) || w.Open(until.Add(time.Hour)) {
			rt.Fatal("it goes on after its end")
		}
	})
}

func TestScopes(t *testing.T) {
	t.Parallel()
	subject := desk.Subject{Device: "ap-1", Site: "school-1", Area: "25459", Province: "80"}
	for _, tt := range []struct {
		scope desk.Scope
		want  bool
	}{
		{desk.Scope{Device: "ap-1"}, true}, {desk.Scope{Device: "ap-2"}, false}, {desk.Scope{Site: "school-1"}, true}, {desk.Scope{Site: "school-2"}, false},
		{desk.Scope{Area: "25459"}, true}, {desk.Scope{Area: "80"}, true}, {desk.Scope{Area: "82"}, false},
	} {
		d, err := desk.New(desk.Options{Bucket: newMemory()})
		if err != nil {
			t.Fatal(err)
		}
		w := desk.Window{ID: "w", Scope: tt.scope, Owner: "lan", Reason: "x", From: noon, Until: noon.Add(time.Hour)}
		if _, err := d.Announce(t.Context(), w, act("lan", noon)); err != nil {
			t.Fatal(err)
		}
		if got := d.Muted(noon, subject); got != tt.want {
			t.Errorf("%+v mutes %+v: %v, want %v", tt.scope, subject, got, tt.want)
		}
		if d.Muted(noon, desk.Subject{}) {
			t.Errorf("%+v mutes what is nowhere", tt.scope)
		}
	}
}

func TestWindowsThatAreRefused(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*desk.Window){
		"the id: missing":               func(w *desk.Window) { w.ID = "" },
		"name one device":               func(w *desk.Window) { w.Scope = desk.Scope{} },
		"scope: name one":               func(w *desk.Window) { w.Scope.Area = "80" },
		"scope: site id":                func(w *desk.Window) { w.Scope.Site = "School 1" },
		"scope: area code":              func(w *desk.Window) { w.Scope = desk.Scope{Area: "8"} },
		"scope: device id":              func(w *desk.Window) { w.Scope = desk.Scope{Device: "#"} },
		"owner: missing":                func(w *desk.Window) { w.Owner = "" },
		"reason: missing":               func(w *desk.Window) { w.Reason = "" },
		"control character":             func(w *desk.Window) { w.Reason = "x\x00" },
		"until must be after from":      func(w *desk.Window) { w.Until = w.From },
		"lasts 31 days at most":         func(w *desk.Window) { w.Until = w.From.AddDate(0, 2, 0) },
		"the window ended":              func(w *desk.Window) { w.From, w.Until = w.From.AddDate(-1, 0, 0), w.Until.AddDate(-1, 0, 0) },
		"recurs for 732 days at most":   func(w *desk.Window) { w.Weekly, w.Until = []desk.Slot{{Day: 1, Minutes: 60}}, w.From.AddDate(5, 0, 0) },
		"7 is no day of the week":       func(w *desk.Window) { w.Weekly = []desk.Slot{{Day: 7, Minutes: 60}} },
		"a day has the minutes":         func(w *desk.Window) { w.Weekly = []desk.Slot{{FromMinute: 1440, Minutes: 60}} },
		"a span lasts 1 to 1440":        func(w *desk.Window) { w.Weekly = []desk.Slot{{Minutes: 0}} },
		"28 spans at most":              func(w *desk.Window) { w.Weekly = make([]desk.Slot, 29) },
		`"Mars/Base" is no time zone`:   func(w *desk.Window) { w.Weekly, w.Zone = []desk.Slot{{Minutes: 60}}, "Mars/Base" },
		"only recurring windows have":   func(w *desk.Window) { w.Zone = "UTC" },
		"must be times of this century": func(w *desk.Window) { w.From = time.Time{} },
		"leave no time of the week": func(w *desk.Window) {
			for day := range time.Weekday(7) {
				w.Weekly = append(w.Weekly, desk.Slot{Day: day, Minutes: 1440})
			}
		},
	} {
		w := desk.Window{ID: "w", Scope: desk.Scope{Site: "s"}, Owner: "lan", Reason: "x", From: noon, Until: noon.Add(time.Hour)}
		spoil(&w)
		if _, err := w.Announce(act("lan", noon)); !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	w := announced(t, noon, noon.Add(time.Hour))
	for want, change := range map[string]func() error{
		"announce another": func() error { _, err := w.Extend(act("lan", noon.Add(2*time.Hour)), noon.Add(3*time.Hour)); return err },
		"end the window instead": func() error {
			_, err := w.Extend(act("lan", noon.Add(30*time.Minute)), noon.Add(20*time.Minute))
			return err
		},
		"lasts 31 days at most":     func() error { _, err := w.Extend(act("lan", noon), noon.AddDate(0, 3, 0)); return err },
		"ended at 2026-11-03T06:00": func() error { _, err := w.End(act("lan", noon.Add(2*time.Hour))); return err },
		"who: missing":              func() error { _, err := w.End(act("", noon)); return err },
	} {
		if err := change(); !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// A window that is ended before it begins never mutes, and can still be read afterwards.
func TestWindowEndedBeforeItBegins(t *testing.T) {
	t.Parallel()
	m := newMemory()
	d, _ := open(t, m)
	w := desk.Window{ID: "w", Scope: desk.Scope{Site: "s"}, Owner: "lan", Reason: "x", From: noon.Add(time.Hour), Until: noon.Add(2 * time.Hour)}
	if _, err := d.Announce(t.Context(), w, act("lan", noon)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.End(t.Context(), "w", act("lan", noon.Add(time.Minute))); err != nil {
		t.Fatal(err)
	}
	again, _ := open(t, m)
	for _, at := range []time.Time{noon, noon.Add(time.Minute), noon.Add(90 * time.Minute)} {
		if again.Muted(at, desk.Subject{Site: "s"}) {
			t.Errorf("at %s it mutes", at)
		}
	}
	if got := again.Windows(time.Time{}); len(got) != 1 || len(got[0].History) != 2 {
		t.Errorf("windows %+v", got)
	}
}

func FuzzWindow(f *testing.F) {
	f.Add("w", "site-1", "lan", "reason", "Asia/Ho_Chi_Minh", int64(0), int64(3600), 2, 60, 120)
	f.Fuzz(func(t *testing.T, id, site, owner, reason, zone string, from, length int64, day, minute, minutes int) {
		w := desk.Window{
			ID: id, Scope: desk.Scope{Site: telemetry.SiteID(site)}, Owner: owner, Reason: reason, Zone: zone,
			From: noon.Add(time.Duration(from%1e9) * time.Second), Until: noon.Add(time.Duration(from%1e9+length%1e9) * time.Second),
			Weekly: []desk.Slot{{Day: time.Weekday(day), FromMinute: minute, Minutes: minutes}},
		}
		got, err := w.Announce(act("lan", noon))
		if err != nil {
			if !errors.Is(err, desk.ErrRefused) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if got.Open(got.Until) || got.Open(got.From.Add(-time.Millisecond)) {
			t.Error("it is open beyond its bounds")
		}
		if next := got.Next(got.From); !next.After(got.From) || next.After(got.Until) {
			t.Errorf("the next change is at %s", next)
		}
	})
}
