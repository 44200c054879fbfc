package wifi_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

func TestMonths(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ at, want string }{
		{"2026-08-31T16:59:59.999Z", "2026-08"}, // 23:59:59.999 in Hà Nội
		{"2026-08-31T17:00:00Z", "2026-09"},
		{"2026-12-31T17:00:00Z", "2027-01"},
		{"2027-01-31T16:59:00Z", "2027-01"},
	} {
		at, err := time.Parse(time.RFC3339Nano, test.at)
		if err != nil {
			t.Fatal(err)
		}
		m := wifi.MonthOf(at)
		if m.String() != test.want {
			t.Errorf("%s is in %s, want %s", test.at, m, test.want)
		}
		if at.Before(m.Start()) || !at.Before(m.End()) {
			t.Errorf("%s is not from %s to %s", at, m.Start(), m.End())
		}
		if again, err := wifi.ParseMonth(m.String()); err != nil || again != m {
			t.Errorf("%s reads as %s, %v", m, again, err)
		}
	}
	for _, bad := range []string{"", "2026", "2026-13", "09-2026", "2026-09-01"} {
		if m, err := wifi.ParseMonth(bad); err == nil {
			t.Errorf("%q reads as %s", bad, m)
		}
	}
}

// A day of a site, counted by hand.
func TestTimes(t *testing.T) {
	t.Parallel()
	month := wifi.MonthOf(noon)
	b := inTown(t, wifi.Options{}, noon)
	state := func(after time.Duration, s wifi.State, since time.Duration, ids ...telemetry.DeviceID) {
		run(b, b.Now(), noon.Add(after))
		for _, id := range ids {
			b.SetState(noon.Add(after), id, s, noon.Add(since))
		}
	}
	state(60*time.Minute, wifi.Silent, 57*time.Minute, "ap-1")              // noticed three minutes late
	state(90*time.Minute, wifi.Offline, 90*time.Minute, "ap-2")             // then none
	state(100*time.Minute, wifi.Up, 100*time.Minute, "ap-1")                // then one
	state(130*time.Minute, wifi.Up, 130*time.Minute, "ap-2")                // then both
	state(140*time.Minute, wifi.Maintenance, 140*time.Minute, "ap-1")       // excluded, the other serves
	state(150*time.Minute, wifi.Maintenance, 150*time.Minute, "ap-2")       // planned work at all
	state(170*time.Minute, wifi.Blind, 170*time.Minute, "ap-1", "ap-2")     // we were deaf
	state(190*time.Minute, wifi.Up, 190*time.Minute, "ap-1", "ap-2")        // and hear again
	state(200*time.Minute, wifi.Silent, 10*time.Minute, "ap-1", "ap-2")     // nothing is taken back beyond the last change
	state(200*time.Minute, wifi.NeverSeen, 200*time.Minute, "ap-1", "ap-2") // as after a new register
	run(b, b.Now(), noon.Add(210*time.Minute))

	site, _, _ := b.SiteMonth("school", month)
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	want := wifi.Times{
		Working: minutes(57 + 10 + 10), Partly: minutes(33 + 30), NoService: minutes(10 + 10), Maintenance: minutes(20), Unknown: minutes(20 + 10),
	}
	if diff := cmp.Diff(want, site); diff != "" {
		t.Errorf("the school (-want +got):\n%s", diff)
	}
	if share, known := site.Availability(); !known || fmt.Sprintf("%.4f", share) != "0.8750" { // 140 of 160
		t.Errorf("availability %v, %v, want 0.8750", share, known)
	}
	if got := fmt.Sprintf("%.4f", site.Known()); got != "0.8421" { // 160 of 190
		t.Errorf("known %s, want 0.8421", got)
	}
	device, _ := b.DeviceMonth("ap-1", month)
	want = wifi.Times{Working: minutes(57 + 40), NoService: minutes(43 + 10), Maintenance: minutes(30), Unknown: minutes(20 + 10)}
	if diff := cmp.Diff(want, device); diff != "" {
		t.Errorf("its access point (-want +got):\n%s", diff)
	}
	if none, _, _ := b.SiteMonth("park", month); none != (wifi.Times{}) {
		t.Errorf("the park, where nothing is, has %+v", none)
	}
	if share, known := (wifi.Times{Unknown: time.Hour, Maintenance: time.Hour}).Availability(); known {
		t.Errorf("what is unknown has an availability of %v", share)
	}
}

