package main

import (
	"fmt"

	"phusong/coverage"
	"phusong/dashboards/api"
	"phusong/telemetry"
)

// apiCoverage says what is known of single cells, and where to measure next.

func (c *apiCoverage) Cell(text string, operator telemetry.OperatorCode) (api.CellEvidence, error) {
	s, v, err := c.find(text, operator)
	if err != nil {
		return api.CellEvidence{}, err
	}
	return cellValue(s, v), nil
}

func cellValue(s *coverageState, v *coverage.CellVerdict) api.CellEvidence {
	center := v.Cell.Center()
	evidence := api.CellEvidence{
		Day: s.Assessment.Day.String(), Rules: s.Assessment.Rules, Cell: v.Cell.String(), Operator: v.Operator, Area: v.Area,
		Lat: center.Lat, Lon: center.Lon, TargetMbps: v.TargetMbps, From: v.From.String(), To: v.To.String(), Accessible: int(v.Accessible),
		Standing: api.Standing{Verdict: v.Verdict.String(), Since: v.Since.String(), Proven: v.Proven.String()},
		Decision: decisionValue(&v.Decision), Summary: summaryValue(&v.Summary),
	}
	if v.Further != nil {
		further := furtherValue(v.Further)
		evidence.Further = &further
	}
	for _, p := range v.Points {
		evidence.Points = append(evidence.Points, api.PointCount(p))
	}
	return evidence
}

// find returns the verdict on a cell, and the state that it is of.
func (c *apiCoverage) find(text string, operator telemetry.OperatorCode) (*coverageState, *coverage.CellVerdict, error) {
	s, err := c.room.state()
	if err != nil {
		return nil, nil, inCoverageWords(err)
	}
	cell, err := coverage.ParseCell(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	v := s.Assessment.Find(cell, operator)
	if v == nil {
		return nil, nil, fmt.Errorf("nobody has tested %s in the cell %s: %w", operator, text, api.ErrNotFound)
	}
	return s, v, nil
}

func decisionValue(d *coverage.Decision) api.Decision {
	return api.Decision{
		Verdict: d.Verdict.String(), Rules: d.Rules, Tests: d.Tests, Negative: d.Negative, Unusable: d.Unusable,
		GapP: d.GapP, CoveredP: d.CoveredP, DeadP: d.DeadP, ServedP: d.ServedP,
		Gap: api.Thresholds(d.Gap), Dead: api.Thresholds(d.Dead), Covered: api.Thresholds(d.Covered), Served: api.Thresholds(d.Served),
	}
}

func summaryValue(s *coverage.Summary) api.Summary {
	return api.Summary{
		MeanMbps: s.MeanMbps, Transfers: s.Transfers, P20Mbps: s.P20Mbps, P50Mbps: s.P50Mbps, P80Mbps: s.P80Mbps,
		MeanUploadMbps: s.MeanUploadMbps, P50LatencyMs: s.P50LatencyMs,
		Results: counted[coverage.Result](s.Results[:]), RSRP: counted[coverage.Class](s.RSRP[:]), SINR: counted[coverage.Class](s.SINR[:]),
		Invalid: counted[coverage.Reason](s.Invalid[:]),
		Devices: s.Devices, Days: s.Days, Hours: s.Hours, First: s.First, Last: s.Last, FullDays: s.FullDays, Struck: s.Struck,
	}
}

// counted names counts that stand in the order of their names.
func counted[N interface {
	~uint8
	fmt.Stringer
}](counts []int) map[string]int {
	named := make(map[string]int)
	for i, n := range counts {
		if n > 0 {
			named[N(i).String()] = n
		}
	}
	return named
}

func furtherValue(f *coverage.Further) api.Further {
	return api.Further{
		Tests: f.Tests, Days: f.Days, ToCovered: f.ToCovered, ToGap: f.ToGap, Toward: f.Toward.String(),
		Points: pointNeeds(f.Points), Until: f.Until, After: f.After,
	}
}

func pointNeeds(points []coverage.PointNeed) []api.PointNeed {
	var list []api.PointNeed
	for _, p := range points {
		list = append(list, api.PointNeed{PointHex: p.PointHex.String(), Index: p.Index, Tests: p.Tests})
	}
	return list
}

func (c *apiCoverage) Survey(q api.SurveyQuestion) ([]api.SurveyStop, error) {
	stops, err := c.room.Survey(coverage.SurveyQuestion{Operators: q.Operators, Areas: q.Areas, Start: q.Start, Stops: q.Stops})
	if err != nil {
		return nil, inCoverageWords(err)
	}
	list := make([]api.SurveyStop, len(stops))
	for i := range stops {
		s := &stops[i]
		list[i] = api.SurveyStop{
			Cell: s.Cell.String(), Area: s.Area, Lat: s.Center.Lat, Lon: s.Center.Lon, Needs: []api.SurveyNeed{}, Tests: s.Tests,
			Points: pointNeeds(s.Points), Residents: s.Residents, KmFromLast: s.KmFromLast, Urgency: s.Urgency, Must: s.Must,
		}
		for n := range s.Needs {
			need := &s.Needs[n]
			list[i].Needs = append(list[i].Needs, api.SurveyNeed{Operator: need.Operator, Declared: need.Declared, Further: furtherValue(&need.Further)})
		}
	}
	return list, nil
}
