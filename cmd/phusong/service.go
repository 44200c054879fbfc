package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/alerts/alertmanager"
	"phusong/ingest"
	"phusong/internal/mqtt"
	"phusong/internal/registry"
	"phusong/internal/stream"
	"phusong/telemetry"
)

// service is the assembled process:
//
//	devices ─MQTT─► broker ─► client ─► pipeline ─► stream ─► writer ─► store
//	                                                   └────► watcher ─► rooms ─► /metrics
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
	watcher  *watcher
	coverage *coverageRoom
	pipeline *ingest.Pipeline
	client   *mqtt.Client
	http     net.Listener
	https    net.Listener // nil for none

	judgement    *alertRoom
	ruleFiles    *ruleFiles
	history      *alertHistory
	desk         *alertDesk
	delivery     *alertDelivery
	topics       *alertmanager.Topics   // nil for none
	alertmanager *alertmanager.Embedded // nil when others are used
	notifiers    []part

	web *web // nil when the API is off
}

// newService opens all that the configuration names. On error nothing is left
// open. The registry's faults are an error here, at the start, and a warning later.
func newService(ctx context.Context, c Config, log *slog.Logger) (_ *service, err error) {
	s := &service{config: c, log: log, metrics: prometheus.NewRegistry(), ledger: ingest.NewLedger()}
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
		s.openHTTP, s.openHTTPS, s.openRegistry, s.openStore, s.openStream, s.openPipeline, s.openBroker, s.openClient, s.openControl, s.openAPI,
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

// tickEvery is how often a silent stream gets an entry without readings: the clock of
// all that judges silence.
const tickEvery = time.Second

// openPipeline adds the parts in the order in which they must stop: the client hands
// over, the pipeline appends, the rest waits to be moved.
func (s *service) openPipeline(ctx context.Context) error {
	ticker := ingest.NewTicker(durableLog{s.readings}, tickEvery)
	pipeline, err := ingest.NewPipeline(ingest.Options{
		Log: ticker, DeadLetters: durableLog{s.letters}, Ledger: s.ledger,
		Clock:     ingest.Clock{MaxAhead: s.config.Ingest.MaxAhead, MaxAge: s.config.Ingest.MaxAge, LateAfter: s.config.Ingest.LateAfter},
		BatchSize: s.config.Ingest.BatchSize, FlushEvery: s.config.Ingest.FlushEvery,
		Logger: s.log, Registry: s.prefixed(),
	})
	if err != nil {
		return err
	}
	s.pipeline = pipeline
	writer, position, err := s.openWriter(ctx)
	if err != nil {
		return err
	}
	if err := s.openCoverage(ctx); err != nil {
		return err
	}
	if err := s.openAlerts(ctx); err != nil {
		return err
	}
	if err := s.openWatcher(ctx, position); err != nil {
		return err
	}
	s.parts.add("coverage", s.coverage.Run)
	s.parts.add("ticker", ticker.Run)
	s.parts.add("pipeline", pipeline.Run)
	s.parts.add("mqtt client", func(ctx context.Context) error { return s.client.Run(ctx) })
	s.parts.add("drain", s.drain)
	s.parts.add("store writer", writer.Run)
	s.parts.add("watcher", s.watcher.Run)
	s.addAlertParts()
	s.parts.add("janitor", s.janitor)
	s.parts.add("registry", s.register.Run)
	s.parts.add("http", s.serveHTTP)
	return nil
}

// warmEntries is how many entries before the store's position the tracker looks
// at: what a broker sends again after a crash was in the last few.
const warmEntries = 256

// openWriter opens the store's reader of the stream where it left off, and returns
// that position too.
func (s *service) openWriter(ctx context.Context) (_ *ingest.Writer, position uint64, err error) {
	position, err = s.readings.Position(ctx, storePosition)
	if err != nil {
		return nil, 0, fmt.Errorf("finding where the store is: %w", err)
	}
	waiting, err := s.readings.Count(ctx, position+1)
	if err != nil {
		return nil, 0, fmt.Errorf("counting what waits in the stream: %w", err)
	}
	s.ledger.CarryOver(waiting)
	if waiting > 0 {
		s.log.Info("readings wait in the stream for the store", "readings", waiting)
	}
	tracker := ingest.NewTracker()
	state, err := s.readings.State(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("looking at the stream: %w", err)
	}
	// After a quiet day everything before the position may be trimmed; then nothing
	// can come twice either.
	if state.Entries > 0 && state.First <= position {
		tail, err := s.readings.Reader(ctx, max(position, warmEntries)-warmEntries+1)
		if err != nil {
			return nil, 0, fmt.Errorf("reading the end of the stream: %w", err)
		}
		err = ingest.Warm(ctx, tracker, source{tail}, position)
		tail.Close() // it asks for more entries while it is open
		if err != nil {
			return nil, 0, err
		}
	}
	toStore, err := s.reader(ctx, position+1)
	if err != nil {
		return nil, 0, err
	}
	writer, err := ingest.NewWriter(ingest.WriterOptions{
		Source: toStore, Store: s.store, DeadLetters: durableLog{s.letters}, Ledger: s.ledger, Tracker: tracker,
		Save: func(ctx context.Context, seq uint64) error {
			return s.readings.SavePosition(ctx, storePosition, seq)
		},
		BatchSize: s.config.Ingest.StoreBatchSize, FlushEvery: s.config.Ingest.StoreFlushEvery, Parallel: s.config.Ingest.StoreParallel,
		Logger: s.log, Registry: s.prefixed(),
	})
	return writer, position, err
}

// openCoverage makes the room of the coverage map, with nothing in it.
func (s *service) openCoverage(ctx context.Context) error {
	cases, err := s.server.Bucket(ctx, caseBucket)
	if err != nil {
		return err
	}
	evidence, err := s.server.Bucket(ctx, proofBucket)
	if err != nil {
		return err
	}
	s.coverage, err = newCoverageRoom(coverageOptions{
		Config: &s.config.Coverage, Registry: s.register.Current, Store: s.store, Settled: s.settled,
		Cases: cases, Evidence: evidence, Logger: s.log,
	})
	return err
}

// openWatcher restores or rebuilds the rooms; stored is the store's position.
func (s *service) openWatcher(ctx context.Context, stored uint64) (err error) {
	s.watcher, err = newWatcher(ctx, watcherOptions{
		Tenants: s.rooms(), Image: dataFolder(s.config.Data).watch(), Every: snapshotEvery, Logger: s.log,
		Log: s.readings, Stored: stored,
		Open: func(ctx context.Context, from uint64) (ingest.Source, error) { return s.reader(ctx, from) },
	})
	return err
}

func (s *service) reader(ctx context.Context, from uint64) (source, error) {
	reader, err := s.readings.Reader(ctx, from)
	if err != nil {
		return source{}, fmt.Errorf("reading the stream from %d: %w", from, err)
	}
	s.closing.add(func() error { reader.Close(); return nil })
	return source{reader}, nil
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
