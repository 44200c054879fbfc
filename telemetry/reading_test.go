package telemetry_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phusong/telemetry"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, k := range telemetry.Kinds() {
		got, err := telemetry.ParseKind(k.String())
		if err != nil || got != k {
			t.Errorf("ParseKind(%q) = %v, %v", k, got, err)
		}
		if want := k != telemetry.KindStatus; k.IsDevice() != want {
			t.Errorf("%s: IsDevice is %v", k, !want)
		}
		r := telemetry.NewReading(k)
		bodies := map[telemetry.Kind]bool{telemetry.KindWiFi: r.WiFi != nil, telemetry.KindMobile: r.Mobile != nil,
			telemetry.KindEnvironment: r.Environment != nil, telemetry.KindStatus: r.Status != nil}
		for other, there := range bodies {
			if there != (other == k) {
				t.Errorf("NewReading(%s): body of %s there is %v", k, other, there)
			}
		}
	}
	for _, s := range []string{"", "WiFi", "wifi ", "gateway", "Kind(0)"} {
		if k, err := telemetry.ParseKind(s); k != 0 || !errors.Is(err, telemetry.ErrRejected) {
			t.Errorf("ParseKind(%q) = %v, %v; want a rejection", s, k, err)
		}
	}
	if got := telemetry.Kind(0).String() + " " + telemetry.Kind(200).String(); got != "Kind(0) Kind(200)" {
		t.Errorf("kinds that do not exist are called %q", got)
	}
	for _, k := range telemetry.DeviceKinds() {
		if !k.IsDevice() {
			t.Errorf("%s is not a kind of device", k)
		}
	}
}

