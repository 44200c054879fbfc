package main_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"phusong/internal/testbed"
)

// asOnLoopback returns a file of deploy with the paths and addresses of the
// containers replaced by those of a test. Each must be there: a test of a
// configuration that has moved on would prove nothing.
func asOnLoopback(t *testing.T, file string, replace map[string]string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testbed.Root(t), file))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for old, with := range replace {
		if !strings.Contains(text, old) {
			t.Fatalf("%s does not say %q", file, old)
		}
		text = strings.ReplaceAll(text, old, with)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// stackBroker is Mosquitto with the stack's own configuration and secrets.
type stackBroker struct {
	addr    string
	secrets string
	config  string
	process *testbed.Process
}

func (b stackBroker) url() string { return "ssl://" + b.addr }

func (b stackBroker) secret(name string) string { return filepath.Join(b.secrets, name) }

// newStackBroker starts it and gives the devices passwords.
func newStackBroker(t *testing.T, devices ...string) (b stackBroker, passwords map[string]string) {
	t.Helper()
	b = stackBroker{addr: testbed.Addr(t), secrets: filepath.Join(t.TempDir(), "secrets")}
	tool := func(args ...string) string {
		output, err := exec.CommandContext(t.Context(), testbed.Binary(t), args...).Output()
		if err != nil {
			t.Fatalf("phusong %v: %v", args, err)
		}
		return string(output)
	}
	tool("secrets", "init", "--dir", b.secrets, "--host", "localhost,127.0.0.1")
	passwords = make(map[string]string)
	if len(devices) > 0 {
		for line := range strings.Lines(tool(append([]string{"secrets", "device", "--dir", b.secrets}, devices...)...)) {
			id, password, _ := strings.Cut(strings.TrimSpace(line), " ")
			passwords[id] = password
		}
	}
	_, port, err := net.SplitHostPort(b.addr)
	if err != nil {
		t.Fatal(err)
	}
	acl := asOnLoopback(t, "deploy/mosquitto/acl", nil)
	config := asOnLoopback(t, "deploy/mosquitto/mosquitto.conf", map[string]string{
		"listener 8883":               "listener " + port + " 127.0.0.1",
		"per_listener_settings false": "per_listener_settings false\nuser root", // who starts it as root may read the test's files
		"/run/secrets":                b.secrets,
		"/mosquitto/config/acl":       acl,
		"/mosquitto/data/":            t.TempDir() + "/",
		"connection_messages false":   "connection_messages true",
	})
	b.config = config
	b.start(t)
	return b, passwords
}

// start starts it, again after a Kill of its process.
func (b *stackBroker) start(t *testing.T) {
	t.Helper()
	b.process = testbed.Run(t, testbed.Command{Name: "mosquitto", Path: testbed.Require(t, "mosquitto"), Args: []string{"-c", b.config}})
	testbed.Eventually(t, testbed.Patience, func() error {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", b.addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// publish is a device with mosquitto_pub.
func (b stackBroker) publish(t *testing.T, user, password, topic, payload string) (code int) {
	t.Helper()
	host, port, err := net.SplitHostPort(b.addr)
	if err != nil {
		t.Fatal(err)
	}
	return testbed.Run(t, testbed.Command{Name: "mosquitto_pub", Path: testbed.Require(t, "mosquitto_pub"), Args: []string{
		"-h", host, "-p", port, "--cafile", b.secret("ca.pem"), "-u", user, "-P", password, "-q", "1", "-t", topic, "-m", payload,
	}}).Wait()
}

// The broker of docker-compose.yml lets each device write under its own id and
// nowhere else, and lets nobody in without a password.
func TestStackBroker(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	b, passwords := newStackBroker(t, "ap-1", "ap-2")
	w := newTown(t, townOptions{Keys: map[string]any{
		"mqtt.url": b.url(), "mqtt.username": "phusong",
		"mqtt.password_file": b.secret("mqtt-phusong.password"), "mqtt.ca_file": b.secret("ca.pem"),
	}})
	w.start()
	for _, try := range []struct {
		user, password, topic string
		enters                bool
	}{
		{"ap-1", passwords["ap-1"], "phusong/v1/25459/wifi/ap-1/telemetry", true},
		{"ap-1", passwords["ap-1"], "phusong/v1/25459/wifi/ap-2/telemetry", true}, // dropped by the broker, which does not say so in MQTT 3.1.1
		{"ap-1", passwords["ap-2"], "phusong/v1/25459/wifi/ap-1/telemetry", false},
		{"nobody", "", "phusong/v1/25459/wifi/nobody/telemetry", false},
		{"ap-2", passwords["ap-2"], "phusong/v1/25459/wifi/ap-2/telemetry", true},
	} {
		if code := b.publish(t, try.user, try.password, try.topic, `{"clients": 3}`); (code == 0) != try.enters {
			t.Errorf("%s to %s: mosquitto_pub ended with %d", try.user, try.topic, code)
		}
	}
	w.awaitExactly("phusong_readings_stored_total", 2)
	w.awaitExactly("phusong_unregistered_devices", 2)
	player := testbed.Phusong(t, "simulate", "--broker", b.url(), "--username", "simulator",
		"--password-file", b.secret("mqtt-simulator.password"), "--ca-file", b.secret("ca.pem"),
		"--connections", "2", "--access-points", "5", "--probes", "2", "--sensors", "2", "--interval", "1s", "--for", "5s")
	if code := player.Wait(); code != 0 {
		t.Errorf("simulate ended with %d:\n%s", code, player.Log())
	}
	w.awaitAtLeast("phusong_readings_stored_total", 2+9)
	w.mustBalance()
}

func TestHealthCommand(t *testing.T) {
	t.Parallel()
	w := newTown(t, townOptions{})
	w.start()
	if code, output := w.run("health", "--url", w.url("/readyz")); code != 0 {
		t.Errorf("health of a ready service: %d %s", code, output)
	}
	w.stop()
	if code, output := w.run("health", "--url", w.url("/readyz")); code != 1 || !strings.Contains(output, "refused") {
		t.Errorf("health of a stopped service: %d %s", code, output)
	}
}

// run carries out a command that needs no configuration.
func (w *town) run(args ...string) (code int, output string) {
	w.t.Helper()
	p := testbed.Phusong(w.t, args...)
	return p.Wait(), p.Log()
}
