package telemetry_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/telemetry"
)

// goodSketch is an empty sparse sketch of precision 14.
const goodSketch = "hll1:2026-11:9f3c2a1bd4e5f607:Ag4AAQAAAAAAAAAAAAAAAAAAAAA="

func TestUsersSketch(t *testing.T) {
	t.Parallel()
	sketch, err := telemetry.ParseUsersSketch(goodSketch)
	if err != nil {
		t.Fatal(err)
	}
	want := telemetry.UsersSketch{Month: "2026-11", Salt: "9f3c2a1bd4e5f607", Sketch: append([]byte{2, 14, 0, 1}, make([]byte, 16)...)}
	if diff := cmp.Diff(want, sketch); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if sketch.Precision() != 14 || sketch.String() != goodSketch {
		t.Errorf("precision %d, text %s", sketch.Precision(), sketch)
	}
	if p := (telemetry.UsersSketch{}).Precision(); p != 0 {
		t.Errorf("a sketch of nothing has precision %d, want 0", p)
	}
}

func TestUsersSketchRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"empty":            {"", "not of the form"},
		"a MAC address":    {"a4:5e:60:c1:22:33", "not of the form"},
		"plain base64":     {"SExMX1YxAAAB//8=", "not of the form"},
		"another form":     {strings.Replace(goodSketch, "hll1", "hll2", 1), "not of the form"},
		"no sketch":        {"hll1:2026-11:9f3c2a1bd4e5f607", "not of the form"},
		"an empty sketch":  {"hll1:2026-11:9f3c2a1bd4e5f607:", "does not begin like"},
		"month 13":         {strings.Replace(goodSketch, "2026-11", "2026-13", 1), "month"},
		"month of a day":   {strings.Replace(goodSketch, "2026-11", "2026-11-01", 1), "month"},
		"month in short":   {strings.Replace(goodSketch, "2026-11", "2026-1", 1), "month"},
		"salt in capitals": {strings.Replace(goodSketch, "9f3c", "9F3C", 1), "salt"},
		"salt too long":    {strings.Replace(goodSketch, "9f3c", "9f3c00", 1), "salt"},
		"not base64":       {strings.Replace(goodSketch, "Ag4A", "Ag4!", 1), "base64"},
		"base64 in lines":  {strings.Replace(goodSketch, "Ag4A", "Ag4A\n", 1), "control"},
		"version 1":        {strings.Replace(goodSketch, "Ag4A", "AQ4A", 1), "version"},
		"precision 3":      {strings.Replace(goodSketch, "Ag4A", "AgMA", 1), "precision"},
		"precision 19":     {strings.Replace(goodSketch, "Ag4A", "AhMA", 1), "precision"},
		"neither form":     {strings.Replace(goodSketch, "Ag4AAQ", "Ag4AAg", 1), "version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := telemetry.NewReading(telemetry.KindWiFi)
			r.Area, r.Device = "25459", "ap-1"
			r.WiFi.UsersSketch = telemetry.Some(test.text)
			err := r.Validate()
			if !errors.Is(err, telemetry.ErrRejected) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want a rejection with %q", err, test.want)
			}
			if name == "a MAC address" && strings.Contains(err.Error(), "5e:60") {
				t.Errorf("the error repeats what must not be kept: %v", err)
			}
		})
	}
}

func FuzzUsersSketch(f *testing.F) {
	f.Add(goodSketch)
	f.Add("hll1:2026-11:9f3c2a1bd4e5f607:AgQAAAAAABAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		sketch, err := telemetry.ParseUsersSketch(text)
		if err != nil {
			if !errors.Is(err, telemetry.ErrRejected) {
				t.Errorf("%v is no rejection", err)
			}
			return
		}
		again, err := telemetry.ParseUsersSketch(sketch.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sketch, again); diff != "" {
			t.Errorf("written and read again (-first +second):\n%s", diff)
		}
	})
}
