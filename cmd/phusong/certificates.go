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

// The stack's own authority signs the certificates of its servers. Devices and browsers are
// given ca.pem, once; what it signed is renewed under it.
const (
	authorityName = "phusong authority"
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 397 * 24 * time.Hour
	// renewBefore is how long before its end a certificate is made anew.
	renewBefore = 30 * 24 * time.Hour
)

// signed are the certificates, by the names of their files, and the names that their
// servers have among the containers.
var signed = []struct {
	name  string
	hosts []string
	// outside: people or devices come to it by the names of the machine too.
	outside bool
}{
	{"mosquitto", []string{"mosquitto"}, true},
	{"phusong", []string{"phusong", "phusong-2", "localhost", "127.0.0.1"}, true},
	{"nats", []string{"nats-1", "nats-2", "nats-3", "localhost", "127.0.0.1"}, false},
}

// certify makes the authority, and what it signs. It returns the files it made.
func (c *secretsInitCmd) certify(now time.Time) (made []string, err error) {
	authority, key, err := readPair(c.path("ca.pem"), c.path("ca.key"))
	if errors.Is(err, os.ErrNotExist) {
		template := &x509.Certificate{
			Subject: pkix.Name{CommonName: authorityName}, NotAfter: now.Add(authorityLife),
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
	for _, s := range signed {
		hosts := s.hosts
		if s.outside {
			hosts = append(slices.Clone(hosts), c.Host...)
		}
		lasts, err := c.lasts(s.name, hosts, authority, now)
		if err != nil {
			return nil, err
		}
		if lasts {
			continue
		}
		usages := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if !s.outside { // the nodes of NATS know each other by it, and phusong
			usages = append(usages, x509.ExtKeyUsageClientAuth)
		}
		template := &x509.Certificate{
			Subject: pkix.Name{CommonName: s.name}, NotAfter: now.Add(serverLife), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: usages,
		}
		addHosts(template, hosts)
		if err := writePair(c.path(s.name+".pem"), c.path(s.name+".key"), 0o644, template, authority, key, now); err != nil {
			return nil, err
		}
		made = append(made, s.name+".pem")
	}
	return made, nil
}

// lasts reports whether a certificate can stay: it is not missing, does not end soon, and
// bears all the host names; or another authority gave it, and renewing it is not ours.
func (c *secretsInitCmd) lasts(name string, hosts []string, authority *x509.Certificate, now time.Time) (bool, error) {
	current, err := readCertificate(c.path(name + ".pem"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the certificate of %s: %w", name, err)
	}
	if current.Issuer.CommonName != authorityName {
		return true, nil
	}
	if _, _, err = readPair(c.path(name+".pem"), c.path(name+".key")); errors.Is(err, os.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("reading the certificate of %s: %w", name, err)
	}
	return current.NotAfter.After(now.Add(renewBefore)) && bearsAll(current, hosts) && current.CheckSignatureFrom(authority) == nil, nil
}

func addHosts(template *x509.Certificate, hosts []string) {
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
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

func readCertificate(path string) (*x509.Certificate, error) {
	der, err := readPEM(path, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return certificate, nil
}

func readPair(certPath, keyPath string) (*x509.Certificate, crypto.Signer, error) {
	certificate, err := readCertificate(certPath)
	if err != nil {
		return nil, nil, err
	}
	der, err := readPEM(keyPath, "PRIVATE KEY")
	if err != nil {
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
