package reports

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"phusong/telemetry"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// PagePolicy is the content security policy under which a page may be shown: its own style, and
// nothing else from anywhere.
var PagePolicy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

func styleHash() string {
	_, rest, _ := strings.Cut(pageText, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// pageRows is how many rows of a table are printed. The other formats have them all.
const pageRows = 1000

// A pageView is what the template sees: texts only, in one language.
type pageView struct {
	Language, Title string
	Facts           [][2]string
	Map             *pageMap
	Tables          []pageTable
	Notes           []string
}

type pageTable struct {
	Title string
	Head  []pageCell
	Rows  []pageRow
	Total int
	More  string
}

type pageRow struct {
	Class string
	Cells []pageCell
}

type pageCell struct {
	Text   string
	Number bool
}

// A pageMap is a drawing of outlines, without a background: a page must print anywhere.
type pageMap struct {
	Title         string
	Width, Height int
	Shapes        []pageShape
	Legend        []pageLegend
}

type pageShape struct{ Class, Path, Title string }

type pageLegend struct{ Class, Text string }

func writeHTML(w io.Writer, d *Document, l Language) error {
	view := pageView{Language: string(l), Title: d.Title.In(l)}
	if l != English {
		view.Language = string(Vietnamese)
	}
	for _, f := range d.Facts {
		view.Facts = append(view.Facts, [2]string{f.Label.In(l), f.Value.human(l)})
	}
	for i := range d.Tables {
		t := &d.Tables[i]
		if t.Key == d.Main {
			view.Map = t.draw(l)
		}
		view.Tables = append(view.Tables, t.view(l))
	}
	for _, n := range d.Notes {
		view.Notes = append(view.Notes, n.In(l))
	}
	return page.Execute(w, view)
}

func (t *Table) view(l Language) pageTable {
	p := pageTable{Title: t.Title.In(l), Total: len(t.Rows)}
	shown := t.Rows[:min(len(t.Rows), pageRows)]
	for c := range t.Columns {
		if t.Columns[c].For != machines {
			number := len(shown) > 0 && shown[0].Values[c].isNumber()
			p.Head = append(p.Head, pageCell{t.Columns[c].Label.In(l), number})
		}
	}
	for i := range shown {
		row := pageRow{Class: shown[i].Class}
		for c, v := range shown[i].Values {
			if t.Columns[c].For != machines {
				row.Cells = append(row.Cells, pageCell{v.human(l), v.isNumber()})
			}
		}
		p.Rows = append(p.Rows, row)
	}
	if more := len(t.Rows) - len(shown); more > 0 {
		p.More = fmt.Sprintf(moreRows.In(l), more)
	}
	return p
}

// Of a map this many shapes are drawn at most, on so many units of width.
const (
	mapShapes = 20_000
	mapWidth  = 900
)

// draw puts the outlines on a plane: equirectangular about their middle, true to
// shape over a province. Rows come worst first, so the best are drawn below.
func (t *Table) draw(l Language) *pageMap {
	box := newBox()
	for i := range t.Rows {
		for _, p := range t.Rows[i].Outline {
			box.include(p)
		}
	}
	if box.empty() {
		return nil
	}
	squeeze := math.Cos((box.south + box.north) / 2 * math.Pi / 180)
	scale := mapWidth / math.Max((box.east-box.west)*squeeze, (box.north-box.south)/2)
	m := &pageMap{
		Title: t.Title.In(l), Width: int(math.Ceil((box.east-box.west)*squeeze*scale)) + 2,
		Height: int(math.Ceil((box.north-box.south)*scale)) + 2,
	}
	seen := make(map[string]bool)
	for i := min(len(t.Rows), mapShapes) - 1; i >= 0; i-- {
		row := &t.Rows[i]
		if row.Outline == nil {
			continue
		}
		var path strings.Builder
		for _, polygon := range row.Outline {
			for _, ring := range polygon {
				for n, p := range ring {
					command := byte('L')
					if n == 0 {
						command = 'M'
					}
					fmt.Fprintf(&path, "%c%.1f %.1f", command, (p.Lon-box.west)*squeeze*scale+1, (box.north-p.Lat)*scale+1)
				}
				path.WriteByte('Z')
			}
		}
		m.Shapes = append(m.Shapes, pageShape{Class: row.Class, Path: path.String(), Title: row.Values[0].human(l)})
		seen[row.Class] = true
	}
	for _, class := range Verdicts() {
		if seen[class] {
			m.Legend = append(m.Legend, pageLegend{class, VerdictWords(class).In(l)})
		}
	}
	return m
}

type box struct{ south, north, west, east float64 }

func newBox() box {
	return box{south: math.Inf(1), north: math.Inf(-1), west: math.Inf(1), east: math.Inf(-1)}
}

func (b *box) empty() bool { return b.south > b.north }

func (b *box) include(p telemetry.Polygon) {
	for _, ring := range p {
		for _, at := range ring {
			b.south, b.north = min(b.south, at.Lat), max(b.north, at.Lat)
			b.west, b.east = min(b.west, at.Lon), max(b.east, at.Lon)
		}
	}
}
