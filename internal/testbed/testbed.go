// Package testbed starts the real programs that phusong is tested against: Mosquitto, InfluxDB,
// Alertmanager and phusong itself, and the mail and web servers that alerts end in. Each runs on free
// loopback ports with a temporary directory of its own, is ready when the constructor returns, ends
// with the test, and shows its log when the test fails.
//
// It is test support: only _test.go files and internal/bench import it. It fakes nothing; what it
// starts is what a province runs.
//
// All failures end the test through [TB], so functions and methods here must be called from the
// goroutine that runs the test.
package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// TB is the part of [testing.TB] the testbed needs. It is an interface of our own so that the
// bench, which is a program and not a test, can use the same programs.
type TB interface {
	Helper()
	Name() string
	Context() context.Context
	TempDir() string
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Patience bounds every wait of every test: for a program to start or to end, for a message to
// arrive. It is the one such bound. A wait that ends earlier costs nothing, and race-enabled programs
// share two cores with everything else; only a test that has failed waits so long.
const Patience = 3 * time.Minute

// pollInterval is the pause between two looks at an outside program that offers no event.
const pollInterval = 5 * time.Millisecond

// Require returns the path of a program the test cannot do without. It looks in .tools/bin of the
// checkout first, because the versions there are pinned, then on PATH, then where Debian puts
// servers. A missing program skips the test and names the remedy; with CI=true it fails the test,
// so that continuous integration can never be green by absence.
func Require(t TB, program string) string {
	t.Helper()
	if path, err := exec.LookPath(filepath.Join(Root(t), ".tools", "bin", program)); err == nil {
		return path
	}
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	if path, err := exec.LookPath("/usr/sbin/" + program); err == nil {
		return path
	}
	absent(t, "%s is not installed: run `make tools`", program)
	return ""
}

// Data returns the path of a file or folder of the shared real inputs, for example
// "gnettrack-dakar/raw". The inputs lie in $PHUSONG_TEST_DATA or in ../shared/data beside the checkout;
// they are too large and not ours to keep in it. Absent data is treated like an absent program.
func Data(t TB, name string) string {
	t.Helper()
	base := os.Getenv("PHUSONG_TEST_DATA")
	if base == "" {
		base = filepath.Join(Root(t), "..", "shared", "data")
	}
	path := filepath.Join(base, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		absent(t, "test data %s is not there: set PHUSONG_TEST_DATA to the folder that holds it", name)
	}
	return path
}

// Slow skips the test unless PHUSONG_TEST_SLOW=1. It marks the tests that take longer than a few
// seconds: `make test` runs them, a plain `go test ./...` stays quick.
func Slow(t TB) {
	t.Helper()
	if os.Getenv("PHUSONG_TEST_SLOW") != "1" {
		t.Skipf("slow test: set PHUSONG_TEST_SLOW=1 to run it")
	}
}

// plainSuffix ends the names of all plain tests: `make test` chooses them by it.
const plainSuffix = "Plain"

// Plain skips the test unless PHUSONG_TEST_SLOW=1, and under the race detector. It marks the tests that
// only compute, for so long that the race detector, which makes it ten times as long, must be spared
// them; a smaller test of the same code runs under it. `make test` runs the plain tests in a pass of
// their own. It finds them by the end of their names, so a test without it fails here, in both passes.
func Plain(t TB) {
	t.Helper()
	if name, _, _ := strings.Cut(t.Name(), "/"); !strings.HasSuffix(name, plainSuffix) {
		t.Fatalf("a plain test: let its name end in %s, or `make test` would not find it", plainSuffix)
	}
	Slow(t)
	if raceEnabled {
		t.Skipf("plain test: it runs in the pass without the race detector")
	}
}

// Root returns the directory of the checkout: the nearest one upwards that has a go.mod.
func Root(t TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("finding the checkout: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatalf("finding the checkout: no go.mod above the working directory")
		}
		dir = parent
	}
}

// Eventually waits until check returns nil and fails the test with check's last error when that
// does not happen in time. It is for outside programs that give no event to wait for; where there
// is one, wait for it instead.
func Eventually(t TB, within time.Duration, check func() error) {
	t.Helper()
	if err := poll(t.Context(), within, check); err != nil {
		t.Fatalf("%v", err)
	}
}

// errGivenUp marks a check that cannot succeed any more, so that polling ends at once.
var errGivenUp = errors.New("given up")

// poll calls check until it returns nil, an error that wraps errGivenUp, or the time is over.
func poll(ctx context.Context, within time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := check()
		if err == nil || errors.Is(err, errGivenUp) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("not reached within %v: %w", within, err)
		}
	}
}

func absent(t TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
