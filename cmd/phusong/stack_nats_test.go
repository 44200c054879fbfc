package main_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.yaml.in/yaml/v3"

	"phusong/internal/testbed"
)

// stackNATS starts the three servers of deploy/compose.scale.yml with their own
// configuration, on loopback, and returns their addresses for clients.
func stackNATS(t *testing.T, secrets string) (urls []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testbed.Root(t), "deploy", "compose.scale.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var overlay struct {
		Configs struct {
			NATS struct{ Content string }
		}
	}
	if err := yaml.Unmarshal(raw, &overlay); err != nil {
		t.Fatal(err)
	}
	text := overlay.Configs.NATS.Content
	for i := 1; i <= 3; i++ {
		text = strings.ReplaceAll(text, fmt.Sprintf("tls://nats-%d:6222", i), "tls://"+testbed.Addr(t))
	}
	_, list, _ := strings.Cut(text, "routes: [")
	list, _, _ = strings.Cut(list, "]")
	for i, route := range strings.Split(list, ", ") {
		addr := testbed.Addr(t)
		urls = append(urls, "tls://"+addr)
		name := fmt.Sprintf("nats-%d", i+1)
		content := strings.NewReplacer("$$NAME", name, "0.0.0.0:4222", addr, "127.0.0.1:8222", testbed.Addr(t),
			"0.0.0.0:6222", strings.TrimPrefix(route, "tls://"), "store_dir: /data", "store_dir: "+t.TempDir(), "/run/secrets", secrets).Replace(text)
		file := filepath.Join(t.TempDir(), "nats.conf")
		put(t, file, content)
		options, err := server.ProcessConfigFile(file)
		if err != nil {
			t.Fatalf("%v in\n%s", err, content)
		}
		options.NoSigs, options.NoLog = true, true
		node, err := server.NewServer(options)
		if err != nil {
			t.Fatal(err)
		}
		node.Start()
		t.Cleanup(func() { node.Shutdown(); node.WaitForShutdown() })
		if !node.ReadyForConnections(testbed.Patience) {
			t.Fatalf("%s did not start", name)
		}
	}
	return urls
}

// The three servers find each other over TLS and keep what phusong gives them on all three;
// who has no certificate of the stack stays outside.
func TestStackNATS(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	secrets := filepath.Join(t.TempDir(), "secrets")
	if p := testbed.Phusong(t, "secrets", "init", "--dir", secrets); p.Wait() != 0 {
		t.Fatalf("secrets init: %s", p.Log())
	}
	file := func(name string) string { return filepath.Join(secrets, name) }
	urls := stackNATS(t, secrets)
	w := newTown(t, townOptions{Keys: map[string]any{
		"stream.urls": urls, "stream.replicas": 3,
		"stream.ca_file": file("ca.pem"), "stream.cert_file": file("nats.pem"), "stream.key_file": file("nats.key"),
	}})
	w.start()
	w.awaitExactly("phusong_active", 1)
	f := newFleet(t, w.broker.URL())
	f.publish(telemetryTopic("wifi", "ap-1"), nil, reading{Device: "ap-1", Seq: 1})
	w.awaitExactly("phusong_readings_stored_total", 1)
	for who, options := range map[string][]nats.Option{
		"nobody":                         {nats.RootCAs(file("ca.pem"))},
		"the console's own certificate":  {nats.RootCAs(file("ca.pem")), nats.ClientCert(file("phusong.pem"), file("phusong.key"))},
		"somebody who asks for no names": {nats.Secure(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})}, //nolint:gosec // that is what is tried
	} {
		if conn, err := nats.Connect(urls[0], append(options, nats.Timeout(10*time.Second), nats.MaxReconnects(0))...); err == nil {
			conn.Close()
			t.Errorf("%s is let in", who)
		}
	}
	conn, err := nats.Connect(urls[0], nats.RootCAs(file("ca.pem")), nats.ClientCert(file("nats.pem"), file("nats.key")))
	if err != nil {
		t.Fatalf("the certificate of the stack is refused: %v", err)
	}
	conn.Close()
	w.stop()
}
