package main

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phusong/dashboards/access"
)

func secretsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
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
	for _, name := range append([]string{"ca.pem", "ca.key", "mosquitto.pem", "mosquitto.key", "phusong.pem", "phusong.key", "nats.pem", "nats.key", "mosquitto.passwd", firstPassword}, generated...) {
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

// The server is reached under another name: only the certificates of those who are reached
// change, and devices and browsers go on trusting them.
func TestSecretsFollowHostNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command(t, "secrets", "init", "--dir", dir)
	before := secretsOf(t, dir)
	got := command(t, "secrets", "init", "--dir", dir, "--host", "broker.example.vn,203.0.113.7")
	if got.code != 0 || !strings.Contains(got.stdout, ": mosquitto.pem, phusong.pem\n") {
		t.Fatalf("%d %q %q", got.code, got.stdout, got.stderr)
	}
	if secretsOf(t, dir)["ca.pem"] != before["ca.pem"] {
		t.Error("the authority changed: devices would have to be given the new one")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(before["ca.pem"]))
	for name, hosts := range map[string][]string{
		"mosquitto": {"mosquitto", "broker.example.vn", "203.0.113.7"},
		"phusong":   {"phusong", "phusong-2", "localhost", "broker.example.vn", "203.0.113.7"},
		"nats":      {"nats-1", "nats-2", "nats-3"},
	} {
		certificate, _, err := readPair(filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range hosts {
			if _, err := certificate.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); err != nil {
				t.Errorf("%s as %s: %v", name, host, err)
			}
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
		{0, "ca.pem mosquitto.pem phusong.pem nats.pem"},
		{serverLife - renewBefore - time.Hour, ""},
		{serverLife - renewBefore, "mosquitto.pem phusong.pem nats.pem"},
		{serverLife, ""},
	} {
		made, err := c.certify(start.Add(step.after))
		if err != nil || strings.Join(made, " ") != step.made {
			t.Errorf("after %v: made %q, %v; want %q", step.after, made, err, step.made)
		}
	}
}

// What another authority signed is its owner's to renew; a key that is gone is made anew, and
// so is what an authority of before signed.
func TestSecretsLeaveTheCertificatesOfOthers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &secretsInitCmd{secretsFolder: secretsFolder{Dir: t.TempDir()}, Host: []string{"localhost"}}
	again := func(what, want string) {
		t.Helper()
		if made, err := c.certify(now); err != nil || strings.Join(made, " ") != want {
			t.Errorf("%s: made %q, %v; want %q", what, made, err, want)
		}
	}
	again("at first", "ca.pem mosquitto.pem phusong.pem nats.pem")
	foreign := &x509.Certificate{Subject: pkix.Name{CommonName: "phusong.example.vn"}, DNSNames: []string{"phusong.example.vn"}, NotAfter: now.Add(time.Hour)}
	if err := writePair(c.path("phusong.pem"), c.path("phusong.key"), 0o600, foreign, nil, nil, now); err != nil {
		t.Fatal(err)
	}
	again("with one of another authority", "")
	if err := os.Remove(c.path("nats.key")); err != nil {
		t.Fatal(err)
	}
	again("without a key", "nats.pem")
	if err := errors.Join(os.Remove(c.path("ca.pem")), os.Remove(c.path("ca.key"))); err != nil {
		t.Fatal(err)
	}
	again("without the authority", "ca.pem mosquitto.pem nats.pem")
}

// The console's first administrator is made once, and can log in with what was printed; a
// password that was changed since is left alone.
func TestSecretsOfTheFirstAdministrator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "console", "accounts")
	holds := func(password string) {
		t.Helper()
		book, err := access.OpenBook(file, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		audit, err := access.OpenAudit(filepath.Join(t.TempDir(), "audit"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = audit.Close() })
		gate, err := access.NewGate(access.Options{Book: book, Audit: audit, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		answer := httptest.NewRecorder()
		gate.Sessions().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/session",
			strings.NewReader(fmt.Sprintf(`{"name": "admin", "password": %q}`, password))))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"role":"admin"`) {
			t.Errorf("logging in: %d %s", answer.Code, answer.Body)
		}
	}
	first := command(t, "secrets", "init", "--dir", dir)
	_, printed, found := strings.Cut(strings.TrimSpace(first.stdout), "\nadmin ")
	if !found || printed != secretsOf(t, dir)[firstPassword] {
		t.Fatalf("it says %q and not the password", first.stdout)
	}
	holds(printed)
	for name, mode := range map[string]os.FileMode{firstPassword: 0o600, "console/accounts": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, mode)
		}
	}
	changed := command(t, "accounts", "password", "admin", "--file", file)
	_, password, _ := strings.Cut(strings.TrimSpace(changed.stdout), " ")
	if again := command(t, "secrets", "init", "--dir", dir); !strings.Contains(again.stdout, "nothing was missing") || strings.Contains(again.stdout, printed) {
		t.Errorf("again it says %q", again.stdout)
	}
	holds(password)
	// The service runs as somebody else, and must be able to read what was changed.
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("after a change: %v, %v", info.Mode(), err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	command(t, "secrets", "init", "--dir", dir)
	holds(printed) // as the file of the password says
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
