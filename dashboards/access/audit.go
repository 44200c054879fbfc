package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// An Event is one line of the log of changes.
type Event struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	Role Role      `json:"role,omitempty"`
	From string    `json:"from"` // address
	// Action is the method and path, or login and logout.
	Action string `json:"action"`
	// What was asked for, cut off after some KiB, without passwords and tokens.
	What   string `json:"what,omitempty"`
	Status int    `json:"status"`
}

// An Audit is an append-only log of changes, one JSON object a line, on disk before the
// change is answered. When the file is full it is set aside; the oldest of those goes.
type Audit struct {
	path string
	size int64
	keep int

	mu   sync.Mutex
	file *os.File
	used int64
	err  error // of the last write
}

const (
	auditSize = 16 << 20
	auditKeep = 16
	// auditedAction is how much of a method and path is recorded: ours are shorter.
	auditedAction = 500
)

// OpenAudit opens or makes the log.
func OpenAudit(path string) (*Audit, error) {
	a := &Audit{path: path, size: auditSize, keep: auditKeep}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("the log of changes: %w", err)
	}
	if err := a.open(); err != nil {
		return nil, fmt.Errorf("the log of changes: %w", err)
	}
	return a, nil
}

func (a *Audit) open() error {
	f, err := os.OpenFile(a.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	a.file, a.used = f, info.Size()
	return a.endLine()
}

// endLine ends a line that the power went off in, so that the next one can be read.
func (a *Audit) endLine() error {
	if a.used == 0 {
		return nil
	}
	f, err := os.Open(a.path)
	if err != nil {
		return err
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], a.used-1)
	if err = errors.Join(err, f.Close()); err != nil || last[0] == '\n' {
		return err
	}
	n, err := a.file.WriteString("\n")
	a.used += int64(n)
	return err
}

// Record appends an event. After an error it must be called again before changes are taken:
// see [Audit.Err].
func (a *Audit) Record(e Event) error {
	e.What = withoutSecrets(e.What)
	e.Action = e.Action[:min(len(e.Action), auditedAction)]
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil { // what failed may have left a part of a line
		line = append([]byte{'\n'}, line...)
	}
	a.err = a.append(append(line, '\n'))
	return a.err
}

func (a *Audit) append(line []byte) error {
	if a.used > 0 && a.used+int64(len(line)) > a.size {
		if err := a.turn(); err != nil {
			return fmt.Errorf("setting the log of changes aside: %w", err)
		}
	}
	if a.file == nil {
		if err := a.open(); err != nil {
			return fmt.Errorf("the log of changes: %w", err)
		}
	}
	n, err := a.file.Write(line)
	a.used += int64(n)
	if err == nil {
		err = a.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("the log of changes: %w", err)
	}
	return nil
}

func (a *Audit) turn() error {
	if a.file != nil {
		err := a.file.Close()
		if a.file = nil; err != nil {
			return err
		}
	}
	for n := a.keep - 1; n > 0; n-- {
		if err := os.Rename(a.aside(n), a.aside(n+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(a.path, a.aside(1)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return a.open()
}

func (a *Audit) aside(n int) string { return fmt.Sprintf("%s.%d", a.path, n) }

// Ready returns nil when the next change can be recorded. After a failed write it tries.
func (a *Audit) Ready() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		a.err = a.append([]byte("\n"))
	}
	return a.err
}

// Close closes the file.
func (a *Audit) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return nil
	}
	err := a.file.Close()
	a.file = nil
	return err
}
