package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// plainRows is how many rows of a table a terminal gets; the other formats have them all,
// but for the printed page.
const plainRows = 40

var moreRows = Words{"… và %d dòng nữa (--format csv hoặc xlsx có đủ)", "… and %d more rows (--format csv or xlsx has them all)"}

func writePlain(w io.Writer, d *Document, l Language) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", clean(d.Title.In(l)))
	widest := 0
	for _, f := range d.Facts {
		widest = max(widest, utf8.RuneCountInString(f.Label.In(l)))
	}
	for _, f := range d.Facts {
		fmt.Fprintf(&b, "%s  %s\n", padded(f.Label.In(l), widest), clean(f.Value.human(l)))
	}
	for i := range d.Tables {
		t := &d.Tables[i]
		fmt.Fprintf(&b, "\n%s (%d)\n", t.Title.In(l), len(t.Rows))
		t.plain(&b, l)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "\n%s\n", clean(n.In(l)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// plain draws the table with columns as wide as they must be.
func (t *Table) plain(b *strings.Builder, l Language) {
	shown := t.Rows[:min(len(t.Rows), plainRows)]
	if len(shown) == 0 {
		return
	}
	lines := make([][]string, len(shown)+1)
	var widths []int
	var right []bool
	for c := range t.Columns {
		if t.Columns[c].For == machines {
			continue
		}
		lines[0] = append(lines[0], t.Columns[c].Label.In(l))
		numbers := true
		width := utf8.RuneCountInString(t.Columns[c].Label.In(l))
		for r := range shown {
			v := shown[r].Values[c]
			text := clean(v.human(l))
			numbers = numbers && (v.isNumber() || v.kind == nothing)
			width = max(width, utf8.RuneCountInString(text))
			lines[r+1] = append(lines[r+1], text)
		}
		widths, right = append(widths, width), append(right, numbers)
	}
	for _, line := range lines {
		var row strings.Builder
		for c, text := range line {
			if c > 0 {
				row.WriteString("  ")
			}
			if right[c] {
				row.WriteString(strings.Repeat(" ", widths[c]-utf8.RuneCountInString(text)) + text)
			} else {
				row.WriteString(padded(text, widths[c]))
			}
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	if more := len(t.Rows) - len(shown); more > 0 {
		fmt.Fprintf(b, moreRows.In(l)+"\n", more)
	}
}

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}

// clean takes out what would move a terminal's cursor; the names in a register are
// others' text.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			return '�'
		}
		return c
	}, s)
}

// writeCSV writes one table for programs: keys for names, points for decimals, and the
// facts that every row depends on as columns at the end.
func writeCSV(w io.Writer, d *Document, key string) error {
	if key == "" {
		key = d.Main
	}
	t, err := d.table(key)
	if err != nil {
		return err
	}
	table := csv.NewWriter(w)
	var head []string
	for _, c := range t.Columns {
		if c.For != people {
			head = append(head, c.Key)
		}
	}
	if err := table.Write(head); err != nil {
		return err
	}
	for i := range t.Rows {
		row := make([]string, 0, len(head))
		for c, v := range t.Rows[i].Values {
			text := v.machine()
			if v.kind == textual {
				text = harmless(text)
			}
			if t.Columns[c].For != people {
				row = append(row, text)
			}
		}
		if err := table.Write(row); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
