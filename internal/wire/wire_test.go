package wire_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/wire"
	"phusong/telemetry"
)

const wifiTopic = "phusong/v1/25459/wifi/ap-0001/telemetry"

const wifiPayload = `{"time":1790000000123,"seq":1,"clients":12,"rx_bytes":123456,"tx_bytes":654321,"wan_up":true,"wan_latency_ms":12.5,"wan_loss":0.001,"portal_ok":true,"uptime_s":86400,"cpu":0.21,"memory":0.4,"temperature_c":41.5}`

func TestDecodeThenRecordsIsTheSame(t *testing.T) {
	t.Parallel()
	var d wire.Decoder
	m := d.Decode(wifiTopic, []byte(wifiPayload))
	if len(m.Rejects) != 0 || len(m.Readings) != 1 || m.Unknown != 0 {
		t.Fatalf("got %+v, want one reading", m)
	}
	got := string(wire.AppendPayload(nil, &m.Readings[0]))
	if got != wifiPayload {
		t.Errorf("payload\n got %s\nwant %s", got, wifiPayload)
	}
	m.Readings[0].Received = time.UnixMilli(1790000000456).UTC()
	back, err := d.DecodeRecords(nil, wire.AppendRecords(nil, m.Readings))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Readings, back); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func BenchmarkDecode(b *testing.B) {
	var d wire.Decoder
	payload := []byte(wifiPayload)
	b.ReportAllocs()
	for b.Loop() {
		if m := d.Decode(wifiTopic, payload); len(m.Readings) != 1 {
			b.Fatal(m)
		}
	}
}

func BenchmarkRecords(b *testing.B) {
	var d wire.Decoder
	m := d.Decode(wifiTopic, []byte(wifiPayload))
	batch := make([]telemetry.Reading, 100)
	for i := range batch {
		batch[i] = m.Readings[0]
	}
	var buf []byte
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = wire.AppendRecords(buf[:0], batch)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch)), "ns/reading")
	})
	var out []telemetry.Reading
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if out, err = d.DecodeRecords(out[:0], buf); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch)), "ns/reading")
	})
}

// An empty message on a retained topic takes back what the broker remembered. It is
// no reading, and nothing is wrong with it.
func TestTakingBackARetainedStatus(t *testing.T) {
	t.Parallel()
	var d wire.Decoder
	for topic, rejects := range map[string]int{
		"phusong/v1/25459/wifi/ap-1/status":    0,
		"phusong/v1/25459/wifi/ap-1/birth":     0,
		"phusong/v1/25459/wifi/ap-1/telemetry": 1,
	} {
		m := d.Decode(topic, nil)
		if len(m.Readings) != 0 || len(m.Rejects) != rejects {
			t.Errorf("%s: got %+v, want %d rejects and no reading", topic, m, rejects)
		}
	}
}
