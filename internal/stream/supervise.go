package stream

import (
	"context"
	"time"
)

const (
	mendEvery    = 100 * time.Millisecond // first wait between looks at a broken disk
	mendEveryMax = 2 * time.Second
	steadyAfter  = 10 * time.Second // a disk that breaks sooner again is looked at less often
)

// supervise waits for the embedded server to break, which nats-server itself
// never recovers from, and starts it again as soon as the disk can take it.
// Until then the broken server goes on serving readers; writes fail at once.
func (s *Server) supervise(ctx context.Context) {
	pause, mended := mendEvery, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.emb.faults:
		}
		err := s.emb.fault()
		if err == nil {
			continue
		}
		s.health.breaks(err)
		s.log.Error("stream storage failed, waiting for the disk", "error", err)
		if time.Since(mended) > steadyAfter {
			pause = mendEvery
		}
		for err != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, mendEveryMax)
			if err = s.restart(ctx); err != nil {
				s.log.Debug("stream storage is still not usable", "error", err)
				s.health.breaks(err)
			}
		}
		mended = time.Now()
		s.health.mended()
		s.log.Info("stream storage works again")
	}
}

// restart replaces the embedded server, if the disk lets it.
func (s *Server) restart(ctx context.Context) error {
	if err := checkSpace(s.emb.dir); err != nil {
		return err
	}
	back := s.link.next()
	s.emb.halt()
	if err := s.emb.start(ctx); err != nil {
		return err
	}
	select {
	case <-back:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	// Complaints of the server we just stopped are answered by now.
	select {
	case <-s.emb.faults:
	default:
	}
	return s.emb.fault()
}
