package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// trouble is something that goes on being wrong until it is cleared.
type trouble struct{ text, filter string }

func refusedFilter(filter string) trouble {
	return trouble{text: "the broker refuses a subscription", filter: filter}
}

// troubles remembers what has been said, so that a broker which is away for a night fills one line
// and not a disk. Its zero value is ready; one goroutine uses it.
type troubles struct{ said map[trouble]string }

// report warns when the trouble is new or has a new reason; repetitions go to the debug log.
func (t *troubles) report(log *slog.Logger, text string, err error) {
	t.reportAs(trouble{text: text}, log, err)
}

func (t *troubles) reportAs(what trouble, log *slog.Logger, err error) {
	reason, remedy := explain(err)
	say := log.Warn
	if t.said[what] == reason {
		say = log.Debug
	}
	if t.said == nil {
		t.said = make(map[trouble]string)
	}
	t.said[what] = reason
	args := []any{"error", reason, "remedy", remedy}
	if what.filter != "" {
		args = append(args, "filter", what.filter)
	}
	say(what.text, args...)
}

// clear reports whether the trouble had been there.
func (t *troubles) clear(what trouble) bool {
	_, had := t.said[what]
	delete(t.said, what)
	return had
}

func (t *troubles) has(what trouble) bool {
	_, has := t.said[what]
	return has
}

// refusal turns the broker's answer to CONNECT, or the lack of one, into an error of its own.
func refusal(code byte, err error) error {
	if known, ok := packets.ConnErrors[code]; ok && code != packets.ErrNetworkError && known != nil {
		return fmt.Errorf("the broker refused the connection: %w (code %d)", known, code)
	}
	return fmt.Errorf("waiting for the broker's answer to CONNECT: %w", err)
}

// explain puts an error into words for the log: what is wrong and what to do about it.
func explain(err error) (reason, remedy string) {
	if err == nil {
		return "the broker closed the connection", "none: the client connects again"
	}
	return err.Error(), remedyFor(err)
}

func remedyFor(err error) string {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		lookup   *net.DNSError
	)
	switch {
	case errors.Is(err, packets.ErrorRefusedNotAuthorised), errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword):
		return "check user name, password or client certificate, and the broker's access rules"
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return "choose another client id"
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return "the broker is starting or overloaded: look at its log"
	case errors.Is(err, packets.ErrorRefusedBadProtocolVersion):
		return "the broker must speak MQTT 3.1.1"
	case errors.Is(err, errRefused):
		return "allow this client to subscribe to the filter in the broker's access rules, or remove the filter"
	case errors.As(err, &unknown):
		return "set the CA file to the authority that signed the broker's certificate"
	case errors.As(err, &hostname):
		return "connect by a name in the broker's certificate, or set the server name"
	case errors.As(err, &invalid):
		return "renew the broker's certificate, and check the clock of this machine"
	case errors.As(err, &record):
		return "this port does not speak TLS: use mqtt://, or the broker's TLS port (often 8883)"
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls:"):
		return "the broker rejects our certificate or lack of one: set certificate and key that it trusts"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is the broker running and listening on this address?"
	case errors.As(err, &lookup):
		return "check the host name in the broker's URL and the name service"
	case errors.Is(err, errSilent):
		return "check the network between here and the broker"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the broker closed the connection: look at its log; does the port expect TLS, or does another client use the same client id?"
	case errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return "check address, firewall and network"
	default:
		return "look at the broker's log"
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
