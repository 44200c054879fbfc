package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"
)

// An AuditQuery says which changes are asked for.
type AuditQuery struct {
	// From and To bound the time, both included; zero is no bound.
	From, To time.Time
	// Match picks among them; nil takes all.
	Match func(*Event) bool
	// After is Next of the part before, Limit the most events of a part.
	After string
	Limit int
}

// An AuditPage is a part of the log of changes.
type AuditPage struct {
	Events []Event // newest first
	// Next is where the next part begins; empty at the end. It stays right when lines are
	// added and files set aside meanwhile.
	Next string
	// Seen is the time of the oldest line looked at, zero when there was none. A part that
	// looked far back for little ends before Limit.
	Seen time.Time
	// Damaged counts the lines of this part that cannot be read.
	Damaged int
}

// ErrCursor says that an After is none that [Audit.Read] gave.
var ErrCursor = errors.New("the cursor is none of this list")

const (
	// auditScan is how much of the log one part may cost.
	auditScan = 4 << 20
	// auditChunk is how much is read at once.
	auditChunk = 64 << 10
	// auditLine is longer than any line we write: an event has a few KiB.
	auditLine = 64 << 10
	// auditSlack is how much the clock may have been set back for lines still to be found
	// in a bound of time.
	auditSlack = 24 * time.Hour
)

// Read returns changes, newest first. What is recorded meanwhile is not among them.
func (a *Audit) Read(ctx context.Context, q AuditQuery) (AuditPage, error) {
	files, err := a.files()
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
	}()
	if err != nil {
		return AuditPage{}, fmt.Errorf("reading the log of changes: %w", err)
	}
	if q.After != "" {
		if files, err = resume(files, q.After); err != nil {
			return AuditPage{}, err
		}
	}
	r := auditReader{query: q, left: auditScan}
	for i, f := range files {
		if i > 0 && r.left <= 0 {
			r.page.Next = f.cursor(f.end)
			return r.page, nil
		}
		// The oldest line of a file is its first.
		if !q.To.IsZero() && f.first.After(q.To.Add(auditSlack)) {
			continue
		}
		done, err := r.read(ctx, f)
		if err != nil {
			return AuditPage{}, fmt.Errorf("reading the log of changes: %w", err)
		}
		if done {
			return r.page, nil
		}
	}
	return r.page, nil
}

// An auditFile is a file of the log, up to where it was written when it was opened.
type auditFile struct {
	*os.File
	id    uint64 // of its first line, which moves with it when it is set aside
	first time.Time
	end   int64
}

func (f *auditFile) cursor(at int64) string {
	return strconv.FormatUint(f.id, 16) + "-" + strconv.FormatInt(at, 10)
}

// files opens the log and what was set aside, the newest first, all at one moment: nothing
// can be set aside between two of them.
func (a *Audit) files() ([]*auditFile, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []*auditFile
	for n := range a.keep + 1 {
		path := a.path
		if n > 0 {
			path = a.aside(n)
		}
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return all, err
		}
		opened := &auditFile{File: f}
		all = append(all, opened)
		info, err := f.Stat()
		if err != nil {
			return all, err
		}
		opened.end = info.Size()
		if err := opened.identify(); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (f *auditFile) identify() error {
	start := make([]byte, min(auditLine, f.end))
	if _, err := f.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	line, _, _ := bytes.Cut(bytes.TrimLeft(start, "\n"), []byte("\n"))
	h := fnv.New64a()
	_, _ = h.Write(line) // never fails
	f.id = h.Sum64()
	var e Event
	if json.Unmarshal(line, &e) == nil { // of a damaged line the time stays unknown
		f.first = e.At
	}
	return nil
}

// resume leaves out what lies after a cursor. When its file is gone, so is all before it.
func resume(files []*auditFile, after string) ([]*auditFile, error) {
	left, right, ok := strings.Cut(after, "-")
	id, err := strconv.ParseUint(left, 16, 64)
	at, err2 := strconv.ParseInt(right, 10, 64)
	if !ok || err != nil || err2 != nil || at < 0 {
		return files, ErrCursor
	}
	for i, f := range files {
		if f.id == id {
			f.end = min(f.end, at)
			return files[i:], nil
		}
	}
	return nil, nil
}

type auditReader struct {
	query AuditQuery
	page  AuditPage
	left  int64 // bytes that may still be looked at
}

// read takes what fits of one file; done says that the part is complete.
func (r *auditReader) read(ctx context.Context, f *auditFile) (done bool, err error) {
	for line, err := range backwards(f, f.end) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return false, err
		}
		if len(r.page.Events) >= r.query.Limit || r.left <= 0 {
			r.page.Next = f.cursor(line.at + int64(line.size))
			return true, nil
		}
		r.left -= int64(line.size)
		var e Event
		if json.Unmarshal(line.text, &e) != nil || e.At.IsZero() {
			r.page.Damaged++
			continue
		}
		r.page.Seen = e.At
		if q := &r.query; !q.From.IsZero() && e.At.Before(q.From.Add(-auditSlack)) {
			return true, nil
		} else if !q.From.IsZero() && e.At.Before(q.From) || !q.To.IsZero() && e.At.After(q.To) {
			continue
		}
		e.What = withoutSecrets(e.What) // of lines that an earlier version wrote
		if r.query.Match == nil || r.query.Match(&e) {
			r.page.Events = append(r.page.Events, e)
		}
	}
	return false, nil
}

// An auditText is a line, where it begins, and how long it is with its end.
type auditText struct {
	at   int64
	text []byte // cut off at auditLine; not to be kept
	size int
}

// backwards yields the lines of a file, the last one first, and keeps a chunk and a line in
// memory at most.
func backwards(f io.ReaderAt, end int64) iter.Seq2[auditText, error] {
	return func(yield func(auditText, error) bool) {
		var tail []byte // the beginning of what follows the chunk
		size := 0       // of what follows the chunk, up to the next line
		for at := end; at > 0; {
			from := max(0, at-auditChunk)
			piece := make([]byte, at-from, at-from+int64(len(tail)))
			if n, err := f.ReadAt(piece, from); err != nil && n < len(piece) {
				yield(auditText{}, err)
				return
			}
			size += len(piece)
			piece = append(piece, tail...)
			for {
				i := bytes.LastIndexByte(piece, '\n')
				if i < 0 {
					break
				}
				text, length := piece[i+1:], size-i-1
				piece, size = piece[:i], i
				if len(text) > 0 && !yield(auditText{from + int64(i) + 1, text, length}, nil) {
					return
				}
			}
			tail, at = piece[:min(len(piece), auditLine)], from
		}
		if len(tail) > 0 {
			yield(auditText{0, tail, size}, nil)
		}
	}
}
