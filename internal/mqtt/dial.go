package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// scheme says how a URL scheme is spoken.
type scheme struct {
	port           string
	tls, webSocket bool
}

var schemes = map[string]scheme{
	"tcp":   {port: "1883"},
	"mqtt":  {port: "1883"},
	"ssl":   {port: "8883", tls: true},
	"tls":   {port: "8883", tls: true},
	"mqtts": {port: "8883", tls: true},
	"ws":    {port: "80", webSocket: true},
	"wss":   {port: "443", webSocket: true, tls: true},
}

// address is where a broker is and how it is spoken to. It holds no secret.
type address struct {
	scheme scheme
	url    url.URL // without user information, with a port
}

// String returns the address as it may appear in logs.
func (a address) String() string { return a.url.String() }

// parseAddress splits a broker URL into the address and the user information it may carry. Its
// errors never quote the URL: there may be a password in it.
func parseAddress(raw string) (address, *url.Userinfo, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// The cause is left out on purpose: it quotes the URL.
		return address{}, nil, errors.New("not a URL: write it like mqtt://broker.example:1883 (special characters in a password as %XX)")
	}
	s, ok := schemes[u.Scheme]
	if !ok {
		return address{}, nil, fmt.Errorf("unknown scheme %q: use mqtt, tcp, mqtts, ssl, tls, ws or wss", u.Scheme)
	}
	if u.Hostname() == "" {
		return address{}, nil, errors.New("no host: write it like mqtt://broker.example:1883")
	}
	user := u.User
	u.User = nil
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), s.port)
	}
	return address{scheme: s, url: *u}, user, nil
}

// dial opens the network connection to the broker; it ends early with ctx, except for WebSockets,
// whose handshake ends with timeout.
func (a address) dial(ctx context.Context, config *tls.Config, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	switch {
	case a.scheme.webSocket:
		return paho.NewWebsocket(a.url.String(), config, timeout, nil, nil)
	case a.scheme.tls:
		dialer := tls.Dialer{Config: config}
		return dialer.DialContext(ctx, "tcp", a.url.Host)
	default:
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", a.url.Host)
	}
}
