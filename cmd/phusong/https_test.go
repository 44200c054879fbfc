package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/internal/testbed"
)

// newHTTPSFiles makes the files that secrets init makes, and returns how to make the
// certificate anew, with another name in it.
func newHTTPSFiles(t *testing.T, now time.Time) (files *HTTPSConfig, renew func(now time.Time, host string)) {
	t.Helper()
	c := &secretsInitCmd{secretsFolder: secretsFolder{Dir: t.TempDir()}}
	renew = func(now time.Time, host string) {
		t.Helper()
		c.Host = []string{host}
		if _, err := c.certify(now); err != nil {
			t.Fatal(err)
		}
	}
	renew(now, "before.example.vn")
	return &HTTPSConfig{Listen: "127.0.0.1:0", CertFile: c.path("phusong.pem"), KeyFile: c.path("phusong.key")}, renew
}

// The files are followed, at whatever moment they change; what is bad changes nothing.
// How long the certificate lasts is said once for each stage.
func TestTheCertificateFollowsItsFiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files, renew := newHTTPSFiles(t, time.Now())
		var log testbed.Buffer
		f, err := openCertificate(files, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		const every = time.Hour // a year of minutes would take minutes
		go func() { ended <- f.Run(ctx, every) }()
		pass := func(d time.Duration) {
			t.Helper()
			time.Sleep(d) // of the bubble: no time passes
			synctest.Wait()
		}
		said := func(text string, times int) {
			t.Helper()
			if n := strings.Count(log.String(), text); n != times {
				t.Errorf("it says %q %d times, want %d:\n%s", text, n, times, log.String())
			}
		}
		bears := func(host string) {
			t.Helper()
			if err := f.pair().Leaf.VerifyHostname(host); err != nil {
				t.Error(err)
			}
		}
		pass(3 * every)
		bears("before.example.vn")
		said("is in use", 1)
		renew(time.Now(), "after.example.vn")
		pass(3 * every)
		bears("after.example.vn")
		said("is in use", 2)
		good, err := os.ReadFile(files.KeyFile)
		if err != nil {
			t.Fatal(err)
		}
		write(t, files.KeyFile, "half of a k")
		pass(10 * every)
		bears("after.example.vn")
		said("cannot be read again; that before stays", 1)
		write(t, files.KeyFile, string(good))
		pass(serverLife - endsSoon)
		said("ends soon: renew it", 1)
		pass(endsSoon)
		said("has expired", 1)
		renew(time.Now(), "after.example.vn")
		pass(3 * every)
		said("is in use", 3)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestBadFilesOfHTTPS(t *testing.T) {
	t.Parallel()
	files, _ := newHTTPSFiles(t, time.Now())
	other := testbed.NewCertificates(t, "nobody")
	for want, c := range map[string]HTTPSConfig{
		"https.cert_file: open ":                {CertFile: filepath.Join(t.TempDir(), "none"), KeyFile: files.KeyFile},
		"https.key_file: open ":                 {CertFile: files.CertFile, KeyFile: filepath.Join(t.TempDir(), "none")},
		"private key does not match public key": {CertFile: files.CertFile, KeyFile: other.ServerKey},
		"failed to find":                        {CertFile: files.KeyFile, KeyFile: files.KeyFile},
	} {
		c.Listen = "127.0.0.1:0"
		if err := c.checkFiles(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// People's cookies are bound to TLS as soon as people can come by it.
func TestHTTPSBindsCookies(t *testing.T) {
	t.Parallel()
	s := &service{config: Config{Listen: "127.0.0.1:8080"}}
	if s.secureOnly() {
		t.Error("on a loopback address without TLS nobody could log in")
	}
	files, _ := newHTTPSFiles(t, time.Now())
	s.config.HTTPS = *files
	s.metrics = prometheus.NewRegistry()
	s.log = slog.New(slog.DiscardHandler)
	if err := s.openHTTPS(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	if !s.secureOnly() {
		t.Error("with HTTPS the cookies would travel in the clear")
	}
}
