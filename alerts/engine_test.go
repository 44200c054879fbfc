package alerts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts"
	"phusong/alerts/rules"
	"phusong/telemetry"
)

func (s *stage) expect(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.told()); diff != "" {
		s.t.Errorf("what people were told at %s (-want +got):\n%s", s.at.Format(time.TimeOnly), diff)
	}
}

// expectInAnyOrder is for what happens in one instant.
func (s *stage) expectInAnyOrder(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(s.told()))); diff != "" {
		s.t.Errorf("what people were told at %s (-want +got):\n%s", s.at.Format(time.TimeOnly), diff)
	}
}

func TestAcceptance03OneAlertAfterItsOwnInterval(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 4, 3), alerts.Options{})
	s.play(10 * time.Minute)
	s.actor("ap-0-1-1").gone = true
	d, _ := s.engine.Device("ap-0-1-1")
	s.play(d.LastSeen.Add(3 * time.Minute).Sub(s.at))
	if got := s.state("ap-0-1-1"); got.Down() {
		t.Fatalf("%s before three intervals", got)
	}
	s.expect()
	s.play(time.Minute + 3*time.Minute)
	s.expect("+DeviceDown ap-0-1-1")
	s.back(only("ap-0-1-1"))
	s.play(time.Minute)
	s.expect("+DeviceDown ap-0-1-1", "-DeviceDown ap-0-1-1")
	open, over := s.engine.Incidents()
	if len(open) != 0 || len(over) != 1 || over[0].Cause != alerts.CauseDevice || over[0].Device != "ap-0-1-1" {
		t.Errorf("incidents: open %+v, over %+v", open, over)
	}
}

// The reading that comes in the very instant of the timer comes first; one that comes just
// after it ends the silence.
func TestAcceptance03ReturnAtTheInstantOfTheTimer(t *testing.T) {
	t.Parallel()
	inv := alerts.Inventory{Devices: []telemetry.Device{{ID: "ap", Kind: telemetry.KindWiFi, Area: "25459", At: telemetry.Point{Lat: 11, Lon: 106}, Interval: time.Minute}}}
	for _, after := range []time.Duration{-time.Millisecond, 0, time.Millisecond, 127 * time.Millisecond, 128 * time.Millisecond, 129 * time.Millisecond, time.Second} {
		s := newStage(t, inv, alerts.Options{})
		s.enter(s.devices[0].reading(s.at))
		begin := s.at
		for s.at.Before(begin.Add(3*time.Minute - time.Second)) {
			s.at = s.at.Add(time.Second)
			s.enter()
		}
		s.at = begin.Add(3*time.Minute + after)
		s.enter(s.devices[0].reading(s.at))
		if got := s.state("ap"); got != alerts.Up {
			t.Errorf("back %s after the timer: %s", after, got)
		}
		if firing := s.engine.Alerts(); len(firing) != 0 {
			t.Errorf("back %s after the timer: %v still fires", after, firing)
		}
		if after <= 0 {
			s.expect()
		}
	}
}

func TestAcceptance04UplinkCutAndThreeStayDead(t *testing.T) {
	t.Parallel()
	for _, wills := range []bool{true, false} {
		s := newStage(t, town(1, 5, 40), alerts.Options{})
		s.play(10 * time.Minute)
		s.cut(wills, at("site-0-2"))
		s.play(20 * time.Minute)
		s.expect("+SiteDown site-0-2")
		summary := s.engine.Active()[0].Annotations["summary_vi"]
		if !strings.HasPrefix(summary, "Trạm site-0-2 · Phường 0 41: ap-0-2-0, ap-0-2-1, ") || !strings.HasSuffix(summary, "và 21 nữa") {
			t.Errorf("the message is %q", summary)
		}
		dead := func(a *actor) bool { return a.ID == "ap-0-2-7" || a.ID == "ap-0-2-8" || a.ID == "ap-0-2-9" }
		s.back(func(a *actor) bool { return !dead(a) })
		s.play(90 * time.Second)
		s.expect("+SiteDown site-0-2", "-SiteDown site-0-2")
		s.play(10 * time.Minute)
		s.expect("+SiteDown site-0-2", "-SiteDown site-0-2", "+DeviceDown ap-0-2-7", "+DeviceDown ap-0-2-8", "+DeviceDown ap-0-2-9")
		if n := len(s.messages()); n != 2 {
			t.Errorf("%d messages, want one for the cut and one for the three", n)
		}
		open, _ := s.engine.Incidents()
		if len(open) != 1 || open[0].Follows != s.messages()[0] || open[0].Down != 3 {
			t.Errorf("what is left: %+v", open)
		}
		s.back(all)
		s.play(5 * time.Minute)
		if firing := s.engine.Alerts(); len(firing) != 0 {
			t.Errorf("orphans: %v", firing)
		}
		if open, _ := s.engine.Incidents(); len(open) != 0 {
			t.Errorf("incidents that nothing is left of: %+v", open)
		}
	}
}

