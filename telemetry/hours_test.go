package telemetry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"phusong/telemetry"
)

// at returns an instant of the week that begins on Monday, 2 March 2026.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	day, clock, _ := strings.Cut(text, " ")
	n := strings.Index("MoTuWeThFrSaSu", day) / 2
	c, err := time.Parse("15:04", clock)
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 3, 2+n, c.Hour(), c.Minute(), 59, 0, time.FixedZone("UTC+7", 7*3600))
}

func TestHours(t *testing.T) {
	t.Parallel()
	tests := []struct{ hours, open, closed string }{
		{"", "Mo 00:00, Su 23:59", ""},
		{" 24/7 ", "Mo 00:00, Su 23:59", ""},
		{"Mo-Fr 07:00-17:00", "Mo 07:00, Fr 16:59, We 12:00", "Mo 06:59, Fr 17:00, Sa 12:00, Su 12:00"},
		{"Mo-Fr 07:00-17:00; Sa,Su 08:00-12:00", "Fr 16:59, Sa 08:00, Su 11:59", "Sa 07:59, Su 12:00"},
		{"Mo-Fr 07:00-11:30,13:00-17:00", "Tu 11:29, Tu 13:00", "Tu 11:30, Tu 12:59"},
		{"Mo,We 09:00-10:00", "Mo 09:30, We 09:30", "Tu 09:30"},
		{"Mo-We,Sa 09:00-10:00", "Mo 09:30, Tu 09:30, We 09:30, Sa 09:30", "Th 09:30, Fr 09:30, Su 09:30"},
		{"Fr 22:00-02:00", "Fr 22:00, Fr 23:59, Sa 00:00, Sa 01:59", "Fr 01:00, Fr 21:59, Sa 02:00, Sa 22:00"},
		{"Su 22:00-02:00", "Su 23:00, Mo 00:00, Mo 01:59", "Mo 02:00, Mo 22:00, Su 01:00"},
		{"Sa-Mo 10:00-11:00", "Sa 10:00, Su 10:00, Mo 10:00", "Tu 10:00, Fr 10:00"},
		{"Su-Mo 22:00-06:00", "Su 22:00, Mo 05:59, Mo 22:00, Tu 05:59", "Su 05:00, Tu 06:00, Mo 12:00"},
		{"Mo-Su 00:00-24:00", "Mo 00:00, Su 23:59, We 00:00", ""},
		{"Mo 07:00-07:00", "Mo 07:00, Tu 06:59", "Mo 06:59, Tu 07:00"},
		{"Mo  07:00-08:00;Tu 09:00-10:00", "Mo 07:00, Tu 09:00", "Tu 07:00"},
	}
	for _, tt := range tests {
		t.Run(tt.hours, func(t *testing.T) {
			t.Parallel()
			h, err := telemetry.ParseHours(tt.hours)
			if err != nil {
				t.Fatal(err)
			}
			for want, list := range map[bool]string{true: tt.open, false: tt.closed} {
				for instant := range strings.SplitSeq(list, ", ") {
					if instant != "" && h.Open(at(t, instant)) != want {
						t.Errorf("at %s: open is %v, want %v", instant, !want, want)
					}
				}
			}
			if got := h.String(); got != strings.TrimSpace(tt.hours) {
				t.Errorf("written back as %q", got)
			}
		})
	}
}

// The location of the instant counts: 07:00 in Việt Nam is midnight in UTC.
func TestHoursAreLocal(t *testing.T) {
	t.Parallel()
	h, err := telemetry.ParseHours("Mo 07:00-08:00")
	if err != nil {
		t.Fatal(err)
	}
	instant := at(t, "Mo 07:30")
	if !h.Open(instant) || h.Open(instant.UTC()) {
		t.Errorf("open %v in local time and %v in UTC, want true and false", h.Open(instant), h.Open(instant.UTC()))
	}
}

func TestHoursEqual(t *testing.T) {
	t.Parallel()
	a, _ := telemetry.ParseHours("Mo 07:00-08:00")
	b, _ := telemetry.ParseHours(" Mo 07:00-08:00 ")
	if !a.Equal(b) || a.Equal(telemetry.Hours{}) {
		t.Error("Equal is wrong")
	}
}

func TestHoursThatAreRefused(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"8-17":                    "lacks days or times",
		"Mo":                      "lacks days or times",
		"07:00-17:00":             "lacks days or times",
		"Mo-Fr 07:00-17:00;":      "lacks days or times",
		"Monday 07:00-17:00":      `"Monday" is not a day`,
		"T2-T6 07:00-17:00":       `"T2-T6" is not a day`,
		"Mo- 07:00-17:00":         `"Mo-" is not a day`,
		"Mo, 07:00-17:00":         `"" is not a day`,
		"Mo 07:00":                `"07:00" is not a span of time`,
		"Mo 7:00-17:00":           `"7:00" is not a time of day; write it like 07:30`,
		"Mo 07:60-17:00":          `"07:60" is not a time of day`,
		"Mo 07:00-24:01":          `"24:01" is not a time of day`,
		"Mo 25:00-26:00":          `"25:00" is not a time of day`,
		"Mo +7:00-17:00":          `"+7:00" is not a time of day`,
		"Mo 07:-1-17:00":          "is not a time of day",
		"Mo 07h00-17h00":          `"07h00" is not a time of day`,
		"Mo 07:+1-17:00":          `"07:+1" is not a time of day`,
		"Mo 24:00-24:00":          `"24:00" is when a day ends`,
		"closed":                  "lacks days or times",
		strings.Repeat("Mo ", 99): "…",
	} {
		h, err := telemetry.ParseHours(s)
		if !errors.Is(err, telemetry.ErrRejected) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `write them like "Mo-Fr 07:00-17:00`) {
			t.Errorf("%q gave %+v, %v; want a rejection with %q and a remedy", s, h, err, want)
		}
	}
}

func FuzzParseHours(f *testing.F) {
	for _, s := range []string{"", "24/7", "Mo-Fr 07:00-17:00; Sa,Su 08:00-12:00", "Su 22:00-02:00", "Fr-Mo 00:00-24:00"} {
		f.Add(s, int64(0))
	}
	f.Fuzz(func(t *testing.T, s string, seconds int64) {
		h, err := telemetry.ParseHours(s)
		if err != nil {
			if !errors.Is(err, telemetry.ErrRejected) {
				t.Errorf("error %v is no rejection", err)
			}
			return
		}
		again, err := telemetry.ParseHours(h.String())
		if err != nil || !again.Equal(h) {
			t.Errorf("%q written back as %q is %q, %v", s, h, again, err)
		}
		instant := time.Unix(seconds%1e10, 0).UTC()
		if h.Open(instant) != h.Open(instant.AddDate(0, 0, 7)) || h.Open(instant) != again.Open(instant) {
			t.Errorf("%q is not the same every week at %s", s, instant)
		}
	})
}
