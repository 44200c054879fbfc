package simulator

import (
	"math"
	"time"
)

// Instants inside the world are Unix milliseconds: they are compared and
// subtracted millions of times, and the wire carries no more.
const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// localOffset is that of the whole country; it has no summer time.
const localOffset = 7 * hour

func millis(d time.Duration) int64 { return d.Milliseconds() }

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// localTime returns the wall clock of the province.
func localTime(ms int64) time.Time {
	return time.UnixMilli(ms).In(time.FixedZone("ICT", int(localOffset/second)))
}

// localDay numbers the days of the province's calendar since the epoch.
func localDay(ms int64) int64 { return floorDiv(ms+localOffset, day) }

// dayStart returns the first instant of a local day.
func dayStart(d int64) int64 { return d*day - localOffset }

// hourOfDay returns the local time of day in hours, 0 to 24.
func hourOfDay(ms int64) float64 {
	local := ms + localOffset
	return float64(local-floorDiv(local, day)*day) / float64(hour)
}

// weekday returns 0 for Monday to 6 for Sunday, locally.
func weekday(ms int64) int {
	const epochDay = 3 // 1 January 1970 was a Thursday
	return int(((localDay(ms)+epochDay)%7 + 7) % 7)
}

// season returns where in the year an instant lies, 0 to 1.
func season(ms int64) float64 {
	const year = 365.2425 * float64(day)
	y := float64(ms) / year
	return y - math.Floor(y)
}

// yearly is a cosine over the year with its peak at the given month (1.5 is mid January).
func yearly(ms int64, peakMonth float64) float64 {
	return math.Cos(2 * math.Pi * (season(ms) - (peakMonth-1)/12))
}

// daily is a cosine over the local day with its peak at the given hour.
func daily(ms int64, peakHour float64) float64 {
	return math.Cos(2 * math.Pi * (hourOfDay(ms) - peakHour) / 24)
}

// bump is 1 at the given hour of the day and fades over about width hours.
func bump(h, peak, width float64) float64 {
	d := math.Abs(h - peak)
	d = min(d, 24-d) / width
	return math.Exp(-d * d)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