// Work counts from when it is announced and until it is over, whatever an access point has been for how
// long; so does the time in which we were deaf.
func TestWorkAndDeafnessCoverNothingButThemselves(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	for _, tt := range []struct {
		name                  string
		before, hidden, after wifi.State
		want                  wifi.Times
	}{
		{"work where all is well", wifi.Up, wifi.Maintenance, wifi.Up, wifi.Times{Working: 80 * minute, Maintenance: 20 * minute}},
		{"work on what was down", wifi.Silent, wifi.Maintenance, wifi.Silent, wifi.Times{Working: 10 * minute, NoService: 70 * minute, Maintenance: 20 * minute}},
		{"work that breaks it", wifi.Up, wifi.Maintenance, wifi.Offline, wifi.Times{Working: 50 * minute, NoService: 30 * minute, Maintenance: 20 * minute}},
		{"deaf, and down afterwards", wifi.Up, wifi.Blind, wifi.Silent, wifi.Times{Working: 10 * minute, NoService: 30 * minute, Unknown: 60 * minute}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := inTown(t, wifi.Options{}, noon)
			since := noon.Add(10 * minute) // the engine says it of the device, whoever works on it
			for _, change := range []struct {
				after time.Duration
				state wifi.State
			}{{10 * minute, tt.before}, {50 * minute, tt.hidden}, {70 * minute, tt.after}} {
				run(b, b.Now(), noon.Add(change.after))
				b.SetState(noon.Add(change.after), "ap-3", change.state, since)
			}
			run(b, b.Now(), noon.Add(100*minute))
			if got, _, _ := b.SiteMonth("hospital", wifi.MonthOf(noon)); got != tt.want {
				t.Errorf("the site: %+v, want %+v", got, tt.want)
			}
			if got, _ := b.DeviceMonth("ap-3", wifi.MonthOf(noon)); got != tt.want {
				t.Errorf("its access point: %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A month ends at midnight in Hà Nội, and its numbers stay.
func TestTurnOfTheMonth(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 9, 30, 23, 0, 0, 0, hanoi)
	b := inTown(t, wifi.Options{}, start)
	run(b, start, start.Add(50*time.Minute))
	b.SetState(start.Add(50*time.Minute), "ap-3", wifi.Silent, time.Time{})
	run(b, b.Now(), start.Add(90*time.Minute))
	// Noticed late, and told to have begun last month: what is closed stays closed.
	b.SetState(start.Add(90*time.Minute), "ap-1", wifi.Silent, start.Add(30*time.Minute))
	b.SetState(start.Add(90*time.Minute), "ap-2", wifi.Silent, start.Add(30*time.Minute))
	run(b, b.Now(), start.Add(100*time.Minute))
	september, october := wifi.MonthOf(start), wifi.MonthOf(start)+1
	for _, test := range []struct {
		site  telemetry.SiteID
		month wifi.Month
		want  wifi.Times
	}{
		{"hospital", september, wifi.Times{Working: 50 * time.Minute, NoService: 10 * time.Minute}},
		{"hospital", october, wifi.Times{NoService: 40 * time.Minute}},
		{"school", september, wifi.Times{Working: 60 * time.Minute}},
		{"school", october, wifi.Times{NoService: 40 * time.Minute}},
		{"school", october + 1, wifi.Times{}},
	} {
		got, _, _ := b.SiteMonth(test.site, test.month)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s in %s (-want +got):\n%s", test.site, test.month, diff)
		}
	}
}

// What happened while the stream said nothing, not even a tick, is unknown.
func TestGapInTheStream(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 9, 30, 22, 0, 0, 0, hanoi)
	b := inTown(t, wifi.Options{}, start)
	run(b, start, start.Add(time.Hour))
	run(b, start.Add(3*time.Hour), start.Add(4*time.Hour)) // over midnight
	september, _, _ := b.SiteMonth("school", wifi.MonthOf(start))
	october, _, _ := b.SiteMonth("school", wifi.MonthOf(start)+1)
	if diff := cmp.Diff([]wifi.Times{{Working: time.Hour, Unknown: time.Hour}, {Working: time.Hour, Unknown: time.Hour}}, []wifi.Times{september, october}); diff != "" {
		t.Errorf("September and October (-want +got):\n%s", diff)
	}
	if got := verdictOf(t, b, "school"); got != "working" {
		t.Errorf("after the gap the school is %q", got)
	}
}

// A year and a month are kept, and no more.
func TestMonthsAreBounded(t *testing.T) {
	t.Parallel()
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, hanoi)
	b := inTown(t, wifi.Options{}, start)
	for m := wifi.MonthOf(start); m < wifi.MonthOf(start)+30; m++ {
		run(b, m.Start(), m.Start().Add(time.Hour))
	}
	present := wifi.MonthOf(b.Now())
	kept := 0
	for m := wifi.MonthOf(start); m <= present; m++ {
		if times, _, _ := b.SiteMonth("school", m); times != (wifi.Times{}) {
			if kept++; m < present-13 {
				t.Errorf("%s is still known in %s", m, present)
			}
		}
	}
	if kept != 14 {
		t.Errorf("%d months are known, want this and 13", kept)
	}
}

// anything happens to the town: what a program may tell the book, in any order.
type anything struct {
	do       func(*wifi.Book)
	register *wifi.Register // the new one, if it is that
}

func anyHappening(t *rapid.T, at *time.Time) anything {
	*at = at.Add(time.Duration(rapid.Int64Range(0, 3*60_000).Draw(t, "ms")) * time.Millisecond)
	now := *at
	id := rapid.SampledFrom([]telemetry.DeviceID{"ap-1", "ap-2", "ap-3", "stranger"}).Draw(t, "device")
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1, 2:
		s := rapid.SampledFrom([]wifi.State{wifi.NeverSeen, wifi.Up, wifi.Up, wifi.Silent, wifi.Offline, wifi.Maintenance, wifi.Blind, wifi.Retired}).Draw(t, "state")
		since := now.Add(-time.Duration(rapid.IntRange(-60, 600).Draw(t, "since")) * time.Second)
		return anything{do: func(b *wifi.Book) { b.SetState(now, id, s, since) }}
	case 3:
		r := town()
		r.Devices = slices.DeleteFunc(r.Devices, func(telemetry.Device) bool { return rapid.IntRange(0, 5).Draw(t, "gone") == 0 })
		for i := range r.Devices {
			r.Devices[i].Site = rapid.SampledFrom([]telemetry.SiteID{"school", "hospital", "park", ""}).Draw(t, "site")
			r.Devices[i].Retired = rapid.IntRange(0, 5).Draw(t, "retired") == 0
		}
		return anything{do: func(b *wifi.Book) { b.Register(now, r) }, register: &r}
	case 4:
		*at = at.Add(time.Duration(rapid.IntRange(0, 50*24).Draw(t, "hours")) * time.Hour)
		later := *at
		return anything{do: func(b *wifi.Book) { b.Advance(later) }}
	}
	load := rapid.Float64Range(0, 1).Draw(t, "load")
	r := reading(id, now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "age"))*time.Second), func(w *telemetry.WiFi) {
		w.Clients = telemetry.Some(rapid.Int64Range(0, 90).Draw(t, "clients"))
		w.Radios = []telemetry.Radio{{Utilization: telemetry.Some(load), NoiseDBm: telemetry.Some(-95 + 40*load), Clients: telemetry.Some[int64](2)}}
		w.WANUp, w.PortalOK = telemetry.Some(rapid.IntRange(0, 9).Draw(t, "wan") > 0), telemetry.Some(rapid.IntRange(0, 9).Draw(t, "portal") > 0)
		w.WANLoss = telemetry.Some(load * load * load * load)
		if load > 0.5 {
			w.DownloadMbps = telemetry.Some(60 * load)
		}
	})
	r.Flags = rapid.SampledFrom([]telemetry.Flags{0, 0, 0, telemetry.FlagLate, telemetry.FlagRetained}).Draw(t, "flags")
	return anything{do: func(b *wifi.Book) { b.Observe(now, r) }}
}

