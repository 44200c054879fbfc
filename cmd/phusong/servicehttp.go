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

	"golang.org/x/sync/errgroup"

	"phusong/alerts/alertmanager"
	"phusong/dashboards"
)

func (s *service) openHTTP(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen or the key listen", s.config.Listen, reasonOfListen(err))
	}
	s.http = listener
	s.closing.add(func() error { return ignoreClosed(listener.Close()) })
	return nil
}

func (s *service) serveHTTP(ctx context.Context) error {
	mux := http.NewServeMux()
	machines := dashboards.Handler(dashboards.HandlerOptions{Gatherer: s.metrics, Sources: s.stateMetrics(), Prefix: ourPrefix, Logger: s.log, Ready: []dashboards.Check{
		{Name: "broker", Do: func(context.Context) error {
			if !s.client.Stats().Subscribed {
				return errors.New("not connected and subscribed")
			}
			return nil
		}},
		{Name: "stream", Do: func(context.Context) error { return s.server.Healthy() }},
		{Name: "store", Do: s.storeReady},
	}})
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		mux.Handle(path, machines)
	}
	if err := s.mountConsole(mux); err != nil {
		return err
	}
	if s.alertmanager != nil {
		mux.Handle(alertmanager.Prefix+"/", s.alertmanagerHandler())
	}
	s.mountAPI(ctx, mux)
	if s.https == nil {
		return serveUntilDone(ctx, s.http, mux, s.log)
	}
	// Either ends the other.
	both, ctx := errgroup.WithContext(ctx)
	for _, listener := range []net.Listener{s.http, s.https} {
		both.Go(func() error { return serveUntilDone(ctx, listener, mux, s.log) })
	}
	return both.Wait()
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

// serveUntilDone serves HTTP on listener until ctx is done. What the library complains of,
// such as strangers who speak no TLS, is nothing an administrator has to mend.
func serveUntilDone(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
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
