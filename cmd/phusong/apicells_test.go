package main

import (
	"errors"
	"testing"
	"time"

	"phusong/coverage"
	"phusong/dashboards/api"
)

// What is told of a cell by test, by day and by hour is the same evidence that its verdict
// rests on, and a test that does not count is told with its reason.
func TestWhatAVerdictRestsOn(t *testing.T) {
	t.Parallel()
	cases, evidence := twoBuckets(t)
	cell, now := places(t)[0], time.Now()
	readings := campaign(cell, viettel, "dead", now.AddDate(0, 0, -3))
	counted := len(readings)
	night := readings[0]
	night.Time = coverage.DayOf(now.AddDate(0, 0, -2), time.UTC).In(time.UTC).Add(18 * time.Hour) // one o'clock here
	readings = append(readings, night)
	o := newOffice(t, cases, evidence, &shelf{readings: readings})
	answers := newAPICoverage(o.room, now)
	o.room.Observe(now, nil)
	o.verdict(cell, coverage.Dead, counted)

	e, err := answers.Cell(cell.String(), viettel)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := answers.CellTests(cell.String(), viettel)
	if err != nil {
		t.Fatal(err)
	}
	var counts, reached int
	var reasons []string
	for i := range tests {
		switch {
		case !tests[i].Counts:
			reasons = append(reasons, tests[i].Reason)
		case tests[i].Reached:
			reached++
			fallthrough
		default:
			counts++
		}
	}
	if counts != e.Decision.Tests || reached != e.Decision.Tests-e.Decision.Negative || len(reasons) != 1 || reasons[0] != "hours" {
		t.Errorf("%d tests count, %d reach the target, others do not for %q; the decision is by %d tests, %d of them negative", counts, reached, reasons, e.Decision.Tests, e.Decision.Negative)
	}

	h, err := answers.CellHistory(cell.String(), viettel)
	if err != nil {
		t.Fatal(err)
	}
	var byDay, byHour api.TestCount
	for _, d := range h.Days {
		byDay.Tests, byDay.Reached, byDay.Invalid = byDay.Tests+d.Tests, byDay.Reached+d.Reached, byDay.Invalid+d.Invalid
	}
	for _, d := range h.Hours {
		byHour.Tests, byHour.Reached, byHour.Invalid = byHour.Tests+d.Tests, byHour.Reached+d.Reached, byHour.Invalid+d.Invalid
	}
	if want := (api.TestCount{Tests: counts, Reached: reached, Invalid: 1}); byDay != want || byHour != want {
		t.Errorf("by day %+v, by hour %+v, want %+v", byDay, byHour, want)
	}
	if n := len(h.Turns); n == 0 || h.Turns[n-1] != (api.Turn{Day: e.Standing.Since, Verdict: e.Standing.Verdict}) {
		t.Errorf("the turns are %v, and it stands as %+v", h.Turns, e.Standing)
	}
	if len(h.Outline) != 7 || h.Outline[0] != h.Outline[6] || len(h.Points) != coverage.PointHexes || len(h.Operators) != 1 {
		t.Errorf("outline %v, %d point-hexes, operators %v", h.Outline, len(h.Points), h.Operators)
	}
	for _, bad := range []string{"", "8865b1909bfffff", "../../etc"} {
		if _, err := answers.CellTests(bad, viettel); !errors.Is(err, api.ErrNotFound) {
			t.Errorf("tests of %q: %v", bad, err)
		}
		if _, err := answers.CellHistory(bad, viettel); !errors.Is(err, api.ErrNotFound) {
			t.Errorf("history of %q: %v", bad, err)
		}
	}
}
