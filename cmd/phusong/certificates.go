package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"slices"
	"time"
)

// The stack's own authority signs the broker's certificate. Devices are given
// ca.pem, once; the broker's certificate is renewed under it.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 397 * 24 * time.Hour
	// renewBefore is how long before its end a certificate is made anew.
	renewBefore = 30 * 24 * time.Hour
)

// certify makes the authority, and the broker's certificate when it is missing,
// ends soon, or does not bear all the host names. It returns the files it made.
func (c *secretsInitCmd) certify(now time.Time) (made []string, err error) {
	authority, key, err := readPair(c.path("ca.pem"), c.path("ca.key"))
	if errors.Is(err, os.ErrNotExist) {
		template := &x509.Certificate{
			Subject: pkix.Name{CommonName: "phusong authority"}, NotAfter: now.Add(authorityLife),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, MaxPathLenZero: true,
		}
		if err := writePair(c.path("ca.pem"), c.path("ca.key"), 0o600, template, nil, nil, now); err != nil {
			return nil, err
		}
		made = append(made, "ca.pem")
		authority, key, err = readPair(c.path("ca.pem"), c.path("ca.key"))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the authority: %w", err)
	}
	hosts := append([]string{"mosquitto"}, c.Host...) // its name among the containers
	current, _, err := readPair(c.path("mosquitto.pem"), c.path("mosquitto.key"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading the broker's certificate: %w", err)
	}
	if current != nil && current.NotAfter.After(now.Add(renewBefore)) && bearsAll(current, hosts) {
		return made, nil
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "mosquitto"}, NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if err := writePair(c.path("mosquitto.pem"), c.path("mosquitto.key"), 0o644, template, authority, key, now); err != nil {
		return nil, err
	}
	return append(made, "mosquitto.pem"), nil
}

func bearsAll(certificate *x509.Certificate, hosts []string) bool {
	return !slices.ContainsFunc(hosts, func(host string) bool { return certificate.VerifyHostname(host) != nil })
}

// writePair makes a key and a certificate for it, signed by the authority, or by
// itself when there is none.
func writePair(certPath, keyPath string, keyMode os.FileMode, template, authority *x509.Certificate, authorityKey crypto.Signer, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	if authority == nil {
		authority, authorityKey = template, key
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return fmt.Errorf("making a serial number: %w", err)
	}
	template.NotBefore = now.Add(-time.Hour) // for devices whose clocks are a little behind
	der, err := x509.CreateCertificate(rand.Reader, template, authority, key.Public(), authorityKey)
	if err != nil {
		return fmt.Errorf("signing %s: %w", certPath, err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("writing %s: %w", keyPath, err)
	}
	if err := os.WriteFile(keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), keyMode); err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	if err := os.WriteFile(certPath, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil { //nolint:gosec // it is public
		return fmt.Errorf("writing a certificate: %w", err)
	}
	return nil
}

func readPair(certPath, keyPath string) (*x509.Certificate, crypto.Signer, error) {
	der, err := readPEM(certPath, "CERTIFICATE")
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", certPath, err)
	}
	if der, err = readPEM(keyPath, "PRIVATE KEY"); err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", keyPath, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("%s holds a %T, which cannot sign", keyPath, parsed)
	}
	return certificate, key, nil
}

func readPEM(path, kind string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no %s: restore it, or remove it to have a new one made", path, kind)
	}
	return block.Bytes, nil
}
