// Package registry reads what a clerk keeps in files: areas and roads (GeoJSON), sites
// and devices (CSV from a spreadsheet). It checks all of it before any of it counts,
// and says of every fault the file, the line, what is wrong and what to do.
//
// A [Registry] is a snapshot that never changes; a [Watcher] replaces it when the
// files change and keeps the old one while the new files are wrong. What devices
// exist without being registered is not known here.
package registry

import (
	"cmp"
	"slices"
	"time"

	"phusong/telemetry"
)

// A Registry is what the files said at one instant. It is safe for concurrent
// use; nothing it returns may be changed. The zero Registry is empty and valid.
type Registry struct {
	devices []telemetry.Device // by id
	sites   []telemetry.Site   // by id
	areas   []telemetry.Area   // by code
	roads   [][]telemetry.Point

	deviceByID map[telemetry.DeviceID]int
	siteByID   map[telemetry.SiteID]int
	areaByCode map[telemetry.AreaCode]int
	communes   map[telemetry.AreaCode][]telemetry.Area // by province, then by code
	outlines   outlineIndex
}

// Device returns the device with that id.
func (r *Registry) Device(id telemetry.DeviceID) (telemetry.Device, bool) {
	return lookup(r.devices, r.deviceByID, id)
}

// Site returns the site with that id.
func (r *Registry) Site(id telemetry.SiteID) (telemetry.Site, bool) {
	return lookup(r.sites, r.siteByID, id)
}

// Area returns the area with that code. A province that is only named as a
// parent, without a feature of its own, is not found.
func (r *Registry) Area(code telemetry.AreaCode) (telemetry.Area, bool) {
	return lookup(r.areas, r.areaByCode, code)
}

func lookup[K comparable, V any](all []V, places map[K]int, key K) (V, bool) {
	i, ok := places[key]
	if !ok {
		var none V
		return none, false
	}
	return all[i], true
}

// Devices returns all devices, retired ones too, ordered by id.
func (r *Registry) Devices() []telemetry.Device { return r.devices }

// Sites returns all sites, ordered by id.
func (r *Registry) Sites() []telemetry.Site { return r.sites }

// Areas returns all areas, past and future ones too, ordered by code.
func (r *Registry) Areas() []telemetry.Area { return r.areas }

// Roads returns every road by its bends, in the order of the file; none when no road file is
// configured.
func (r *Registry) Roads() [][]telemetry.Point { return r.roads }

// Communes returns the communes of the province, ordered by code; none when the
// province is unknown.
func (r *Registry) Communes(province telemetry.AreaCode) []telemetry.Area {
	return r.communes[province]
}

// AreaAt returns the area whose outline holds p at time t: the commune where one
// is known, else the province. Outlines share borders, and a point on a border
// belongs to exactly one side of it.
func (r *Registry) AreaAt(p telemetry.Point, t time.Time) (telemetry.Area, bool) {
	found := -1
	for i := range r.outlines.candidates(p) {
		area := &r.areas[i]
		if !validAt(area, t) || !contains(area.Outline, p) {
			continue
		}
		if !area.Code.IsProvince() {
			return *area, true
		}
		found = i
	}
	if found < 0 {
		return telemetry.Area{}, false
	}
	return r.areas[found], true
}

// validAt reports whether the area exists at t: from ValidFrom, up to but not at
// ValidTo.
func validAt(a *telemetry.Area, t time.Time) bool {
	return (a.ValidFrom.IsZero() || !t.Before(a.ValidFrom)) && (a.ValidTo.IsZero() || t.Before(a.ValidTo))
}

// build makes the snapshot of checked parts and takes them over.
func build(areas []telemetry.Area, sites []telemetry.Site, devices []telemetry.Device) *Registry {
	slices.SortFunc(areas, func(a, b telemetry.Area) int { return cmp.Compare(a.Code, b.Code) })
	slices.SortFunc(sites, func(a, b telemetry.Site) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(devices, func(a, b telemetry.Device) int { return cmp.Compare(a.ID, b.ID) })
	r := &Registry{
		areas: areas, sites: sites, devices: devices,
		deviceByID: places(devices, func(d *telemetry.Device) telemetry.DeviceID { return d.ID }),
		siteByID:   places(sites, func(s *telemetry.Site) telemetry.SiteID { return s.ID }),
		areaByCode: places(areas, func(a *telemetry.Area) telemetry.AreaCode { return a.Code }),
		communes:   make(map[telemetry.AreaCode][]telemetry.Area),
	}
	for i := range areas {
		if parent := areas[i].Parent; parent != "" {
			r.communes[parent] = append(r.communes[parent], areas[i])
		}
	}
	r.outlines = indexOutlines(areas)
	return r
}

func places[K comparable, V any](all []V, key func(*V) K) map[K]int {
	m := make(map[K]int, len(all))
	for i := range all {
		m[key(&all[i])] = i
	}
	return m
}

// known returns every area code that something may belong to: those with a
// feature, and the provinces that features name as their parent.
func known(areas []telemetry.Area) map[telemetry.AreaCode]bool {
	codes := make(map[telemetry.AreaCode]bool, len(areas))
	for i := range areas {
		codes[areas[i].Code] = true
		if areas[i].Parent != "" {
			codes[areas[i].Parent] = true
		}
	}
	return codes
}
