package main

import (
	"encoding/json"
	"fmt"
	"time"

	"phusong/coverage"
	"phusong/dashboards/reports"
	"phusong/telemetry"
)

type reportCoverageCmd struct {
	reportFlags
	Operator []string `placeholder:"NAME" help:"Operator by name or PLMN; may be repeated; default: all."`
}

// Run writes the report.
func (c *reportCoverageCmd) Run(p *process) error {
	q, err := c.prepare(p, c.Operator, time.Now())
	if err != nil {
		return err
	}
	f, err := q.find(p)
	if err != nil {
		return err
	}
	report, err := f.coverage()
	if err != nil {
		return err
	}
	return c.write(p, report.Document())
}

func (f *findings) coverage() (*reports.Coverage, error) {
	r := &reports.Coverage{Scope: f.scope(), Tests: f.tests, Counting: f.counting, Samples: f.samples, Invalid: f.invalidRows()}
	for i := range f.all.Cells {
		if c := &f.all.Cells[i]; f.wants(c.Operator, c.Area) {
			r.Cells = append(r.Cells, f.cellRow(c))
		}
	}
	for _, a := range f.all.Areas(f.view) {
		if f.wants(a.Operator, a.Area) {
			r.Areas = append(r.Areas, f.areaRow(&a))
		}
	}
	var err error
	r.Zones, err = f.zones()
	return r, err
}

func (f *findings) areaRow(a *coverage.AreaReport) reports.AreaRow {
	y, g := &a.Yardsticks, &a.Yardsticks.FiveG
	row := reports.AreaRow{
		Place: f.place(a.Area), Operator: a.Operator, Verdict: a.Verdict.String(),
		Cells: make(map[string]int), Residents: make(map[string]int), Untested: a.Untested, All: a.All,
		Tests: y.Tests, Transfers: y.Transfers, MeanMbps: y.MeanMbps, MeanMet: y.MeanMet, OnTarget: y.OnTarget, Available: y.Available,
		FiveGTransfers: g.Transfers, FiveGMeanMbps: g.MeanMbps, FiveGUploadMbps: g.MeanUploadMbps, FiveGLatencyMs: g.MeanLatencyMs,
		FiveGAbove30: g.Above30, FiveGEnough: g.Enough, FiveGMet: g.Met,
	}
	for _, v := range coverage.Verdicts() {
		row.Cells[v.String()], row.Residents[v.String()] = a.Cells[v], a.Residents[v]
	}
	return row
}

// zones are the connected bad cells of the day. Their ids are the service's, which has seen
// them grow; a report made of one day has none.
func (f *findings) zones() ([]reports.ZoneRow, error) {
	var z coverage.Zones
	if _, err := z.Update(f.all); err != nil {
		return nil, err
	}
	var rows []reports.ZoneRow
	for i := range z.Open {
		zone := &z.Open[i]
		if !f.touches(zone) {
			continue
		}
		row := reports.ZoneRow{
			Verdict: zone.Verdict.String(), Operator: zone.Operator, FirstCell: zone.Cells[0].String(), Cells: len(zone.Cells),
			AreaKm2: zone.AreaKm2, Population: zone.Population, Severity: string(zone.Severity),
		}
		for _, code := range zone.Areas {
			row.Places = append(row.Places, f.place(code))
		}
		for _, cell := range zone.Cells {
			if c := f.all.Find(cell, zone.Operator); c != nil && (row.Since == "" || c.Since.String() < row.Since) {
				row.Since = c.Since.String()
			}
		}
		var err error
		if row.Outline, err = outlineOf(&z, zone); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (f *findings) touches(z *coverage.Zone) bool {
	if f.q.area.Code == "" {
		return f.wants(z.Operator, "")
	}
	for _, code := range z.Areas {
		if f.wants(z.Operator, code) {
			return true
		}
	}
	return false
}

// outlineOf takes the shape of a zone out of its GeoJSON.
func outlineOf(z *coverage.Zones, zone *coverage.Zone) ([]telemetry.Polygon, error) {
	text, err := z.AppendZones(nil, []coverage.Zone{*zone})
	if err != nil {
		return nil, err
	}
	var drawn struct {
		Features []struct {
			Geometry struct {
				Coordinates [][][][2]float64 `json:"coordinates"`
			} `json:"geometry"`
		} `json:"features"`
	}
	if err := json.Unmarshal(text, &drawn); err != nil {
		return nil, fmt.Errorf("drawing zone %s: %w", zone.ID, err)
	}
	var outline []telemetry.Polygon
	for _, feature := range drawn.Features {
		for _, polygon := range feature.Geometry.Coordinates {
			outline = append(outline, polygonOf(polygon))
		}
	}
	return outline, nil
}

// polygonOf turns the coordinates of GeoJSON, longitude first, into a polygon.
func polygonOf(coordinates [][][2]float64) telemetry.Polygon {
	polygon := make(telemetry.Polygon, len(coordinates))
	for i, ring := range coordinates {
		for _, at := range ring {
			polygon[i] = append(polygon[i], telemetry.Point{Lat: at[1], Lon: at[0]})
		}
	}
	return polygon
}
