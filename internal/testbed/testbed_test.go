package testbed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/testbed"
)

func TestMosquittoDeliversBetweenForeignDevices(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	publish(t, broker, "town/hall", "hello")
	if got, want := retained(t, broker, "town/#"), "hello\n"; got != want {
		t.Errorf("received %q, want %q", got, want)
	}
}

func TestMosquittoKeepsItsPortAndDataThroughARestart(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{Persistence: true})
	addr := broker.Addr()
	publish(t, broker, "kept", "still here")
	broker.Stop()
	if conn, err := dial(t, addr); err == nil {
		_ = conn.Close()
		t.Fatal("a stopped broker still listens")
	}
	broker.Start()
	if broker.Addr() != addr {
		t.Errorf("restarted on %s, want %s", broker.Addr(), addr)
	}
	if got, want := retained(t, broker, "kept"), "still here\n"; got != want {
		t.Errorf("received %q, want %q", got, want)
	}
}

func TestMosquittoForgetsWhenItIsKilled(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{Persistence: true})
	publish(t, broker, "room", "lost")
	broker.Kill()
	broker.Start()
	publish(t, broker, "room/2", "new")
	if got, want := retained(t, broker, "room/#"), "new\n"; got != want {
		t.Errorf("received %q, want %q", got, want)
	}
}

func TestMosquittoWithTLSWantsAClientCertificate(t *testing.T) {
	t.Parallel()
	certificates := testbed.NewCertificates(t, "probe-17")
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{TLS: certificates, RequireClientCert: true})
	authority := []string{"--cafile", certificates.CAFile, "-t", "x", "-m", "y"}
	known := append([]string{"--cert", certificates.ClientCert, "--key", certificates.ClientKey}, authority...)
	if _, code := device(t, "mosquitto_pub", broker, authority...); code == 0 {
		t.Error("a client without certificate was let in")
	}
	if _, code := device(t, "mosquitto_pub", broker, known...); code != 0 {
		t.Errorf("a client with certificate was refused with %d", code)
	}
}

func TestMosquittoConfigWins(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{Config: []string{"allow_anonymous false"}})
	if _, code := device(t, "mosquitto_pub", broker, "-t", "x", "-m", "y"); code == 0 {
		t.Error("an unknown client was let in")
	}
}

func TestInfluxDBKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	database := testbed.InfluxDB(t, testbed.InfluxDBOptions{WithoutFlux: true})
	database.CreateDatabase("town")
	writePoint(t, database)
	want := [][]any{{json.Number("1790000000123456789"), json.Number("12")}}
	for _, interrupt := range []func(){func() {}, database.Stop, database.Kill} {
		if interrupt(); database.PID() == 0 {
			database.Start()
		}
		if diff := cmp.Diff(want, database.Query("town", "SELECT clients FROM wifi")); diff != "" {
			t.Errorf("stored points (-want +got):\n%s", diff)
		}
	}
	if got := database.Query("town", "SELECT clients FROM absent"); got != nil {
		t.Errorf("rows of an unknown measurement: %v, want none", got)
	}
}

func TestInfluxDBSpeaksFlux(t *testing.T) {
	t.Parallel()
	database := testbed.InfluxDB(t, testbed.InfluxDBOptions{})
	database.CreateDatabase("town")
	writePoint(t, database)
	got := post(t, database.URL()+"/api/v2/query?org=-", `from(bucket:"town/autogen") |> range(start:0)`)
	if !strings.Contains(got, "ap-1") {
		t.Errorf("answered %q, want the point of ap-1", got)
	}
}

func TestQueryReportsTheDatabasesError(t *testing.T) {
	t.Parallel()
	testbed.Require(t, "influxd")
	tb := &recorder{TB: t}
	tb.run(func() {
		testbed.InfluxDB(tb, testbed.InfluxDBOptions{WithoutFlux: true}).Query("nowhere", "SELECT * FROM x")
	})
	if !strings.Contains(tb.fatal, "database not found: nowhere") {
		t.Errorf("failed with %q, want the database's own words", tb.fatal)
	}
}

