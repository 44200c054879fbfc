package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"phusong/ingest"
	"phusong/internal/influx"
	"phusong/internal/registry"
	"phusong/internal/sqlite"
	"phusong/internal/stream"
	"phusong/telemetry"
)

// store is what the process as a whole asks of a store.
type store interface {
	ingest.Store
	ingest.Evidence
	Latest(ctx context.Context, kind telemetry.Kind) iter.Seq2[telemetry.Reading, error]
	Readings(ctx context.Context, q telemetry.Query) iter.Seq2[telemetry.Reading, error]
	Ping(ctx context.Context) error
	Close() error
}

var (
	_ store = (*sqlite.Store)(nil)
	_ store = (*influx.Store)(nil)
)

// openStore opens the store that the configuration names.
func openStore(ctx context.Context, c *Config, log *slog.Logger) (store, error) {
	if c.Store.Kind == "influx" {
		return influx.Open(influx.Options{
			URL: c.Store.Influx.URL, Org: c.Store.Influx.Org, Bucket: c.Store.Influx.Bucket, TokenFile: c.Store.Influx.TokenFile, Logger: log,
		})
	}
	return sqlite.Open(ctx, sqlite.Options{Path: dataFolder(c.Data).store(), Logger: log})
}

// paths returns where the registry finds its files.
func (c RegistryConfig) paths() registry.Paths {
	return registry.Paths{Areas: c.Areas, Sites: c.Sites, Devices: c.Devices, Roads: c.Roads}
}

// The names under which things are kept in the stream.
const (
	readingsLog   = "readings"
	lettersLog    = "dead-letters"
	storePosition = "store"
	caseBucket    = "coverage-cases"
	proofBucket   = "coverage-evidence"
)

// openStream opens the server of the stream and its two logs.
func openStream(ctx context.Context, c *Config, log *slog.Logger) (server *stream.Server, readings, letters *stream.Log, err error) {
	options, err := streamOptions(c, log)
	if err != nil {
		return nil, nil, nil, err
	}
	server, err = stream.Open(ctx, options)
	if err != nil {
		return nil, nil, nil, err
	}
	readings, err = server.Log(ctx, stream.LogOptions{Name: readingsLog, MaxBytes: int64(c.Stream.MaxBytes), Keep: c.Stream.Keep})
	if err == nil {
		letters, err = server.Log(ctx, stream.LogOptions{Name: lettersLog, MaxBytes: int64(c.Stream.DeadLettersMaxBytes), WhenFull: stream.DropOldest})
	}
	if err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("opening the stream: %w", err), closeStream(ctx, server))
	}
	return server, readings, letters, nil
}

// streamOptions say where the stream is.
func streamOptions(c *Config, log *slog.Logger) (options stream.Options, err error) {
	options.Logger = log
	if len(c.Stream.URLs) == 0 {
		options.Dir = dataFolder(c.Data).stream()
		return options, nil
	}
	options.URLs, options.CredentialsFile, options.Replicas = c.Stream.URLs, c.Stream.CredentialsFile, c.Stream.Replicas
	options.TLS, err = loadTLS("stream", c.Stream.CAFile, c.Stream.CertFile, c.Stream.KeyFile)
	return options, err
}

// streamCloseTimeout bounds how long a stopping stream waits for appends.
const streamCloseTimeout = 5 * time.Second

func closeStream(ctx context.Context, server *stream.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), streamCloseTimeout)
	defer cancel()
	return server.Close(ctx)
}

// durableLog and source let ingest use a log and a reader of the stream. The
// packages do not know each other, so their entries are two types of one shape.
type durableLog struct{ *stream.Log }

func (l durableLog) Entries(ctx context.Context) iter.Seq2[ingest.Entry, error] {
	return func(yield func(ingest.Entry, error) bool) {
		for e, err := range l.Log.Entries(ctx, 1) {
			if !yield(ingest.Entry(e), err) {
				return
			}
		}
	}
}

type source struct{ *stream.Reader }

func (s source) Next(ctx context.Context) (ingest.Entry, error) {
	e, err := s.Reader.Next(ctx)
	return ingest.Entry(e), err
}

func (s source) TryNext() (ingest.Entry, bool) {
	e, ok := s.Reader.TryNext()
	return ingest.Entry(e), ok
}
