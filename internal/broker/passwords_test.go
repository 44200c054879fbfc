package broker_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"phusong/internal/broker"
)

func hash(t testing.TB, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func write(t testing.TB, path string, lines ...string) {
	t.Helper()
	// A new file in place of the old one, as editors and secret stores do it.
	next := path + ".next"
	if err := os.WriteFile(next, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "passwords")
	// htpasswd writes $2y$, which is bcrypt's $2a$ under another name.
	apache := strings.Replace(hash(t, "secret b"), "$2a$", "$2y$", 1)
	write(t, path, "# devices of the province", "", "a:"+hash(t, "secret a"), "b:"+apache+"\r", "")
	p, err := broker.OpenPasswords(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time from the cache
		for _, c := range []struct {
			user, password string
			want           bool
		}{
			{"a", "secret a", true},
			{"b", "secret b", true},
			{"a", "secret b", false},
			{"a", "", false},
			{"", "", false},
			{"c", "secret a", false},
			{"a", "secret a" + strings.Repeat("x", 72), false},
		} {
			if got := p.Verify(c.user, c.password); got != c.want {
				t.Errorf("Verify(%q, %q) = %v, want %v", c.user, c.password, got, c.want)
			}
		}
	}
}

func TestPasswordsFollowTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "passwords")
	write(t, path, "a:"+hash(t, "old"), "b:"+hash(t, "b"))
	var log bytes.Buffer
	p, err := broker.OpenPasswords(path, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	check := func(user, password string, want bool) {
		t.Helper()
		if got := p.Verify(user, password); got != want {
			t.Errorf("Verify(%q, %q) = %v, want %v", user, password, got, want)
		}
	}
	check("a", "old", true)
	check("b", "b", true)
	write(t, path, "a:"+hash(t, "new"))
	check("a", "old", false) // though it is in the cache
	check("a", "new", true)
	check("b", "b", false)
	if text := log.String(); strings.Count(text, "read the changed password file") != 1 {
		t.Errorf("log of a change:\n%s", text)
	}

	write(t, path, "a:"+hash(t, "newest"), "rubbish")
	check("a", "new", true)
	check("a", "newest", false)
	if text := log.String(); strings.Count(text, "line 2") != 1 {
		t.Errorf("log of a wrong file, after two logins:\n%s\nwant its line number, once", text)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check("a", "new", true)
	write(t, path, "a:"+hash(t, "newest"))
	check("a", "newest", true)
}

func TestOpenPasswordsNamesTheLine(t *testing.T) {
	t.Parallel()
	good := "a:" + hash(t, "hush")
	for want, lines := range map[string][]string{
		"line 1: not of the form":      {"nocolon"},
		"line 2: not of the form":      {good, ":" + hash(t, "x")},
		`line 3: user "b": not a bcry`: {good, "#", "b:hush"},
		`line 2: user "a" stands`:      {good, good},
	} {
		path := filepath.Join(t.TempDir(), "passwords")
		write(t, path, lines...)
		_, err := broker.OpenPasswords(path, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "hush") {
			t.Errorf("OpenPasswords of %q = %v, want an error with the file and %q", lines, err, want)
		}
	}
	if _, err := broker.OpenPasswords(filepath.Join(t.TempDir(), "nowhere"), nil); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("OpenPasswords of a missing file = %v, want an error that names it", err)
	}
}

func TestPasswordsMayBeVerifiedByManyAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "passwords")
	write(t, path, "a:"+hash(t, "a0"))
	p, err := broker.OpenPasswords(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 2 {
				p.Verify("a", fmt.Sprintf("a%d", i%2))
			}
		})
	}
	for i := range 3 {
		write(t, path, "a:"+hash(t, fmt.Sprintf("a%d", i)))
	}
	wg.Wait()
	if !p.Verify("a", "a2") {
		t.Error("the last password is not accepted")
	}
}

// A province's devices come back after an outage: the second time must not cost bcrypt again.
func TestVerifiedPasswordsAreRemembered(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "passwords")
	slow, err := bcrypt.GenerateFromPassword([]byte("x"), 8)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "a:"+string(slow))
	p, err := broker.OpenPasswords(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if !p.Verify("a", "x") {
		t.Fatal("the password is not accepted")
	}
	first := time.Since(began)
	began = time.Now()
	for range 20 {
		p.Verify("a", "x")
	}
	if again := time.Since(began); again > first {
		t.Errorf("20 repetitions took %v, the first verification %v: the cache does nothing", again, first)
	}
}

func BenchmarkVerifyRemembered(b *testing.B) {
	path := filepath.Join(b.TempDir(), "passwords")
	write(b, path, "a:"+hash(b, "x"))
	p, err := broker.OpenPasswords(path, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !p.Verify("a", "x") {
			b.Fatal("refused")
		}
	}
}
