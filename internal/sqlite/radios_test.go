package sqlite

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/telemetry"
)

func drawRadios(t *rapid.T) []telemetry.Radio {
	radios := make([]telemetry.Radio, rapid.IntRange(1, 4).Draw(t, "radios"))
	for i := range radios {
		r := &radios[i]
		if rapid.Bool().Draw(t, "band") {
			r.Band = telemetry.Some(rapid.String().Draw(t, "text"))
		}
		if rapid.Bool().Draw(t, "channel") {
			r.Channel = telemetry.Some(rapid.Int64().Draw(t, "number"))
		}
		if rapid.Bool().Draw(t, "utilization") {
			r.Utilization = telemetry.Some(rapid.Float64Range(-1e300, 1e300).Draw(t, "share"))
		}
	}
	return radios
}

// What is written is JSON, and is read as it was; half of it is refused.
func TestRadiosComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawRadios(t)
		text, err := radiosJSON(want)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is not JSON", text)
		}
		var got []telemetry.Radio
		if err := parseRadios(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		// What is not UTF-8 becomes so when it is written.
		for i := range want {
			if band, ok := want[i].Band.Get(); ok {
				want[i].Band = telemetry.Some(strings.ToValidUTF8(band, "\ufffd"))
			}
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(telemetry.Opt[string]{}, telemetry.Opt[int64]{}, telemetry.Opt[float64]{})); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		cut := rapid.IntRange(0, len(text)-1).Draw(t, "cut")
		if err := parseRadios(text[:cut], &got); err == nil {
			t.Errorf("%s was taken", text[:cut])
		}
	})
}

func TestRadiosOfAnotherVersion(t *testing.T) {
	t.Parallel()
	var got []telemetry.Radio
	if err := parseRadios(`[{"band":"5","gain":3,"name":"a,b}","channel":36},{}]`, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Channel.Or(0) != 36 || got[0].Band.Or("") != "5" {
		t.Errorf("read %+v", got)
	}
	for _, bad := range []string{"", "[", "[]", "{}", `[{"band":5.5.5,"channel":x}]`, `[{"channel":}]`, `[{"channel" 1}]`, `[{}]x`, `[{},]`, `[{"band":"\x"}]`} {
		if err := parseRadios(bad, &got); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzRadios(f *testing.F) {
	f.Add(`[{"band":"2.4","channel":6,"utilization":0.25,"noise_dbm":-90,"clients":3}]`)
	f.Add(`[{"band":"\u00e9\"","x":true},{}]`)
	f.Fuzz(func(t *testing.T, text string) {
		var radios []telemetry.Radio
		if parseRadios(text, &radios) == nil && len(radios) == 0 {
			t.Error("taken, and no radio")
		}
	})
}

func BenchmarkParseRadios(b *testing.B) {
	text, err := radiosJSON([]telemetry.Radio{
		{Band: telemetry.Some("2.4"), Channel: telemetry.Some[int64](6), Utilization: telemetry.Some(0.31), NoiseDBm: telemetry.Some(-92.0), Clients: telemetry.Some[int64](7)},
		{Band: telemetry.Some("5"), Channel: telemetry.Some[int64](36), Utilization: telemetry.Some(0.12), NoiseDBm: telemetry.Some(-95.0), Clients: telemetry.Some[int64](11)},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var radios []telemetry.Radio
	for b.Loop() {
		if err := parseRadios(text, &radios); err != nil {
			b.Fatal(err)
		}
	}
}
