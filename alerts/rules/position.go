package rules

import (
	"fmt"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// A FileError is a fault at a place of a rule file. Line and Column begin at 1;
// columns count characters. They are 0 when the whole file is meant.
type FileError struct {
	File         string
	Line, Column int
	Message      string
}

// Error says "file:line:column: message", which editors understand.
func (e *FileError) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Message)
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// locate returns where the character of a scalar's value with the offset stands in
// the source. YAML folds lines and takes quotes and indentation away; going along
// value and source together finds the place whatever the style.
func locate(source []string, node *yaml.Node, offset int) (line, column int) {
	line, column = node.Line, node.Column
	switch node.Style & (yaml.LiteralStyle | yaml.FoldedStyle | yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle) {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		line, column = line+1, 1
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		column++
	}
	cursor := cursor{source: source, line: line - 1, column: column - 1}
	cursor.skipSpace()
	for i, want := range []rune(node.Value) {
		if !unicode.IsSpace(want) {
			cursor.seek(want)
		}
		if i == offset {
			break
		}
		if !unicode.IsSpace(want) {
			cursor.column++
		}
	}
	return cursor.line + 1, cursor.column + 1
}

// A cursor goes through the characters of a file.
type cursor struct {
	source       []string
	line, column int // from 0
	row          []rune
	rowLine      int // the line of row, from 1; 0 for none
}

func (c *cursor) current() (rune, bool) {
	for c.line < len(c.source) {
		if c.rowLine != c.line+1 {
			c.row, c.rowLine = []rune(c.source[c.line]), c.line+1
		}
		if c.column < len(c.row) {
			return c.row[c.column], true
		}
		if c.line+1 >= len(c.source) {
			break
		}
		c.line, c.column = c.line+1, 0
	}
	return 0, false
}

// farthest is how many lines on a character is sought: YAML leaves only empty lines out.
const farthest = 100

// seek goes to the next want, if it is near.
func (c *cursor) seek(want rune) {
	before := *c
	for {
		r, ok := c.current()
		if !ok || c.line > before.line+farthest {
			*c = before
			return
		}
		if r == want {
			return
		}
		c.column++
	}
}

func (c *cursor) skipSpace() {
	for {
		if r, ok := c.current(); !ok || !unicode.IsSpace(r) {
			return
		}
		c.column++
	}
}

func splitLines(data []byte) []string { return strings.Split(string(data), "\n") }