func TestPortsAreReservedUntilTheTestEnds(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 200 {
		port := testbed.Port(t)
		if seen[port] {
			t.Fatalf("port %d was given twice", port)
		}
		seen[port] = true
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", testbed.Addr(t))
	if err != nil {
		t.Fatalf("a reserved port cannot be used: %v", err)
	}
	_ = listener.Close()
}

func TestProcess(t *testing.T) {
	t.Parallel()
	shell := testbed.Require(t, "sh")
	script := func(t testbed.TB, text string) *testbed.Process {
		return testbed.Run(t, testbed.Command{Name: "script", Path: shell, Args: []string{"-c", text}, Env: []string{"WORD=ready"}})
	}

	t.Run("speaks, is interrupted and leaves its exit code", func(t *testing.T) {
		t.Parallel()
		p := script(t, `trap 'echo bye; exit 7' INT; echo aside >&2; echo "now $WORD to go"; while :; do read x </dev/null; done`)
		if got, want := p.WaitLog("ready"), "now ready to go"; got != want {
			t.Errorf("waited for line %q, want %q", got, want)
		}
		if got := p.Interrupt(); got != 7 {
			t.Errorf("exit code %d, want 7", got)
		}
		if got, want := p.Stdout(), "now ready to go\nbye\n"; got != want {
			t.Errorf("standard output %q, want %q", got, want)
		}
		if !strings.Contains(p.Log(), "aside\n") {
			t.Errorf("log %q lacks standard error", p.Log())
		}
	})
	t.Run("killed leaves no exit code", func(t *testing.T) {
		t.Parallel()
		p := script(t, `while :; do read x </dev/null; done`)
		p.Kill()
		p.Kill()
		if got := p.Wait(); got != -1 {
			t.Errorf("exit code %d, want -1", got)
		}
	})
	t.Run("ending early fails the wait at once", func(t *testing.T) {
		t.Parallel()
		tb := &recorder{TB: t}
		tb.run(func() { script(tb, `echo wrong; exit 3`).WaitLog("ready") })
		if want := `script ended without saying "ready"`; tb.fatal != want {
			t.Errorf("failed with %q, want %q", tb.fatal, want)
		}
	})
	t.Run("of endless output the end is kept", func(t *testing.T) {
		t.Parallel()
		p := script(t, `head -c 20000000 /dev/zero | tr '\0' x; echo; echo last`)
		p.WaitLog("last")
		if got, limit := len(p.Log()), 8<<20; got > limit {
			t.Errorf("kept %d bytes, want at most %d", got, limit)
		}
	})
}

func TestFailedTestShowsTheEndOfTheOutput(t *testing.T) {
	t.Parallel()
	tb := &failed{TB: t}
	p := testbed.Run(tb, testbed.Command{Name: "script", Path: testbed.Require(t, "sh"), Args: []string{"-c", `for i in $(seq 100); do echo "line $i."; done`}})
	p.Wait()
	tb.cleanup()
	if strings.Contains(tb.log, "line 80.") || !strings.Contains(tb.log, "line 100.") {
		t.Errorf("the test shows %q, want the end only", tb.log)
	}
	_, after, _ := strings.Cut(tb.log, "(the whole: ")
	path, _, _ := strings.Cut(after, ")")
	whole, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(whole), "line 1.\n") {
		t.Errorf("the whole output begins with %.20q, %v", whole, err)
	}
	_ = os.Remove(path)
}

// failed is a test that has failed.
type failed struct {
	testing.TB
	log     string
	cleanup func()
}

func (f *failed) Failed() bool                    { return true }
func (f *failed) Logf(format string, args ...any) { f.log += fmt.Sprintf(format, args...) }
func (f *failed) Cleanup(do func())               { f.cleanup = do }

func TestServerReportsWhyItCannotStart(t *testing.T) {
	t.Parallel()
	testbed.Require(t, "mosquitto")
	tb := &recorder{TB: t}
	tb.run(func() { testbed.Mosquitto(tb, testbed.MosquittoOptions{Config: []string{"no_such_option 1"}}) })
	if !strings.Contains(tb.fatal, "no_such_option") {
		t.Errorf("failed with %q, want Mosquitto's own words", tb.fatal)
	}
}

func TestWaitHTTP(t *testing.T) {
	t.Parallel()
	addr := testbed.Addr(t)
	p := testbed.Run(t, testbed.Command{Path: testbed.Require(t, "sleep"), Args: []string{"60"}})
	listening := make(chan *http.Server, 1)
	go func() {
		listener, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(t.Context()), "tcp", addr)
		if err != nil {
			panic(err)
		}
		calls := 0
		server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if calls++; calls < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = fmt.Fprintf(w, "call %d", calls)
		})}
		listening <- server
		_ = server.Serve(listener)
	}()
	if got, want := p.WaitHTTP("http://"+addr), "call 3"; got != want {
		t.Errorf("body %q, want %q", got, want)
	}
	_ = (<-listening).Close()
}

