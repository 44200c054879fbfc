package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nuid"
)

const (
	// maxPayload of the embedded server. A backlog upload of days fits.
	maxPayload = 16 << 20

	// minFree is the room on disk without which the embedded server is not
	// started: recovering a stream may write, and nats-server 2.15 deletes a
	// stream whose recovery fails (see guard). One largest entry more than
	// that also keeps a nearly full disk from breaking us again at once.
	minFree = maxPayload + 1<<20
)

var errNotRunning = errors.New("embedded stream server is not running")

// embedded is a nats-server inside this process that listens nowhere. It can
// be stopped and started again; connections made through InProcessConn then
// come back by themselves.
type embedded struct {
	dir  string
	log  *slog.Logger
	lock *os.File

	// faults gets a token when the server complained about something: a
	// reason to look at fault. One token is enough.
	faults chan struct{}

	mu  sync.Mutex
	srv *server.Server // guarded by mu; nil while stopped
}

// openEmbedded locks dir and starts a server on it.
func openEmbedded(ctx context.Context, dir string, log *slog.Logger) (*embedded, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the stream directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	e := &embedded{dir: dir, log: log, lock: lock, faults: make(chan struct{}, 1)}
	if err := e.start(ctx); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return e, nil
}

// start recovers what dir holds and returns when the server is ready.
func (e *embedded) start(ctx context.Context) error {
	if err := checkSpace(e.dir); err != nil {
		return err
	}
	g, err := newGuard(e.dir, e.log)
	if err != nil {
		return err
	}
	srv, err := e.launch(ctx)
	if err != nil {
		return errors.Join(err, g.restore(g.missing()))
	}
	if lost := g.unrecovered(srv); len(lost) > 0 {
		srv.Shutdown()
		srv.WaitForShutdown()
		return errors.Join(
			fmt.Errorf("starting the stream server: could not recover %v in %s: see the log, and mend the files or the disk", lost, e.dir),
			g.restore(lost))
	}
	if err := g.release(); err != nil {
		e.log.Warn("removing the guard of the stream directory failed", "error", err)
	}
	e.mu.Lock()
	e.srv = srv
	e.mu.Unlock()
	return nil
}

func (e *embedded) launch(ctx context.Context) (*server.Server, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName:             "phusong-" + nuid.Next(),
		DontListen:             true,
		NoSigs:                 true,
		NoLog:                  true, // ours is set below
		JetStream:              true,
		DisableJetStreamBanner: true,
		StoreDir:               e.dir,
		SyncAlways:             true,
		MaxPayload:             maxPayload,
		// Each log has its own MaxBytes. A limit over all, by default a part
		// of what is free just now, would refuse logs at a later start.
		JetStreamMaxStore:  math.MaxInt64 / 2,
		JetStreamMaxMemory: 64 << 20, // only the consumers of readers live there
	})
	if err != nil {
		return nil, fmt.Errorf("configuring the stream server: %w", err)
	}
	voice := &serverLog{log: e.log, suspect: e.suspect}
	srv.SetLoggerV2(voice, false, false, false)

	// Start blocks while it recovers the streams.
	started := make(chan struct{})
	go func() {
		srv.Start()
		close(started)
	}()
	select {
	case <-started:
	case <-ctx.Done():
		srv.Shutdown()
		<-started
		err = context.Cause(ctx)
	}
	if err == nil {
		err = voice.fatal()
	}
	if err == nil && !srv.JetStreamEnabled() {
		err = errors.New("JetStream did not start")
	}
	if err != nil {
		srv.Shutdown()
		srv.WaitForShutdown()
		return nil, fmt.Errorf("starting the stream server: %w", err)
	}
	return srv, nil
}

// halt stops the server but keeps the directory.
func (e *embedded) halt() {
	e.mu.Lock()
	srv := e.srv
	e.srv = nil
	e.mu.Unlock()
	if srv != nil {
		srv.Shutdown()
		srv.WaitForShutdown()
	}
}

// close stops the server and gives the directory up.
func (e *embedded) close() {
	e.halt()
	_ = e.lock.Close()
}

// suspect asks the supervisor to look at fault.
func (e *embedded) suspect() {
	select {
	case e.faults <- struct{}{}:
	default:
	}
}

// fault returns why the running server cannot store, or nil. The server does
// not tell the publisher: after a failed write it remembers the error, answers
// nothing any more, and stays like that until it is started again.
func (e *embedded) fault() error {
	e.mu.Lock()
	srv := e.srv
	e.mu.Unlock()
	if srv == nil {
		return errNotRunning
	}
	if !srv.JetStreamEnabled() {
		return errors.New("JetStream was disabled")
	}
	health := srv.Healthz(&server.HealthzOptions{})
	if health.Error != "" {
		return errors.New(health.Error)
	}
	return nil
}

// InProcessConn connects to the server that is running now.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	srv := e.srv
	e.mu.Unlock()
	if srv == nil {
		return nil, errNotRunning
	}
	return srv.InProcessConn()
}

// syncDirs makes the files of a new stream durable by their names: nats-server
// fsyncs what is in them, but not every directory above.
func (e *embedded) syncDirs(stream string) error {
	streams := streamsDir(e.dir)
	account := filepath.Dir(streams)
	for _, dir := range []string{streams, account, filepath.Dir(account), e.dir, filepath.Dir(e.dir)} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return filepath.WalkDir(filepath.Join(streams, stream), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = syncDir(path)
		}
		if errors.Is(err, os.ErrNotExist) && path != filepath.Join(streams, stream) {
			return nil // temporary files come and go
		}
		return err
	})
}

// streamsDir is where nats-server keeps one directory for each stream.
func streamsDir(dir string) string {
	return filepath.Join(dir, server.JetStreamStoreDir, "$G", "streams")
}

// serverLog passes what nats-server says on to slog, and errors to suspect.
type serverLog struct {
	log     *slog.Logger
	suspect func()

	mu  sync.Mutex
	err error // the first fatal error; guarded by mu
}

func (l *serverLog) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v...) }
func (l *serverLog) Debugf(format string, v ...any)  { l.say(slog.LevelDebug, format, v...) }
func (l *serverLog) Tracef(format string, v ...any)  { l.say(slog.LevelDebug, format, v...) }

func (l *serverLog) Warnf(format string, v ...any) {
	level := slog.LevelWarn
	if strings.HasPrefix(format, "Maximum payloads over") {
		level = slog.LevelDebug // it means our own maxPayload, which is meant
	}
	l.say(level, format, v...)
}

func (l *serverLog) Errorf(format string, v ...any) {
	l.say(slog.LevelError, format, v...)
	l.suspect()
}

// Fatalf is called when the server cannot start. Ending the process, as
// nats-server on its own does, is not for a library.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = fmt.Errorf(format, v...)
	}
}

func (l *serverLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *serverLog) say(level slog.Level, format string, v ...any) {
	// The context of a log record carries nothing here.
	l.log.Log(context.Background(), level, "nats server", "text", fmt.Sprintf(format, v...))
}
