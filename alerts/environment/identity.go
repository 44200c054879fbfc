package environment

import (
	"math"
	"time"

	"phusong/telemetry"
)

// An identity is what the messages of a device say about whether it is one device, and
// where it is. It is decided in the order of the stream: what has been decided of a reading
// stands.
type identity struct {
	// area is the area it sends for, before the one it sent for until switched.
	area, before telemetry.AreaCode
	switched     time.Time
	twoPlaces    time.Time // until then it sends for two places
	// at is where an unregistered device said it was; moved when it, or a registered one,
	// said that it is elsewhere.
	at      telemetry.Point
	moved   bool
	movedAt time.Time
	// interval is what the device said at its birth.
	interval time.Duration
	// seq is the last sequence number, back how often it went back this hour, and
	// twoSenders that it did so too often.
	seq        int64
	seqTime    int64 // event time of seq, Unix ms
	back       int
	twoSenders bool
}

const (
	// twoPlacesFor is how long a device that sends for two areas in turn is under suspicion
	// after it last changed.
	twoPlacesFor = 24 * time.Hour
	// backSteps is how often in an hour a sequence may go back; a restart is one.
	backSteps = 4
	// movedBy is farther than a receiver errs, in metres.
	movedBy = 500.0
	// settledAfter is when an unregistered device is believed to have a new place.
	settledAfter = 24 * time.Hour
)

// see takes note of a reading and returns the flags that all its values get for it.
func (i *identity) see(r *telemetry.Reading, now time.Time) Flags {
	var f Flags
	if r.Flags.Has(telemetry.FlagClockAhead | telemetry.FlagClockBehind) {
		f |= Clock
	}
	switch {
	case i.area == "":
		i.area = r.Area
	case r.Area != i.area:
		if r.Area == i.before && now.Sub(i.switched) < twoPlacesFor {
			i.twoPlaces = now.Add(twoPlacesFor)
		}
		i.before, i.area, i.switched = i.area, r.Area, now
	}
	if now.Before(i.twoPlaces) {
		f |= TwoPlaces
	}
	i.count(r)
	if i.twoSenders {
		f |= TwoSenders
	}
	if i.moved {
		f |= Moved
	}
	return f
}

// count watches the sequence numbers of live readings.
func (i *identity) count(r *telemetry.Reading) {
	seq, ok := r.Seq.Get()
	if !ok || r.Flags.Has(telemetry.FlagLate|telemetry.FlagRetained) || r.TimeAssigned() {
		return
	}
	t := r.Time.UnixMilli()
	if t <= i.seqTime {
		return // an older one that came later, or the same again
	}
	if seq < i.seq {
		if i.back++; i.back >= backSteps {
			i.twoSenders = true
		}
	}
	i.seq, i.seqTime = seq, t
}

// hourPassed forgets what happened in the hour.
func (i *identity) hourPassed() {
	i.twoSenders = i.back >= backSteps
	i.back = 0
}

// birth takes what a status says. home is where the registry has the device.
func (i *identity) birth(r *telemetry.Reading, home telemetry.Point, now time.Time) {
	if r.Flags.Has(telemetry.FlagLate) {
		return
	}
	if seconds, ok := r.Status.IntervalS.Get(); ok {
		i.interval = time.Duration(seconds * float64(time.Second))
	}
	lat, ok := r.Status.Lat.Get()
	lon, ok2 := r.Status.Lon.Get()
	if !ok || !ok2 {
		return
	}
	here := telemetry.Point{Lat: lat, Lon: lon}
	known := home
	if known.IsZero() {
		known = i.at
	}
	switch {
	case known.IsZero():
		i.at = here
	case metres(known, here) <= movedBy:
		i.moved = false
	case !i.moved:
		i.moved, i.movedAt = true, now
	case home.IsZero() && now.Sub(i.movedAt) >= settledAfter:
		i.at, i.moved = here, false
	}
}

// metres is the distance of two places that are not far apart.
func metres(a, b telemetry.Point) float64 {
	const perDegree = 111_195
	x := (a.Lon - b.Lon) * math.Cos((a.Lat+b.Lat)/2*math.Pi/180)
	return perDegree * math.Hypot(x, a.Lat-b.Lat)
}
