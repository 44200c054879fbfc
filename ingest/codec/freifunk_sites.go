package codec

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"phusong/telemetry"
)

// finish orders the devices and gathers those that stand together into sites: in
// the order of their ids, each joins the nearest place within reach, or founds one
// that bears its name. The controller knows no places.
func (f *freifunkReader) finish() {
	p := &f.picture
	slices.SortFunc(p.Devices, func(a, b telemetry.Device) int { return cmp.Compare(a.ID, b.ID) })
	type cell struct{ x, y int }
	reach := f.options.SiteMetres
	cells := make(map[cell][]int)
	for i := range p.Devices {
		d := &p.Devices[i]
		if d.At.IsZero() {
			continue
		}
		x, y := flat(d.At)
		home := cell{int(math.Floor(x / reach)), int(math.Floor(y / reach))}
		best, least := -1, reach
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				for _, n := range cells[cell{home.x + dx, home.y + dy}] {
					if m := metres(d.At, p.Sites[n].At); m <= least {
						best, least = n, m
					}
				}
			}
		}
		if best < 0 {
			best = len(p.Sites)
			cells[home] = append(cells[home], best)
			p.Sites = append(p.Sites, telemetry.Site{
				ID:   telemetry.SiteID("freifunk-site-" + strings.TrimPrefix(string(d.ID), "freifunk-")),
				Name: d.Name, Category: f.options.Category, Area: f.options.Area, At: d.At,
			})
		}
		d.Site = p.Sites[best].ID
	}
	p.Summary.Sites = len(p.Sites)
}

const metresPerDegree = 111_195

// flat is a plane to find neighbours on. Its width is that of its degree of latitude,
// so that cells are aligned; places on both sides of a degree are then two, at worst.
func flat(p telemetry.Point) (x, y float64) {
	degree := math.Round(p.Lat)
	return p.Lon * metresPerDegree * math.Cos(degree*math.Pi/180), p.Lat * metresPerDegree
}

func metres(a, b telemetry.Point) float64 {
	dy := (a.Lat - b.Lat) * metresPerDegree
	dx := (a.Lon - b.Lon) * metresPerDegree * math.Cos((a.Lat+b.Lat)/2*math.Pi/180)
	return math.Hypot(dx, dy)
}
