package testbed

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// MosquittoOptions says how a broker differs from the plain one: loopback, no password, nothing
// kept on disk.
type MosquittoOptions struct {
	// Port to listen on; 0 reserves a free one.
	Port int
	// Persistence keeps sessions, retained and queued messages through Stop and Start. Mosquitto
	// writes its file when it ends; after Kill it knows what it knew at its last start, unless
	// Config asks for autosave.
	Persistence bool
	// Dir is where it keeps them; the default is a directory of the test.
	Dir string
	// TLS, when set, makes the listener speak TLS with these certificates.
	TLS *Certificates
	// RequireClientCert refuses clients without a certificate of the same authority.
	RequireClientCert bool
	// Config is appended to the configuration file, line by line; it wins over what stands before.
	Config []string
}

// Broker is a running Mosquitto.
type Broker struct {
	*Server
	port int
	tls  bool
}

// Mosquitto starts a broker for the time of the test. Its windows are wide open
// (max_inflight_messages 5000, a million queued messages) so that a test meets the limits of
// phusong and not those of a default configuration.
func Mosquitto(t TB, options MosquittoOptions) *Broker {
	t.Helper()
	path := Require(t, "mosquitto")
	if options.Port == 0 {
		options.Port = Port(t)
	}
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	file := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(file, []byte(options.configuration()), 0o600); err != nil {
		t.Fatalf("configuring mosquitto: %v", err)
	}
	var client *tls.Config
	if options.TLS != nil {
		client = options.TLS.ClientConfig(t)
	}
	broker := &Broker{port: options.Port, tls: options.TLS != nil}
	broker.Server = newServer(t,
		Command{Name: "mosquitto", Path: path, Args: []string{"-c", file}},
		func() error { return greet(t, broker.Addr(), client) })
	return broker
}

// Addr returns host:port.
func (b *Broker) Addr() string { return loopback(b.port) }

// Port returns the port number.
func (b *Broker) Port() int { return b.port }

// URL returns the address in the form MQTT clients take: tcp://host:port, or ssl://host:port.
func (b *Broker) URL() string {
	if b.tls {
		return "ssl://" + b.Addr()
	}
	return "tcp://" + b.Addr()
}

func (o MosquittoOptions) configuration() string {
	lines := []string{
		"log_dest stderr",
		"log_type error",
		"log_type warning",
		"log_type notice",
		"set_tcp_nodelay true",
		"max_inflight_messages 5000",
		"max_queued_messages 1000000",
		fmt.Sprintf("persistence %t", o.Persistence),
		"persistence_location " + o.Dir + string(filepath.Separator),
	}
	if os.Geteuid() == 0 {
		// Otherwise it becomes the user "mosquitto", who cannot enter the directory of the test.
		lines = append(lines, "user root")
	}
	lines = append(lines, fmt.Sprintf("listener %d 127.0.0.1", o.Port), "allow_anonymous true")
	if o.TLS != nil {
		lines = append(lines,
			"cafile "+o.TLS.CAFile,
			"certfile "+o.TLS.ServerCert,
			"keyfile "+o.TLS.ServerKey,
			fmt.Sprintf("require_certificate %t", o.RequireClientCert))
	}
	lines = append(lines, o.Config...)
	return strings.Join(lines, "\n") + "\n"
}

// greet opens an MQTT 3.1.1 session without a name and reads the answer. An open port is not enough:
// the broker is ready when it speaks, and a refusal ("not authorised") is speech too.
func greet(t TB, addr string, config *tls.Config) error {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	conn, err := dialer.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		return fmt.Errorf("dialling the broker: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return fmt.Errorf("greeting the broker: %w", err)
	}
	if config != nil {
		config = config.Clone()
		config.ServerName = "localhost"
		conn = tls.Client(conn, config)
	}
	connect := []byte{0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x02, 0, 10, 0, 0}
	if _, err := conn.Write(connect); err != nil {
		return fmt.Errorf("greeting the broker: %w", err)
	}
	answer := make([]byte, 4)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return fmt.Errorf("waiting for the broker's greeting: %w", err)
	}
	if !bytes.HasPrefix(answer, []byte{0x20, 2}) {
		return fmt.Errorf("greeting the broker: it answered % x, which is not MQTT: %w", answer, errGivenUp)
	}
	return nil
}
