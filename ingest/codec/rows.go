package codec

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxLine is the longest line of a log, in bytes; the app writes some 200.
const maxLine = 64 << 10

// A row is a line of a log. Its fields are nil when their number is not the
// header's; count then says what it is.
type row struct {
	line   int
	fields []string
	count  int
}

// A rowReader splits a log whose fields are separated by tabs, or by commas or
// semicolons after a spreadsheet. Nothing is quoted in such logs.
type rowReader struct {
	name      string
	scan      *bufio.Scanner
	separator string
	header    []string
	line      int
}

func newRowReader(r io.Reader, name string) (*rowReader, error) {
	rr := &rowReader{name: name, scan: bufio.NewScanner(r)}
	rr.scan.Buffer(make([]byte, 0, 4096), maxLine)
	text, err := rr.readLine()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: the file is empty", name)
	}
	if err != nil {
		return nil, err
	}
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%s:1: the header is not text in UTF-8", name)
	}
	text = strings.TrimPrefix(text, "\ufeff")
	rr.separator = "\t"
	for _, s := range []string{"\t", ";", ","} {
		if strings.Contains(text, s) {
			rr.separator = s
			break
		}
	}
	rr.header = strings.Split(text, rr.separator)
	for i := range rr.header {
		rr.header[i] = strings.TrimSpace(rr.header[i])
	}
	if last := len(rr.header) - 1; last > 0 && rr.header[last] == "" {
		rr.header = rr.header[:last]
	}
	return rr, nil
}

// next returns the next row that is not blank, io.EOF at the end.
func (rr *rowReader) next() (row, error) {
	for {
		text, err := rr.readLine()
		if err != nil {
			return row{}, err
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		fields := strings.Split(text, rr.separator)
		r := row{line: rr.line, count: len(fields)}
		// The app ends its rows, but not its header, with a separator.
		if last := len(fields) - 1; last == len(rr.header) && fields[last] == "" {
			fields = fields[:last]
		}
		if len(fields) == len(rr.header) {
			r.fields = fields
		}
		return r, nil
	}
}

func (rr *rowReader) readLine() (string, error) {
	if rr.scan.Scan() {
		rr.line++
		return strings.TrimSuffix(rr.scan.Text(), "\r"), nil
	}
	switch err := rr.scan.Err(); {
	case err == nil:
		return "", io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		return "", fmt.Errorf("%s:%d: the line is longer than %d bytes; this is not a log of G-NetTrack Pro", rr.name, rr.line+1, maxLine)
	default:
		return "", fmt.Errorf("reading %s: %w", rr.name, err)
	}
}
