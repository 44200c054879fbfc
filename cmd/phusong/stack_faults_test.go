package main_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// What administrators do wrong is named in the log, shows in the metrics of the page
// of service health, and costs no reading.

func TestStackInfluxDBWithoutItsBucket(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	w := newTown(t, townOptions{Influx: true, Keys: map[string]any{"store.influx.bucket": "nowhere/autogen"}})
	w.start()
	w.mustNameTheStoresFault("nowhere")
	w.influx.CreateDatabase("nowhere")
	w.awaitExactly("phusong_readings_stored_total", 1)
	w.awaitExactly("phusong_readings_waiting", 0)
}

func TestStackInfluxDBWithAWrongToken(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	address := startInfluxDBWithUsers(t)
	token := filepath.Join(t.TempDir(), "token")
	put(t, token, "phusong:wrong")
	w := newTown(t, townOptions{Keys: map[string]any{
		"store.kind": "influx", "store.influx.url": address, "store.influx.bucket": "town/autogen", "store.influx.token_file": token,
	}})
	w.start()
	w.mustNameTheStoresFault("the token is wrong")
	put(t, token, "phusong:right")
	w.awaitExactly("phusong_readings_stored_total", 1)
	w.awaitExactly("phusong_readings_waiting", 0)
}

// mustNameTheStoresFault sends a reading, which waits, and finds the reason in the log.
func (w *town) mustNameTheStoresFault(reason string) {
	w.t.Helper()
	f := newFleet(w.t, w.broker.URL())
	f.publish(telemetryTopic("wifi", "ap-1"), nil, reading{Device: "ap-1", Seq: 1})
	w.awaitAtLeast("phusong_store_write_errors_total", 1)
	w.awaitExactly("phusong_readings_waiting", 1)
	log := w.process.WaitLog("the store does not take readings")
	if !strings.Contains(log, reason) {
		w.t.Errorf("the log does not say %q:\n%s", reason, log)
	}
}

// startInfluxDBWithUsers is InfluxDB that asks for user and password, with a database
// town and its user phusong, whose password is "right".
func startInfluxDBWithUsers(t *testing.T) (address string) {
	t.Helper()
	addr, dir := testbed.Addr(t), t.TempDir()
	config := filepath.Join(dir, "influxdb.conf")
	put(t, config, fmt.Sprintf(`reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = %q
[data]
  dir = %q
  wal-dir = %q
[monitor]
  store-enabled = false
[http]
  bind-address = %q
  auth-enabled = true
  log-enabled = false
`, dir+"/meta", dir+"/data", dir+"/wal", addr))
	p := testbed.Run(t, testbed.Command{
		Name: "influxd", Path: testbed.Require(t, "influxd"), Args: []string{"run", "-config", config}, Env: []string{"HOME=" + dir},
	})
	address = "http://" + addr
	p.WaitHTTP(address + "/health")
	for _, statement := range []string{
		`CREATE USER phusong WITH PASSWORD 'right' WITH ALL PRIVILEGES`, `CREATE DATABASE town`,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/query", strings.NewReader(url.Values{"q": {statement}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth("phusong", "right")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", statement, response.Status)
		}
	}
	return address
}

// The broker's certificate has expired: phusong says so and what to do, and connects as
// soon as there is a new one.
func TestStackExpiredCertificate(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	b, _ := newStackBroker(t)
	b.process.Kill()
	good := expire(t, b)
	b.start(t)
	w := newTown(t, townOptions{Keys: map[string]any{
		"mqtt.url": b.url(), "mqtt.username": "phusong", "mqtt.password_file": b.secret("mqtt-phusong.password"), "mqtt.ca_file": b.secret("ca.pem"),
	}})
	w.launch()
	log := w.process.WaitLog("cannot connect to the broker")
	for _, word := range []string{"certificate has expired", "renew the broker's certificate"} {
		if !strings.Contains(log, word) {
			t.Errorf("the log does not say %q:\n%s", word, log)
		}
	}
	w.awaitUnready("broker")
	w.awaitExactly("phusong_mqtt_connected", 0)
	b.process.Kill()
	put(t, b.secret("mosquitto.pem"), good)
	b.start(t)
	w.awaitExactly("phusong_mqtt_connected", 1)
}

// expire makes the broker's certificate one that ended yesterday, and returns the one
// before.
func expire(t *testing.T, b stackBroker) (before string) {
	t.Helper()
	read := func(name string) []byte {
		raw, err := os.ReadFile(b.secret(name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	parse := func(name string) *x509.Certificate {
		block, _ := pem.Decode(read(name))
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		return certificate
	}
	block, _ := pem.Decode(read("ca.key"))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	authority, old := parse("ca.pem"), parse("mosquitto.pem")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: old.Subject, DNSNames: old.DNSNames, IPAddresses: old.IPAddresses, KeyUsage: old.KeyUsage, ExtKeyUsage: old.ExtKeyUsage,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, old.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	before = string(read("mosquitto.pem"))
	put(t, b.secret("mosquitto.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return before
}
