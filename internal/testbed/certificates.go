package testbed

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Certificates is a small authority with one server and one client certificate, as PEM files that
// live as long as the test. The server's is valid for localhost and 127.0.0.1.
type Certificates struct {
	CAFile                string
	ServerCert, ServerKey string
	ClientCert, ClientKey string
	ClientName            string // common name in the client certificate
	authority             *x509.Certificate
	authorityKey          *ecdsa.PrivateKey
	dir                   string
	notBefore, notAfter   time.Time
	nextSerial            int64
}

// NewCertificates makes an authority and certificates that are valid for a day. clientName becomes
// the common name of the client certificate.
func NewCertificates(t TB, clientName string) *Certificates {
	t.Helper()
	now := time.Now()
	c := &Certificates{
		dir: t.TempDir(), ClientName: clientName,
		// An hour back, for clocks that disagree a little.
		notBefore: now.Add(-time.Hour), notAfter: now.Add(24 * time.Hour),
		nextSerial: 1,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("making the authority's key: %v", err)
	}
	c.authorityKey = key
	c.authority = c.template("phusong testbed authority")
	c.authority.IsCA, c.authority.BasicConstraintsValid = true, true
	c.authority.KeyUsage = x509.KeyUsageCertSign
	c.CAFile = c.write(t, "ca.pem", "CERTIFICATE", c.sign(t, c.authority, key))

	server := c.template("localhost")
	server.DNSNames = []string{"localhost"}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c.ServerCert, c.ServerKey = c.issue(t, "server", server)

	client := c.template(clientName)
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	c.ClientCert, c.ClientKey = c.issue(t, "client", client)
	return c
}

// ClientConfig returns what a client needs to be trusted: the authority and its own certificate.
func (c *Certificates) ClientConfig(t TB) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(c.ClientCert, c.ClientKey)
	if err != nil {
		t.Fatalf("reading the client certificate: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.authority)
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

func (c *Certificates) template(name string) *x509.Certificate {
	serial := c.nextSerial
	c.nextSerial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    c.notBefore,
		NotAfter:     c.notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func (c *Certificates) issue(t TB, file string, template *x509.Certificate) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("making the %s's key: %v", file, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatalf("encoding the %s's key: %v", file, err)
	}
	return c.write(t, file+".pem", "CERTIFICATE", c.sign(t, template, key)),
		c.write(t, file+".key", "PRIVATE KEY", pkcs8)
}

// sign returns the certificate of template's key in DER. The authority's own is parsed back, as
// only a parsed certificate can stand in a pool.
func (c *Certificates) sign(t TB, template *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, c.authority, &key.PublicKey, c.authorityKey)
	if err != nil {
		t.Fatalf("signing %s: %v", template.Subject.CommonName, err)
	}
	if template == c.authority {
		if c.authority, err = x509.ParseCertificate(der); err != nil {
			t.Fatalf("reading the authority back: %v", err)
		}
	}
	return der
}

func (c *Certificates) write(t TB, name, blockType string, der []byte) string {
	t.Helper()
	path := filepath.Join(c.dir, name)
	block := pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatalf("writing a certificate: %v", err)
	}
	return path
}
