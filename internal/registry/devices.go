package registry

import (
	"strings"

	"phusong/telemetry"
)

var deviceColumns = []column{
	{"id", true}, {"kind", true}, {"name", false}, {"site", false}, {"area", false}, {"lat", false}, {"lon", false},
	{"interval", true}, {"parent", false}, {"capacity", false}, {"model", false}, {"retired", false},
	{"reference", false}, {"water_alarms", false}, {"water_rise", false},
}

func (l *loader) readDevices(file string, data []byte) {
	at := make(map[telemetry.DeviceID]int)
	whole := l.readTable(file, data, deviceColumns, func(r *record) {
		id, err := telemetry.ParseDeviceID(r.get("id"))
		if err != nil {
			r.problem("%v", err)
		}
		device := l.readDevice(r)
		device.ID = id
		if err != nil {
			return
		}
		if first, twice := at[id]; twice {
			r.problem("device id %q is already used in line %d; give each device its own", id, l.devices[first].line)
			return
		}
		at[id] = len(l.devices)
		l.devices = append(l.devices, entry[telemetry.Device]{value: device, file: file, line: r.line})
	})
	l.devicesDamaged = !whole
	l.checkParents(at)
}

func (l *loader) readDevice(r *record) telemetry.Device {
	d := telemetry.Device{
		Name: r.text("name"), Model: r.text("model"), Retired: r.flag("retired"),
		Area: r.area(), At: r.point(), Capacity: r.capacity(),
		Site: telemetry.SiteID(r.get("site")), Parent: telemetry.DeviceID(r.get("parent")),
		Reference: r.flag("reference"), WaterAlarms: r.waterAlarms(), WaterRise: r.metres("water_rise", r.get("water_rise")),
	}
	kind, err := telemetry.ParseKind(r.get("kind"))
	if err != nil || !kind.IsDevice() {
		r.problem("kind %q is unknown%s", clip(r.get("kind")), nearest(r.get("kind"), deviceKindNames()))
	}
	d.Kind = kind
	switch {
	case r.get("interval") != "":
		d.Interval = r.interval()
	case !d.Retired:
		r.problem("interval is empty; write the time between two readings, such as 60s, so that silence can be noticed")
	}
	l.placeDevice(r, &d)
	return d
}

// placeDevice gives the device the area and position of its site, and checks that
// it has an area at all.
func (l *loader) placeDevice(r *record, d *telemetry.Device) {
	if d.Site == "" {
		if r.get("area") == "" {
			r.problem("neither site nor area is given; write the site, or the area that the device belongs to")
		}
		return
	}
	i, ok := l.siteAt[d.Site]
	switch {
	case ok:
		site := &l.sites[i].value
		if d.Area != "" && site.Area != "" && d.Area != site.Area {
			r.problem("area %q disagrees with site %q, which is in %q; leave area empty or correct one of them", d.Area, d.Site, site.Area)
		}
		d.Area = site.Area
		if d.At.IsZero() {
			d.At = site.At
		}
	case l.sitesFile == ".":
		r.problem("site %q does not exist, because no sites file is configured; configure one or clear the site", clip(string(d.Site)))
	case !l.sitesDamaged:
		r.problem("site %q does not exist; add it to %s or correct the name", clip(string(d.Site)), l.sitesFile)
	}
}

func deviceKindNames() []string {
	var names []string
	for _, k := range telemetry.DeviceKinds() {
		names = append(names, k.String())
	}
	return names
}

// checkParents reports parents that do not exist and parents in a circle.
func (l *loader) checkParents(at map[telemetry.DeviceID]int) {
	const (
		unseen = iota
		onPath
		done
	)
	state := make([]uint8, len(l.devices))
	for start := range l.devices {
		var path []int
		for i := start; state[i] == unseen; {
			state[i] = onPath
			path = append(path, i)
			parent := l.devices[i].value.Parent
			if parent == "" {
				break
			}
			next, ok := at[parent]
			if !ok {
				if !l.devicesDamaged {
					l.problems.add(l.devices[i].file, l.devices[i].line, "parent %q does not exist; add the device or correct the name", clip(string(parent)))
				}
				break
			}
			if state[next] == onPath {
				l.reportCircle(path, next)
			}
			i = next
		}
		for _, i := range path {
			state[i] = done
		}
	}
}

// reportCircle reports the part of path that begins at first and leads back to it.
func (l *loader) reportCircle(path []int, first int) {
	const most = 10
	var names []string
	for n, i := range path {
		if i != first && len(names) == 0 {
			continue
		}
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, string(l.devices[path[n]].value.ID))
	}
	names = append(names, string(l.devices[first].value.ID))
	l.problems.add(l.devices[first].file, l.devices[first].line, "parents run in a circle: %s; clear the parent of the one that is nearest to the internet", strings.Join(names, " → "))
}
