package simulator

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// testStart is a Monday, 07:00 in the province.
var testStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, change func(*Options)) *World {
	t.Helper()
	o := Options{Seed: 7, Start: testStart, AccessPoints: 60, Probes: 15, Sensors: 20, EnvironmentInterval: time.Minute}
	if change != nil {
		change(&o)
	}
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// digest is the fingerprint of everything the fleet does.
func digest(w *World, until time.Time) string {
	sum := sha256.New()
	var buf []byte
	for e := range w.Events(until) {
		buf = fmt.Appendf(buf[:0], "%d %s %d %s %t ", e.At.UnixMilli(), e.Device, e.Action, e.Topic, e.Retained)
		sum.Write(e.AppendPayload(buf))
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	until := testStart.Add(2 * time.Hour)
	a, b := digest(newWorld(t, nil), until), digest(newWorld(t, nil), until)
	if a != b {
		t.Error("two worlds of the same seed told different stories")
	}
	if c := digest(newWorld(t, func(o *Options) { o.Seed = 8 }), until); c == a {
		t.Error("another seed told the same story")
	}
}

func TestWhateverDevicesSayIsValid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.History = 12 * time.Hour })
	var decoder wire.Decoder
	var buf []byte
	counts := make(map[telemetry.Kind]int)
	last := make(map[telemetry.DeviceID]int64)
	var at time.Time
	history := 0
	for e := range w.Events(testStart.Add(90 * time.Minute)) {
		if e.At.Before(at) {
			t.Fatalf("an event at %v comes after one at %v", e.At, at)
		}
		at = e.At
		if e.Topic == "" {
			continue
		}
		buf = e.AppendPayload(buf[:0])
		m := decoder.Decode(e.Topic, buf)
		if len(m.Rejects) != 0 || m.Unknown != 0 || len(m.Readings) != len(e.Readings) {
			t.Fatalf("%s\n%s\nis not what a device should say: %+v", e.Topic, buf, m.Rejects)
		}
		for i := range m.Readings {
			r := &m.Readings[i]
			counts[r.Kind]++
			if r.Time.Before(testStart) && r.Kind != telemetry.KindStatus {
				history++
			}
			if seq, ok := r.Seq.Get(); ok {
				if seq != last[r.Device]+1 {
					t.Fatalf("%s counts %d after %d", r.Device, seq, last[r.Device])
				}
				last[r.Device] = seq
			}
		}
		if again := wire.AppendPayload(nil, &m.Readings[0]); len(m.Readings) == 1 && !bytes.Equal(again, buf) {
			t.Fatalf("read back as\n%s\nfrom\n%s", again, buf)
		}
	}
	if most := w.HistoryReadings(); history == 0 || history > most+len(w.devices) || history < most/2 {
		t.Errorf("%d readings are older than the start, %d were announced at most", history, most)
	}
	for _, k := range telemetry.Kinds() {
		if counts[k] == 0 {
			t.Errorf("no %s reading was sent", k)
		}
	}
}

func textLogger(to io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, nil))
}
