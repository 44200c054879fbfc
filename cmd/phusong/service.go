package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"phusong/alerts"
	"phusong/dashboards"
	"phusong/ingest"
	"phusong/internal/mqtt"
	"phusong/internal/registry"
	"phusong/internal/sqlite"
	"phusong/internal/stream"
	"phusong/telemetry"
)

// service is the assembled process:
//
//	devices ─MQTT─► broker ─► client ─► pipeline ─► stream ─► writer ─► store
//	                                                   └────► picture ─► /metrics
//
// newService opens everything in the order of the arrow's end to its beginning,
// so that whoever sends finds somebody who takes.
type service struct {
	config  Config
	log     *slog.Logger
	closing cleanups
	parts   parts

	metrics  *prometheus.Registry
	register *registry.Watcher
	server   *stream.Server
	readings *stream.Log
	letters  *stream.Log
	store    store
	ledger   *ingest.Ledger
	picture  *alerts.Picture
	pipeline *ingest.Pipeline
	client   *mqtt.Client
	http     net.Listener
}

// newService opens all that the configuration names. On error nothing is left
// open. The registry's faults are an error here, at the start, and a warning later.
func newService(ctx context.Context, c Config, log *slog.Logger) (_ *service, err error) {
	s := &service{config: c, log: log, metrics: prometheus.NewRegistry(), ledger: ingest.NewLedger(), picture: alerts.NewPicture()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := makeFolder(c.Data); err != nil {
		return nil, err
	}
	unlock, err := lockFolder(dataFolder(c.Data).lock())
	if err != nil {
		return nil, err
	}
	s.closing.add(unlock)
	for _, open := range []func(context.Context) error{
		s.openHTTP, s.openRegistry, s.openStore, s.openStream, s.openPicture, s.openPipeline, s.openBroker, s.openClient, s.openControl,
	} {
		if err := open(ctx); err != nil {
			return nil, err
		}
	}
	s.registerMetrics()
	return s, nil
}

// run works until ctx is done, then stops in order and closes.
func (s *service) run(ctx context.Context) error {
	err := s.parts.run(ctx)
	return errors.Join(err, s.close())
}

func (s *service) close() error { return s.closing.run() }

func (s *service) openHTTP(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen or the key listen", s.config.Listen, reasonOfListen(err))
	}
	s.http = listener
	s.closing.add(func() error { return ignoreClosed(listener.Close()) })
	return nil
}

func (s *service) openRegistry(context.Context) error {
	watcher, err := registry.NewWatcher(registry.WatcherOptions{
		Paths:  s.config.Registry.paths(),
		Logger: s.log, Registerer: prometheus.WrapRegistererWithPrefix("phusong_registry_", s.metrics),
	})
	if err != nil {
		return err
	}
	s.register = watcher
	return nil
}

func (s *service) openStore(ctx context.Context) error {
	opened, err := openStore(ctx, &s.config, s.log)
	if err != nil {
		return err
	}
	s.store = opened
	s.closing.add(opened.Close)
	return nil
}

func (s *service) openStream(ctx context.Context) (err error) {
	s.server, s.readings, s.letters, err = openStream(ctx, &s.config, s.log)
	if err != nil {
		return err
	}
	s.closing.add(func() error { return closeStream(ctx, s.server) })
	return nil
}

// openPicture and openPipeline add the parts in the order in which they must
// stop: the client hands over, the pipeline appends, the rest waits to be moved.
func (s *service) openPicture(ctx context.Context) error {
	seedPicture(ctx, s.picture, s.store, s.log)
	return nil
}

func (s *service) openPipeline(ctx context.Context) error {
	pipeline, err := ingest.NewPipeline(ingest.Options{
		Log: durableLog{s.readings}, DeadLetters: durableLog{s.letters}, Ledger: s.ledger,
		Clock:     ingest.Clock{MaxAhead: s.config.Ingest.MaxAhead, MaxAge: s.config.Ingest.MaxAge, LateAfter: s.config.Ingest.LateAfter},
		BatchSize: s.config.Ingest.BatchSize, FlushEvery: s.config.Ingest.FlushEvery,
		Logger: s.log, Registry: s.prefixed(),
	})
	if err != nil {
		return err
	}
	s.pipeline = pipeline
	writer, following, err := s.openReaders(ctx)
	if err != nil {
		return err
	}
	s.parts.add("pipeline", pipeline.Run)
	s.parts.add("mqtt client", func(ctx context.Context) error { return s.client.Run(ctx) })
	s.parts.add("drain", s.drain)
	s.parts.add("store writer", writer.Run)
	s.parts.add("watcher", func(ctx context.Context) error { return watch(ctx, s.picture, following) })
	s.parts.add("janitor", s.janitor)
	s.parts.add("registry", s.register.Run)
	s.parts.add("http", s.serveHTTP)
	return nil
}

// warmEntries is how many entries before the store's position the tracker looks
// at: what a broker sends again after a crash was in the last few.
const warmEntries = 256

