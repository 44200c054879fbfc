package alerts_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/alerts"
	"phusong/alerts/environment"
	"phusong/alerts/wifi"
	"phusong/telemetry"
)

// An entry is one of the stream, as recorded.
type entry struct {
	at       time.Time
	readings []telemetry.Reading
}

// books returns options with fresh books of the measures.
func books(t testing.TB) alerts.Options {
	t.Helper()
	w, err := wifi.New(wifi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	env, err := environment.New(environment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return alerts.Options{WiFi: w, Environment: env}
}

// more are rules that look at what the books conclude, at time, and at wide facts.
const more = presence + `
  - {alert: SiteFailed, expr: 'site.verdict in ["failed", "no service"]', for: 3m, labels: {severity: critical}, annotations: {summary: "{{ .Name }}"}}
  - {alert: SitePartly, expr: 'site.verdict == "partly"', for: 1m, keep_firing_for: 2m, labels: {severity: info}, annotations: {summary: "{{ .Name }}"}}
  - {alert: LongAway, scope: device, expr: 'age(device.last_seen) > duration("9m") and site.open', labels: {severity: info}, annotations: {summary: "{{ .Name }}"}}
  - {alert: Stuck, expr: 'environment.flag == "stuck"', labels: {severity: info}, annotations: {summary: "{{ .Name }}"}}
  - {alert: ManyAway, expr: 'area.silent_share > 0.3', for: 2m, labels: {severity: warning}, annotations: {summary: "{{ .Name }}"}}
  - {alert: Flapping, expr: 'device.flapping', labels: {severity: info}, annotations: {summary: "{{ .Name }}"}}
  - {alert: ChildOfDead, expr: 'device.parent_state == "offline" and device.state == "up"', labels: {severity: info}, annotations: {summary: "{{ .Name }}"}}
`

// story draws what happens to a town and returns the stream of it.
func story(t *rapid.T, fatal testing.TB, inv alerts.Inventory) (entries []entry, changes []alerts.Change, s *stage) {
	o := books(fatal)
	o.Rules = ruleSet(fatal, more)
	s = newStage(fatal, inv, o)
	s.each = func(at time.Time, readings []telemetry.Reading) { entries = append(entries, entry{at, readings}) }
	s.play(time.Duration(rapid.IntRange(1, 150).Draw(t, "begin")) * time.Second)
	pick := func() func(*actor) bool {
		switch a := rapid.SampledFrom(s.devices).Draw(t, "device"); rapid.IntRange(0, 4).Draw(t, "who") {
		case 0:
			return at(string(a.Site))
		case 1:
			return at(string(a.Area))
		case 2:
			if rapid.IntRange(0, 3).Draw(t, "everybody") == 0 {
				return all
			}
			return only(a.ID)
		default:
			return only(a.ID)
		}
	}
	for range rapid.IntRange(1, 7).Draw(t, "events") {
		switch rapid.IntRange(0, 7).Draw(t, "event") {
		case 0, 1:
			s.cut(rapid.Bool().Draw(t, "wills"), pick())
		case 2, 3:
			s.back(pick())
		case 4:
			s.deaf = !s.deaf
		case 5:
			s.at = s.at.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "gap")) * time.Second)
			s.enter()
		case 6:
			bad := rapid.Bool().Draw(t, "bad")
			for _, a := range s.devices {
				if a.Kind == telemetry.KindWiFi && rapid.IntRange(0, 3).Draw(t, "shaped") == 0 {
					a.shape = func(r *telemetry.Reading) { r.WiFi.PortalOK = telemetry.Some(!bad) }
				}
			}
		case 7:
			a := rapid.SampledFrom(s.devices).Draw(t, "late")
			r := a.reading(s.at.Add(-time.Hour))
			r.Received, r.Flags = s.at, telemetry.FlagLate
			s.enter(r)
		}
		s.play(time.Duration(rapid.OneOf(rapid.IntRange(1, 90), rapid.IntRange(1, 500)).Draw(t, "seconds")) * time.Second)
	}
	return entries, s.changes, s
}

