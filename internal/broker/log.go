package broker

import (
	"fmt"
	"log/slog"
	"sync"
)

// logger passes on what nats-server says. The server's small talk is debug to us; it never prints payloads or
// passwords without its trace mode, which is off.
type logger struct {
	out *slog.Logger

	mu    sync.Mutex
	first string // the first fatal message: the server would end the process for it
}

func (l *logger) Noticef(format string, args ...any) {
	l.out.Debug("broker", "says", fmt.Sprintf(format, args...))
}
func (l *logger) Debugf(format string, args ...any) {
	l.out.Debug("broker", "says", fmt.Sprintf(format, args...))
}
func (l *logger) Tracef(string, ...any) {}
func (l *logger) Warnf(format string, args ...any) {
	l.out.Warn("broker", "says", fmt.Sprintf(format, args...))
}
func (l *logger) Errorf(format string, args ...any) {
	l.out.Error("broker", "says", fmt.Sprintf(format, args...))
}

// Fatalf keeps the reason for Start to return. Nothing ends the process here.
func (l *logger) Fatalf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == "" {
		l.first = fmt.Sprintf(format, args...)
	}
}

func (l *logger) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}
