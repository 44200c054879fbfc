package simulator

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// A Verdict says what an operator really offers in a cell.
type Verdict string

// The verdicts, worst first. A dead cell is never called slow as well.
const (
	Dead Verdict = "dead" // fewer than half of the attempts get usable service
	Slow Verdict = "slow" // fewer than nine of ten reach the target
	Fine Verdict = "fine"
)

// The limits of the verdicts, as shares of all attempts.
const (
	usableShare = 0.5
	fastShare   = 0.9
)

// cellResolution is that of the H3 cells which verdicts are about.
const cellResolution = 8

// A Coverage is the truth about one cell and operator over a time.
type Coverage struct {
	Cell     string                 `json:"cell"` // H3 index of resolution 8
	Operator telemetry.OperatorCode `json:"operator"`
	Verdict  Verdict                `json:"verdict"`
	// Usable and Fast are the shares of attempts, at the places of the question and at any
	// daytime, that get usable service and that reach the target.
	Usable float64 `json:"usable"`
	Fast   float64 `json:"fast"`
	// Certain verdicts are far enough from the limits that no honest sample of the
	// cell could deny them. Score the others neither way.
	Certain bool `json:"certain"`
	// Parts are the same for each of the seven H3 children of the cell, by their digit; where no
	// attempt is made, those of the cell.
	Parts [parts]Outcomes `json:"-"`
}

// Outcomes are the shares of attempts that get usable service and that reach the target.
type Outcomes struct{ Usable, Fast float64 }

// parts is how many children a cell has.
const parts = 7

// CoverageQuestion says for what the truth is wanted.
type CoverageQuestion struct {
	From, To time.Time
	// TargetMbps is what a test should reach. 0 is 40.
	TargetMbps float64
	// Operators to ask for; empty for all of the world.
	Operators []telemetry.OperatorCode
	// OnRoads has the attempts made along the cell's roads, which is where people get to;
	// else, and in cells without a road, they are spread evenly over the area.
	OnRoads bool
}

// Cells returns the H3 cells of resolution 8 of the province, sorted. The shapes of
// the communes are approximate, and so is their union.
func (w *World) Cells() ([]string, error) {
	seen := make(map[h3.Cell]bool)
	for i := range w.communes {
		polygon := h3.GeoPolygon{GeoLoop: make(h3.GeoLoop, 0, len(w.communes[i].outline))}
		for _, p := range w.communes[i].Outline[0][0] {
			polygon.GeoLoop = append(polygon.GeoLoop, h3.LatLng{Lat: p.Lat, Lng: p.Lon})
		}
		cells, err := h3.PolygonToCells(polygon, cellResolution)
		if err != nil {
			return nil, fmt.Errorf("covering commune %s with cells: %w", w.communes[i].Code, err)
		}
		for _, c := range cells {
			seen[c] = true
		}
	}
	names := make([]string, 0, len(seen))
	for c := range seen {
		names = append(names, c.String())
	}
	slices.Sort(names)
	return names, nil
}

// CoverageOf yields the truth about the cells, in their order and for each in that
// of the operators. It ends early, after an error, when a cell is none of resolution 8 or
// ctx is done. It takes one to two milliseconds a cell and operator.
func (w *World) CoverageOf(ctx context.Context, cells []string, q CoverageQuestion) iter.Seq2[Coverage, error] {
	return func(yield func(Coverage, error) bool) {
		which, instants, ways, err := w.settleQuestion(&q)
		if err != nil {
			yield(Coverage{}, err)
			return
		}
		for _, name := range cells {
			if err := ctx.Err(); err != nil {
				yield(Coverage{}, err)
				return
			}
			cell, err := cellOf(name)
			if err != nil {
				yield(Coverage{}, err)
				return
			}
			for _, o := range which {
				if c, err := w.coverageOf(cell, ways[cell], o, instants, q.TargetMbps); !yield(c, err) || err != nil {
					return
				}
			}
		}
	}
}

func (w *World) settleQuestion(q *CoverageQuestion) (which []int, instants []conditions, ways map[h3.Cell][]place, err error) {
	if !q.From.Before(q.To) {
		return nil, nil, nil, fmt.Errorf("simulator: CoverageQuestion.From must come before To")
	}
	if q.TargetMbps == 0 {
		q.TargetMbps = 40
	}
	for i, o := range operators {
		if len(q.Operators) == 0 || slices.Contains(q.Operators, o.Code) {
			which = append(which, i)
		}
	}
	if q.OnRoads {
		if ways, err = w.ways(); err != nil {
			return nil, nil, nil, err
		}
	}
	return which, testInstants(q.From.UnixMilli(), q.To.UnixMilli()), ways, nil
}

// Tests count from six in the morning to ten at night.
const (
	testsFrom  = 6 * hour
	testsHours = 16
)

// testInstants spreads instants evenly over the days and hours in which tests count.
func testInstants(from, to int64) []conditions {
	const count = 14
	instants := make([]conditions, 0, count)
	for i := range count {
		at := from + (to-from)*(2*int64(i)+1)/(2*count)
		if to-from >= 2*day {
			// The golden ratio spreads the hours evenly, whatever the number of days.
			_, share := math.Modf(float64(i) * 0.6180339887498949)
			at = dayStart(localDay(at)) + testsFrom + int64(share*testsHours*float64(hour))
		}
		instants = append(instants, conditionsAt(min(max(at, from), to-1)))
	}
	return instants
}

// cellOf parses an H3 index of our resolution.
func cellOf(name string) (h3.Cell, error) {
	cell := h3.CellFromString(name)
	if !cell.IsValid() || cell.Resolution() != cellResolution {
		return 0, fmt.Errorf("simulator: %q is not an H3 cell of resolution %d", name, cellResolution)
	}
	return cell, nil
}

