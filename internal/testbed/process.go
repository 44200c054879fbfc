package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Process is one running program. Its output is kept, up to a bound, and its end is shown when the test fails.
// It is killed when the test ends, should it still run.
type Process struct {
	t      TB
	name   string
	cmd    *exec.Cmd
	log    *output // both streams, in order of arrival
	stdout *output
	exited chan struct{} // closed after the program ended and its output is complete
}

// Command is what [Run] starts.
type Command struct {
	// Name is how messages call the program. The default is the path.
	Name string
	// Path of the executable, and its arguments.
	Path string
	Args []string
	// Dir is the working directory. The default is that of the test.
	Dir string
	// Env is added to the environment of the test, as "key=value".
	Env []string
}

// Run starts a program and returns while it runs.
func Run(t TB, c Command) *Process {
	t.Helper()
	if c.Name == "" {
		c.Name = c.Path
	}
	p := &Process{
		t: t, name: c.Name,
		log: newOutput(), stdout: newOutput(),
		exited: make(chan struct{}),
	}
	// The context of a test ends before its cleanups run; a program must live on until it is
	// asked to end properly.
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), c.Path, c.Args...)
	p.cmd.Dir = c.Dir
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Stdout = io.MultiWriter(p.stdout, p.log)
	p.cmd.Stderr = p.log
	p.cmd.SysProcAttr = dieWithParent()
	// A grandchild that keeps the pipes open must not hang the test.
	p.cmd.WaitDelay = Patience
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", c.Name, err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is read from ProcessState
		p.log.close()
		p.stdout.close()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s", p.lastWords())
		}
	})
	return p
}

// shownLines is how much of a program's output a failed test shows: what the test itself says must
// not drown in it.
const shownLines = 15

// lastWords is the end of the output, and the file in which all of it is kept.
func (p *Process) lastWords() string {
	lines := strings.SplitAfter(strings.TrimSuffix(p.Log(), "\n"), "\n")
	if len(lines) <= shownLines {
		return fmt.Sprintf("output of %s:\n%s", p.name, strings.Join(lines, ""))
	}
	whole := "lost"
	if file, err := os.CreateTemp("", "phusong-test-*.log"); err == nil {
		_, err = file.WriteString(p.Log())
		if errors.Join(err, file.Close()) == nil {
			whole = file.Name()
		}
	}
	end := lines[len(lines)-shownLines:]
	return fmt.Sprintf("output of %s, the last %d lines of %d (the whole: %s):\n%s", p.name, shownLines, len(lines), whole, strings.Join(end, ""))
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log returns what the program wrote so far to standard output and standard error. Of very long
// output only the end is kept.
func (p *Process) Log() string { return p.log.String() }

// Stdout returns what the program wrote so far to standard output.
func (p *Process) Stdout() string { return p.stdout.String() }

// Exited is closed when the program has ended, for whatever reason.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Kill ends the program with SIGKILL, as a power cut would, and waits until it is gone. Killing
// twice is harmless.
func (p *Process) Kill() {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	p.Wait()
}

// Interrupt sends SIGINT, as Ctrl-C does, waits for the end and returns the exit code.
func (p *Process) Interrupt() int {
	p.t.Helper()
	p.signal(os.Interrupt)
	return p.Wait()
}

// Terminate sends SIGTERM, as a service manager does, waits for the end and returns the exit code.
func (p *Process) Terminate() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	return p.Wait()
}

// Wait waits until the program ends by itself and returns its exit code, -1 after a signal. A
// program that does not end in time fails the test.
func (p *Process) Wait() int {
	p.t.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-timeout.C:
		// The log would be lost: this may itself run in the last cleanup.
		p.t.Fatalf("%s still runs after %v; its output:\n%s", p.name, Patience, p.Log())
		return 0
	}
}

// WaitLog waits for a line of output that contains text and returns it. Lines already written
// count. The test fails when the program ends without such a line, or says nothing in time.
func (p *Process) WaitLog(text string) string {
	p.t.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	for {
		lines, more := p.log.snapshot()
		for line := range strings.Lines(lines) {
			// A line without its end may still grow.
			if strings.HasSuffix(line, "\n") && strings.Contains(line, text) {
				return strings.TrimSuffix(line, "\n")
			}
		}
		if more == nil {
			p.t.Fatalf("%s ended without saying %q", p.name, text)
		}
		select {
		case <-more:
		case <-timeout.C:
			p.t.Fatalf("%s did not say %q within %v", p.name, text, Patience)
		}
	}
}

// signal sends sig; a program that ended already is not an error.
func (p *Process) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("sending %v to %s: %v", sig, p.name, err)
	}
}

// awaitReady polls ready until it returns nil, and gives up early when the program ends.
func (p *Process) awaitReady(ready func() error) error {
	return poll(p.t.Context(), Patience, func() error {
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended while starting (%v): %w; its output:\n%s",
				p.name, p.cmd.ProcessState, errGivenUp, p.Log())
		default:
			return ready()
		}
	})
}
