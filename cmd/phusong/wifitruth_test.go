package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/alerts"
	"phusong/alerts/wifi"
	"phusong/internal/testbed"
	"phusong/simulator"
	"phusong/telemetry"
)

// wifiStory is a week in which everything happens to the Wi-Fi that can, beside the
// faults of everyday life.
const wifiStory = `
title: A week of the public Wi-Fi
story: Everything that can happen to it.
expect: ["The verdicts of the sites are those of the truth, within minutes."]
events:
  - {at: 6h, for: 90m, do: uplink_cut, where: {area: "25630"}}
  - {at: 20h, for: 3h, do: portal_down, where: {category: school}}
  - {at: 31h, for: 2h, do: power_cut, where: {area: "25459"}}
  - {at: 54h, for: 5h, do: uplink_lossy, where: {area: "25708"}, loss: 0.12}
  - {at: 80h, for: 8h, do: crowd, where: {category: tourism}, factor: 6}
  - {at: 100h, for: 45m, do: portal_down, where: {category: residential}}
  - {at: 101h, for: 40m, do: uplink_cut, where: {area: "27694"}}
`

// wifiWatch lets a Wi-Fi book judge what a world's devices say, with the alert engine
// telling it who is there.
type wifiWatch struct {
	world  *simulator.World
	engine *alerts.Engine
	book   *wifi.Book
}

func newWiFiWatch(t *testing.T, world *simulator.World) *wifiWatch {
	t.Helper()
	book, err := wifi.New(wifi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := alerts.New(alerts.Options{
		Inventory: inventoryFrom(world.Devices(), world.Sites(), world.Areas()),
		WiFi:      book, Gap: 2 * time.Minute, // there is a tick a minute here
	})
	if err != nil {
		t.Fatal(err)
	}
	return &wifiWatch{world: world, engine: engine, book: book}
}

func (w *wifiWatch) tick(at time.Time) { w.engine.Observe(at, nil) }

func (w *wifiWatch) observe(r *telemetry.Reading) {
	w.engine.Observe(r.Received, []telemetry.Reading{*r})
}

// wifiScore compares a book with the truth, minute by minute.
type wifiScore struct {
	settle     time.Duration
	minutes    map[string]int // "truth / verdict"
	sites      int
	all, right int
	// settled are minutes of which the truth has not changed for settle, and
	// settledRight those of them with its verdict.
	settled, settledRight int
	up, known             map[telemetry.SiteID]int // minutes with service, and all
	changed               map[telemetry.SiteID]time.Time
	last                  map[telemetry.SiteID]simulator.SiteState
	delays                []time.Duration
	waiting               map[telemetry.SiteID]time.Time
}

// newWiFiScore makes a score that expects a verdict within settle: after three
// intervals of silence and a tick.
func newWiFiScore(settle time.Duration) *wifiScore {
	return &wifiScore{
		settle:  settle,
		minutes: make(map[string]int), up: make(map[telemetry.SiteID]int), known: make(map[telemetry.SiteID]int),
		changed: make(map[telemetry.SiteID]time.Time), last: make(map[telemetry.SiteID]simulator.SiteState), waiting: make(map[telemetry.SiteID]time.Time),
	}
}

func (s *wifiScore) compare(w *wifiWatch, at time.Time) {
	truths := w.world.SiteStates(at)
	s.sites = len(truths)
	for _, truth := range truths {
		f, _ := w.book.SiteFacts(truth.Site)
		if s.last[truth.Site] != truth.State {
			if s.last[truth.Site] != "" {
				s.waiting[truth.Site] = at
			}
			s.last[truth.Site], s.changed[truth.Site] = truth.State, at
		}
		s.known[truth.Site]++
		if truth.State == simulator.SiteWorking || truth.State == simulator.SitePartly {
			s.up[truth.Site]++
		}
		// The truth of the world calls a site working whose line is lossy; we say partly.
		lossy := f.Verdict == wifi.Partly && (f.Reason == wifi.UplinkLossy || f.Reason == wifi.UplinkLaggy)
		verdict := f.Verdict.String()
		if lossy {
			verdict = "partly, for its line"
		}
		s.minutes[string(truth.State)+" / "+verdict]++
		right := f.Verdict.String() == string(truth.State) || (lossy && truth.State == simulator.SiteWorking)
		settled := at.Sub(s.changed[truth.Site]) >= s.settle
		s.all++
		if settled {
			s.settled++
		}
		if right {
			s.right++
			if settled {
				s.settledRight++
			}
			if since, ok := s.waiting[truth.Site]; ok {
				s.delays = append(s.delays, at.Sub(since))
				delete(s.waiting, truth.Site)
			}
		}
	}
}

// availability returns the mean and the largest difference between the sites'
// availability by the book and by the truth.
func (s *wifiScore) availability(w *wifiWatch, month wifi.Month) (mean, worst float64) {
	for id, all := range s.known {
		times, _, _ := w.book.SiteMonth(id, month)
		share, _ := times.Availability()
		off := math.Abs(share - float64(s.up[id])/float64(all))
		mean += off / float64(len(s.known))
		worst = max(worst, off)
	}
	return mean, worst
}

// The verdicts on the sites of a simulated province, and their availability, against
// what was really the case. docs/WIFI.md states the numbers.
func TestWiFiAgainstTheTruth(t *testing.T) {
	t.Parallel()
	judgeWiFi(t, 1, 5*time.Minute)
}

func TestWiFiAgainstTheTruthForAWeekPlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	judgeWiFi(t, 7, time.Minute)
}