// wayStep is how far apart the places on a road are, in metres.
const wayStep = 20.0

// A place is where attempts are made: in which child of the cell, by its digit.
type place struct {
	at   vec
	part int
}

// digitOf returns the digit of an H3 index at a resolution: three bits each, the finest last.
func digitOf(c h3.Cell, resolution int) int { return int(uint64(c) >> (3 * (15 - resolution)) & 7) }

// findWays returns the places on the roads of each cell, along each road.
func (w *World) findWays() (map[h3.Cell][]place, error) {
	ways := make(map[h3.Cell][]place)
	for e := range w.roads.edges {
		steps := max(int(w.roads.edges[e].length/wayStep), 1)
		for n := range steps {
			at := w.roads.at(int32(e), (float64(n)+0.5)/float64(steps))
			p := at.point()
			// By way of the child, as everybody locates a test.
			child, err := h3.LatLngToCell(h3.LatLng{Lat: p.Lat, Lng: p.Lon}, cellResolution+1)
			if err != nil {
				return nil, fmt.Errorf("finding the cell of a road at %v: %w", p, err)
			}
			cell, err := child.Parent(cellResolution)
			if err != nil {
				return nil, fmt.Errorf("finding the cell of a road at %v: %w", p, err)
			}
			ways[cell] = append(ways[cell], place{at, digitOf(child, cellResolution+1)})
		}
	}
	return ways, nil
}

// places returns where the attempts of a generation are made: on the way through the
// cell, if there is one, else at the centres of its descendants. There are 49 in the second
// generation and 343 in the third, fewer on a short way.
func places(cell h3.Cell, way []place, generation int) ([]place, error) {
	if most := [...]int{1, 7, 49, 343}[generation]; len(way) > most {
		thinned := make([]place, most)
		for i := range thinned {
			thinned[i] = way[(2*i+1)*len(way)/(2*most)]
		}
		return thinned, nil
	}
	if len(way) > 0 {
		return way, nil
	}
	descendants, err := cell.Children(cellResolution + generation)
	if err != nil {
		return nil, fmt.Errorf("dividing cell %s: %w", cell, err)
	}
	centers := make([]place, len(descendants))
	for i, d := range descendants {
		center, err := d.LatLng()
		if err != nil {
			return nil, fmt.Errorf("dividing cell %s: %w", cell, err)
		}
		centers[i] = place{project(telemetry.Point{Lat: center.Lat, Lon: center.Lng}), digitOf(d, cellResolution+1)}
	}
	return centers, nil
}

// A share within unsure of a limit is looked at more closely, and within border of
// it after that remains uncertain.
const (
	unsure = 0.15
	border = 0.1
)

func (w *World) coverageOf(cell h3.Cell, way []place, operator int, instants []conditions, target float64) (Coverage, error) {
	c := Coverage{Cell: cell.String(), Operator: operators[operator].Code}
	for generation := 2; generation <= 3; generation++ {
		at, err := places(cell, way, generation)
		if err != nil {
			return c, err
		}
		w.shares(&c, operator, at, instants, target)
		if c.distance() >= unsure {
			break
		}
	}
	c.Certain = c.distance() >= border
	c.Usable, c.Fast = round(c.Usable, 4), round(c.Fast, 4)
	switch {
	case c.Usable < usableShare:
		c.Verdict = Dead
	case c.Fast < fastShare:
		c.Verdict = Slow
	default:
		c.Verdict = Fine
	}
	return c, nil
}

// distance is how far the shares are from turning the verdict into another. The
// share of fast attempts can only be judged where most have service at all, and cannot
// exceed nine tenths by much, so there it counts for more.
func (c *Coverage) distance() float64 {
	d := math.Abs(c.Usable - usableShare)
	if c.Usable < usableShare {
		return d
	}
	fast := c.Fast - fastShare
	if fast > 0 {
		fast *= 1.6
	}
	return min(d, math.Abs(fast))
}

// shares finds those of the attempts that get service and that reach the target.
func (w *World) shares(c *Coverage, operator int, places []place, instants []conditions, target float64) {
	var room [64]heard
	var sum [parts]Outcomes
	var tried [parts]int
	for _, p := range places {
		list := w.radio.hear(room[:0], operator, p.at)
		one := &sum[p.part]
		tried[p.part]++
		for i := range instants {
			s := judge(list, &instants[i], w.disturbance(operator, p.at, instants[i].ms))
			if s.service {
				one.Usable++
				one.Fast += 1 - normalCDF(math.Log(target/s.download)/rateSpread)
			}
		}
	}
	c.Usable, c.Fast = 0, 0
	for i := range sum {
		c.Usable += sum[i].Usable / float64(len(places)*len(instants))
		c.Fast += sum[i].Fast / float64(len(places)*len(instants))
	}
	for i := range sum {
		c.Parts[i] = Outcomes{c.Usable, c.Fast}
		if n := float64(tried[i] * len(instants)); n > 0 {
			c.Parts[i] = Outcomes{sum[i].Usable / n, sum[i].Fast / n}
		}
	}
}

// normalCDF is the distribution of what normal draws: the sum of four uniform numbers.
func normalCDF(x float64) float64 {
	t := clamp(2+x*0.5773502691896258, 0, 4)
	var sum float64
	for k, c := range [...]float64{1, -4, 6, -4} {
		if d := t - float64(k); d > 0 {
			sum += c * d * d * d * d
		}
	}
	return sum / 24
}