// Whatever happens, each site's verdict is what its access points say, no time is
// lost or counted twice, and a book that was stored in between goes on as one that
// was not.
func TestWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		at := noon
		b, other := inTown(t, wifi.Options{}, noon), inTown(t, wifi.Options{}, noon)
		last := town()
		steps := rapid.IntRange(1, 60).Draw(rt, "steps")
		for range steps {
			what := anyHappening(rt, &at)
			what.do(b)
			what.do(other)
			if what.register != nil {
				last = *what.register
			}
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				fresh := book(t, wifi.Options{})
				if rapid.Bool().Draw(rt, "register first") {
					fresh.Register(time.Time{}, last)
				}
				if err := fresh.Restore(bytesReader(image(t, other))); err != nil {
					rt.Fatal(err)
				}
				fresh.Register(time.Time{}, last)
				other = fresh
			}
		}
		if one, two := string(image(t, b)), string(image(t, other)); one != two {
			rt.Fatalf("one that was stored in between went another way (-not +stored):\n%s", cmp.Diff(one, two))
		}
		checkTimes(rt, b, at)
	})
}

// checkTimes checks that the times of what was registered all along add up.
func checkTimes(t *rapid.T, b *wifi.Book, at time.Time) {
	for _, id := range []telemetry.SiteID{"school", "hospital", "park"} {
		var sum time.Duration
		for m := wifi.MonthOf(noon); m <= wifi.MonthOf(at); m++ {
			s, _, ok := b.SiteMonth(id, m)
			if !ok {
				t.Fatalf("site %s is gone", id)
			}
			all := s.Working + s.Partly + s.Failed + s.NoService + s.Unknown + s.Maintenance
			if all > m.End().Sub(m.Start()) {
				t.Fatalf("%s has %v in %s", id, all, m)
			}
			sum += all
		}
		if sum > at.Sub(noon) {
			t.Fatalf("%s has %v of %v", id, sum, at.Sub(noon))
		}
		f, _ := b.SiteFacts(id)
		if n := f.Working + f.Partly + f.Failed + f.NoService + f.Unknown + f.Maintenance; n != f.Points {
			t.Fatalf("%s has %d access points, and %d have a verdict: %+v", id, f.Points, n, f)
		}
		if f.Verdict == wifi.Working && (f.Working == 0 || f.Partly+f.Failed+f.NoService > 0) {
			t.Fatalf("%s is working: %+v", id, f)
		}
		if f.Verdict == wifi.NoService && f.Working+f.Partly > 0 {
			t.Fatalf("%s has no service: %+v", id, f)
		}
	}
}
