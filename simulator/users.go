package simulator

import (
	"fmt"
	"time"

	"github.com/axiomhq/hyperloglog"

	"phusong/telemetry"
)

// Who uses the Wi-Fi: of the devices at an access point in an hour, most are of
// those who come to the place again and again, and the others live or travel in the
// commune, and may be at another place of it in the next hour.
const (
	usersPerHour     = 1.6 // different ones, of those there at an instant
	regularShare     = 0.7
	regularsPerUser  = 1.5 // how many come again and again, of those at the busiest hour
	wandererShare    = 0.25
	sketchPrecision  = 14
	mostUsersPerHour = 10_000
)

// hourlyUsers calls do with each device that uses the access point in the hour that
// holds the instant, some more than once. An access point that is dark in the middle
// of the hour has none.
func (w *World) hourlyUsers(d *device, ms int64, do func(user uint64)) {
	n := floorDiv(ms, hour)
	middle := n*hour + hour/2
	for _, o := range w.outages(d, localDay(middle)) {
		if o.dark && o.covers(middle) {
			return
		}
	}
	s := &w.sites[d.site]
	home := &w.communes[s.commune]
	regulars := max(1, uint64(s.people*wifiAdoption*regularsPerUser))
	wanderers := max(1, uint64(float64(home.Population)*wandererShare))
	count := min(int(w.wifiAt(d, middle).clients*usersPerHour), mostUsersPerHour)
	base := key(d.key, forUsers, uint64(n))
	for i := range uint64(count) {
		h := mix(base + golden*i)
		if unit(h) < regularShare {
			do(key(s.key, forUsers, mix(h+1)%regulars))
		} else {
			do(key(home.key, forUsers, mix(h+1)%wanderers))
		}
	}
}

// visitors is what an access point has counted since the month, or the world's
// memory, began.
type visitors struct {
	month  int64 // its first instant
	next   int64 // the next hour to count
	sketch *hyperloglog.Sketch
}

// countUsers counts on to the instant, and returns the text of the sketch.
func (w *World) countUsers(v *visitors, d *device, ms int64) string {
	month, begin := monthOf(ms)
	if v.sketch == nil || v.month != begin {
		sketch, err := hyperloglog.NewSketch(sketchPrecision, true)
		if err != nil {
			return "" // the precision is one that there is
		}
		*v = visitors{month: begin, next: w.countFrom(begin), sketch: sketch}
	}
	salt := key(w.options.Seed, forUsers, uint64(begin))
	for ; v.next <= ms; v.next += hour {
		w.hourlyUsers(d, v.next, func(user uint64) { v.sketch.InsertHash(mix(user ^ salt)) })
	}
	v.sketch.Estimate() // compacts it: the same users give the same bytes
	data, err := v.sketch.MarshalBinary()
	if err != nil {
		return ""
	}
	return telemetry.UsersSketch{Month: month, Salt: fmt.Sprintf("%016x", mix(salt+1)), Sketch: data}.String()
}

// countFrom is when counting for the month that begins then began: no device has
// counted before the world's memory.
func (w *World) countFrom(month int64) int64 {
	return max(month, w.start-millis(w.options.History))
}

// monthOf names the local month and returns its first instant.
func monthOf(ms int64) (name string, begin int64) {
	local := localTime(ms)
	name = local.Format("2006-01")
	return name, dayStart(localDay(ms) - int64(local.Day()-1))
}

// Users returns how many different devices really used the public Wi-Fi of an area,
// "" for all of them, from the beginning of the local month until the end of the
// hour that holds the instant.
func (w *World) Users(area telemetry.AreaCode, at time.Time) int {
	ms := at.UnixMilli()
	_, begin := monthOf(ms)
	seen := make(map[uint64]struct{})
	for i := range w.devices {
		d := &w.devices[i]
		if d.Kind != telemetry.KindWiFi || (area != "" && area != provinceCode && w.sites[d.site].Area != area) {
			continue
		}
		for t := w.countFrom(begin); t <= ms; t += hour {
			w.hourlyUsers(d, t, func(user uint64) { seen[user] = struct{}{} })
		}
	}
	return len(seen)
}
