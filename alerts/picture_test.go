package alerts_test

import (
	"testing"
	"time"

	"phusong/alerts"
	"phusong/telemetry"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func reading(at time.Time, flags telemetry.Flags) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindWiFi)
	r.Area, r.Device, r.Time, r.Received, r.Flags = "25459", "ap-1", at, at, flags
	if flags.Has(telemetry.FlagLate) {
		r.Received = at.Add(time.Hour)
	}
	return r
}

func status(at time.Time, state string, session int64) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindStatus)
	r.Area, r.Device, r.Time, r.Received = "25459", "ap-1", at, at
	r.Status.Class = telemetry.KindWiFi
	r.Status.State = telemetry.Some(state)
	r.Status.Session = telemetry.Some(session)
	return r
}

func TestPresence(t *testing.T) {
	t.Parallel()
	const interval = time.Minute
	tests := []struct {
		name     string
		readings []telemetry.Reading
		at       time.Time
		want     alerts.State
	}{
		{"never seen", nil, noon, alerts.Unknown},
		{"just seen", []telemetry.Reading{reading(noon, 0)}, noon, alerts.Up},
		{"one message lost", []telemetry.Reading{reading(noon, 0)}, noon.Add(2 * interval), alerts.Up},
		{"silent", []telemetry.Reading{reading(noon, 0)}, noon.Add(3*interval + time.Second), alerts.Silent},
		{"a backlog is no sign of life", []telemetry.Reading{reading(noon, 0), reading(noon.Add(4*interval), telemetry.FlagLate)}, noon.Add(5 * interval), alerts.Silent},
		{"the will", []telemetry.Reading{status(noon, telemetry.StateOnline, 7), status(noon.Add(time.Second), telemetry.StateOffline, 7)}, noon.Add(time.Second), alerts.Offline},
		{"back in a new session", []telemetry.Reading{status(noon, telemetry.StateOffline, 7), status(noon.Add(time.Second), telemetry.StateOnline, 8)}, noon.Add(time.Second), alerts.Up},
		{"the late will of an old session", []telemetry.Reading{status(noon, telemetry.StateOnline, 8), status(noon.Add(time.Second), telemetry.StateOffline, 7)}, noon.Add(time.Second), alerts.Up},
		{"a reading after the will", []telemetry.Reading{status(noon, telemetry.StateOffline, 7), reading(noon.Add(time.Second), 0)}, noon.Add(time.Second), alerts.Up},
		{"a reading from before the will", []telemetry.Reading{status(noon, telemetry.StateOffline, 7), reading(noon.Add(-time.Second), 0)}, noon.Add(time.Second), alerts.Offline},
		{"a broker's memory is no sign of life", []telemetry.Reading{reading(noon, 0), reading(noon.Add(4*interval), telemetry.FlagRetained)}, noon.Add(5 * interval), alerts.Silent},
		{"only a retained will", []telemetry.Reading{status(noon, telemetry.StateOffline, 7)}, noon, alerts.Offline},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := alerts.NewPicture()
			for i := range tt.readings {
				p.Observe(&tt.readings[i])
			}
			if got := p.Presence("ap-1").StateAt(tt.at, interval); got != tt.want {
				t.Errorf("state is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestIntervalOfTheBirth(t *testing.T) {
	t.Parallel()
	birth := status(noon, telemetry.StateBirth, 1)
	birth.Status.IntervalS = telemetry.Some(3600.0)
	p := alerts.NewPicture()
	p.Observe(&birth)
	if got := p.Presence("ap-1").StateAt(noon.Add(2*time.Hour), 0); got != alerts.Up {
		t.Errorf("a device that speaks once an hour is %s after two hours, want up", got)
	}
	if got := p.Presence("ap-1").StateAt(noon.Add(2*time.Hour), time.Minute); got != alerts.Silent {
		t.Errorf("the registry's interval must win; state is %s, want silent", got)
	}
}

// A clock two hours ahead must not make a device look fresh for two hours.
func TestFutureIsNotFresh(t *testing.T) {
	t.Parallel()
	r := reading(noon.Add(4*time.Minute), 0)
	r.Received = noon
	p := alerts.NewPicture()
	p.Observe(&r)
	if got := p.Presence("ap-1").LastSeen; !got.Equal(noon) {
		t.Errorf("last seen %s, want the time of receipt %s", got, noon)
	}
}
