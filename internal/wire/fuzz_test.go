package wire_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/testbed"
	"phusong/internal/wire"
	"phusong/telemetry"
)

func FuzzDecode(f *testing.F) {
	for _, folder := range []string{accepted, rejected, rejectedBeyond} {
		for _, s := range samples(f, folder) {
			f.Add(s.topic, s.payload)
		}
	}
	for _, payload := range hostile() {
		if len(payload) < 10_000 { // a long seed makes every mutation of it slow
			f.Add(wifiTopic, payload)
		}
	}
	f.Fuzz(func(t *testing.T, topic string, payload []byte) { checkDecode(t, topic, payload) })
}

// FuzzForeign begins with what other systems send and nobody of us wrote.
func FuzzForeign(f *testing.F) {
	files := 0
	err := filepath.WalkDir(testbed.Data(f, "payloads"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		payload, err := os.ReadFile(path)
		if err == nil {
			files++
			f.Add(payload)
		}
		return err
	})
	if err != nil || files == 0 {
		f.Fatalf("%d foreign payloads: %v", files, err)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, kind := range telemetry.DeviceKinds() {
			for _, channel := range []wire.Channel{wire.Telemetry, wire.Status, wire.Birth} {
				topic := wire.Topic{Area: "25459", Kind: kind, Device: "foreign-1", Channel: channel}
				checkDecode(t, topic.String(), payload)
			}
		}
	})
}

func FuzzRecords(f *testing.F) {
	var d wire.Decoder
	for _, s := range samples(f, accepted) {
		f.Add(wire.AppendRecords(nil, d.Decode(s.topic, s.payload).Readings))
	}
	f.Add([]byte(`[{"kind":"status","area":"80","id":"a","received":1,"class":"wifi","flags":31,"device_time":-1,"state":"birth"}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var d wire.Decoder
		readings, err := d.DecodeRecords(nil, data)
		if err != nil {
			return
		}
		for i := range readings {
			if readings[i].Validate() != nil {
				return // not of our making: the writer keeps valid readings only
			}
		}
		again, err := d.DecodeRecords(nil, wire.AppendRecords(nil, readings))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(readings, again); diff != "" {
			t.Errorf("written and read again (-want +got):\n%s", diff)
		}
	})
}

func FuzzTopic(f *testing.F) {
	for topic := range badTopics {
		f.Add(topic)
	}
	for _, s := range samples(f, accepted) {
		f.Add(s.topic)
	}
	f.Fuzz(func(t *testing.T, topic string) {
		parsed, err := wire.ParseTopic(topic)
		if err != nil {
			if !errors.Is(err, telemetry.ErrRejected) {
				t.Errorf("%v does not wrap ErrRejected", err)
			}
			checkReason(t, err.Error())
			return
		}
		if parsed.String() != topic {
			t.Errorf("%q became %q", topic, parsed)
		}
	})
}
