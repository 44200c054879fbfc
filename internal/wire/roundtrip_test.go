package wire_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/internal/storetest"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// failer is what *testing.T and *rapid.T have in common, as far as it is needed.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// anyReading generates what storetest does, by any device at any time.
func anyReading() *rapid.Generator[telemetry.Reading] {
	return rapid.Custom(func(t *rapid.T) telemetry.Reading {
		r := storetest.Reading(storetest.Kind().Draw(t, "kind")).Draw(t, "reading")
		r.Device = telemetry.DeviceID(rapid.StringMatching(`[a-z0-9][a-z0-9-]{0,63}`).Draw(t, "device"))
		r.Area = telemetry.AreaCode(rapid.StringMatching(`[0-9]{2}([0-9]{3})?`).Draw(t, "area"))
		r.Time = anyTime().Draw(t, "time")
		r.DeviceTime = anyTime().Draw(t, "device time")
		if r.Seq.Present() {
			r.Seq = telemetry.Some(rapid.Int64Range(0, 1<<53).Draw(t, "seq"))
		}
		return r
	})
}

// anyTime generates times of the years 1 to 9999, and none.
func anyTime() *rapid.Generator[time.Time] {
	ms := rapid.Int64Range(-62135596799999, 253402300799999)
	return rapid.OneOf(rapid.Just(time.Time{}), rapid.Map(ms, func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }))
}

// sent returns what a device can say of r: all but what phusong adds.
func sent(r telemetry.Reading) telemetry.Reading {
	r.Received, r.DeviceTime, r.Flags = time.Time{}, time.Time{}, 0
	return r
}

func TestPayloadRoundTrip(t *testing.T) {
	t.Parallel()
	var d wire.Decoder
	rapid.Check(t, func(t *rapid.T) {
		r := anyReading().Draw(t, "r")
		payload := wire.AppendPayload(nil, &r)
		got := d.Decode(wire.ReadingTopic(&r).String(), payload)
		want := wire.Message{Readings: []telemetry.Reading{sent(r)}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", payload, diff)
		}
	})
}

func TestPayloadsRoundTrip(t *testing.T) {
	t.Parallel()
	var d wire.Decoder
	rapid.Check(t, func(t *rapid.T) {
		readings := rapid.SliceOfN(anyReading(), 1, 5).Draw(t, "readings")
		topic := wire.ReadingTopic(&readings[0])
		readings = slices.DeleteFunc(readings, func(r telemetry.Reading) bool {
			own := wire.ReadingTopic(&r)
			return own.Kind != topic.Kind || own.Channel != topic.Channel
		})
		var want wire.Message
		for i := range readings {
			readings[i].Area, readings[i].Device = topic.Area, topic.Device
			want.Readings = append(want.Readings, sent(readings[i]))
		}
		payload := wire.AppendPayloads(nil, readings)
		if diff := cmp.Diff(want, d.Decode(topic.String(), payload)); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", payload, diff)
		}
	})
}

func TestRecordsRoundTrip(t *testing.T) {
	t.Parallel()
	var d wire.Decoder
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(anyReading(), 0, 5).Draw(t, "readings")
		before := []telemetry.Reading{telemetry.NewReading(telemetry.KindWiFi)}
		data := wire.AppendRecords([]byte("before"), want)
		data, hadPrefix := bytes.CutPrefix(data, []byte("before"))
		if !hadPrefix {
			t.Fatalf("AppendRecords did not append: %s", data)
		}
		got, err := d.DecodeRecords(slices.Clone(before), data)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if diff := cmp.Diff(slices.Concat(before, want), got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", data, diff)
		}
	})
}

func TestDamagedRecords(t *testing.T) {
	t.Parallel()
	const good = `{"kind":"wifi","area":"25459","id":"ap-1","received":1788238800000,"clients":4}`
	for _, data := range []string{
		``, `{}`, `[`, `[{}]`, `[` + good, `[` + good + `,]`, `[` + good + `]]`, `[` + good + `] x`,
		`[{"area":"25459","id":"ap-1","kind":"wifi","clients":4}]`, // the kind does not lead
		`[{"kind":"wifi","kind":"wifi","clients":4}]`,
		`[{"kind":"weather"}]`, `[{"kind":7}]`,
		`[{"kind":"status","state":"online"}]`, `[{"kind":"status","class":"status"}]`,
		`[{"kind":"wifi","flags":256}]`, `[{"kind":"wifi","received":"then"}]`, `[{"kind":"wifi","clients":"4"}]`,
	} {
		var d wire.Decoder
		got, err := d.DecodeRecords(nil, []byte(data))
		if err == nil || got != nil {
			t.Errorf("DecodeRecords(%s) = %+v, %v; want an error", data, got, err)
		}
		if errors.Is(err, telemetry.ErrRejected) {
			t.Errorf("DecodeRecords(%s): %v is a rejection, but the fault is ours", data, err)
		}
	}
}

