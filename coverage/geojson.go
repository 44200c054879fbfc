package coverage

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// A CellFilter chooses cells. The zero filter takes all.
type CellFilter struct {
	Operator telemetry.OperatorCode // empty for any
	// Area is a commune or a province; empty for any.
	Area telemetry.AreaCode
	// Verdicts to show; empty for all.
	Verdicts []Verdict
}

func (a *Assessment) takes(f *CellFilter, c *CellVerdict) bool {
	if f.Operator != "" && c.Operator != f.Operator {
		return false
	}
	if f.Area != "" && c.Area != f.Area {
		if _, province := a.grid.places(c.Cell); province != f.Area {
			return false
		}
	}
	return len(f.Verdicts) == 0 || slices.Contains(f.Verdicts, c.Verdict)
}

// AppendCells appends a GeoJSON FeatureCollection of the cells (RFC 7946), in their order:
// the same assessment makes the same bytes. Properties are described in docs/COVERAGE.md.
func (a *Assessment) AppendCells(b []byte, f CellFilter) []byte {
	b = a.appendHead(b)
	first := true
	var last Cell
	var outline []byte // operators share cells
	for i := range a.Cells {
		c := &a.Cells[i]
		if !a.takes(&f, c) {
			continue
		}
		if c.Cell != last {
			last = c.Cell
			outline = appendRing(outline[:0], c.Cell.Outline())
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, "\n{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":["...)
		b = append(b, outline...)
		b = append(b, "]},\"properties\":"...)
		b = a.appendProperties(b, c)
		b = append(b, '}')
	}
	return append(b, "\n]}\n"...)
}

// appendHead begins a collection with what holds for all of it.
func (a *Assessment) appendHead(b []byte) []byte {
	b = append(b, "{\"type\":\"FeatureCollection\",\"day\":\""...)
	b = append(b, a.Day.String()...)
	b = append(b, "\",\"rules\":"...)
	b = strconv.AppendQuote(b, a.Rules)
	return append(b, ",\"features\":["...)
}

func (a *Assessment) appendProperties(b []byte, c *CellVerdict) []byte {
	p := object{append(b, '{')}
	d, s := &c.Decision, &c.Summary
	p.text("cell", c.Cell.String())
	p.text("operator", string(c.Operator))
	if c.Area != "" {
		p.text("area", string(c.Area))
	}
	p.text("verdict", c.Verdict.String())
	if c.Verdict != Unproven {
		p.text("since", c.Since.String())
		p.text("proven", c.Proven.String())
	}
	p.text("window_verdict", d.Verdict.String())
	p.number("target_mbps", c.TargetMbps, 2)
	p.integer("tests", d.Tests)
	p.integer("negative", d.Negative)
	p.integer("unusable", d.Unusable)
	shown := d.Shown()
	p.number("share_lower", shown.Lower, 4)
	p.number("share_upper", shown.Upper, 4)
	p.number("mean_mbps", s.MeanMbps, 2)
	p.number("p20_mbps", s.P20Mbps, 2)
	p.number("p50_mbps", s.P50Mbps, 2)
	p.number("p80_mbps", s.P80Mbps, 2)
	p.integer("devices", s.Devices)
	p.integer("days", s.Days)
	p.integer("hours", s.Hours)
	if !s.Last.IsZero() {
		p.text("last", s.Last.Format("2006-01-02T15:04:05Z07:00"))
	}
	if c.Further != nil {
		p.integer("further_tests", c.Further.Tests)
	}
	return append(p.b, '}')
}

// An object is JSON in the making.
type object struct{ b []byte }

func (o *object) name(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

// text is for values that need no escaping.
func (o *object) text(name, value string) {
	o.name(name)
	o.b = append(o.b, '"')
	o.b = append(o.b, value...)
	o.b = append(o.b, '"')
}

func (o *object) integer(name string, value int) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, int64(value), 10)
}

func (o *object) number(name string, value float64, places int) {
	o.name(name)
	o.b = strconv.AppendFloat(o.b, round(value, places), 'f', -1, 64)
}

// degrees are written with six places: 11 cm.
const degreePlaces = 1e6

// appendRing writes [[lon,lat],…].
func appendRing(b []byte, ring telemetry.Ring) []byte {
	b = append(b, '[')
	for i, p := range ring {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = appendDegrees(b, p.Lon)
		b = append(b, ',')
		b = appendDegrees(b, p.Lat)
		b = append(b, ']')
	}
	return append(b, ']')
}

// appendDegrees is several times as fast as a general formatter.
func appendDegrees(b []byte, v float64) []byte {
	if v < 0 {
		b = append(b, '-')
		v = -v
	}
	n := uint64(v*degreePlaces + 0.5)
	b = strconv.AppendUint(b, n/degreePlaces, 10)
	b = append(b, '.')
	fraction := n % degreePlaces
	for scale := uint64(degreePlaces / 10); scale > 0; scale /= 10 {
		b = append(b, byte('0'+fraction/scale%10))
	}
	return b
}

// AppendZones appends a GeoJSON FeatureCollection of zones, each a MultiPolygon, in their
// order.
func (z *Zones) AppendZones(b []byte, zones []Zone) ([]byte, error) {
	b = append(b, "{\"type\":\"FeatureCollection\",\"day\":\""...)
	b = append(b, z.Day.String()...)
	b = append(b, "\",\"features\":["...)
	for i := range zones {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n{\"type\":\"Feature\",\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":["...)
		var err error
		if b, err = appendOutline(b, zones[i].Cells); err != nil {
			return nil, fmt.Errorf("drawing zone %s: %w", zones[i].ID, err)
		}
		b = append(b, "]},\"properties\":"...)
		b = appendZone(b, &zones[i])
		b = append(b, '}')
	}
	return append(b, "\n]}\n"...), nil
}

func appendOutline(b []byte, cells []Cell) ([]byte, error) {
	indexes := make([]h3.Cell, len(cells))
	for i, c := range cells {
		indexes[i] = h3.Cell(c)
	}
	polygons, err := h3.CellsToMultiPolygon(indexes)
	if err != nil {
		return nil, err
	}
	for i, p := range polygons {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for n, loop := range append([]h3.GeoLoop{p.GeoLoop}, p.Holes...) {
			if n > 0 {
				b = append(b, ',')
			}
			ring := make(telemetry.Ring, 0, len(loop)+1)
			for _, c := range loop {
				ring = append(ring, telemetry.Point{Lat: c.Lat, Lon: c.Lng})
			}
			b = appendRing(b, append(ring, ring[0]))
		}
		b = append(b, ']')
	}
	return b, nil
}

func appendZone(b []byte, z *Zone) []byte {
	p := object{append(b, '{')}
	p.text("id", z.ID)
	p.text("verdict", z.Verdict.String())
	p.text("operator", string(z.Operator))
	p.text("born", z.Born.String())
	p.text("changed", z.Changed.String())
	p.integer("cells", len(z.Cells))
	p.number("area_km2", z.AreaKm2, 3)
	p.name("areas")
	p.b = append(p.b, '[')
	for i, code := range z.Areas {
		if i > 0 {
			p.b = append(p.b, ',')
		}
		p.b = strconv.AppendQuote(p.b, string(code))
	}
	p.b = append(p.b, ']')
	p.integer("population_estimate", z.Population)
	p.text("severity", string(z.Severity))
	if z.SplitFrom != "" {
		p.text("split_from", z.SplitFrom)
	}
	if z.Ended != nil {
		p.text("ended", z.Ended.String())
	}
	if z.MergedInto != "" {
		p.text("merged_into", z.MergedInto)
	}
	return append(p.b, '}')
}
