package broker

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// Credentials are what a client has shown when it connects.
type Credentials struct {
	// ClientID is the name of the session it asks for. Whoever connects under a client id takes its
	// session over, queued messages included: check that it belongs to the client.
	ClientID string
	Username string
	Password string
	// CommonName is the subject of its certificate, empty unless the listener's authorities have
	// signed it.
	CommonName string
	RemoteAddr net.Addr
}

// Permission lists the MQTT filters that a client may publish to (wills included) and subscribe
// to. What is not listed is forbidden, so the zero Permission lets a client connect and do nothing.
//
// A name that came from the client must be checked for wildcards before it becomes part of a
// filter: a device called "+" would own everything.
type Permission struct {
	Publish, Subscribe []string
}

// Everything permits every topic that does not begin with $.
func Everything() Permission {
	return Permission{Publish: []string{"#"}, Subscribe: []string{"#"}}
}

// closed are the topics that everybody is kept out of: nats-server's own, and shared subscriptions,
// which it would take for ordinary topics and never deliver to.
var closed = []string{"$JS.>", "$JSC.>", "$KV.>", "$O.>", "$SYS.>", "$NRG.>", "$SRV.>", "$G.>", "_INBOX.>", "$share.>", "$queue.>"}

// closedToPublish adds what the server itself subscribes to for each client, so that it cannot
// stand in the list for subscriptions. It refuses clients' own subscriptions there.
var closedToPublish = append(slices.Clone(closed), "$MQTT.>")

// subjects translates the permission into nats-server's terms.
func (p Permission) subjects() (*server.Permissions, error) {
	publish, err := toSubjects(p.Publish)
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	subscribe, err := toSubjects(p.Subscribe)
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	if err := checkLoophole(subscribe); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: publish, Deny: closedToPublish},
		Subscribe: &server.SubjectPermission{Allow: subscribe, Deny: closed},
	}, nil
}

// nobody is a subject that no topic becomes. An empty list would mean "everything" to nats-server.
const nobody = "$phusong.nobody"

func toSubjects(filters []string) ([]string, error) {
	subjects := []string{nobody}
	for _, filter := range filters {
		subject, err := toSubject(filter)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", filter, err)
		}
		subjects = append(subjects, subject)
		if parent, ok := strings.CutSuffix(subject, ".>"); ok {
			subjects = append(subjects, parent) // in MQTT a/# covers a
		}
	}
	return subjects, nil
}

// checkLoophole refuses lists that nats-server would read too generously: it takes a wanted ">" for
// a word that "*" covers, so that "a.*" permits "a.>" as soon as "a" is permitted as well, and "*.*"
// too where only "a" is. Where "a.*.>" is permitted besides, that is no more than the list says.
func checkLoophole(permitted []string) error {
	for _, subject := range permitted {
		prefix, ok := strings.CutSuffix(subject, "*")
		if !ok {
			continue
		}
		for _, other := range permitted {
			parent, meet := intersect(strings.TrimSuffix(prefix, "."), other)
			if !meet {
				continue
			}
			exact := func(p string) bool {
				return covers(p, joined(parent, ">")) || covers(p, joined(parent, "*.>"))
			}
			if !slices.ContainsFunc(permitted, exact) {
				filter := strings.ReplaceAll(strings.ReplaceAll(subject, ".", "/"), "*", "+")
				return fmt.Errorf("%q: with what else is permitted, nats-server would permit # in place of its last +; permit that, or name the level", filter)
			}
		}
	}
	return nil
}

func joined(parent, rest string) string {
	if parent == "" {
		return rest
	}
	return parent + "." + rest
}

// intersect returns the pattern of the subjects of one's own length that both permit, and
// whether there are any. The empty pattern, the parent of "*", is permitted by all.
func intersect(pattern, other string) (both string, meet bool) {
	if pattern == "" {
		return "", true
	}
	have, with := strings.Split(pattern, "."), strings.Split(other, ".")
	for i, level := range have {
		switch {
		case i >= len(with):
			return "", false
		case with[i] == ">":
			return strings.Join(have, "."), true
		case level == "*":
			have[i] = with[i]
		case with[i] != "*" && with[i] != level:
			return "", false
		}
	}
	return strings.Join(have, "."), len(with) == len(have)
}

// covers reports whether the pattern permits a subscription to the subject.
func covers(pattern, subject string) bool {
	have, want := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, level := range have {
		switch {
		case i >= len(want):
			return false
		case level == ">":
			return true
		case level == "*" && want[i] != ">":
		case level != want[i]:
			return false
		}
	}
	return len(have) == len(want)
}

// toSubject translates a filter. It is stricter than MQTT: a permission has no use for empty levels and
// for characters that NATS writes differently.
func toSubject(filter string) (string, error) {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		switch {
		case level == "":
			return "", errors.New("empty level")
		case level == "+":
			levels[i] = "*"
		case level == "#" && i == len(levels)-1:
			levels[i] = ">"
		case strings.ContainsAny(level, "+#*>. \t\r\n\f\x00\x7f"):
			return "", errors.New("a level may hold + or # alone, and no dot, space, * or >")
		}
	}
	return strings.Join(levels, "."), nil
}

// doorkeeper is how nats-server asks who may enter.
type doorkeeper struct {
	options Options
	server  *server.Server // set before the first client can come
}

// Check implements server.Authentication.
func (d *doorkeeper) Check(client server.ClientAuthentication) bool {
	permission, ok := Everything(), d.options.Anonymous
	if !ok {
		permission, ok = d.options.Authenticate(d.credentials(client))
	}
	if !ok {
		return false
	}
	permissions, err := permission.subjects()
	if err != nil {
		d.options.Logger.Error("cannot admit a client: its permission is not usable",
			"error", err, "user", client.GetOpts().Username, "remote", client.RemoteAddress())
		return false
	}
	client.RegisterUser(&server.User{Username: client.GetOpts().Username, Permissions: permissions})
	return true
}

func (d *doorkeeper) credentials(client server.ClientAuthentication) Credentials {
	shown := Credentials{
		Username:   client.GetOpts().Username,
		Password:   client.GetOpts().Password,
		RemoteAddr: client.RemoteAddress(),
	}
	if state := client.GetTLSConnectionState(); state != nil && len(state.VerifiedChains) > 0 {
		shown.CommonName = state.VerifiedChains[0][0].Subject.CommonName
	}
	list, err := d.server.Connz(&server.ConnzOptions{CID: client.GetID()})
	if err == nil && len(list.Conns) == 1 {
		shown.ClientID = list.Conns[0].MQTTClient
	}
	return shown
}
