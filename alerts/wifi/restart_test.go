package wifi_test

import (
	"testing"
	"time"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

// Who begins to count in the middle of a month knows who was there, and counts nothing of before.
func TestRestart(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	sketch := sketchOf(t, "2026-09", 14, users(0, 500)...).String()
	say := func(at time.Time) {
		b.Observe(at, reading("ap-3", at, func(w *telemetry.WiFi) {
			w.Clients, w.UsersSketch = telemetry.Some(int64(10)), telemetry.Some(sketch)
		}))
	}
	say(noon)
	say(noon.Add(time.Minute))
	b.SetState(noon.Add(2*time.Minute), "ap-3", wifi.Silent, time.Time{})
	run(b, noon, noon.Add(10*time.Minute))
	month := wifi.MonthOf(noon)
	b.Restart(noon.Add(10 * time.Minute))
	if got := b.Usage(month); len(got) != 0 {
		t.Errorf("users of before: %v", got)
	}
	if got := verdictOf(t, b, "hospital"); got != "no service: silent" {
		t.Errorf("the hospital is %s", got)
	}
	run(b, noon.Add(10*time.Minute), noon.Add(15*time.Minute))
	b.SetState(noon.Add(15*time.Minute), "ap-3", wifi.Up, time.Time{})
	say(noon.Add(15 * time.Minute))
	run(b, noon.Add(15*time.Minute), noon.Add(20*time.Minute))
	times, levels, _ := b.SiteMonth("hospital", month)
	if want := (wifi.Times{NoService: 5 * time.Minute, Working: 5 * time.Minute}); times != want {
		t.Errorf("times %+v, want %+v", times, want)
	}
	if levels[0].Users != 0 {
		t.Errorf("%v user minutes of before", levels[0].Users)
	}
	if got := b.Usage(month); len(got) == 0 || got[0].Users < 480 || got[0].Users > 520 {
		t.Errorf("the same sketch does not count again: %v", got)
	}
}

// Whoever listens can add up for how long each reason held.
func TestJudged(t *testing.T) {
	t.Parallel()
	var told []string
	b := inTown(t, wifi.Options{Judged: func(site telemetry.SiteID, v wifi.Verdict, r wifi.Reason, from time.Time) {
		told = append(told, string(site)+" "+v.String()+" "+r.String()+" "+from.In(hanoi).Format("15:04"))
	}}, noon)
	told = nil
	b.SetState(noon.Add(5*time.Minute), "ap-3", wifi.Silent, noon.Add(2*time.Minute))
	b.SetState(noon.Add(6*time.Minute), "ap-3", wifi.Offline, time.Time{})
	b.SetState(noon.Add(6*time.Minute), "ap-3", wifi.Offline, time.Time{})
	want := []string{"hospital no service silent 12:02", "hospital no service offline 12:06"}
	if len(told) != 2 || told[0] != want[0] || told[1] != want[1] {
		t.Errorf("told %q, want %q", told, want)
	}
}
