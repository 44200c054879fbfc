package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"phusong/coverage"
	"phusong/dashboards/reports"
)

type reportDossierCmd struct {
	reportFlags
	Operator string   `required:"" placeholder:"NAME" help:"Operator by name or PLMN."`
	Cell     []string `placeholder:"H3" help:"Cell of the dossier, whatever its verdict; may be repeated; default: all gaps and dead cells."`
}

// Run writes the dossier.
func (c *reportDossierCmd) Run(p *process) error {
	q, err := c.prepare(p, []string{c.Operator}, time.Now())
	if err != nil {
		return err
	}
	var cells []coverage.Cell
	for _, text := range c.Cell {
		cell, err := coverage.ParseCell(text)
		if err != nil {
			return fmt.Errorf("--cell: %w", err)
		}
		cells = append(cells, cell)
	}
	f, err := q.find(p)
	if err != nil {
		return err
	}
	report, err := f.dossier(cells)
	if err != nil {
		return err
	}
	return c.write(p, report.Document())
}

// dossier collects the evidence on the cells, of all bad ones when none are named.
func (f *findings) dossier(cells []coverage.Cell) (*reports.Dossier, error) {
	operator := f.q.operators[0]
	if len(cells) == 0 {
		for i := range f.all.Cells {
			if c := &f.all.Cells[i]; c.Verdict.IsBad() && f.wants(c.Operator, c.Area) {
				cells = append(cells, c.Cell)
			}
		}
	}
	evidence, err := f.all.Dossier(f.view, operator, cells)
	if err != nil {
		return nil, err
	}
	// What goes out must be what anybody else recomputes.
	if err := evidence.Verify(); err != nil {
		return nil, err
	}
	report := &reports.Dossier{Scope: f.scope(), Operator: operator}
	if report.Hash, err = evidence.Hash(); err != nil {
		return nil, err
	}
	if report.JSON, err = json.Marshal(evidence); err != nil {
		return nil, err
	}
	for i := range evidence.Cells {
		e := &evidence.Cells[i]
		report.Cells = append(report.Cells, f.cellRow(f.all.Find(e.Cell, operator)))
		for j := range e.Tests {
			report.Tests = append(report.Tests, testRow(e.Cell, &e.Tests[j]))
		}
		for _, t := range f.view.Invalid(e.Cell, operator, e.From, e.To) {
			row := identified(e.Cell, t.ID)
			row.PointHex, row.Reason = t.PointHex, t.Reason.String()
			report.Invalid = append(report.Invalid, row)
		}
	}
	return report, nil
}

func testRow(cell coverage.Cell, t *coverage.TestRecord) reports.TestRow {
	row := identified(cell, t.ID)
	row.PointHex, row.Result, row.Mbps = t.PointHex, t.Result.String(), t.Mbps
	row.UploadMbps, row.LatencyMs, row.RSRPdBm, row.Technology, row.InVehicle = t.UploadMbps, t.LatencyMs, t.RSRPdBm, t.Technology, t.InVehicle
	return row
}

// identified is a test by its id alone: local time and a hash of the device.
func identified(cell coverage.Cell, id coverage.TestID) reports.TestRow {
	at, device, _ := strings.Cut(id.String(), "/")
	return reports.TestRow{Cell: cell.String(), Time: strings.Replace(at, "T", " ", 1), Device: device}
}
