package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"phusong/internal/testbed"
)

// outcome is what a command left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// command carries out one command line in this process.
func command(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	var stdout, stderr testbed.Buffer
	code := run(&process{name: "phusong", ctx: ctx, stdout: &stdout, stderr: &stderr}, args)
	return outcome{code, stdout.String(), stderr.String()}
}

// background is a command line that runs until it is stopped.
type background struct {
	t              *testing.T
	cancel         context.CancelFunc
	ended          chan struct{}
	code           int // after ended
	stdout, stderr testbed.Buffer
}

// begin starts a command line in this process. It is stopped with the test.
func begin(t *testing.T, args ...string) *background {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	b := &background{t: t, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(b.ended)
		b.code = run(&process{name: "phusong", ctx: ctx, stdout: &b.stdout, stderr: &b.stderr}, args)
	}()
	t.Cleanup(func() {
		b.stop()
		if t.Failed() {
			t.Logf("phusong %s said:\n%s%s", strings.Join(args, " "), b.stdout.String(), b.stderr.String())
		}
	})
	return b
}

// stop ends the command as Ctrl-C does.
func (b *background) stop() outcome {
	b.t.Helper()
	b.cancel()
	return b.wait()
}

// wait waits until the command ends.
func (b *background) wait() outcome {
	b.t.Helper()
	select {
	case <-b.ended:
	case <-time.After(testbed.Patience):
		b.t.Fatalf("it does not end; it said:\n%s", b.stderr.String())
	}
	return outcome{b.code, b.stdout.String(), b.stderr.String()}
}

// await waits until check holds or the command ends.
func (b *background) await(check func() error) {
	b.t.Helper()
	gone := false
	testbed.Eventually(b.t, testbed.Patience, func() error {
		if gone = b.hasEnded(); gone {
			return nil
		}
		return check()
	})
	if gone {
		b.t.Fatalf("it ended with %d before its time; it said:\n%s", b.code, b.stderr.String())
	}
}

func (b *background) hasEnded() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

// serving is a service that runs in this process, and is ready.
type serving struct {
	*background
	listen, config, data string
}

// serve starts the service with more lines of configuration, and waits until it
// is ready.
func serve(t *testing.T, lines string) *serving {
	t.Helper()
	s := &serving{listen: testbed.Addr(t), data: filepath.Join(t.TempDir(), "data")}
	s.config = configured(t, fmt.Sprintf("data: %s\nlisten: %s\n%s", s.data, s.listen, lines))
	s.start(t)
	return s
}

func (s *serving) start(t *testing.T) {
	t.Helper()
	s.background = begin(t, "serve", "--config", s.config)
	s.await(func() error {
		_, err := get("http://" + s.listen + "/readyz")
		return err
	})
}

// awaitMetric waits until a metric of the service has a value that holds.
func (s *serving) awaitMetric(series string, holds func(float64) bool) {
	s.t.Helper()
	s.await(func() error { return metric(s.listen, series, holds) })
}

func metric(listen, series string, holds func(float64) bool) error {
	body, err := get("http://" + listen + "/metrics")
	if err != nil {
		return err
	}
	for line := range strings.Lines(body) {
		value, ok := strings.CutPrefix(line, series+" ")
		if !ok {
			continue
		}
		var v float64
		if _, err := fmt.Sscan(value, &v); err != nil {
			return err
		}
		if holds(v) {
			return nil
		}
		return fmt.Errorf("%s is %v", series, v)
	}
	return fmt.Errorf("there is no %s", series)
}

// get returns the body of a page that answers 200.
func get(url string) (string, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %s", url, response.Status, body)
	}
	return string(body), err
}

func configured(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "phusong.yml")
	write(t, path, text)
	return path
}

// anonymous lets everybody into an embedded broker at the address.
func anonymous(listen string) string {
	return fmt.Sprintf("broker: {listen: %q, anonymous: true}\n", listen)
}

