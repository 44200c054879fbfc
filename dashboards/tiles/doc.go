// Package tiles draws the coverage map as Mapbox Vector Tiles.
//
// Where a hexagon would be smaller than three pixels, its ancestors of the H3 grid stand for
// what is in them. They never say more than is known: one dead cell makes an ancestor dead,
// and it is covered only when every cell in it is; see docs/API.md.
package tiles
