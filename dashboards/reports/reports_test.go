package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"phusong/telemetry"
)

func formats() []Format { return []Format{Plain, CSV, GeoJSON, XLSX, HTML} }

func written(t testing.TB, d *Document, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func square(lat, lon float64) []telemetry.Polygon {
	return []telemetry.Polygon{{{{Lat: lat, Lon: lon}, {Lat: lat, Lon: lon + 1}, {Lat: lat + 1, Lon: lon + 1}, {Lat: lat, Lon: lon}}}}
}

// document holds one row of each kind of value, with a text for the names.
func document(text string) *Document {
	return &Document{
		Name: "test", Title: Words{text, text}, Day: "2026-11-03", Main: "rows",
		Facts: []Fact{{"what", Words{"Gì", "What"}, Text(text)}},
		Tables: []Table{{Key: "rows", Title: Words{"Dòng", "Rows"}, Columns: []Column{
			{"name", Words{"Tên", "Name"}, everyone}, {"mean_mbps", Words{"TB", "Mean"}, everyone}, {"on_target", Words{"Tỷ lệ", "Share"}, everyone},
			{"p", Words{"P", "P"}, everyone}, {"met", Words{"Đạt", "Met"}, everyone}, {"none", Words{"Trống", "None"}, everyone},
			{"exact", Words{"Máy", "Machine"}, machines}, {"met_of", Words{"Người", "People"}, people},
		}, Rows: []Row{{
			Class: "gap", Outline: square(11, 106),
			Values: []Value{Text(text), Number(43.916, 2), Share(0.12345), Probability(3e-9), YesNo(true), {}, Int(7), Text("3/4")},
		}}}},
		Notes: []Words{{text, text}},
	}
}

// What people read is in their language; what programs read never changes with it.
func TestValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value           Value
		vi, en, machine string
	}{
		{Number(43.916, 2), "43,92", "43.92", "43.92"}, {Number(40, 2), "40,00", "40.00", "40"}, {Number(-0.0001, 2), "0,00", "0.00", "0"},
		{Int(-3), "-3", "-3", "-3"}, {Share(0.4959), "49,6 %", "49.6 %", "0.4959"}, {Probability(0.04321), "0,0432", "0.0432", "0.04321"},
		{Probability(3e-9), "< 0,0001", "< 0.0001", "3e-09"}, {YesNo(false), "không", "no", "false"}, {Value{}, "–", "–", ""}, {Text(""), "–", "–", ""},
		{Number(math.NaN(), 2), "–", "–", ""}, {Share(math.Inf(1)), "–", "–", ""}, {Probability(math.NaN()), "–", "–", ""},
		{verdict("dead"), "lõm sóng", "dead", "dead"}, {verdict("new"), "new", "new", "new"}, {reason("hours"), "ngoài khung giờ 06:00–22:00", "outside 06:00 to 22:00", "hours"},
		{operator("45204"), "Viettel (45204)", "Viettel (45204)", "45204"}, {operator("45299"), "45299", "45299", "45299"},
		{If(false, Int(1)), "–", "–", ""},
	} {
		if vi, en, machine := tt.value.human(Vietnamese), tt.value.human(English), tt.value.machine(); vi != tt.vi || en != tt.en || machine != tt.machine {
			t.Errorf("%+v is %q, %q and %q; want %q, %q and %q", tt.value, vi, en, machine, tt.vi, tt.en, tt.machine)
		}
	}
}

// hostile are names that try to be something else.
var hostile = []string{
	`=HYPERLINK("x")`, "<script>alert(1)</script>", `"><img onerror=x>`, "a,b;c\td", "line\nline", "\x1b[2J", "@SUM(1)", "-1+1", "{{.}}", "</style>", "&amp;", "]]>", "\x00",
}

// Whatever stands in a name, every format stays whole: it can be read back, and holds nothing
// that was not put there.
func TestNamesCannotBreakOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := document(rapid.OneOf(rapid.String(), rapid.SampledFrom(hostile)).Draw(rt, "name"))
		for _, f := range []Format{Plain, CSV, GeoJSON, HTML} {
			var b bytes.Buffer
			if err := Write(&b, d, Options{Format: f, Language: Vietnamese}); err != nil {
				rt.Fatalf("%s: %v", f, err)
			}
			checkWhole(rt, f, b.Bytes())
		}
	})
	for _, text := range hostile { // a workbook takes its time
		checkWhole(t, XLSX, []byte(written(t, document(text), Options{Format: XLSX, Language: Vietnamese})))
	}
}

// fataler is a test of either kind.
type fataler interface {
	Fatalf(format string, args ...any)
}

func checkWhole(rt fataler, f Format, out []byte) {
	switch f {
	case Plain:
		if bytes.ContainsFunc(bytes.ReplaceAll(out, []byte("\n"), nil), func(c rune) bool { return c < ' ' || c == 0x7f }) {
			rt.Fatalf("the terminal gets %q", out)
		}
	case CSV:
		rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
		if err != nil || len(rows) != 2 {
			rt.Fatalf("%d rows, %v", len(rows), err)
		}
		if got := rows[1][0]; got != "" && strings.ContainsRune("=+-@", rune(got[0])) {
			rt.Fatalf("a spreadsheet would take %q for a formula", got)
		}
	case GeoJSON:
		var collection struct {
			Features []struct{ Properties map[string]any }
		}
		if err := json.Unmarshal(out, &collection); err != nil || len(collection.Features) != 1 {
			rt.Fatalf("%d features, %v", len(collection.Features), err)
		}
	case HTML:
		checkPage(rt, out)
	case XLSX:
		book, err := excelize.OpenReader(bytes.NewReader(out))
		if err != nil {
			rt.Fatalf("the workbook cannot be read: %v", err)
		}
		formula, err := book.GetCellFormula("Dòng", "A2")
		if err := errors.Join(err, book.Close()); err != nil || formula != "" {
			rt.Fatalf("a cell is the formula %q (%v)", formula, err)
		}
	case JSON:
	}
}

