package alerts_test

import (
	"sync"
	"testing"
	"time"

	"phusong/alerts"
	"phusong/telemetry"
)

// What a device's readings and its will say about its being there.
func TestPresence(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	speaks := func(after time.Duration, flags telemetry.Flags) func(*actor) telemetry.Reading {
		return func(a *actor) telemetry.Reading {
			r := a.reading(noonThere.Add(after))
			r.Flags = flags
			return r
		}
	}
	says := func(state string, session int64, flags telemetry.Flags) func(*actor) telemetry.Reading {
		return func(a *actor) telemetry.Reading {
			r := a.status(noonThere, state)
			r.Status.Session, r.Flags = telemetry.Some(session), flags
			return r
		}
	}
	type step struct {
		after time.Duration // since the beginning: when it arrives
		what  func(*actor) telemetry.Reading
	}
	online, offline := telemetry.StateOnline, telemetry.StateOffline
	tests := []struct {
		name  string
		steps []step
		at    time.Duration
		want  alerts.State
	}{
		{"never seen", nil, minute, alerts.Unknown},
		{"just seen", []step{{0, speaks(0, 0)}}, time.Second, alerts.Up},
		{"one message lost", []step{{0, speaks(0, 0)}}, 2 * minute, alerts.Late},
		{"silent", []step{{0, speaks(0, 0)}}, 3*minute + time.Second, alerts.Silent},
		{"a backlog is no sign of life", []step{{0, speaks(0, 0)}, {4 * minute, speaks(minute, telemetry.FlagLate)}}, 5 * minute, alerts.Silent},
		{"the will", []step{{0, says(online, 7, 0)}, {time.Second, says(offline, 7, 0)}}, 2 * time.Second, alerts.Offline},
		{"back in a new session", []step{{0, says(offline, 7, 0)}, {time.Second, says(online, 8, 0)}}, 2 * time.Second, alerts.Up},
		{"the late will of an old session", []step{{0, says(online, 8, 0)}, {time.Second, says(offline, 7, 0)}}, 2 * time.Second, alerts.Up},
		{"a reading after the will", []step{{0, says(offline, 7, 0)}, {2 * time.Second, speaks(2*time.Second, 0)}}, 3 * time.Second, alerts.Up},
		{"a reading from before the will", []step{{0, says(offline, 7, 0)}, {2 * time.Second, speaks(-time.Second, 0)}}, 3 * time.Second, alerts.Offline},
		{"a broker's memory is no sign of life", []step{{0, speaks(0, 0)}, {4 * minute, says(online, 1, telemetry.FlagRetained)}}, 5 * minute, alerts.Silent},
		{"a will after silence is the same outage", []step{{0, speaks(0, 0)}, {4 * minute, says(offline, 1, 0)}}, 5 * minute, alerts.Silent},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inv := alerts.Inventory{Devices: []telemetry.Device{{ID: "ap", Kind: telemetry.KindWiFi, Area: "25459", At: telemetry.Point{Lat: 11, Lon: 106}, Interval: minute}}}
			s := newStage(t, inv, alerts.Options{})
			s.enter()
			for after := time.Duration(0); after <= test.at; after += time.Second {
				s.at = noonThere.Add(after)
				var readings []telemetry.Reading
				for _, step := range test.steps {
					if step.after == after {
						readings = append(readings, step.what(s.devices[0]))
					}
				}
				s.enter(readings...)
			}
			if got := s.state("ap"); got != test.want {
				t.Errorf("state is %s, want %s", got, test.want)
			}
		})
	}
}

// The interval of the registry wins over that of the birth, and both over the default.
func TestIntervalOfTheBirth(t *testing.T) {
	t.Parallel()
	for registered, want := range map[time.Duration]alerts.State{0: alerts.Up, time.Minute: alerts.Silent} {
		inv := alerts.Inventory{Devices: []telemetry.Device{{ID: "env", Kind: telemetry.KindEnvironment, Area: "25459", At: telemetry.Point{Lat: 11, Lon: 106}, Interval: registered}}}
		s := newStage(t, inv, alerts.Options{})
		birth := s.devices[0].status(s.at, telemetry.StateBirth)
		birth.Status.IntervalS = telemetry.Some(3600.0)
		s.enter(birth)
		for end := s.at.Add(80 * time.Minute); s.at.Before(end); {
			s.at = s.at.Add(time.Second)
			s.enter()
		}
		if got := s.state("env"); got != want {
			t.Errorf("registered with %s, after 80 minutes it is %s, want %s", registered, got, want)
		}
	}
}

// Devices that nobody registered are followed, bounded, and call nobody.
func TestUnregisteredDevices(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 2, 1), alerts.Options{MaxUnregistered: 1})
	for _, id := range []telemetry.DeviceID{"stranger-1", "stranger-2"} {
		a := &actor{Device: telemetry.Device{ID: id, Kind: telemetry.KindWiFi, Area: "25450", Interval: time.Minute}}
		s.enter(a.reading(s.at))
	}
	s.play(30 * time.Minute)
	if d, ok := s.engine.Device("stranger-1"); !ok || d.Registered || d.State != alerts.Silent {
		t.Errorf("%+v, %v", d, ok)
	}
	if _, ok := s.engine.Device("stranger-2"); ok || s.engine.Counts().Unplaced != 1 {
		t.Errorf("more strangers than the bound: %+v", s.engine.Counts())
	}
	s.expect()
}

// Parents in a circle, which the registry refuses, hang nothing here.
func TestParentsInACircle(t *testing.T) {
	t.Parallel()
	inv := town(1, 4, 3)
	inv.Devices[0].Parent = inv.Devices[2].ID // which hangs on it
	s := newStage(t, inv, alerts.Options{})
	s.play(10 * time.Minute)
	s.cut(true, at("ap-0-0-"))
	s.play(5 * time.Minute)
	if open, _ := s.engine.Incidents(); len(open) != 1 || open[0].Down != 3 {
		t.Errorf("%+v", open)
	}
}

// Whoever asks while the watcher works gets a consistent answer; the race detector watches.
func TestQueriesBesideTheWatcher(t *testing.T) {
	t.Parallel()
	o := books(t)
	s := newStage(t, town(2, 3, 3), o)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				n := 0
				s.engine.Devices(func(alerts.DeviceState) bool { n++; return true })
				s.engine.Sites()
				s.engine.Alerts()
				for _, a := range s.engine.Active() {
					if a.Labels["alertname"] == "" || a.Labels["incident"] == "" {
						t.Errorf("told without its labels: %+v", a)
					}
				}
				s.engine.Incidents()
				if c := s.engine.Counts(); n != 24 && c.Readings > 0 {
					t.Errorf("%d devices", n)
				}
			}
		})
	}
	s.play(5 * time.Minute)
	s.cut(true, at("site-0-1"))
	s.play(5 * time.Minute)
	s.back(all)
	s.play(5 * time.Minute)
	close(done)
	readers.Wait()
}
