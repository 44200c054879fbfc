package simulator

import (
	"math"
	"slices"

	"phusong/telemetry"
)

// A Road is the line of a road between two settlements.
type Road struct {
	Line    []telemetry.Point
	Highway bool // between the centres of communes
}

// roads is a network: its nodes are the settlements, its edges roads between them.
type roads struct {
	nodes []vec
	edges []road
	from  [][]int32 // edges at each node
}

// A road joins two settlements with a gentle curve.
type road struct {
	a, b   int32
	length float64 // m
	swing  float64 // m, of the curve at its middle
	speed  float64 // km/h that traffic makes here
}

const (
	highwaySpeed = 52.0 // km/h, between the centres of communes
	laneSpeed    = 27.0 // km/h, within a commune
)

// newRoads joins the centres of neighbouring communes by highways and the other
// settlements of a commune, one after the other, to the nearest one that is joined.
func newRoads(settlements []settlement) *roads {
	net := &roads{nodes: make([]vec, len(settlements)), from: make([][]int32, len(settlements))}
	var centers []int32
	for i := range settlements {
		net.nodes[i] = settlements[i].at
		if i == 0 || settlements[i].commune != settlements[i-1].commune {
			centers = append(centers, int32(i))
		}
	}
	net.joinCenters(centers, settlements)
	for n, center := range centers {
		end := int32(len(settlements))
		if n+1 < len(centers) {
			end = centers[n+1]
		}
		for i := center + 1; i < end; i++ {
			nearest := center
			for j := center + 1; j < i; j++ {
				if net.nodes[i].distance(net.nodes[j]) < net.nodes[i].distance(net.nodes[nearest]) {
					nearest = j
				}
			}
			net.join(i, nearest, laneSpeed, settlements[i].key)
		}
	}
	return net
}

// joinCenters builds a Gabriel graph: two centres are joined when no third lies in
// the circle between them. It is connected, and crosses itself nowhere.
func (net *roads) joinCenters(centers []int32, settlements []settlement) {
	for n, a := range centers {
		for _, b := range centers[n+1:] {
			middle := net.nodes[a].toward(net.nodes[b], 0.5)
			radius := net.nodes[a].distance(net.nodes[b]) / 2
			blocked := slices.ContainsFunc(centers, func(c int32) bool {
				return c != a && c != b && net.nodes[c].distance(middle) < radius
			})
			if !blocked {
				net.join(a, b, highwaySpeed, settlements[a].key+settlements[b].key)
			}
		}
	}
}

func (net *roads) join(a, b int32, speed float64, k uint64) {
	straight := net.nodes[a].distance(net.nodes[b])
	swing := 0.08 * straight * normal(key(k, forRoad, 0))
	// The curve is half a sine; its length to second order.
	length := straight + math.Pi*math.Pi*swing*swing/(4*max(straight, 1))
	e := int32(len(net.edges))
	net.edges = append(net.edges, road{a: a, b: b, length: max(length, 1), swing: swing, speed: speed})
	net.from[a] = append(net.from[a], e)
	net.from[b] = append(net.from[b], e)
}

// at returns the place at a share of the way along a road.
func (net *roads) at(e int32, share float64) vec {
	r := &net.edges[e]
	a, b := net.nodes[r.a], net.nodes[r.b]
	way := b.sub(a)
	if l := way.length(); l > 0 {
		across := vec{-way.y, way.x}.scale(1 / l)
		return a.toward(b, share).add(across.scale(r.swing * math.Sin(math.Pi*share)))
	}
	return a
}

// other returns the far end of a road.
func (r *road) other(node int32) int32 {
	if r.a == node {
		return r.b
	}
	return r.a
}

// A finder looks for ways through the network. It keeps its memory between
// searches, and is not safe for concurrent use.
type finder struct {
	net   *roads
	cost  []float64 // hours
	via   []int32   // the edge by which a node was reached
	seen  []int32   // in which search the node was touched
	count int32
	heap  []reached
}

type reached struct {
	cost float64
	node int32
}

func newFinder(net *roads) *finder {
	n := len(net.nodes)
	return &finder{net: net, cost: make([]float64, n), via: make([]int32, n), seen: make([]int32, n)}
}

// path appends the edges of the fastest way (Dijkstra).
func (f *finder) path(edges []int32, from, to int32) []int32 {
	f.count++
	f.heap = append(f.heap[:0], reached{0, from})
	f.cost[from], f.via[from], f.seen[from] = 0, -1, f.count
	for len(f.heap) > 0 {
		next := f.pop()
		if next.node == to {
			break
		}
		if next.cost > f.cost[next.node] {
			continue
		}
		for _, e := range f.net.from[next.node] {
			r := &f.net.edges[e]
			node, cost := r.other(next.node), next.cost+r.length/1000/r.speed
			if f.seen[node] != f.count || cost < f.cost[node] {
				f.cost[node], f.via[node], f.seen[node] = cost, e, f.count
				f.push(reached{cost, node})
			}
		}
	}
	if f.seen[to] != f.count {
		return edges
	}
	begin := len(edges)
	for node := to; node != from; {
		e := f.via[node]
		edges = append(edges, e)
		node = f.net.edges[e].other(node)
	}
	slices.Reverse(edges[begin:])
	return edges
}

func (a reached) before(b reached) bool {
	return a.cost < b.cost || (a.cost == b.cost && a.node < b.node)
}

func (f *finder) push(r reached) {
	f.heap = append(f.heap, r)
	for i := len(f.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !f.heap[i].before(f.heap[parent]) {
			return
		}
		f.heap[i], f.heap[parent] = f.heap[parent], f.heap[i]
		i = parent
	}
}

func (f *finder) pop() reached {
	top := f.heap[0]
	last := len(f.heap) - 1
	f.heap[0] = f.heap[last]
	f.heap = f.heap[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if f.heap[child].before(f.heap[least]) {
				least = child
			}
		}
		if least == i {
			return top
		}
		f.heap[i], f.heap[least] = f.heap[least], f.heap[i]
		i = least
	}
}

// Roads returns every road by its bends, as a road layer has them: pieces of about a
// hundred metres, which follow the curve to a metre.
func (w *World) Roads() []Road {
	roads := make([]Road, len(w.roads.edges))
	for e := range w.roads.edges {
		r := &w.roads.edges[e]
		pieces := max(int(math.Ceil(r.length/100)), 1)
		line := make([]telemetry.Point, pieces+1)
		for i := range line {
			line[i] = w.roads.at(int32(e), float64(i)/float64(pieces)).point()
		}
		roads[e] = Road{Line: line, Highway: r.speed == highwaySpeed}
	}
	return roads
}