func image(t testing.TB, e *alerts.Engine) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Snapshot()(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The same entries give the same changes and the same state, bit for bit, however often
// the engine is stopped and restored on the way.
func TestReplayIsTheSameWhereverItWasInterrupted(t *testing.T) {
	t.Parallel()
	inv := town(3, 2, 2)
	rapid.Check(t, func(rt *rapid.T) {
		entries, want, s := story(rt, t, inv)
		var got []alerts.Change
		fresh := func() *alerts.Engine {
			o := books(t)
			o.Inventory, o.Rules, o.Desk = inv, ruleSet(t, more), s.desk
			o.Changed = func(c alerts.Change) { got = append(got, c) }
			e, err := alerts.New(o)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		e := fresh()
		stops := rapid.SliceOfN(rapid.IntRange(0, len(entries)-1), 0, 6).Draw(rt, "stops")
		for n, entry := range entries {
			for _, stop := range stops {
				if stop == n && n > 0 {
					saved := image(t, e)
					e = fresh()
					if err := e.Restore(bytes.NewReader(saved)); err != nil {
						rt.Fatal(err)
					}
					if again := image(t, e); !bytes.Equal(saved, again) {
						rt.Fatalf("restored at entry %d (%s), the engine has another image: %s\n%v", n, entry.at, firstDifference(saved, again), lines(got[max(0, len(got)-3):]))
					}
				}
			}
			e.Observe(entry.at, entry.readings)
		}
		if diff := cmp.Diff(lines(want), lines(got)); diff != "" {
			rt.Fatalf("changes (-straight +interrupted):\n%s", diff)
		}
		if !bytes.Equal(image(t, s.engine), image(t, e)) {
			rt.Fatal("the same entries gave another state")
		}
	})
}

func firstDifference(a, b []byte) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	around := func(p []byte) []byte { return p[max(0, n-120):min(len(p), n+60)] }
	return fmt.Sprintf("at %d of %d and %d bytes:\n%q\n%q", n, len(a), len(b), around(a), around(b))
}

func lines(changes []alerts.Change) []string {
	var list []string
	for _, c := range changes {
		line := fmt.Sprintf("%d %s %s", c.Number, c.At.Format(time.StampMilli), c.Kind)
		if c.Alert != nil {
			line += fmt.Sprintf(" %+v", *c.Alert)
		}
		if c.Incident != nil {
			line += fmt.Sprintf(" %+v", *c.Incident)
		}
		list = append(list, line)
	}
	return list
}

// Whatever happened, when everybody is back and time has passed nothing is left over, and
// who was told that something began was told that it ended.
func TestNothingIsOrphaned(t *testing.T) {
	t.Parallel()
	inv := town(3, 2, 2)
	rapid.Check(t, func(rt *rapid.T) {
		_, _, s := story(rt, t, inv)
		s.deaf = false
		for _, a := range s.devices {
			a.shape = nil
		}
		s.back(all)
		s.play(45 * time.Minute)
		for _, a := range s.engine.Alerts() {
			if a.Name != "Stuck" {
				rt.Errorf("%s of %s fires: told %v, quiet %q", a.Name, a.Subject, a.Told, a.Quiet)
			}
		}
		open, _ := s.engine.Incidents()
		for _, i := range open {
			if i.Name != "Stuck" {
				rt.Errorf("incident %+v is open", i)
			}
		}
		balance := make(map[string]int)
		for _, line := range s.told() {
			if !strings.Contains(line, "Stuck") {
				balance[line[1:]] += map[byte]int{'+': 1, '-': -1}[line[0]]
			}
		}
		for line, n := range balance {
			if n != 0 {
				rt.Errorf("%s: begun %d times more than ended", line, n)
			}
		}
	})
}

func TestRestoreRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 3, 2), books(t))
	s.play(10 * time.Minute)
	s.cut(true, at("site-0-1"))
	s.play(10 * time.Minute)
	whole := image(t, s.engine)
	o := books(t)
	o.Inventory, o.Rules = town(1, 3, 2), ruleSet(t, presence)
	for _, bad := range [][]byte{nil, []byte("phusong alerts 0\n"), whole[:len(whole)/3], whole[:len(whole)-1], append(bytes.Clone(whole), 0)} {
		e, err := alerts.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Restore(bytes.NewReader(bad)); err == nil {
			t.Errorf("%d of %d bytes were taken for a snapshot", len(bad), len(whole))
		}
		if got := e.Counts(); !got.At.IsZero() {
			t.Error("after a refused snapshot the engine is not fresh")
		}
	}
}

func FuzzRestore(f *testing.F) {
	s := newStage(f, town(1, 2, 2), alerts.Options{})
	s.play(10 * time.Minute)
	s.cut(true, at("site-0-1"))
	s.play(10 * time.Minute)
	f.Add(image(f, s.engine))
	set := ruleSet(f, presence)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := alerts.New(alerts.Options{Inventory: town(1, 2, 2), Rules: set})
		if err != nil {
			t.Fatal(err)
		}
		if e.Restore(bytes.NewReader(data)) == nil {
			e.Observe(e.Counts().At.Add(time.Second), nil)
		}
	})
}

func TestRestoreAfterRulesAndRegistryChanged(t *testing.T) {
	t.Parallel()
	s := newStage(t, town(1, 4, 3), alerts.Options{})
	s.play(10 * time.Minute)
	s.cut(true, only("ap-0-1-1"))
	s.cut(true, only("ap-0-2-1"))
	s.actor("ap-0-3-0").shape = func(r *telemetry.Reading) { r.WiFi.PortalOK = telemetry.Some(false) }
	s.play(10 * time.Minute)
	saved := image(t, s.engine)
	inv := town(1, 4, 3)
	inv.Devices = append(inv.Devices[:5], inv.Devices[6:]...) // ap-0-1-1 is gone
	var ended []string
	e, err := alerts.New(alerts.Options{
		Inventory: inv, Rules: ruleSet(t, strings.Replace(presence, "PortalDown", "Portal", 1)),
		Changed: func(c alerts.Change) {
			if c.Kind == alerts.AlertResolved || c.Kind == alerts.AlertTold {
				ended = append(ended, string(c.Kind)+" "+c.Alert.Name+" "+c.Alert.Subject.ID)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Restore(bytes.NewReader(saved)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"resolved DeviceDown ap-0-1-1", "resolved PortalDown ap-0-3-0"}, ended); diff != "" {
		t.Errorf("what the restart changed (-want +got):\n%s", diff)
	}
	var firing []string
	for _, a := range e.Alerts() {
		firing = append(firing, a.Name+" "+a.Subject.ID)
	}
	if diff := cmp.Diff([]string{"DeviceDown ap-0-2-1"}, firing); diff != "" {
		t.Errorf("what fires (-want +got):\n%s", diff)
	}
}