// checkPage reads the page as the markup it claims to be: no element but those of the template.
func checkPage(rt fataler, out []byte) {
	d := xml.NewDecoder(bytes.NewReader(out))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			return // characters that XML does not know, and HTML does
		}
		if e, ok := token.(xml.StartElement); ok {
			switch e.Name.Local {
			case "html", "head", "meta", "title", "style", "body", "h1", "h2", "dl", "dt", "dd", "figure", "svg", "path", "figcaption", "span", "i", "div", "table", "thead", "tr", "th", "tbody", "td", "p":
			default:
				rt.Fatalf("the page has an element %s", e.Name.Local)
			}
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "src" {
					rt.Fatalf("an element %s has the attribute %s", e.Name.Local, a.Name.Local)
				}
			}
		}
	}
}

// The same document makes the same bytes, and another one others.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	for _, f := range formats() {
		first := written(t, document("Tân Châu"), Options{Format: f, Language: Vietnamese})
		for range 5 {
			if again := written(t, document("Tân Châu"), Options{Format: f, Language: Vietnamese}); again != first {
				t.Errorf("%s: two runs differ", f)
			}
		}
		if other := written(t, document("Tân Biên"), Options{Format: f, Language: Vietnamese}); other == first {
			t.Errorf("%s: the name makes no difference", f)
		}
	}
}

// Machines get one value a column, people what fits on a page.
func TestAudiences(t *testing.T) {
	t.Parallel()
	d := document("x")
	if got, want := written(t, d, Options{Format: CSV}), "name,mean_mbps,on_target,p,met,none,exact\nx,43.92,0.1235,3e-09,true,,7\n"; got != want {
		t.Errorf("CSV (-want +got):\n%s", cmp.Diff(want, got))
	}
	for _, f := range []Format{Plain, HTML} {
		got := written(t, d, Options{Format: f, Language: Vietnamese})
		if !strings.Contains(got, "3/4") || strings.Contains(got, "Máy") {
			t.Errorf("%s shows people what is for machines, or not what is for them:\n%s", f, got)
		}
	}
	if got := written(t, d, Options{Format: GeoJSON}); !strings.Contains(got, `"met":true`) || !strings.Contains(got, `"exact":7`) || strings.Contains(got, "met_of") || strings.Contains(got, `"none"`) {
		t.Errorf("GeoJSON\n%s", got)
	}
}

// What is left out of a page or a terminal is said; the other formats have every row.
func TestLongTables(t *testing.T) {
	t.Parallel()
	d := document("x")
	for range 2000 {
		d.Tables[0].Rows = append(d.Tables[0].Rows, d.Tables[0].Rows[0])
	}
	if got := written(t, d, Options{Format: Plain, Language: English}); !strings.Contains(got, "Rows (2001)") || !strings.Contains(got, "… and 1961 more rows") {
		t.Errorf("the terminal gets\n%.3000s", got)
	}
	if got := written(t, d, Options{Format: HTML, Language: Vietnamese}); !strings.Contains(got, "(2001)") || !strings.Contains(got, "… và 1001 dòng nữa") {
		t.Error("the page does not say what it leaves out")
	}
	if rows := strings.Count(written(t, d, Options{Format: CSV}), "\n"); rows != 2002 {
		t.Errorf("CSV has %d lines", rows)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	short := document("x")
	short.Tables[0].Rows[0].Values = short.Tables[0].Rows[0].Values[:3]
	for want, try := range map[string]struct {
		d *Document
		o Options
	}{
		"report test: table rows, row 1: 3 values for 8 columns":   {short, Options{Format: CSV}},
		`report test: the format "pdf" is unknown; use table, csv`: {document("x"), Options{Format: "pdf"}},
		`report test: there is no table "cells"; there are rows`:   {document("x"), Options{Format: CSV, Table: "cells"}},
		"report test: it has no JSON of its own; use geojson":      {document("x"), Options{Format: JSON}},
	} {
		if err := Write(io.Discard, try.d, try.o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	full := errors.New("the disk is full")
	for _, f := range formats() {
		if err := Write(failing{full}, document("x"), Options{Format: f}); !errors.Is(err, full) {
			t.Errorf("%s: error %v, want that of the writer", f, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// Both languages have every word: nothing is left in the other one by oversight.
func TestEveryWordIsInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, words := range []map[string]Words{verdictWords, reasonWords, severityWords, resultWords, kindWords} {
		for key, w := range words {
			if w.Vi == "" || w.En == "" {
				t.Errorf("%s: %+v", key, w)
			}
		}
	}
	coverage := (&Coverage{}).Document()
	dossier := (&Dossier{Operator: "45204"}).Document()
	declared := (&Declared{}).Document()
	for _, d := range []*Document{coverage, dossier, declared} {
		for _, f := range d.Facts {
			checkWords(t, d.Name+" "+f.Key, f.Label)
		}
		for _, table := range d.Tables {
			checkWords(t, d.Name+" "+table.Key, table.Title)
			for _, c := range table.Columns {
				checkWords(t, d.Name+" "+c.Key, c.Label)
			}
		}
		for _, n := range d.Notes {
			checkWords(t, d.Name, n)
		}
		for _, f := range formats() { // without a row as well
			written(t, d, Options{Format: f, Language: English})
		}
	}
}

func checkWords(t *testing.T, what string, w Words) {
	t.Helper()
	if w.Vi == "" || w.En == "" {
		t.Errorf("%s: %+v", what, w)
	}
}