// What is wrong is told in one line on standard error, with the remedy, and by
// the exit status.
func TestComplaints(t *testing.T) {
	t.Parallel()
	busy := listener(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, "")
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o750); err != nil {
		t.Fatal(err)
	}
	free := func() string { return testbed.Addr(t) }
	wrong := configured(t, "alarms: {}\n")
	for name, test := range map[string]struct {
		args []string
		code int
		want string // of standard error, behind "phusong: "
	}{
		"no command":         {nil, 2, `expected one of "demo", "serve", "simulate", "import", "report", ...; see phusong --help`},
		"unknown command":    {[]string{"fly"}, 2, "unexpected argument fly; see phusong --help"},
		"unknown flag":       {[]string{"demo", "--fast"}, 2, "unknown flag --fast; see phusong --help"},
		"flag without value": {[]string{"demo", "--data"}, 2, `--data: expected string value but got "EOL" (<EOL>); see phusong --help`},
		"bad duration":       {[]string{"demo", "--for", "soon"}, 2, `--for: expected duration but got "soon": time: invalid duration "soon"; see phusong --help`},
		"half a command":     {[]string{"check"}, 2, `expected one of "config", "rules", "ledger"; see phusong --help`},
		"missing flag":       {[]string{"import", "gnettrack", "a.txt"}, 2, "missing flags: --area=STRING; see phusong --help"},

		"busy HTTP port":         {[]string{"demo", "--listen", busy, "--mqtt", free(), "--data", dir + "/a"}, 1, "cannot listen on " + busy + ": address already in use; choose another address with --listen or the key listen"},
		"busy MQTT port":         {[]string{"demo", "--listen", free(), "--mqtt", busy, "--data", dir + "/b"}, 1, "cannot listen on " + busy + " for MQTT: address already in use; choose another with --mqtt or the key broker.listen"},
		"demo for the world":     {[]string{"demo", "--listen", "0.0.0.0:8080", "--data", dir + "/c"}, 1, "--listen 0.0.0.0:8080: the demo has no login and listens on a loopback address only, such as 127.0.0.1:8080"},
		"broker for the world":   {[]string{"demo", "--listen", free(), "--mqtt", "0.0.0.0:1883", "--data", dir + "/c"}, 1, "--mqtt 0.0.0.0:1883: the demo's broker lets everybody in and listens on a loopback address only, such as 127.0.0.1:1883"},
		"address without a port": {[]string{"demo", "--listen", "127.0.0.1", "--data", dir + "/c"}, 1, `--listen is "127.0.0.1": write host and port, such as 127.0.0.1:8080`},
		"data is a file":         {[]string{"demo", "--listen", free(), "--mqtt", free(), "--data", file}, 1, "data folder " + file + " cannot be made: not a directory; choose another with --data or the key data"},
		"data below a file":      {[]string{"demo", "--listen", free(), "--mqtt", free(), "--data", file + "/x"}, 1, "data folder " + file + "/x cannot be made: not a directory; choose another with --data or the key data"},
		"data not writable":      {[]string{"demo", "--listen", free(), "--mqtt", free(), "--data", "/proc/self"}, 1, "data folder /proc/self cannot be written to: "},

		"wrong key":             {[]string{"serve", "-c", wrong}, 1, "configuration " + wrong + `: line 1: there is no key "alarms"; `},
		"no configuration":      {[]string{"serve", "-c", dir + "/none.yml"}, 1, "configuration " + dir + "/none.yml: no such file or directory"},
		"nobody could connect":  {[]string{"serve"}, 1, "configuration: nobody could connect to the embedded broker: "},
		"check of a wrong key":  {[]string{"check", "config", wrong}, 1, "configuration " + wrong + `: line 1: there is no key "alarms"; `},
		"ledger of nothing":     {[]string{"check", "ledger", "--data", empty}, 1, "there are no data of phusong in " + empty + ": name its data folder with --data, or its configuration with --config"},
		"ledger of nowhere":     {[]string{"check", "ledger", "--data", dir + "/none"}, 1, "there are no data of phusong in " + dir + "/none: "},
		"letters of nothing":    {[]string{"deadletters", "list", "--data", empty}, 1, "there are no data of phusong in " + empty + ": "},
		"replay without choice": {[]string{"deadletters", "replay", "--data", empty}, 1, "name the ids to replay, or say --all"},
		"replay of both":        {[]string{"deadletters", "replay", "--data", empty, "--all", "1"}, 1, "name the ids to replay, or say --all"},
		"replay at rest":        {[]string{"deadletters", "replay", "--data", empty, "--all"}, 1, "no service is running on the data folder " + empty + "; start it first: only a running service can process messages"},
		"devices at rest":       {[]string{"devices", "--data", empty}, 1, "no service is running on the data folder " + empty + "; only a running service knows"},
		"unknown state":         {[]string{"devices", "--data", empty, "--state", "dead"}, 2, `--state must be one of "","up","silent","offline","unknown","retired" but got "dead"; see phusong --help`},

		"import of nothing":   {[]string{"import", "gnettrack", "--area", "80", dir + "/none.txt"}, 1, "open " + dir + "/none.txt: no such file or directory"},
		"import without area": {[]string{"import", "gnettrack", "--area", "Dakar", file}, 1, "--area: "},
		"import without zone": {[]string{"import", "gnettrack", "--area", "80", "--zone", "Mars/Base", file}, 1, "--zone: unknown time zone Mars/Base"},
		"import wrong PLMN":   {[]string{"import", "gnettrack", "--area", "80", "--operator", "Viettel=x", file}, 1, "--operator Viettel: "},
		"import wrong SIM":    {[]string{"import", "gnettrack", "--area", "80", "--sim", "x", file}, 1, "--sim: "},
		"import wrong device": {[]string{"import", "gnettrack", "--area", "80", "--device", "My Phone", file}, 1, file + ": "},
		"import of a folder":  {[]string{"import", "gnettrack", "--area", "80", empty}, 1, empty + " is a folder: name the log files in it"},
		"no password file":    {[]string{"simulate", "--password-file", dir + "/none"}, 1, "--password-file: open " + dir + "/none: no such file or directory"},
		"no authority":        {[]string{"simulate", "--ca-file", file}, 1, "broker: CA file " + file + ": no certificate in PEM form inside"},
		"negative speed":      {[]string{"simulate", "--speed=-1"}, 2, "simulate play: --speed is -1: use 1 for real time, 60 for an hour in a minute, 0 for as fast as possible; see phusong --help"},
		"no devices":          {[]string{"simulate", "--access-points=-1"}, 2, "simulate play: --access-points is -1: use 0 or more; "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := command(t, test.args...)
			if got.code != test.code {
				t.Errorf("exit status %d, want %d", got.code, test.code)
			}
			if got.stdout != "" {
				t.Errorf("standard output %q, want none", got.stdout)
			}
			if !strings.HasPrefix(got.stderr, "phusong: "+test.want) || strings.Count(got.stderr, "\n") != 1 || !strings.HasSuffix(got.stderr, "\n") {
				t.Errorf("standard error\n%s\nwant one line\nphusong: %s", got.stderr, test.want)
			}
		})
	}
}

