package codec

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// csvEncodings are how the text of a file may be encoded. A byte order mark goes
// before what the mapping says.
var csvEncodings = []string{"utf-8", "utf-16le", "utf-16be", "windows-1252", "windows-1258"}

func decoderOf(name string) encoding.Encoding {
	switch name {
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case "windows-1252":
		return charmap.Windows1252
	case "windows-1258":
		return charmap.Windows1258
	}
	return encoding.Nop
}

// maxRecord bounds one row with its quoted line ends, in bytes: an unmatched quote
// must not take the file into memory.
const maxRecord = 1 << 20

// A csvRow is a row with the line on which it begins.
type csvRow struct {
	line   int
	fields []string
}

// A csvTable reads the rows of a file, whatever separates and quotes them.
type csvTable struct {
	name       string
	header     []string
	headerLine int
	skipped    int // lines before those that reader sees

	budget *budget
	lines  *bufio.Reader
	quoted *csv.Reader // nil when nothing is quoted
	comma  string
	line   int // of an unquoted file
}

// budget fails a read of more than maxRecord bytes without a row.
type budget struct {
	r    io.Reader
	left int
}

var errRecord = fmt.Errorf("a row is longer than %d KiB; is a quotation mark left open, or the separator another?", maxRecord>>10)

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRecord
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func newCSVTable(r io.Reader, name string, k *csvKeys) (*csvTable, error) {
	t := &csvTable{name: name, budget: &budget{r: decoded(r, k.Encoding), left: maxRecord}}
	t.lines = bufio.NewReader(t.budget)
	for t.skipped < k.SkipLines {
		if _, err := t.lines.ReadString('\n'); err != nil {
			return nil, t.broken(fmt.Errorf("there are no %d lines to skip: %w", k.SkipLines, err))
		}
		t.budget.left = maxRecord
		t.skipped++
	}
	first, err := t.lines.Peek(t.lines.Size())
	if len(first) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, t.broken(err)
		}
		return nil, fmt.Errorf("%s: the file is empty", name)
	}
	line, _, _ := bytes.Cut(first, []byte("\n"))
	comma := separators[k.Separator]
	if comma == 0 {
		comma = likeliest(line)
	}
	t.comma = string(comma)
	if k.quoted() {
		t.quoted = csv.NewReader(t.lines)
		t.quoted.Comma, t.quoted.FieldsPerRecord, t.quoted.ReuseRecord = comma, -1, true
		t.quoted.TrimLeadingSpace = comma != '\t'
	}
	if !k.hasHeader() {
		t.number(bytes.Count(line, []byte(t.comma)) + 1)
		return t, nil
	}
	return t, t.readHeader()
}

// decoded makes UTF-8 of the file; a byte order mark is taken away.
func decoded(r io.Reader, name string) io.Reader {
	return transform.NewReader(r, unicode.BOMOverride(decoderOf(name).NewDecoder()))
}

// likeliest is the separator that the line has most of.
func likeliest(line []byte) rune {
	best, most := ',', 0
	for _, c := range []rune{'\t', ';', ',', '|'} {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// number names the columns of a file without a header by their places.
func (t *csvTable) number(columns int) {
	for i := range columns {
		t.header = append(t.header, strconv.Itoa(i+1))
	}
}

func (t *csvTable) readHeader() error {
	row, err := t.next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: the file is empty", t.name)
	}
	if err != nil {
		return err
	}
	t.headerLine = row.line
	for _, name := range row.fields {
		t.header = append(t.header, strings.TrimSpace(name))
	}
	for len(t.header) > 1 && t.header[len(t.header)-1] == "" {
		t.header = t.header[:len(t.header)-1]
	}
	return nil
}

// next returns the next row that is not blank, a *[RowError] for one that cannot be
// taken apart, io.EOF at the end. Its fields are valid until the next call.
func (t *csvTable) next() (csvRow, error) {
	for {
		row, err := t.any()
		if err != nil {
			return row, err
		}
		if len(row.fields) == 1 && strings.TrimSpace(row.fields[0]) == "" {
			continue
		}
		// Some loggers end their rows with a separator.
		for n := len(row.fields); len(t.header) > 0 && n > len(t.header) && strings.TrimSpace(row.fields[n-1]) == ""; n-- {
			row.fields = row.fields[:n-1]
		}
		for _, f := range row.fields {
			if !utf8.ValidString(f) || strings.ContainsRune(f, 0) || strings.ContainsRune(f, utf8.RuneError) {
				return row, &RowError{File: t.name, Line: row.line, Reason: "the text is not in the encoding that the mapping says; say encoding: " + strings.Join(csvEncodings, ", ")}
			}
		}
		return row, nil
	}
}

func (t *csvTable) any() (csvRow, error) {
	if t.quoted == nil {
		return t.unquoted()
	}
	fields, err := t.quoted.Read()
	t.budget.left = maxRecord
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		return csvRow{line: syntax.StartLine + t.skipped}, &RowError{File: t.name, Line: syntax.StartLine + t.skipped, Reason: syntax.Err.Error() + "; if nothing is quoted in such files, say quotes: false in the mapping"}
	case err != nil:
		return csvRow{}, t.broken(err)
	}
	line, _ := t.quoted.FieldPos(0)
	return csvRow{line: line + t.skipped, fields: fields}, nil
}

func (t *csvTable) unquoted() (csvRow, error) {
	text, err := t.lines.ReadString('\n')
	t.budget.left = maxRecord
	if text == "" && err != nil || err != nil && !errors.Is(err, io.EOF) {
		return csvRow{}, t.broken(err)
	}
	t.line++
	return csvRow{line: t.line + t.skipped, fields: strings.Split(strings.TrimRight(text, "\r\n"), t.comma)}, nil
}

// broken names the file of an error of reading.
func (t *csvTable) broken(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return fmt.Errorf("reading %s: %w", t.name, err)
}