// The bits of the flags are stored: their order must never change.
func TestFlags(t *testing.T) {
	t.Parallel()
	for f, want := range map[telemetry.Flags]string{
		0: "", 1: "no_time", 2: "clock_ahead", 4: "clock_behind", 8: "late", 16: "retained", 1 | 8: "no_time,late", 31: "no_time,clock_ahead,clock_behind,late,retained",
	} {
		if got := f.String(); got != want {
			t.Errorf("Flags(%d) = %q, want %q", f, got, want)
		}
	}
	f := telemetry.FlagLate | telemetry.FlagRetained
	if !f.Has(telemetry.FlagLate) || !f.Has(telemetry.FlagLate|telemetry.FlagNoTime) || f.Has(telemetry.FlagNoTime) || f.Has(0) {
		t.Error("Has is wrong")
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	r := valid(telemetry.KindWiFi)
	r.Time = time.UnixMilli(1_700_000_000_123)
	want := telemetry.Key{Kind: telemetry.KindWiFi, Device: "dev-1", Time: 1_700_000_000_123, Seq: telemetry.NoSeq}
	if got := r.Key(); got != want {
		t.Errorf("Key() = %+v, want %+v", got, want)
	}
	r.Seq, want.Seq = telemetry.Some[int64](0), 0
	if got := r.Key(); got != want {
		t.Errorf("Key() = %+v, want %+v: 0 is a number", got, want)
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	const sent, received = 1_000, 1_700_000_000_000
	type claim struct {
		time, seq   int64
		identifying bool
	}
	tests := []struct {
		name  string
		kind  telemetry.Kind
		flags telemetry.Flags
		sent  bool
		seq   telemetry.Opt[int64]
		want  claim
	}{
		{"the device's own time", telemetry.KindWiFi, 0, false, telemetry.Opt[int64]{}, claim{received, -1, true}},
		{"late is the device's own time", telemetry.KindWiFi, telemetry.FlagLate, false, telemetry.Some[int64](7), claim{received, 7, true}},
		{"no time, no number", telemetry.KindWiFi, telemetry.FlagNoTime, false, telemetry.Opt[int64]{}, claim{0, -1, false}},
		{"no time, a number", telemetry.KindWiFi, telemetry.FlagNoTime, false, telemetry.Some[int64](7), claim{0, 7, true}},
		{"a wrong clock", telemetry.KindWiFi, telemetry.FlagClockAhead, true, telemetry.Opt[int64]{}, claim{sent, -1, true}},
		{"an old clock and a number", telemetry.KindWiFi, telemetry.FlagClockBehind, true, telemetry.Some[int64](7), claim{sent, 7, true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := valid(tt.kind)
			r.Time, r.Flags, r.Seq = time.UnixMilli(received), tt.flags, tt.seq
			if tt.sent {
				r.DeviceTime = time.UnixMilli(sent)
			}
			key, identifying := r.Claim()
			if got := (claim{key.Time, key.Seq, identifying}); got != tt.want {
				t.Errorf("claim %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A will cannot know its time, so session and state must tell statuses apart.
func TestClaimOfAStatus(t *testing.T) {
	t.Parallel()
	seen := make(map[telemetry.Key]string)
	for session := range int64(4) {
		for _, state := range []string{telemetry.StateOnline, telemetry.StateOffline, telemetry.StateBirth} {
			r := valid(telemetry.KindStatus)
			r.Time, r.Flags = time.UnixMilli(1_700_000_000_000+session), telemetry.FlagNoTime
			r.Status.State, r.Status.Session = telemetry.Some(state), telemetry.Some(session)
			what := fmt.Sprint(session, " ", state)
			key, identifying := r.Claim()
			if other, taken := seen[key]; taken || !identifying {
				t.Errorf("%s claims %+v (identifying %v), as %s does", what, key, identifying, other)
			}
			seen[key] = what
			r.Time = r.Time.Add(time.Hour)
			if again, _ := r.Claim(); again != key {
				t.Errorf("%s redelivered claims %+v and not %+v", what, again, key)
			}
		}
	}
}

// However often and whenever a message is received, it claims the same.
func TestClaimIgnoresWhenItWasReceived(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := valid(telemetry.KindEnvironment)
		r.Flags = telemetry.Flags(rapid.IntRange(0, 31).Draw(rt, "flags"))
		if rapid.Bool().Draw(rt, "numbered") {
			r.Seq = telemetry.Some(rapid.Int64Range(0, 1<<53).Draw(rt, "seq"))
		}
		first, second := rapid.Int64Range(0, 1e13).Draw(rt, "first"), rapid.Int64Range(0, 1e13).Draw(rt, "second")
		r.Received = time.UnixMilli(first)
		r.Time = time.UnixMilli(1_700_000_000_000)
		if r.TimeAssigned() {
			r.Time = r.Received
			if !r.Flags.Has(telemetry.FlagNoTime) {
				r.DeviceTime = time.UnixMilli(1_000)
			}
		}
		again := r
		again.Received = time.UnixMilli(second)
		if r.TimeAssigned() {
			again.Time = again.Received
		}
		key, identifying := r.Claim()
		keyAgain, identifyingAgain := again.Claim()
		if key != keyAgain || identifying != identifyingAgain {
			rt.Fatalf("claims %+v %v, then %+v %v", key, identifying, keyAgain, identifyingAgain)
		}
	})
}

func TestOpt(t *testing.T) {
	t.Parallel()
	var none telemetry.Opt[float64]
	zero := telemetry.Some(0.0)
	if none.Present() || !zero.Present() || none.Equal(zero) || !zero.Equal(telemetry.Some(0.0)) {
		t.Error("an absent value and a reported zero are confused")
	}
	if v, ok := none.Get(); ok || v != 0 || none.Or(7) != 7 || zero.Or(7) != 0 {
		t.Error("Get or Or is wrong")
	}
}

func TestRejectedError(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("decoding: %w", &telemetry.RejectedError{Field: "seq", Reason: "too large"})
	if !errors.Is(err, telemetry.ErrRejected) || err.Error() != "decoding: seq: too large" {
		t.Errorf("error %q; rejected is %v", err, errors.Is(err, telemetry.ErrRejected))
	}
	if got := (&telemetry.RejectedError{Reason: "too large"}).Error(); got != "too large" {
		t.Errorf("error %q without a field", got)
	}
}
