package registry

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxProblems is how many faults of one load are told. A clerk mends the first
// ones and loads again; a file of another kind would otherwise give thousands.
const maxProblems = 50

// A Problem is one fault in a file.
type Problem struct {
	File string // as configured
	Line int    // 1 is the first; 0 when the fault is of the whole file
	Text string // what is wrong and what to do
}

// String returns "file:line: text".
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// A ProblemsError holds the faults of a load, by file and line.
type ProblemsError struct {
	Problems []Problem // at most 50
	More     int       // how many there are besides
}

// Error returns one fault a line.
func (e *ProblemsError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\nand %d more", e.More)
	}
	return b.String()
}

// problems gathers the faults of one load.
type problems struct {
	list []Problem
	more int
}

func (p *problems) add(file string, line int, format string, args ...any) {
	// Files are read in their order, but what one says of another is found last.
	if len(p.list) >= maxProblems {
		p.more++
		return
	}
	p.list = append(p.list, Problem{File: file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// count returns how many faults there are so far.
func (p *problems) count() int { return len(p.list) + p.more }

func (p *problems) err(order []string) error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b Problem) int {
		if d := slices.Index(order, a.File) - slices.Index(order, b.File); d != 0 {
			return d
		}
		return a.Line - b.Line
	})
	return &ProblemsError{Problems: p.list, More: p.more}
}

// nearest returns `; did you mean "x"?` for the known word that s probably is, or
// the list of all when none is near.
func nearest(s string, known []string) string {
	best, least := "", 1+max(1, utf8.RuneCountInString(s)/3)
	for _, word := range known {
		if d := distance(s, word); d < least {
			best, least = word, d
		}
	}
	if best == "" {
		return "; known are " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is how many letters must be changed, added, removed or swapped with
// their neighbour to turn a into b (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 64
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}

// clip shortens foreign text for a message.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
