package desk_test

import (
	"encoding/json"
	"testing"
	"time"

	"phusong/alerts/desk"
)

// A calendar says of the past what the desk said then, be the windows fresh or written and read again.
func TestCalendarTellsThePast(t *testing.T) {
	t.Parallel()
	m := newMemory()
	d, _ := open(t, m)
	school, market := desk.Subject{Site: "school"}, desk.Subject{Site: "market"}
	for _, w := range []struct {
		desk.Window
		at time.Time
	}{
		{desk.Window{ID: "once", Scope: desk.Scope{Site: "school"}, From: noon.Add(time.Hour), Until: noon.Add(2 * time.Hour)}, noon},
		{desk.Window{ID: "after the fact", Scope: desk.Scope{Site: "market"}, From: noon, Until: noon.Add(3 * time.Hour)}, noon.Add(time.Hour)},
		{desk.Window{
			ID: "weekly", Scope: desk.Scope{Site: "market"}, From: noon, Until: noon.AddDate(0, 1, 0),
			Weekly: []desk.Slot{{Day: noon.AddDate(0, 0, 1).Weekday(), FromMinute: 60, Minutes: 60}}, Zone: "UTC",
		}, noon},
	} {
		w.Owner, w.Reason = "lan", "thay cáp"
		if _, err := d.Announce(t.Context(), w.Window, act("lan", w.at)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.End(t.Context(), "once", act("lan", noon.Add(90*time.Minute))); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(d.Windows(time.Time{}))
	if err != nil {
		t.Fatal(err)
	}
	var windows []desk.Window
	if err := json.Unmarshal(text, &windows); err != nil {
		t.Fatal(err)
	}
	calendar, err := desk.NewCalendar(windows)
	if err != nil {
		t.Fatal(err)
	}
	night := time.Date(noon.Year(), noon.Month(), noon.Day()+1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		at      time.Time
		subject desk.Subject
		want    bool
	}{
		{noon.Add(59 * time.Minute), school, false}, {noon.Add(time.Hour), school, true}, {noon.Add(89 * time.Minute), school, true}, {noon.Add(90 * time.Minute), school, false},
		{noon.Add(59 * time.Minute), market, false}, {noon.Add(time.Hour), market, true}, {noon.Add(3 * time.Hour), market, false},
		{night.Add(59 * time.Minute), market, false}, {night.Add(time.Hour), market, true}, {night.Add(2 * time.Hour), market, false},
		{noon.Add(time.Hour), desk.Subject{Site: "hospital"}, false}, {noon.Add(time.Hour), desk.Subject{}, false},
	} {
		if got := calendar.Muted(tt.at, tt.subject); got != tt.want {
			t.Errorf("%+v at %s: %v, want %v", tt.subject, tt.at, got, tt.want)
		}
	}

	windows[0].Weekly, windows[0].Zone = []desk.Slot{{Minutes: 60}}, "Sao/Hỏa"
	if _, err := desk.NewCalendar(windows); err == nil {
		t.Error("a time zone that is none is taken")
	}
	if none, err := desk.NewCalendar(nil); err != nil || none.Muted(noon, school) {
		t.Errorf("no windows mute, %v", err)
	}
}
