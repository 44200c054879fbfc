package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"phusong/coverage"
	"phusong/dashboards/reports"
	"phusong/telemetry"
)

type reportDeclaredCmd struct {
	reportFlags
	Operator []string `required:"" placeholder:"NAME" help:"Operator by name or PLMN; may be repeated for a raster of several."`
	File     string   `required:"" placeholder:"FILE" help:"What is declared: a CSV raster (columns operator, dl_normal in bit/s, and raster or lat and lon), or GeoJSON polygons with the property download_mbps or dl_normal."`
	Side     float64  `default:"100" placeholder:"METRES" help:"Side of a raster cell that is given by lat and lon."`
}

// Run writes the comparison.
func (c *reportDeclaredCmd) Run(p *process) error {
	q, err := c.prepare(p, c.Operator, time.Now())
	if err != nil {
		return err
	}
	declared, err := c.declared(q.operators)
	if err != nil {
		return err
	}
	f, err := q.find(p)
	if err != nil {
		return err
	}
	report := &reports.Declared{Scope: f.scope(), Source: filepath.Base(c.File)}
	for _, m := range f.all.Compare(declared) {
		row := f.declaredRow(&m)
		if f.wants(m.Operator, row.Place.Code) {
			report.Rows = append(report.Rows, row)
		}
	}
	return c.write(p, report.Document())
}

func (f *findings) declaredRow(m *coverage.Mismatch) reports.DeclaredRow {
	row := reports.DeclaredRow{
		Cell: m.Cell.String(), Center: m.Cell.Center(), Outline: m.Cell.Outline(), Operator: m.Operator, Kind: string(m.Kind),
		DeclaredMbps: m.DeclaredMbps, Verdict: m.Verdict.String(), Tests: m.Tests, MeanMbps: m.MeanMbps, Residents: m.Residents,
	}
	if f.grid != nil {
		if code := f.grid.AreaOf(m.Cell); code != "" {
			row.Place = f.place(code)
		}
	}
	return row
}

// declared reads the file: GeoJSON by its first character, else a raster.
func (c *reportDeclaredCmd) declared(operators []telemetry.OperatorCode) (*coverage.Declared, error) {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return nil, fmt.Errorf("--file: %w", err)
	}
	d := coverage.NewDeclared()
	if trimmed := bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '{' {
		err = declaredPolygons(d, trimmed, operators)
	} else {
		_, err = d.ReadCSV(bytes.NewReader(text), c.Side)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.File, err)
	}
	return d, nil
}

type declaredFeature struct {
	Geometry *struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	} `json:"geometry"`
	Properties struct {
		Operator     string   `json:"operator"`
		DownloadMbps *float64 `json:"download_mbps"`
		DLNormal     *float64 `json:"dl_normal"` // bit/s
	} `json:"properties"`
}

// declaredPolygons adds the polygons of a FeatureCollection. The error names the feature.
func declaredPolygons(d *coverage.Declared, text []byte, operators []telemetry.OperatorCode) error {
	var collection struct {
		Type     string            `json:"type"`
		Features []declaredFeature `json:"features"`
	}
	if err := json.Unmarshal(text, &collection); err != nil {
		return fmt.Errorf("this is no GeoJSON: %w", err)
	}
	if collection.Type != "FeatureCollection" {
		return fmt.Errorf("this is a %q and not a FeatureCollection", collection.Type)
	}
	for i := range collection.Features {
		if err := collection.Features[i].declare(d, operators); err != nil {
			return fmt.Errorf("feature %d: %w", i+1, err)
		}
	}
	return nil
}

func (f *declaredFeature) declare(d *coverage.Declared, operators []telemetry.OperatorCode) error {
	var operator telemetry.OperatorCode
	switch {
	case f.Properties.Operator != "":
		code, err := operatorCode(f.Properties.Operator)
		if err != nil {
			return err
		}
		operator = code
	case len(operators) == 1:
		operator = operators[0]
	default:
		return errors.New("it does not say whose it is: give the property operator, or one --operator")
	}
	var mbps float64
	switch p := &f.Properties; {
	case p.DownloadMbps != nil:
		mbps = *p.DownloadMbps
	case p.DLNormal != nil:
		mbps = *p.DLNormal / 1e6
	default:
		return errors.New("it has no rate: give the property download_mbps, or dl_normal in bit/s")
	}
	if !(mbps >= 0 && mbps <= 100_000) {
		return fmt.Errorf("%v Mbit/s is no rate", mbps)
	}
	polygons, err := f.polygons()
	if err != nil || mbps == 0 {
		return err
	}
	for _, polygon := range polygons {
		if err := d.AddPolygon(operator, polygon, mbps); err != nil {
			return err
		}
	}
	return nil
}

func (f *declaredFeature) polygons() ([]telemetry.Polygon, error) {
	if f.Geometry == nil {
		return nil, errors.New("it has no geometry")
	}
	var all [][][][2]float64
	var err error
	switch f.Geometry.Type {
	case "Polygon":
		all = make([][][][2]float64, 1)
		err = json.Unmarshal(f.Geometry.Coordinates, &all[0])
	case "MultiPolygon":
		err = json.Unmarshal(f.Geometry.Coordinates, &all)
	default:
		return nil, fmt.Errorf("it is a %q; give a Polygon or a MultiPolygon", f.Geometry.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("the coordinates are not those of a %s: %s", f.Geometry.Type, strings.TrimPrefix(err.Error(), "json: "))
	}
	polygons := make([]telemetry.Polygon, len(all))
	for i := range all {
		polygons[i] = polygonOf(all[i])
		for _, ring := range polygons[i] {
			for _, at := range ring {
				if err := at.Validate(); err != nil {
					return nil, fmt.Errorf("%w; GeoJSON writes lon first", err)
				}
			}
		}
	}
	return polygons, nil
}
