package wire_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"phusong/internal/wire"
)

// hostile are payloads that no text file can hold.
func hostile() map[string][]byte {
	noise := make([]byte, wire.MaxPayload)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(noise) // never fails
	const deep = 100_000
	return map[string][]byte{
		"nothing":                {},
		"a byte order mark":      []byte("\xef\xbb\xbf" + `{"clients":4}`),
		"UTF-16":                 []byte("{\x00\"\x00c\x00\"\x00:\x004\x00}\x00"),
		"zero bytes behind":      []byte(`{"clients":4}` + "\x00\x00"),
		"noise":                  noise,
		"noise in an object":     append([]byte(`{"clients":4,"x":`), noise[:1000]...),
		"deep arrays":            []byte(strings.Repeat("[", deep)),
		"deep arrays, closed":    []byte(strings.Repeat("[", deep) + strings.Repeat("]", deep)),
		"deep objects":           []byte(strings.Repeat(`{"a":`, deep)),
		"deep in an unknown one": []byte(`{"clients":4,"x":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}"),
		"too long":               bytes.Repeat([]byte(" "), wire.MaxPayload+1),
		"too many readings":      []byte("[" + strings.Repeat(`{"clients":4},`, wire.MaxReadings) + `{"clients":4}]`),
		"not UTF-8":              []byte("{\"users_sketch\":\"\xff\xfe\"}"),
		"a number without end":   []byte(`{"clients":` + strings.Repeat("9", 500_000) + "}"),
		"text without end":       []byte(`{"users_sketch":"` + strings.Repeat("x", 500_000)),
		"a name without end":     []byte(`{"` + strings.Repeat("x", 500_000)),
	}
}

func TestHostilePayloads(t *testing.T) {
	t.Parallel()
	wants := map[string]string{
		"nothing":                "the payload is empty",
		"a byte order mark":      "the payload is neither a JSON object nor an array of objects",
		"UTF-16":                 "the payload is not JSON: unexpected byte 0 '\\x00' at 1",
		"zero bytes behind":      "there is something after the end of the JSON value",
		"noise":                  "the payload is neither a JSON object nor an array of objects",
		"noise in an object":     "the payload is not JSON: unexpected byte ",
		"deep arrays":            "the payload is not JSON: depth: maximum",
		"deep arrays, closed":    "the payload is not JSON: depth: maximum",
		"deep objects":           "the payload is not JSON: depth: maximum",
		"deep in an unknown one": "the payload is not JSON: depth: maximum",
		"too long":               "the payload has 1048577 bytes; at most 1048576 are allowed, send the backlog in several messages",
		"too many readings":      "the array has more than 10000 readings; send the backlog in several messages",
		"not UTF-8":              "users_sketch: the text is not UTF-8",
		"a number without end":   "clients: +Inf is not a whole number that can be kept exactly",
		"text without end":       "the payload is cut off: it is not complete JSON",
		"a name without end":     "the payload is cut off: it is not complete JSON",
	}
	for name, payload := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d wire.Decoder
			m := d.Decode(wifiTopic, payload)
			if len(m.Readings) != 0 || len(m.Rejects) != 1 {
				t.Fatalf("got %d readings and %d rejects, want 1 reject", len(m.Readings), len(m.Rejects))
			}
			reason := m.Rejects[0].Err.Error()
			if want, known := wants[name]; !known || !strings.HasPrefix(reason, want) {
				t.Errorf("reason\n got %s\nwant %s", reason, want)
			}
			checkReason(t, reason)
			// The decoder must have kept nothing of it.
			if m := d.Decode(wifiTopic, []byte(wifiPayload)); len(m.Readings) != 1 || m.Unknown != 0 {
				t.Errorf("the next message gave %+v, want one reading", m)
			}
		})
	}
}

// checkReason makes sure that a reason can be shown, stored and logged whatever
// the device sent.
func checkReason(t failer, reason string) {
	t.Helper()
	if len(reason) > 500 || !utf8.ValidString(reason) || strings.ContainsAny(reason, "\x00\n\x1b") {
		t.Errorf("reason of %d bytes is not fit to be shown: %.600q", len(reason), reason)
	}
}

func TestManyReadingsInOneMessage(t *testing.T) {
	t.Parallel()
	payload := []byte("[" + strings.TrimSuffix(strings.Repeat(`{"clients":4},`, wire.MaxReadings), ",") + "]")
	var d wire.Decoder
	if m := d.Decode(wifiTopic, payload); len(m.Readings) != wire.MaxReadings || len(m.Rejects) != 0 {
		t.Errorf("got %d readings and %d rejects, want %d readings", len(m.Readings), len(m.Rejects), wire.MaxReadings)
	}
}

