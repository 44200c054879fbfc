package broker_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/broker"
	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

func TestStartNamesTheBadOption(t *testing.T) {
	t.Parallel()
	cases := []struct {
		want   string
		adjust func(*broker.Options)
	}{
		{"Dir: empty", func(o *broker.Options) { o.Dir = "" }},
		{"Authenticate: nil", func(o *broker.Options) { o.Anonymous = false }},
		{"Anonymous: contradicts", func(o *broker.Options) { o.Authenticate = devices }},
		{"Anonymous: 0.0.0.0:0 can be reached", func(o *broker.Options) { o.Listen = "0.0.0.0:0" }},
		{"MaxPayload", func(o *broker.Options) { o.MaxPayload = -1 }},
		{"MaxConnections", func(o *broker.Options) { o.MaxConnections = -1 }},
		{"MaxInFlight", func(o *broker.Options) { o.MaxInFlight = 65536 }},
		{"MaxStore", func(o *broker.Options) { o.MaxStore = -1 }},
		{"SyncInterval", func(o *broker.Options) { o.SyncInterval = -1 }},
		{"AckWait", func(o *broker.Options) { o.AckWait = -1 }},
		{"listening on nonsense", func(o *broker.Options) { o.Listen = "nonsense" }},
	}
	for _, c := range cases {
		o := broker.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Anonymous: true}
		c.adjust(&o)
		b, err := broker.Start(t.Context(), o)
		if err == nil {
			b.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Start = %v, want an error with %q", err, c.want)
		}
	}
}

func TestStartNamesTheBusyAddress(t *testing.T) {
	t.Parallel()
	first := start(t)
	_, err := broker.Start(t.Context(), broker.Options{Dir: t.TempDir(), Listen: first.Addr().String(), Anonymous: true})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), first.Addr().String()) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Start on a busy address = %v, want one line with %v that wraps EADDRINUSE", err, first.Addr())
	}
}

func TestStartNamesTheUnusableDirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// /proc takes no files, not even from root.
	for _, dir := range []string{filepath.Join(file, "store"), "/proc/self"} {
		_, err := broker.Start(t.Context(), broker.Options{Dir: dir, Listen: "127.0.0.1:0", Anonymous: true})
		if err == nil || !strings.Contains(err.Error(), dir) && !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Start in %s = %v, want one line that names it", dir, err)
		}
	}
}

