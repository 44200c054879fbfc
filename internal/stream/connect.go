package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// connect makes the one connection of this server. It mends itself for ever;
// an embedded server that is restarted is found again through it too.
func (s *Server) connect(ctx context.Context, o Options) error {
	opts := []nats.Option{
		nats.Name(s.prefix),
		nats.MaxReconnects(-1),
		// A publish must fail while we are disconnected. The client would
		// rather keep it and send it later, when the caller has given up.
		nats.ReconnectBufSize(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.Timeout(connectPatience(ctx)),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			// An embedded server is lost only when we restart it.
			if err != nil && s.emb == nil {
				s.log.Warn("stream connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			s.link.tell()
			if s.emb == nil {
				s.health.mended()
				s.log.Info("stream connection is back")
			}
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(s.silent) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			s.log.Warn("stream connection error", "error", err)
		}),
	}
	url, publishTimeout := "", publishTimeoutEmbedded
	if s.emb != nil {
		opts = append(opts, nats.InProcessServer(s.emb), nats.ReconnectWait(10*time.Millisecond))
	} else {
		url, publishTimeout = strings.Join(o.URLs, ","), publishTimeoutExternal
		opts = append(opts, externalOptions(o)...)
	}
	conn, err := nats.Connect(url, opts...)
	if err != nil {
		return fmt.Errorf("connecting to the stream server: %w", err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncTimeout(publishTimeout))
	if err == nil {
		// A server without JetStream, or an account without the right to it, is
		// better found now than at the first reading.
		_, err = ask(ctx, js.AccountInfo)
	}
	if err != nil {
		conn.Close()
		<-s.silent
		return fmt.Errorf("asking the stream server for JetStream: %w", err)
	}
	s.conn, s.js = conn, js
	return nil
}

// ask puts a question to the server, again if it is not answered. The question
// must be one that may be asked twice.
func ask[T any](ctx context.Context, question func(context.Context) (T, error)) (answer T, err error) {
	for range requestTries {
		try, cancel := context.WithTimeout(ctx, requestTimeout)
		answer, err = question(try)
		cancel()
		if ctx.Err() != nil {
			return answer, context.Cause(ctx)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			return answer, err
		}
	}
	return answer, fmt.Errorf("%w: server does not answer: %w", ErrUnavailable, err)
}

func externalOptions(o Options) []nats.Option {
	opts := []nats.Option{
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, 250*time.Millisecond),
		// A cluster that vanished without a word is noticed within half a minute.
		nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2),
	}
	if o.TLS != nil {
		opts = append(opts, nats.Secure(o.TLS.Clone()))
	}
	if o.CredentialsFile != "" {
		opts = append(opts, nats.UserCredentials(o.CredentialsFile))
	}
	if o.Username != "" {
		opts = append(opts, nats.UserInfo(o.Username, o.Password))
	}
	return opts
}

// connectPatience is how long one connection attempt may take.
func connectPatience(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(min(time.Until(deadline), connectTimeout), time.Millisecond)
	}
	return connectTimeout
}

// notFound reports whether err says that a stream or a message does not exist.
func notFound(err error) bool {
	return errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrMsgNotFound)
}
