package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"phusong/telemetry"
)

// A Language is that of people-facing text.
type Language string

// The languages.
const (
	Vietnamese Language = "vi"
	English    Language = "en"
)

// A Words is a text in both languages.
type Words struct{ Vi, En string }

// In returns the text in a language.
func (w Words) In(l Language) string {
	if l == English {
		return w.En
	}
	return w.Vi
}

// A Document is a report before it has a format.
type Document struct {
	// Name is short and stable, such as "coverage": it names layers and sheets.
	Name  string
	Title Words
	// Day is the day that the report is about, like 2026-11-03.
	Day    string
	Facts  []Fact
	Tables []Table
	// Notes are sentences below the tables: what the numbers are, and what they are not.
	Notes []Words
	// Main names the table that CSV holds unless told otherwise, and whose outlines are drawn
	// on the printed page.
	Main string
	// Raw is what machines verify, written by [JSON]; nil for none.
	Raw []byte
}

// A Fact is one line at the head of a report.
type Fact struct {
	// Key is the name for machines.
	Key   string
	Label Words
	Value Value
}

// A Table is a list of rows under named columns.
type Table struct {
	// Key is the name for machines, such as "cells".
	Key     string
	Title   Words
	Columns []Column
	Rows    []Row
}

// A Column of a table.
type Column struct {
	Key   string // for machines: lower case, with the unit
	Label Words
	For   Audience
}

// An Audience says who a column is for: a page is narrow, and a program wants one value a
// column.
type Audience uint8

// The audiences. The page and the terminal are for people, CSV, GeoJSON and XLSX for
// machines.
const (
	everyone Audience = iota
	machines
	people
)

// A Row has a value for each column. Outline is its shape on a map, nil for none; what has
// only a place is At, zero for none.
type Row struct {
	Values  []Value
	Outline []telemetry.Polygon
	At      telemetry.Point
	// Class is the colour of the row on the map and the page: a verdict; empty for none.
	Class string
}

// A Value is a text, a number or nothing. The zero Value is nothing, which is never 0.
type Value struct {
	kind   valueKind
	words  Words
	key    string
	number float64
	places int
}

type valueKind uint8

const (
	nothing valueKind = iota
	textual
	numeric
	share
	probability
)

// Text is a text that is the same in every language; an empty one is nothing.
func Text(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{kind: textual, key: s, words: Words{s, s}}
}

// Term is a word that people read in their language and machines by its key.
func Term(key string, words Words) Value { return Value{kind: textual, key: key, words: words} }

// Int is a whole number.
func Int(n int) Value { return Value{kind: numeric, number: float64(n)} }

// Number is a number with so many decimal places at most. What is not finite is nothing.
func Number(v float64, places int) Value {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Value{}
	}
	return Value{kind: numeric, number: rounded(v, places), places: places}
}

// Share is a number from 0 to 1, that people read as a percentage with one place.
func Share(v float64) Value {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Value{}
	}
	return Value{kind: share, number: rounded(v, 4), places: 4}
}

// Probability is a number from 0 to 1 that may be very small, with four digits.
func Probability(p float64) Value {
	if math.IsNaN(p) || math.IsInf(p, 0) {
		return Value{}
	}
	return Value{kind: probability, number: p}
}

// YesNo is a yes or a no.
func YesNo(v bool) Value {
	if v {
		return Term("true", Words{"có", "yes"})
	}
	return Term("false", Words{"không", "no"})
}

// If is the value where there is one, else nothing.
func If(there bool, v Value) Value {
	if there {
		return v
	}
	return Value{}
}

func rounded(v float64, places int) float64 {
	scale := math.Pow10(places)
	if r := math.Round(v*scale) / scale; r != 0 {
		return r
	}
	return 0 // not -0
}

// machine is the value for programs: decimal point, keys, the empty text for nothing.
func (v Value) machine() string {
	switch v.kind {
	case textual:
		return v.key
	case numeric, share:
		return strconv.FormatFloat(v.number, 'f', -1, 64)
	case probability:
		return strconv.FormatFloat(v.number, 'g', 4, 64)
	case nothing:
	}
	return ""
}

// human is the value for people.
func (v Value) human(l Language) string {
	var text string
	switch v.kind {
	case textual:
		return v.words.In(l)
	case numeric:
		text = strconv.FormatFloat(v.number, 'f', v.places, 64)
	case probability:
		if text = strconv.FormatFloat(v.number, 'f', 4, 64); v.number < 0.0001 {
			text = "< 0.0001"
		}
	case share:
		text = strconv.FormatFloat(v.number*100, 'f', 1, 64)
	case nothing:
		return "–"
	}
	if l == Vietnamese {
		text = strings.Replace(text, ".", ",", 1)
	}
	if v.kind == share {
		text += " %"
	}
	return text
}

// isNumber says how a cell is aligned.
func (v Value) isNumber() bool { return v.kind >= numeric }

// A Format is how a report is written.
type Format string

// The formats.
const (
	Plain   Format = "table"
	CSV     Format = "csv"
	GeoJSON Format = "geojson"
	XLSX    Format = "xlsx"
	HTML    Format = "html"
	JSON    Format = "json"
)

// Options say how to write a document.
type Options struct {
	Format   Format
	Language Language
	// Table is the one that CSV holds; empty for the main one.
	Table string
}

// Write writes the document. It is an error when a format needs what the document has not.
func Write(w io.Writer, d *Document, o Options) error {
	if err := d.check(); err != nil {
		return fmt.Errorf("report %s: %w", d.Name, err)
	}
	switch o.Format {
	case Plain:
		return writePlain(w, d, o.Language)
	case CSV:
		return writeCSV(w, d, o.Table)
	case GeoJSON:
		return writeGeoJSON(w, d)
	case XLSX:
		return writeXLSX(w, d, o.Language)
	case HTML:
		return writeHTML(w, d, o.Language)
	case JSON:
		if d.Raw == nil {
			return fmt.Errorf("report %s: it has no JSON of its own; use geojson", d.Name)
		}
		_, err := w.Write(d.Raw)
		return err
	}
	return fmt.Errorf("report %s: the format %q is unknown; use table, csv, geojson, xlsx or html", d.Name, o.Format)
}

func (d *Document) check() error {
	for i := range d.Tables {
		t := &d.Tables[i]
		for j := range t.Rows {
			if n := len(t.Rows[j].Values); n != len(t.Columns) {
				return fmt.Errorf("table %s, row %d: %d values for %d columns", t.Key, j+1, n, len(t.Columns))
			}
		}
	}
	return nil
}

// table returns the one with the key.
func (d *Document) table(key string) (*Table, error) {
	i := slices.IndexFunc(d.Tables, func(t Table) bool { return t.Key == key })
	if i >= 0 {
		return &d.Tables[i], nil
	}
	var keys []string
	for i := range d.Tables {
		keys = append(keys, d.Tables[i].Key)
	}
	return nil, fmt.Errorf("report %s: there is no table %q; there are %s", d.Name, key, strings.Join(keys, ", "))
}