// openReaders opens the two readers of the stream where they left off.
func (s *service) openReaders(ctx context.Context) (*ingest.Writer, ingest.Source, error) {
	position, err := s.readings.Position(ctx, storePosition)
	if err != nil {
		return nil, nil, fmt.Errorf("finding where the store is: %w", err)
	}
	waiting, err := s.readings.Count(ctx, position+1)
	if err != nil {
		return nil, nil, fmt.Errorf("counting what waits in the stream: %w", err)
	}
	s.ledger.CarryOver(waiting)
	if waiting > 0 {
		s.log.Info("readings wait in the stream for the store", "readings", waiting)
	}
	tracker := ingest.NewTracker()
	state, err := s.readings.State(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("looking at the stream: %w", err)
	}
	// After a quiet day everything before the position may be trimmed; then nothing
	// can come twice either.
	if state.Entries > 0 && state.First <= position {
		tail, err := s.readings.Reader(ctx, max(position, warmEntries)-warmEntries+1)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the end of the stream: %w", err)
		}
		err = ingest.Warm(ctx, tracker, source{tail}, position)
		tail.Close() // it asks for more entries while it is open
		if err != nil {
			return nil, nil, err
		}
	}
	toStore, err := s.reader(ctx, position+1)
	if err != nil {
		return nil, nil, err
	}
	toPicture, err := s.reader(ctx, position+1)
	if err != nil {
		return nil, nil, err
	}
	writer, err := ingest.NewWriter(ingest.WriterOptions{
		Source: toStore, Store: s.store, DeadLetters: durableLog{s.letters}, Ledger: s.ledger, Tracker: tracker,
		Save: func(ctx context.Context, seq uint64) error {
			return s.readings.SavePosition(ctx, storePosition, seq)
		},
		BatchSize: s.config.Ingest.StoreBatchSize, FlushEvery: s.config.Ingest.StoreFlushEvery, Parallel: s.config.Ingest.StoreParallel,
		Logger: s.log, Registry: s.prefixed(),
	})
	return writer, toPicture, err
}

func (s *service) reader(ctx context.Context, from uint64) (source, error) {
	reader, err := s.readings.Reader(ctx, from)
	if err != nil {
		return source{}, fmt.Errorf("reading the stream from %d: %w", from, err)
	}
	s.closing.add(func() error { reader.Close(); return nil })
	return source{reader}, nil
}

// drainTimeout bounds how long a stopping service waits for the store. What is
// left waits in the stream for the next start.
const drainTimeout = 5 * time.Second

// drain stops after the pipeline and before the writer, and gives the writer
// the time to empty the stream.
func (s *service) drain(ctx context.Context) error {
	<-ctx.Done()
	deadline := time.NewTimer(drainTimeout)
	defer deadline.Stop()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for s.ledger.Balance().InLog > 0 {
		select {
		case <-poll.C:
		case <-deadline.C:
			s.log.Warn("stopping while readings wait in the stream; they are stored at the next start", "readings", s.ledger.Balance().InLog)
			return nil
		}
	}
	return nil
}

// janitorEvery is how often old readings are removed.
const janitorEvery = 10 * time.Minute

// janitor removes what was kept long enough.
func (s *service) janitor(ctx context.Context) error {
	tick := time.NewTicker(janitorEvery)
	defer tick.Stop()
	for {
		s.tidy(ctx, time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *service) tidy(ctx context.Context, now time.Time) {
	if err := s.readings.Trim(ctx, now, storePosition); err != nil && ctx.Err() == nil {
		s.log.Warn("the stream could not be trimmed; it is tried again", "error", err)
	}
	local, ok := s.store.(*sqlite.Store)
	if !ok {
		return
	}
	for _, kind := range telemetry.Kinds() {
		keep := s.config.Store.Retention.of(kind)
		if keep == 0 {
			continue
		}
		removed, err := local.Prune(ctx, kind, now.Add(-keep))
		if err != nil && ctx.Err() == nil {
			s.log.Warn("old readings could not be removed; it is tried again", "kind", kind, "error", err)
		}
		if removed > 0 {
			s.log.Info("removed readings beyond store.retention", "kind", kind, "readings", removed)
		}
	}
}

func (s *service) openBroker(ctx context.Context) error {
	if s.config.MQTT.URL != "" {
		return nil
	}
	started, secret, err := startBroker(ctx, &s.config, s.log)
	if err != nil {
		return err
	}
	s.closing.add(func() error { started.Close(); return nil })
	s.config.MQTT.URL, s.config.MQTT.Username = started.URL(), ownAccount
	return s.makeClient(secret.password, secret.tls)
}

func (s *service) openClient(context.Context) error {
	if s.client != nil { // of the embedded broker
		return nil
	}
	tls, err := loadTLS("mqtt", s.config.MQTT.CAFile, s.config.MQTT.CertFile, s.config.MQTT.KeyFile)
	if err != nil {
		return err
	}
	password, err := passwordFrom("mqtt.password_file", s.config.MQTT.PasswordFile)
	if err != nil {
		return err
	}
	return s.makeClient(password, tls)
}

func (s *service) serveHTTP(ctx context.Context) error {
	handler := dashboards.Handler(dashboards.HandlerOptions{Gatherer: s.metrics, Logger: s.log, Ready: []dashboards.Check{
		{Name: "broker", Do: func(context.Context) error {
			if !s.client.Stats().Subscribed {
				return errors.New("not connected and subscribed")
			}
			return nil
		}},
		{Name: "stream", Do: func(context.Context) error { return s.server.Healthy() }},
		{Name: "store", Do: s.storeReady},
	}})
	return serveUntilDone(ctx, s.http, handler)
}

// pingTimeout bounds how long a store may take to answer before it counts as
// away. A machine that is gone does not refuse, it says nothing.
const pingTimeout = time.Second

// storeReady holds when the store answers, or when the stream still has room to
// wait for it.
func (s *service) storeReady(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	err := s.store.Ping(asking)
	if err == nil {
		return nil
	}
	state, stateErr := s.readings.State(ctx)
	if stateErr != nil {
		return errors.Join(err, stateErr)
	}
	if used := float64(state.Bytes) / float64(state.MaxBytes); used > spoolLimit {
		return fmt.Errorf("the store is away and the stream is %.0f %% full: %w", 100*used, err)
	}
	return nil
}

// spoolLimit is how full the stream may be with the store away before the
// service stops calling itself ready.
const spoolLimit = 0.9

// serveUntilDone serves HTTP on listener until ctx is done.
func serveUntilDone(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		stopped <- errors.Join(server.Shutdown(grace), server.Close())
	})
	err := server.Serve(listener)
	if stop() {
		return err
	}
	return <-stopped
}