// A record of a later version may hold a field we do not know yet: the reading
// survives a downgrade without it.
func TestRecordsWithUnknownMembers(t *testing.T) {
	t.Parallel()
	var d wire.Decoder
	got, err := d.DecodeRecords(nil, []byte(`[{"kind":"wifi","area":"25459","id":"ap-1","received":0,"quality":[1],"clients":4}]`))
	if err != nil || len(got) != 1 || got[0].WiFi.Clients.Or(0) != 4 {
		t.Errorf("got %+v, %v; want a reading of 4 clients", got, err)
	}
}

func TestDamagedSamples(t *testing.T) {
	t.Parallel()
	all := slices.Concat(samples(t, accepted), samples(t, rejected), samples(t, rejectedBeyond))
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(all).Draw(t, "sample")
		payload := slices.Clone(s.payload)
		for range rapid.IntRange(1, 4).Draw(t, "damages") {
			payload = damage(t, payload)
		}
		checkDecode(t, s.topic, payload)
	})
}

func damage(t *rapid.T, data []byte) []byte {
	at := rapid.IntRange(0, len(data)).Draw(t, "from")
	end := min(len(data), at+rapid.IntRange(0, 20).Draw(t, "length"))
	by := rapid.OneOf(
		rapid.Just([]byte(nil)), // a loss
		rapid.SliceOfN(rapid.Byte(), 1, 3),
		rapid.Map(rapid.SampledFrom([]string{`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, `\u`, `null`, `-`, `1e999`, `0.1`, `"id":`, `"time":0,`}), func(s string) []byte { return []byte(s) }),
		rapid.Just(slices.Clone(data[at:end])), // a repetition, when put beside itself
	).Draw(t, "by")
	if rapid.Bool().Draw(t, "insert") {
		end = at
	}
	return slices.Concat(data[:at], by, data[end:])
}

// checkDecode checks what must hold of any message at all.
func checkDecode(t failer, topic string, payload []byte) {
	t.Helper()
	var d wire.Decoder
	m := d.Decode(topic, payload)
	if len(m.Readings)+len(m.Rejects) == 0 {
		t.Errorf("%q on %q vanished", payload, topic)
	}
	for _, r := range m.Rejects {
		if !errors.Is(r.Err, telemetry.ErrRejected) {
			t.Errorf("%v does not wrap ErrRejected", r.Err)
		}
		if !bytes.Contains(payload, r.Payload) {
			t.Errorf("%q was not in %q", r.Payload, payload)
		}
		checkReason(t, r.Err.Error())
	}
	for i := range m.Readings {
		checkReading(t, topic, &m.Readings[i])
	}
	if diff := cmp.Diff(describe(m), describe(d.Decode(topic, payload))); diff != "" {
		t.Errorf("decoded again by the same decoder (-first +second):\n%s", diff)
	}
}

// checkReading checks what must hold of an accepted reading: it is valid, of its
// topic, has nothing that is ours to give, and can be sent and kept as it is.
func checkReading(t failer, topic string, r *telemetry.Reading) {
	t.Helper()
	if err := r.Validate(); err != nil {
		t.Errorf("accepted, but %v", err)
	}
	parsed, err := wire.ParseTopic(topic)
	if err != nil || wire.ReadingTopic(r) != parsed {
		t.Errorf("accepted on %q, but belongs on %q (%v)", topic, wire.ReadingTopic(r), err)
	}
	if !r.Received.IsZero() || !r.DeviceTime.IsZero() || r.Flags != 0 {
		t.Errorf("has received %v, device time %v and flags %v of its own", r.Received, r.DeviceTime, r.Flags)
	}
	if y := r.Time.Year(); y < 1 || y > 9999 || r.Time.Location() != time.UTC || r.Time.Nanosecond()%1e6 != 0 {
		t.Errorf("time %v is not UTC to the millisecond within the years 1 to 9999", r.Time)
	}
	var d wire.Decoder
	payload := wire.AppendPayload(nil, r)
	if diff := cmp.Diff(wire.Message{Readings: []telemetry.Reading{*r}}, d.Decode(topic, payload)); diff != "" {
		t.Errorf("sent again as %s (-want +got):\n%s", payload, diff)
	}
	data := wire.AppendRecords(nil, []telemetry.Reading{*r})
	back, err := d.DecodeRecords(nil, data)
	if err != nil {
		t.Errorf("kept as %s: %v", data, err)
	}
	if diff := cmp.Diff([]telemetry.Reading{*r}, back); diff != "" {
		t.Errorf("kept as %s (-want +got):\n%s", data, diff)
	}
}
