package simulator

import "math"

// A mastIndex finds the masts around a place by the squares of a grid.
type mastIndex struct {
	origin        vec
	columns, rows int
	first         []int32 // of each square in list; one more at the end
	list          []int32
}

const indexStep = 2000.0 // m

func indexMasts(masts []mast, t *terrain) mastIndex {
	x := mastIndex{
		origin:  t.origin,
		columns: int(float64(t.columns)*terrainStep/indexStep) + 1,
		rows:    int(float64(t.rows)*terrainStep/indexStep) + 1,
	}
	squares := make([][]int32, x.columns*x.rows)
	for i := range masts {
		column, row := x.square(masts[i].at)
		n := row*x.columns + column
		squares[n] = append(squares[n], int32(i))
	}
	for _, s := range squares {
		x.first = append(x.first, int32(len(x.list)))
		x.list = append(x.list, s...)
	}
	x.first = append(x.first, int32(len(x.list)))
	return x
}

func (x *mastIndex) square(at vec) (column, row int) {
	column = int(math.Floor((at.x - x.origin.x) / indexStep))
	row = int(math.Floor((at.y - x.origin.y) / indexStep))
	return min(max(column, 0), x.columns-1), min(max(row, 0), x.rows-1)
}

// around visits every mast within the radius, and some beyond it.
func (x *mastIndex) around(at vec, radius float64, visit func(i int32)) {
	c0, r0 := x.square(at.sub(vec{radius, radius}))
	c1, r1 := x.square(at.add(vec{radius, radius}))
	for row := r0; row <= r1; row++ {
		from, to := x.first[row*x.columns+c0], x.first[row*x.columns+c1+1]
		for _, i := range x.list[from:to] {
			visit(i)
		}
	}
}
