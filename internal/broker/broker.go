package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Options configure a Broker. Dir and one of Authenticate and Anonymous are needed.
type Options struct {
	// Dir is where sessions and messages are kept; it is made if need be. One broker per Dir.
	Dir string
	// Listen is the address to listen on; the default is 127.0.0.1:1883, port 0 is any free one.
	Listen string
	// TLS, when not nil, is what the listener speaks. With ClientAuth and ClientCAs it asks devices for
	// certificates. The broker uses a copy.
	TLS *tls.Config
	// Authenticate decides who may connect and what they may do. It is called by many goroutines
	// and may take its time, but must not block for ever.
	Authenticate func(Credentials) (Permission, bool)
	// Anonymous lets everybody do everything, and is accepted on loopback addresses only.
	Anonymous bool

	// MaxPayload is the largest message in bytes; the default is 1 MiB.
	MaxPayload int
	// MaxConnections bounds the clients; the default is 10000.
	MaxConnections int
	// MaxInFlight is how many messages may await the acknowledgement of one subscription; the
	// default is 8191, which leaves a session room for eight (filters ending in # count twice).
	MaxInFlight int
	// MaxStore bounds the bytes kept for absent sessions; the default is 4 GiB. When it is used up,
	// publishers with QoS 1 are disconnected without an acknowledgement.
	MaxStore int64
	// SyncInterval is how long a message may stay in the operating system's hands before it is on disk;
	// the default is 1 s.
	SyncInterval time.Duration
	// AckWait is when an unacknowledged message is sent again; the default is 10 s.
	AckWait time.Duration

	// Logger receives what the broker has to say; nil discards it.
	Logger *slog.Logger
}

// Broker is a running broker.
type Broker struct {
	server *server.Server
	addr   *net.TCPAddr
	tls    bool
	closed sync.Once
}

const (
	defaultMaxInFlight = 8191
	startTimeout       = 30 * time.Second
	// writeDeadline is long because a client may stop reading to slow us down. Dead clients are
	// noticed by their keepalive long before.
	writeDeadline = 10 * time.Minute
	tlsTimeout    = 10 // seconds; small devices are slow at it
)

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:1883"
	}
	if o.MaxPayload == 0 {
		o.MaxPayload = 1 << 20
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 10000
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = defaultMaxInFlight
	}
	if o.MaxStore == 0 {
		o.MaxStore = 4 << 30
	}
	if o.SyncInterval == 0 {
		o.SyncInterval = time.Second
	}
	if o.AckWait == 0 {
		o.AckWait = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) validate() error {
	switch {
	case o.Dir == "":
		return errors.New("Dir: empty; name the directory for sessions and messages")
	case o.Authenticate == nil && !o.Anonymous:
		return errors.New("Authenticate: nil; say who may connect, or set Anonymous on a loopback address")
	case o.Authenticate != nil && o.Anonymous:
		return errors.New("Anonymous: contradicts Authenticate; choose one")
	case o.MaxPayload < 1 || o.MaxPayload > 64<<20:
		return fmt.Errorf("MaxPayload: %d; use 1 to %d bytes", o.MaxPayload, 64<<20)
	case o.MaxConnections < 1:
		return fmt.Errorf("MaxConnections: %d; use a positive number", o.MaxConnections)
	case o.MaxInFlight < 1 || o.MaxInFlight > 65535:
		return fmt.Errorf("MaxInFlight: %d; use 1 to 65535", o.MaxInFlight)
	case o.MaxStore < 0:
		return fmt.Errorf("MaxStore: %d is negative", o.MaxStore)
	case o.SyncInterval < 0:
		return fmt.Errorf("SyncInterval: %v is negative", o.SyncInterval)
	case o.AckWait < 0:
		return fmt.Errorf("AckWait: %v is negative", o.AckWait)
	}
	return nil
}

// Start opens the store and the listener and returns when clients can connect. ctx bounds the
// starting only. An address in use gives an error that wraps syscall.EADDRINUSE and names it.
func Start(ctx context.Context, options Options) (*Broker, error) {
	o := options.withDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("broker options: %w", err)
	}
	addr, err := probe(ctx, o.Listen)
	if err != nil {
		return nil, fmt.Errorf("starting the broker: %w", err)
	}
	if o.Anonymous && !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("broker options: Anonymous: %s can be reached from outside; listen on 127.0.0.1 or set Authenticate", o.Listen)
	}
	if err := makeWritable(o.Dir); err != nil {
		return nil, fmt.Errorf("starting the broker: %w", err)
	}
	return start(ctx, o, addr)
}

