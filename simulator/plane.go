package simulator

import (
	"math"

	"phusong/telemetry"
)

// The world is computed in metres on a plane that touches the Earth near the
// middle of the province. Over the 80 km to its edges the equirectangular
// projection is off by less than half a percent, which no judgement here can see.
const (
	originLat    = 11.0
	originLon    = 106.2
	metersPerLat = 110_600.0 // at 11° N, WGS 84
	metersPerLon = 109_280.0
)

// A vec is a place or a way on the plane, in metres east and north of the origin.
type vec struct{ x, y float64 }

func project(p telemetry.Point) vec {
	return vec{(p.Lon - originLon) * metersPerLon, (p.Lat - originLat) * metersPerLat}
}

// point returns the position with the five decimals (1 m) that receivers print.
func (v vec) point() telemetry.Point {
	return telemetry.Point{
		Lat: round(originLat+v.y/metersPerLat, 5),
		Lon: round(originLon+v.x/metersPerLon, 5),
	}
}

func (v vec) add(w vec) vec               { return vec{v.x + w.x, v.y + w.y} }
func (v vec) sub(w vec) vec               { return vec{v.x - w.x, v.y - w.y} }
func (v vec) scale(f float64) vec         { return vec{v.x * f, v.y * f} }
func (v vec) dot(w vec) float64           { return v.x*w.x + v.y*w.y }
func (v vec) length() float64             { return math.Sqrt(v.x*v.x + v.y*v.y) }
func (v vec) distance(w vec) float64      { return v.sub(w).length() }
func (v vec) toward(w vec, f float64) vec { return vec{lerp(v.x, w.x, f), lerp(v.y, w.y, f)} }

// polar returns the vector of that length pointing to the angle in radians.
func polar(length, angle float64) vec {
	return vec{length * math.Cos(angle), length * math.Sin(angle)}
}

// inDisc maps a hash to a place in the disc, evenly over its area.
func inDisc(h uint64, center vec, radius float64) vec {
	return center.add(polar(radius*math.Sqrt(unit(h)), 2*math.Pi*unit(mix(h))))
}