func TestAcceptance05OwnPipeline(t *testing.T) {
	t.Parallel()
	t.Run("nothing arrives", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, town(4, 5, 4), alerts.Options{})
		s.play(10 * time.Minute)
		s.deaf = true
		s.play(30 * time.Minute)
		s.expect("+FleetDown phusong")
		s.deaf = false
		s.play(15 * time.Minute)
		s.expect("+FleetDown phusong", "-FleetDown phusong")
		if open, _ := s.engine.Incidents(); len(open) != 0 {
			t.Errorf("left: %+v", open)
		}
	})
	t.Run("nothing arrives of devices that speak each second, in one area", func(t *testing.T) {
		t.Parallel()
		inv := town(1, 4, 3)
		for i := range inv.Devices {
			inv.Devices[i].Interval = time.Second
		}
		s := newStage(t, inv, alerts.Options{})
		s.play(10 * time.Minute)
		s.deaf = true
		s.play(5 * time.Minute)
		s.expect("+FleetDown phusong")
		s.deaf = false
		s.play(15 * time.Minute)
		s.expect("+FleetDown phusong", "-FleetDown phusong")
	})
	t.Run("all wills at once", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, town(4, 5, 4), alerts.Options{})
		s.play(10 * time.Minute)
		s.cut(true, all)
		s.play(10 * time.Minute)
		s.back(func(a *actor) bool { return a.ID != "ap-2-3-1" })
		s.play(20 * time.Minute)
		s.expect("+FleetDown phusong", "-FleetDown phusong", "+DeviceDown ap-2-3-1")
	})
	t.Run("we were down", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, town(4, 5, 4), alerts.Options{})
		s.play(10 * time.Minute)
		s.at = s.at.Add(40 * time.Minute) // no entry, no tick
		s.cut(false, only("ap-0-0-1"))
		s.play(20 * time.Minute)
		s.expect("+DeviceDown ap-0-0-1")
	})
}

func TestAreaWithoutPower(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(3, 6, 3), alerts.Options{})
	s.play(10 * time.Minute)
	s.cut(true, at("25451"))
	s.play(5 * time.Minute)
	s.cut(true, at("site-0-3")) // a failure of its own next door
	s.play(20 * time.Minute)
	s.expect("+AreaDown 25451", "+SiteDown site-0-3")
	if n := len(s.messages()); n != 2 {
		t.Errorf("%d messages", n)
	}
	s.back(all)
	s.play(10 * time.Minute)
	s.expectInAnyOrder("+AreaDown 25451", "+SiteDown site-0-3", "-AreaDown 25451", "-SiteDown site-0-3")
}

// Sites that share a line are one incident, and so one message.
func TestSharedLine(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(2, 9, 2), alerts.Options{})
	s.play(10 * time.Minute)
	s.cut(true, func(a *actor) bool { return a.Site == "site-0-1" || a.Site == "site-0-2" })
	s.play(10 * time.Minute)
	s.expectInAnyOrder("+SiteDown site-0-1", "+SiteDown site-0-2")
	if n := len(s.messages()); n != 1 {
		t.Errorf("%d messages", n)
	}
	open, _ := s.engine.Incidents()
	if len(open) != 1 || open[0].Cause != alerts.CauseLine {
		t.Errorf("incidents: %+v", open)
	}
}

// A stolen gateway takes the access points that hang on it, and not the sensor.
func TestParent(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 4, 4), alerts.Options{})
	s.play(10 * time.Minute)
	s.cut(true, at("ap-0-2-"))
	s.play(10 * time.Minute)
	s.expect("+DeviceDown ap-0-2-0")
	open, _ := s.engine.Incidents()
	if len(open) != 1 || open[0].Cause != alerts.CauseParent || open[0].Device != "ap-0-2-0" || open[0].Down != 4 {
		t.Errorf("incidents: %+v", open)
	}
}

func TestLateAndRetainedTouchNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 4, 2), alerts.Options{})
	s.play(10 * time.Minute)
	a := s.actor("ap-0-0-1")
	a.gone = true
	s.play(10 * time.Minute)
	s.expect("+DeviceDown ap-0-0-1")
	late := a.reading(s.at.Add(-time.Hour))
	late.Flags, late.Received = telemetry.FlagLate, s.at
	late.WiFi.PortalOK = telemetry.Some(false)
	retained := a.status(s.at, telemetry.StateOnline)
	retained.Flags = telemetry.FlagRetained
	offline := s.actor("ap-0-1-1").status(s.at, telemetry.StateOffline)
	offline.Flags = telemetry.FlagRetained
	s.enter(late, retained, offline)
	s.play(30 * time.Second)
	s.expect("+DeviceDown ap-0-0-1")
	if s.state("ap-0-0-1") != alerts.Silent || s.state("ap-0-1-1") != alerts.Up {
		t.Errorf("states %s and %s", s.state("ap-0-0-1"), s.state("ap-0-1-1"))
	}
}

func TestAcceptance06WrongClocks(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 3, 1), alerts.Options{})
	ahead, old := s.actor("ap-0-0-0"), s.actor("ap-0-1-0")
	ahead.shape = func(r *telemetry.Reading) { r.DeviceTime, r.Flags = r.Time.Add(2*time.Hour), telemetry.FlagClockAhead }
	old.shape = func(r *telemetry.Reading) { r.DeviceTime, r.Flags = time.UnixMilli(5), telemetry.FlagClockBehind }
	s.play(10 * time.Minute)
	for _, a := range []*actor{ahead, old} {
		d, _ := s.engine.Device(a.ID)
		if d.State != alerts.Up || d.LastSeen.After(s.at) || d.LastSeen.Before(s.at.Add(-time.Minute)) {
			t.Errorf("%s: %s, last seen %s at %s", a.ID, d.State, d.LastSeen, s.at)
		}
	}
	ahead.gone = true
	s.play(6 * time.Minute)
	if got := s.state(ahead.ID); got != alerts.Silent {
		t.Errorf("a clock two hours ahead keeps the device %s", got)
	}
}

func TestAcceptance12AcknowledgementExpires(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 4, 2), alerts.Options{})
	s.play(10 * time.Minute)
	s.cut(true, only("ap-0-0-1"))
	s.play(5 * time.Minute)
	s.expect("+DeviceDown ap-0-0-1")
	s.desk.acknowledged[s.engine.Alerts()[0].ID] = s.at.Add(30 * time.Minute)
	s.play(20 * time.Minute)
	if a := s.engine.Active()[0]; !a.Acknowledged || a.Renewed != 0 {
		t.Errorf("%+v", a)
	}
	s.expect("+DeviceDown ap-0-0-1")
	s.play(15 * time.Minute)
	s.expect("+DeviceDown ap-0-0-1", "!DeviceDown ap-0-0-1")
	if a := s.engine.Active()[0]; a.Acknowledged || a.Renewed != 1 {
		t.Errorf("%+v", a)
	}
}

func TestMaintenance(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 4, 2), alerts.Options{})
	until := noonThere.Add(40 * time.Minute)
	s.desk.maintenance = func(at time.Time, p alerts.Place) bool { return p.Site == "site-0-1" && at.Before(until) }
	s.play(10 * time.Minute)
	s.cut(true, at("site-0-1"))
	s.play(20 * time.Minute)
	s.expect()
	if got := s.state("ap-0-1-0"); got != alerts.Maintenance {
		t.Errorf("%s", got)
	}
	for _, a := range s.engine.Alerts() {
		if a.Told || a.Quiet != alerts.Muted {
			t.Errorf("%s %s: told %v, quiet %q", a.Name, a.Subject, a.Told, a.Quiet)
		}
	}
	s.play(15 * time.Minute) // the window ends, and the site is still dark
	s.expect("+SiteDown site-0-1")
}

func TestFlappingIsSaidOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 4, 2), alerts.Options{})
	s.play(10 * time.Minute)
	for range 12 {
		s.cut(true, only("ap-0-0-1"))
		s.play(2 * time.Minute)
		s.back(only("ap-0-0-1"))
		s.play(2 * time.Minute)
	}
	d, _ := s.engine.Device("ap-0-0-1")
	if !d.Flapping {
		t.Error("twelve falls in 48 minutes, and it does not count as flapping")
	}
	want := []string{
		"+DeviceDown ap-0-0-1", "-DeviceDown ap-0-0-1", "+DeviceDown ap-0-0-1", "-DeviceDown ap-0-0-1",
		"+DeviceDown ap-0-0-1", "-DeviceDown ap-0-0-1", "+DeviceDown ap-0-0-1",
	}
	s.expect(want...)
	s.play(40 * time.Minute)
	s.expect(append(want, "-DeviceDown ap-0-0-1")...)
	if d, _ := s.engine.Device("ap-0-0-1"); d.Flapping {
		t.Error("still flapping after 40 calm minutes")
	}
}

