// Which zone a cell is in: the API tells zones by their outlines.
type Point = readonly [lon: number, lat: number]
type Zone = { geometry: { coordinates: number[][][][] }; properties: { operator: string } }

function crosses(ring: number[][], [x, y]: Point): boolean {
  let inside = false
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax = 0, ay = 0] = ring[i]!
    const [bx = 0, by = 0] = ring[j]!
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside
  }
  return inside
}

/** The zone of an operator that a point lies in; holes of a zone are not in it. */
export function zoneOf<Z extends Zone>(zones: readonly Z[], operator: string, at: Point): Z | undefined {
  return zones.find((z) => z.properties.operator === operator && z.geometry.coordinates.some((polygon) => polygon.filter((ring) => crosses(ring, at)).length % 2 === 1))
}
