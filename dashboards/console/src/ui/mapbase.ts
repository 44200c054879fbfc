// What lies below everything on our maps: the outlines of the areas, which are our own, and
// tiles from elsewhere only where the configuration names them.
import type { ExpressionSpecification, GeoJSONSource, LayerSpecification, Map as LibreMap, StyleSpecification } from 'maplibre-gl'
import { type Schemas, answer, api } from '../api/client'
import { colour } from './mapcolours'
import { font, glyphs } from './maplabels'

export type Areas = Schemas['CollectionMultiPolygonGeometryAreaOutline']

/** Layers that are empty and never move: others are put below them, in this order. */
export const under = { areas: 'under-areas', cells: 'under-cells', zones: 'under-zones', names: 'under-names', marks: 'under-marks' } as const

/** The style that maps begin with: no map is asked of anybody. */
export function baseStyle(): StyleSpecification {
  const anchors = Object.values(under).map((id): LayerSpecification => ({ id, type: 'background', layout: { visibility: 'none' } }))
  return { version: 8, glyphs, sources: {}, layers: [{ id: 'ground', type: 'background', paint: { 'background-color': colour('sunken') } }, ...anchors] }
}

let asked: Promise<Areas> | undefined

/** The outlines of the areas; they are asked for once. */
export function loadAreas(): Promise<Areas> {
  asked ??= answer(api.GET('/api/v1/areas.geojson')).catch((e: unknown) => {
    asked = undefined
    throw e
  })
  return asked
}

export type Box = [west: number, south: number, east: number, north: number]

/** The smallest box around positions; nothing where there are none. */
export function boxOf(positions: Iterable<readonly number[]>): Box | undefined {
  let box: Box | undefined
  for (const [lon, lat] of positions) {
    if (lon === undefined || lat === undefined) continue
    box = box ? [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)] : [lon, lat, lon, lat]
  }
  return box
}

type Ring = number[][]

/** The middle of a ring by its surface. */
function middle(ring: Ring): { at: [number, number]; size: number } {
  let size = 0
  let x = 0
  let y = 0
  for (let i = 0; i + 1 < ring.length; i++) {
    const [ax = 0, ay = 0] = ring[i]!
    const [bx = 0, by = 0] = ring[i + 1]!
    const cross = ax * by - bx * ay
    size += cross
    x += (ax + bx) * cross
    y += (ay + by) * cross
  }
  return size === 0 ? { at: [ring[0]?.[0] ?? 0, ring[0]?.[1] ?? 0], size: 0 } : { at: [x / (3 * size), y / (3 * size)], size: Math.abs(size) }
}

/** Where the name of an area is written: in the middle of its largest part. */
export function nameAt(polygons: number[][][][]): [number, number] {
  const parts = polygons.flatMap((p) => (p[0] ? [middle(p[0])] : []))
  return parts.sort((a, b) => b.size - a.size)[0]?.at ?? [0, 0]
}

const isProvince: ExpressionSpecification = ['==', ['length', ['get', 'code']], 2]

function namesOf(areas: Areas): GeoJSON.FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: areas.features
      .filter((f) => f.properties.code.length > 2)
      .map((f) => ({ type: 'Feature', geometry: { type: 'Point', coordinates: nameAt(f.geometry.coordinates) }, properties: { name: f.properties.name, size: f.properties.population ?? 0 } })),
  }
}

/** Draws the areas and their names. */
export function addAreas(map: LibreMap, areas: Areas): void {
  map.addSource('areas', { type: 'geojson', data: areas as GeoJSON.GeoJSON })
  map.addSource('area-names', { type: 'geojson', data: namesOf(areas) })
  map.addLayer({ id: 'areas-fill', type: 'fill', source: 'areas', paint: { 'fill-color': colour('surface') } }, under.areas)
  map.addLayer({
    id: 'areas-line', type: 'line', source: 'areas',
    paint: { 'line-color': ['case', isProvince, colour('quiet'), colour('unproven')], 'line-width': ['case', isProvince, 2, 0.8], 'line-opacity': ['case', isProvince, 1, 0.7] },
  }, under.zones)
  map.addLayer({
    id: 'areas-name', type: 'symbol', source: 'area-names',
    layout: { 'text-field': ['get', 'name'], 'text-font': font, 'text-size': ['interpolate', ['linear'], ['zoom'], 8, 10.5, 12, 15], 'text-max-width': 7, 'symbol-sort-key': ['-', 0, ['get', 'size']], 'text-padding': 3, 'text-variable-anchor': ['center', 'top', 'bottom', 'left', 'right'], 'text-radial-offset': 1.1 },
    paint: { 'text-color': colour('text'), 'text-halo-color': colour('surface'), 'text-halo-width': 1.6 },
  }, under.names)
}

/** Shows or hides some layers. */
export function show(map: LibreMap, layers: readonly string[], shown: boolean): void {
  for (const id of layers) if (map.getLayer(id)) map.setLayoutProperty(id, 'visibility', shown ? 'visible' : 'none')
}

/** Gives a source new features. */
export function setFeatures(map: LibreMap, source: string, features: GeoJSON.Feature[]): void {
  map.getSource<GeoJSONSource>(source)?.setData({ type: 'FeatureCollection', features })
}
