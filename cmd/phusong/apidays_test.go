package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/coverage"
	"phusong/dashboards/api"
	"phusong/telemetry"
)

// A cell was dead for a while, was repaired, and is covered now: the map of a day in between
// shows it dead, with the zone under the id that it had, although the repair superseded those
// tests; the map of a day before all tests cannot be asked.
func TestTheMapAsItWas(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cases, evidence := twoBuckets(t)
	cell, now := places(t)[0], time.Now()
	store := &shelf{readings: campaign(cell, viettel, "dead", now.AddDate(0, 0, -40))}
	o := newOffice(t, cases, evidence, store)
	days := newAPICoverage(o.room, now)
	o.room.Observe(now.AddDate(0, 0, -35), nil)
	o.verdict(cell, coverage.Dead, 36)
	zone := o.room.Latest().Zones.Open[0].ID

	working := campaign(cell, viettel, "fine", now.AddDate(0, 0, -20))
	o.room.locked(func() {
		o.room.fold.Supersede(cell, viettel, coverage.DayOf(now.AddDate(0, 0, -30), o.room.zone))
		o.room.version++
	})
	o.room.Observe(now, working)
	o.verdict(cell, coverage.Covered, len(working))

	verdictOn := func(day string) string {
		t.Helper()
		layer, err := days.Layer(ctx, day)
		if err != nil {
			t.Fatal(err)
		}
		zones, err := days.Zones(ctx, day)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, z := range zones.Zones {
			ids = append(ids, z.ID)
		}
		if day != "" && (layer.Day != day || zones.Day != day || !strings.Contains(string(layer.Cells[0].GeoJSON), `"verdict":"`+layer.Cells[0].Verdict+`"`)) {
			t.Errorf("the map of %s is of %s, its zones of %s: %s", day, layer.Day, zones.Day, layer.Cells[0].GeoJSON)
		}
		return fmt.Sprint(layer.Cells[0].Verdict, " ", ids)
	}
	ago := func(n int) string { return coverage.DayOf(now.AddDate(0, 0, -n), o.room.zone).String() }
	for day, want := range map[string]string{
		"": "covered []", ago(0): "covered []", ago(34): "dead [" + zone + "]", ago(31): "dead [" + zone + "]", ago(30): "unproven []",
	} {
		if got := verdictOn(day); got != want {
			t.Errorf("on %s it was %s, want %s", day, got, want)
		}
	}
	first, err := days.Layer(ctx, ago(34))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := days.Layer(ctx, ago(34)); err != nil || again != first {
		t.Errorf("the same day is judged twice: %v", err)
	}
	asked, err := days.Days()
	if err != nil || asked.Last != ago(0) {
		t.Errorf("days %+v, %v", asked, err)
	}
	for _, day := range []string{ago(200), "1970-01-01", coverage.DayOf(now.AddDate(0, 0, 2), o.room.zone).String()} {
		if _, err := days.Layer(ctx, day); !errors.Is(err, api.ErrNotFound) || !strings.Contains(err.Error(), asked.First) {
			t.Errorf("the map of %s: %v", day, err)
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := days.Layer(gone, ago(7)); !errors.Is(err, context.Canceled) {
		t.Errorf("for somebody who is gone: %v", err)
	}
}

// Earlier days are remembered within a bound, and the last asked for longest.
func TestEarlierDaysAreBounded(t *testing.T) {
	t.Parallel()
	cases, evidence := twoBuckets(t)
	cell, now := places(t)[0], time.Now()
	var readings []telemetry.Reading
	for n := range 10 {
		readings = append(readings, campaign(cell, viettel, "fine", now.AddDate(0, 0, -4*n))...)
	}
	o := newOffice(t, cases, evidence, &shelf{readings: readings})
	o.room.Observe(now, nil)
	o.verdict(cell, coverage.Covered, len(readings))
	days := newAPICoverage(o.room, now)
	for n := 1; n <= 3*daysDrawn; n++ {
		for _, back := range []int{1, n} {
			if _, err := days.Layer(t.Context(), coverage.DayOf(now.AddDate(0, 0, -back), o.room.zone).String()); err != nil {
				t.Fatal(err)
			}
		}
	}
	yesterday := coverage.DayOf(now.AddDate(0, 0, -1), o.room.zone)
	if len(days.past) != daysDrawn || !slices.ContainsFunc(days.past, func(d *drawnDay) bool { return d.day == yesterday }) {
		t.Errorf("%d days are kept", len(days.past))
	}
}

// While one draws the map that was judged anew, the others see the one before.
func TestNobodyWaitsForTheMapToBeDrawn(t *testing.T) {
	t.Parallel()
	cases, evidence := twoBuckets(t)
	cell, now := places(t)[0], time.Now()
	o := newOffice(t, cases, evidence, &shelf{readings: campaign(cell, viettel, "dead", now.AddDate(0, 0, -3))})
	days := newAPICoverage(o.room, now)
	o.room.Observe(now, nil)
	o.verdict(cell, coverage.Dead, 36)
	layer := func() *api.CellLayer {
		t.Helper()
		l, err := days.Layer(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	before := layer()
	again := *o.room.Latest()
	again.At, again.version = again.At.Add(time.Minute), again.version+1
	days.drawing.Lock()
	seen := days.now(&again)
	days.drawing.Unlock()
	if seen.cells != before {
		t.Error("a map that is not drawn yet was seen")
	}
	days.prepare(&again)
	if seen := days.now(&again); seen.state != &again || seen.cells == before {
		t.Error("the map is the one before still, though another is prepared")
	}
}
