package simulator_test

import (
	"math"
	"testing"
	"time"

	"github.com/axiomhq/hyperloglog"

	"phusong/simulator"
	"phusong/telemetry"
)

// The sketches that access points send, united by month, count the users that there
// really were.
func TestUsers(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 9, 29, 17, 0, 0, 0, time.UTC) // midnight; the month ends a day later
	w, err := simulator.New(simulator.Options{Seed: 3, Start: start, AccessPoints: 60, Users: true, Calm: true, WiFiInterval: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	union, salts, sent := make(map[string]*hyperloglog.Sketch), make(map[string]string), 0
	hours := make(map[telemetry.DeviceID]map[int64]bool)
	end := start.Add(36 * time.Hour)
	for e := range w.Events(end) {
		for i := range e.Readings {
			r := &e.Readings[i]
			if r.Kind != telemetry.KindWiFi || !r.WiFi.UsersSketch.Present() {
				continue
			}
			if err := r.Validate(); err != nil {
				t.Fatal(err)
			}
			sketch, err := telemetry.ParseUsersSketch(r.WiFi.UsersSketch.Or(""))
			if err != nil {
				t.Fatal(err)
			}
			one := new(hyperloglog.Sketch)
			if err := one.UnmarshalBinary(sketch.Sketch); err != nil {
				t.Fatal(err)
			}
			if union[sketch.Month] == nil {
				union[sketch.Month], salts[sketch.Month] = new(hyperloglog.Sketch), sketch.Salt
			}
			if err := union[sketch.Month].Merge(one); err != nil {
				t.Fatal(err)
			}
			if sketch.Salt != salts[sketch.Month] {
				t.Fatalf("%s has the salts %s and %s", sketch.Month, sketch.Salt, salts[sketch.Month])
			}
			if hours[r.Device] == nil {
				hours[r.Device] = make(map[int64]bool)
			}
			hours[r.Device][e.At.Unix()/3600] = true
			sent++
		}
	}
	if len(union) != 2 || salts["2026-09"] == salts["2026-10"] {
		t.Fatalf("%d months with the salts %v, want two of their own", len(union), salts)
	}
	if least := 60 * 35; sent < least || sent > 60*38 || len(hours) != 60 {
		t.Errorf("%d sketches by %d access points, want one an hour", sent, len(hours))
	}
	for month, at := range map[string]time.Time{"2026-09": start.Add(24*time.Hour - time.Minute), "2026-10": end.Add(-time.Minute)} {
		truth, estimate := float64(w.Users("", at)), float64(union[month].Estimate())
		t.Logf("%s: %v users, estimated as %v", month, truth, estimate)
		if truth < 300 || math.Abs(estimate/truth-1) > 4*1.04/128 {
			t.Errorf("%s: %v users, estimated as %v", month, truth, estimate)
		}
	}
	sum := 0
	for _, area := range w.Areas()[1:] {
		sum += w.Users(area.Code, end.Add(-time.Minute))
	}
	if all := w.Users("80", end.Add(-time.Minute)); all != w.Users("", end.Add(-time.Minute)) || sum != all {
		t.Errorf("%d users in the province and %d in its communes; in this world nobody leaves the commune", all, sum)
	}
	again, err := simulator.New(simulator.Options{Seed: 3, Start: start, AccessPoints: 60, Users: true, Calm: true, WiFiInterval: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if one, two := lastSketch(w, start.Add(12*time.Hour)), lastSketch(again, start.Add(12*time.Hour)); one == "" || one != two {
		t.Errorf("two equal worlds sent the sketches\n%s\n%s", one, two)
	}
	quiet, err := simulator.New(simulator.Options{Seed: 3, Start: start, AccessPoints: 5, Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	for e := range quiet.Events(start.Add(2 * time.Hour)) {
		for i := range e.Readings {
			if r := &e.Readings[i]; r.Kind == telemetry.KindWiFi && r.WiFi.UsersSketch.Present() {
				t.Fatal("there is a sketch in a world that counts nobody")
			}
		}
	}
}

// lastSketch is the last that anybody sends.
func lastSketch(w *simulator.World, until time.Time) string {
	last := ""
	for e := range w.Events(until) {
		for i := range e.Readings {
			if r := &e.Readings[i]; r.Kind == telemetry.KindWiFi {
				last = r.WiFi.UsersSketch.Or(last)
			}
		}
	}
	return last
}
