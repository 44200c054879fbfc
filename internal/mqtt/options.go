package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"
)

// Options configure a Client. Only URL and ClientID are needed.
type Options struct {
	// URL is the broker: mqtt://host:1883, mqtts://host:8883 (also tcp, ssl, tls, ws, wss). User and
	// password may stand in it; they appear in no log and no error.
	URL string
	// ClientID names the session at the broker. Two clients with one name push each other out.
	ClientID string
	// Username, when not empty, is sent with Password.
	Username string
	// Password is asked before each attempt to connect, so that a changed secret file is picked up.
	// Nil means no password.
	Password func() (string, error)
	// TLS configures encrypted connections; see TLSFiles. Nil means the system's authorities and no
	// certificate of our own. The client uses a copy.
	TLS *tls.Config

	// CleanSession asks the broker to forget us whenever the connection ends: what arrives
	// meanwhile is lost. Right for publishers, wrong for whoever must not lose messages.
	CleanSession bool
	// KeepAlive is how long the line may be quiet, in whole seconds; the default is 30 s. A broker
	// that is silent for half as long again is given up.
	KeepAlive time.Duration
	// ConnectTimeout bounds an attempt to connect, and the wait for the answer to a subscription; the
	// default is 10 s.
	ConnectTimeout time.Duration
	// MaxReconnectDelay caps the growing pause between attempts; the default is 30 s.
	MaxReconnectDelay time.Duration

	// Will makes the message that the broker publishes when the connection breaks. It is asked
	// before each attempt, so that a will can name its session. Nil means none.
	Will func() Message
	// OnConnect is called in its own goroutine after each connect, when the subscriptions have been
	// asked for. It may publish. Its context ends with the connection.
	OnConnect func(ctx context.Context)

	// Filters are subscribed to with QoS 1 on every connect.
	Filters []string
	// Handle receives each message; the package comment says what it may do. Its context ends with
	// the connection: a message not yet taken over must then be dropped without Ack, and comes again.
	// The Delivery and its payload belong to Handle and may be kept.
	Handle func(ctx context.Context, d *Delivery)
	// FiltersFile remembers the filters that a persistent session holds at the broker, so that
	// those which left Filters are unsubscribed. It is written atomically. Empty means that
	// abandoned filters keep delivering until somebody ends the session.
	FiltersFile string

	// AckDelay is how long an acknowledgement may wait for others to share a system call; the
	// default is 1 ms, negative means not at all.
	AckDelay time.Duration
	// MaxInFlight bounds the publishes under way; more of them wait. The default is 1024.
	MaxInFlight int

	// Logger receives connects, losses and refusals; nil discards them.
	Logger *slog.Logger
}

// maxTopic is the length of the longest MQTT string.
const maxTopic = 65535

// withDefaults returns o with defaults filled in, or an error that names the bad field.
func (o Options) withDefaults() (Options, error) {
	if o.KeepAlive == 0 {
		o.KeepAlive = 30 * time.Second
	}
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 10 * time.Second
	}
	if o.MaxReconnectDelay == 0 {
		o.MaxReconnectDelay = 30 * time.Second
	}
	if o.AckDelay == 0 {
		o.AckDelay = time.Millisecond
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 1024
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	o.TLS = o.TLS.Clone()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, o.validate()
}

func (o Options) validate() error {
	switch {
	case o.ClientID == "":
		return errors.New("ClientID: empty; a fixed name is what makes the session persistent")
	case len(o.ClientID) > maxTopic || !utf8.ValidString(o.ClientID) || strings.ContainsRune(o.ClientID, 0):
		return errors.New("ClientID: not a valid MQTT string")
	case o.KeepAlive < time.Second || o.KeepAlive > 65535*time.Second || o.KeepAlive%time.Second != 0:
		return fmt.Errorf("KeepAlive: %v; use whole seconds from 1 s to 65535 s", o.KeepAlive)
	case o.ConnectTimeout < 0:
		return fmt.Errorf("ConnectTimeout: %v is negative", o.ConnectTimeout)
	case o.MaxReconnectDelay < 0:
		return fmt.Errorf("MaxReconnectDelay: %v is negative", o.MaxReconnectDelay)
	case o.MaxInFlight < 0 || o.MaxInFlight > 65535:
		return fmt.Errorf("MaxInFlight: %d; MQTT has packet ids for 1 to 65535", o.MaxInFlight)
	case o.Password != nil && o.Username == "":
		return errors.New("Password: MQTT allows none without Username")
	case len(o.Filters) > 0 && o.Handle == nil:
		return errors.New("Handle: nil; somebody must receive what Filters ask for")
	case o.FiltersFile != "" && o.CleanSession:
		return errors.New("FiltersFile: of no use with CleanSession, which leaves no filters behind")
	}
	seen := make(map[string]bool, len(o.Filters))
	for _, filter := range o.Filters {
		if err := validateFilter(filter); err != nil {
			return fmt.Errorf("Filters: %q: %w", filter, err)
		}
		if seen[filter] {
			return fmt.Errorf("Filters: %q stands twice", filter)
		}
		seen[filter] = true
	}
	return nil
}

// validateFilter applies MQTT 3.1.1 §4.7. Shared subscriptions ($share/group/filter) are allowed.
func validateFilter(filter string) error {
	rest := filter
	if group, ok := strings.CutPrefix(filter, "$share/"); ok {
		name, shared, found := strings.Cut(group, "/")
		if !found || name == "" || strings.ContainsAny(name, "+#") {
			return errors.New("a shared subscription is written $share/group/filter")
		}
		rest = shared
	}
	if err := validateString(rest); err != nil {
		return err
	}
	levels := strings.Split(rest, "/")
	for i, level := range levels {
		switch {
		case level == "#" && i != len(levels)-1:
			return errors.New("# may only be the last level")
		case level != "#" && level != "+" && strings.ContainsAny(level, "+#"):
			return errors.New("a wildcard must fill its whole level")
		}
	}
	return nil
}

// validateTopic applies MQTT 3.1.1 §4.7 to the name of a topic.
func validateTopic(topic string) error {
	if err := validateString(topic); err != nil {
		return err
	}
	if strings.ContainsAny(topic, "+#") {
		return errors.New("wildcards are for subscribing")
	}
	return nil
}

func validateString(s string) error {
	switch {
	case s == "":
		return errors.New("empty")
	case len(s) > maxTopic:
		return errors.New("longer than 65535 bytes")
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return errors.New("not valid UTF-8 text")
	}
	return nil
}
