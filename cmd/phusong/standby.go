package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/dashboards"
	"phusong/internal/stream"
)

// activeMetric tells which of several services works.
func activeMetric(value float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "phusong_active", Help: "1 for the service that works, 0 for one that stands by to take over.",
	}, func() float64 { return value })
}

// takeTurn waits until this process is the one that works, and returns what to call
// when it no longer does. A service with a stream of its own always is. A service that
// loses its turn ends at once, as if it were killed: what it had taken and not
// made durable, the broker sends to the next.
func takeTurn(ctx context.Context, c *Config, log *slog.Logger) (done func(), err error) {
	if len(c.Stream.URLs) == 0 {
		return func() {}, nil
	}
	options, err := streamOptions(c, log)
	if err != nil {
		return nil, err
	}
	server, err := stream.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	bucket, err := server.Bucket(ctx, leaseBucket)
	if err != nil {
		return nil, errors.Join(err, closeStream(ctx, server))
	}
	l := newLease(bucket, log)
	if err := standBy(ctx, c, log, l); err != nil {
		return nil, errors.Join(err, closeStream(ctx, server))
	}
	holding, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := l.hold(holding); err != nil {
			log.Error("stopping at once", "error", err)
			os.Exit(1) //nolint:forbidigo // an orderly stop would go on working without the lease
		}
	}()
	return func() {
		stop()
		<-ended
		if err := closeStream(ctx, server); err != nil {
			log.Warn("closing the connection of the lease", "error", err)
		}
	}, nil
}

// standBy answers HTTP while another works, and returns nil when it is our turn.
func standBy(ctx context.Context, c *Config, log *slog.Logger, l *lease) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", c.Listen, reasonOfListen(err))
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(activeMetric(0))
	handler := dashboards.Handler(dashboards.HandlerOptions{Gatherer: metrics, Prefix: ourPrefix, Logger: log, Ready: []dashboards.Check{
		{Name: "turn", Do: func(context.Context) error { return errors.New("standing by: another phusong works") }},
	}})
	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- serveUntilDone(serving, listener, handler, log) }()
	err = l.acquire(ctx)
	stop()
	return errors.Join(err, ignoreClosed(<-served))
}
