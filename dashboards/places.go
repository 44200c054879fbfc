package dashboards

import (
	"strconv"

	"phusong/telemetry"
)

// Places are what the registry says of where things are.
type Places struct {
	Areas   []telemetry.Area
	Sites   []telemetry.Site
	Devices []telemetry.Device
}

// PlaceCollector exports names and positions, to be joined to what is measured
// there: a map needs where, a reader wants the name of a commune and not its code.
type PlaceCollector struct {
	collector
	places               func() Places
	onlyAreas            bool
	area, site, position *family
}

// NewPlaceCollector returns a collector over places, which may be called concurrently.
func NewPlaceCollector(places func() Places) *PlaceCollector {
	c := &PlaceCollector{places: places}
	c.area = c.gauge("area_info", "Name of a commune or province by its code. Always 1.", "area", "name")
	c.site = c.gauge("site_info", "Name, category and position of a site. Always 1.", "site", "area", "category", "name", "latitude", "longitude")
	c.position = c.gauge("device_position_info", "Position of a probe or sensor that stands somewhere; access points are at their sites. Always 1.", "device", "kind", "area", "latitude", "longitude")
	c.walk = c.put
	return c
}

// OnlyAreas leaves out sites and devices. It returns the collector, and is called
// before the first scrape.
func (c *PlaceCollector) OnlyAreas() *PlaceCollector {
	c.onlyAreas = true
	return c
}

func (c *PlaceCollector) put(to series) {
	p := c.places()
	for i := range p.Areas {
		to.put(c.area, 1, string(p.Areas[i].Code), p.Areas[i].Name)
	}
	if c.onlyAreas {
		return
	}
	for i := range p.Sites {
		s := &p.Sites[i]
		to.put(c.site, 1, string(s.ID), string(s.Area), string(s.Category), s.Name, degrees(s.At.Lat), degrees(s.At.Lon))
	}
	for i := range p.Devices {
		if d := &p.Devices[i]; !d.Retired && !d.At.IsZero() && d.Kind != telemetry.KindWiFi {
			to.put(c.position, 1, string(d.ID), d.Kind.String(), string(d.Area), degrees(d.At.Lat), degrees(d.At.Lon))
		}
	}
}

// degrees writes a coordinate to about a metre.
func degrees(v float64) string { return strconv.FormatFloat(v, 'f', 5, 64) }
