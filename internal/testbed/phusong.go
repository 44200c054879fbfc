package testbed

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// buildPhusong builds the program at most once in a test process.
var buildPhusong = sync.OnceValues(build)

// Binary returns the path of the phusong program built from this checkout. Under the race detector
// the program has it too: the tests that kill things are where races show, and such a program exits
// with code 66 at the first one.
func Binary(t TB) string {
	t.Helper()
	Root(t) // a clear message before the build fails with an obscure one
	path, err := buildPhusong()
	if err != nil {
		t.Fatalf("building phusong: %v", err)
	}
	return path
}

// Phusong starts the program with args, in a working directory of the test.
func Phusong(t TB, args ...string) *Process {
	t.Helper()
	return Run(t, Command{
		Name: "phusong", Path: Binary(t), Args: args, Dir: t.TempDir(),
		Env: []string{"GORACE=halt_on_error=1"},
	})
}

// WaitHTTP waits until a GET of url answers 200 and returns the body. The test fails when the program
// ends first or does not answer so in time.
func (p *Process) WaitHTTP(url string) string {
	p.t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var body []byte
	err := p.awaitReady(func() error {
		request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			return errors.Join(err, errGivenUp)
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if body, err = io.ReadAll(response.Body); err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s: %s", url, response.Status, body)
		}
		return nil
	})
	if err != nil {
		p.t.Fatalf("waiting for %s: %v", p.name, err)
	}
	return string(body)
}

// build leaves the program at a fixed place below the checkout. The go command then finds it up to
// date and links nothing when several test processes ask for it; a lock keeps them from replacing it
// under one another.
func build() (path string, err error) {
	output, err := exec.Command("go", "env", "GOMOD").Output() //nolint:noctx // short, and shared by all tests: none of their contexts may end it
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	root := filepath.Dir(string(output))
	dir := filepath.Join(root, ".tools", "test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }() // also unlocks
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("locking %s: %w", lock.Name(), err)
	}
	args := []string{"build"}
	path = filepath.Join(dir, "phusong")
	if raceEnabled {
		args = append(args, "-race")
		path += "-race"
	}
	args = append(args, "-o", path, "./cmd/phusong")
	command := exec.Command("go", args...) //nolint:noctx // as above
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %v: %w\n%s", args, err, output)
	}
	return path, nil
}