func judgeWiFi(t *testing.T, days int, interval time.Duration) {
	t.Helper()
	story, err := simulator.ParseScenario("week.yaml", []byte(wifiStory))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 9, 7, 0, 0, 0, 0, time.FixedZone("+07", 7*3600))
	world, err := simulator.New(simulator.Options{Seed: 7, Start: start, AccessPoints: 400, Scenario: story, Users: true, WiFiInterval: interval})
	if err != nil {
		t.Fatal(err)
	}
	watch, score := newWiFiWatch(t, world), newWiFiScore(3*interval+2*time.Minute)
	until, next := start.AddDate(0, 0, days), start.Add(time.Minute)
	for r, err := range heard(t.Context(), world.Events(until)) {
		if err != nil {
			t.Fatal(err)
		}
		for ; next.Before(r.Received); next = next.Add(time.Minute) {
			watch.tick(next)
			if next.Sub(start) >= 15*time.Minute { // everybody has come up
				score.compare(watch, next)
			}
		}
		watch.observe(r)
	}
	watch.tick(until)
	checkUsers(t, watch, until.Add(-time.Minute))
	mean, worst := score.availability(watch, wifi.MonthOf(start))
	right, settled := float64(score.right)/float64(score.all), float64(score.settledRight)/float64(score.settled)
	slices.Sort(score.delays)
	var table strings.Builder
	for _, key := range slices.Sorted(maps.Keys(score.minutes)) {
		fmt.Fprintf(&table, "  %-45s %8d\n", key, score.minutes[key])
	}
	t.Logf("%d days, %d sites, %d site minutes: %.4f right, %.5f right of those settled; availability off by %.5f in the mean and %.5f at worst; %d changes, seen after %v (median), %v (90 %%)\ntruth / verdict, in minutes:\n%s",
		days, score.sites, score.all, right, settled, mean, worst, len(score.delays), score.delays[len(score.delays)/2], score.delays[len(score.delays)*9/10], table.String())
	if right < 0.99 || settled < 0.998 {
		t.Errorf("%.4f of the minutes are right, of the settled ones %.5f", right, settled)
	}
	if mean > 0.002 || worst > 0.01 {
		t.Errorf("availability is off by %.5f in the mean and %.5f at worst", mean, worst)
	}
}

// checkUsers compares the estimates with who was really there. Each of some hundred
// estimates may be outside of its 95 % bounds, but hardly any by twice as much.
func checkUsers(t *testing.T, w *wifiWatch, at time.Time) {
	t.Helper()
	within, all := 0, 0
	for _, u := range w.book.Usage(wifi.MonthOf(at)) {
		truth := w.world.Users(u.Area, at)
		all++
		if uint64(truth) >= u.Low && uint64(truth) <= u.High {
			within++
		}
		// The sketch of the last hour may be missing.
		if float64(u.Users) > float64(truth)*1.04+5 || float64(u.Users) < float64(truth)*0.9-5 {
			t.Errorf("%q: estimated as %d (%d to %d), and there were %d", u.Area, u.Users, u.Low, u.High, truth)
		}
		if u.Area == "" {
			share, low, high, _ := u.Share()
			t.Logf("%d users (%d to %d) of %d residents: %.3f (%.3f to %.3f); there were %d", u.Users, u.Low, u.High, u.Residents, share, low, high, truth)
		}
	}
	t.Logf("%d of %d estimates hold the truth within their bounds", within, all)
	if all < 50 || within < all*8/10 {
		t.Errorf("%d of %d estimates hold the truth within their bounds", within, all)
	}
}
