package coverage

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"phusong/telemetry"
)

// along returns a straight road in Tây Ninh, from metres to metres east and north of a cell's
// centre.
func along(c Cell, x0, y0, x1, y1 float64) []telemetry.Point {
	at := func(x, y float64) telemetry.Point {
		o := c.Center()
		return telemetry.Point{Lat: o.Lat + y/110_600, Lon: o.Lon + x/109_280}
	}
	return []telemetry.Point{at(x0, y0), at(x1, y1)}
}

func roadsOf(t *testing.T, lines ...[]telemetry.Point) *Roads {
	t.Helper()
	r, err := NewRoads(lines)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAccessiblePointHexes(t *testing.T) {
	t.Parallel()
	cell, middle, err := CellAt(tayNinh)
	if err != nil {
		t.Fatal(err)
	}
	cell = cell.PointHex(middle).Parent(CellResolution)
	center := PointSet(1) // point-hex 0 holds the centre
	for name, tt := range map[string]struct {
		roads *Roads
		want  PointSet
	}{
		"no layer":                     {nil, AllPoints},
		"an empty layer":               {roadsOf(t), AllPoints},
		"a road elsewhere":             {roadsOf(t, along(cell, 20_000, 0, 21_000, 0)), AllPoints},
		"a lane within the middle":     {roadsOf(t, along(cell, -60, 0, 60, 0)), center},
		"a path too short to tell":     {roadsOf(t, along(cell, -45, 0, 45, 0)), AllPoints},
		"two short paths are one road": {roadsOf(t, along(cell, -30, 0, 30, 0), along(cell, 0, -30, 0, 30)), center},
		"a road that is one point":     {roadsOf(t, along(cell, 0, 0, 0, 0)), AllPoints},
	} {
		if got := tt.roads.Accessible(cell); got != tt.want {
			t.Errorf("%s: %07b, want %07b", name, got, tt.want)
		}
	}
	// A straight road through the middle crosses three point-hexes of seven.
	through := roadsOf(t, along(cell, -2000, 0, 2000, 0))
	if got := through.Accessible(cell); got.Len() != 3 || !got.Has(0) {
		t.Errorf("a road through the cell crosses %07b", got)
	}
	if n := through.Len(); n < 4 || n > 8 {
		t.Errorf("4 km of road cross %d cells", n)
	}
}

// A point-hex is accessible exactly when at least 100 metres of road lie in it: measured
// here by a walk in metre steps.
func TestRoadsAreMeasured(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cell, _, err := CellAt(tayNinh)
		if err != nil {
			t.Fatal(err)
		}
		side := rapid.Float64Range(-600, 600)
		line := along(cell, side.Draw(t, "x0"), side.Draw(t, "y0"), side.Draw(t, "x1"), side.Draw(t, "y1"))
		bend := along(cell, 0, 0, side.Draw(t, "x2"), side.Draw(t, "y2"))[1]
		line = append(line, bend)
		r, err := NewRoads([][]telemetry.Point{line})
		if err != nil {
			t.Fatal(err)
		}
		var metres [PointHexes]float64
		for i := 1; i < len(line); i++ {
			length := distanceM(line[i-1], line[i])
			steps := int(length) + 1
			for n := range steps {
				f := (float64(n) + 0.5) / float64(steps)
				p := telemetry.Point{Lat: line[i-1].Lat + f*(line[i].Lat-line[i-1].Lat), Lon: line[i-1].Lon + f*(line[i].Lon-line[i-1].Lon)}
				if c, point, err := CellAt(p); err == nil && c == cell {
					metres[point] += length / float64(steps)
				}
			}
		}
		want := PointSet(0)
		for i, m := range metres {
			if math.Abs(m-LeastRoadM) < 2*roadStepM {
				t.Skip("too close to the limit for steps of 20 metres")
			}
			if m >= LeastRoadM {
				want |= 1 << i
			}
		}
		if want == 0 {
			want = AllPoints
		}
		if got := r.Accessible(cell); got != want {
			t.Errorf("%07b, want %07b of %v", got, want, metres)
		}
	})
}

func TestRoadsThatCannotBe(t *testing.T) {
	t.Parallel()
	_, err := NewRoads([][]telemetry.Point{along(1<<52, 0, 0, 1, 1), {{Lat: math.NaN(), Lon: 1}, {Lat: 2, Lon: 1}}})
	if err == nil {
		t.Error("a road through nowhere was let pass")
	}
}
