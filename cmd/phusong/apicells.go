package main

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"phusong/coverage"
	"phusong/dashboards/api"
	"phusong/telemetry"
)

// apiCoverage says what the verdict on one cell rests on.

func (c *apiCoverage) CellTests(text string, operator telemetry.OperatorCode) ([]api.CellTest, error) {
	s, v, err := c.find(text, operator)
	if err != nil {
		return nil, err
	}
	var list []api.CellTest
	for _, t := range s.View.Tests(v.Cell, v.Operator, v.From, v.To) {
		list = append(list, api.CellTest{
			ID: t.ID.String(), At: c.timeOf(t.ID), PointHex: t.PointHex, Counts: true, Result: t.Result.String(), Reached: reached(&t, v), Mbps: t.Mbps,
			RSRPdBm: t.RSRPdBm, Technology: t.Technology, UploadMbps: t.UploadMbps, LatencyMs: t.LatencyMs, InVehicle: t.InVehicle,
		})
	}
	for _, t := range s.View.Invalid(v.Cell, v.Operator, v.From, v.To) {
		list = append(list, api.CellTest{ID: t.ID.String(), At: c.timeOf(t.ID), PointHex: t.PointHex, Reason: t.Reason.String()})
	}
	return list, nil
}

// reached reports whether a test that counts reached the target: nothing on 2G does.
func reached(t *coverage.TestRecord, v *coverage.CellVerdict) bool {
	return t.Result == coverage.Transferred && t.Mbps >= v.TargetMbps && t.Technology != "2g"
}

// timeOf is when a test was made, to the second.
func (c *apiCoverage) timeOf(id coverage.TestID) time.Time {
	return id.Day.In(c.room.zone).Add(time.Duration(id.Second) * time.Second)
}

func (c *apiCoverage) CellHistory(text string, operator telemetry.OperatorCode) (api.CellHistory, error) {
	s, v, err := c.find(text, operator)
	if err != nil {
		return api.CellHistory{}, err
	}
	tests, err := c.CellTests(text, operator)
	if err != nil {
		return api.CellHistory{}, err
	}
	h := api.CellHistory{Turns: []api.Turn{}, Days: []api.DayCount{}, Hours: []api.HourCount{}, Outline: lonLat(v.Cell.Outline())}
	for _, t := range c.room.History(s, v) {
		h.Turns = append(h.Turns, api.Turn{Day: t.Day.String(), Verdict: t.Verdict.String()})
	}
	for day, n := range countBy(tests, func(at time.Time) string { return at.Format(time.DateOnly) }) {
		h.Days = append(h.Days, api.DayCount{Day: day, TestCount: n})
	}
	for hour, n := range countBy(tests, time.Time.Hour) {
		h.Hours = append(h.Hours, api.HourCount{Hour: hour, TestCount: n})
	}
	for i := range coverage.PointHexes {
		h.Points = append(h.Points, lonLat(v.Cell.PointHex(i).Outline()))
	}
	for _, o := range s.Assessment.Operators() {
		if s.Assessment.Find(v.Cell, o) != nil {
			h.Operators = append(h.Operators, o)
		}
	}
	return h, nil
}

// countBy counts tests by a part of their local time, the least first.
func countBy[K cmp.Ordered](tests []api.CellTest, part func(time.Time) K) iter.Seq2[K, api.TestCount] {
	counts := make(map[K]api.TestCount)
	transfers := make(map[K]int)
	for i := range tests {
		t := &tests[i]
		k := part(t.At)
		n := counts[k]
		switch {
		case !t.Counts:
			n.Invalid++
		case t.Result == coverage.Transferred.String():
			transfers[k]++
			n.MeanMbps += (t.Mbps - n.MeanMbps) / float64(transfers[k])
			fallthrough
		default:
			n.Tests++
		}
		if t.Reached {
			n.Reached++
		}
		counts[k] = n
	}
	return func(yield func(K, api.TestCount) bool) {
		for _, k := range slices.Sorted(maps.Keys(counts)) {
			n := counts[k]
			n.MeanMbps = math.Round(100*n.MeanMbps) / 100
			if !yield(k, n) {
				return
			}
		}
	}
}

func lonLat(ring telemetry.Ring) [][2]float64 {
	line := make([][2]float64, len(ring))
	for i, p := range ring {
		line[i] = [2]float64{math.Round(p.Lon*1e6) / 1e6, math.Round(p.Lat*1e6) / 1e6}
	}
	return line
}
