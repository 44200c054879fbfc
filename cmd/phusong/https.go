package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// HTTPSConfig is the door for people: what is served at listen is served here over TLS.
type HTTPSConfig struct {
	// Listen is such as 0.0.0.0:8443. Empty: no TLS of our own.
	Listen string `yaml:"listen"`
	// CertFile holds our certificate and those between it and its authority, KeyFile its
	// key. They are read again when they change.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

func (c *HTTPSConfig) validate() error {
	switch {
	case c.Listen == "" && c.CertFile == "" && c.KeyFile == "":
		return nil
	case c.Listen == "":
		return errors.New("https.cert_file and https.key_file need https.listen, such as 0.0.0.0:8443")
	case c.CertFile == "" || c.KeyFile == "":
		return errors.New("https.listen needs https.cert_file and https.key_file: phusong secrets init makes them")
	}
	return checkAddress("https.listen", c.Listen)
}

func (c *HTTPSConfig) checkFiles() error {
	if c.Listen == "" {
		return nil
	}
	_, err := openCertificate(c, slog.New(slog.DiscardHandler))
	return err
}

// certificateEvery is how often the files of the certificate are looked at.
const certificateEvery = 2 * time.Second

// openHTTPS listens for people, if that is wanted.
func (s *service) openHTTPS(ctx context.Context) error {
	c := &s.config.HTTPS
	if c.Listen == "" {
		return nil
	}
	certificate, err := openCertificate(c, s.log)
	if err != nil {
		return err
	}
	certificate.tellEnd(time.Now())
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s for HTTPS: %w; choose another address with the key https.listen", c.Listen, reasonOfListen(err))
	}
	s.https = tls.NewListener(listener, certificate.serverConfig())
	s.closing.add(func() error { return ignoreClosed(s.https.Close()) })
	s.parts.add("certificate", func(ctx context.Context) error { return certificate.Run(ctx, certificateEvery) })
	s.prefixed().MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "https_certificate_expiry_timestamp_seconds", Help: "When the certificate that people see ends.",
	}, func() float64 { return float64(certificate.pair().Leaf.NotAfter.Unix()) }))
	return nil
}

// A certificate is that of https, which follows its files. Files that became bad change
// nothing.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	text              [2][]byte // of the files as last taken; of Run once it runs
	stage             string    // what tellEnd said last; of Run once it runs
	now               atomic.Pointer[tls.Certificate]
}

func openCertificate(c *HTTPSConfig, log *slog.Logger) (*certificate, error) {
	f := &certificate{certFile: c.CertFile, keyFile: c.KeyFile, log: log}
	_, err := f.look()
	return f, err
}

func (f *certificate) pair() *tls.Certificate { return f.now.Load() }

func (f *certificate) serverConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.pair(), nil },
	}
}

// look takes the files if they are others than before.
func (f *certificate) look() (changed bool, err error) {
	cert, err := os.ReadFile(f.certFile)
	if err != nil {
		return false, fmt.Errorf("https.cert_file: %w", err)
	}
	key, err := os.ReadFile(f.keyFile)
	if err != nil {
		return false, fmt.Errorf("https.key_file: %w", err)
	}
	if f.now.Load() != nil && bytes.Equal(cert, f.text[0]) && bytes.Equal(key, f.text[1]) {
		return false, nil
	}
	pair, err := tls.X509KeyPair(cert, key) // with Leaf
	if err != nil {
		return false, fmt.Errorf("https: the certificate %s with the key %s: %w", f.certFile, f.keyFile, err)
	}
	f.text = [2][]byte{cert, key}
	f.now.Store(&pair)
	return true, nil
}

// Run follows the files until ctx is done, looking every so often, and says when the
// certificate comes to its end.
func (f *certificate) Run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for told := ""; ; {
		var now time.Time
		select {
		case now = <-tick.C:
		case <-ctx.Done():
			return nil
		}
		changed, err := f.look()
		if changed {
			f.stage = ""
		}
		f.tellEnd(now)
		if err == nil {
			told = ""
		} else if text := err.Error(); text != told {
			told = text
			f.log.Error("the certificate cannot be read again; that before stays", "error", err)
		}
	}
}

// endsSoon is how long before its end a certificate is complained about: after whoever
// renews it by plan has had the time to (see renewBefore).
const endsSoon = 14 * 24 * time.Hour

// tellEnd says once how long the certificate lasts, once that it ends soon, and once that
// it has ended.
func (f *certificate) tellEnd(now time.Time) {
	leaf := f.pair().Leaf
	stage, tell, message := "good", f.log.Info, "the certificate of https is in use"
	switch left := leaf.NotAfter.Sub(now); {
	case left <= 0:
		stage, tell, message = "ended", f.log.Error, "the certificate of https has expired, and browsers refuse it: renew it with phusong secrets init, or replace its files"
	case left <= endsSoon:
		stage, tell, message = "soon", f.log.Warn, "the certificate of https ends soon: renew it with phusong secrets init, or replace its files"
	}
	if stage == f.stage {
		return
	}
	f.stage = stage
	tell(message, "file", f.certFile, "ends", leaf.NotAfter.UTC().Format(time.RFC3339), "names", leaf.DNSNames, "addresses", leaf.IPAddresses)
}
