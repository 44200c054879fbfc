package ingest

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const topic = "phusong/v1/25459/wifi/30b5c29edb76/telemetry"
	for _, test := range []struct{ in, want string }{
		{`{"stations":["a4:5e:60:c1:22:33","A4-5E-60-C1-22-33"]}`, `{"stations":["xx:xx:xx:xx:xx:xx","xx-xx-xx-xx-xx-xx"]}`},
		{`{"mac":"a45e.60c1.2233"}`, `{"mac":"xxxx.xxxx.xxxx"}`},
		{`{"mac":"a45e60c12233"}`, `{"mac":"xxxxxxxxxxxx"}`},
		{`{"id":"30b5c29edb76"}`, `{"id":"30b5c29edb76"}`}, // the device's own name
		{`users a4:5e:60:c1:22:33, b4:5e:60:c1:22:33 were here`, `users xx:xx:xx:xx:xx:xx, xx:xx:xx:xx:xx:xx were here`},
		{`{"time":"2026-09-01T05:00:00Z","clients":412345678901}`, `{"time":"2026-09-01T05:00:00Z","clients":412345678901}`},
		{`2001:db8:85a3::8a2e:370:7334`, `2001:db8:85a3::8a2e:370:7334`},
		{`{"at":"05:00:00-07:00:00"}`, `{"at":"05:00:00-07:00:00"}`}, // two marks
		{`{"hash":"a45e60c1223344"}`, `{"hash":"a45e60c1223344"}`},
		{`a4:5e:60:c1:22:3`, `a4:5e:60:c1:22:3`},
		{``, ``},
	} {
		in := []byte(test.in)
		if got := string(redact(in, topic)); got != test.want {
			t.Errorf("%s\nbecame %s\nwant   %s", test.in, got, test.want)
		}
		if string(in) != test.in {
			t.Errorf("what came was changed: %s", in)
		}
	}
}

func TestRedactKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.StringMatching(`[ -~]{0,40}[ ,"{]`).Draw(t, "before")
		after := rapid.StringMatching(`[ ,"}][ -~]{0,40}`).Draw(t, "after")
		address := rapid.StringMatching(`[0-9a-f]{2}(:[0-9a-f]{2}){5}`).Draw(t, "address")
		in := before + address + after
		out := string(redact([]byte(in), ""))
		if len(out) != len(in) || strings.Contains(out, address) {
			t.Fatalf("%q became %q", in, out)
		}
		if again := redact([]byte(out), ""); !bytes.Equal(again, []byte(out)) {
			t.Fatalf("a second time %q became %q", out, again)
		}
	})
}

func BenchmarkRedactAMegabyteOfDigits(b *testing.B) {
	data := bytes.Repeat([]byte("a4:5e:60:c1:22:3 "), 1<<16)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		redact(data, "")
	}
}
