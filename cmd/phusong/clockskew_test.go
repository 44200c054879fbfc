package main

import (
	"fmt"
	"testing"
	"time"

	"phusong/telemetry"
)

func TestClockSkew(t *testing.T) {
	t.Parallel()
	said := func(n int, ahead time.Duration) telemetry.Reading {
		return telemetry.Reading{Device: telemetry.DeviceID(fmt.Sprintf("d-%d", n)), Received: dawn, Time: dawn.Add(-ahead)}
	}
	for name, test := range map[string]struct {
		readings []telemetry.Reading
		after    time.Duration
		want     time.Duration
		known    bool
	}{
		"nobody":            {},
		"too few":           {readings: []telemetry.Reading{said(1, time.Hour), said(2, time.Hour)}},
		"all agree with us": {readings: many(20, func(n int) telemetry.Reading { return said(n, time.Second) }), want: time.Second, known: true},
		"most say that we are an hour ahead": {readings: many(20, func(n int) telemetry.Reading {
			if n < 5 {
				return said(n, 0)
			}
			return said(n, time.Hour)
		}), want: time.Hour, known: true},
		"one uploads its backlog": {readings: many(40, func(n int) telemetry.Reading {
			if n < 20 {
				return said(n, time.Second)
			}
			return said(1, 9*time.Hour) // again and again
		}), want: time.Second, known: true},
		"we are behind: their times were clamped to ours": {readings: many(20, func(n int) telemetry.Reading {
			r := said(n, 0)
			r.DeviceTime = dawn.Add(2 * time.Hour)
			return r
		}), want: -2 * time.Hour, known: true},
		"no network time at all": {readings: many(20, func(n int) telemetry.Reading {
			r := said(n, 0)
			r.DeviceTime, r.Flags = time.Unix(100, 0), telemetry.FlagClockBehind
			return r
		})},
		"from the broker's memory": {readings: many(20, func(n int) telemetry.Reading {
			r := said(n, time.Hour)
			r.Flags = telemetry.FlagRetained
			return r
		})},
		"long ago":                    {readings: many(20, func(n int) telemetry.Reading { return said(n, time.Second) }), after: time.Hour},
		"more devices than are asked": {readings: many(3*skewDevices, func(n int) telemetry.Reading { return said(n, time.Minute) }), want: time.Minute, known: true},
	} {
		c := newClockSkew()
		c.observe(test.readings)
		if got, known := c.median(dawn.Add(test.after)); got != test.want || known != test.known {
			t.Errorf("%s: %v, %v; want %v, %v", name, got, known, test.want, test.known)
		}
		if len(c.claims) > skewDevices || len(c.at) != len(c.claims) {
			t.Errorf("%s: %d claims of %d devices are kept", name, len(c.claims), len(c.at))
		}
	}
}

func many(n int, of func(int) telemetry.Reading) []telemetry.Reading {
	readings := make([]telemetry.Reading, n)
	for i := range readings {
		readings[i] = of(i)
	}
	return readings
}
