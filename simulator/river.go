package simulator

import (
	"math"

	"phusong/telemetry"
)

func mountain() telemetry.Point { return telemetry.Point{Lat: mountainLat, Lon: mountainLon} }

// A river is a line from the source to the sea. Names and rough courses are those
// of the province's rivers; every bend is invented.
type river struct {
	name   string
	course []vec
}

// riverPoints are places that the rivers pass, roughly.
var riverPoints = [...]struct {
	name   string
	points []telemetry.Point
}{
	{"Vàm Cỏ Đông", []telemetry.Point{{Lat: 11.62, Lon: 105.85}, {Lat: 11.30, Lon: 106.04}, {Lat: 11.07, Lon: 106.23}, {Lat: 10.80, Lon: 106.38}, {Lat: 10.64, Lon: 106.48}, {Lat: 10.49, Lon: 106.64}}},
	{"Vàm Cỏ Tây", []telemetry.Point{{Lat: 10.96, Lon: 105.72}, {Lat: 10.78, Lon: 105.93}, {Lat: 10.64, Lon: 106.15}, {Lat: 10.54, Lon: 106.41}, {Lat: 10.49, Lon: 106.64}}},
	{"Sài Gòn", []telemetry.Point{{Lat: 11.70, Lon: 106.40}, {Lat: 11.40, Lon: 106.33}, {Lat: 11.10, Lon: 106.42}}},
}

func makeRivers(seed uint64) []river {
	const bends = 12 // between two points
	rivers := make([]river, 0, len(riverPoints))
	for n, fact := range riverPoints {
		r := river{name: fact.name}
		k := key(seed, forRiver, uint64(n))
		for i := range len(fact.points) - 1 {
			from, to := project(fact.points[i]), project(fact.points[i+1])
			way := to.sub(from)
			across := vec{-way.y, way.x}.scale(1 / way.length())
			for b := range bends {
				f := float64(b) / bends
				swing := 1600 * math.Sin(math.Pi*f) * wave1(k, (float64(i)+f)*4)
				r.course = append(r.course, from.toward(to, f).add(across.scale(swing)))
			}
		}
		r.course = append(r.course, project(fact.points[len(fact.points)-1]))
		rivers = append(rivers, r)
	}
	return rivers
}

// carveRivers lowers the ground along the rivers and takes the trees away.
func (t *terrain) carveRivers() {
	const width = 900.0
	for _, r := range t.rivers {
		for i := range len(r.course) - 1 {
			a, b := r.course[i], r.course[i+1]
			steps := int(a.distance(b)/terrainStep) + 1
			for s := range steps {
				t.around(a.toward(b, float64(s)/float64(steps)), width, func(i int, distance float64) {
					bank := float32(smooth(distance / width))
					t.height[i] = min(t.height[i], 1+(t.height[i]-1)*(0.3+0.7*bank))
					t.forest[i] *= bank
				})
			}
		}
	}
}

// nearestBank returns the river next to a place and the point of it that is nearest.
func (t *terrain) nearestBank(at vec) (name string, bank vec) {
	best := math.Inf(1)
	for _, r := range t.rivers {
		for _, p := range r.course {
			if d := p.distance(at); d < best {
				best, name, bank = d, r.name, p
			}
		}
	}
	return name, bank
}
