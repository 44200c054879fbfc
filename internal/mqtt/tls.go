package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLSFiles names the PEM files of a TLS connection.
type TLSFiles struct {
	// CA holds the certificates that may have signed the broker's; empty means those of the system.
	CA string
	// Cert and Key are our own certificate and its key, for brokers that ask for one. Both or none.
	Cert, Key string
	// ServerName is the name expected in the broker's certificate; empty means the host of the URL.
	ServerName string
}

// Load reads the files. Its errors name the file and never quote its contents.
func (f TLSFiles) Load() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("reading CA file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("CA file %s: no certificate in PEM form inside", f.CA)
		}
	}
	switch {
	case f.Cert == "" && f.Key == "":
		return config, nil
	case f.Key == "":
		return nil, errors.New("certificate without key: name the key file too")
	case f.Cert == "":
		return nil, errors.New("key without certificate: name the certificate file too")
	}
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("loading certificate %s with key %s: %w", f.Cert, f.Key, err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}