// listener occupies a port for the time of the test and returns its address.
func listener(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// The whole command line as people see it.
func TestHelp(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	var list func(*kong.Node)
	list = func(node *kong.Node) {
		args := append(strings.Fields(strings.TrimPrefix(node.Path(), "phusong")), "--help")
		got := command(t, args...)
		if got.code != 0 || got.stderr != "" {
			t.Errorf("phusong %s: exit status %d, standard error %q", strings.Join(args, " "), got.code, got.stderr)
		}
		fmt.Fprintf(&all, "$ phusong %s\n%s\n", strings.Join(args, " "), got.stdout)
		for _, child := range node.Children {
			list(child)
		}
	}
	list(newParser(new(cli), &process{stdout: io.Discard, stderr: io.Discard}, func(int) {}).Model.Node)
	golden(t, "testdata/help.txt", all.String())
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := command(t, "version")
	if got.code != 0 || !strings.HasPrefix(got.stdout, "phusong ") || !strings.Contains(got.stdout, "(go1.") {
		t.Errorf("exit status %d, standard output %q; want the version and Go's", got.code, got.stdout)
	}
}

func TestCheckConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "devices.csv"), "id,kind,area,interval\nap-1,wifi,80,60s\n")
	good := configured(t, fmt.Sprintf("mqtt: {url: 'tcp://x:1'}\nregistry: {devices: %s/devices.csv}\n", dir))
	if got := command(t, "check", "config", good); got.code != 0 || got.stdout != "configuration is right: 0 areas, 0 sites, 1 devices, 0 roads registered\n" {
		t.Errorf("exit status %d, standard output %q, standard error %q", got.code, got.stdout, got.stderr)
	}
	write(t, filepath.Join(dir, "devices.csv"), "id,kind,area,interval\nap-1,wifi,80,often\nap-2,radar,80,60s\n")
	got := command(t, "check", "config", good)
	if got.code != 1 || !strings.Contains(got.stderr, "devices.csv:2: ") || !strings.Contains(got.stderr, "devices.csv:3: ") {
		t.Errorf("exit status %d, standard error %q; want both faults with their lines", got.code, got.stderr)
	}
	if got := command(t, "check", "config", configured(t, "mqtt: {url: 'tcp://x:1', username: p, password_file: /none}\n")); got.code != 1 || !strings.Contains(got.stderr, "mqtt.password_file: open /none: no such file or directory") {
		t.Errorf("exit status %d, standard error %q; want the missing file and its key", got.code, got.stderr)
	}
}

// One process uses a data folder at a time.
func TestASecondServiceOnOneFolderIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, anonymous(testbed.Addr(t)))
	got := command(t, "demo", "--data", s.data, "--listen", testbed.Addr(t), "--mqtt", testbed.Addr(t))
	want := "phusong: the data folder " + s.data + " is in use by another phusong: stop it, or choose another folder with --data or the key data\n"
	if got.code != 1 || got.stderr != want {
		t.Errorf("exit status %d, standard error\n%s\nwant\n%s", got.code, got.stderr, want)
	}
	if got := s.stop(); got.code != 0 {
		t.Errorf("the first ended with %d", got.code)
	}
}

// golden compares a text with a file of testdata; with UPDATE_GOLDEN=1 it writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		write(t, file, got)
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (UPDATE_GOLDEN=1 go test writes it); got:\n%s", file, got)
	}
}
