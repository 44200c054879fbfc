package stream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"time"
)

// Options says where the logs are kept: in Dir by a server inside this
// process, or by the NATS cluster at URLs.
type Options struct {
	// Dir holds the logs of the embedded server. It is made if it is missing
	// and belongs to one process at a time. Exactly one of Dir and URLs is set.
	Dir string

	// URLs are servers of an external cluster, like "tls://nats1:4222".
	// Credentials have their own fields and are refused here, because URLs
	// end up in logs.
	URLs []string

	// TLS carries the roots, and the client certificate if the cluster wants
	// one. Nil with a "tls" URL means the roots of the system. External only.
	TLS *tls.Config

	// CredentialsFile is a NATS .creds file (JWT and key). External only.
	CredentialsFile string

	// Username and Password are an account of the cluster. External only.
	Username string
	Password string

	// Replicas is how many servers of an external cluster keep each log:
	// 1, 3 or 5. Zero means 1. The embedded server is always alone.
	Replicas int

	// Prefix starts the name of every stream and subject, so that several
	// installations can share a cluster. Zero means "phusong".
	Prefix string

	// Logger receives what the embedded server and the connection have to
	// say. Nil discards it.
	Logger *slog.Logger
}

// WhenFull says what a log does with an entry that would exceed its MaxBytes.
type WhenFull int

const (
	// RefuseNew makes Append return ErrFull; what is in the log stays.
	RefuseNew WhenFull = iota
	// DropOldest makes room by deleting from the old end.
	DropOldest
)

// LogOptions describes one log.
type LogOptions struct {
	// Name is unique on the server: lower-case letters, digits and hyphens.
	Name string

	// MaxBytes bounds what the log takes on disk, overhead included (about
	// 60 bytes an entry). It is required. With an embedded server keep the
	// sum of all logs well below the size of the disk.
	MaxBytes int64

	// Keep is the age below which Trim keeps an entry although everybody has
	// read it. Zero keeps nothing that was read.
	Keep time.Duration

	// WhenFull is RefuseNew unless it says otherwise.
	WhenFull WhenFull
}

const defaultPrefix = "phusong"

// Names become parts of NATS subjects and of file names.
var nameShape = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

func (o Options) validate() error {
	switch {
	case o.Dir == "" && len(o.URLs) == 0:
		return errors.New("stream options: set Dir (embedded) or URLs (external cluster)")
	case o.Dir != "" && len(o.URLs) > 0:
		return errors.New("stream options: Dir and URLs exclude each other: unset one")
	case o.Prefix != "" && !nameShape.MatchString(o.Prefix):
		return fmt.Errorf("stream options: Prefix %q: use lower-case letters, digits and hyphens", o.Prefix)
	case o.Replicas != 0 && o.Replicas != 1 && o.Replicas != 3 && o.Replicas != 5:
		return fmt.Errorf("stream options: Replicas is %d: use 1, 3 or 5", o.Replicas)
	}
	if o.Dir != "" {
		return o.validateEmbedded()
	}
	return o.validateExternal()
}

func (o Options) validateEmbedded() error {
	var field string
	switch {
	case o.TLS != nil:
		field = "TLS"
	case o.CredentialsFile != "":
		field = "CredentialsFile"
	case o.Username != "" || o.Password != "":
		field = "Username/Password"
	case o.Replicas > 1:
		field = "Replicas"
	default:
		return nil
	}
	return fmt.Errorf("stream options: %s is for an external cluster: set URLs instead of Dir, or unset it", field)
}

func (o Options) validateExternal() error {
	for i, raw := range o.URLs {
		u, err := url.Parse(raw)
		// The text of a bad URL may hold a password, so only its place is told.
		if err != nil || u.Host == "" {
			return fmt.Errorf("stream options: URLs[%d] is not a URL: write it like tls://host:4222", i)
		}
		switch u.Scheme {
		case "nats", "tls", "ws", "wss":
		default:
			return fmt.Errorf("stream options: URLs[%d] has scheme %q: use nats, tls, ws or wss", i, u.Scheme)
		}
		if u.User != nil {
			return fmt.Errorf("stream options: URLs[%d] holds credentials: move them to Username and Password", i)
		}
	}
	switch {
	case o.Username == "" && o.Password != "":
		return errors.New("stream options: Password without Username: set both")
	case o.Username != "" && o.CredentialsFile != "":
		return errors.New("stream options: CredentialsFile and Username exclude each other: unset one")
	case o.CredentialsFile != "":
		if _, err := os.Stat(o.CredentialsFile); err != nil {
			return fmt.Errorf("stream options: CredentialsFile: %w", err)
		}
	}
	return nil
}

func (o LogOptions) validate() error {
	switch {
	case !nameShape.MatchString(o.Name):
		return fmt.Errorf("log options: Name %q: use lower-case letters, digits and hyphens", o.Name)
	case o.MaxBytes <= 0:
		return fmt.Errorf("log options: MaxBytes of %s is %d: set how much disk it may take", o.Name, o.MaxBytes)
	case o.Keep < 0:
		return fmt.Errorf("log options: Keep of %s is %s: set zero or more", o.Name, o.Keep)
	case o.WhenFull != RefuseNew && o.WhenFull != DropOldest:
		return fmt.Errorf("log options: WhenFull of %s is %d: use RefuseNew or DropOldest", o.Name, o.WhenFull)
	}
	return nil
}
