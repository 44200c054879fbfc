package reports

import (
	"cmp"
	"slices"

	"phusong/telemetry"
)

// Declared sets what operators declare beside what was measured.
type Declared struct {
	Scope
	// Source is the file of the declaration, by its base name.
	Source string
	// Rows come in the order in which they matter: declared and proven missing first.
	Rows []DeclaredRow
}

// A DeclaredRow is one cell of which the declaration or the tests know.
type DeclaredRow struct {
	Cell         string
	Center       telemetry.Point
	Outline      telemetry.Ring
	Place        Place
	Operator     telemetry.OperatorCode
	Kind         string
	DeclaredMbps float64 // 0 when not declared
	Verdict      string
	Tests        int
	MeanMbps     float64
	Residents    int
}

var kindWords = map[string]Words{
	"declared_dead":       {"công bố có sóng, đo thấy lõm sóng", "declared, proven dead"},
	"declared_gap":        {"công bố có sóng, đo thấy chưa đạt", "declared, proven below target"},
	"declared_unproven":   {"công bố có sóng, chưa đủ bằng chứng", "declared, unproven"},
	"declared_untested":   {"công bố có sóng, chưa đo", "declared, untested"},
	"undeclared_covered":  {"không công bố, đo thấy đạt", "not declared, proven covered"},
	"declared_covered":    {"công bố và đo thấy đạt", "declared and covered"},
	"undeclared_measured": {"không công bố, có phép đo", "not declared, measured"},
}

// Document makes the report: a count of each kind, and the cells.
func (d *Declared) Document() *Document {
	counts := make(map[[2]string]*DeclaredRow)
	var order [][2]string
	cells := Table{Key: "cells", Title: Words{"Ô", "Cells"}, Columns: []Column{
		{"cell", wordCell, everyone}, {"operator", wordOperator, everyone}, {"area", wordArea, everyone}, {"kind", Words{"So sánh", "Comparison"}, everyone},
		{"declared_mbps", Words{"Công bố (Mbit/s)", "Declared (Mbit/s)"}, everyone}, {"verdict", wordVerdict, everyone}, {"tests", wordTests, everyone},
		{"mean_mbps", wordMean, everyone}, {"residents_estimate", wordPeople, everyone}, {"lat", Words{"Vĩ độ", "Latitude"}, machines}, {"lon", Words{"Kinh độ", "Longitude"}, machines},
		{"day", Words{"Ngày đánh giá", "Day"}, machines}, {"rules", Words{"Bộ quy tắc", "Rules"}, machines},
	}}
	for i := range d.Rows {
		r := &d.Rows[i]
		k := [2]string{string(r.Operator), r.Kind}
		if counts[k] == nil {
			counts[k] = &DeclaredRow{Operator: r.Operator, Kind: r.Kind}
			order = append(order, k)
		}
		counts[k].Tests++
		counts[k].Residents += r.Residents
		lat, lon := point(r.Center)
		cells.Rows = append(cells.Rows, Row{Class: r.Verdict, Outline: []telemetry.Polygon{{r.Outline}}, Values: []Value{
			Text(r.Cell), operator(r.Operator), place(r.Place), Term(r.Kind, kindWords[r.Kind]),
			If(r.DeclaredMbps > 0, Number(r.DeclaredMbps, 2)), verdict(r.Verdict), Int(r.Tests), If(r.MeanMbps > 0, Number(r.MeanMbps, 2)),
			Int(r.Residents), lat, lon, Text(d.Day), Text(d.Rules),
		}})
	}
	sums := Table{Key: "kinds", Title: Words{"Tổng hợp", "Summary"}, Columns: []Column{
		{"operator", wordOperator, everyone}, {"kind", Words{"So sánh", "Comparison"}, everyone}, {"cells", Words{"Số ô", "Cells"}, everyone}, {"residents_estimate", wordPeople, everyone},
	}}
	slices.SortStableFunc(order, func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) })
	for _, k := range order {
		c := counts[k]
		sums.Rows = append(sums.Rows, Row{Values: []Value{operator(c.Operator), Term(c.Kind, kindWords[c.Kind]), Int(c.Tests), Int(c.Residents)}})
	}
	return &Document{
		Name: "declared", Title: Words{"So sánh vùng phủ sóng công bố với đo thực tế", "Declared against measured coverage"}, Day: d.Day,
		Facts:  append(d.facts(), Fact{"source", Words{"Tệp công bố", "Declaration"}, Text(d.Source)}),
		Tables: []Table{sums, cells}, Notes: []Words{noteUnproven, noteMethod}, Main: "cells",
	}
}
