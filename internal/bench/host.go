package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// host lets a program use the testbed: it is what a test is to a test. A failure ends the function
// given to withHost, whatever it was doing, after the programs it had started are gone.
type host struct {
	ctx      context.Context //nolint:containedctx // the contract of testing.TB, whose place this takes
	dir      string
	dirs     int
	log      io.Writer
	cleanups []func()
	failed   bool
}

// failure is how Fatalf leaves the function it was called in.
type failure struct{ reason string }

// withHost calls f with a host and then cleans up after it. Failures of the host become the error.
func withHost(ctx context.Context, log io.Writer, f func(*host) error) (err error) {
	dir, err := os.MkdirTemp("", "phusong-bench-")
	if err != nil {
		return fmt.Errorf("making a directory to work in: %w", err)
	}
	h := &host{ctx: ctx, dir: dir, log: log}
	defer func() { _ = os.RemoveAll(dir) }()
	defer func() {
		for _, cleanup := range slices.Backward(h.cleanups) {
			cleanup()
		}
	}()
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case failure:
			h.failed = true
			err = fmt.Errorf("%s", cause.reason)
		default:
			panic(cause)
		}
	}()
	return f(h)
}

func (h *host) Helper()                  {}
func (h *host) Name() string             { return "bench" }
func (h *host) Context() context.Context { return h.ctx }
func (h *host) Cleanup(f func())         { h.cleanups = append(h.cleanups, f) }
func (h *host) Failed() bool             { return h.failed }

func (h *host) Logf(format string, args ...any) { fmt.Fprintf(h.log, format+"\n", args...) }

// Skipf is a failure: a comparison that leaves something out would be mistaken for a whole one.
func (h *host) Skipf(format string, args ...any)  { panic(failure{fmt.Sprintf(format, args...)}) }
func (h *host) Fatalf(format string, args ...any) { panic(failure{fmt.Sprintf(format, args...)}) }

func (h *host) TempDir() string {
	h.dirs++
	dir := filepath.Join(h.dir, strconv.Itoa(h.dirs))
	if err := os.Mkdir(dir, 0o700); err != nil {
		h.Fatalf("making a directory to work in: %v", err)
	}
	return dir
}