func TestTopics(t *testing.T) {
	t.Parallel()
	for _, topic := range []string{
		"phusong/v1/25459/wifi/ap-0001/telemetry",
		"phusong/v1/80/mobile/0/status",
		"phusong/v1/00001/environment/a--b/birth",
	} {
		parsed, err := wire.ParseTopic(topic)
		if err != nil || parsed.String() != topic {
			t.Errorf("ParseTopic(%q) = %q, %v; want the same back", topic, parsed, err)
		}
	}
}

// badTopics maps topics to the reason why they are none.
var badTopics = map[string]string{
	"":                                        `does not begin with phusong/v1/`,
	"phusong/v1":                              `does not begin with phusong/v1/`,
	"/phusong/v1/25459/wifi/ap-1/telemetry":   `does not begin with phusong/v1/`,
	"phusong/v2/25459/wifi/ap-1/telemetry":    `does not begin with phusong/v1/`,
	"Phusong/v1/25459/wifi/ap-1/telemetry":    `does not begin with phusong/v1/`,
	"phusong/v1/":                             `is not phusong/v1/{area}/{kind}/{device}/{channel}`,
	"phusong/v1/25459/wifi/ap-1":              `is not phusong/v1/{area}/{kind}/{device}/{channel}`,
	"phusong/v1/25459/wifi/ap-1/telemetry/":   `is not phusong/v1/{area}/{kind}/{device}/{channel}`,
	"phusong/v1/25459/wifi/ap-1/telemetry/x":  `is not phusong/v1/{area}/{kind}/{device}/{channel}`,
	"phusong/v1//wifi/ap-1/telemetry":         `area code "" is neither`,
	"phusong/v1/254/wifi/ap-1/telemetry":      `area code "254" is neither`,
	"phusong/v1/2545a/wifi/ap-1/telemetry":    `area code "2545a" is neither`,
	"phusong/v1/２５/wifi/ap-1/telemetry":       `area code "２５" is neither`,
	"phusong/v1/25459/WiFi/ap-1/telemetry":    `kind "WiFi" is unknown`,
	"phusong/v1/25459//ap-1/telemetry":        `kind "" is unknown`,
	"phusong/v1/25459/status/ap-1/telemetry":  `names no kind of device; use wifi, mobile or environment`,
	"phusong/v1/25459/wifi//telemetry":        `device id is empty`,
	"phusong/v1/25459/wifi/AP-1/telemetry":    `"AP-1" holds 'A'; use a-z, 0-9 and hyphens`,
	"phusong/v1/25459/wifi/-ap/telemetry":     `"-ap" begins with a hyphen`,
	"phusong/v1/25459/wifi/ap_1/telemetry":    `"ap_1" holds '_'`,
	"phusong/v1/25459/wifi/điểm/telemetry":    `holds 'đ'`,
	"phusong/v1/25459/wifi/ap\x00/telemetry":  `holds '\x00'`,
	"phusong/v1/25459/wifi/+/telemetry":       `"+" holds '+'`,
	"phusong/v1/25459/wifi/ap-1/Telemetry":    `has an unknown channel; use telemetry, status or birth`,
	"phusong/v1/25459/wifi/ap-1/":             `has an unknown channel; use telemetry, status or birth`,
	"phusong/v1/25459/wifi/ap-1/#":            `has an unknown channel; use telemetry, status or birth`,
	"application/1/device/0018b2/event/up":    `does not begin with phusong/v1/`,
	"v3/app@tenant/devices/dev1/up":           `does not begin with phusong/v1/`,
	"phusong/v1/25459/wifi/" + manyAs + "/x":  `device id is 1000 bytes long; at most 64 are allowed`,
	"phusong/v1/25459/wifi/ap-1/\xff\xfe\xfd": `has an unknown channel`,
}

var manyAs = strings.Repeat("a", 1000)

func TestBadTopics(t *testing.T) {
	t.Parallel()
	for topic, want := range badTopics {
		t.Run(fmt.Sprintf("%.50q", topic), func(t *testing.T) {
			t.Parallel()
			var d wire.Decoder
			m := d.Decode(topic, []byte(wifiPayload))
			if len(m.Readings) != 0 || len(m.Rejects) != 1 {
				t.Fatalf("got %d readings and %d rejects, want 1 reject", len(m.Readings), len(m.Rejects))
			}
			reason := m.Rejects[0].Err.Error()
			if !strings.HasPrefix(reason, "topic: ") || !strings.Contains(reason, want) {
				t.Errorf("reason\n got %s\nwant %s", reason, want)
			}
			checkReason(t, reason)
			if string(m.Rejects[0].Payload) != wifiPayload {
				t.Errorf("the reject keeps %q, want the payload", m.Rejects[0].Payload)
			}
		})
	}
}
