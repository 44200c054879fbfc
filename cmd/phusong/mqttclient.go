package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"phusong/ingest"
	"phusong/internal/broker"
	"phusong/internal/mqtt"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// makeClient makes the client through which messages come in.
func (s *service) makeClient(password func() (string, error), config *tls.Config) error {
	client, err := mqtt.New(mqtt.Options{
		URL: s.config.MQTT.URL, ClientID: s.config.MQTT.ClientID, Username: s.config.MQTT.Username,
		Password: password, TLS: config,
		Filters: s.config.MQTT.Filters, FiltersFile: dataFolder(s.config.Data).filters(),
		Handle: func(ctx context.Context, d *mqtt.Delivery) {
			// The error says that the connection ended first; the message comes again.
			_ = s.pipeline.Handle(ctx, ingest.Message{
				Topic: d.Topic, Payload: d.Payload, Retained: d.Retained, Received: time.Now(), Ack: d.Ack,
			})
		},
		OnConnect: func(context.Context) {
			if s.topics != nil { // the broker may have forgotten what it retained
				s.topics.Republish()
			}
		},
		Logger: s.log,
	})
	if err != nil {
		return fmt.Errorf("mqtt: %w", err)
	}
	s.client = client
	return nil
}

// ownAccount is our own user at the embedded broker. Its underscore keeps it apart
// from every device id.
const ownAccount = "_phusong"

// ownSecret is how we enter our own broker.
type ownSecret struct {
	password func() (string, error)
	tls      *tls.Config
}

// startBroker starts the embedded broker. Our own password is made anew at each
// start and never leaves the process.
func startBroker(ctx context.Context, c *Config, log *slog.Logger) (*broker.Broker, ownSecret, error) {
	password := rand.Text()
	options := broker.Options{Dir: dataFolder(c.Data).broker(), Listen: c.Broker.Listen, Logger: log, MaxPayload: wire.MaxPayload + 1<<16}
	own := ownSecret{password: func() (string, error) { return password, nil }}
	var err error
	if options.TLS, own.tls, err = brokerTLS(&c.Broker); err != nil {
		return nil, own, err
	}
	var passwords *broker.Passwords
	if c.Broker.PasswordsFile != "" {
		if passwords, err = broker.OpenPasswords(c.Broker.PasswordsFile, log); err != nil {
			return nil, own, fmt.Errorf("broker.passwords_file: %w", err)
		}
	}
	options.Authenticate = func(credentials broker.Credentials) (broker.Permission, bool) {
		return admit(credentials, password, c.Broker.Anonymous, passwords)
	}
	started, err := broker.Start(ctx, options)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, own, fmt.Errorf("cannot listen on %s for MQTT: address already in use; choose another with --mqtt or the key broker.listen", c.Broker.Listen)
	}
	if err != nil {
		return nil, own, fmt.Errorf("broker: %w", err)
	}
	return started, own, nil
}

// admit decides who enters the embedded broker and what they may say: we may do
// everything, a device may speak under its own id, and anybody else nothing.
func admit(c broker.Credentials, ownPassword string, anonymous bool, passwords *broker.Passwords) (broker.Permission, bool) {
	switch {
	case c.Username == ownAccount:
		return broker.Everything(), subtle.ConstantTimeCompare([]byte(c.Password), []byte(ownPassword)) == 1
	case c.CommonName != "":
		return devicePermission(c.CommonName, c.ClientID)
	case passwords != nil && passwords.Verify(c.Username, c.Password):
		return devicePermission(c.Username, c.ClientID)
	case anonymous:
		return broker.Everything(), true
	}
	return broker.Permission{}, false
}

// devicePermission lets a device publish on its own topics. A name that is no
// device id could hold wildcards, and is refused. So is a client id with the form
// of a device id that is not the device's own: whoever connects under a client id
// takes over its session, ours included, with all that is queued for it.
func devicePermission(name, clientID string) (broker.Permission, bool) {
	id, err := telemetry.ParseDeviceID(name)
	if err != nil {
		return broker.Permission{}, false
	}
	if _, err := telemetry.ParseDeviceID(clientID); err == nil && clientID != name {
		return broker.Permission{}, false
	}
	return broker.Permission{Publish: []string{wire.Prefix + "/+/+/" + string(id) + "/+"}}, true
}

// brokerTLS returns what the listener speaks and how we verify it ourselves: by
// its very certificate, whatever name it bears.
func brokerTLS(c *BrokerConfig) (server, client *tls.Config, err error) {
	if c.CertFile == "" && c.KeyFile == "" {
		if c.ClientCAFile != "" {
			return nil, nil, errors.New("broker.client_ca_file needs broker.cert_file and broker.key_file")
		}
		return nil, nil, nil
	}
	server, err = loadTLS("broker", "", c.CertFile, c.KeyFile)
	if err != nil {
		return nil, nil, err
	}
	if c.ClientCAFile != "" {
		pem, err := os.ReadFile(c.ClientCAFile)
		if err != nil {
			return nil, nil, fmt.Errorf("broker.client_ca_file: %w", err)
		}
		server.ClientCAs, server.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
		if !server.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, nil, fmt.Errorf("broker.client_ca_file: no certificate in PEM form in %s", c.ClientCAFile)
		}
	}
	return server, trustOnly(server.Certificates[0]), nil
}

// trustOnly accepts exactly the one certificate.
func trustOnly(own tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// The check that this turns off is replaced by a stricter one.
		InsecureSkipVerify: true, //nolint:gosec // see VerifyConnection
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 || !bytes.Equal(state.PeerCertificates[0].Raw, own.Certificate[0]) {
				return errors.New("somebody else answers in place of the embedded broker")
			}
			return nil
		},
	}
}

// loadTLS loads the files of a section of the configuration; nil for none.
func loadTLS(section, ca, cert, key string) (*tls.Config, error) {
	if ca == "" && cert == "" && key == "" {
		return nil, nil
	}
	config, err := mqtt.TLSFiles{CA: ca, Cert: cert, Key: key}.Load()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", section, err)
	}
	return config, nil
}

// isLoopback reports whether the address can be reached from this machine only.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
