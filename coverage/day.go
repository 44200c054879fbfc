package coverage

import (
	"cmp"
	"fmt"
	"time"

	"phusong/telemetry"
)

// A Day is a local calendar day, counted from 1 January 1970.
type Day int32

const dateLayout = "2006-01-02"

// ParseDay reads a date like 2026-11-03.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(dateLayout, s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a day; write it like 2026-11-03", s)
	}
	return Day(t.Unix() / secondsPerDay), nil
}

// String returns the date, like 2026-11-03.
func (d Day) String() string {
	return time.Unix(int64(d)*secondsPerDay, 0).UTC().Format(dateLayout)
}

// In returns the day's midnight in a time zone.
func (d Day) In(zone *time.Location) time.Time { return clock{zone}.join(d, 0) }

// MarshalText writes the date.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a date.
func (d *Day) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDay(string(text))
	return err
}

// DayOf returns the day that an instant falls on in a time zone.
func DayOf(t time.Time, zone *time.Location) Day {
	day, _ := clock{zone}.split(t)
	return day
}

// A clock turns instants into local days and seconds.
type clock struct{ zone *time.Location }

func (c clock) split(t time.Time) (day Day, second int) {
	_, offset := t.In(c.zone).Zone()
	local := t.Unix() + int64(offset)
	d := local / secondsPerDay
	if local%secondsPerDay < 0 {
		d--
	}
	return Day(d), int(local - d*secondsPerDay)
}

// join is the inverse of split, but on a day on which the zone changes its offset.
func (c clock) join(day Day, second int) time.Time {
	midnight := time.Unix(int64(day)*secondsPerDay, 0).UTC()
	return time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, 0, second, 0, c.zone)
}

// A TestID names a test within its cell and operator: the local day and second, and
// a short hash of the device, such as "2026-11-03T14:05:22/1a2b".
type TestID struct {
	Day    Day
	Second int
	Device uint16
}

const testIDLayout = "2006-01-02T15:04:05"

// String returns the id as it stands in dossiers.
func (t TestID) String() string {
	at := time.Unix(int64(t.Day)*secondsPerDay+int64(t.Second), 0).UTC()
	return fmt.Sprintf("%s/%04x", at.Format(testIDLayout), t.Device)
}

// ParseTestID is the inverse of String.
func ParseTestID(s string) (TestID, error) {
	var device uint16
	if len(s) == len(testIDLayout)+5 && s[len(testIDLayout)] == '/' {
		at, err := time.Parse(testIDLayout, s[:len(testIDLayout)])
		_, err2 := fmt.Sscanf(s[len(testIDLayout)+1:], "%04x", &device)
		if err == nil && err2 == nil && device <= deviceMask {
			day, second := clock{time.UTC}.split(at)
			return TestID{Day: day, Second: second, Device: device}, nil
		}
	}
	return TestID{}, fmt.Errorf("%q does not name a test; write it like 2026-11-03T14:05:22/1a2b", s)
}

// MarshalText writes the id.
func (t TestID) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads an id.
func (t *TestID) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTestID(string(text))
	return err
}

func (t TestID) who() uint32 { return uint32(t.Device)<<secondBits | uint32(t.Second) }

func (r record) testID(day Day) TestID {
	return TestID{Day: day, Second: r.second(), Device: uint16(r.device())}
}

// DeviceHash returns the short hash by which tests name the device.
func DeviceHash(id telemetry.DeviceID) uint16 { return uint16(deviceHash(id)) }

func compareIDs(a, b TestID) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Second, b.Second), cmp.Compare(a.Device, b.Device))
}