// prefixed registers metrics under our name.
func (s *service) prefixed() prometheus.Registerer {
	return prometheus.WrapRegistererWithPrefix("phusong_", s.metrics)
}

func (s *service) registerMetrics() {
	s.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	ours := s.prefixed()
	ours.MustRegister(s.ledger, dashboards.NewDeviceCollector(devices(s.register.Current, s.picture), time.Now))
	ours.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "build_info", Help: "Always 1; the labels tell the build.", ConstLabels: prometheus.Labels{"version": version(), "go_version": goVersion()},
	}, func() float64 { return 1 }))
	gauge := func(name, help string, value func() float64) {
		ours.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		ours.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	gauge("mqtt_connected", "1 while the connection to the broker stands.", func() float64 {
		if s.client.Connected() {
			return 1
		}
		return 0
	})
	counter("mqtt_connects_total", "Connections to the broker that came to stand.", func() float64 { return float64(s.client.Stats().Connects) })
	counter("mqtt_redelivered_total", "Messages that the broker marked as sent before.", func() float64 { return float64(s.client.Stats().Duplicates) })
	gauge("ledger_difference_readings", "Readings received and not accounted for. Anything but 0 is a fault of phusong.", func() float64 { return float64(s.ledger.Balance().Difference()) })
	gauge("stream_bytes", "What the readings in the stream take on disk.", s.streamBytes)
	gauge("stream_max_bytes", "What they may take before the broker has to wait.", func() float64 { return float64(s.config.Stream.MaxBytes) })
}

// streamBytes asks for the size of the stream; 0 while it cannot be told.
func (s *service) streamBytes() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state, err := s.readings.State(ctx)
	if err != nil {
		return 0
	}
	return float64(state.Bytes)
}

// replay hands dead letters to the pipeline again and waits until it is done with
// them.
func (s *service) replay(ctx context.Context, letters []ingest.DeadLetter) error {
	done := make(chan struct{}, len(letters))
	for i := range letters {
		err := s.pipeline.Handle(ctx, ingest.Message{
			Topic: letters[i].Topic, Payload: letters[i].Payload, Received: time.Now(),
			Ack: func() { done <- struct{}{} },
		})
		if err != nil {
			return err
		}
	}
	for range letters {
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// audit compares the stream with the store.
func (s *service) audit(ctx context.Context) (*ingest.AuditReport, error) {
	return audit(ctx, &s.config, s.readings, s.letters, s.store)
}

func audit(ctx context.Context, c *Config, readings, letters *stream.Log, evidence ingest.Evidence) (*ingest.AuditReport, error) {
	now := time.Now()
	position, err := readings.Position(ctx, storePosition)
	if err != nil {
		return nil, err
	}
	state, err := readings.State(ctx)
	if err != nil {
		return nil, err
	}
	reader, err := readings.Reader(ctx, state.First)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	options := ingest.AuditOptions{Source: source{reader}, Last: state.Last, Position: position, Store: evidence, DeadLetters: durableLog{letters}}
	if state.Entries == 0 {
		options.Last = 0
	}
	options.Forgotten = func(r *telemetry.Reading) bool {
		keep := c.Store.Retention.of(r.Kind)
		return c.Store.Kind == "sqlite" && keep > 0 && r.Time.Before(now.Add(-keep))
	}
	return ingest.Audit(ctx, options)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// reasonOfListen takes what everybody knows out of an error of Listen.
func reasonOfListen(err error) error {
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}
