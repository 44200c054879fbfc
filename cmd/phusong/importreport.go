package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"phusong/ingest/codec"
)

// newBar draws progress by bytes read, on a terminal only.
func newBar(w io.Writer, file *os.File, name string) *progressbar.ProgressBar {
	size := int64(-1)
	if info, err := file.Stat(); err == nil {
		size = info.Size()
	}
	return progressbar.NewOptions64(size, append(barOptions(w, name), progressbar.OptionShowBytes(true))...)
}

// newCountBar draws progress by a count, on a terminal only.
// (The library turns a spinner on a goroutine of its own, which races with Add.)
func newCountBar(w io.Writer, name string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(-1, append(barOptions(w, name), progressbar.OptionShowCount(), progressbar.OptionSetSpinnerChangeInterval(0))...)
}

func barOptions(w io.Writer, name string) []progressbar.Option {
	out := io.Discard
	if isTerminal(w) {
		out = w
	}
	return []progressbar.Option{
		progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(name),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100 * time.Millisecond),
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// importResult is what became of the rows of one file.
type importResult struct {
	summary codec.Summary
	faults  []rowFault // in the order of their first row
	notes   []rowFault // of rows that were read all the same
}

// rowFault is one reason for which rows gave no reading.
type rowFault struct {
	reason string
	lines  []int
}

// inOurWords names the flags that give what the codec's options lack.
var inOurWords = strings.NewReplacer("give SIMOperator", "give --sim", "give it in the options, such as ", "give it, such as --operator ")

func (r *importResult) fault(row *codec.RowError) {
	r.faults = addFault(r.faults, row.Line, inOurWords.Replace(row.Reason))
}

// note tells of a row that was read all the same.
func (r *importResult) note(line int, text string) { r.notes = addFault(r.notes, line, text) }

// maxReasons bounds the different reasons that are remembered.
const maxReasons = 1000

func addFault(faults []rowFault, line int, reason string) []rowFault {
	i := slices.IndexFunc(faults, func(f rowFault) bool { return f.reason == reason })
	if i < 0 && len(faults) >= maxReasons-1 {
		if i = maxReasons - 1; len(faults) < maxReasons {
			faults = append(faults, rowFault{reason: "other reasons, too many to tell"})
		}
	}
	if i < 0 {
		i = len(faults)
		faults = append(faults, rowFault{reason: reason})
	}
	faults[i].lines = append(faults[i].lines, line)
	return faults
}

// Of many faults this many are told, each with this many lines.
const (
	maxFaults     = 10
	maxFaultLines = 5
)

func (r *importResult) report(w io.Writer, path string) error {
	s := &r.summary
	fmt.Fprintf(w, "%s: %d rows: %s\n", path, s.Rows, became(s))
	if len(s.LeftOut) > 0 {
		fmt.Fprintf(w, "  values left out: %s\n", counts(s.LeftOut))
	}
	reportFaults(w, r.faults, "reasons")
	reportFaults(w, r.notes, "notes")
	return nil
}

func reportFaults(w io.Writer, faults []rowFault, what string) {
	for i, fault := range faults {
		if i == maxFaults {
			fmt.Fprintf(w, "  … and %d more %s\n", len(faults)-i, what)
			break
		}
		lines := strings.Trim(fmt.Sprint(fault.lines[:min(len(fault.lines), maxFaultLines)]), "[]")
		more := ""
		if n := len(fault.lines) - maxFaultLines; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		fmt.Fprintf(w, "  line %s%s: %s\n", strings.ReplaceAll(lines, " ", ", "), more, fault.reason)
	}
}

// became says what the rows became, without what there is none of.
func became(s *codec.Summary) string {
	var list []string
	add := func(n int, text string) {
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, text))
		}
	}
	tests := "tests"
	if s.Failed > 0 {
		tests = fmt.Sprintf("tests (%d failed)", s.Failed)
	}
	add(s.Tests, tests)
	add(s.Samples, "radio samples")
	add(s.NoService, "without service")
	if skipped := total(s.Skipped); skipped > 0 {
		add(skipped, fmt.Sprintf("skipped (%s)", counts(s.Skipped)))
	}
	return cmp.Or(strings.Join(list, ", "), "nothing to import")
}

// importTotal sums up several files.
type importTotal struct {
	files int
	sum   codec.Summary
}

func (t *importTotal) add(s codec.Summary) {
	t.files++
	t.sum.Rows += s.Rows
	t.sum.Tests += s.Tests
	t.sum.Failed += s.Failed
	t.sum.Samples += s.Samples
	t.sum.NoService += s.NoService
}

// report says the sum of several files; one has said it all.
func (t *importTotal) report(w io.Writer) error {
	if t.files < 2 {
		return nil
	}
	_, err := fmt.Fprintf(w, "%d files: %d rows: %s; the broker has them all\n", t.files, t.sum.Rows, became(&t.sum))
	return err
}

func total(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

// counts writes the map as "3 a, 2 b" in the order of its keys.
func counts(m map[string]int) string {
	list := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%d %s", m[key], strings.ReplaceAll(key, "_", " ")))
	}
	return strings.Join(list, ", ")
}
