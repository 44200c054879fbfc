package main_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// browser is what people come with: it trusts the stack's authority and nobody else.
func browser(t *testing.T, authority string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(authority)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, DisableKeepAlives: true,
	}}
}

// visited is what a browser was answered.
type visited struct {
	status, proto int
	header        http.Header
	cookies       []*http.Cookie
	body          string
}

// visit sends a request of a browser; headers are names and values.
func visit(t *testing.T, b *http.Client, method, address, body string, headers ...string) visited {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return visited{answer.StatusCode, answer.ProtoMajor, answer.Header, answer.Cookies(), string(text)}
}

// With what `phusong secrets init` makes, the first administrator comes by TLS, logs in and
// changes something; nobody else does, and not by an old TLS. The certificate is renewed
// while the service runs.
func TestStackConsole(t *testing.T) {
	t.Parallel()
	secrets := filepath.Join(t.TempDir(), "secrets")
	secret := func(name string) string { return filepath.Join(secrets, name) }
	makeSecrets := func(host string) {
		t.Helper()
		if p := testbed.Phusong(t, "secrets", "init", "--dir", secrets, "--host", host); p.Wait() != 0 {
			t.Fatalf("secrets init: %s", p.Log())
		}
	}
	makeSecrets("before.example.vn")
	addr := testbed.Addr(t)
	w := newTown(t, townOptions{Keys: map[string]any{
		"https.listen": addr, "https.cert_file": secret("phusong.pem"), "https.key_file": secret("phusong.key"),
		"access.accounts_file": secret("console/accounts"),
	}})
	maps.Copy(w.keys, newDistrict(t, w.broker.URL()).registry(map[string]int{"cho-ray": 1}))
	w.configure()
	w.start()
	w.process.WaitLog("the certificate of https is in use")
	b, console := browser(t, secret("ca.pem")), "https://"+addr
	if answer := visit(t, b, http.MethodGet, console+"/alerts", ""); answer.status != http.StatusOK || answer.proto != 2 ||
		!strings.HasPrefix(answer.header.Get("Content-Type"), "text/html") {
		t.Errorf("the console: %d, HTTP/%d, %v", answer.status, answer.proto, answer.header)
	}
	if answer := visit(t, b, http.MethodGet, console+"/api/v1/alerts", ""); answer.status != http.StatusUnauthorized {
		t.Errorf("without a login: %d", answer.status)
	}
	password, err := os.ReadFile(secret("phusong-admin.password"))
	if err != nil {
		t.Fatal(err)
	}
	answer := visit(t, b, http.MethodPost, console+"/api/v1/session", fmt.Sprintf(`{"name": "admin", "password": %q}`, password))
	if answer.status != http.StatusOK || len(answer.cookies) != 1 {
		t.Fatalf("logging in: %d %s", answer.status, answer.body)
	}
	if c := answer.cookies[0]; !c.Secure || !c.HttpOnly || !strings.HasPrefix(c.Name, "__Host-") {
		t.Errorf("the cookie is not bound to TLS: %+v", c)
	}
	_, csrf, _ := strings.Cut(answer.body, `"csrf":"`)
	csrf, _, _ = strings.Cut(csrf, `"`)
	now := time.Now().UTC()
	work := fmt.Sprintf(`{"area": "25459", "owner": "VNPT", "reason": "thay cáp", "from": %q, "until": %q}`, now.Add(time.Hour).Format(time.RFC3339), now.Add(2*time.Hour).Format(time.RFC3339))
	if answer := visit(t, b, http.MethodPost, console+"/api/v1/maintenance", work, "X-CSRF-Token", csrf, "Origin", console); answer.status/100 != 2 {
		t.Errorf("a change of the administrator: %d %s", answer.status, answer.body)
	}
	old := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // that is what is tried
	if conn, err := (&tls.Dialer{Config: old}).DialContext(t.Context(), "tcp", addr); err == nil {
		t.Error("TLS 1.1 is spoken", conn.Close())
	}

	makeSecrets("after.example.vn")
	w.await(func() error {
		conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: b.Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "after.example.vn", MinVersion: tls.VersionTLS12}}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			return err
		}
		ends := conn.(*tls.Conn).ConnectionState().PeerCertificates[0].NotAfter.Unix()
		told, err := w.metric("phusong_https_certificate_expiry_timestamp_seconds")
		if err == nil && told != float64(ends) {
			err = fmt.Errorf("the metric says %v, the certificate %d", told, ends)
		}
		return errors.Join(err, conn.Close())
	})
	if answer := visit(t, b, http.MethodGet, console+"/api/v1/session", ""); answer.status != http.StatusOK {
		t.Errorf("the session did not survive the new certificate: %d", answer.status)
	}
	w.stop()
}