func start(ctx context.Context, o Options, addr *net.TCPAddr) (*Broker, error) {
	settings := o.serverOptions(addr)
	door := &doorkeeper{options: o}
	settings.CustomClientAuthentication = door
	s, err := server.NewServer(settings)
	if err != nil {
		return nil, fmt.Errorf("starting the broker: %w", err)
	}
	door.server = s
	log := &logger{out: o.Logger}
	s.SetLoggerV2(log, o.Logger.Enabled(ctx, slog.LevelDebug), false, false)
	b := &Broker{server: s, addr: addr, tls: o.TLS != nil}

	started := make(chan struct{})
	go func() {
		defer close(started)
		s.Start() // returns when it has started, as there is no listener for NATS clients
	}()
	select {
	case <-started:
	case <-ctx.Done():
		b.Close()
		<-started
		return nil, fmt.Errorf("starting the broker: %w", context.Cause(ctx))
	}
	if fatal := log.fatal(); fatal != "" {
		b.Close()
		return nil, fmt.Errorf("starting the broker on %s in %s: %s", o.Listen, o.Dir, fatal)
	}
	if !s.ReadyForConnections(startTimeout) {
		b.Close()
		return nil, fmt.Errorf("starting the broker on %s: not ready after %v", o.Listen, startTimeout)
	}
	// With port 0 the server writes the one it got into its options.
	b.addr = &net.TCPAddr{IP: addr.IP, Port: settings.MQTT.Port}
	return b, nil
}

// serverOptions closes every door of nats-server but MQTT.
func (o Options) serverOptions(addr *net.TCPAddr) *server.Options {
	port := addr.Port
	if port == 0 {
		port = server.RANDOM_PORT
	}
	settings := &server.Options{
		ServerName:         serverName(o.Dir),
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           o.Dir,
		SyncInterval:       o.SyncInterval,
		JetStreamMaxStore:  o.MaxStore,
		JetStreamMaxMemory: 256 << 20,
		MaxPayload:         int32(o.MaxPayload), //nolint:gosec // validated
		MaxConn:            o.MaxConnections,
		WriteDeadline:      writeDeadline,
		MaxControlLine:     server.MAX_CONTROL_LINE_SIZE,
		NoSystemAccount:    true,
	}
	settings.MQTT = server.MQTTOpts{
		Host:          addr.IP.String(),
		Port:          port,
		AckWait:       o.AckWait,
		MaxAckPending: uint16(o.MaxInFlight), //nolint:gosec // validated
		TLSTimeout:    tlsTimeout,
	}
	if o.TLS != nil {
		settings.MQTT.TLSConfig = o.TLS.Clone()
	}
	return settings
}

// serverName stays the same for a directory, because sessions in it refer to it.
func serverName(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(dir))
	return "phusong-broker-" + strconv.FormatUint(hash.Sum64(), 36)
}

// probe resolves the address and finds out whether it can be listened on: nats-server would only
// log the reason.
func probe(ctx context.Context, listen string) (*net.TCPAddr, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", listen, err)
	}
	addr, ok := listener.Addr().(*net.TCPAddr)
	if err := listener.Close(); err != nil || !ok {
		return nil, fmt.Errorf("listening on %s: %w", listen, err)
	}
	if _, port, err := net.SplitHostPort(listen); err == nil && port == "0" {
		addr.Port = 0
	}
	return addr, nil
}

// makeWritable makes the directory if need be and proves that files can be made in it.
func makeWritable(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("making the store directory: %w", err)
	}
	file, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("store directory %s is not writable: %w", dir, err)
	}
	if err := errors.Join(file.Close(), os.Remove(file.Name())); err != nil {
		return fmt.Errorf("store directory %s: %w", dir, err)
	}
	return nil
}

// Addr is where the broker listens.
func (b *Broker) Addr() net.Addr { return b.addr }

// URL is the address as clients write it: mqtt://host:port or, with TLS, mqtts://host:port.
func (b *Broker) URL() string {
	host := b.addr.IP.String()
	if b.addr.IP.IsUnspecified() {
		host = "localhost"
	}
	scheme := "mqtt"
	if b.tls {
		scheme = "mqtts"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(b.addr.Port))
}

// Close disconnects everybody, writes what is not written and returns when nothing of the broker
// runs any more.
func (b *Broker) Close() {
	b.closed.Do(b.server.Shutdown)
	b.server.WaitForShutdown()
}