func TestForAndKeepFiring(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 2, 1), alerts.Options{})
	hot := s.actor("ap-0-0-0")
	temperature := 50.0
	hot.shape = func(r *telemetry.Reading) { r.WiFi.TemperatureC = telemetry.Some(temperature) }
	s.play(5 * time.Minute)
	temperature = 70
	s.play(4 * time.Minute)
	temperature = 50
	s.play(2 * time.Minute)
	s.expect()
	temperature = 70
	s.play(8 * time.Minute)
	s.expect("+Hot ap-0-0-0")
	temperature = 50
	s.play(90 * time.Second)
	s.expect("+Hot ap-0-0-0")
	s.play(3 * time.Minute)
	s.expect("+Hot ap-0-0-0", "-Hot ap-0-0-0")
}

func TestSameAlertAtManySitesIsOneIncident(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(10, 1, 1), alerts.Options{})
	s.play(5 * time.Minute)
	for _, a := range s.devices {
		if a.Kind == telemetry.KindWiFi {
			a.shape = func(r *telemetry.Reading) { r.WiFi.PortalOK = telemetry.Some(false) }
		}
	}
	s.play(5 * time.Minute)
	if n := len(s.told()); n != 10 {
		t.Errorf("%d alerts told", n)
	}
	if n := len(s.messages()); n > 4 {
		t.Errorf("%d messages for a portal that is down everywhere", n)
	}
}

func TestZonesOfOneOperatorProvenTogetherAreOneMessage(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 1, 1), alerts.Options{Rules: ruleSet(t, `
groups:
- name: zones
  rules:
  - {alert: DeadZoneFound, expr: 'zone.verdict == "dead"', labels: {severity: warning}, annotations: {summary: "{{ .Zone }}"}}
`)})
	s.play(time.Minute)
	found := 0
	prove := func(operator telemetry.OperatorCode, zones int) {
		for range zones {
			found++
			id := fmt.Sprintf("z%02d", found)
			err := s.engine.Give(alerts.Subject{Scope: rules.ScopeZone, ID: id}, alerts.Place{Operator: operator, Zone: id}, func(to *rules.Values) {
				to.SetText(rules.ZoneVerdict, "dead")
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		s.play(time.Minute)
	}
	messages := func(want int, when string) {
		t.Helper()
		if got := len(s.messages()); got != want {
			t.Errorf("%s: %d messages, want %d", when, got, want)
		}
		if got := len(s.told()); got != found {
			t.Errorf("%s: people were told of %d zones, want all %d", when, got, found)
		}
	}
	prove("45204", 12)
	prove("45201", 3)
	messages(2, "the zones of two operators")
	prove("45204", 1)
	messages(2, "another one, minutes later")
	s.play(2 * time.Hour)
	prove("45204", 2)
	messages(3, "what was proven hours later")
}

// What is still broken when the worse is mended was not said before.
func TestWhatRemainsAfterTheWorseEndedIsTold(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 1, 1), alerts.Options{Rules: ruleSet(t, `
groups:
- name: sites
  rules:
  - {alert: SiteFailed, expr: 'site.verdict == "failed"', labels: {severity: critical}, annotations: {summary: "{{ .Name }}"}}
  - {alert: SitePoor, expr: 'site.verdict in ["failed", "partly"]', labels: {severity: warning}, annotations: {summary: "{{ .Name }}"}}
`)})
	site := string(s.devices[0].Site)
	verdict := func(v string) {
		err := s.engine.Give(alerts.Subject{Scope: rules.ScopeSite, ID: site}, alerts.Place{}, func(to *rules.Values) { to.SetText(rules.SiteVerdict, v) })
		if err != nil {
			t.Fatal(err)
		}
		s.play(time.Minute)
	}
	verdict("failed")
	s.expect("+SiteFailed " + site)
	verdict("partly")
	s.expect("+SiteFailed "+site, "-SiteFailed "+site, "+SitePoor "+site)
}
