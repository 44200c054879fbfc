package access

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Options say how a Gate is set up.
type Options struct {
	// Book holds the accounts. nil lets everybody in as an administrator, for a
	// demonstration on a loopback address: requests by another name are refused.
	Book *Book
	// Audit is told of every change. Required.
	Audit *Audit
	// Secure says that people reach us by TLS only, and so do their cookies.
	Secure bool
	// Proxies are those whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// Idle ends a session that nobody uses, Longest any; defaults 2 and 12 hours.
	Idle, Longest time.Duration
	// Now is the clock.
	Now    func() time.Time
	Logger *slog.Logger
}

// A Gate stands before the API.
type Gate struct {
	o        Options
	sessions *sessions
	byName   *limiter
	byNet    *limiter
	hashing  chan struct{} // a password costs 19 MiB and a core
	origins  *http.CrossOriginProtection
	nobody   argonHash // what the password of an unknown account is compared with
}

// NewGate returns a gate.
func NewGate(o Options) (*Gate, error) {
	if o.Audit == nil || o.Now == nil || o.Logger == nil {
		return nil, errors.New("access: Audit, Now and Logger are required")
	}
	nobody, err := HashPassword(secret())
	if err != nil {
		return nil, err
	}
	g := &Gate{
		o: o, sessions: newSessions(cmp.Or(o.Idle, 2*time.Hour), cmp.Or(o.Longest, 12*time.Hour)),
		byName: newLimiter(5, 10*time.Second), byNet: newLimiter(30, 2*time.Second),
		hashing: make(chan struct{}, 2), origins: http.NewCrossOriginProtection(),
	}
	g.nobody, err = parseHash(nobody)
	return g, err
}

// Open reports whether everybody is let in.
func (g *Gate) Open() bool { return g.o.Book == nil }

const (
	cookieName       = "phusong"
	secureCookieName = "__Host-phusong"
	// CSRFHeader carries the token of the session on every change.
	CSRFHeader = "X-CSRF-Token"
)

func (g *Gate) cookieName() string {
	if g.o.Secure {
		return secureCookieName
	}
	return cookieName
}

// Authenticate implements [Authenticator] by token and by session.
func (g *Gate) Authenticate(r *http.Request) (Identity, error) {
	i, _, err := g.authenticate(r)
	return i, err
}

func (g *Gate) authenticate(r *http.Request) (Identity, *session, error) {
	if g.Open() {
		return Identity{Name: "demo", Role: Admin}, nil, nil
	}
	if text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		if a := g.o.Book.token(text); a != nil {
			return a.identity(), nil, nil
		}
		return Identity{}, nil, fmt.Errorf("the token is not known: %w", ErrNobody)
	}
	c, err := r.Cookie(g.cookieName())
	if err != nil {
		return Identity{}, nil, ErrNobody
	}
	s, ok := g.sessions.find(c.Value, g.o.Now())
	if !ok {
		return Identity{}, nil, fmt.Errorf("the session is over: %w", ErrNobody)
	}
	// The account as it is now: who was removed, or got another password, is out.
	a := g.o.Book.account(s.account)
	if a == nil || a.Hash != s.hash {
		g.sessions.end(c.Value)
		return Identity{}, nil, fmt.Errorf("the session is over: %w", ErrNobody)
	}
	return a.identity(), &s, nil
}

// Protect lets requests to next whose sender is known, says who it is by [From], wants the
// token of the session with every change, and records every change.
func (g *Gate) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Headers(w)
		if !g.admit(w, r) {
			return
		}
		i, s, err := g.authenticate(r)
		if err != nil {
			problem(w, http.StatusUnauthorized, CodeLogIn, err.Error())
			return
		}
		asked := r
		ctx := context.WithValue(r.Context(), validKey{}, func() bool {
			now, err := g.Authenticate(asked)
			return err == nil && now.Name == i.Name && now.Role == i.Role && slices.Equal(now.Areas, i.Areas)
		})
		r = r.WithContext(With(ctx, i))
		if safe(r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		if s != nil && subtle.ConstantTimeCompare([]byte(r.Header.Get(CSRFHeader)), []byte(s.csrf)) != 1 {
			problem(w, http.StatusForbidden, CodeSession, "a change needs the header "+CSRFHeader+" with the token of this session: GET /api/v1/session")
			return
		}
		g.recorded(w, r, i, next)
	})
}

// admit refuses what a browser sends on behalf of another page.
func (g *Gate) admit(w http.ResponseWriter, r *http.Request) bool {
	if g.Open() && !loopbackHost(r.Host) {
		// A foreign name that points here would let a foreign page read us.
		problem(w, http.StatusMisdirectedRequest, CodeLoopback, "the demonstration answers on a loopback address only")
		return false
	}
	if err := g.origins.Check(r); err != nil {
		problem(w, http.StatusForbidden, CodeForeign, "another site may not change anything here")
		return false
	}
	return true
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback()
}

// auditedBody is how much of what was asked for is recorded.
const auditedBody = 2 << 10

// recorded lets a change through and records it; what cannot be recorded is not done.
func (g *Gate) recorded(w http.ResponseWriter, r *http.Request, i Identity, next http.Handler) {
	if err := g.o.Audit.Ready(); err != nil {
		g.o.Logger.Error("a change was refused because it could not be recorded", "error", err)
		problem(w, http.StatusServiceUnavailable, CodeUnrecorded, "changes cannot be recorded at present, so none are taken")
		return
	}
	body := &firstBytes{ReadCloser: r.Body}
	r.Body = body
	status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	defer func() {
		g.record(Event{
			Who: i.Name, Role: i.Role, From: g.Address(r).String(), Action: r.Method + " " + r.URL.Path, What: string(body.first), Status: status.status,
		})
	}()
	next.ServeHTTP(status, r)
}

func (g *Gate) record(e Event) {
	e.At = g.o.Now().UTC()
	e.What = strings.ToValidUTF8(e.What, "\uFFFD")
	if err := g.o.Audit.Record(e); err != nil {
		g.o.Logger.Error("a change was not recorded", "who", e.Who, "action", e.Action, "error", err)
	}
}

type firstBytes struct {
	io.ReadCloser
	first []byte
}

func (b *firstBytes) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.first = append(b.first, p[:min(n, auditedBody-len(b.first))]...)
	return n, err
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets [http.ResponseController] through.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Address returns who asks, behind the proxies that are believed.
func (g *Gate) Address(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !slices.ContainsFunc(g.o.Proxies, func(p netip.Prefix) bool { return p.Contains(at) }) {
			break
		}
		before, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		at = before.Unmap()
	}
	return at
}

// Headers sets what protects a browser: nothing of ours may be framed, sniffed or run inline.
func Headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-cache")
}

// wait holds a turn for the cost of a password.
func (g *Gate) turn(ctx context.Context) (done func(), err error) {
	select {
	case g.hashing <- struct{}{}:
		return func() { <-g.hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
