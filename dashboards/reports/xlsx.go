package reports

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

var overview = Words{"Tổng quan", "Overview"}

// writeXLSX writes a workbook: the facts and notes on the first sheet, each table on one of
// its own. Cells are typed; nothing is a formula. Everything that a workbook says about its
// making is fixed, so that the same document makes the same bytes.
func writeXLSX(w io.Writer, d *Document, l Language) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	day := d.Day + "T00:00:00Z"
	if err := f.SetDocProps(&excelize.DocProperties{
		Title: d.Title.In(l), Creator: "phusong", LastModifiedBy: "phusong", Created: day, Modified: day, Language: string(l), Version: "1.0",
	}); err != nil {
		return err
	}
	head, err := f.NewStyle(&excelize.Style{
		Font:      &excelize.Font{Bold: true},
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EDF2"}},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"},
	})
	if err != nil {
		return err
	}
	percent, err := f.NewStyle(&excelize.Style{NumFmt: 10})
	if err != nil {
		return err
	}
	b := book{f: f, l: l, head: head, percent: percent}
	if err := b.first(d); err != nil {
		return err
	}
	for i := range d.Tables {
		if err := b.table(&d.Tables[i]); err != nil {
			return fmt.Errorf("report %s: table %s: %w", d.Name, d.Tables[i].Key, err)
		}
	}
	f.SetActiveSheet(0)
	return f.Write(w)
}

type book struct {
	f             *excelize.File
	l             Language
	head, percent int
}

func (b *book) first(d *Document) error {
	sheet := overview.In(b.l)
	if err := b.f.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	if err := b.row(sheet, 1, []Value{Text(d.Title.In(b.l))}); err != nil {
		return err
	}
	line := 3
	for _, fact := range d.Facts {
		if err := b.row(sheet, line, []Value{Text(fact.Label.In(b.l)), fact.Value}); err != nil {
			return err
		}
		line++
	}
	for _, note := range d.Notes {
		line++
		if err := b.row(sheet, line, []Value{Text(note.In(b.l))}); err != nil {
			return err
		}
	}
	return errors.Join(b.f.SetColWidth(sheet, "A", "A", 44), b.f.SetColWidth(sheet, "B", "B", 40), b.f.SetCellStyle(sheet, "A1", "A1", b.head))
}

// maxSheet is the longest name of a sheet that spreadsheets take.
const maxSheet = 31

func (b *book) table(whole *Table) error {
	t := whole.forMachines()
	sheet := clipped(t.Title.In(b.l), maxSheet)
	if _, err := b.f.NewSheet(sheet); err != nil {
		return err
	}
	labels := make([]Value, len(t.Columns))
	for i, c := range t.Columns {
		labels[i] = Text(c.Label.In(b.l))
	}
	if err := b.row(sheet, 1, labels); err != nil {
		return err
	}
	last, err := excelize.CoordinatesToCellName(len(t.Columns), 1)
	if err != nil {
		return err
	}
	if err := b.f.SetCellStyle(sheet, "A1", last, b.head); err != nil {
		return err
	}
	for i := range t.Rows {
		if err := b.row(sheet, i+2, t.Rows[i].Values); err != nil {
			return err
		}
	}
	for c := range t.Columns {
		name, err := excelize.ColumnNumberToName(c + 1)
		if err != nil {
			return err
		}
		if err := b.f.SetColWidth(sheet, name, name, t.width(c, b.l)); err != nil {
			return err
		}
	}
	end, err := excelize.CoordinatesToCellName(len(t.Columns), len(t.Rows)+1)
	if err != nil {
		return err
	}
	return errors.Join(
		b.f.AutoFilter(sheet, "A1:"+end, nil),
		b.f.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}),
	)
}

// forMachines is the table without what people alone read.
func (t *Table) forMachines() *Table {
	kept := &Table{Key: t.Key, Title: t.Title, Rows: make([]Row, len(t.Rows))}
	for c := range t.Columns {
		if t.Columns[c].For == people {
			continue
		}
		kept.Columns = append(kept.Columns, t.Columns[c])
		for i := range t.Rows {
			kept.Rows[i].Values = append(kept.Rows[i].Values, t.Rows[i].Values[c])
		}
	}
	return kept
}

// width is for the values; headings wrap.
func (t *Table) width(c int, l Language) float64 {
	widest := 8
	for i := range t.Rows[:min(len(t.Rows), 200)] {
		widest = max(widest, utf8.RuneCountInString(t.Rows[i].Values[c].human(l)))
	}
	return float64(min(widest+2, 48))
}

func (b *book) row(sheet string, line int, values []Value) error {
	for c, v := range values {
		at, err := excelize.CoordinatesToCellName(c+1, line)
		if err != nil {
			return err
		}
		switch v.kind {
		case textual:
			err = b.f.SetCellStr(sheet, at, v.words.In(b.l))
		case numeric, probability:
			err = b.f.SetCellFloat(sheet, at, v.number, -1, 64)
		case share:
			err = errors.Join(b.f.SetCellFloat(sheet, at, v.number, -1, 64), b.f.SetCellStyle(sheet, at, at, b.percent))
		case nothing:
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func clipped(s string, most int) string {
	runes := []rune(s)
	return string(runes[:min(len(runes), most)])
}
