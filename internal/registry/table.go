package registry

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A column is one that a table may have.
type column struct {
	name     string
	required bool
}

func columnNames(columns []column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

// A record is one row of a table: its fields by column name.
type record struct {
	loader *loader
	file   string
	line   int
	places map[string]int
	fields []string
}

// get returns the field, trimmed and in Unicode's composed form: spreadsheets on
// some systems save "ờ" as three code points, which would equal nothing.
func (r *record) get(name string) string {
	i, ok := r.places[name]
	if !ok {
		return ""
	}
	return norm.NFC.String(strings.Trim(r.fields[i], " \t\u00a0\ufeff"))
}

func (r *record) problem(format string, args ...any) {
	r.loader.problems.add(r.file, r.line, format, args...)
}

// readTable calls use with each row of the CSV in data that is not blank. It
// reports whether every row could be read.
func (l *loader) readTable(file string, data []byte, columns []column, use func(*record)) (whole bool) {
	text, ok := l.decode(file, data)
	if !ok {
		return false
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma = separator(text)
	reader.FieldsPerRecord = -1 // checked here, with a remedy
	header, err := reader.Read()
	if err != nil {
		l.csvProblem(file, err)
		return false
	}
	places, ok := l.readHeader(file, header, columns)
	if !ok {
		return false
	}
	whole = true
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return whole
		}
		if err != nil {
			// What follows an unbalanced quotation mark cannot be told apart any more.
			l.csvProblem(file, err)
			return false
		}
		line, _ := reader.FieldPos(0)
		if !slices.ContainsFunc(fields, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			continue // spreadsheets save rows that were once used
		}
		if !l.checkWidth(file, line, fields, len(header), reader.Comma) {
			whole = false
			continue
		}
		for i := range fields {
			if strings.TrimSpace(header[i]) == "" && strings.TrimSpace(fields[i]) != "" {
				l.problems.add(file, line, "the value %q stands in column %d, which has no name; name the column or remove the value", clip(fields[i]), i+1)
			}
		}
		use(&record{loader: l, file: file, line: line, places: places, fields: fields})
	}
}

func (l *loader) checkWidth(file string, line int, fields []string, width int, comma rune) bool {
	if len(fields) == width {
		return true
	}
	remedy := "a value may be missing its separator"
	if len(fields) > width {
		remedy = "write a value that holds " + string(comma) + " in quotation marks, and numbers with a point: 10.5"
	}
	l.problems.add(file, line, "%d fields, but the header names %d columns; %s", len(fields), width, remedy)
	return false
}

// decode returns the text without its byte order mark.
func (l *loader) decode(file string, data []byte) ([]byte, bool) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		l.problems.add(file, 1, "the file is UTF-16; save it as \"CSV UTF-8\"")
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		l.problems.add(file, 0, "the file is empty; its first line must name the columns")
		return nil, false
	}
	if !utf8.Valid(data) {
		line := 1
		for l := range bytes.Lines(data) {
			if !utf8.Valid(l) {
				break
			}
			line++
		}
		l.problems.add(file, line, "the text is not UTF-8; save it as \"CSV UTF-8\"")
		return nil, false
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		l.problems.add(file, 1+bytes.Count(data[:i], []byte("\n")), "there is a zero byte; this is not a text file, save it as \"CSV UTF-8\"")
		return nil, false
	}
	return data, true
}

// separator returns what the first line is split by. Spreadsheets write
// semicolons where the comma is the decimal mark, as in Việt Nam.
func separator(text []byte) rune {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := strings.Count(string(first), string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

func (l *loader) readHeader(file string, header []string, columns []column) (places map[string]int, ok bool) {
	places = make(map[string]int, len(header))
	names := columnNames(columns)
	before := l.problems.count()
	for i, field := range header {
		name := strings.ToLower(strings.TrimSpace(field))
		_, twice := places[name]
		switch {
		case name == "":
			if strings.TrimSpace(strings.Join(header[i:], "")) != "" {
				l.problems.add(file, 1, "column %d has no name; name it or remove it", i+1)
			}
		case !slices.Contains(names, name):
			l.problems.add(file, 1, "the column %q is unknown%s", clip(name), nearest(name, names))
		case twice:
			l.problems.add(file, 1, "the column %q appears twice; remove one", name)
		default:
			places[name] = i
		}
	}
	for _, c := range columns {
		if _, there := places[c.name]; c.required && !there {
			l.problems.add(file, 1, "the column %q is missing; add it", c.name)
		}
	}
	return places, l.problems.count() == before
}

func (l *loader) csvProblem(file string, err error) {
	parse, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		l.problems.add(file, 0, "%v", err)
		return
	}
	text := "a quotation mark is out of place; write a value that holds one in quotation marks, with each inner one doubled"
	if !errors.Is(parse.Err, csv.ErrQuote) && !errors.Is(parse.Err, csv.ErrBareQuote) {
		text = parse.Err.Error()
	}
	l.problems.add(file, parse.StartLine, "%s; the lines after it were not read", text)
}
