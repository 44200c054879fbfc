package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"phusong/coverage"
	"phusong/dashboards/api"
	"phusong/dashboards/reports"
	"phusong/internal/registry"
	"phusong/telemetry"
)

// apiCases shows the evidence on a case as it is now, beside what was sent.

func (c apiCases) Review(ctx context.Context, id string) (api.CaseReview, error) {
	x, err := c.room.cases.Get(ctx, id)
	if err != nil {
		return api.CaseReview{}, inCoverageWords(err)
	}
	s, err := c.room.state()
	if err != nil {
		return api.CaseReview{}, inCoverageWords(err)
	}
	review := api.CaseReview{
		Day: s.Assessment.Day.String(), Rules: s.Assessment.Rules, Cells: cellValues(s, &x), Retest: []api.RetestCell{},
		Outlook: append([]api.CaseOutlook{}, c.outlook(&x)...),
	}
	if x.Answer == "" {
		return review, nil
	}
	from := c.room.cases.retestedFrom(&x)
	review.From = from.String()
	review.Retest, err = c.retest(&x, from)
	return review, inCoverageWords(err)
}

// cellValues are the cells of a case that anybody has tested.
func cellValues(s *coverageState, x *coverage.Case) []api.CellEvidence {
	list := []api.CellEvidence{}
	for _, cell := range x.Cells {
		if v := s.Assessment.Find(cell, x.Operator); v != nil {
			list = append(list, cellValue(s, v))
		}
	}
	return list
}

func (c apiCases) retest(x *coverage.Case, from coverage.Day) ([]api.RetestCell, error) {
	d, further, err := c.room.Retested(x.Operator, x.Cells, from)
	if err != nil {
		return nil, err
	}
	list := make([]api.RetestCell, len(d.Cells))
	for i := range d.Cells {
		e := &d.Cells[i]
		list[i] = api.RetestCell{Cell: e.Cell.String(), Area: e.Area, Decision: decisionValue(&e.Decision)}
		if further[i] != nil {
			value := furtherValue(further[i])
			list[i].Further = &value
		}
	}
	return list, nil
}

// outlook tries on a copy of the case what could be done to it now.
func (c apiCases) outlook(x *coverage.Case) []api.CaseOutlook {
	act := coverage.Act{At: time.Now(), Actor: "nobody"}
	var list []api.CaseOutlook
	switch x.State {
	case coverage.CaseOpen, coverage.CaseDisputed:
		evidence, err := c.room.Dossier(x.Operator, x.Cells)
		if err == nil {
			_, err = x.Send(evidence, act)
		}
		list = append(list, api.Outlook(api.CaseOutlook{Action: "send"}, inCoverageWords(err)))
	case coverage.CaseSent, coverage.CaseAnswered, coverage.CaseRetest, coverage.CaseClosed:
	}
	switch x.State {
	case coverage.CaseAnswered, coverage.CaseRetest, coverage.CaseDisputed:
		for _, how := range []coverage.Resolution{coverage.Repaired, coverage.Rebutted, coverage.Restored} {
			proof, err := c.room.cases.proof(x, how, c.room.cases.retestedFrom(x))
			if err == nil {
				_, err = x.Close(how, proof, act)
			}
			list = append(list, api.Outlook(api.CaseOutlook{Action: "close", Resolution: string(how)}, inCoverageWords(err)))
		}
	case coverage.CaseOpen, coverage.CaseSent, coverage.CaseClosed:
	}
	return list
}

func (c apiCases) ZoneEvidence(zone string) (api.ZoneEvidence, error) {
	s, err := c.room.state()
	if err != nil {
		return api.ZoneEvidence{}, inCoverageWords(err)
	}
	i := slices.IndexFunc(s.Zones.Open, func(z coverage.Zone) bool { return z.ID == zone })
	if i < 0 {
		return api.ZoneEvidence{}, fmt.Errorf("zone %s: %w", zone, api.ErrNotFound)
	}
	z := &s.Zones.Open[i]
	return api.ZoneEvidence{
		Zone: z.ID, Operator: z.Operator, Areas: c.areas(z.Cells), Case: c.room.cases.about(z),
		Cells: cellValues(s, &coverage.Case{Operator: z.Operator, Cells: z.Cells}),
	}, nil
}