func TestForeignDevices(t *testing.T) {
	t.Parallel()
	b := start(t, unrepeated)
	service := connect(t, b, to("data/#")).ready()
	publish(t, b, "data/wifi/ap-1", "hello")
	publish(t, b, "data/wifi/ap-1/status", "stored", "-r")
	if diff := cmp.Diff([]string{"data/wifi/ap-1 hello", "data/wifi/ap-1/status stored"}, service.until("data/wifi/ap-1/status")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	late := device(t, "mosquitto_sub", b, "-q", "1", "-t", "data/#", "-v", "-C", "1", "-F", "%r %t %p")
	if code := late.Wait(); code != 0 || late.Stdout() != "1 data/wifi/ap-1/status stored\n" {
		t.Errorf("a late subscriber got %q (exit code %d), want the retained message marked so", late.Stdout(), code)
	}

	commands := device(t, "mosquitto_sub", b, "-d", "-q", "1", "-t", "commands/ap-1", "-C", "1")
	commands.WaitLog("Subscribed")
	service.send(mqtt.Message{Topic: "commands/ap-1", Payload: []byte("restart"), QoS: mqtt.AtLeastOnce})
	commands.WaitLog("restart")
}

func TestWillOfADeviceThatIsKilled(t *testing.T) {
	t.Parallel()
	b := start(t, unrepeated)
	service := connect(t, b, to("data/#")).ready()
	doomed := device(t, "mosquitto_sub", b, "-d", "-t", "commands/ap-1",
		"--will-topic", "data/wifi/ap-1/status", "--will-payload", "offline", "--will-qos", "1", "--will-retain")
	doomed.WaitLog("Subscribed")
	doomed.Kill()
	if diff := cmp.Diff([]string{"data/wifi/ap-1/status offline"}, service.until("data/wifi/ap-1/status")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	late := connect(t, b, func(o *mqtt.Options) { o.ClientID, o.Filters = "late", []string{"data/+/+/status"} }).ready()
	late.until("data/wifi/ap-1/status")

	polite := device(t, "mosquitto_sub", b, "-d", "-t", "commands/ap-2",
		"--will-topic", "data/wifi/ap-2/status", "--will-payload", "offline")
	polite.WaitLog("Subscribed")
	polite.Interrupt()
	publish(t, b, "data/end", "")
	if diff := cmp.Diff([]string{"data/end "}, service.until("data/end")); diff != "" {
		t.Errorf("after a proper goodbye (-want +got):\n%s", diff)
	}
}

func TestTopicsComeThroughUnchanged(t *testing.T) {
	t.Parallel()
	b := start(t, unrepeated)
	service := connect(t, b, to("t/#")).ready()
	topics := []string{"t/a.b", "t/a//b", "t//", "t/.", "t/../x", "t/a*", "t/>", "t/Phủ", "t/$x", "t/end"}
	for _, topic := range topics {
		service.send(mqtt.Message{Topic: topic, QoS: mqtt.AtLeastOnce})
	}
	var want []string
	for _, topic := range topics {
		want = append(want, topic+" ")
	}
	if diff := cmp.Diff(want, service.until("t/end")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A space is a limit of the server; the client learns of it by losing the connection.
	if code := device(t, "mosquitto_pub", b, "-q", "1", "-t", "t/a b", "-m", "").Wait(); code == 0 {
		t.Error("a topic with a space was accepted; the package comment says it is not")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := start(t, func(o *broker.Options) { o.MaxPayload, o.MaxConnections = 1000, 2 })
	service := connect(t, b, to("t/+")).ready()
	service.send(mqtt.Message{Topic: "t/small", Payload: make([]byte, 800), QoS: mqtt.AtLeastOnce})
	service.until("t/small")
	if code := device(t, "mosquitto_pub", b, "-q", "1", "-t", "t/large", "-m", strings.Repeat("x", 2000)).Wait(); code == 0 {
		t.Error("a message over MaxPayload was acknowledged")
	}
	second := device(t, "mosquitto_sub", b, "-d", "-t", "x")
	second.WaitLog("Subscribed")
	third := device(t, "mosquitto_pub", b, "-t", "t/third", "-m", "")
	if code := third.Wait(); code == 0 {
		t.Errorf("a third client got in, want at most two:\n%s", third.Log())
	}
}

func TestSubscriptionsShareTheWindowOfTheirSession(t *testing.T) {
	t.Parallel()
	b := start(t)
	filters := make([]string, 8)
	for i := range filters {
		filters[i] = fmt.Sprintf("t/%d/+", i)
	}
	c := connect(t, b, to(filters...)).ready()
	for i := range filters {
		c.send(mqtt.Message{Topic: fmt.Sprintf("t/%d/x", i), QoS: mqtt.AtLeastOnce})
	}
	c.until("t/7/x")
	connect(t, b, func(o *mqtt.Options) {
		o.ClientID, o.Filters = "four", []string{"a/#", "b/#", "c/#", "d/#"} // each counts twice
	}).ready()
	sub := device(t, "mosquitto_sub", b, "-d", "-q", "1", "-i", "greedy",
		"-t", "a/#", "-t", "b/#", "-t", "c/#", "-t", "d/#", "-t", "e")
	if line := sub.WaitLog("Subscribed"); !strings.Contains(line, "128") {
		t.Errorf("a fifth subscription with nothing left for it: %q, want one refused with 128", line)
	}
}

func TestSharedSubscriptionsAreRefused(t *testing.T) {
	t.Parallel()
	b := start(t)
	sub := device(t, "mosquitto_sub", b, "-d", "-q", "1", "-t", "$share/group/data/#")
	sub.WaitLog("128") // the return code: it would wait for ever otherwise
}

func TestBrokersDoNotKnowOneAnother(t *testing.T) {
	t.Parallel()
	one, two := start(t), start(t)
	c1, c2 := connect(t, one, to("#")).ready(), connect(t, two, to("#")).ready()
	c1.send(mqtt.Message{Topic: "one", QoS: mqtt.AtLeastOnce})
	c2.send(mqtt.Message{Topic: "two", QoS: mqtt.AtLeastOnce})
	if diff := cmp.Diff([]string{"two "}, c2.until("two")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c1.until("one")
}

func TestTLSWithClientCertificate(t *testing.T) {
	t.Parallel()
	certs, strangers := testbed.NewCertificates(t, "probe-7"), testbed.NewCertificates(t, "probe-8")
	config, err := mqtt.TLSFiles{CA: certs.CAFile, Cert: certs.ServerCert, Key: certs.ServerKey}.Load()
	if err != nil {
		t.Fatal(err)
	}
	config.ClientCAs, config.ClientAuth = config.RootCAs, tls.VerifyClientCertIfGiven
	b := start(t, func(o *broker.Options) { o.TLS = config }, guarded(func(c broker.Credentials) (broker.Permission, bool) {
		if c.CommonName != "" {
			return broker.Permission{Publish: []string{"data/+/" + c.CommonName + "/#"}}, true
		}
		return devices(c)
	}))
	trust := []string{"--cafile", certs.CAFile}
	own := append([]string{"--cert", certs.ClientCert, "--key", certs.ClientKey}, trust...)
	service := connect(t, b, as("service"), to("data/#"), func(o *mqtt.Options) {
		if o.TLS, err = (mqtt.TLSFiles{CA: certs.CAFile}).Load(); err != nil {
			t.Fatal(err)
		}
	}).ready()
	publish(t, b, "data/mobile/probe-8/x", "forged", own...)
	publish(t, b, "data/mobile/probe-7/x", "own", own...)
	if diff := cmp.Diff([]string{"data/mobile/probe-7/x own"}, service.until("data/mobile/probe-7/x")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, args := range map[string][]string{
		"no certificate": trust,
		"a stranger's":   append([]string{"--cert", strangers.ClientCert, "--key", strangers.ClientKey}, trust...),
	} {
		if code := device(t, "mosquitto_pub", b, append([]string{"-t", "data/x", "-m", ""}, args...)...).Wait(); code == 0 {
			t.Errorf("%s: the client got in", name)
		}
	}
	if !strings.HasPrefix(b.URL(), "mqtts://127.0.0.1:") {
		t.Errorf("URL = %s, want mqtts://", b.URL())
	}
}

// The broker dies with its process; what it acknowledged is there when the next one opens Dir.
func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), testbed.Addr(t)
	run := func() *testbed.Process {
		p := testbed.Run(t, testbed.Command{Name: "broker", Path: os.Args[0], Env: []string{childEnv + "=" + dir + "|" + addr}})
		p.WaitLog("ready")
		return p
	}
	child := run()
	at := func(o *mqtt.Options) { o.URL = "mqtt://" + addr }
	connect(t, nil, at, to("t/+")).ready().stop()
	sender := connect(t, nil, at, func(o *mqtt.Options) { o.ClientID = "sender" }).ready()
	const n = 500
	for i := range n {
		if i == n/2 {
			child.Kill()
			child = run()
		}
		sender.send(mqtt.Message{Topic: fmt.Sprintf("t/%d", i), QoS: mqtt.AtLeastOnce})
	}
	child.Kill()
	run()
	service := connect(t, nil, at, to("t/+")).ready()
	seen := map[string]bool{}
	for len(seen) < n {
		select {
		case d := <-service.arrived:
			d.Ack()
			seen[d.Topic] = true
		case <-time.After(testbed.Patience):
			t.Fatalf("%d of %d acknowledged messages came back", len(seen), n)
		}
	}
}

const childEnv = "PHUSONG_BROKER_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir, addr, ok := strings.Cut(os.Getenv(childEnv), "|"); ok {
		_, err := broker.Start(context.Background(), broker.Options{Dir: dir, Listen: addr, Anonymous: true, AckWait: time.Second})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("ready")
		select {} // until it is killed
	}
	os.Exit(m.Run())
}

// This test is not parallel: it looks at all goroutines and sockets of the process.
func TestOnlyOnePortIsOpenAndCloseLeavesNothing(t *testing.T) {
	sockets, goroutines := listening(t), runtime.NumGoroutine()
	b := start(t)
	if opened := listening(t) - sockets; opened != 1 {
		t.Errorf("the broker listens on %d ports, want 1", opened)
	}
	c := connect(t, b, to("t")).ready()
	c.send(mqtt.Message{Topic: "t", QoS: mqtt.AtLeastOnce})
	c.until("t")
	c.stop()
	b.Close()
	b.Close()
	testbed.Eventually(t, testbed.Patience, func() error {
		if n := runtime.NumGoroutine(); n > goroutines {
			stacks := make([]byte, 1<<20)
			return fmt.Errorf("%d goroutines, %d before the broker:\n%s", n, goroutines, stacks[:runtime.Stack(stacks, true)])
		}
		return nil
	})
	if n := listening(t); n != sockets {
		t.Errorf("%d listening sockets after Close, %d before the broker", n, sockets)
	}
}

// listening counts the listening TCP sockets of this process.
func listening(t *testing.T) int {
	t.Helper()
	own := map[string]bool{}
	files, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil {
			own[strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")] = true
		}
	}
	n := 0
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		file, err := os.Open(table)
		if err != nil {
			t.Skipf("this test reads the sockets from /proc, which is not there: %v", err)
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			if f := strings.Fields(lines.Text()); len(f) > 9 && f[3] == "0A" && own[f[9]] {
				n++
			}
		}
		_ = file.Close()
	}
	return n
}
