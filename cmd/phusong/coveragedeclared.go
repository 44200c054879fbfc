package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"phusong/coverage"
	"phusong/telemetry"
)

// A declaredLayer is what the files say that operators cover, and which files those were.
type declaredLayer struct {
	cells *coverage.Declared // nil for no files
	stamp string             // sizes and times of the files, by which a change is noticed
}

// Declared returns the declared coverage, nil when none is configured or readable.
func (c *coverageRoom) Declared() *coverage.Declared {
	if l := c.declared.Load(); l != nil {
		return l.cells
	}
	return nil
}

// readDeclared reads the files again when one of them has changed. Of files that cannot
// be read it tells once, and keeps what was read before.
func (c *coverageRoom) readDeclared() {
	files := c.options.Config.Declared
	stamp := stampOf(files)
	last := c.declared.Load()
	if last != nil && last.stamp == stamp {
		return
	}
	next := &declaredLayer{stamp: stamp}
	if last != nil {
		next.cells = last.cells
	}
	if len(files) > 0 {
		cells, err := declaredFrom(files)
		if err != nil {
			c.options.Logger.Error("declared coverage cannot be read; what was read before stays", "error", err)
		} else {
			next.cells = cells
			c.options.Logger.Info("declared coverage is read", "files", len(files))
		}
	}
	c.declared.Store(next)
}

// stampOf tells two states of the files apart.
func stampOf(files []DeclaredConfig) string {
	var b strings.Builder
	for _, f := range files {
		if info, err := os.Stat(f.File); err == nil {
			fmt.Fprintf(&b, "%d %d;", info.Size(), info.ModTime().UnixNano())
		} else {
			b.WriteString("none;")
		}
	}
	return b.String()
}

// declaredFrom reads all the files into one layer. The error names the file and the line
// or feature.
func declaredFrom(files []DeclaredConfig) (*coverage.Declared, error) {
	d := coverage.NewDeclared()
	for _, f := range files {
		text, err := os.ReadFile(f.File)
		if err != nil {
			return nil, fmt.Errorf("coverage.declared: %s: %w", f.File, reason(err))
		}
		text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n")
		if bytes.HasPrefix(text, []byte("{")) {
			var operators []telemetry.OperatorCode
			if f.Operator != "" {
				operators = append(operators, telemetry.OperatorCode(f.Operator))
			}
			err = declaredPolygons(d, text, operators)
		} else {
			_, err = d.ReadCSV(bytes.NewReader(text), f.SideM)
		}
		if err != nil {
			return nil, fmt.Errorf("coverage.declared: %s: %w", f.File, err)
		}
	}
	return d, nil
}
