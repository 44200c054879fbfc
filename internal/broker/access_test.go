package broker_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/internal/broker"
	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

func TestADeviceMayPublishItsOwnTopicsOnly(t *testing.T) {
	t.Parallel()
	b := start(t, guarded(devices))
	service := connect(t, b, as("service"), to("#")).ready()
	login := []string{"-u", "ap-1", "-P", "secret of ap-1"}
	for _, topic := range []string{
		"data/wifi/ap-2/x", "data/wifi/ap-10/x", "data/wifi", "data/wifi/a/ap-1/x", "other/wifi/ap-1",
		"commands/ap-1", "$JS/API/STREAM/LIST", "$MQTT/msgs/data/wifi/ap-2/x", "$SYS/x",
	} {
		publish(t, b, topic, "forged", login...)
		publish(t, b, topic, "forged and stored", append(login, "-r")...)
	}
	publish(t, b, "data/wifi/ap-1", "own", login...)
	publish(t, b, "data/wifi/ap-1/x/y", "own", login...)
	want := []string{"data/wifi/ap-1 own", "data/wifi/ap-1/x/y own"}
	if diff := cmp.Diff(want, service.until("data/wifi/ap-1/x/y")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Nothing of it was stored for later either.
	late := connect(t, b, as("service"), to("#"), func(o *mqtt.Options) { o.ClientID = "late" }).ready()
	publish(t, b, "data/wifi/ap-1/end", "", login...)
	if diff := cmp.Diff([]string{"data/wifi/ap-1/end "}, late.until("data/wifi/ap-1/end")); diff != "" {
		t.Errorf("retained (-want +got):\n%s", diff)
	}
}

func TestTheServersOwnTopicsAreClosedToEverybody(t *testing.T) {
	t.Parallel()
	b := start(t)
	connect(t, b, to("t/#")).ready().stop()
	service := connect(t, b, func(o *mqtt.Options) { o.ClientID = "service" }).ready()
	service.send(mqtt.Message{Topic: "t/kept", QoS: mqtt.AtLeastOnce})
	// To nats-server this would be the order to delete the stream of all queued messages.
	service.send(mqtt.Message{Topic: "$JS/API/STREAM/DELETE/$MQTT_msgs", QoS: mqtt.AtLeastOnce})
	service.send(mqtt.Message{Topic: "t/end", QoS: mqtt.AtLeastOnce})
	got := connect(t, b, to("t/#")).ready().until("t/end")
	if diff := cmp.Diff([]string{"t/kept ", "t/end "}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAWillObeysTheSameRules(t *testing.T) {
	t.Parallel()
	b := start(t, guarded(devices))
	service := connect(t, b, as("service"), to("data/#")).ready()
	for _, topic := range []string{"data/wifi/ap-2/status", "data/wifi/ap-1/status"} {
		doomed := device(t, "mosquitto_sub", b, "-u", "ap-1", "-P", "secret of ap-1", "-d", "-t", "commands/ap-1",
			"--will-topic", topic, "--will-payload", "offline", "--will-qos", "1", "--will-retain")
		doomed.WaitLog("Subscribed")
		doomed.Kill()
	}
	if diff := cmp.Diff([]string{"data/wifi/ap-1/status offline"}, service.until("data/wifi/ap-1/status")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADeviceMaySubscribeToItsOwnTopicsOnly(t *testing.T) {
	t.Parallel()
	b := start(t, guarded(devices))
	for filter, granted := range map[string]bool{
		"commands/ap-1": true, "commands/ap-1/#": true, "commands/ap-1/x/+": true,
		"#": false, "+/#": false, "commands/#": false, "commands/+": false, "commands/+/#": false, "commands/ap-2": false,
		"data/wifi/ap-1": false, "$MQTT/msgs/#": false, "$JS/#": false, "$SYS/#": false, ">": false, "*/>": false, "commands/>": false,
	} {
		sub := device(t, "mosquitto_sub", b, "-u", "ap-1", "-P", "secret of ap-1", "-d", "-q", "1", "-t", filter)
		want := ": 128"
		if granted {
			want = ": 1"
		}
		if line := sub.WaitLog("Subscribed"); !strings.HasSuffix(line, want) {
			t.Errorf("subscribing to %s: %q, want %q", filter, line, want)
		}
		sub.Kill()
	}
}

func TestWhoMayEnter(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []broker.Credentials
	b := start(t, guarded(func(c broker.Credentials) (broker.Permission, bool) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, c)
		return broker.Permission{Publish: []string{c.Username}}, c.Password == "right"
	}))
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"right":         {[]string{"-u", "u", "-P", "right", "-i", "one"}, 0},
		"wrong":         {[]string{"-u", "u", "-P", "wrong", "-i", "two"}, 5},
		"no password":   {[]string{"-u", "u", "-i", "three"}, 5},
		"nobody":        {[]string{"-i", "four"}, 5},
		"unusable name": {[]string{"-u", "a#b", "-P", "right", "-i", "five"}, 5},
	} {
		p := device(t, "mosquitto_pub", b, append([]string{"-t", "u", "-m", ""}, c.args...)...)
		if code := p.Wait(); code != c.code {
			t.Errorf("%s: mosquitto_pub ended with %d, want %d:\n%s", name, code, c.code, p.Log())
		}
	}
	mu.Lock()
	defer mu.Unlock()
	ids := map[string]string{}
	for _, c := range seen {
		ids[c.ClientID] = c.Username + "/" + c.Password
		if _, _, err := net.SplitHostPort(c.RemoteAddr.String()); err != nil || c.CommonName != "" {
			t.Errorf("credentials without a certificate: %+v", c)
		}
	}
	want := map[string]string{"one": "u/right", "two": "u/wrong", "three": "u/", "four": "/", "five": "a#b/right"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("what Authenticate was shown (-want +got):\n%s", diff)
	}
}

// Whatever is permitted and whatever is wanted: the broker grants what one permitted filter
// covers, and nothing that they do not cover together.
func TestSubscriptionsAreGrantedExactlyWhenCovered(t *testing.T) {
	t.Parallel()
	var permitted atomic.Pointer[[]string]
	b := start(t, guarded(func(broker.Credentials) (broker.Permission, bool) {
		return broker.Permission{Subscribe: *permitted.Load()}, true
	}))
	filter := rapid.Custom(func(t *rapid.T) string {
		levels := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "+"}), 0, 3).Draw(t, "levels")
		if rapid.Bool().Draw(t, "open") || len(levels) == 0 {
			levels = append(levels, "#")
		}
		return strings.Join(levels, "/")
	})
	refusals := 0
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(filter, 1, 3).Draw(t, "permitted")
		wanted := filter.Draw(t, "wanted")
		permitted.Store(&list)
		granted, admitted := subscribe(t, b, wanted)
		if !admitted {
			refusals++ // a list the package refuses as a whole, and says so in the log
			return
		}
		one := slices.ContainsFunc(list, func(p string) bool { return covers(strings.Split(p, "/"), strings.Split(wanted, "/")) })
		if one && !granted {
			t.Fatalf("with %q permitted, %q is refused", list, wanted)
		}
		if granted && !one && !coverTogether(list, wanted) {
			t.Fatalf("with %q permitted, %q is granted", list, wanted)
		}
	})
	t.Logf("%d lists were refused as a whole", refusals)
	for _, list := range [][]string{{"+/+", "a"}, {"a/+", "a"}, {"+"}, {"a/+", "+"}} {
		permitted.Store(&list)
		if _, admitted := subscribe(t, b, "b"); admitted {
			t.Errorf("%q is admitted, though # would be granted in place of its last +", list)
		}
	}
}

