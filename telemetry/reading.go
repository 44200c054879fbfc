package telemetry

import (
	"fmt"
	"strings"
	"time"
)

// A Kind says what a reading is about. The first three are also what a device
// can be; a status reading comes from a device of one of them.
type Kind uint8

// The kinds. The zero Kind is none of them.
const (
	KindWiFi        Kind = iota + 1 // an access point of public Wi-Fi
	KindMobile                      // a coverage probe on a mobile network
	KindEnvironment                 // an environment sensor
	KindStatus                      // a device says that it is there, or its will that it is not
)

var kindNames = [...]string{KindWiFi: "wifi", KindMobile: "mobile", KindEnvironment: "environment", KindStatus: "status"}

// Kinds returns every kind, in a fixed order.
func Kinds() []Kind { return []Kind{KindWiFi, KindMobile, KindEnvironment, KindStatus} }

// DeviceKinds returns the kinds that a device can be, in a fixed order.
func DeviceKinds() []Kind { return []Kind{KindWiFi, KindMobile, KindEnvironment} }

// ParseKind returns the kind with that name: "wifi", "mobile", "environment" or "status".
func ParseKind(s string) (Kind, error) {
	for k, name := range kindNames {
		if name != "" && name == s {
			return Kind(k), nil
		}
	}
	return 0, reject("kind %q is unknown; known are wifi, mobile, environment and status", clip(s))
}

// String returns the name used in topics, tables and labels.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k != 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// IsDevice reports whether a device can be of kind k.
func (k Kind) IsDevice() bool { return k >= KindWiFi && k <= KindEnvironment }

// Flags say what phusong had to assume or change about a reading. Raw values are
// never changed; only the event time can be.
type Flags uint8

// The flags. Their order is their bit, and is stored: append only.
const (
	// FlagNoTime: the device sent no time; Time is when we received it.
	FlagNoTime Flags = 1 << iota
	// FlagClockAhead: the device's time was in our future; Time is when we received it.
	FlagClockAhead
	// FlagClockBehind: the device's time was absurdly old; Time is when we received it.
	FlagClockBehind
	// FlagLate: the reading arrived long after its time. It is stored and judged
	// at its own time, and never raises or clears a live alert.
	FlagLate
	// FlagRetained: the broker gave us its memory of a status; it may be old.
	FlagRetained
)

var flagNames = [...]string{"no_time", "clock_ahead", "clock_behind", "late", "retained"}

// Has reports whether any of the flags in mask is set.
func (f Flags) Has(mask Flags) bool { return f&mask != 0 }

// String returns the names of the set flags, joined by commas; "" for none.
func (f Flags) String() string {
	var names []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// assignedTime are the flags of readings whose Time is ours and not the device's.
const assignedTime = FlagNoTime | FlagClockAhead | FlagClockBehind

// A Reading is one observation by one device at one instant of event time.
// Exactly the body that belongs to Kind is set; [NewReading] makes it so.
// Readings are shared between goroutines once made: do not change one that you
// did not make.
type Reading struct {
	Kind   Kind
	Area   AreaCode // where the device says it belongs, from the topic
	Device DeviceID
	// Time is the event time in UTC, at millisecond resolution: when it was
	// observed. See Flags for when it is not the device's own word.
	Time time.Time
	// Received is when phusong got it, by phusong's clock, at millisecond resolution.
	Received time.Time
	// DeviceTime is the time as sent, when Time had to be changed; zero otherwise.
	DeviceTime time.Time
	// Seq is the device's own message number, by which we know about loss.
	Seq   Opt[int64]
	Flags Flags

	WiFi        *WiFi
	Mobile      *Mobile
	Environment *Environment
	Status      *Status
}

// NewReading returns a reading of the kind with its empty body.
func NewReading(k Kind) Reading {
	r := Reading{Kind: k}
	switch k {
	case KindWiFi:
		r.WiFi = new(WiFi)
	case KindMobile:
		r.Mobile = new(Mobile)
	case KindEnvironment:
		r.Environment = new(Environment)
	case KindStatus:
		r.Status = new(Status)
	}
	return r
}

// A Key identifies a reading: writing a reading with the same key again changes
// nothing. Time is in Unix milliseconds; Seq is -1 when the device sent none.
type Key struct {
	Kind   Kind
	Device DeviceID
	Time   int64
	Seq    int64
}

// NoSeq stands in a Key for a reading without a sequence number.
const NoSeq = -1

// Key returns what identifies r in a store.
func (r *Reading) Key() Key {
	return Key{Kind: r.Kind, Device: r.Device, Time: r.Time.UnixMilli(), Seq: r.Seq.Or(NoSeq)}
}

// TimeAssigned reports whether Time is when we received r and not the device's
// own word. Such a reading, redelivered, would carry another Time, so its Key
// alone does not recognise the repetition; [Reading.Claim] does.
func (r *Reading) TimeAssigned() bool { return r.Flags.Has(assignedTime) }

// Claim returns the key of r with the time as the device sent it, 0 for none.
// For a status, whose will cannot know its time, the session and state stand in
// for the sequence number. Identifying is false when the device gave nothing to
// tell two readings apart: neither a time nor a number.
func (r *Reading) Claim() (key Key, identifying bool) {
	key = r.Key()
	if !r.TimeAssigned() {
		return key, true
	}
	key.Time = 0
	if !r.DeviceTime.IsZero() {
		key.Time = r.DeviceTime.UnixMilli()
	}
	if r.Kind == KindStatus {
		key.Seq = r.Status.Number()
		return key, true
	}
	return key, key.Time != 0 || r.Seq.Present()
}