// What is missing skips at a developer's desk and fails in CI. The environment is the process's, so
// these cannot run in parallel.
func TestAbsence(t *testing.T) {
	t.Setenv("PHUSONG_TEST_DATA", t.TempDir())
	t.Setenv("PHUSONG_TEST_SLOW", "")
	program := func(t testbed.TB) { testbed.Require(t, "no-such-program") }
	data := func(t testbed.TB) { testbed.Data(t, "no/such/data.csv") }
	for _, test := range []struct {
		name, ci          string
		call              func(testbed.TB)
		wantSkip, wantEnd string
	}{
		{"program", "", program, "no-such-program is not installed: run `make tools`", ""},
		{"program in CI", "true", program, "", "no-such-program is not installed: run `make tools`"},
		{"data", "", data, "test data no/such/data.csv is not there: set PHUSONG_TEST_DATA to the folder that holds it", ""},
		{"data in CI", "true", data, "", "test data no/such/data.csv is not there: set PHUSONG_TEST_DATA to the folder that holds it"},
		{"plain test", "true", func(t testbed.TB) { testbed.Plain(t) }, "", "a plain test: let its name end in Plain, or `make test` would not find it"},
		{"slow test", "true", func(t testbed.TB) { testbed.Slow(t) }, "slow test: set PHUSONG_TEST_SLOW=1 to run it", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("CI", test.ci)
			tb := &recorder{TB: t}
			tb.run(func() { test.call(tb) })
			if tb.skip != test.wantSkip || tb.fatal != test.wantEnd {
				t.Errorf("skipped with %q, failed with %q; want %q and %q", tb.skip, tb.fatal, test.wantSkip, test.wantEnd)
			}
		})
	}
}

func TestDataFindsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PHUSONG_TEST_DATA", dir)
	want := filepath.Join(dir, "town", "rows.csv")
	if err := os.MkdirAll(filepath.Dir(want), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := testbed.Data(t, "town/rows.csv"); got != want {
		t.Errorf("Data = %q, want %q", got, want)
	}
}

func TestEventuallyGivesTheLastReason(t *testing.T) {
	t.Parallel()
	tb := &recorder{TB: t}
	tb.run(func() {
		testbed.Eventually(tb, 20*time.Millisecond, func() error { return errors.New("two of three stored") })
	})
	if !strings.Contains(tb.fatal, "two of three stored") {
		t.Errorf("failed with %q, want the last reason", tb.fatal)
	}
	tries := 0
	testbed.Eventually(t, time.Minute, func() error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	})
}

// recorder is a test that may fail without failing the real one.
type recorder struct {
	testing.TB
	skip, fatal string
}

func (r *recorder) Skipf(format string, args ...any) {
	r.skip = fmt.Sprintf(format, args...)
	panic(r)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.fatal = fmt.Sprintf(format, args...)
	panic(r)
}

// run calls f and returns when f has ended the recorded test, or returned.
func (r *recorder) run(f func()) {
	defer func() {
		if cause := recover(); cause != nil && cause != any(r) {
			panic(cause)
		}
	}()
	f()
}

// device runs one of Mosquitto's own clients against the broker, to its end.
func device(t *testing.T, program string, broker *testbed.Broker, args ...string) (stdout string, exitCode int) {
	t.Helper()
	args = append([]string{"-h", "127.0.0.1", "-p", strconv.Itoa(broker.Port())}, args...)
	p := testbed.Run(t, testbed.Command{Path: testbed.Require(t, program), Args: args})
	exitCode = p.Wait()
	return p.Stdout(), exitCode
}

func publish(t *testing.T, broker *testbed.Broker, topic, message string) {
	t.Helper()
	if _, code := device(t, "mosquitto_pub", broker, "-t", topic, "-m", message, "-q", "1", "-r"); code != 0 {
		t.Fatalf("mosquitto_pub ended with %d", code)
	}
}

// retained returns the one message the broker keeps for a filter.
func retained(t *testing.T, broker *testbed.Broker, filter string) string {
	t.Helper()
	message, code := device(t, "mosquitto_sub", broker, "-t", filter, "-C", "1", "-W", "20")
	if code != 0 {
		t.Fatalf("mosquitto_sub ended with %d", code)
	}
	return message
}

// writePoint uses the address of the 2.x API, as phusong does.
func writePoint(t *testing.T, database *testbed.Database) {
	t.Helper()
	post(t, database.URL()+"/api/v2/write?org=-&bucket=town/autogen&precision=ns",
		"wifi,device=ap-1 clients=12i 1790000000123456789\n")
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/vnd.flux")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 {
		t.Fatalf("posting to %s: %s %s (%v)", url, response.Status, answer, err)
	}
	return string(answer)
}

func dial(t *testing.T, addr string) (net.Conn, error) {
	t.Helper()
	return (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", addr)
}