// coverTogether tries all topics of up to five levels, more than any filter here tells apart.
func coverTogether(permitted []string, wanted string) bool {
	var all func(topic []string) bool
	all = func(topic []string) bool {
		matches := func(filter string) bool { return covers(strings.Split(filter, "/"), topic) }
		if len(topic) > 0 && matches(wanted) && !slices.ContainsFunc(permitted, matches) {
			return false
		}
		for _, level := range []string{"a", "b", "other"} {
			if len(topic) < 5 && !all(append(slices.Clone(topic), level)) {
				return false
			}
		}
		return true
	}
	return all(nil)
}

// covers is §4.7 of MQTT 3.1.1 for filters: every topic that wanted matches, permitted matches.
func covers(permitted, wanted []string) bool {
	switch {
	case len(permitted) == 0:
		return len(wanted) == 0
	case permitted[0] == "#":
		return true
	case len(wanted) == 0 || wanted[0] == "#":
		return false
	case permitted[0] != "+" && permitted[0] != wanted[0]:
		return false
	}
	if len(wanted) == 1 && len(permitted) == 2 && permitted[1] == "#" {
		return true // a/# covers a
	}
	return covers(permitted[1:], wanted[1:])
}

// subscribe asks for one filter on a connection of its own.
func subscribe(t rapid.TB, b *broker.Broker, filter string) (granted, admitted bool) {
	conn, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(testbed.Patience)); err != nil {
		t.Fatal(err)
	}
	hello := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	hello.ProtocolName, hello.ProtocolVersion, hello.CleanSession = "MQTT", 4, true
	if exchange[*packets.ConnackPacket](t, conn, hello).ReturnCode != 0 {
		return false, false
	}
	ask := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	ask.MessageID, ask.Topics, ask.Qoss = 1, []string{filter}, []byte{1}
	return exchange[*packets.SubackPacket](t, conn, ask).ReturnCodes[0] == 1, true
}

func exchange[P packets.ControlPacket](t rapid.TB, conn io.ReadWriter, ask packets.ControlPacket) P {
	if err := ask.Write(conn); err != nil {
		t.Fatal(err)
	}
	packet, err := packets.ReadPacket(conn)
	if err != nil {
		t.Fatal(fmt.Errorf("waiting for the answer to %v: %w", ask, err))
	}
	answer, ok := packet.(P)
	if !ok {
		t.Fatalf("the answer to %v is %v", ask, packet)
	}
	return answer
}
