package telemetry_test

import (
	"errors"
	"strings"
	"testing"

	"phusong/telemetry"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"a": true, "0": true, "ap-1": true, "a-": true, "a--b": true, "0123456789": true, strings.Repeat("x", telemetry.MaxIDLength): true,
		"": false, "-a": false, "A": false, "a_b": false, "a.b": false, "a/b": false, "a+": false, "#": false, "a b": false, "sân": false,
		"\xff": false, "a\x00": false, strings.Repeat("x", telemetry.MaxIDLength+1): false,
	} {
		device, err := telemetry.ParseDeviceID(s)
		checkParsed(t, s, string(device), err, ok, "device id ")
		site, err := telemetry.ParseSiteID(s)
		checkParsed(t, s, string(site), err, ok, "site id ")
	}
}

func TestAreaCodes(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"80": true, "08": true, "00": true, "25459": true, "00004": true,
		"": false, "8": false, "859": false, "2545": false, "254590": false, "8a": false, "+8": false, "-1": false, "٨٠": false, "8\u00a0": false, strings.Repeat("1", 300): false,
	} {
		code, err := telemetry.ParseAreaCode(s)
		checkParsed(t, s, string(code), err, ok, "area code ")
		if ok && code.IsProvince() != (len(s) == 2) {
			t.Errorf("%q: IsProvince is %v", s, code.IsProvince())
		}
	}
}

func TestOperatorCodes(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"45204": true, "00101": true, "310410": true,
		"": false, "4520": false, "4520400": false, "452 04": false, "452-4": false, "Viettel": false,
	} {
		code, err := telemetry.ParseOperatorCode(s)
		checkParsed(t, s, string(code), err, ok, "operator ")
	}
	seen := make(map[telemetry.OperatorCode]bool)
	for _, o := range telemetry.Operators() {
		if _, err := telemetry.ParseOperatorCode(string(o.Code)); err != nil || o.Name == "" || seen[o.Code] {
			t.Errorf("operator %+v: %v", o, err)
		}
		seen[o.Code] = true
	}
}

func checkParsed(t *testing.T, s, got string, err error, ok bool, prefix string) {
	t.Helper()
	switch {
	case ok && (err != nil || got != s):
		t.Errorf("%q gave %q, %v", s, got, err)
	case !ok && (got != "" || !errors.Is(err, telemetry.ErrRejected)):
		t.Errorf("%q gave %q, %v; want a rejection", s, got, err)
	case !ok && (!strings.HasPrefix(err.Error(), prefix) || len(err.Error()) > 250):
		t.Errorf("%q: error %q does not begin with %q, or is too long", s, err, prefix)
	}
}

func TestPoints(t *testing.T) {
	t.Parallel()
	for p, field := range map[telemetry.Point]string{
		{Lat: 90, Lon: 180}: "", {Lat: -90, Lon: -180}: "", {}: "",
		{Lat: 90.001}: "lat", {Lat: -91}: "lat", {Lon: 180.5}: "lon", {Lon: -181}: "lon",
	} {
		err := p.Validate()
		if rejected, _ := errors.AsType[*telemetry.RejectedError](err); (err == nil) != (field == "") || (rejected != nil && rejected.Field != field) {
			t.Errorf("%+v: error %v, want one about %q", p, err, field)
		}
	}
	if !(telemetry.Point{}).IsZero() || (telemetry.Point{Lon: 1}).IsZero() {
		t.Error("IsZero is wrong")
	}
}
