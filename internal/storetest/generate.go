package storetest

import (
	"strings"
	"time"

	"pgregory.net/rapid"

	"phusong/telemetry"
)

// Reading generates a valid reading of the kind: any of the fields of
// [telemetry.Fields], each anywhere within its limits, by one of a few devices
// within a few seconds, so that equal and neighbouring keys are common. Draw from
// [Kind] for any kind.
func Reading(k telemetry.Kind) *rapid.Generator[telemetry.Reading] {
	return rapid.Custom(func(t *rapid.T) telemetry.Reading {
		r := telemetry.NewReading(k)
		r.Device = rapid.SampledFrom(devices).Draw(t, "device")
		r.Area = AreaOf(r.Device)
		r.Time = Epoch.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "time ms")) * time.Millisecond)
		r.Received = r.Time.Add(time.Duration(rapid.IntRange(-5000, 3_600_000).Draw(t, "delay ms")) * time.Millisecond)
		if rapid.Bool().Draw(t, "has device time") {
			r.DeviceTime = time.UnixMilli(rapid.Int64Range(-62_000_000_000_000, 250_000_000_000_000).Draw(t, "device time")).UTC()
		}
		r.Flags = telemetry.Flags(rapid.Uint8Range(0, 1<<5-1).Draw(t, "flags"))
		if rapid.Bool().Draw(t, "has seq") {
			r.Seq = telemetry.Some(rapid.Int64Range(0, maxSeq).Draw(t, "seq"))
		}
		fill(t, &r)
		if err := r.Validate(); err != nil {
			t.Fatalf("the generator made an invalid reading: %v", err)
		}
		return r
	})
}

// maxSeq is the greatest generated sequence number, below one million so that no
// store has to confuse two of them within one millisecond.
const maxSeq = 999_997

// Kind generates any kind.
func Kind() *rapid.Generator[telemetry.Kind] { return rapid.SampledFrom(telemetry.Kinds()) }

// Epoch is the earliest time of a generated reading.
var Epoch = time.Date(2025, 11, 21, 13, 0, 0, 0, time.UTC)

var devices = []telemetry.DeviceID{"a", "ap-1", "ap-10", "ap-2", "zz-last"}

// AreaOf returns the area of a generated device; each stays in one.
func AreaOf(d telemetry.DeviceID) telemetry.AreaCode {
	if len(d)%2 == 0 {
		return "25459"
	}
	return "72"
}

// fill sets what r carries, and then what the kind cannot do without.
func fill(t *rapid.T, r *telemetry.Reading) {
	fields := telemetry.Fields(r.Kind)
	for i := range fields {
		f := &fields[i]
		if rapid.Bool().Draw(t, "has "+f.Name) {
			draw(t, f, f.Ref(r), r.Kind == telemetry.KindEnvironment)
		}
	}
	switch r.Kind {
	case telemetry.KindWiFi:
		require(t, r, "clients")
	case telemetry.KindMobile:
		require(t, r, "operator")
		together(&r.Mobile.Lat, &r.Mobile.Lon)
	case telemetry.KindEnvironment:
		require(t, r, "noise_dba")
	case telemetry.KindStatus:
		require(t, r, "state")
		r.Status.Class = rapid.SampledFrom(telemetry.DeviceKinds()).Draw(t, "class")
		together(&r.Status.Lat, &r.Status.Lon)
	}
}

// require sets a field that is not there yet.
func require(t *rapid.T, r *telemetry.Reading, name string) {
	if f := telemetry.FieldByName(r.Kind, name); !f.Present(r) {
		draw(t, f, f.Ref(r), false)
	}
}

// together makes a position of half of one, and avoids the one that means nothing.
func together(lat, lon *telemetry.Opt[float64]) {
	if !lat.Present() && !lon.Present() {
		return
	}
	*lat, *lon = telemetry.Some(lat.Or(11.3)), telemetry.Some(lon.Or(106.1))
	if lat.Or(0) == 0 && lon.Or(0) == 0 {
		*lat = telemetry.Some(11.3)
	}
}

func draw(t *rapid.T, f *telemetry.Field, ref any, sentinels bool) {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		v := rapid.Float64Range(f.Min, f.Max)
		if sentinels {
			v = rapid.OneOf(v, rapid.SampledFrom([]float64{-999, -9999}))
		}
		*p = telemetry.Some(v.Draw(t, f.Name))
	case *telemetry.Opt[int64]:
		*p = telemetry.Some(rapid.Int64Range(int64(f.Min), int64(f.Max)).Draw(t, f.Name))
	case *telemetry.Opt[bool]:
		*p = telemetry.Some(rapid.Bool().Draw(t, f.Name))
	case *telemetry.Opt[string]:
		*p = telemetry.Some(text(f).Draw(t, f.Name))
	case *[]telemetry.Radio:
		radios := make([]telemetry.Radio, rapid.IntRange(1, telemetry.MaxRadios).Draw(t, "radios"))
		*p = radios
		table := telemetry.RadioFields()
		for i := range radios {
			for j := range table {
				if rapid.Bool().Draw(t, "has "+table[j].Name) {
					draw(t, &table[j], table[j].RadioRef(&radios[i]), false)
				}
			}
		}
	}
}

// text generates texts of the field: those allowed, or any, with a liking for
// what file formats and query languages trip over.
func text(f *telemetry.Field) *rapid.Generator[string] {
	switch {
	case len(f.Values) > 0:
		return rapid.SampledFrom(f.Values)
	case strings.HasSuffix(f.Name, "operator"):
		return rapid.SampledFrom([]string{"45204", "45201", "310410", "00101"})
	case f.Name == "users_sketch":
		return rapid.SampledFrom([]string{"hll1:2026-11:9f3c2a1bd4e5f607:Ag4AAQAAAAAAAAAAAAAAAAAAAAA=", "hll1:2026-12:00000000000000ff:Ag4AAQAAAAAAAAAAAAAAAAAAAAA="})
	}
	most := min(f.MaxLength, 300)
	awkward := rapid.SampledFrom([]string{
		"", " ", `"`, `'`, `\`, `\\"`, `a\`, "a,b=c d", "Trạm phủ sóng", "日本\U0001F4F6", `${x} {{y}}`, "NULL", "0", "true", "#datatype,string", "-- ;",
	})
	printable := rapid.Custom(func(t *rapid.T) string {
		s := rapid.StringN(0, most, most).Draw(t, "text")
		return strings.Map(func(c rune) rune {
			if c < ' ' || c == 0x7f || c == '\uFFFD' {
				return '.'
			}
			return c
		}, s)
	})
	return rapid.OneOf(awkward, printable)
}
