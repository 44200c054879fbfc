// Package wire is what devices and phusong say to each other: MQTT topics and
// the native JSON payload. It is the only definition of both. Ingest decodes
// with it, the simulator and the importers encode with it, and the durable
// stream holds its records.
//
// docs/PROTOCOL.md describes the same for people and docs/asyncapi.yaml for
// machines; tests hold all three together, and the samples in testdata were
// written by hand from the document, so that an error made in both directions
// cannot hide.
package wire

import (
	"fmt"
	"strings"

	"phusong/telemetry"
)

// Prefix leads every topic: the name and the version of the protocol.
const Prefix = "phusong/v1"

// Filter is the MQTT topic filter that matches whatever a device may send.
const Filter = Prefix + "/+/+/+/+"

// A Channel is what a device's message is for.
type Channel string

// The channels.
const (
	Telemetry Channel = "telemetry" // readings; never retained
	Status    Channel = "status"    // online, or the will's offline; retained
	Birth     Channel = "birth"     // what the device is; retained
)

// A Topic is the address of a device's messages, and the device's identity.
type Topic struct {
	Area    telemetry.AreaCode
	Kind    telemetry.Kind // of the device
	Device  telemetry.DeviceID
	Channel Channel
}

// fieldTopic names the topic in a rejection, beside the fields of a payload.
const fieldTopic = "topic"

// String returns the topic as MQTT carries it.
func (t Topic) String() string {
	return Prefix + "/" + string(t.Area) + "/" + t.Kind.String() + "/" + string(t.Device) + "/" + string(t.Channel)
}

// ReadingTopic returns where a device sends r.
func ReadingTopic(r *telemetry.Reading) Topic {
	t := Topic{Area: r.Area, Kind: r.Kind, Device: r.Device, Channel: Telemetry}
	if r.Kind == telemetry.KindStatus {
		t.Kind, t.Channel = r.Status.Class, Status
		if r.Status.State.Or("") == telemetry.StateBirth {
			t.Channel = Birth
		}
	}
	return t
}

// ParseTopic reads a topic. Its errors wrap telemetry.ErrRejected.
func ParseTopic(s string) (Topic, error) {
	rest, ok := strings.CutPrefix(s, Prefix+"/")
	if !ok {
		return Topic{}, rejectTopic(s, "does not begin with "+Prefix+"/")
	}
	var parts [4]string
	for i := range parts {
		var more bool
		parts[i], rest, more = strings.Cut(rest, "/")
		if more == (i == len(parts)-1) {
			return Topic{}, rejectTopic(s, "is not "+Prefix+"/{area}/{kind}/{device}/{channel}")
		}
	}
	area, err := telemetry.ParseAreaCode(parts[0])
	if err != nil {
		return Topic{}, rejectTopic(s, "is wrong: "+err.Error())
	}
	kind, err := telemetry.ParseKind(parts[1])
	if err != nil {
		return Topic{}, rejectTopic(s, "is wrong: "+err.Error())
	}
	if !kind.IsDevice() {
		return Topic{}, rejectTopic(s, "names no kind of device; use wifi, mobile or environment")
	}
	device, err := telemetry.ParseDeviceID(parts[2])
	if err != nil {
		return Topic{}, rejectTopic(s, "is wrong: "+err.Error())
	}
	channel := Channel(parts[3])
	if channel != Telemetry && channel != Status && channel != Birth {
		return Topic{}, rejectTopic(s, "has an unknown channel; use telemetry, status or birth")
	}
	return Topic{Area: area, Kind: kind, Device: device, Channel: channel}, nil
}

func rejectTopic(topic, reason string) error {
	if len(topic) > 100 {
		topic = strings.ToValidUTF8(topic[:100], "") + "…"
	}
	return &telemetry.RejectedError{Field: fieldTopic, Reason: fmt.Sprintf("%q %s", topic, reason)}
}