// contentTypes are those of the formats of a dossier.
var contentTypes = map[reports.Format]string{
	reports.HTML: "text/html; charset=utf-8", reports.CSV: "text/csv; charset=utf-8", reports.GeoJSON: "application/geo+json",
	reports.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// Document writes the dossier as it was sent, in the form of phusong report dossier.
func (c apiCases) Document(ctx context.Context, id string, o api.DocumentOptions) (api.Document, error) {
	x, err := c.room.cases.Get(ctx, id)
	if err != nil {
		return api.Document{}, inCoverageWords(err)
	}
	if x.Evidence == nil {
		return api.Document{}, fmt.Errorf("case %s was not sent yet: %w", id, api.ErrNotFound)
	}
	report, err := c.printed(&x)
	if err != nil {
		return api.Document{}, err
	}
	options := reports.Options{Format: reports.Format(o.Format), Language: reports.Language(o.Language), Table: o.Table}
	var body bytes.Buffer
	if err := reports.Write(&body, report.Document(), options); err != nil {
		return api.Document{}, err
	}
	d := api.Document{Name: id + "." + o.Format, ContentType: contentTypes[options.Format], Body: body.Bytes()}
	if options.Format == reports.HTML {
		d.Policy = reports.PagePolicy
	}
	return d, nil
}

// printed is a dossier made of the frozen evidence alone, so that it stays the same; only the
// names of places are those of today.
func (c apiCases) printed(x *coverage.Case) (*reports.Dossier, error) {
	e := x.Evidence
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	d := &reports.Dossier{
		Scope:    reports.Scope{Operators: []telemetry.OperatorCode{e.Operator}, Day: e.Day.String(), To: e.Day.String(), Rules: e.Rules.ID(), TargetMbps: e.Rules.TargetMbps},
		Operator: e.Operator, Hash: x.Hash, JSON: text,
		Case: &reports.CaseHead{ID: x.ID, Zone: x.Zone, Round: x.Round, Sent: c.sentAt(x)},
	}
	var land *coverageLand
	c.room.locked(func() { land = c.room.land })
	from := e.Day
	for i := range e.Cells {
		cell := &e.Cells[i]
		from = min(from, cell.From)
		d.Roads = d.Roads || cell.Accessible != coverage.AllPoints
		d.Cells = append(d.Cells, frozenRow(cell, e, land, c.room.zone))
		for n := range cell.Tests {
			d.Tests = append(d.Tests, testRow(cell.Cell, &cell.Tests[n]))
		}
	}
	d.From, d.Area = from.String(), commonPlace(land.from, c.areas(x.Cells))
	return d, nil
}

// sentAt is when the case was last sent, by local clocks.
func (c apiCases) sentAt(x *coverage.Case) string {
	for _, e := range slices.Backward(x.Trail) {
		if e.To == coverage.CaseSent && e.From != e.To {
			return e.At.In(c.room.zone).Format("2006-01-02 15:04")
		}
	}
	return ""
}

func frozenRow(e *coverage.DossierCell, d *coverage.Dossier, land *coverageLand, zone *time.Location) reports.CellRow {
	row := cellRow(&coverage.CellVerdict{
		Cell: e.Cell, Operator: d.Operator, Area: e.Area, Standing: e.Standing, Decision: e.Decision, Summary: e.Summary(zone),
		TargetMbps: e.TargetMbps, From: e.From, To: e.To, Accessible: e.Accessible,
	}, d.Rules.Share, zone)
	if e.Area != "" {
		row.Place = placeOf(land.from, e.Area)
	}
	if land.grid != nil {
		row.Residents = int(land.grid.Population(e.Cell) + 0.5)
	}
	return row
}

// commonPlace is the commune, or else the province, that all the areas are in.
func commonPlace(r *registry.Registry, areas []telemetry.AreaCode) reports.Place {
	if len(areas) == 1 {
		return placeOf(r, areas[0])
	}
	parents := make(map[telemetry.AreaCode]bool)
	for _, code := range areas {
		a, _ := r.Area(code)
		parents[a.Parent] = true
	}
	for parent := range parents {
		if len(parents) == 1 && parent != "" {
			return placeOf(r, parent)
		}
	}
	return reports.Place{}
}
