package simulator

import (
	"slices"
	"sync"
	"time"

	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// A World is a province with everything that matters to its devices. It never
// changes once made, and every question to it is a pure function of its options,
// place and time; it may be asked from any number of goroutines.
type World struct {
	options  Options
	start    int64 // Unix milliseconds, like every instant inside
	communes []commune
	terrain  *terrain
	roads    *roads
	centers  []int32 // the node of each commune's centre
	radio    *radio
	sites    []site
	uplinks  []uplink
	devices  []device
	effects  effects
	ways     func() (map[h3.Cell][]place, error) // findWays, once
}

// New makes a world. It fails when an option cannot be, naming it.
func New(o Options) (*World, error) {
	o, err := o.settle()
	if err != nil {
		return nil, err
	}
	w := &World{options: o, start: o.Start.UnixMilli()}
	if w.communes, err = readCommunes(o.Seed); err != nil {
		return nil, err
	}
	w.buildLand()
	w.ways = sync.OnceValues(w.findWays)
	if err := w.buildSites(); err != nil {
		return nil, err
	}
	w.buildDevices()
	if err := w.find(o.Scenario); err != nil {
		return nil, err
	}
	return w, nil
}

// buildLand makes what stands still: the ground, who lives where, roads and masts.
func (w *World) buildLand() {
	settlements := settle(w.communes)
	w.terrain = newTerrain(w.options.Seed, w.communes, settlements)
	w.roads = newRoads(settlements)
	w.centers = make([]int32, len(w.communes))
	for i := range slices.Backward(settlements) { // the first of each is its centre
		w.centers[settlements[i].commune] = int32(i)
	}
	w.radio = newRadio(w.options.Seed, w.terrain, w.communes, settlements, w.roads)
}

// Areas returns the province and its communes. The province has no outline; those of
// the communes are computed and marked approximate. The caller must not change them.
func (w *World) Areas() []telemetry.Area {
	areas := make([]telemetry.Area, 0, len(w.communes)+1)
	province := telemetry.Area{Code: provinceCode, Name: provinceName, Type: provinceType, Approximate: true}
	areas = append(areas, province)
	for i := range w.communes {
		areas = append(areas, w.communes[i].Area)
		areas[0].Population += w.communes[i].Population
		areas[0].SizeKm2 = round(areas[0].SizeKm2+w.communes[i].SizeKm2, 2)
	}
	areas[0].Center = telemetry.Point{Lat: originLat, Lon: originLon}
	return areas
}

// Sites returns the places people go, by id.
func (w *World) Sites() []telemetry.Site {
	sites := make([]telemetry.Site, 0, len(w.sites))
	for i := range w.sites {
		sites = append(sites, w.sites[i].Site)
	}
	slices.SortFunc(sites, func(a, b telemetry.Site) int { return compare(a.ID, b.ID) })
	return sites
}

// Devices returns the fleet as a registry should know it, by id.
func (w *World) Devices() []telemetry.Device {
	devices := make([]telemetry.Device, 0, len(w.devices))
	for i := range w.devices {
		devices = append(devices, w.devices[i].Device)
	}
	slices.SortFunc(devices, func(a, b telemetry.Device) int { return compare(a.ID, b.ID) })
	return devices
}

// Start returns when the devices come up, in event time.
func (w *World) Start() time.Time { return w.options.Start }

func compare[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
