package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"phusong/internal/broker"
	"phusong/internal/testbed"
)

func TestWhoIsAdmitted(t *testing.T) {
	t.Parallel()
	passwords, err := broker.OpenPasswords(passwordsFile(t, "ap-1", "right", "gate/+", "right"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	const ours = "made at the start"
	everything := broker.Everything()
	own := func(id string) broker.Permission {
		return broker.Permission{Publish: []string{"phusong/v1/+/+/" + id + "/+"}}
	}
	for name, test := range map[string]struct {
		credentials broker.Credentials
		anonymous   bool
		passwords   *broker.Passwords
		want        *broker.Permission // nil: refused
	}{
		"ourselves":                        {broker.Credentials{Username: ownAccount, Password: ours}, false, nil, &everything},
		"in our name":                      {broker.Credentials{Username: ownAccount, Password: "guessed"}, false, passwords, nil},
		"in our name where all may":        {broker.Credentials{Username: ownAccount, Password: ""}, true, nil, nil},
		"in our name with a certificate":   {broker.Credentials{Username: ownAccount, Password: "guessed", CommonName: "ap-1"}, false, nil, nil},
		"device with its password":         {broker.Credentials{Username: "ap-1", Password: "right"}, false, passwords, new(own("ap-1"))},
		"device with another":              {broker.Credentials{Username: "ap-1", Password: "wrong"}, false, passwords, nil},
		"device without":                   {broker.Credentials{Username: "ap-1"}, false, passwords, nil},
		"device in its own session":        {broker.Credentials{Username: "ap-1", Password: "right", ClientID: "ap-1"}, false, passwords, new(own("ap-1"))},
		"device in a session of no device": {broker.Credentials{Username: "ap-1", Password: "right", ClientID: "auto-1399D0A1"}, false, passwords, new(own("ap-1"))},
		"device in the session of another": {broker.Credentials{Username: "ap-1", Password: "right", ClientID: "ap-2"}, false, passwords, nil},
		"certificate in our session":       {broker.Credentials{CommonName: "probe-9", ClientID: "phusong"}, false, nil, nil},
		"unknown device":                   {broker.Credentials{Username: "ap-2", Password: "right"}, false, passwords, nil},
		"nobody":                           {broker.Credentials{}, false, passwords, nil},
		"nobody, and no passwords":         {broker.Credentials{}, false, nil, nil},
		"anybody where all may":            {broker.Credentials{Username: "x", Password: "y"}, true, nil, &everything},
		"certificate":                      {broker.Credentials{CommonName: "probe-9"}, false, nil, new(own("probe-9"))},
		"certificate and a user name":      {broker.Credentials{CommonName: "probe-9", Username: "ap-1", Password: "right"}, false, passwords, new(own("probe-9"))},
		"certificate where all may":        {broker.Credentials{CommonName: "probe-9"}, true, nil, new(own("probe-9"))},
		"certificate with a wildcard":      {broker.Credentials{CommonName: "+"}, false, nil, nil},
		"certificate with levels":          {broker.Credentials{CommonName: "a/b"}, false, nil, nil},
		"certificate of a person":          {broker.Credentials{CommonName: "Nguyễn Văn An"}, false, nil, nil},
		"wildcard in the passwords' names": {broker.Credentials{Username: "gate/+", Password: "right"}, false, passwords, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := admit(test.credentials, ours, test.anonymous, test.passwords)
			if ok != (test.want != nil) {
				t.Fatalf("admitted: %t, want %t", ok, test.want != nil)
			}
			if ok && !cmp.Equal(got, *test.want) {
				t.Errorf("may %+v, want %+v", got, *test.want)
			}
		})
	}
}

func TestBrokerTLS(t *testing.T) {
	t.Parallel()
	c := testbed.NewCertificates(t, "ap-1")
	other := testbed.NewCertificates(t, "ap-1")
	server, client, err := brokerTLS(&BrokerConfig{CertFile: c.ServerCert, KeyFile: c.ServerKey, ClientCAFile: c.CAFile})
	if err != nil {
		t.Fatal(err)
	}
	if server.ClientAuth != tls.VerifyClientCertIfGiven || server.MinVersion < tls.VersionTLS12 || client.MinVersion < tls.VersionTLS12 {
		t.Errorf("client certificates: %v, versions from %x and %x", server.ClientAuth, server.MinVersion, client.MinVersion)
	}
	verify := func(files ...string) error {
		var state tls.ConnectionState
		for _, file := range files {
			pair, err := tls.LoadX509KeyPair(file, strings.TrimSuffix(file, ".pem")+".key")
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(pair.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			state.PeerCertificates = append(state.PeerCertificates, leaf)
		}
		return client.VerifyConnection(state)
	}
	if err := verify(c.ServerCert); err != nil {
		t.Errorf("our own broker is not trusted: %v", err)
	}
	for name, chain := range map[string][]string{
		"another authority's": {other.ServerCert}, "another of the authority": {c.ClientCert},
		"ours behind another": {other.ServerCert, c.ServerCert}, "none": nil,
	} {
		if verify(chain...) == nil {
			t.Errorf("a certificate is trusted that is not our broker's: %s", name)
		}
	}
	if server, client, err := brokerTLS(&BrokerConfig{}); server != nil || client != nil || err != nil {
		t.Errorf("without files: %v, %v, %v; want no TLS", server, client, err)
	}
}

// Real devices at the embedded broker of a real service, over TLS.
func TestDevicesAtTheEmbeddedBroker(t *testing.T) {
	t.Parallel()
	certificates := testbed.NewCertificates(t, "probe-9")
	addr := testbed.Addr(t)
	host, port, _ := strings.Cut(addr, ":")
	s := serve(t, fmt.Sprintf("broker: {listen: %q, passwords_file: %q, cert_file: %q, key_file: %q, client_ca_file: %q}\n",
		addr, passwordsFile(t, "ap-1", "right"), certificates.ServerCert, certificates.ServerKey, certificates.CAFile))
	plain := func(topic, payload string, args ...string) int {
		t.Helper()
		args = append([]string{"-h", host, "-p", port, "-q", "1", "-t", topic, "-m", payload}, args...)
		return testbed.Run(t, testbed.Command{Path: testbed.Require(t, "mosquitto_pub"), Args: args}).Wait()
	}
	publish := func(topic, payload string, args ...string) int {
		t.Helper()
		return plain(topic, payload, append(args, "--cafile", certificates.CAFile)...)
	}
	password := []string{"-u", "ap-1", "-P", "right"}
	certificate := []string{"--cert", certificates.ClientCert, "--key", certificates.ClientKey}
	const clients, test = `{"clients": 3}`, `{"operator": "45204", "outcome": "no_service"}`

	for name, args := range map[string][]string{
		"a wrong password":    {"-u", "ap-1", "-P", "wrong"},
		"an unknown user":     {"-u", "ap-2", "-P", "right"},
		"no user":             nil,
		"our name":            {"-u", "_phusong", "-P", "right"},
		"somebody's identity": append([]string{"-u", "_phusong", "-P", "x"}, certificate...),
	} {
		if publish("phusong/v1/80/wifi/ap-1/telemetry", clients, args...) == 0 {
			t.Errorf("a device with %s was let in", name)
		}
	}
	if plain("phusong/v1/80/wifi/ap-1/telemetry", clients, password...) == 0 {
		t.Error("a device without TLS was let in")
	}
	// What is not its own to publish does not arrive. The broker may end the connection
	// or acknowledge and drop; the proof is what has arrived when the rest has.
	publish("phusong/v1/80/wifi/ap-2/telemetry", clients, password...)
	publish("phusong/v1/80/mobile/ap-1/telemetry", test, certificate...)
	publish("elsewhere", "x", password...)
	if code := publish("phusong/v1/80/wifi/ap-1/telemetry", clients, password...); code != 0 {
		t.Errorf("a device with its password was refused with %d", code)
	}
	if code := publish("phusong/v1/80/mobile/probe-9/telemetry", test, certificate...); code != 0 {
		t.Errorf("a device with its certificate was refused with %d", code)
	}
	s.awaitMetric("phusong_readings_stored_total", func(v float64) bool { return v >= 2 })
	if err := metric(s.listen, "phusong_mqtt_messages_received_total", func(v float64) bool { return v == 2 }); err != nil {
		t.Errorf("more arrived than the two that may: %v", err)
	}
	got := command(t, "devices", "--config", s.config, "--unregistered")
	if !strings.Contains(got.stdout, "\nap-1 ") || !strings.Contains(got.stdout, "\nprobe-9 ") || strings.Count(got.stdout, "\n") != 3 {
		t.Errorf("devices:\n%s\nwant ap-1 and probe-9 alone", got.stdout)
	}
}

// passwordsFile writes names and passwords as htpasswd -B does.
func passwordsFile(t *testing.T, pairs ...string) string {
	t.Helper()
	var text strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		hash, err := bcrypt.GenerateFromPassword([]byte(pairs[i+1]), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s:%s\n", pairs[i], hash)
	}
	path := filepath.Join(t.TempDir(), "devices.htpasswd")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
