package simulator

import "math"

// terrain is the ground of the world, kept as a grid: heights and forest are asked
// for millions of times.
type terrain struct {
	origin        vec // the south-west corner
	columns, rows int
	height        []float32 // m above the sea
	forest        []float32 // 0 open to 1 closed
	rivers        []river
	ceiling       []float32 // the highest ground around each block of blockSize squares
	blocks        int       // in a row
}

// terrainStep is the size of the grid's squares in metres: fine enough for hills,
// which are what keeps radio waves away.
const terrainStep = 400.0

// The mountain of the province, a lone granite cone over the plain.
const (
	mountainLat, mountainLon = 11.38, 106.17
	mountainHeight           = 986.0 // m
	mountainRadius           = 1500.0
)

func newTerrain(seed uint64, communes []commune, settlements []settlement) *terrain {
	low, high := bounds(communes, 8_000)
	t := &terrain{
		origin:  low,
		columns: int((high.x-low.x)/terrainStep) + 2,
		rows:    int((high.y-low.y)/terrainStep) + 2,
		rivers:  makeRivers(seed),
	}
	t.height = make([]float32, t.columns*t.rows)
	t.forest = make([]float32, t.columns*t.rows)
	for row := range t.rows {
		for column := range t.columns {
			at := low.add(vec{float64(column) * terrainStep, float64(row) * terrainStep})
			i := row*t.columns + column
			t.height[i] = float32(groundHeight(seed, at))
			t.forest[i] = float32(wilderness(seed, at))
		}
	}
	t.carveRivers()
	t.clearAround(settlements)
	t.findCeilings()
	return t
}

// blockSize is the side of a block in squares: 8 km, more than the usual distance to a mast.
const blockSize = 20

// findCeilings notes for each block the highest ground in it and the eight around it.
// Where that is low, nobody has to look for hills in the way.
func (t *terrain) findCeilings() {
	t.blocks = t.columns/blockSize + 1
	count := t.rows/blockSize + 1
	highest := make([]float32, t.blocks*count)
	for i, h := range t.height {
		n := i/t.columns/blockSize*t.blocks + i%t.columns/blockSize
		highest[n] = max(highest[n], h)
	}
	t.ceiling = make([]float32, len(highest))
	for n := range t.ceiling {
		for row := max(0, n/t.blocks-1); row <= min(count-1, n/t.blocks+1); row++ {
			for column := max(0, n%t.blocks-1); column <= min(t.blocks-1, n%t.blocks+1); column++ {
				t.ceiling[n] = max(t.ceiling[n], highest[row*t.blocks+column])
			}
		}
	}
}

// ceilingAt returns a height that no ground within 8 km of a place exceeds.
func (t *terrain) ceilingAt(at vec) float64 {
	column, row := t.square(at)
	return float64(t.ceiling[row/blockSize*t.blocks+column/blockSize])
}

func bounds(communes []commune, margin float64) (low, high vec) {
	low, high = communes[0].at, communes[0].at
	for i := range communes {
		for _, p := range communes[i].outline {
			low = vec{min(low.x, p.x), min(low.y, p.y)}
			high = vec{max(high.x, p.x), max(high.y, p.y)}
		}
	}
	return low.sub(vec{margin, margin}), high.add(vec{margin, margin})
}

// groundHeight rises from the delta in the south to low hills along the northern
// border, in waves of 12, 5 and 2 km.
func groundHeight(seed uint64, at vec) float64 {
	north := clamp((at.y+30_000)/110_000, 0, 1)
	waves := wave2(key(seed, forTerrain, 0), at.x/12_000, at.y/12_000) +
		0.5*wave2(key(seed, forTerrain, 1), at.x/5_000, at.y/5_000) +
		0.25*wave2(key(seed, forTerrain, 2), at.x/2_000, at.y/2_000)
	hills := math.Max(0, waves) * 130 * north * north
	height := 2 + 38*north*north + 3*waves*north + hills
	from := at.distance(project(mountain())) / mountainRadius
	return math.Max(0.5, height+mountainHeight*math.Exp(-from*from/2))
}

// wilderness is where trees would stand if nobody cut them: mostly in the north.
func wilderness(seed uint64, at vec) float64 {
	north := clamp((at.y+40_000)/110_000, 0, 1)
	waves := wave2(key(seed, forForest, 0), at.x/9_000, at.y/9_000) + 0.6*wave2(key(seed, forForest, 1), at.x/2_500, at.y/2_500)
	return clamp(0.9*waves+1.1*north-0.55, 0, 1)
}

// clearAround opens the forest where people live.
func (t *terrain) clearAround(settlements []settlement) {
	for i := range settlements {
		s := &settlements[i]
		radius := 500 + 14*math.Sqrt(s.people)
		t.around(s.at, radius, func(i int, distance float64) {
			t.forest[i] *= float32(smooth(distance / radius))
		})
	}
}

// around visits the grid points within a radius.
func (t *terrain) around(at vec, radius float64, visit func(i int, distance float64)) {
	reach := int(radius/terrainStep) + 1
	column, row := t.square(at)
	for r := max(0, row-reach); r <= min(t.rows-1, row+reach); r++ {
		for c := max(0, column-reach); c <= min(t.columns-1, column+reach); c++ {
			point := t.origin.add(vec{float64(c) * terrainStep, float64(r) * terrainStep})
			if d := point.distance(at); d < radius {
				visit(r*t.columns+c, d)
			}
		}
	}
}

// square returns the grid point nearest to a place, within the grid.
func (t *terrain) square(at vec) (column, row int) {
	column = int((at.x-t.origin.x)/terrainStep + 0.5)
	row = int((at.y-t.origin.y)/terrainStep + 0.5)
	return min(max(column, 0), t.columns-1), min(max(row, 0), t.rows-1)
}

// nearest returns the index of the grid point next to a place; outside the grid it
// is some point of it, because nobody lives there.
func (t *terrain) nearest(at vec) int {
	i := int((at.y-t.origin.y)*(1/terrainStep)+0.5)*t.columns + int((at.x-t.origin.x)*(1/terrainStep)+0.5)
	return min(max(i, 0), len(t.height)-1)
}

// heightAt interpolates, so that the ground has no steps.
func (t *terrain) heightAt(at vec) float64 {
	x := clamp((at.x-t.origin.x)/terrainStep, 0, float64(t.columns-2)+0.999)
	y := clamp((at.y-t.origin.y)/terrainStep, 0, float64(t.rows-2)+0.999)
	column, row := int(x), int(y)
	fx, fy := float32(x-float64(column)), float32(y-float64(row))
	h := t.height[row*t.columns+column:]
	above := h[t.columns:]
	south := h[0] + (h[1]-h[0])*fx
	north := above[0] + (above[1]-above[0])*fx
	return float64(south + (north-south)*fy)
}

func (t *terrain) forestAt(at vec) float64 {
	column, row := t.square(at)
	return float64(t.forest[row*t.columns+column])
}
