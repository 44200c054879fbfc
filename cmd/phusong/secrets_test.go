package main

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func secretsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, entry := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(raw)
	}
	return files
}

func TestSecretsAreMadeOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "secrets")
	first := command(t, "secrets", "init", "--dir", dir)
	if first.code != 0 {
		t.Fatalf("secrets init: %s", first.stderr)
	}
	made := secretsOf(t, dir)
	for _, name := range append([]string{"ca.pem", "ca.key", "mosquitto.pem", "mosquitto.key", "mosquitto.passwd"}, generated...) {
		if len(made[name]) < 24 {
			t.Errorf("%s holds %d bytes", name, len(made[name]))
		}
	}
	again := command(t, "secrets", "init", "--dir", dir)
	if again.code != 0 || !strings.Contains(again.stdout, "nothing was missing") {
		t.Errorf("again: %d %q %q", again.code, again.stdout, again.stderr)
	}
	for name, was := range made {
		if is := secretsOf(t, dir)[name]; is != was {
			t.Errorf("%s changed", name)
		}
	}
}

// The broker is reached under another name: only its certificate changes, and
// devices go on trusting it.
func TestSecretsFollowHostNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command(t, "secrets", "init", "--dir", dir)
	before := secretsOf(t, dir)
	got := command(t, "secrets", "init", "--dir", dir, "--host", "broker.example.vn,203.0.113.7")
	if got.code != 0 || !strings.Contains(got.stdout, ": mosquitto.pem\n") {
		t.Fatalf("%d %q %q", got.code, got.stdout, got.stderr)
	}
	if secretsOf(t, dir)["ca.pem"] != before["ca.pem"] {
		t.Error("the authority changed: devices would have to be given the new one")
	}
	certificate, _, err := readPair(filepath.Join(dir, "mosquitto.pem"), filepath.Join(dir, "mosquitto.key"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(before["ca.pem"]))
	for _, host := range []string{"mosquitto", "broker.example.vn", "203.0.113.7"} {
		if _, err := certificate.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestSecretsRenewWhatEndsSoon(t *testing.T) {
	t.Parallel()
	c := &secretsInitCmd{secretsFolder: secretsFolder{Dir: t.TempDir()}, Host: []string{"localhost"}}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		after time.Duration
		made  string
	}{
		{0, "ca.pem mosquitto.pem"},
		{serverLife - renewBefore - time.Hour, ""},
		{serverLife - renewBefore, "mosquitto.pem"},
		{serverLife, ""},
	} {
		made, err := c.certify(start.Add(step.after))
		if err != nil || strings.Join(made, " ") != step.made {
			t.Errorf("after %v: made %q, %v; want %q", step.after, made, err, step.made)
		}
	}
}

func TestSecretsOfDevices(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command(t, "secrets", "init", "--dir", dir)
	got := command(t, "secrets", "device", "--dir", dir, "ap-1", "ap-2")
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	if got.code != 0 || len(lines) != 2 {
		t.Fatalf("%d %q %q", got.code, got.stdout, got.stderr)
	}
	file := secretsOf(t, dir)[brokerPasswords]
	for _, line := range lines {
		id, password, _ := strings.Cut(line, " ")
		_, rest, _ := strings.Cut(file, id+":")
		hash, _, _ := strings.Cut(rest, "\n")
		if !mosquittoVerify(hash, password) || mosquittoVerify(hash, password+"x") {
			t.Errorf("%s: the broker's file does not hold its password", id)
		}
		if strings.Contains(file, password) {
			t.Errorf("%s: the broker's file holds the password itself", id)
		}
	}
	for _, bad := range []string{"AP-1", "phusong", "simulator", "a:b"} {
		if got := command(t, "secrets", "device", "--dir", dir, bad); got.code != 1 {
			t.Errorf("device %q: ended with %d", bad, got.code)
		}
	}
}

func TestSecretsNameBrokenFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command(t, "secrets", "init", "--dir", dir)
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := command(t, "secrets", "init", "--dir", dir)
	if got.code != 1 || !strings.Contains(got.stderr, "ca.pem holds no CERTIFICATE: restore it") {
		t.Errorf("%d %q", got.code, got.stderr)
	}
}
