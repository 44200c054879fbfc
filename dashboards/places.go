package dashboards

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

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
	places               func() Places
	onlyAreas            bool
	area, site, position *prometheus.Desc
}

// NewPlaceCollector returns a collector over places, which may be called concurrently.
func NewPlaceCollector(places func() Places) *PlaceCollector {
	return &PlaceCollector{
		places:   places,
		area:     prometheus.NewDesc("area_info", "Name of a commune or province by its code. Always 1.", []string{"area", "name"}, nil),
		site:     prometheus.NewDesc("site_info", "Name, category and position of a site. Always 1.", []string{"site", "area", "category", "name", "latitude", "longitude"}, nil),
		position: prometheus.NewDesc("device_position_info", "Position of a probe or sensor that stands somewhere; access points are at their sites. Always 1.", []string{"device", "kind", "area", "latitude", "longitude"}, nil),
	}
}

// OnlyAreas leaves out sites and devices. It returns the collector, and is called
// before the first scrape.
func (c *PlaceCollector) OnlyAreas() *PlaceCollector {
	c.onlyAreas = true
	return c
}

// Describe implements prometheus.Collector.
func (c *PlaceCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.area
	ch <- c.site
	ch <- c.position
}

// Collect implements prometheus.Collector.
func (c *PlaceCollector) Collect(ch chan<- prometheus.Metric) {
	one := func(d *prometheus.Desc, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, 1, labels...)
	}
	p := c.places()
	for i := range p.Areas {
		one(c.area, string(p.Areas[i].Code), p.Areas[i].Name)
	}
	if c.onlyAreas {
		return
	}
	for i := range p.Sites {
		s := &p.Sites[i]
		one(c.site, string(s.ID), string(s.Area), string(s.Category), s.Name, degrees(s.At.Lat), degrees(s.At.Lon))
	}
	for i := range p.Devices {
		if d := &p.Devices[i]; !d.Retired && !d.At.IsZero() && d.Kind != telemetry.KindWiFi {
			one(c.position, string(d.ID), d.Kind.String(), string(d.Area), degrees(d.At.Lat), degrees(d.At.Lon))
		}
	}
}

// degrees writes a coordinate to about a metre.
func degrees(v float64) string { return strconv.FormatFloat(v, 'f', 5, 64) }
