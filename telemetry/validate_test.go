package telemetry_test

import (
	"errors"
	"strings"
	"testing"

	"phusong/telemetry"
)

func TestValidateAcceptsTheLeastOfEachKind(t *testing.T) {
	t.Parallel()
	for _, k := range telemetry.Kinds() {
		r := valid(k)
		if err := r.Validate(); err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
}

func TestValidateRejects(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		kind  telemetry.Kind
		spoil func(*telemetry.Reading)
		field string
		want  string
	}{
		{"no device", telemetry.KindWiFi, func(r *telemetry.Reading) { r.Device = "" }, "id", "id: is empty"},
		{"a capital", telemetry.KindWiFi, func(r *telemetry.Reading) { r.Device = "AP-1" }, "id", `id: "AP-1" holds 'A'; use a-z, 0-9 and hyphens`},
		{"a letter of two bytes", telemetry.KindWiFi, func(r *telemetry.Reading) { r.Device = "sân-1" }, "id", `id: "sân-1" holds 'â'; use a-z, 0-9 and hyphens`},
		{"no area", telemetry.KindWiFi, func(r *telemetry.Reading) { r.Area = "" }, "area", `area: area code "" is neither`},
		{"no kind", telemetry.KindWiFi, func(r *telemetry.Reading) { r.Kind = 0 }, "", "has no body of that kind"},
		{"no body", telemetry.KindWiFi, func(r *telemetry.Reading) { r.WiFi = nil }, "", "a reading of kind wifi has no body of that kind"},
		{"another body", telemetry.KindMobile, func(r *telemetry.Reading) { *r = valid(telemetry.KindWiFi); r.Kind = telemetry.KindMobile }, "", "a reading of kind mobile has no body of that kind"},
		{"an empty body", telemetry.KindWiFi, func(r *telemetry.Reading) { r.WiFi = new(telemetry.WiFi) }, "", "there is no known wifi field in it"},
		{"an empty list of radios", telemetry.KindWiFi, func(r *telemetry.Reading) { r.WiFi = &telemetry.WiFi{Radios: []telemetry.Radio{}} }, "", "there is no known wifi field in it"},
		{"a negative number", telemetry.KindWiFi, func(r *telemetry.Reading) { r.Seq = telemetry.Some[int64](telemetry.NoSeq) }, "seq", "seq: -1 is outside 0 to 9007199254740992"},
		{"a number too large", telemetry.KindWiFi, func(r *telemetry.Reading) { r.Seq = telemetry.Some[int64](1<<53 + 1) }, "seq", "seq: 9007199254740993 is outside"},
		{"a unit is named", telemetry.KindMobile, func(r *telemetry.Reading) { r.Mobile.RSRPdBm = telemetry.Some(-24.0) }, "rsrp_dbm", "rsrp_dbm: -24 is outside -140 to -44 dBm"},
		{"a share has no unit", telemetry.KindWiFi, func(r *telemetry.Reading) { r.WiFi.CPU = telemetry.Some(1.5) }, "cpu", "cpu: 1.5 is outside 0 to 1"},
		{"no operator", telemetry.KindMobile, func(r *telemetry.Reading) {
			r.Mobile = &telemetry.Mobile{Technology: telemetry.Some("4g")}
		}, "operator", "operator: neither operator nor sim_operator"},
		{"half a position", telemetry.KindMobile, func(r *telemetry.Reading) { r.Mobile.Lat = telemetry.Some(10.5) }, "lat", "lat: lat and lon come together or not at all"},
		{"the other half", telemetry.KindStatus, func(r *telemetry.Reading) { r.Status.Lon = telemetry.Some(106.1) }, "lat", "lat: lat and lon come together or not at all"},
		{"null island", telemetry.KindMobile, func(r *telemetry.Reading) {
			r.Mobile.Lat, r.Mobile.Lon = telemetry.Some(0.0), telemetry.Some(0.0)
		}, "lat", "lat: 0, 0 is where receivers without a fix believe to be"},
		{"no state", telemetry.KindStatus, func(r *telemetry.Reading) {
			r.Status = &telemetry.Status{Class: telemetry.KindWiFi, Session: telemetry.Some[int64](1)}
		}, "state", "state: missing"},
		{"a status of nothing", telemetry.KindStatus, func(r *telemetry.Reading) { r.Status.Class = 0 }, "kind", "kind: a status comes from"},
		{"a status of a status", telemetry.KindStatus, func(r *telemetry.Reading) { r.Status.Class = telemetry.KindStatus }, "kind", "kind: a status comes from"},
		{"a word too much", telemetry.KindMobile, func(r *telemetry.Reading) { r.Mobile.Technology = telemetry.Some(strings.Repeat("5g", 100)) }, "technology", "…\" is not one of 2g, 3g, 4g"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := valid(tt.kind)
			tt.spoil(&r)
			err := r.Validate()
			if !errors.Is(err, telemetry.ErrRejected) {
				t.Fatalf("error %v, want a rejection", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want %q", err, tt.want)
			}
			if rejected, ok := errors.AsType[*telemetry.RejectedError](err); !ok || rejected.Field != tt.field {
				t.Errorf("error names the field %q, want %q", rejected.Field, tt.field)
			}
		})
	}
}

// A reading on the equator or the first meridian is not a reading without a fix.
func TestValidateAcceptsOneZero(t *testing.T) {
	t.Parallel()
	r := valid(telemetry.KindMobile)
	r.Mobile.Lat, r.Mobile.Lon = telemetry.Some(0.0), telemetry.Some(106.1)
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
}

func fullWiFi() telemetry.Reading {
	r := valid(telemetry.KindWiFi)
	fields := telemetry.Fields(r.Kind)
	for i := range fields {
		switch ref := fields[i].Ref(&r).(type) {
		case *telemetry.Opt[float64]:
			*ref = telemetry.Some(fields[i].Max)
		case *telemetry.Opt[int64]:
			*ref = telemetry.Some(int64(fields[i].Max))
		case *telemetry.Opt[bool]:
			*ref = telemetry.Some(true)
		case *telemetry.Opt[string]:
			*ref = telemetry.Some(goodSketch)
		case *[]telemetry.Radio:
			*ref = []telemetry.Radio{{Band: telemetry.Some("5"), Channel: telemetry.Some[int64](36)}, {Band: telemetry.Some("2.4"), NoiseDBm: telemetry.Some(-95.0)}}
		}
	}
	return r
}

// Every reading passes through Validate on its way in: it must not allocate.
func TestValidateDoesNotAllocate(t *testing.T) {
	r := fullWiFi()
	if n := testing.AllocsPerRun(100, func() {
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkValidate(b *testing.B) {
	for name, r := range map[string]telemetry.Reading{"wifi full": fullWiFi(), "mobile small": valid(telemetry.KindMobile)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Validate(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
