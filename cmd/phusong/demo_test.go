package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/testbed"
)

// The demonstration as a new user runs it: devices come up, it can be spoken to,
// ends by itself, has lost nothing, leaves nothing but its data, and starts again.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	listen, mqtt := testbed.Addr(t), testbed.Addr(t)
	binary := testbed.Binary(t)
	start := func(args ...string) *testbed.Process {
		return testbed.Run(t, testbed.Command{
			Name: "phusong demo", Path: binary, Dir: dir, Env: []string{"GORACE=halt_on_error=1"},
			Args: append([]string{"demo", "--listen", listen, "--mqtt", mqtt}, args...),
		})
	}
	began := time.Now()
	p := start("--history", "1h", "--drives", "0s")
	greeting := p.WaitLog("be a device")
	testbed.Eventually(t, testbed.Patience, func() error {
		return metric(listen, "phusong_unregistered_devices", func(v float64) bool { return v == 0 })
	})
	testbed.Eventually(t, testbed.Patience, func() error { return devicesUp(listen, 300) })
	t.Logf("300 devices were up after %v", time.Since(began).Round(time.Millisecond))

	// What the greeting proposes must work as it stands.
	sh := testbed.Require(t, "sh")
	testbed.Require(t, "mosquitto_pub")
	if code := testbed.Run(t, testbed.Command{Path: sh, Args: []string{"-c", strings.TrimPrefix(strings.TrimSpace(greeting), "be a device")}}).Wait(); code != 0 {
		t.Errorf("%q ended with %d", greeting, code)
	}
	for _, label := range []string{"see it", "prove it"} {
		line := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(p.WaitLog(label)), label))
		testbed.Eventually(t, testbed.Patience, func() error {
			shell := testbed.Run(t, testbed.Command{Path: sh, Args: []string{"-c", line}, Dir: dir})
			if code := shell.Wait(); code != 0 || label == "see it" && !strings.Contains(shell.Stdout(), "\nap-mine ") {
				return fmt.Errorf("%q ended with %d and said\n%s", line, code, shell.Log())
			}
			return nil
		})
	}
	if code := p.Interrupt(); code != 0 {
		t.Fatalf("Ctrl-C ended it with %d", code)
	}
	balanced(t, p.Stdout())
	if diff := cmp.Diff([]string{"data"}, names(t, dir)); diff != "" {
		t.Errorf("it left more than its data (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"alert-topics.json", "alertmanager", "audit", "broker", "lock", "mqtt-filters.json", "phusong.db", "registry", "stream", "watch"}, names(t, filepath.Join(dir, "data"))); diff != "" {
		t.Errorf("in the data folder (-want +got):\n%s", diff)
	}
	provenAtRest(t, filepath.Join(dir, "data"))

	again := start()
	again.WaitLog("Stop with Ctrl-C.")
	testbed.Eventually(t, testbed.Patience, func() error { return devicesUp(listen, 300) })
	if code := again.Interrupt(); code != 0 {
		t.Errorf("Ctrl-C ended it with %d", code)
	}
	balanced(t, again.Stdout())
	provenAtRest(t, filepath.Join(dir, "data"))
}

func TestDemoEndsByItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := testbed.Phusong(t, "demo", "--listen", testbed.Addr(t), "--mqtt", testbed.Addr(t), "--history", "0s", "--drives", "0s", "--data", dir, "--for", "5s")
	if code := p.Wait(); code != 0 {
		t.Errorf("it ended by itself with %d", code)
	}
	provenAtRest(t, dir)
}

// A newcomer finds the planted dead zone, of the right operator and in the right place, and
// no reading of the month that proves it is lost on the way.
func TestDemoHasADeadZonePlain(t *testing.T) {
	testbed.Plain(t)
	t.Parallel()
	listen := testbed.Addr(t)
	p := testbed.Run(t, testbed.Command{
		Name: "phusong demo", Path: testbed.Binary(t), Dir: t.TempDir(),
		Args: []string{"demo", "--listen", listen, "--mqtt", testbed.Addr(t), "--history", "0s"},
	})
	p.WaitLog("Drive tests of 30 days are filled in")
	const lat, lon, near = 11.34, 106.05, 0.035 // degrees; the disc and a cell
	testbed.Eventually(t, testbed.Patience, func() error {
		body, err := get("http://" + listen + "/api/v1/coverage/zones.geojson?operator=45204&verdict=dead")
		if err != nil {
			return err
		}
		var zones struct {
			Features []struct {
				Properties struct {
					Cells int `json:"cells"`
				} `json:"properties"`
				Geometry struct {
					Coordinates [][][][2]float64 `json:"coordinates"`
				} `json:"geometry"`
			} `json:"features"`
		}
		if err := json.Unmarshal([]byte(body), &zones); err != nil {
			t.Fatal(err)
		}
		for _, z := range zones.Features {
			corner := z.Geometry.Coordinates[0][0][0]
			if z.Properties.Cells >= 5 && math.Abs(corner[0]-lon) < near && math.Abs(corner[1]-lat) < near {
				return nil
			}
		}
		return fmt.Errorf("no dead zone of five cells at %v, %v:\n%.2000s", lat, lon, body)
	})
	if code := p.Interrupt(); code != 0 {
		t.Errorf("Ctrl-C ended it with %d", code)
	}
	// The store may not have taken all of a month yet; what waits is on the disk.
	said := regexp.MustCompile(`ended: received (\d+) = stored (\d+) \+ rejected 0 \+ waiting (\d+)\n`).FindStringSubmatch(p.Stdout())
	if len(said) != 4 || readings(t, said[1]) != readings(t, said[2])+readings(t, said[3]) {
		t.Errorf("it does not end with a balance:\n%s", p.Stdout())
	}
}

func readings(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// balanced holds when a demo's last words account for everything, and nothing
// waits: a stop drains.
func balanced(t *testing.T, stdout string) {
	t.Helper()
	said := regexp.MustCompile(`ended: received (\d+) = stored (\d+) \+ rejected 0 \+ waiting 0\n`).FindStringSubmatch(stdout)
	if len(said) != 3 || said[1] != said[2] || len(said[1]) < 3 {
		t.Errorf("it does not end with a balance in which all is stored:\n%s", stdout)
	}
}

func provenAtRest(t *testing.T, data string) {
	t.Helper()
	got := command(t, "check", "ledger", "--data", data)
	if got.code != 0 || !strings.HasPrefix(got.stdout, "no service is running; ") || !strings.HasSuffix(got.stdout, "balanced: every accepted reading is accounted for\n") {
		t.Errorf("check ledger: exit status %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// devicesUp holds when so many registered devices are up.
func devicesUp(listen string, least int) error {
	body, err := get("http://" + listen + "/metrics")
	if err != nil {
		return err
	}
	up := len(regexp.MustCompile(`(?m)^phusong_device_up\{.*\} 1$`).FindAllString(body, -1))
	if up < least {
		return fmt.Errorf("%d devices are up, want %d", up, least)
	}
	return nil
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		list = append(list, d.Name())
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
