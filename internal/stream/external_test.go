package stream_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"phusong/internal/stream"
	"phusong/internal/testbed"
)

// startNATS runs a server that this package knows only by its URL.
func startNATS(t testing.TB, o server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoSigs, o.NoLog, o.JetStream, o.SyncAlways = "127.0.0.1", true, true, true, true
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	srv, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(testbed.Patience) {
		t.Fatal("NATS server did not start")
	}
	t.Cleanup(func() { stopNATS(srv) })
	return srv
}

func stopNATS(srv *server.Server) {
	srv.Shutdown()
	srv.WaitForShutdown()
}

// admin does to a server what an administrator might do with the nats tool.
type admin struct{ js jetstream.JetStream }

func adminOf(t testing.TB, srv *server.Server) admin {
	t.Helper()
	conn, err := nats.Connect(srv.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return admin{js}
}

func (a admin) consumers(t testing.TB, name string) []string {
	t.Helper()
	s, err := a.js.Stream(testContext(t), name)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	list := s.ConsumerNames(testContext(t))
	for n := range list.Name() {
		names = append(names, n)
	}
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	return names
}

func (a admin) leader(t testing.TB, name string) string {
	t.Helper()
	s, err := a.js.Stream(testContext(t), name)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().Cluster.Leader
}

func port(srv *server.Server) int { return srv.Addr().(*net.TCPAddr).Port }

func TestExternalServerRestarts(t *testing.T) {
	t.Parallel()
	o := server.Options{StoreDir: t.TempDir()}
	srv := startNATS(t, o)
	o.Port = port(srv)
	s := open(t, stream.Options{URLs: []string{srv.ClientURL()}})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	if err := l.SavePosition(testContext(t), "store", 1); err != nil {
		t.Fatal(err)
	}
	var want []uint64
	r := openReader(t, l, 1)
	next := uint64(1)
	readUpTo := func(last uint64) {
		t.Helper()
		for next <= last {
			e, err := r.Next(testContext(t))
			if err != nil || e.Seq != next || !isWhole(string(e.Data)) {
				t.Fatalf("entry %d, %v; want %d", e.Seq, err, next)
			}
			next++
		}
	}
	for range 3 {
		for i := range 50 {
			want = append(want, mustAppend(t, l, selfChecking(fmt.Sprint(i), 100)))
		}
		readUpTo(want[len(want)-1] - 20) // the reader holds some already
		stopNATS(srv)
		if _, err := l.Append(testContext(t), "", []byte("x"), 1); !errors.Is(err, stream.ErrUnavailable) {
			t.Errorf("Append without a server: %v, want ErrUnavailable", err)
		}
		if err := s.Healthy(); !errors.Is(err, stream.ErrUnavailable) {
			t.Errorf("Healthy without a server: %v, want ErrUnavailable", err)
		}
		srv = startNATS(t, o)
		awaitExternalAppend(t, l, &want)
		if err := s.Healthy(); err != nil {
			t.Errorf("Healthy with the server back: %v", err)
		}
		readUpTo(want[len(want)-1])
	}
	if pos, err := l.Position(testContext(t), "store"); pos != 1 || err != nil {
		t.Errorf("Position: %d, %v; want 1", pos, err)
	}
	checkAll(t, l, want)
}

// awaitExternalAppend tries until the connection is back.
func awaitExternalAppend(t testing.TB, l *stream.Log, acknowledged *[]uint64) {
	t.Helper()
	ctx := testContext(t)
	for {
		seq, err := l.Append(ctx, "", []byte(selfChecking("back", 100)), 1)
		if err == nil {
			*acknowledged = append(*acknowledged, seq)
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never writable again: %v; %v", context.Cause(ctx), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// A consumer can vanish while the connection stands: a server may forget it,
// or an administrator delete it.
func TestReaderOutlivesItsConsumer(t *testing.T) {
	t.Parallel()
	srv := startNATS(t, server.Options{StoreDir: t.TempDir()})
	s := open(t, stream.Options{URLs: []string{srv.ClientURL()}})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	r := openReader(t, l, 1)
	mustAppend(t, l, "e1")
	if diff := cmp.Diff([]string{"1=e1"}, take(t, r, 1)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	a := adminOf(t, srv)
	names := a.consumers(t, "phusong-readings")
	if len(names) != 1 {
		t.Fatalf("consumers %q, want one", names)
	}
	if err := a.js.DeleteConsumer(testContext(t), "phusong-readings", names[0]); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, "e2")
	if diff := cmp.Diff([]string{"2=e2"}, take(t, r, 1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReaderOfReplacedLogComplains(t *testing.T) {
	t.Parallel()
	srv := startNATS(t, server.Options{StoreDir: t.TempDir()})
	s := open(t, stream.Options{URLs: []string{srv.ClientURL()}})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	for i := range 5 {
		mustAppend(t, l, fmt.Sprint(i))
	}
	r := openReader(t, l, 1)
	take(t, r, 5)
	if err := adminOf(t, srv).js.DeleteStream(testContext(t), "phusong-readings"); err != nil {
		t.Fatal(err)
	}
	openLog(t, s, stream.LogOptions{Name: "readings"})
	if _, err := r.Next(testContext(t)); !errors.Is(err, stream.ErrBeyondEnd) {
		t.Errorf("Next on a log that was replaced: %v, want ErrBeyondEnd", err)
	}
}

func TestExternalTLSAndPassword(t *testing.T) {
	t.Parallel()
	serverTLS, clientTLS := mutualTLS(t)
	srv := startNATS(t, server.Options{
		StoreDir: t.TempDir(),
		Username: "phusong", Password: "open sesame",
		TLS: true, TLSVerify: true, TLSConfig: serverTLS, TLSTimeout: 5,
	})
	address := fmt.Sprintf("tls://127.0.0.1:%d", port(srv))
	good := stream.Options{URLs: []string{address}, TLS: clientTLS, Username: "phusong", Password: "open sesame"}
	l := openLog(t, open(t, good), stream.LogOptions{Name: "readings"})
	mustAppend(t, l, "e1")

	wrong := good
	wrong.Password = "open barley"
	_, err := stream.Open(testContext(t), wrong)
	if err == nil || !strings.Contains(err.Error(), "Authorization") || strings.Contains(err.Error(), wrong.Password) {
		t.Errorf("Open with a wrong password: %v", err)
	}
	anonymous := good
	anonymous.TLS = &tls.Config{RootCAs: clientTLS.RootCAs}
	if _, err := stream.Open(testContext(t), anonymous); err == nil {
		t.Error("Open without the client certificate worked")
	}
}

// mutualTLS makes a certificate that is its own authority, for both sides.
func mutualTLS(t testing.TB) (serverTLS, clientTLS *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "stream test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	certs := []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	serverTLS = &tls.Config{Certificates: certs, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
	return serverTLS, &tls.Config{Certificates: certs, RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// A cluster of three loses the server that leads the log, while one goroutine
// appends and another reads.
func TestClusterLosesItsLeader(t *testing.T) {
	t.Parallel()
	nodes, options := startCluster(t)
	var urls []string
	for _, n := range nodes {
		urls = append(urls, n.ClientURL())
	}
	s := open(t, stream.Options{URLs: urls, Replicas: 3})
	l := awaitLog(t, s)

	appending, stop := context.WithTimeout(context.Background(), 2*testbed.Patience)
	defer stop()
	var appended, read atomic.Uint64
	acknowledged := make(chan []uint64, 1)
	go func() {
		var seqs []uint64
		for appending.Err() == nil {
			if seq, err := l.Append(appending, "", []byte(selfChecking("x", 100)), 1); err == nil {
				seqs = append(seqs, seq)
				appended.Add(1)
			}
		}
		acknowledged <- seqs
	}()
	r := openReader(t, l, 1)
	broken := make(chan error, 1)
	go func() {
		for want := uint64(1); ; want++ {
			e, err := r.Next(context.Background()) // ends when the server is closed
			if err == nil && (e.Seq != want || !isWhole(string(e.Data))) {
				err = fmt.Errorf("entry %d, want %d", e.Seq, want)
			}
			if err != nil {
				broken <- err
				return
			}
			read.Store(e.Seq)
		}
	}()
	// A group of servers tells nobody that it has a leader again; progress shows it.
	await := func(what string, n *atomic.Uint64, target uint64) {
		t.Helper()
		for deadline := time.After(testbed.Patience); n.Load() < target; {
			select {
			case err := <-broken:
				t.Fatalf("the reader stopped: %v", err)
			case <-deadline:
				t.Fatalf("%s: stuck at %d, want %d", what, n.Load(), target)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	await("before", &appended, 50)
	leader := slices.IndexFunc(options, func(o server.Options) bool {
		return o.ServerName == adminOf(t, nodes[0]).leader(t, "phusong-readings")
	})
	stopNATS(nodes[leader])
	await("one server less", &appended, appended.Load()+50)
	startNATS(t, options[leader])
	await("server is back", &appended, appended.Load()+50)
	stop()
	seqs := <-acknowledged
	await("reading to the end", &read, seqs[len(seqs)-1])
	closeServer(t, s)
	if err := <-broken; !errors.Is(err, stream.ErrClosed) {
		t.Errorf("reader: %v", err)
	}
	checkAll(t, awaitLog(t, open(t, stream.Options{URLs: urls, Replicas: 3})), seqs)
}

// awaitLog opens a log as soon as the servers have found each other.
func awaitLog(t testing.TB, s *stream.Server) *stream.Log {
	t.Helper()
	ctx := testContext(t)
	for {
		l, err := s.Log(ctx, stream.LogOptions{Name: "readings", MaxBytes: 1 << 28})
		if err == nil {
			return l
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the cluster never took the log: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func startCluster(t testing.TB) ([]*server.Server, []server.Options) {
	t.Helper()
	// Each server must know where the others will be before they are there.
	ports := freePorts(t, 6)
	var routes []*url.URL
	var options []server.Options
	for i := range 3 {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprint("127.0.0.1:", ports[i])})
		options = append(options, server.Options{
			ServerName: fmt.Sprint("n", i), StoreDir: t.TempDir(), Port: ports[3+i],
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[i]},
		})
	}
	var nodes []*server.Server
	for i := range options {
		options[i].Routes = routes
		nodes = append(nodes, startNATS(t, options[i]))
	}
	return nodes, options
}

// freePorts returns n different ports that were free a moment ago.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	var held []net.Listener
	defer func() { // all at the end, so that they differ
		for _, free := range held {
			_ = free.Close()
		}
	}()
	for range n {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, free)
		ports = append(ports, free.Addr().(*net.TCPAddr).Port)
	}
	return ports
}
